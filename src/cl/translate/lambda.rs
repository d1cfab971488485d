//! Lambda lists: what a function takes, and how it finds it.

use super::Tr;
use super::env::*;
use super::special::strip_declarations;
use crate::cl::form::{Form, Kind, Pos};

/// A parameter with a default.
struct Optional {
    name: Form,
    init: Option<Form>,
    given: Option<String>,
    keyword: String,
}

/// A lambda list taken apart.
#[derive(Default)]
struct List {
    required: Vec<Form>,
    optional: Vec<Optional>,
    rest: Option<Form>,
    keys: Vec<Optional>,
    has_keys: bool,
    allow_other: bool,
    aux: Vec<Form>,
}

fn parse(form: &Form) -> Result<List, (Pos, String)> {
    let mut out = List::default();
    let (items, tail) = match &form.kind {
        Kind::List(v) => (v.as_slice(), None),
        Kind::Dotted(v, t) => (v.as_slice(), Some((**t).clone())),
        _ if form.is_nil() => (&[] as &[Form], None),
        _ => return Err((form.pos, "the parameters must be a list".into())),
    };
    let mut mode = "";
    let mut it = items.iter();
    while let Some(x) = it.next() {
        if let Some(n) = x.name().filter(|n| n.starts_with('&')) {
            match n {
                "&OPTIONAL" | "&KEY" | "&AUX" => {
                    out.has_keys |= n == "&KEY";
                    mode = if n == "&OPTIONAL" {
                        "o"
                    } else if n == "&KEY" {
                        "k"
                    } else {
                        "a"
                    };
                }
                "&REST" | "&BODY" => {
                    out.rest = it.next().cloned();
                    if out.rest.is_none() {
                        return Err((x.pos, format!("{n} needs a name")));
                    }
                    mode = "r";
                }
                "&ALLOW-OTHER-KEYS" => out.allow_other = true,
                other => return Err((x.pos, format!("not supported here: {other}"))),
            }
            continue;
        }
        match mode {
            "o" => out.optional.push(optional(x)?),
            "k" => out.keys.push(optional(x)?),
            "a" => out.aux.push(x.clone()),
            "r" => return Err((x.pos, "a parameter after &rest".into())),
            _ => out.required.push(x.clone()),
        }
    }
    if tail.is_some() {
        out.rest = tail;
    }
    Ok(out)
}

fn optional(x: &Form) -> Result<Optional, (Pos, String)> {
    let bad = || {
        (
            x.pos,
            "a parameter must be a name or (name default)".to_string(),
        )
    };
    let (first, init, given) = match &x.kind {
        Kind::Sym(_) => (x.clone(), None, None),
        Kind::List(v) => (
            v[0].clone(),
            v.get(1).cloned(),
            v.get(2).and_then(Form::name).map(str::to_string),
        ),
        _ => return Err(bad()),
    };
    let (name, keyword) = match &first.kind {
        Kind::Sym(s) => (first.clone(), format!(":{s}")),
        Kind::List(v) if v.len() == 2 => (v[1].clone(), v[0].name().ok_or_else(bad)?.to_string()),
        _ => return Err(bad()),
    };
    Ok(Optional {
        name,
        init,
        given,
        keyword,
    })
}

/// The least and the greatest number of arguments.
pub(super) fn arity(form: &Form) -> (usize, usize) {
    match parse(form) {
        Ok(l) => {
            let min = l.required.len();
            let open = l.rest.is_some() || l.has_keys;
            (
                min,
                if open {
                    usize::MAX
                } else {
                    min + l.optional.len()
                },
            )
        }
        Err(_) => (0, usize::MAX),
    }
}

