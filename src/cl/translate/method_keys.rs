//! The keywords that methods take: a call may give those of every method that it reaches.

use super::Tr;
use crate::cl::form::{Form, Kind};

/// The keywords of a list of parameters; nothing where it takes any.
fn keys_of(params: &Form) -> Option<Vec<Form>> {
    let items = params.items().unwrap_or(&[]);
    let after = |word: &str| items.iter().position(|p| p.name() == Some(word));
    if after("&ALLOW-OTHER-KEYS").is_some() {
        return None;
    }
    let mut keys = Vec::new();
    if let Some(start) = after("&KEY") {
        let given = items[start + 1..].iter();
        for p in given.take_while(|p| p.name() != Some("&AUX")) {
            let first = p.items().and_then(|i| i.first()).unwrap_or(p);
            let key = match (first.name(), first.items().and_then(|i| i.first())) {
                (Some(name), _) => format!(":{name}"),
                (_, Some(key)) => key.name().unwrap_or("").to_string(),
                _ => continue,
            };
            keys.push(Form::sym(&key, params.pos));
        }
    }
    Some(keys)
}

/// What a `defgeneric` says of keywords: those that every call may give, or any.
pub(super) fn of_generic(params: &Form) -> Option<Vec<String>> {
    let keys = keys_of(params)?;
    Some(
        keys.iter()
            .filter_map(Form::name)
            .map(str::to_string)
            .collect(),
    )
}

impl Tr<'_> {
    /// Code of a list of how many arguments come before the keywords, and of these; false for a
    /// method that takes any.
    pub(super) fn method_keys(&mut self, name: &str, params: &Form) -> String {
        let items = params.items().unwrap_or(&[]);
        let is_word = |p: &Form, word: &str| p.name() == Some(word);
        let general = self.known.generic_keys.get(name).cloned();
        let general = general.unwrap_or_else(|| Some(Vec::new()));
        let (true, Some(mut keys), Some(general)) = (
            items.iter().any(|p| is_word(p, "&KEY")),
            keys_of(params),
            general,
        ) else {
            return "#f".into();
        };
        let before = items
            .iter()
            .take_while(|p| !is_word(p, "&KEY") && !is_word(p, "&REST"))
            .filter(|p| !is_word(p, "&OPTIONAL"));
        let mut all = vec![Form {
            kind: Kind::Atom(steel::SteelVal::IntV(before.count() as isize)),
            pos: params.pos,
        }];
        all.append(&mut keys);
        all.extend(general.iter().map(|k| Form::sym(k, params.pos)));
        self.datum(&Form::list(all, params.pos))
    }

    /// Code that tells which keywords a method of `initialize-instance` takes.
    pub(super) fn initializer_keys(&mut self, params: &Form) -> String {
        let any = || vec![Form::sym("T", params.pos)];
        let keys = keys_of(params).unwrap_or_else(any);
        let all = self.rt("cl:initializer-keys");
        let keys = self.datum(&Form::list(keys, params.pos));
        format!(" (set! {all} (append (%STEEL-LIST {keys}) {all}))")
    }
}
