//! Definitions that reach the code compiled before them.
//!
//! Steel compiles a repeated `define` into a second binding: what was compiled earlier keeps the
//! first. And within a unit it inlines small functions, after which no assignment reaches their
//! users. So each unit gets one setter for every name it defines. A setter's assignment keeps
//! the name from being inlined; and when the name is defined again, the setters of the earlier
//! bindings give them the new value. A unit that fails gives its names their old values back.

use std::collections::HashMap;
use steel::SteelVal;
use steel::steel_vm::engine::Engine;

use super::syntax::forms;

/// The setters of the names that were defined so far.
#[derive(Debug, Default)]
pub(super) struct Redefinitions {
    setters: HashMap<String, Vec<String>>,
    count: usize,
}

/// A unit that is being compiled and run.
#[derive(Debug)]
pub(super) struct Unit {
    names: Vec<Name>,
    /// What is to be compiled behind the unit's own text.
    pub(super) setters: String,
}

#[derive(Debug)]
struct Name {
    name: String,
    setter: String,
    old: Option<SteelVal>,
}

impl Redefinitions {
    /// Notes what a text is going to define.
    pub(super) fn begin(&mut self, engine: &Engine, text: &str) -> Unit {
        let mut names: Vec<Name> = Vec::new();
        let mut setters = String::new();
        for name in defined(text) {
            if names.iter().any(|known| known.name == name) {
                continue;
            }
            let (setter, definition) = self.setter(&name);
            setters.push_str(&definition);
            let old = engine.extract_value(&name).ok();
            names.push(Name { name, setter, old });
        }
        Unit { names, setters }
    }

    fn setter(&mut self, name: &str) -> (String, String) {
        self.count += 1;
        let setter = format!("#%renew-{}", self.count);
        let definition = format!("\n(define ({setter} value) (set! {name} value))");
        (setter, definition)
    }

    /// Lets what was defined reach the earlier code.
    pub(super) fn commit(&mut self, engine: &mut Engine, unit: Unit) {
        for Name { name, setter, old } in unit.names {
            let Ok(new) = engine.extract_value(&name) else {
                continue;
            };
            let setters = self.setters.entry(name).or_default();
            for earlier in setters.iter() {
                // A setter only assigns; it has no way to fail.
                let _ = engine.call_function_by_name_with_args(earlier, vec![new.clone()]);
            }
            if let (Some(old), false) = (old, setters.is_empty()) {
                // The same for servers that were given the function itself.
                let _ =
                    engine.call_function_by_name_with_args("sipc-renew-callbacks", vec![old, new]);
            }
            setters.push(setter);
        }
    }

    /// Gives what a failed unit was going to define its old value.
    pub(super) fn abandon(&mut self, engine: &mut Engine, unit: Unit) {
        for Name { name, old, .. } in unit.names {
            let Some(old) = old else { continue };
            engine.register_value(&name, old);
            if self.setters.contains_key(&name) {
                let (setter, definition) = self.setter(&name);
                if engine.compile_and_run_raw_program(definition).is_ok() {
                    self.setters.entry(name).or_default().push(setter);
                }
            }
        }
    }
}

/// Returns the names that the top level of a text defines as variables.
fn defined(text: &str) -> Vec<String> {
    forms(text)
        .into_iter()
        .filter_map(|form| definition(&text[form]))
        .map(|(name, _)| name.to_owned())
        .collect()
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
    let end = rest.find(|c: char| c.is_whitespace() || "()[]\"';".contains(c))?;
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
}
