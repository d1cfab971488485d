//! Definitions that reach the code compiled before them.
//!
//! Steel compiles a repeated `define` into a second binding: what was compiled earlier keeps the
//! first. And within a unit it inlines small functions, after which no assignment reaches their
//! users. So each unit gets one setter for every name it defines. A setter's assignment keeps
//! the name from being inlined; and when the name is defined again, the setters of the earlier
//! bindings give them the new value. What a file gives that was required again reaches earlier
//! code in the same way. Where a definition can be made an assignment it is one (see `assign`):
//! earlier code that changes a variable and later code that reads it share one binding. A unit
//! that fails gives its names their old values back, and a file its variables; a name that had none
//! cannot be unbound in Steel, and says so when it is used (see `late`). What the user calls like
//! something of Steel's own has another name (see `own_names`). What `eval` and `load` have
//! defined, or a macro of the user's, is found by what is bound afterwards.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use steel::SteelVal;
use steel::parser::interner::InternedString;
use steel::steel_vm::engine::Engine;

use super::assign;
use super::code::has_word;
use super::definition::{defined, parts};
use super::late::Unbound;
use super::own_names::OwnNames;
use super::syntax::forms;

/// What Steel's compiler says to an assignment of a name of its own.
pub(super) const IS_BUILT_IN: &str = "cannot mutate module-required identifier";

/// Functions that define what their caller's text does not tell.
const DEFINING: &[&str] = &["eval", "eval-string", "load"];

/// The setters of the names that were defined so far.
#[derive(Debug, Default)]
pub(super) struct Redefinitions {
    setters: HashMap<String, Vec<String>>,
    count: usize,
    /// The macros that were there before anybody defined one here.
    given_macros: HashSet<InternedString>,
    /// Names that only failed units defined, or none yet.
    pub(super) unbound: Unbound,
    /// Names of Steel's own that the user has defined.
    pub(super) own: OwnNames,
}

/// A unit that is being compiled and run.
#[derive(Debug)]
pub(super) struct Unit {
    names: Vec<Name>,
    /// What the files that it requires give it, with the old values. Which of these are names of
    /// variables is known when it has run.
    given: Vec<(String, Option<SteelVal>)>,
    /// Variables of the user's that a file assigns, with the old values.
    assigned: Vec<(String, SteelVal)>,
    /// What there was before a unit that may define what its text does not tell.
    before: Option<Before>,
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

/// What is bound before a unit.
#[derive(Debug)]
struct Before {
    names: HashSet<InternedString>,
    /// The names with setters, and their values.
    values: Vec<(String, SteelVal)>,
}

impl Unit {
    /// Returns the names that the unit's text defines.
    pub(super) fn defined(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|known| known.name.as_str())
    }

    /// Returns whether running the unit may change what is a macro.
    pub(super) fn may_change_macros(&self, engine: &Engine, text: &str) -> bool {
        let macros = engine.in_scope_macros();
        self.before.is_some()
            || ["syntax", "require"].iter().any(|word| text.contains(word))
            || self.defined().any(|name| macros.contains_key(&name.into()))
    }

    /// Has `text` compiled behind the unit's own.
    pub(super) fn add(&mut self, text: &str) {
        self.setters.push_str(text);
    }

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
    /// Begins to note what `engine` is given.
    pub(super) fn new(engine: &mut Engine) -> Self {
        let unbound = Unbound::default();
        unbound.register(engine);
        Self {
            unbound,
            given_macros: engine.in_scope_macros().keys().copied().collect(),
            ..Self::default()
        }
    }

    /// Gives names of Steel's own that the user has defined their other names in a text. Returns
    /// what is to be compiled behind it.
    pub(super) fn rename(
        &mut self,
        engine: &mut Engine,
        text: &mut String,
        path: Option<&Path>,
    ) -> String {
        let setters = &self.setters;
        let is_users = |name: &str| setters.contains_key(name);
        let defined = self.own.rename(engine, text, path, is_users);
        let alias = |name: &String| {
            let other = self.own.get(name)?;
            Some(format!("\n(define {name} {other})"))
        };
        defined.iter().filter_map(alias).collect()
    }

