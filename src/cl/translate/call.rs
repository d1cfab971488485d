//! Calls: what the head of a list means.

use super::Tr;
use super::env::*;
use super::functions::{self, Shape};
use crate::cl::form::{Form, Kind};
use crate::cl::rt::table::PRIMS;

impl Tr<'_> {
    /// A list as a form.
    pub(super) fn list(&mut self, f: &Form, env: &Env, k: &K) -> String {
        let Some(items) = f.items() else {
            return String::from("#f");
        };
        let args = &items[1..];
        let Some(head) = items[0].name() else {
            if items[0].head() == Some("LAMBDA") {
                let function = self.expr(&items[0], env);
                let args = self.exprs(args, env).join(" ");
                let code = self.at(f.pos, &format!("({function} {args})"));
                return self.deliver_all(code, k);
            }
            let shown = crate::cl::printer::prin1(&crate::cl::rt::io::datum(&items[0]));
            return self.refuse(f.pos, &shown, "illegal function call");
        };
        let head = head.to_string();
        if let Some(fun) = env.fun(&head).cloned() {
            if fun.is_macro {
                return match self.expand(&fun.steel, &head, f) {
                    Some(form) => self.stmt(&form, env, k),
                    None => "#f".into(),
                };
            }
            let name = if fun.is_cell {
                format!("(%CELL-GET {})", fun.steel)
            } else {
                fun.steel
            };
            let args = self.exprs(args, env).join(" ");
            let code = self.at(f.pos, &format!("({name} {args})"));
            return self.deliver_all(code, k);
        }
        if self.known.macros.contains(&head) {
            let steel = format!("m:{}", mangle(&head));
            return match self.expand(&steel, &head, f) {
                Some(form) => self.stmt(&form, env, k),
                None => "#f".into(),
            };
        }
        if let Some(modifier) = self.known.modifiers.get(&head).cloned() {
            return self.modify_with(f, &modifier, args, env, k);
        }
        if let Some((class, index)) = self.known.accessors.get(&head).cloned()
            && args.len() == 1
        {
            let object = self.expr(&args[0], env);
            let class = format!("t:{}", mangle(&class));
            let code = self.at(f.pos, &format!("(%SLOT {class} {index} {object})"));
            return self.deliver(code, k);
        }
        if self.known.functions.contains_key(&head) {
            return self.user_call(&head, f, args, env, k);
        }
        let head = self.imported(&head).into_owned();
        if let Some(code) = self.special(&head, f, args, env, k) {
            return code;
        }
        self.standard_call(&head, f, args, env, k)
    }

    fn user_call(&mut self, head: &str, f: &Form, args: &[Form], env: &Env, k: &K) -> String {
        let (min, max) = self.known.functions[head];
        let n = args.len();
        let codes = self.exprs(args, env).join(" ");
        if n < min || n > max {
            let bad = self.at(f.pos, &format!("(%ARITY {n})"));
            return self.deliver(format!("(begin {codes} {bad})"), k);
        }
        let code = self.at(f.pos, &format!("(f:{} {codes})", mangle(head)));
        self.deliver_all(code, k)
    }

    pub(super) fn standard_call(
        &mut self,
        head: &str,
        f: &Form,
        args: &[Form],
        env: &Env,
        k: &K,
    ) -> String {
        if self.prints_through_methods(head) {
            return self.prepared_call(head, f, args, env, k);
        }
        if let Some(shape) = functions::find(head) {
            return self.shaped_call(shape, f, args, env, k);
        }
        if Self::is_prim(head) {
            return self.prim_call(head, f, args, env, k);
        }
        if let Some(rest) = head.strip_prefix("CL-SIPC:") {
            return self.refuse(f.pos, head, format!("sipc has no function {rest}"));
        }
        if crate::cl::table::is_standard(head) {
            return self.refuse(f.pos, head, format!("not supported here: {head}"));
        }
        if head.starts_with(':') || head.contains(':') {
            return self.refuse(f.pos, head, format!("not supported here: {head}"));
        }
        self.called.entry(head.to_string()).or_insert(f.pos);
        let codes = self.exprs(args, env).join(" ");
        let code = self.at(f.pos, &format!("(f:{} {codes})", mangle(head)));
        self.deliver_all(code, k)
    }

    fn prim_call(&mut self, head: &str, f: &Form, args: &[Form], env: &Env, k: &K) -> String {
        let entry = PRIMS[head];
        let reduced = super::constants::first(head, args);
        let args = &reduced[..];
        let n = args.len();
        if n < entry.min || (entry.max < 99 && n > entry.max) {
            let codes = self.exprs(args, env).join(" ");
            let bad = self.at(f.pos, &format!("(%ARITY {n})"));
            return self.deliver(format!("(begin {codes} {bad})"), k);
        }
        if matches!(head, "+" | "-" | "*" | "<" | ">" | "<=" | ">=" | "=")
            && n == 2
            && args.iter().all(|a| self.is_int(a, env))
        {
            let codes = self.exprs(args, env).join(" ");
            return self.deliver(format!("({head} {codes})"), k);
        }
        if matches!(head, "1+" | "1-") && self.is_int(&args[0], env) {
            let a = self.expr(&args[0], env);
            return self.deliver(format!("({} {a} 1)", &head[1..]), k);
        }
        if head == "FORMAT" {
            self.check_format(args);
        }
        let mut codes = Vec::new();
        if let Some(stream) = entry.stream {
            codes.push(self.variable(stream, f.pos, env));
        }
        for (i, a) in args.iter().enumerate() {
            codes.push(match &a.kind {
                // No program can tell one control string from another.
                Kind::Atom(steel::SteelVal::StringV(s)) if head == "FORMAT" && i == 1 => literal(s),
                _ => self.expr(a, env),
            });
        }
        let codes = codes.join(" ");
        let taking = match entry.stream {
            Some("*STANDARD-INPUT*") => format!("{} ", self.rt("cl:taking")),
            _ => String::new(),
        };
        if entry.all_values.is_some() && matches!(k, K::Ret(true)) && self.all_values {
            let call = self.at(f.pos, &format!("({taking}%%{head} {codes})"));
            return format!("(%SPREAD {call})");
        }
        let code = self.at(f.pos, &format!("({taking}%{head} {codes})"));
        self.deliver(code, k)
    }

    fn check_format(&mut self, args: &[Form]) {
        if let Some(control) = args.get(1)
            && let Kind::Atom(v) = &control.kind
            && let Some(text) = crate::cl::value::text(v)
            && let Some(reason) = crate::cl::format::check(&text)
        {
            self.refuse(control.pos, "FORMAT", reason);
        }
    }

    /// A call of a function of `lisp/cl/` (or a primitive) whose arguments are sorted here.
    fn shaped_call(&mut self, shape: &Shape, f: &Form, args: &[Form], env: &Env, k: &K) -> String {
        let target = if shape.target.starts_with("cl:") {
            self.rt(shape.target)
        } else {
            shape.target.to_string()
        };
        let mut codes = Vec::new();
        let mut at = 0;
        if let Some(stream) = shape.stream {
            codes.push(self.variable(stream, f.pos, env));
        }
        for c in shape.args.chars() {
            match (c, args.get(at)) {
                ('f', Some(a)) => codes.push(self.function_argument(a, env)),
                ('x', Some(a)) => {
                    let class = super::conditions::quoted(a).filter(|n| {
                        matches!(shape.name, "ERROR" | "SIGNAL" | "WARN" | "MAKE-CONDITION")
                            && self.known.classes.contains_key(n)
                    });
                    codes.push(match class {
                        Some(n) => format!("t:{}", mangle(&n)),
                        None => self.expr(a, env),
                    });
                }
                ('o' | 'e', Some(a)) => codes.push(self.expr(a, env)),
                ('o', None) => codes.push("#f".into()),
                ('e', None) => codes.push("#t".into()),
                ('r', _) => {
                    while at < args.len() {
                        codes.push(self.expr(&args[at], env));
                        at += 1;
                    }
                }
                _ => {
                    let n = args.len();
                    let bad = self.at(f.pos, &format!("(%ARITY {n})"));
                    return self.deliver(bad, k);
                }
            }
            at += 1;
        }
        let rest = args.get(at..).unwrap_or(&[]);
        if shape.keys.is_empty() {
            if !rest.is_empty() && !shape.args.ends_with('r') {
                let n = args.len();
                let codes = codes.join(" ");
                let bad = self.at(f.pos, &format!("(%ARITY {n})"));
                return self.deliver(format!("(begin {codes} {bad})"), k);
            }
        } else if let Err(message) = self.key_arguments(shape, rest, env, &mut codes) {
            if message.is_empty() {
                // Keywords known only at run time: the general way.
                let function = self.shape_object(shape);
                let args = self.exprs(args, env).join(" ");
                let code = self.at(f.pos, &format!("({function} {args})"));
                return self.deliver(code, k);
            }
            let code = self.at(f.pos, &format!("(%PROGRAM-ERROR {})", literal(&message)));
            return self.deliver(code, k);
        }
        if shape.name == "ERROR" {
            let code = self.raise(f, &codes);
            return self.deliver(code, k);
        }
        let codes = codes.join(" ");
        if shape.is_multi && matches!(k, K::Ret(true)) && self.all_values {
            let call = self.at(f.pos, &format!("(%{target} {codes})"));
            return format!("(%SPREAD {call})");
        }
        let code = self.at(f.pos, &format!("({target} {codes})"));
        if matches!(
            shape.name,
            "CL-SIPC:SEND"
                | "DECODE-UNIVERSAL-TIME"
                | "GET-DECODED-TIME"
                | "DECODE-FLOAT"
                | "INTEGER-DECODE-FLOAT"
                | "GET-PROPERTIES"
                | "EVAL"
                | "COMPILE"
                | "INVOKE-RESTART"
        ) {
            return self.deliver_all(code, k);
        }
        self.deliver(code, k)
    }

    /// `error` with its arguments' code. It is raised here and not in the library, so that it has
    /// a place in the text.
    pub(super) fn raise(&mut self, f: &Form, codes: &[String]) -> String {
        let condition = self.rt("cl:condition");
        let (what, args) = codes.split_first().map_or(("#f", &[][..]), |(w, a)| (w, a));
        let args = args.join(" ");
        let mut code = format!("({condition} \"SIMPLE-ERROR\" {what} (list {args}))");
        if self.signals {
            code = format!("({} {code})", self.rt("cl:announced"));
        }
        let code = format!("(%RAISE {code})");
        self.at(f.pos, &code)
    }

    fn key_arguments(
        &mut self,
        shape: &Shape,
        rest: &[Form],
        env: &Env,
        codes: &mut Vec<String>,
    ) -> Result<(), String> {
        let mut given: Vec<Option<String>> = vec![None; shape.keys.len()];
        for pair in rest.chunks(2) {
            let Some(name) = pair[0].name().filter(|n| n.starts_with(':')) else {
                return Err(String::new());
            };
            let Some(value) = pair.get(1) else {
                return Err("odd number of &KEY arguments".into());
            };
            let name = &name[1..];
            let Some(i) = shape
                .keys
                .iter()
                .position(|k| k.trim_start_matches('!') == name)
            else {
                if shape.ignored.contains(&name) {
                    continue;
                }
                if functions::is_missing_key(shape.name, name) {
                    let missing = format!("not supported here: :{name} of {}", shape.name);
                    self.refuse(pair[0].pos, shape.name, missing);
                    continue;
                }
                return Err(format!("Unknown &KEY argument: :{name}"));
            };
            let code = if matches!(name, "KEY" | "TEST" | "TEST-NOT") && !shape.is_plain_test {
                self.function_argument(value, env)
            } else {
                self.expr(value, env)
            };
            given[i].get_or_insert(code);
        }
        for (i, key) in shape.keys.iter().enumerate() {
            codes.push(match given[i].take() {
                Some(c) => c,
                None if key.starts_with('!') => "(%NO-VALUE)".into(),
                None => "#f".into(),
            });
        }
        Ok(())
    }

    /// A form in the place of a function: `#'f`, `'f`, or a value that is one.
    pub(super) fn function_argument(&mut self, f: &Form, env: &Env) -> String {
        match f.head() {
            Some("QUOTE") => {
                if let Some(name) = f.items().and_then(|i| i.get(1)).and_then(Form::name)
                    && name != "NIL"
                {
                    let name = name.to_string();
                    // A quoted name means the global function, whatever is local here.
                    return self.function_object(&name, f.pos, &Env::default());
                }
            }
            Some("FUNCTION" | "LAMBDA" | "CONSTANTLY" | "COMPLEMENT") => return self.expr(f, env),
            _ if f.is_nil() => return "#f".into(),
            _ => {}
        }
        let code = self.expr(f, env);
        self.symbols_at_run_time = true;
        let fun = self.rt("cl:function");
        format!("({fun} {code})")
    }

    /// `#'name`.
    pub(super) fn function_object(
        &mut self,
        name: &str,
        pos: crate::cl::form::Pos,
        env: &Env,
    ) -> String {
        if let Some(fun) = env.fun(name) {
            return if fun.is_cell {
                format!("(%CELL-GET {})", fun.steel)
            } else {
                fun.steel.clone()
            };
        }
        if let Some((class, index)) = self.known.accessors.get(name) {
            return format!("(lambda (o) (%SLOT t:{} {index} o))", mangle(class));
        }
        if self.known.functions.contains_key(name) {
            return format!("f:{}", mangle(name));
        }
        if self.prints_through_methods(name) {
            self.is_prepared = true;
            let function = self.function_object(name, pos, env);
            self.is_prepared = false;
            let prepare = self.rt("cl:prepare");
            return format!("(lambda a ({prepare} a) (apply {function} a))");
        }
        let full = self.imported(name);
        let name = full.as_ref();
        if let Some(shape) = functions::find(name) {
            return self.shape_object(shape);
        }
        if Self::is_prim(name) {
            let entry = PRIMS[name];
            return match entry.stream {
                Some(s @ "*STANDARD-INPUT*") => {
                    let taking = self.rt("cl:taking");
                    let read =
                        |prim: &str| format!("(apply {taking} (cons {prim} (cons g:{s} a)))");
                    match entry.all_values.is_some() && self.all_values {
                        true => {
                            format!("(lambda a (%SPREAD {}))", read(&format!("%%{name}")))
                        }
                        false => format!("(lambda a {})", read(&format!("%{name}"))),
                    }
                }
                Some(s) => {
                    let spread = if entry.all_values.is_some() && self.all_values {
                        format!("(%SPREAD (apply %%{name} (cons g:{s} a)))")
                    } else {
                        format!("(apply %{name} (cons g:{s} a))")
                    };
                    format!("(lambda a {spread})")
                }
                None if entry.all_values.is_some() && self.all_values => {
                    format!("(lambda a (%SPREAD (apply %%{name} a)))")
                }
                None => format!("%{name}"),
            };
        }
        match name {
            "FUNCALL" => {
                let call = self.rt("cl:funcall");
                return call;
            }
            "APPLY" => return self.rt("cl:apply"),
            "VALUES" => return "%VALUES".into(),
            "ERROR" => return self.rt("cl:error"),
            _ => {}
        }
        if crate::cl::table::is_standard(name) || name.contains(':') {
            return self.refuse(pos, name, format!("not supported here: #'{name}"));
        }
        self.called.entry(name.to_string()).or_insert(pos);
        format!("f:{}", mangle(name))
    }

    /// A function with keyword arguments as a value: it sorts them at each call.
    fn shape_object(&mut self, shape: &Shape) -> String {
        let target = if shape.target.starts_with("cl:") {
            self.rt(shape.target)
        } else {
            shape.target.to_string()
        };
        let stream = shape.stream.map(|s| format!("g:{s} ")).unwrap_or_default();
        let required = shape
            .args
            .chars()
            .filter(|c| matches!(c, 'x' | 'f'))
            .count();
        if shape.args.ends_with('r') && shape.keys.is_empty() {
            return if stream.is_empty() {
                target
            } else {
                format!("(lambda a (apply {target} (cons {stream} a)))")
            };
        }
        let names: Vec<String> = (0..required).map(|i| format!("a{i}")).collect();
        let names = names.join(" ");
        let defaults: Vec<&str> = shape
            .args
            .chars()
            .filter_map(|c| match c {
                'o' => Some("#f"),
                'e' => Some("#t"),
                _ => None,
            })
            .collect();
        let spread = self.rt("cl:sorted");
        let keys: Vec<String> = shape
            .keys
            .iter()
            .map(|k| match k.strip_prefix('!') {
                Some(k) => format!("(cons ':{k} #t)"),
                None => format!("(cons ':{k} #f)"),
            })
            .collect();
        let parameters = if required == 0 {
            "r".to_owned()
        } else {
            format!("({names} . r)")
        };
        format!(
            "(lambda {parameters} (apply {target} (append (list {stream}{names}) ({spread} r (list {}) (list {})))))",
            defaults.join(" "),
            keys.join(" ")
        )
    }
}
