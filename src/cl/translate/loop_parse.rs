//! The grammar of `loop`: clauses from words.

use super::Tr;
use crate::cl::form::{Form, Pos};

/// Where a variable's values come from.
#[derive(Clone)]
pub(super) enum From {
    Count {
        start: Form,
        limit: Option<Form>,
        by: Option<Form>,
        down: bool,
        inclusive: bool,
    },
    List {
        list: Form,
        by: Option<Form>,
        on: bool,
    },
    Across(Form),
    Equals {
        first: Form,
        then: Option<Form>,
    },
    Table {
        table: Form,
        keys: bool,
        other: Option<Form>,
    },
}

/// A variable or pattern, and its values.
pub(super) type Driver = (Form, From);

/// How values are gathered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gather {
    Collect,
    Append,
    Sum,
    Count,
    Max,
    Min,
}

/// A clause of the body.
#[derive(Clone)]
pub(super) enum Clause {
    Do(Vec<Form>),
    Gather(Gather, Form, Option<String>),
    If {
        test: Form,
        negated: bool,
        yes: Vec<Clause>,
        no: Vec<Clause>,
    },
    While(Form, bool),
    Always(Form, bool),
    Thereis(Form),
    Return(Form),
}

/// A whole `loop`.
#[derive(Default)]
pub(super) struct Loop {
    pub(super) name: Option<String>,
    pub(super) withs: Vec<(Form, Option<Form>)>,
    /// The `for` clauses; those joined by `and` together.
    pub(super) drivers: Vec<Vec<Driver>>,
    pub(super) repeat: Vec<Form>,
    pub(super) initially: Vec<Form>,
    pub(super) finally: Vec<Form>,
    pub(super) body: Vec<Clause>,
}

struct Words<'a> {
    items: &'a [Form],
    i: usize,
    end: Pos,
}

type Parsed<T> = Result<T, (Pos, String)>;

