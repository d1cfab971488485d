//! Type specifiers: what they mean at a place, those of `deftype`, and the tests made of them.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind};
use steel::SteelVal;

/// What `deftype` has made of a name.
#[derive(Clone)]
pub(in crate::cl) enum TypeDefinition {
    /// A type that stands for another.
    Form(Form),
    /// The Steel name of the function that makes the type from its arguments.
    Expander(String),
}

/// Types that stand for each other may not do so for longer than this.
const MAX_EXPANSIONS: usize = 100;

impl Tr<'_> {
    /// `(deftype name (arguments) body)`.
    pub(super) fn deftype(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let Some(name) = a[0].name().map(str::to_string) else {
            return self.refuse(f.pos, "DEFTYPE", "the name must be a symbol");
        };
        if crate::cl::rt::types::TYPES.contains(&name.as_str()) {
            let reason = format!("{name} belongs to Common Lisp and cannot be defined again");
            return self.refuse(f.pos, "DEFTYPE", reason);
        }
        let definition = match (a[1].is_nil(), a[2..].last()) {
            (true, Some(body)) if body.head() == Some("QUOTE") => {
                TypeDefinition::Form(body.items().unwrap_or(&[])[1].clone())
            }
            _ => {
                let steel = self.fresh(&format!("m:type:{name}"));
                let mut form = vec![Form::sym("DEFMACRO", f.pos), Form::sym(&steel, f.pos)];
                form.push(with_stars(&a[1]));
                form.extend_from_slice(&a[2..]);
                if !self.define_in_engine(&Form::list(form, f.pos), &steel, &name) {
                    return "#f".into();
                }
                TypeDefinition::Expander(steel)
            }
        };
        self.known.types.insert(name.clone(), definition);
        let q = self.symbol(&name);
        self.deliver(q, k)
    }

    // A type with those of `deftype` in it replaced by what they stand for.
    fn expanded_type(&mut self, f: &Form, depth: usize) -> Option<Form> {
        if depth > MAX_EXPANSIONS {
            self.refuse(f.pos, "DEFTYPE", "the type stands for itself");
            return None;
        }
        let name = f.name().or(f.head()).unwrap_or("");
        match self.known.types.get(name).cloned() {
            Some(TypeDefinition::Form(form)) => return self.expanded_type(&form, depth + 1),
            Some(TypeDefinition::Expander(steel)) => {
                let args = f.items().and_then(|i| i.get(1..)).unwrap_or(&[]);
                let form = self.expand_with(&steel, name, args, f.pos)?;
                return self.expanded_type(&form, depth + 1);
            }
            None => {}
        }
        match (name, f.items()) {
            ("OR" | "AND" | "NOT" | "CONS", Some(items)) => {
                let mut all = vec![items[0].clone()];
                for x in &items[1..] {
                    all.push(self.expanded_type(x, depth + 1)?);
                }
                Some(Form::list(all, f.pos))
            }
            _ => Some(f.clone()),
        }
    }

    /// A literal type, refused when it cannot be known.
    pub(super) fn type_specifier(&mut self, f: &Form) -> String {
        let Some(form) = self.checked_type(f) else {
            return "#f".into();
        };
        if mentions(std::slice::from_ref(&form), &["SATISFIES"]) {
            return self.refuse(f.pos, "SATISFIES", "not supported here: SATISFIES");
        }
        self.datum(&form)
    }

    /// A literal type as an error names it: what it stands for, an integer from zero as `mod`.
    pub(super) fn shown_type(&mut self, f: &Form) -> String {
        let form = self.expanded_type(f, 0).unwrap_or_else(|| f.clone());
        let form = match form.items() {
            Some(
                [
                    head,
                    Form {
                        kind: Kind::Atom(SteelVal::IntV(0)),
                        ..
                    },
                    Form {
                        kind: Kind::Atom(SteelVal::IntV(most)),
                        pos,
                    },
                ],
            ) if head.name() == Some("INTEGER") => {
                let next = Form {
                    kind: Kind::Atom(SteelVal::IntV(most.saturating_add(1))),
                    pos: *pos,
                };
                Form::call("MOD", &[next], *pos)
            }
            _ => form,
        };
        self.datum(&form)
    }

    fn checked_type(&mut self, f: &Form) -> Option<Form> {
        let form = self.expanded_type(f, 0)?;
        if let Some((name, reason)) = self.wrong_type(&form) {
            self.refuse(f.pos, &name, reason);
            return None;
        }
        Some(form)
    }

    /// The code that tells whether the value of a Steel variable is of a literal type.
    pub(super) fn type_test(&mut self, variable: &str, f: &Form) -> String {
        match self.checked_type(f) {
            Some(form) => self.test_of(variable, &form),
            None => "#f".into(),
        }
    }

    fn test_of(&mut self, variable: &str, f: &Form) -> String {
        if !mentions(std::slice::from_ref(f), &["SATISFIES"]) {
            let kind = self.datum(f);
            return format!("(%TYPEP {variable} {kind})");
        }
        let parts = f.items().and_then(|i| i.get(1..)).unwrap_or(&[]);
        match (f.head(), parts) {
            (Some("SATISFIES"), [name]) if name.name().is_some() => {
                let name = name.name().unwrap_or("").to_string();
                let function = self.function_object(&name, f.pos, &Env::default());
                format!("({function} {variable})")
            }
            (Some(head @ ("OR" | "AND" | "NOT")), _) => {
                let head = head.to_lowercase();
                let tests: Vec<String> = parts.iter().map(|x| self.test_of(variable, x)).collect();
                format!("({head} {})", tests.join(" "))
            }
            _ => self.refuse(
                f.pos,
                "SATISFIES",
                "not supported here: SATISFIES inside of this type",
            ),
        }
    }

    /// `(subtypep type type)`: classes of the program are handed on as themselves.
    pub(super) fn subtypep(&mut self, f: &Form, a: &[Form], env: &Env) -> String {
        let mut kinds = Vec::new();
        for kind in &a[..2] {
            let literal = match (kind.head(), kind.items()) {
                (Some("QUOTE"), Some([_, literal])) => self.expanded_type(literal, 0),
                _ => None,
            };
            let class = literal.as_ref().and_then(Form::name);
            let class = class.filter(|n| self.known.classes.contains_key(*n));
            kinds.push(match (class, &literal) {
                (Some(class), _) => format!("t:{}", mangle(class)),
                (None, Some(literal)) => self.datum(literal),
                (None, None) => self.expr(kind, env),
            });
        }
        let code = self.at(f.pos, &format!("(%%SUBTYPEP {})", kinds.join(" ")));
        format!("(%SPREAD {code})")
    }

    // The name in a type specifier that means nothing here, and why.
    fn wrong_type(&self, f: &Form) -> Option<(String, String)> {
        if let Some(name) = f.name() {
            let reason = format!("unknown type specifier: {name}");
            return (!self.is_type(name)).then(|| (name.to_string(), reason));
        }
        let items = f.items()?;
        match items.first()?.name()? {
            "OR" | "AND" | "NOT" => items[1..].iter().find_map(|x| self.wrong_type(x)),
            _ => None,
        }
    }

    pub(super) fn is_type(&self, name: &str) -> bool {
        crate::cl::rt::types::TYPES.contains(&name)
            || crate::cl::rt::condition::is_built_in(name)
            || self.known.classes.contains_key(name)
    }
}

// The parameters of a type, of which those left out are `*`.
fn with_stars(params: &Form) -> Form {
    let mut is_optional = false;
    let mut out = Vec::new();
    for p in params.items().unwrap_or(&[]) {
        match &p.kind {
            Kind::Sym(s) if s.starts_with('&') => {
                is_optional = matches!(&**s, "&OPTIONAL" | "&KEY");
                out.push(p.clone());
            }
            Kind::Sym(_) if is_optional => {
                let star = Form::call("QUOTE", &[Form::sym("*", p.pos)], p.pos);
                out.push(Form::list(vec![p.clone(), star], p.pos));
            }
            _ => out.push(p.clone()),
        }
    }
    Form::list(out, params.pos)
}
