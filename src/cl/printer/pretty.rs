//! Values as steps of a pretty output.

use std::cell::RefCell;
use std::collections::HashMap;

use super::layout::{Line, Op, lay_out};
use super::pattern::{self, Part, Shape};
use super::*;

thread_local! {
    /// Functions and macros of the program, with how many arguments stand before a macro's body.
    static OWN: RefCell<HashMap<String, Option<usize>>> = RefCell::default();
}

/// Tells the printer of functions and macros, each in a line: a name, and behind a space how many
/// arguments stand before a macro's body.
pub(crate) fn know_callable(lines: &str) {
    OWN.with(|own| {
        let pairs = lines.lines().map(|l| match l.rsplit_once(' ') {
            Some((name, n)) => (name.to_owned(), n.parse().ok()),
            None => (l.to_owned(), None),
        });
        own.borrow_mut().extend(pairs);
    });
}

/// The program ends whose functions and macros the printer knows.
pub(crate) fn forget_callable() {
    OWN.with(|own| own.borrow_mut().clear());
}

/// Prints in lines from a column on.
pub(super) fn print(v: &V, style: Style, column: usize) -> String {
    let mut p = Pretty {
        ops: Vec::new(),
        style,
        depth: 0,
        marks_quotes: true,
    };
    p.value(v);
    lay_out(&p.ops, column, style.margin)
}

struct Pretty {
    ops: Vec<Op>,
    style: Style,
    depth: usize,
    /// `(quote x)` prints as `'x`.
    marks_quotes: bool,
}

/// What is left of a list that is being printed.
struct Cursor {
    rest: V,
    count: usize,
    /// The rest has been printed: it was no list, or too long.
    is_over: bool,
}

impl Pretty {
    fn text(&mut self, s: &str) {
        for (i, line) in s.split('\n').enumerate() {
            if i > 0 {
                self.ops.push(Op::Line(Line::Literal));
            }
            match self.ops.last_mut() {
                Some(Op::Text(before)) => before.push_str(line),
                _ => self.ops.push(Op::Text(line.to_owned())),
            }
        }
    }

    fn value(&mut self, v: &V) {
        if let Some(s) = plain(v, self.style) {
            return self.text(&s);
        }
        match shape_of(v, self.style) {
            Composite::List(v) => self.list(&v),
            Composite::Vector(items) => self.vector(&items),
            Composite::Array(dims, items) => {
                self.text(&format!("#{}A", dims.len()));
                self.array(&dims, &items);
            }
            Composite::Struct(name, slots) => self.structure(&name, &slots),
            Composite::Text(s) => self.text(&s),
        }
    }

    // Brackets around a block; only a `#` where it is too deep.
    fn bracketed(&mut self, open: &str, close: &str, body: impl FnOnce(&mut Self)) {
        if is_too_deep(self.depth, self.style) {
            return self.text("#");
        }
        self.depth += 1;
        self.text(open);
        self.ops.push(Op::Start);
        body(self);
        self.ops.push(Op::End);
        self.text(close);
        self.depth -= 1;
    }

    fn block(
        &mut self,
        v: &V,
        open: &str,
        close: &str,
        body: impl FnOnce(&mut Self, &mut Cursor) -> Option<()>,
    ) {
        if !is_nil(v) && uncons(v).is_none_or(|_| marked(v).is_some()) {
            return self.value(v);
        }
        let mut cursor = Cursor {
            rest: v.clone(),
            count: 0,
            is_over: false,
        };
        // It is nothing where the list ended before the pattern.
        self.bracketed(open, close, |p| {
            let _ = body(p, &mut cursor);
        });
    }

    fn pop(&mut self, c: &mut Cursor) -> Option<V> {
        let pair = uncons(&c.rest).filter(|_| marked(&c.rest).is_none());
        if pair.is_none() && !is_nil(&c.rest) {
            self.text(". ");
            let rest = c.rest.clone();
            self.value(&rest);
            c.is_over = true;
            return None;
        }
        if self.style.length == Some(c.count) || c.count >= MAX_LENGTH {
            self.text("...");
            c.is_over = true;
            return None;
        }
        c.count += 1;
        let (item, rest) = pair.unwrap_or((NIL, NIL));
        c.rest = rest;
        Some(item)
    }

