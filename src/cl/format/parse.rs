//! Control strings to directives.

use steel::rerrs::SteelErr;

use crate::cl::rt::condition;

/// A parameter of a directive.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Param {
    Missing,
    Int(i64),
    Char(char),
    /// `v`: taken from the arguments.
    Next,
    /// `#`: how many arguments are left.
    Count,
}

/// A piece of a control string.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    Directive(Directive),
}

/// One directive; a block directive has its clauses.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    pub(super) op: char,
    pub(super) params: Vec<Param>,
    pub(super) colon: bool,
    pub(super) at: bool,
    pub(super) clauses: Vec<Vec<Piece>>,
    /// The last clause stands behind `~:;`.
    pub(super) has_default: bool,
    /// The parameters of `~:;`: in `~<`, room to leave and the length of a line.
    pub(super) separator: Vec<Param>,
    /// The closing directive had a colon (`~:}`).
    pub(super) close_colon: bool,
    /// Columns and margin of the `~:;` in a `~<` block are not kept.
    pub(super) position: usize,
}

const KNOWN: &str = "ASDXBORCFEG$PTI%&~|_*?^(){}[];<>\nW";

pub(super) fn fail<T>(message: &str, control: &str, at: usize) -> Result<T, SteelErr> {
    let text = format!(
        "error in FORMAT: {message}\n  {control}\n  {}^\n",
        " ".repeat(at)
    );
    Err(condition::raise("SIMPLE-ERROR", text, vec![]))
}

/// Why a control string cannot be formatted, if it cannot; for the check before a run.
pub(crate) fn check(control: &str) -> Option<String> {
    match parse(control) {
        Ok(_) => None,
        Err(e) => {
            let m = crate::cl::value::steel_message(&e);
            Some(m.lines().next().unwrap_or("").to_string())
        }
    }
}

/// Parses a whole control string.
pub(super) fn parse(control: &str) -> Result<Vec<Piece>, SteelErr> {
    let chars: Vec<char> = control.chars().collect();
    let mut parser = Parser {
        chars,
        i: 0,
        control,
        depth: 0,
    };
    let (pieces, end) = parser.block(None)?;
    match end {
        None => Ok(pieces),
        Some(d) => fail(
            &format!("no corresponding open directive for ~{}", d.op),
            control,
            d.position,
        ),
    }
}

struct Parser<'a> {
    chars: Vec<char>,
    i: usize,
    control: &'a str,
    depth: usize,
}

impl Parser<'_> {
    // Pieces up to a directive that ends or separates, which is returned too.
    fn block(&mut self, open: Option<char>) -> Result<(Vec<Piece>, Option<Directive>), SteelErr> {
        self.depth += 1;
        if self.depth > 100 {
            return fail("directives nested too deep", self.control, self.i);
        }
        let mut pieces = Vec::new();
        let mut text = String::new();
        while self.i < self.chars.len() {
            let c = self.chars[self.i];
            if c != '~' {
                text.push(c);
                self.i += 1;
                continue;
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            let mut d = self.directive()?;
            match d.op {
                ')' | ']' | '}' | '>' | ';' => {
                    self.depth -= 1;
                    return Ok((pieces, Some(d)));
                }
                '(' | '[' | '{' | '<' => {
                    self.clauses(&mut d)?;
                    pieces.push(Piece::Directive(d));
                }
                '\n' => {
                    if d.at {
                        pieces.push(Piece::Text("\n".into()));
                    }
                    while !d.colon && self.chars.get(self.i).is_some_and(|c| c.is_whitespace()) {
                        self.i += 1;
                    }
                }
                _ => pieces.push(Piece::Directive(d)),
            }
        }
        self.depth -= 1;
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        let _ = open;
        Ok((pieces, None))
    }

    fn clauses(&mut self, d: &mut Directive) -> Result<(), SteelErr> {
        let close = match d.op {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            _ => '>',
        };
        loop {
            let (pieces, end) = self.block(Some(close))?;
            d.clauses.push(pieces);
            match end {
                Some(e) if e.op == '>' && e.colon => {
                    return fail(
                        "not supported here: logical blocks",
                        self.control,
                        d.position,
                    );
                }
                Some(e) if e.op == close => {
                    d.close_colon = e.colon;
                    return Ok(());
                }
                Some(e) if e.op == ';' => {
                    d.has_default |= e.colon;
                    if e.colon {
                        d.separator = e.params;
                    }
                }
                Some(e) => {
                    return fail("mismatched directive", self.control, e.position);
                }
                None => {
                    let m = format!(
                        "no corresponding close {}",
                        if d.op == '(' {
                            "parenthesis".to_string()
                        } else {
                            format!("directive ~{close}")
                        }
                    );
                    return fail(&m, self.control, d.position);
                }
            }
        }
    }

    fn directive(&mut self) -> Result<Directive, SteelErr> {
        let start = self.i;
        self.i += 1;
        let mut d = Directive {
            op: ' ',
            params: Vec::new(),
            colon: false,
            at: false,
            clauses: Vec::new(),
            has_default: false,
            separator: Vec::new(),
            close_colon: false,
            position: start,
        };
        let mut pending = false;
        loop {
            let Some(&c) = self.chars.get(self.i) else {
                return fail(
                    "string ended before directive was found",
                    self.control,
                    start,
                );
            };
            self.i += 1;
            match c {
                ',' => {
                    if !pending {
                        d.params.push(Param::Missing);
                    }
                    pending = false;
                }
                '\'' => {
                    let Some(&q) = self.chars.get(self.i) else {
                        return fail(
                            "string ended before directive was found",
                            self.control,
                            start,
                        );
                    };
                    self.i += 1;
                    d.params.push(Param::Char(q));
                    pending = true;
                }
                'v' | 'V' => {
                    d.params.push(Param::Next);
                    pending = true;
                }
                '#' => {
                    d.params.push(Param::Count);
                    pending = true;
                }
                '+' | '-' | '0'..='9' => {
                    let mut s = String::from(c);
                    while let Some(c) = self.chars.get(self.i).filter(|c| c.is_ascii_digit()) {
                        s.push(*c);
                        self.i += 1;
                    }
                    match s.parse() {
                        Ok(n) => d.params.push(Param::Int(n)),
                        // SBCL takes a sign without digits for no parameter.
                        Err(_) if s == "+" || s == "-" => {}
                        Err(_) => return fail("a bad parameter", self.control, self.i - 1),
                    }
                    pending = true;
                }
                ':' => d.colon = true,
                '@' => d.at = true,
                c => {
                    d.op = c.to_ascii_uppercase();
                    d.position = self.i - 1;
                    let width = match d.op {
                        'A' | 'S' | 'D' | 'B' | 'O' | 'X' => d.params.first(),
                        _ => None,
                    };
                    if let Some(Param::Int(n @ ..0)) = width {
                        let m =
                            format!("The value of mincol is {n}, should be a non-negative integer");
                        return fail(&m, self.control, self.i - 1);
                    }
                    if !KNOWN.contains(d.op) {
                        return fail(
                            &format!("unknown format directive (character: {c})"),
                            self.control,
                            self.i - 1,
                        );
                    }
                    return Ok(d);
                }
            }
        }
    }
}
