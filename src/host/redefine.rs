//! Definitions that reach the code compiled before them.
//!
//! Steel compiles a repeated `define` into a second binding: what was compiled earlier keeps the
//! first. And within a unit it inlines small functions, after which no assignment reaches their
//! users. So each unit gets one setter for every name it defines. A setter's assignment keeps
//! the name from being inlined; and when the name is defined again, the setters of the earlier
//! bindings give them the new value. What a file gives that was required again reaches earlier
//! code in the same way. Where a definition can be made an assignment it is one (see `assign`):
//! earlier code that changes a variable and later code that reads it share one binding. A unit
//! that fails gives its names their old values back; a name that had none cannot be unbound in
//! Steel, and says so when it is used. A name of Steel's own that its compiler lets nobody assign,
//! such as `length`, reaches later code only.

use std::collections::HashMap;
use std::sync::Arc;
use steel::rerrs::ErrorKind;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use super::assign;
use super::syntax::{ends_word, forms};

/// What Steel's compiler says to a setter for a name of its own that the same text defines anew.
/// Once that has run, the name is like every other.
pub(super) const IS_BUILT_IN: &str = "cannot mutate module-required identifier";

/// The setters of the names that were defined so far.
#[derive(Debug, Default)]
pub(super) struct Redefinitions {
    setters: HashMap<String, Vec<String>>,
    count: usize,
    /// Names that only failed units defined, or none yet, with what stands for them.
    unbound: HashMap<String, SteelVal>,
}

/// A unit that is being compiled and run.
#[derive(Debug)]
pub(super) struct Unit {
    names: Vec<Name>,
    /// What the files that it requires give it, with the old values. Which of these are names of
    /// variables is known when it has run.
    given: Vec<(String, Option<SteelVal>)>,
    /// What is to be compiled behind the unit's own text, or nothing where that cannot be.
    pub(super) setters: String,
}

#[derive(Debug)]
struct Name {
    name: String,
    /// Its new setter; nothing where the name is assigned.
    setter: Option<String>,
    old: Option<SteelVal>,
}

impl Unit {
    /// Lets the variables that are defined take the place of macros of their names, which Steel
    /// would go on expanding.
    pub(super) fn hide_macros(&self, engine: &mut Engine) {
        let mut macros = engine.in_scope_macros_mut();
        for known in &self.names {
            macros.remove(&known.name.as_str().into());
        }
    }
}

impl Redefinitions {
    /// Notes what a text is going to define, and what the files that it requires may give it.
    /// Makes assignments of the definitions that are to be some.
    pub(super) fn begin(&mut self, engine: &Engine, text: &mut String, given: Vec<String>) -> Unit {
        assign::quieten(text);
        let mut names: Vec<Name> = Vec::new();
        let mut setters = String::new();
        let all = defined(text);
        for name in &all {
            if names.iter().any(|known| known.name == *name) {
                continue;
            }
            let is_once = all.iter().filter(|other| *other == name).count() == 1;
            let setter = match is_once && self.assign(text, name) {
                true => None,
                false => {
                    let (setter, definition) = self.setter(name);
                    setters.push_str(&definition);
                    Some(setter)
                }
            };
            let old = self.old(engine, name);
            names.push(Name {
                name: name.clone(),
                setter,
                old,
            });
        }
        let given = given.into_iter().map(|name| {
            let old = self.old(engine, &name);
            (name, old)
        });
        Unit {
            names,
            given: given.collect(),
            setters,
        }
    }

    /// Makes an assignment of the definition of a name that is bound. Returns whether it did.
    fn assign(&self, text: &mut String, name: &str) -> bool {
        let is_bound = self.setters.get(name).is_some_and(|all| !all.is_empty())
            && !self.unbound.contains_key(name);
        // Documentation belongs to definitions.
        is_bound && !text.contains("@doc") && assign::assign(text, name)
    }

    fn old(&self, engine: &Engine, name: &str) -> Option<SteelVal> {
        match self.unbound.contains_key(name) {
            true => None,
            false => engine.extract_value(name).ok(),
        }
    }