fn word(f: &Form) -> Option<&str> {
    f.name().map(|n| n.trim_start_matches(':'))
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.items.get(self.i).and_then(word)
    }

    fn pos(&self) -> Pos {
        self.items.get(self.i).map_or(self.end, |f| f.pos)
    }

    fn is(&mut self, words: &[&str]) -> bool {
        let found = self.peek().is_some_and(|w| words.contains(&w));
        if found {
            self.i += 1;
        }
        found
    }

    fn form(&mut self) -> Parsed<Form> {
        let f = self.items.get(self.i).cloned();
        self.i += 1;
        f.ok_or_else(|| (self.end, "a loop clause ends too early".into()))
    }

    fn forms(&mut self) -> Vec<Form> {
        let mut out = Vec::new();
        while let Some(f) = self.items.get(self.i) {
            if f.name().is_some() {
                break;
            }
            out.push(f.clone());
            self.i += 1;
        }
        out
    }

    fn type_words(&mut self) -> Parsed<()> {
        if self.is(&["OF-TYPE"])
            || self
                .peek()
                .is_some_and(|w| matches!(w, "FIXNUM" | "FLOAT" | "T"))
        {
            self.form()?;
        }
        Ok(())
    }

    fn for_clause(&mut self) -> Parsed<Driver> {
        let var = self.form()?;
        self.type_words()?;
        let pos = self.pos();
        let Some(w) = self.peek() else {
            return Err((pos, "a loop word is missing after for".into()));
        };
        self.i += 1;
        let from = match w {
            "IN" | "ON" => {
                let list = self.form()?;
                let by = if self.is(&["BY"]) {
                    Some(self.form()?)
                } else {
                    None
                };
                From::List {
                    list,
                    by,
                    on: w == "ON",
                }
            }
            "ACROSS" => From::Across(self.form()?),
            "=" => {
                let first = self.form()?;
                let then = if self.is(&["THEN"]) {
                    Some(self.form()?)
                } else {
                    None
                };
                From::Equals { first, then }
            }
            "BEING" => {
                self.is(&["THE", "EACH"]);
                let keys = match self.peek() {
                    Some("HASH-KEYS" | "HASH-KEY") => true,
                    Some("HASH-VALUES" | "HASH-VALUE") => false,
                    _ => return Err((self.pos(), "not supported here: this kind of being".into())),
                };
                self.i += 1;
                if !self.is(&["OF", "IN"]) {
                    return Err((self.pos(), "of is missing".into()));
                }
                let table = self.form()?;
                let mut other = None;
                if self.is(&["USING"]) {
                    other = self.form()?.items().and_then(|i| i.get(1)).cloned();
                }
                From::Table { table, keys, other }
            }
            "FROM" | "UPFROM" | "DOWNFROM" | "TO" | "UPTO" | "BELOW" | "DOWNTO" | "ABOVE"
            | "BY" => {
                self.i -= 1;
                self.count(pos)?
            }
            other => return Err((pos, format!("not supported here: for ... {other}"))),
        };
        Ok((var, from))
    }

    fn count(&mut self, pos: Pos) -> Parsed<From> {
        let (mut start, mut limit, mut by) = (None, None, None);
        let (mut down, mut inclusive) = (false, true);
        while let Some(w) = self.peek() {
            match w {
                "FROM" | "UPFROM" | "DOWNFROM" => {
                    self.i += 1;
                    down |= w == "DOWNFROM";
                    start = Some(self.form()?);
                }
                "TO" | "UPTO" | "BELOW" | "DOWNTO" | "ABOVE" => {
                    self.i += 1;
                    down |= matches!(w, "DOWNTO" | "ABOVE");
                    inclusive = !matches!(w, "BELOW" | "ABOVE");
                    limit = Some(self.form()?);
                }
                "BY" => {
                    self.i += 1;
                    by = Some(self.form()?);
                }
                _ => break,
            }
        }
        let zero = Form {
            kind: crate::cl::form::Kind::Atom(steel::SteelVal::IntV(0)),
            pos,
        };
        Ok(From::Count {
            start: start.unwrap_or(zero),
            limit,
            by,
            down,
            inclusive,
        })
    }

    fn clause(&mut self) -> Parsed<Clause> {
        let pos = self.pos();
        let Some(w) = self.peek() else {
            return Err((pos, "a loop word was expected".into()));
        };
        self.i += 1;
        Ok(match w {
            "DO" | "DOING" => {
                let forms = self.forms();
                if forms.is_empty() {
                    return Err((pos, "do needs a form".into()));
                }
                Clause::Do(forms)
            }
            "COLLECT" | "COLLECTING" => self.gather(Gather::Collect)?,
            "APPEND" | "APPENDING" | "NCONC" | "NCONCING" => self.gather(Gather::Append)?,
            "SUM" | "SUMMING" => self.gather(Gather::Sum)?,
            "COUNT" | "COUNTING" => self.gather(Gather::Count)?,
            "MAXIMIZE" | "MAXIMIZING" => self.gather(Gather::Max)?,
            "MINIMIZE" | "MINIMIZING" => self.gather(Gather::Min)?,
            "WHEN" | "IF" | "UNLESS" => {
                let test = self.form()?;
                let yes = self.joined()?;
                let no = if self.is(&["ELSE"]) {
                    self.joined()?
                } else {
                    vec![]
                };
                self.is(&["END"]);
                Clause::If {
                    test,
                    negated: w == "UNLESS",
                    yes,
                    no,
                }
            }
            "WHILE" => Clause::While(self.form()?, false),
            "UNTIL" => Clause::While(self.form()?, true),
            "ALWAYS" => Clause::Always(self.form()?, false),
            "NEVER" => Clause::Always(self.form()?, true),
            "THEREIS" => Clause::Thereis(self.form()?),
            "RETURN" => Clause::Return(self.form()?),
            other => return Err((pos, format!("not supported here: loop word {other}"))),
        })
    }

    fn gather(&mut self, kind: Gather) -> Parsed<Clause> {
        let form = self.form()?;
        let into = if self.is(&["INTO"]) {
            self.form()?.name().map(str::to_string)
        } else {
            None
        };
        self.type_words()?;
        Ok(Clause::Gather(kind, form, into))
    }

    fn joined(&mut self) -> Parsed<Vec<Clause>> {
        let mut out = vec![self.clause()?];
        while self.is(&["AND"]) {
            out.push(self.clause()?);
        }
        Ok(out)
    }
}

impl Tr<'_> {
    /// Parses the clauses of an extended `loop`.
    pub(super) fn parse_loop(&mut self, f: &Form, a: &[Form]) -> Parsed<Loop> {
        let mut w = Words {
            items: a,
            i: 0,
            end: f.pos,
        };
        let mut out = Loop::default();
        while w.i < a.len() {
            let Some(next) = w.peek() else {
                return Err((w.pos(), "a loop word was expected".into()));
            };
            match next {
                "NAMED" => {
                    w.i += 1;
                    out.name = w.form()?.name().map(str::to_string);
                }
                "WITH" => {
                    w.i += 1;
                    loop {
                        let var = w.form()?;
                        w.type_words()?;
                        let init = if w.is(&["="]) { Some(w.form()?) } else { None };
                        out.withs.push((var, init));
                        if !w.is(&["AND"]) {
                            break;
                        }
                    }
                }
                "FOR" | "AS" => {
                    w.i += 1;
                    let mut group = vec![w.for_clause()?];
                    while w.is(&["AND"]) {
                        w.is(&["FOR", "AS"]);
                        group.push(w.for_clause()?);
                    }
                    out.drivers.push(group);
                }
                "REPEAT" => {
                    w.i += 1;
                    out.repeat.push(w.form()?);
                }
                "INITIALLY" => {
                    w.i += 1;
                    out.initially.extend(w.forms());
                }
                "FINALLY" => {
                    w.i += 1;
                    w.is(&["DO", "DOING"]);
                    if w.is(&["RETURN"]) {
                        let value = w.form()?;
                        let ret = vec![Form::sym("RETURN", value.pos), value];
                        out.finally.push(Form::list(ret, f.pos));
                    } else {
                        out.finally.extend(w.forms());
                    }
                }
                _ => out.body.push(w.clause()?),
            }
        }
        Ok(out)
    }
}