    fn line(&mut self, line: Line) {
        self.ops.push(Op::Line(line));
    }

    fn list(&mut self, v: &V) {
        if let Some((mark, x)) = marked(v) {
            self.text(mark);
            return self.value(&x);
        }
        let Some((car, cdr)) = uncons(v) else {
            return;
        };
        let SteelVal::SymbolV(head) = &car else {
            return self.by(v, pattern::FILL);
        };
        let head = head.as_str();
        if let (true, Some(mark), Some((x, rest))) =
            (self.marks_quotes, quote_mark(head), uncons(&cdr))
            && is_nil(&rest)
        {
            self.text(mark);
            return self.value(&x);
        }
        if let Some(pattern) = pattern::of(head, &shape(&cdr)) {
            let outer = self.marks_quotes;
            self.marks_quotes = outer && !matches!(head, "DECLARE" | "DECLAIM");
            self.by(v, pattern);
            self.marks_quotes = outer;
            return;
        }
        let own = OWN.with(|own| own.borrow().get(head).copied());
        let is_callable =
            own.is_some() || crate::cl::table::is_standard(head) || head.starts_with("CL-SIPC:");
        match own.flatten().or_else(|| pattern::body_position(head)) {
            Some(n) => self.block(v, "(", ")", |p, c| p.macro_call(c, n)),
            None if is_callable => self.by(v, pattern::CALL),
            None => self.by(v, pattern::FILL),
        }
    }

    fn by(&mut self, v: &V, pattern: &[Part]) {
        self.block(v, "(", ")", |p, c| p.follow(pattern, c));
    }

    // Nothing once the list has come to its end.
    fn follow(&mut self, pattern: &[Part], c: &mut Cursor) -> Option<()> {
        for part in pattern {
            match part {
                Part::W => {
                    let v = self.pop(c)?;
                    self.value(&v);
                }
                Part::X => self.more(c)?,
                Part::S => self.text(" "),
                Part::N(line) => self.line(*line),
                Part::I(n) => self.ops.push(Op::Indent(*n)),
                Part::H => self.ops.push(Op::IndentHere),
                Part::Each(inner) => {
                    while !is_nil(&c.rest) && self.follow(inner, c).is_some() {}
                    if c.is_over {
                        return None;
                    }
                }
                Part::Sub(inner) => {
                    let v = self.pop(c)?;
                    self.by(&v, inner);
                }
                Part::Rest(inner) => {
                    if uncons(&c.rest).is_none() {
                        self.text(". ");
                    }
                    let rest = c.rest.clone();
                    self.block(&rest, "", "", |p, c| p.follow(inner, c));
                }
                Part::Lambda => {
                    let v = self.pop(c)?;
                    self.block(&v, "(", ")", |p, c| p.lambda_list(c));
                }
                Part::Tags => self.tags(c)?,
                Part::Clauses => self.clauses(c)?,
            }
        }
        Some(())
    }

    fn more(&self, c: &Cursor) -> Option<()> {
        (!is_nil(&c.rest)).then_some(())
    }

    fn tags(&mut self, c: &mut Cursor) -> Option<()> {
        loop {
            self.more(c)?;
            self.text(" ");
            let v = self.pop(c)?;
            self.ops.push(Op::Indent(usize::from(uncons(&v).is_some())));
            self.line(Line::Linear);
            self.value(&v);
        }
    }

    fn clauses(&mut self, c: &mut Cursor) -> Option<()> {
        loop {
            let v = self.pop(c)?;
            if matches!(&v, SteelVal::SymbolV(s) if pattern::begins_clause(bare_name(s))) {
                self.line(Line::Mandatory);
            }
            self.value(&v);
            self.more(c)?;
            self.text(" ");
        }
    }

    // The body of a macro stands in lines of its own, as do all arguments but the first.
    fn macro_call(&mut self, c: &mut Cursor, arguments: usize) -> Option<()> {
        let name = self.pop(c)?;
        self.value(&name);
        self.more(c)?;
        self.text(" ");
        for i in 0..arguments {
            if i > 0 {
                self.ops.push(Op::Indent(3));
                self.line(Line::Mandatory);
            }
            let v = self.pop(c)?;
            self.value(&v);
            self.more(c)?;
        }
        self.ops.push(Op::Indent(1));
        loop {
            self.line(Line::Mandatory);
            let v = self.pop(c)?;
            self.value(&v);
            self.more(c)?;
        }
    }