    /// Compiles a setter for what a name stands for now.
    fn add_setter(&mut self, engine: &mut Engine, name: &str) {
        let (setter, definition) = self.setter(name);
        if engine.compile_and_run_raw_program(definition).is_ok() {
            self.setters
                .entry(name.to_owned())
                .or_default()
                .push(setter);
        }
    }

    fn setter(&mut self, name: &str) -> (String, String) {
        self.count += 1;
        let setter = format!("#%renew-{}", self.count);
        let definition = format!("\n(define ({setter} value) (set! {name} value))");
        (setter, definition)
    }

    /// Lets what was defined reach the earlier code.
    pub(super) fn commit(&mut self, engine: &mut Engine, unit: Unit) {
        let is_compiled = !unit.setters.is_empty();
        for Name { name, setter, old } in unit.names {
            let is_bound = self.renew(engine, &name, old);
            match setter {
                Some(_) if is_bound && !is_compiled => self.add_setter(engine, &name),
                Some(setter) if is_bound => {
                    self.setters.entry(name).or_default().push(setter);
                }
                _ => {}
            }
        }
        for (name, old) in unit.given {
            if self.renew(engine, &name, old) {
                self.add_setter(engine, &name);
            }
        }
    }

    /// Gives earlier code and servers what a name stands for now. Returns whether it is bound.
    fn renew(&mut self, engine: &mut Engine, name: &str, old: Option<SteelVal>) -> bool {
        let Ok(new) = engine.extract_value(name) else {
            return false;
        };
        self.unbound.remove(name);
        self.set(engine, name, &new);
        if let (Some(old), true) = (old, self.setters.contains_key(name)) {
            // The same for servers that were given the function itself.
            let _ = engine.call_function_by_name_with_args("sipc-renew-callbacks", vec![old, new]);
        }
        true
    }

    /// Gives all bindings of a name a value.
    fn set(&self, engine: &mut Engine, name: &str, value: &SteelVal) {
        for setter in self.setters.get(name).into_iter().flatten() {
            // A setter only assigns; it has no way to fail.
            let _ = engine.call_function_by_name_with_args(setter, vec![value.clone()]);
        }
    }

    /// Gives what a failed unit was going to define its old value.
    pub(super) fn abandon(&mut self, engine: &mut Engine, unit: Unit) {
        for Name { name, setter, old } in unit.names {
            if let (None, Some(old)) = (&setter, &old) {
                self.set(engine, &name, old);
                continue;
            }
            let Some(old) = old else {
                if engine.global_exists(&name) {
                    self.unbind(engine, &name);
                }
                continue;
            };
            self.restore(engine, &name, old);
        }
        for (name, old) in unit.given {
            // What came from a file that now fails is not bound any more.
            if let Some(old) = old
                && self.setters.contains_key(&name)
            {
                self.restore(engine, &name, old);
            }
        }
    }

    fn restore(&mut self, engine: &mut Engine, name: &str, old: SteelVal) {
        engine.register_value(name, old);
        if self.setters.contains_key(name) {
            self.add_setter(engine, name);
        }
    }

    /// Binds a name that a function uses before it is defined.
    pub(super) fn expect(&mut self, engine: &mut Engine, name: &str) {
        self.unbind(engine, name);
        self.add_setter(engine, name);
    }

    fn unbind(&mut self, engine: &mut Engine, name: &str) {
        let value = unbound(name);
        engine.register_value(name, value.clone());
        self.unbound.insert(name.to_owned(), value);
    }

    /// Returns the name that nothing has defined whose value a unit has used: it is what the unit
    /// results in, or what it has defined something as.
    pub(super) fn used(&self, engine: &Engine, unit: &Unit, values: &[SteelVal]) -> Option<&str> {
        if self.unbound.is_empty() {
            return None;
        }
        let defined = unit.names.iter();
        let defined = defined.filter_map(|known| engine.extract_value(&known.name).ok());
        let found: Vec<SteelVal> = values.iter().cloned().chain(defined).collect();
        let stands_for = |value: &SteelVal| matches!(value, SteelVal::BoxedFunction(_));
        let mut all = self.unbound.iter();
        all.find(|(_, known)| found.iter().any(|one| stands_for(one) && one == *known))
            .map(|(name, _)| name.as_str())
    }

