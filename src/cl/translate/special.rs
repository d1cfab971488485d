//! Special forms and macros of the language: one table from name to translation.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind};

type Handler = fn(&mut Tr<'_>, &Form, &[Form], &Env, &K) -> String;

/// Every form the translator knows by itself, with the fewest arguments it takes.
static FORMS: &[(&str, usize, Handler)] = &[
    ("QUOTE", 1, |t, _, a, _, k| {
        let code = t.datum(&a[0]);
        t.deliver(code, k)
    }),
    ("FUNCTION", 1, |t, f, a, e, k| {
        t.function_form(f, &a[0], e, k)
    }),
    ("LAMBDA", 1, |t, f, a, e, k| {
        let code = t.lambda("lambda", &a[0], &a[1..], f.pos, e, None);
        t.deliver(code, k)
    }),
    ("PROGN", 0, |t, _, a, e, k| t.seq(a, e, k)),
    ("LOCALLY", 0, |t, _, a, e, k| {
        t.seq(strip_declarations(a), e, k)
    }),
    ("EVAL-WHEN", 1, |t, _, a, e, k| t.seq(&a[1..], e, k)),
    ("THE", 2, |t, _, a, e, k| t.stmt(&a[1], e, k)),
    ("DECLARE", 0, |t, _, _, _, k| t.deliver("#f".into(), k)),
    ("DECLAIM", 0, |t, _, _, _, k| t.deliver("#f".into(), k)),
    ("PROCLAIM", 0, |t, _, _, _, k| t.deliver("#f".into(), k)),
    ("PROG1", 1, |t, _, a, e, k| t.prog1(a, e, k)),
    ("PROG2", 2, |t, _, a, e, k| {
        let first = t.expr(&a[0], e);
        let rest = t.prog1(&a[1..], e, k);
        format!("(begin {first} {rest})")
    }),
    ("IF", 2, |t, f, a, e, k| t.if_form(f, a, e, k)),
    ("WHEN", 1, |t, _, a, e, k| {
        let test = t.expr(&a[0], e);
        t.branch(test, k, &mut |t, k| t.seq(&a[1..], e, k), &mut |t, k| {
            t.deliver("#f".into(), k)
        })
    }),
    ("UNLESS", 1, |t, _, a, e, k| {
        let test = t.expr(&a[0], e);
        t.branch(
            test,
            k,
            &mut |t, k| t.deliver("#f".into(), k),
            &mut |t, k| t.seq(&a[1..], e, k),
        )
    }),
    ("COND", 0, |t, _, a, e, k| t.cond(a, e, k)),
    ("AND", 0, |t, _, a, e, k| t.and(a, e, k)),
    ("OR", 0, |t, _, a, e, k| t.or(a, e, k)),
    ("CASE", 1, |t, f, a, e, k| t.case(f, "CASE", a, e, k)),
    ("ECASE", 1, |t, f, a, e, k| t.case(f, "ECASE", a, e, k)),
    ("CCASE", 1, |t, f, a, e, k| t.case(f, "ECASE", a, e, k)),
    ("TYPECASE", 1, |t, f, a, e, k| t.typecase(f, a, e, k)),
    ("CTYPECASE", 1, |t, f, a, e, k| t.typecase(f, a, e, k)),
    ("ETYPECASE", 1, |t, f, a, e, k| t.typecase(f, a, e, k)),
    ("BLOCK", 1, |t, f, a, e, k| {
        let Some(name) = a[0].name().map(str::to_string) else {
            return t.refuse(f.pos, "BLOCK", "a block's name must be a symbol");
        };
        t.block(&name, e, k, &mut |t, e, k| t.seq(&a[1..], e, k))
    }),
    ("RETURN-FROM", 1, |t, f, a, e, _| {
        let name = a[0].name().unwrap_or("").to_string();
        let value = a.get(1).cloned().unwrap_or_else(|| Form::sym("NIL", f.pos));
        t.return_from(f, &name, &value, e)
    }),
    ("RETURN", 0, |t, f, a, e, _| {
        let value = a
            .first()
            .cloned()
            .unwrap_or_else(|| Form::sym("NIL", f.pos));
        t.return_from(f, "NIL", &value, e)
    }),
    ("LET", 1, |t, f, a, e, k| t.let_form(f, a, e, k, false)),
    ("LET*", 1, |t, f, a, e, k| t.let_form(f, a, e, k, true)),
    ("FLET", 1, |t, f, a, e, k| t.flet(f, a, e, k, false)),
    ("LABELS", 1, |t, f, a, e, k| t.flet(f, a, e, k, true)),
    ("MACROLET", 1, |t, f, a, e, k| t.macrolet(f, a, e, k)),
    ("SYMBOL-MACROLET", 1, |t, f, a, e, k| {
        t.symbol_macrolet(f, a, e, k)
    }),
    ("DESTRUCTURING-BIND", 2, |t, f, a, e, k| {
        t.destructuring_bind(f, a, e, k)
    }),
    ("MULTIPLE-VALUE-BIND", 2, |t, f, a, e, k| {
        t.multiple_value_bind(f, a, e, k)
    }),
    ("MULTIPLE-VALUE-LIST", 1, |t, _, a, e, k| {
        let code = t.expr_all(&a[0], e);
        t.deliver(format!("(%LISP-LIST (%ALL {code}))"), k)
    }),
    ("MULTIPLE-VALUE-CALL", 1, |t, _, a, e, k| {
        t.multiple_value_call(a, e, k)
    }),
    ("MULTIPLE-VALUE-PROG1", 1, |t, _, a, e, k| {
        let code = t.expr_all(&a[0], e);
        let rest = t.exprs(&a[1..], e).join(" ");
        let name = t.fresh("all");
        let code = format!("(let (({name} (%ALL {code}))) {rest} (%SPREAD {name}))");
        t.deliver_all(code, k)
    }),
    ("MULTIPLE-VALUE-SETQ", 2, |t, f, a, e, k| {
        t.multiple_value_setq(f, a, e, k)
    }),
    ("NTH-VALUE", 2, |t, _, a, e, k| {
        let n = t.expr(&a[0], e);
        let code = t.expr_all(&a[1], e);
        t.deliver(format!("(%NTH {n} (%LISP-LIST (%ALL {code})))"), k)
    }),
    ("VALUES", 0, |t, _, a, e, k| t.values(a, e, k)),
    ("VALUES-LIST", 1, |t, _, a, e, k| {
        let code = t.expr(&a[0], e);
        t.deliver_all(format!("(%SPREAD (%STEEL-LIST {code}))"), k)
    }),
    ("FUNCALL", 1, |t, f, a, e, k| {
        let function = t.function_argument(&a[0], e);
        let args = t.exprs(&a[1..], e).join(" ");
        let clear = matches!(k, K::Ret(true)) && t.all_values;
        // A lambda applied in place would have its arguments counted before anything runs.
        let function = match (clear, function.starts_with("(lambda")) {
            (true, _) => format!("(%CLEAR {function})"),
            (false, true) => format!("(%IDENTITY {function})"),
            (false, false) => function,
        };
        let code = t.at(f.pos, &format!("({function} {args})"));
        t.deliver_all(code, k)
    }),
    ("APPLY", 2, |t, f, a, e, k| {
        let function = t.function_argument(&a[0], e);
        let (last, middle) = match a[1..].split_last() {
            Some(x) => x,
            None => return t.refuse(f.pos, "APPLY", "apply needs a list"),
        };
        let middle = t.exprs(middle, e);
        let last = t.expr(last, e);
        let list = middle
            .iter()
            .rev()
            .fold(format!("(%STEEL-LIST {last})"), |acc, x| {
                format!("(cons {x} {acc})")
            });
        let clear = matches!(k, K::Ret(true)) && t.all_values;
        let function = if clear {
            format!("(%CLEAR {function})")
        } else {
            function
        };
        let code = t.at(f.pos, &format!("(apply {function} {list})"));
        t.deliver_all(code, k)
    }),
    ("SETQ", 0, |t, f, a, e, k| t.setf(f, a, e, k)),
    ("SETF", 0, |t, f, a, e, k| t.setf(f, a, e, k)),
    ("PSETQ", 0, |t, f, a, e, k| t.psetf(f, a, e, k)),
    ("PSETF", 0, |t, f, a, e, k| t.psetf(f, a, e, k)),
    ("INCF", 1, |t, f, a, e, k| t.modify(f, "+", a, e, k)),
    ("DECF", 1, |t, f, a, e, k| t.modify(f, "-", a, e, k)),
    ("PUSH", 2, |t, f, a, e, k| t.push(f, a, e, k)),
    ("PUSHNEW", 2, |t, f, a, e, k| t.pushnew(f, a, e, k)),
    ("POP", 1, |t, f, a, e, k| t.pop(f, a, e, k)),
    ("REMF", 2, |t, f, a, e, k| t.remf(f, a, e, k)),
    ("ROTATEF", 0, |t, f, a, e, k| t.rotatef(f, a, e, k)),
    ("SHIFTF", 2, |t, f, a, e, k| t.shiftf(f, a, e, k)),
    ("PROG", 1, |t, f, a, e, k| t.prog(f, a, e, k, false)),
    ("PROG*", 1, |t, f, a, e, k| t.prog(f, a, e, k, true)),
    ("TAGBODY", 0, |t, f, a, e, k| t.tagbody(f, a, e, k)),
    ("GO", 1, |t, f, a, e, _| t.go(f, a, e)),
    ("LOOP-FINISH", 0, |t, f, _, e, _| t.loop_finish(f, e)),
    ("LOAD-TIME-VALUE", 1, |t, _, a, _, k| {
        let code = t.load_time_value(&a[0]);
        t.deliver(code, k)
    }),
    ("FORMATTER", 1, |t, f, a, e, k| t.formatter(f, a, e, k)),
    ("SET", 2, |t, f, a, e, k| t.set_symbol(f, a, e, k)),
    ("MAKUNBOUND", 1, |t, f, a, _, k| t.makunbound(f, a, k)),
    ("DEFSETF", 2, |t, f, a, _, k| t.defsetf(f, a, k)),
    ("DEFINE-MODIFY-MACRO", 3, |t, f, a, _, k| {
        t.define_modify_macro(f, a, k)
    }),
    ("PROGV", 2, |t, f, a, e, k| t.progv(f, a, e, k)),
    ("WITH-SLOTS", 2, |t, f, a, e, k| t.with_parts(f, a, e, k)),
    ("WITH-ACCESSORS", 2, |t, f, a, e, k| {
        t.with_parts(f, a, e, k)
    }),
    ("DOCUMENTATION", 2, |t, f, a, _, k| t.documentation(f, a, k)),
    ("LOOP", 0, |t, f, a, e, k| t.loop_form(f, a, e, k)),
    // A loop whose special variables are bound around it.
    ("%LOOP", 0, |t, f, a, e, k| t.loop_form(f, a, e, k)),
    ("DO", 2, |t, f, a, e, k| t.do_form(f, a, e, k, false)),
    ("DO*", 2, |t, f, a, e, k| t.do_form(f, a, e, k, true)),
    ("DOLIST", 1, |t, f, a, e, k| t.dolist(f, a, e, k)),
    ("DOTIMES", 1, |t, f, a, e, k| t.dotimes(f, a, e, k)),
    ("DEFUN", 2, |t, f, a, e, k| t.defun(f, a, e, k)),
    ("DEFMACRO", 2, |t, f, a, _, k| t.defmacro(f, a, k)),
    ("DEFVAR", 1, |t, f, a, e, k| t.defvar(f, "DEFVAR", a, e, k)),
    ("DEFPARAMETER", 2, |t, f, a, e, k| {
        t.defvar(f, "DEFPARAMETER", a, e, k)
    }),
    ("DEFCONSTANT", 2, |t, f, a, e, k| {
        t.defvar(f, "DEFCONSTANT", a, e, k)
    }),
    ("DEFCLASS", 3, |t, f, a, e, k| t.defclass(f, a, e, k)),
    ("DEFGENERIC", 2, |t, f, a, e, k| t.defgeneric(f, a, e, k)),
    ("DEFMETHOD", 2, |t, f, a, e, k| t.defmethod(f, a, e, k)),
    ("PRINT-UNREADABLE-OBJECT", 1, |t, f, a, e, k| {
        t.print_unreadable(f, a, e, k)
    }),
    ("DEFTYPE", 2, |t, f, a, _, k| t.deftype(f, a, k)),
    ("DEFSTRUCT", 1, |t, f, a, e, k| t.defstruct(f, a, e, k)),
    ("DEFINE-CONDITION", 2, |t, f, a, e, k| {
        t.define_condition(f, a, e, k)
    }),
    ("DEFPACKAGE", 1, |t, _, a, _, k| {
        let q = t.datum(&a[0]);
        t.deliver(q, k)
    }),
    ("IN-PACKAGE", 1, |t, f, a, _, k| t.in_package(f, a, k)),
    ("USE-PACKAGE", 1, |t, _, _, _, k| t.deliver("#t".into(), k)),
    ("EXPORT", 1, |t, _, _, _, k| t.deliver("#t".into(), k)),
    ("IMPORT", 1, |t, _, _, _, k| t.deliver("#t".into(), k)),
    ("PROVIDE", 1, |t, _, _, _, k| t.deliver("#t".into(), k)),
    ("REQUIRE", 1, |t, f, a, _, k| t.require(f, a, k)),
    ("QUICKLOAD", 1, |t, f, a, _, k| t.require(f, a, k)),
    ("LOAD-SYSTEM", 1, |t, f, a, _, k| t.require(f, a, k)),
    ("ASDF:OPERATE", 2, |t, f, a, _, k| t.require(f, &a[1..], k)),
    ("ASDF:OOS", 2, |t, f, a, _, k| t.require(f, &a[1..], k)),
    // There is no debugger to turn off.
    ("SB-EXT:DISABLE-DEBUGGER", 0, |t, _, _, _, k| {
        t.deliver("#f".into(), k)
    }),
    // The code of `uiop:quit` needs no keyword.
    ("QUIT", 0, |t, f, a, e, k| match a.first() {
        Some(code) if code.name().is_none_or(|n| !n.starts_with(':')) => {
            let args = [Form::sym(":CODE", f.pos), code.clone()];
            t.standard_call("EXIT", f, &args, e, k)
        }
        _ => t.standard_call("QUIT", f, a, e, k),
    }),
    ("HANDLER-CASE", 1, |t, f, a, e, k| {
        t.handler_case(f, a, e, k)
    }),
    ("HANDLER-BIND", 1, |t, f, a, e, k| {
        t.handler_bind(f, a, e, k)
    }),
    ("RESTART-CASE", 1, |t, f, a, e, k| {
        t.restart_case(f, a, e, k)
    }),
    ("RESTART-BIND", 1, |t, f, a, e, k| {
        t.restart_bind(f, a, e, k)
    }),
    ("WITH-SIMPLE-RESTART", 1, |t, f, a, e, k| {
        t.with_simple_restart(f, a, e, k)
    }),
    ("CERROR", 2, |t, f, a, e, k| t.cerror(f, a, e, k)),
    ("IGNORE-ERRORS", 0, |t, f, a, e, k| {
        t.ignore_errors(f, a, e, k)
    }),
    ("UNWIND-PROTECT", 1, |t, _, a, e, k| {
        let body = t.body(&a[..1], e, matches!(k, K::Ret(true)) && t.all_values);
        let cleanup = t.body(&a[1..], e, false);
        let keep = if t.all_values {
            "cl:protect-all"
        } else {
            "dynamic-wind"
        };
        if t.all_values {
            let name = t.rt("cl:protect-all");
            return t.deliver_all(
                format!("({name} (lambda () {body}) (lambda () {cleanup}))"),
                k,
            );
        }
        t.deliver(
            format!("({keep} (lambda () #f) (lambda () {body}) (lambda () {cleanup}))"),
            k,
        )
    }),
    ("CATCH", 1, |t, _, a, e, k| {
        let tag = t.expr(&a[0], e);
        let body = t.body(&a[1..], e, matches!(k, K::Ret(true)) && t.all_values);
        let catch = t.rt("cl:catch");
        t.deliver_all(format!("({catch} {tag} (lambda () {body}))"), k)
    }),
    ("THROW", 2, |t, f, a, e, k| {
        let tag = t.expr(&a[0], e);
        let values = if t.all_values {
            let code = t.expr_all(&a[1], e);
            format!("(%ALL {code})")
        } else {
            format!("(list {})", t.expr(&a[1], e))
        };
        let throw = t.rt("cl:throw");
        let code = t.at(f.pos, &format!("({throw} {tag} {values})"));
        t.deliver(code, k)
    }),
    ("ASSERT", 1, |t, f, a, e, k| t.assert(f, a, e, k)),
    ("CHECK-TYPE", 2, |t, f, a, e, k| t.check_type(f, a, e, k)),
    ("WITH-OPEN-FILE", 1, |t, f, a, e, k| t.with_open(f, a, e, k)),
    ("WITH-OPEN-STREAM", 1, |t, f, a, e, k| {
        t.with_open(f, a, e, k)
    }),
    ("WITH-OUTPUT-TO-STRING", 1, |t, f, a, e, k| {
        t.with_output_to_string(f, a, e, k)
    }),
    ("WITH-INPUT-FROM-STRING", 1, |t, f, a, e, k| {
        t.with_input_from_string(f, a, e, k)
    }),
    ("WITH-STANDARD-IO-SYNTAX", 0, |t, _, a, e, k| t.seq(a, e, k)),
    ("WITH-HASH-TABLE-ITERATOR", 99, |t, f, _, _, _| {
        t.refuse(
            f.pos,
            "WITH-HASH-TABLE-ITERATOR",
            "not supported here: WITH-HASH-TABLE-ITERATOR",
        )
    }),
    ("CL-SIPC:WITH-BOUND-SOCKET", 1, |t, f, a, e, k| {
        t.with_bound_socket(f, a, e, k)
    }),
    ("CL-SIPC:WITH-POINTER", 2, |t, f, a, e, k| {
        t.with_pointer(f, a, e, k)
    }),
    ("%QUASI", 1, |t, _, a, e, k| {
        let code = t.quasi(&a[0], 1, e);
        t.deliver(code, k)
    }),
    ("%TYPED", 2, |t, f, a, e, k| t.typed(f, a, e, k)),
    // A structure from its class's global and its slots' values; only constructors contain it.
    ("%NEW", 1, |t, _, a, e, k| {
        let class = a[0].name().unwrap_or("").to_string();
        let values = t.exprs(&a[1..], e).join(" ");
        t.deliver(format!("(%MAKE {class} {values})"), k)
    }),
    // How far a string has been read; only `with-input-from-string` contains it.
    ("%STREAM-AT", 1, |t, _, a, e, k| {
        let stream = t.expr(&a[0], e);
        t.deliver(format!("(%STREAM-AT {stream})"), k)
    }),
    ("MACROEXPAND-1", 1, |t, f, a, e, k| {
        t.macroexpand(f, a, e, k, true)
    }),
    ("MACROEXPAND", 1, |t, f, a, e, k| {
        t.macroexpand(f, a, e, k, false)
    }),
    ("BOUNDP", 1, |t, f, a, e, k| t.boundp(f, a, e, k)),
    ("SYMBOL-VALUE", 1, |t, f, a, e, k| {
        t.symbol_value(f, a, e, k)
    }),
    ("TIME", 1, |t, _, a, e, k| t.stmt(&a[0], e, k)),
    // A literal path at the top level is read in its place before this sees it.
    ("LOAD", 1, |t, f, _, _, k| {
        if super::load::is_quicklisp(f) {
            return t.deliver("#t".into(), k);
        }
        t.refuse(
            f.pos,
            "LOAD",
            "not supported here: LOAD but of a literal path at the top level",
        )
    }),
    ("SUBTYPEP", 2, |t, f, a, e, k| {
        let code = t.subtypep(f, a, e);
        t.deliver_all(code, k)
    }),
    ("TYPEP", 2, |t, f, a, e, k| {
        if let (2, Some("QUOTE"), Some([_, kind])) = (a.len(), a[1].head(), a[1].items()) {
            let value = t.expr(&a[0], e);
            let var = t.fresh("v");
            let test = t.type_test(&var, kind);
            return t.deliver(format!("(let (({var} {value})) (if {test} #t #f))"), k);
        }
        t.standard_call("TYPEP", f, a, e, k)
    }),
];

/// The names of all special forms and macros.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FORMS
        .iter()
        .filter(|f| f.1 < 99 && !f.0.starts_with('%'))
        .map(|f| f.0)
}