    fn lambda_list(&mut self, c: &mut Cursor) -> Option<()> {
        let (mut is_required, mut is_key, mut is_first) = (true, false, true);
        loop {
            self.more(c)?;
            if !is_first {
                self.text(" ");
            }
            is_first = false;
            let v = self.pop(c)?;
            let name = symbol_name(&v).unwrap_or_default();
            match name.as_str() {
                "&OPTIONAL" | "&AUX" => (is_required, is_key) = (false, false),
                "&REST" | "&BODY" => (is_required, is_key) = (true, false),
                "&KEY" => (is_required, is_key) = (false, true),
                _ => {}
            }
            self.line(match name.as_str() {
                "&OPTIONAL" | "&AUX" | "&REST" | "&BODY" | "&KEY" => Line::Linear,
                _ => Line::Fill,
            });
            self.block(&v, "(", ")", |p, c| {
                if is_required {
                    p.spaced(c, Line::Linear)
                } else {
                    p.parameter(c, is_key)
                }
            });
        }
    }

    fn spaced(&mut self, c: &mut Cursor, line: Line) -> Option<()> {
        self.more(c)?;
        loop {
            let v = self.pop(c)?;
            self.value(&v);
            self.more(c)?;
            self.text(" ");
            self.line(line);
        }
    }

    fn parameter(&mut self, c: &mut Cursor, is_key: bool) -> Option<()> {
        self.more(c)?;
        let v = self.pop(c)?;
        if is_key {
            self.block(&v, "(", ")", |p, c| p.spaced(c, Line::Fill));
        } else {
            self.value(&v);
        }
        loop {
            self.more(c)?;
            self.text(" ");
            self.line(Line::Linear);
            let v = self.pop(c)?;
            self.value(&v);
        }
    }

    fn vector(&mut self, items: &[V]) {
        self.bracketed("#(", ")", |p| {
            p.elements(items.len(), Line::Fill, |p, i| p.value(&items[i]))
        });
    }

    fn elements(&mut self, count: usize, line: Line, mut put: impl FnMut(&mut Self, usize)) {
        for i in 0..count {
            if i > 0 {
                self.text(" ");
                self.line(line);
            }
            if self.style.length == Some(i) {
                return self.text("...");
            }
            put(self, i);
        }
    }

    fn array(&mut self, dims: &[usize], items: &[V]) {
        let [n, inner @ ..] = dims else {
            return items.first().into_iter().for_each(|x| self.value(x));
        };
        let line = if inner.is_empty() {
            Line::Fill
        } else {
            Line::Linear
        };
        let size = items.len() / (*n).max(1);
        self.bracketed("(", ")", |p| {
            p.elements(*n, line, |p, i| {
                p.array(inner, &items[i * size..(i + 1) * size])
            });
        });
    }

    fn structure(&mut self, name: &str, slots: &[(String, V)]) {
        let style = self.style;
        self.bracketed("#S(", ")", |p| {
            p.text(&symbol_text(name, style));
            if slots.is_empty() {
                return;
            }
            p.text(" ");
            p.line(Line::Linear);
            p.elements(slots.len(), Line::Linear, |p, i| {
                let (slot, v) = &slots[i];
                p.text(&format!(":{} ", barred(slot, style.case)));
                p.value(v);
            });
        });
    }
}

fn shape(cdr: &V) -> Shape {
    let second = uncons(cdr);
    let third = second.as_ref().and_then(|(_, rest)| uncons(rest));
    let is_in = |v: &V| symbol_name(v).as_deref() == Some(":IN");
    Shape {
        has_body: third.as_ref().is_some_and(|(v, _)| !is_in(v)),
        begins_with_list: second.as_ref().is_none_or(|(v, _)| uncons(v).is_some()),
        goes_on_with_list: third.is_some_and(|(v, _)| uncons(&v).is_some()),
    }
}