    /// Returns whether a name is bound only because Steel cannot unbind it.
    pub(super) fn is_unbound(&self, name: &str) -> bool {
        self.unbound.contains_key(name)
    }
}

/// Makes what stands for a name that nothing has defined.
fn unbound(name: &str) -> SteelVal {
    let name = name.to_owned();
    SteelVal::anonymous_boxed_function(Arc::new(move |_: &[SteelVal]| {
        Err(SteelErr::new(ErrorKind::FreeIdentifier, name.clone()))
    }))
}

/// Says what is wrong with using such a name.
pub(super) fn unbound_message(name: &str) -> String {
    format!("the name {name} is not bound")
}

/// Returns the names that the top level of a text defines as variables.
pub(super) fn defined(text: &str) -> Vec<String> {
    forms(text)
        .into_iter()
        .flat_map(|form| {
            let form = &text[form];
            match (definition(form), parts(form).as_slice()) {
                (Some((name, _)), _) => vec![name.to_owned()],
                (None, ["begin", rest @ ..]) => defined(&rest.join(" ")),
                (None, ["define-values", names, ..]) => owned(&parts(names)),
                (None, ["struct", name, fields, options @ ..]) => {
                    let is_mutable = options.contains(&"#:mutable");
                    structure(name, &parts(fields), is_mutable)
                }
                _ => Vec::new(),
            }
        })
        .collect()
}

/// Returns the forms inside a form in brackets; none of anything else.
pub(super) fn parts(form: &str) -> Vec<&str> {
    let inner = form
        .strip_prefix(['(', '['])
        .and_then(|rest| rest.strip_suffix([')', ']']));
    inner.map_or(Vec::new(), |inner| {
        let found = forms(inner).into_iter();
        found.map(|range| &inner[range]).collect()
    })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns what `struct` defines: constructor, predicate, a reader for each field and, where it
/// is mutable, a writer.
fn structure(name: &str, fields: &[&str], is_mutable: bool) -> Vec<String> {
    let mut names = vec![name.to_owned(), format!("{name}?")];
    for field in fields {
        names.push(format!("{name}-{field}"));
        if is_mutable {
            names.push(format!("set-{name}-{field}!"));
        }
    }
    names
}

/// Takes a definition apart: the name, and what comes behind it. Nothing if it is none.
pub(crate) fn definition(form: &str) -> Option<(&str, &str)> {
    let rest = form.strip_prefix(['(', '['])?.trim_start();
    let rest = rest.strip_prefix("define")?;
    if !rest.starts_with(|c: char| c.is_whitespace()) {
        return None;
    }
    let rest = rest
        .trim_start()
        .trim_start_matches(['(', '['])
        .trim_start();
    let end = rest.find(ends_word)?;
    let (name, rest) = rest.split_at(end);
    (!name.is_empty()).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::defined;

    #[test]
    fn definitions_are_found_and_nothing_else() {
        let text = "(define a 1) (define (f x) (define inner 2) x) 'define (define-syntax m 1)
            [define b 2] (displayln \"(define c 1)\") ; (define d 1)
            (define ((curried a) b) a)";
        assert_eq!(defined(text), ["a", "f", "b", "curried"]);
    }

    #[test]
    fn definitions_of_several_names_are_found() {
        let text = "(begin (define a 1) (begin (define (b) 2))) (define-values (c d) (values 1 2))
            (struct p (x y) #:mutable) (struct q ()) '(begin (define e 1)) (begin) (struct)";
        let names = "a b c d p p? p-x set-p-x! p-y set-p-y! q q?";
        assert_eq!(defined(text).join(" "), names);
    }
}