    /// Notes what a text is going to define, and what the files that it requires may give it.
    /// Makes assignments of the definitions that are to be some. A file that fails is to leave
    /// variables as they were, too.
    pub(super) fn begin(
        &mut self,
        engine: &Engine,
        text: &mut String,
        given: Vec<String>,
        is_file: bool,
    ) -> Unit {
        let assigned = match is_file {
            true => self.assigned(engine, text),
            false => Vec::new(),
        };
        let before = self.before(engine, text);
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
            assigned,
            before,
            setters,
        }
    }

    /// Returns the user's variables that a text assigns, with their values.
    fn assigned(&self, engine: &Engine, text: &str) -> Vec<(String, SteelVal)> {
        let mut names = assign::assigned(text);
        names.retain(|name| self.setters.contains_key(*name));
        let values = names.into_iter().filter_map(|name| {
            let value = self.old(engine, name)?;
            Some((name.to_owned(), value))
        });
        values.collect()
    }

    /// Notes what there is before a text that defines things by other means than definitions.
    fn before(&self, engine: &Engine, text: &str) -> Option<Before> {
        let is_user_macro = |form: &&str| {
            let head = parts(form).first().copied().unwrap_or_default();
            let head = head.into();
            engine.in_scope_macros().contains_key(&head) && !self.given_macros.contains(&head)
        };
        let mut all = forms(text).into_iter().map(|form| &text[form]);
        if !DEFINING.iter().any(|word| has_word(text, word)) && all.find(is_user_macro).is_none() {
            return None;
        }
        let values = self.setters.keys().filter_map(|name| {
            let value = self.old(engine, name)?;
            Some((name.clone(), value))
        });
        Some(Before {
            names: engine.readable_globals(0).into_iter().collect(),
            values: values.collect(),
        })
    }

    /// Takes over what a unit has defined though its text did not tell.
    fn take_over(&mut self, engine: &mut Engine, before: Before, known: &[String]) {
        for (name, old) in before.values {
            let is_same = known.contains(&name)
                || engine
                    .extract_value(&name)
                    .is_ok_and(|new| is_same(engine, &old, &new));
            if !is_same && self.renew(engine, &name, Some(old)) {
                self.add_setter(engine, &name);
            }
        }
        for name in engine.readable_globals(0) {
            let text = name.resolve();
            let is_new = !before.names.contains(&name) && !known.iter().any(|one| one == text);
            if is_new && !text.starts_with('$') && !self.setters.contains_key(text) {
                self.add_setter(engine, text);
            }
        }
    }

    /// Makes an assignment of the definition of a name that is bound. Returns whether it did.
    fn assign(&self, text: &mut String, name: &str) -> bool {
        let is_bound = self.setters.get(name).is_some_and(|all| !all.is_empty())
            && !self.unbound.contains(name);
        // Documentation belongs to definitions.
        is_bound && !text.contains("@doc") && assign::assign(text, name)
    }

    fn old(&self, engine: &Engine, name: &str) -> Option<SteelVal> {
        match self.unbound.contains(name) {
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
        let known: Vec<String> = unit.defined().map(str::to_owned).collect();
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
        if let Some(before) = unit.before {
            self.take_over(engine, before, &known);
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
        for (name, old) in unit.assigned {
            self.set(engine, &name, &old);
        }
        let setters = &self.setters;
        self.own.retain(|other| setters.contains_key(other));
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
        engine.register_value(name, self.unbound.add(name));
    }

    /// Returns whether a name is bound only because Steel cannot unbind it.
    pub(super) fn is_unbound(&self, name: &str) -> bool {
        self.unbound.contains(name)
    }
}

/// Returns whether two values are the same one.
fn is_same(engine: &Engine, one: &SteelVal, other: &SteelVal) -> bool {
    let both = [one.clone(), other.clone()];
    match engine.extract_value("eq?") {
        Ok(SteelVal::FuncV(eq)) => matches!(eq(&both), Ok(SteelVal::BoolV(true))),
        _ => false,
    }
}