impl Tr<'_> {
    /// A function. `head` is `lambda` or `define (name`; a block is made for `block`.
    pub(super) fn lambda(
        &mut self,
        head: &str,
        params: &Form,
        body: &[Form],
        pos: Pos,
        env: &Env,
        block: Option<&str>,
    ) -> String {
        let list = match parse(params) {
            Ok(l) => l,
            Err((pos, m)) => return self.refuse(pos, "LAMBDA", m),
        };
        let mut body = body;
        // A documentation string.
        if body.len() > 1
            && let Kind::Atom(v) = &body[0].kind
            && crate::cl::value::text(v).is_some()
        {
            body = &body[1..];
        }
        let mut inner = env.clone();
        inner.region = self.next_region();
        inner.closures += 1;
        let all_forms = scope_forms(&list, body);
        let mut names = Vec::new();
        let mut wraps: Vec<String> = Vec::new();
        let mut dynamic = Vec::new();
        for p in &list.required {
            let Some(name) = p
                .name()
                .filter(|n| !matches!(*n, "NIL" | "T") && !n.starts_with(':'))
            else {
                return self.refuse(p.pos, "LAMBDA", "a parameter must be a name");
            };
            let name = name.to_string();
            names.push(self.parameter(&name, &all_forms, &mut inner, &mut wraps, &mut dynamic));
        }
        let simple = list.optional.is_empty() && list.rest.is_none() && !list.has_keys;
        let k = K::Ret(self.all_values);
        let rest = self.fresh("rest");
        let code = if simple {
            self.after_parameters(&list, None, &[], body, &inner, dynamic, block, &k)
        } else {
            let required = list.required.len();
            self.after_parameters(
                &list,
                Some((rest.clone(), required)),
                &all_forms,
                body,
                &inner,
                dynamic,
                block,
                &k,
            )
        };
        let code = wraps
            .into_iter()
            .rev()
            .fold(code, |acc, w| format!("(let ({w}) {acc})"));
        let _ = pos;
        match (simple, names.is_empty()) {
            (true, _) => format!("({head} ({}) {code})", names.join(" ")),
            (false, true) => format!("({head} {rest} {code})"),
            (false, false) => format!("({head} ({} . {rest}) {code})", names.join(" ")),
        }
    }

    fn parameter(
        &mut self,
        name: &str,
        forms: &[Form],
        env: &mut Env,
        wraps: &mut Vec<String>,
        dynamic: &mut Vec<(String, String)>,
    ) -> String {
        if self.is_special(name) {
            let temp = self.fresh("d");
            dynamic.push((name.to_string(), temp.clone()));
            return temp;
        }
        let (steel, is_cell) = self.enter(name, forms, env);
        if is_cell {
            wraps.push(format!("({steel} (%CELL {steel}))"));
        }
        steel
    }

    // Optional, rest, key and aux parameters from the Steel list `rest`, then the body.
    #[expect(clippy::too_many_arguments, reason = "the parts of one lambda list")]
    fn after_parameters(
        &mut self,
        list: &List,
        rest: Option<(String, usize)>,
        forms: &[Form],
        body: &[Form],
        env: &Env,
        mut dynamic: Vec<(String, String)>,
        block: Option<&str>,
        k: &K,
    ) -> String {
        let mut env = env.clone();
        // Each entry is a binding, with the special variables to bind once it is made.
        let mut open: Vec<(String, Vec<(String, String)>)> = Vec::new();
        let outer = std::mem::take(&mut dynamic);
        if let Some((rest, required)) = &rest {
            let mut at = rest.clone();
            for o in &list.optional {
                let init = o.init.as_ref().map_or("#f".into(), |i| self.expr(i, &env));
                let value = format!("(if (null? {at}) {init} (car {at}))");
                self.open_parameter(
                    o,
                    &value,
                    &format!("(not (null? {at}))"),
                    forms,
                    &mut env,
                    &mut open,
                );
                let next = self.fresh("rest");
                open.push(plain(format!("({next} (if (null? {at}) {at} (cdr {at})))")));
                at = next;
            }
            if let Some(r) = &list.rest {
                let value = format!("(%LISP-LIST {at})");
                match &r.kind {
                    Kind::Sym(s) => {
                        let name = s.to_string();
                        let mut wraps = Vec::new();
                        let steel =
                            self.parameter(&name, forms, &mut env, &mut wraps, &mut dynamic);
                        open.push((format!("({steel} {value})"), std::mem::take(&mut dynamic)));
                        open.extend(wraps.into_iter().map(plain));
                    }
                    _ => {
                        self.refuse(r.pos, "&REST", "&rest needs a name");
                    }
                }
            }
            if list.has_keys {
                let found = self.fresh("keys");
                let any = if list.allow_other { "#t" } else { "#f" };
                let mut wanted = String::new();
                for o in &list.keys {
                    wanted.push(' ');
                    wanted.push_str(&self.symbol(&o.keyword));
                }
                let keys = format!("(%KEYS {at} {any}{wanted})");
                let keys = forms
                    .first()
                    .map_or(keys.clone(), |f| self.at(f.pos, &keys));
                open.push(plain(format!("({found} {keys})")));
                let mut at = found;
                for o in &list.keys {
                    let init = o.init.as_ref().map_or("#f".into(), |i| self.expr(i, &env));
                    let value = format!("(if (%IS-BOUND (car {at})) (car {at}) {init})");
                    let given = format!("(%IS-BOUND (car {at}))");
                    self.open_parameter(o, &value, &given, forms, &mut env, &mut open);
                    let next = self.fresh("keys");
                    open.push(plain(format!("({next} (cdr {at}))")));
                    at = next;
                }
            } else if list.rest.is_none() {
                let most = required + list.optional.len();
                let count = self.fresh("n");
                open.push(plain(format!(
                    "({count} (if (null? {at}) 0 (%ARITY (+ {most} (length {at})))))"
                )));
            }
        }
        for a in &list.aux {
            if let Ok(o) = optional(a) {
                let init = o.init.as_ref().map_or("#f".into(), |i| self.expr(i, &env));
                self.open_parameter(&o, &init, "#f", forms, &mut env, &mut open);
            }
        }
        let body = strip_declarations(body);
        let finish = |t: &mut Self, env: &Env, k: &K| match block {
            Some(name) => t.block(name, env, k, &mut |t, e, k| t.seq(body, e, k)),
            None => t.seq(body, env, k),
        };
        let is_dynamic = !outer.is_empty() || open.iter().any(|(_, d)| !d.is_empty());
        if !is_dynamic {
            let code = finish(self, &env, k);
            return open
                .into_iter()
                .rev()
                .fold(code, |acc, (w, _)| format!("(let ({w}) {acc})"));
        }
        let mut inner = env.clone();
        inner.region = self.next_region();
        let mut code = finish(self, &inner, &K::Ret(matches!(k, K::Ret(true))));
        for (binding, specials) in open.into_iter().rev() {
            if !specials.is_empty() {
                code = self.dynamically(&specials, code);
            }
            code = format!("(let ({binding}) {code})");
        }
        if !outer.is_empty() {
            code = self.dynamically(&outer, code);
        }
        self.deliver_all(code, k)
    }

    fn open_parameter(
        &mut self,
        o: &Optional,
        value: &str,
        given: &str,
        forms: &[Form],
        env: &mut Env,
        open: &mut Vec<(String, Vec<(String, String)>)>,
    ) {
        let Some(name) = o.name.name() else {
            // A nested pattern, as macro lambda lists have.
            self.refuse(o.name.pos, "LAMBDA", "a parameter must be a name");
            return;
        };
        if let Some(g) = &o.given {
            let mut wraps = Vec::new();
            let mut dynamic = Vec::new();
            let steel = self.parameter(g, forms, env, &mut wraps, &mut dynamic);
            open.push((format!("({steel} {given})"), dynamic));
            open.extend(wraps.into_iter().map(plain));
        }
        let mut wraps = Vec::new();
        let mut dynamic = Vec::new();
        let steel = self.parameter(name, forms, env, &mut wraps, &mut dynamic);
        open.push((format!("({steel} {value})"), dynamic));
        open.extend(wraps.into_iter().map(plain));
    }

    /// Binds a (macro) lambda list to the items of a Steel list: `destructuring-bind`.
    pub(super) fn bind_lambda_list(
        &mut self,
        params: &Form,
        value: &str,
        body: &[Form],
        env: &Env,
        pos: Pos,
        k: &K,
    ) -> String {
        let mut list = match parse(params) {
            Ok(l) => l,
            Err((pos, m)) => return self.refuse(pos, "DESTRUCTURING-BIND", m),
        };
        let owned;
        let body = match self.unnest(&mut list, body) {
            Some(inner) => {
                owned = [inner];
                &owned
            }
            None => body,
        };
        let forms = scope_forms(&list, body);
        let mut env = env.clone();
        let mut open = Vec::new();
        let whole = self.fresh("rest");
        open.push(format!("({whole} {value})"));
        let mut at = whole.clone();
        let mut nested: Vec<(Form, String)> = Vec::new();
        let mut dynamic = Vec::new();
        for p in std::mem::take(&mut list.required) {
            let part = self.fresh("p");
            let bad = self.at(pos, &format!("(%TOO-FEW {at})"));
            open.push(format!("({part} (if (null? {at}) {bad} (car {at})))"));
            match &p.kind {
                Kind::Sym(s) if &**s != "NIL" => {
                    let name = s.to_string();
                    let mut wraps = Vec::new();
                    let steel = self.parameter(&name, &forms, &mut env, &mut wraps, &mut dynamic);
                    open.push(format!("({steel} {part})"));
                    open.append(&mut wraps);
                }
                Kind::Sym(_) => {}
                _ => nested.push((p.clone(), part)),
            }
            let next = self.fresh("rest");
            open.push(format!("({next} (cdr {at}))"));
            at = next;
        }
        let count = 0;
        let all_body = |t: &mut Self, env: &Env, k: &K| {
            t.after_parameters(
                &list,
                Some((at.clone(), count)),
                &forms,
                body,
                env,
                dynamic.clone(),
                None,
                k,
            )
        };
        let code = self.nested_lists(&nested, body, &env, k, &all_body);
        open.into_iter()
            .rev()
            .fold(code, |acc, w| format!("(let ({w}) {acc})"))
    }

    // Nested lambda lists with `&` words become `destructuring-bind` forms around the body.
    fn unnest(&mut self, list: &mut List, body: &[Form]) -> Option<Form> {
        const WORDS: &[&str] = &["&OPTIONAL", "&KEY", "&REST", "&BODY"];
        let mut inner: Option<Form> = None;
        for p in list.required.iter_mut().rev() {
            if p.name().is_some() || !mentions(std::slice::from_ref(p), WORDS) {
                continue;
            }
            let pos = p.pos;
            let part = Form::sym(&self.fresh("PART"), pos);
            let pattern = std::mem::replace(p, part.clone());
            let mut form = vec![Form::sym("DESTRUCTURING-BIND", pos), pattern, part];
            match inner.take() {
                Some(x) => form.push(x),
                None => form.extend(body.iter().cloned()),
            }
            inner = Some(Form::list(form, pos));
        }
        inner
    }

    fn nested_lists(
        &mut self,
        nested: &[(Form, String)],
        body: &[Form],
        env: &Env,
        k: &K,
        make: &dyn Fn(&mut Self, &Env, &K) -> String,
    ) -> String {
        let Some(((pattern, value), rest)) = nested.split_first() else {
            return make(self, env, k);
        };
        let value = value.clone();
        let this = self;
        this.destructure(pattern, &value, body, env, &mut |t, env| {
            t.nested_lists(rest, body, env, k, make)
        })
    }
}

// Everything a parameter may be used in: the defaults of later ones, and the body.
fn scope_forms(list: &List, body: &[Form]) -> Vec<Form> {
    let mut out: Vec<Form> = body.to_vec();
    let inits = list
        .optional
        .iter()
        .chain(&list.keys)
        .filter_map(|o| o.init.clone());
    out.extend(inits);
    out.extend(list.aux.iter().cloned());
    out
}

fn plain(binding: String) -> (String, Vec<(String, String)>) {
    (binding, Vec::new())
}
