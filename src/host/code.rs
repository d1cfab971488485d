//! Where names stand in the code of a text: told by Steel's own expansion of it, which knows code
//! from data, and what macros make of it.

use std::ops::Range;
use std::path::Path;
use steel::parser::ast::ExprKind;
use steel::parser::parser::SourceId;
use steel::steel_vm::engine::Engine;

use super::syntax::ends_word;

/// What a name is for where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What it is bound to is called.
    Called,
    /// What it is bound to is taken.
    Value,
    /// It is bound or assigned.
    Target,
}

/// Finds the wanted names in the code of a text, in order. None if it cannot be expanded: it says
/// so when it is compiled.
pub(super) fn places(
    engine: &mut Engine,
    text: &str,
    path: Option<&Path>,
    is_wanted: impl Fn(&str, Role) -> bool,
) -> Vec<Range<usize>> {
    let newest = SourceId::fresh();
    let macros = engine.in_scope_macros().clone();
    let code = engine.emit_expanded_ast_without_optimizations(text, path.map(Path::to_owned));
    *engine.in_scope_macros_mut() = macros;
    let mut walk = Walk {
        text,
        newest,
        // A file that is compiled again keeps its number.
        again: path.and_then(|path| engine.get_source_id(path)),
        is_wanted,
        found: Vec::new(),
    };
    code.iter().flatten().for_each(|form| walk.visit(form));
    let mut found = walk.found;
    found.sort_unstable_by_key(|place| place.start);
    found.dedup();
    found
}

struct Walk<'a, F> {
    text: &'a str,
    /// The newest text before this one.
    newest: SourceId,
    again: Option<SourceId>,
    is_wanted: F,
    found: Vec<Range<usize>>,
}

impl<F: Fn(&str, Role) -> bool> Walk<'_, F> {
    fn visit(&mut self, code: &ExprKind) {
        match code {
            ExprKind::Atom(_) => self.note(code, Role::Value),
            ExprKind::If(code) => {
                for part in [&code.test_expr, &code.then_expr, &code.else_expr] {
                    self.visit(part);
                }
            }
            ExprKind::Let(code) => {
                for (name, value) in &code.bindings {
                    self.note(name, Role::Target);
                    self.visit(value);
                }
                self.visit(&code.body_expr);
            }
            ExprKind::Define(code) => {
                self.note(&code.name, Role::Target);
                self.visit(&code.body);
            }
            ExprKind::LambdaFunction(code) => {
                code.args
                    .iter()
                    .for_each(|name| self.note(name, Role::Target));
                self.visit(&code.body);
            }
            ExprKind::Begin(code) => code.exprs.iter().for_each(|part| self.visit(part)),
            ExprKind::Return(code) => self.visit(&code.expr),
            ExprKind::Set(code) => {
                self.note(&code.variable, Role::Target);
                self.visit(&code.expr);
            }
            ExprKind::Vector(code) => code.args.iter().for_each(|part| self.visit(part)),
            ExprKind::List(code) => {
                if let Some((called, rest)) = code.args.split_first() {
                    match called {
                        ExprKind::Atom(_) => self.note(called, Role::Called),
                        _ => self.visit(called),
                    }
                    rest.iter().for_each(|part| self.visit(part));
                }
            }
            ExprKind::Quote(_)
            | ExprKind::Macro(_)
            | ExprKind::SyntaxRules(_)
            | ExprKind::Require(_) => {}
        }
    }

    fn note(&mut self, name: &ExprKind, role: Role) {
        let ExprKind::Atom(name) = name else { return };
        let span = name.syn.span;
        let place = span.start as usize..span.end as usize;
        // A macro may give its own text another place.
        let is_here = |id: SourceId| id.0 > self.newest.0 || Some(id) == self.again;
        let is_here = span.source_id.is_some_and(is_here);
        let word = self.text.get(place.clone()).unwrap_or_default();
        if is_here && (self.is_wanted)(word, role) {
            self.found.push(place);
        }
    }
}

/// Returns whether a word stands in a text.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + word.len()..].chars().next();
        [before, behind].into_iter().flatten().all(ends_word)
    })
}