/// A body without its declarations.
pub(super) fn strip_declarations(forms: &[Form]) -> &[Form] {
    let n = forms
        .iter()
        .take_while(|f| f.head() == Some("DECLARE"))
        .count();
    &forms[n..]
}

impl Tr<'_> {
    /// A special form, if the name is one.
    pub(super) fn special(
        &mut self,
        head: &str,
        f: &Form,
        args: &[Form],
        env: &Env,
        k: &K,
    ) -> Option<String> {
        static INDEX: std::sync::LazyLock<std::collections::HashMap<&str, usize>> =
            std::sync::LazyLock::new(|| FORMS.iter().enumerate().map(|(i, f)| (f.0, i)).collect());
        let (name, min, handler) = &FORMS[*INDEX.get(head)?];
        if args.len() < *min {
            let n = args.len();
            if *min == 99 {
                return Some(self.refuse(f.pos, head, format!("not supported here: {head}")));
            }
            let reason = format!("wrong number of arguments for {name}: {n}");
            return Some(self.refuse(f.pos, name, reason));
        }
        Some(handler(self, f, args, env, k))
    }

    fn function_form(&mut self, f: &Form, what: &Form, env: &Env, k: &K) -> String {
        let code = match &what.kind {
            Kind::Sym(s) => {
                let name = s.to_string();
                self.function_object(&name, f.pos, env)
            }
            Kind::List(items) if what.head() == Some("LAMBDA") && items.len() > 1 => {
                self.lambda("lambda", &items[1], &items[2..], f.pos, env, None)
            }
            Kind::List(items) if what.head() == Some("SETF") && items.len() == 2 => {
                format!("s:{}", mangle(items[1].name().unwrap_or("")))
            }
            _ => self.refuse(f.pos, "FUNCTION", "not the name of a function"),
        };
        self.deliver(code, k)
    }

    fn prog1(&mut self, a: &[Form], env: &Env, k: &K) -> String {
        let first = self.expr(&a[0], env);
        let rest = self.exprs(&a[1..], env).join(" ");
        let name = self.fresh("v");
        let code = format!("(let (({name} {first})) {rest} {name})");
        self.deliver(code, k)
    }
}
