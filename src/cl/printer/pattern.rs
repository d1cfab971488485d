//! How SBCL lays out the forms of the language: each pattern is one of its control strings.

use super::layout::Line::{self, Fill, Linear, Mandatory};
use Part::*;

/// A part of a pattern; the list it goes through loses an element to each that takes one.
pub(super) enum Part {
    /// An element.
    W,
    /// Ends here if there are no more elements: `~^`.
    X,
    /// A space.
    S,
    /// A place where the line may break.
    N(Line),
    /// The indentation of the lines that follow.
    I(usize),
    /// The lines that follow begin here: `~:I`.
    H,
    /// As long as there are elements: `~@{ ~}`.
    Each(&'static [Part]),
    /// An element that is a list with a pattern: `~:< ~:>`.
    Sub(&'static [Part]),
    /// All the rest, as a block without brackets.
    Rest(&'static [Part]),
    /// An element that is a lambda list.
    Lambda,
    /// The rest, as tags and forms.
    Tags,
    /// The rest, as clauses of `loop`.
    Clauses,
}

type Pattern = &'static [Part];

const BODY: Part = Each(&[S, N(Linear), W]);
pub(super) const FILL: Pattern = &[Each(&[W, X, S, N(Fill)])];
const LINEAR: Pattern = &[Each(&[W, X, S, N(Linear)])];
pub(super) const CALL: Pattern = &[X, W, X, S, N(Fill), H, Each(&[W, X, S, N(Fill)])];
const SPREAD: Pattern = &[X, W, X, S, N(Fill), H, Each(&[W, X, S, N(Mandatory)])];
const BLOCK: Pattern = &[X, W, X, I(3), S, N(Fill), W, I(1), BODY];
const LAMBDA: Pattern = &[X, W, X, I(3), S, N(Fill), Lambda, I(1), BODY];
const BINDING: Pattern = &[X, W, BODY];
const LET: Pattern = &[
    X,
    W,
    X,
    S,
    Sub(&[Each(&[Sub(BINDING), X, S, N(Linear)])]),
    I(1),
    X,
    N(Mandatory),
    Each(&[W, X, S, N(Linear)]),
];
const LOCAL: Pattern = &[
    X,
    W,
    X,
    I(3),
    S,
    N(Fill),
    Lambda,
    I(1),
    N(Mandatory),
    Each(&[W, X, S, N(Linear)]),
];
const FLET: Pattern = &[
    X,
    W,
    X,
    S,
    Sub(&[Each(&[Sub(LOCAL), X, S, N(Linear)])]),
    I(1),
    N(Mandatory),
    Each(&[W, X, S, N(Linear)]),
];
const NAMES: Pattern = &[X, W, Each(&[S, W])];
const IF: Pattern = &[
    X,
    W,
    X,
    S,
    H,
    W,
    X,
    S,
    N(Mandatory),
    Each(&[W, X, S, N(Mandatory)]),
];
const PROGV: Pattern = &[
    X,
    W,
    X,
    I(3),
    S,
    N(Linear),
    W,
    X,
    S,
    N(Linear),
    W,
    X,
    I(1),
    BODY,
];
const PROG2: Pattern = &[
    X,
    W,
    X,
    I(3),
    S,
    N(Fill),
    W,
    X,
    S,
    N(Linear),
    W,
    X,
    I(1),
    BODY,
];
const PAIRS: Pattern = &[Each(&[I(2), W, X, S, N(Fill), I(0), W, X, S, N(Mandatory)])];
const SETQ: Pattern = &[X, W, X, S, Rest(PAIRS)];
const TAGBODY: Pattern = &[X, W, Tags];
const CASE: Pattern = &[
    X,
    W,
    X,
    S,
    I(3),
    N(Fill),
    W,
    I(1),
    Each(&[S, N(Linear), Sub(&[X, Sub(FILL), X, BODY])]),
];
const TYPECASE: Pattern = &[
    X,
    W,
    X,
    S,
    I(3),
    N(Fill),
    W,
    I(1),
    Each(&[S, N(Linear), Sub(&[X, W, X, BODY])]),
];
const DEFUN: Pattern = &[X, W, X, S, H, W, X, S, N(Fill), Lambda, I(1), BODY];
const DEFMETHOD: Pattern = &[X, W, X, S, H, W, X, S, W, X, S, N(Fill), Lambda, I(1), BODY];
const DEFPACKAGE: Pattern = &[
    W,
    X,
    S,
    I(3),
    N(Fill),
    W,
    X,
    I(1),
    Each(&[
        N(Mandatory),
        Sub(&[X, W, X, S, H, Each(&[W, X, S, N(Linear)])]),
    ]),
];
const DESTRUCTURE: Pattern = &[
    X,
    W,
    X,
    I(3),
    S,
    N(Linear),
    Lambda,
    X,
    S,
    N(Linear),
    W,
    X,
    I(1),
    BODY,
];
const DO: Pattern = &[
    X,
    W,
    X,
    S,
    H,
    Sub(&[Each(&[Sub(&[X, W, X, S, H, W, BODY]), X, N(Mandatory)])]),
    X,
    S,
    N(Linear),
    Sub(LINEAR),
    Tags,
];
const DOLIST: Pattern = &[
    X,
    W,
    X,
    I(3),
    S,
    N(Fill),
    Sub(&[X, W, X, S, N(Fill), H, W, BODY]),
    Tags,
];
const PROG: Pattern = &[X, W, X, S, Sub(FILL), Tags];
const LOOP: Pattern = &[W, X, S, H, W, X, S, Clauses];

/// What a pattern depends on besides the name of the form.
pub(super) struct Shape {
    /// There are two elements behind the name, and the second is not `:in`.
    pub(super) has_body: bool,
    /// The first element behind the name is a list or missing.
    pub(super) begins_with_list: bool,
    /// So is the second.
    pub(super) goes_on_with_list: bool,
}

/// The pattern of the forms of a name, if it has one of its own.
pub(super) fn of(head: &str, shape: &Shape) -> Option<Pattern> {
    Some(match head {
        "LAMBDA" => LAMBDA,
        "DECLARE" | "DECLAIM" => SPREAD,
        "BLOCK"
        | "CATCH"
        | "RETURN-FROM"
        | "THROW"
        | "EVAL-WHEN"
        | "MULTIPLE-VALUE-CALL"
        | "MULTIPLE-VALUE-PROG1"
        | "UNWIND-PROTECT"
        | "DEFCONSTANT"
        | "DEFPARAMETER"
        | "DEFSTRUCT"
        | "DEFVAR"
        | "MULTIPLE-VALUE-SETQ"
        | "PROG1"
        | "PPRINT-LOGICAL-BLOCK"
        | "PRINT-UNREADABLE-OBJECT"
        | "UNLESS"
        | "WHEN"
        | "WITH-COMPILATION-UNIT"
        | "WITH-SIMPLE-RESTART"
        | "WITH-HASH-TABLE-ITERATOR"
        | "WITH-PACKAGE-ITERATOR"
        | "WITH-INPUT-FROM-STRING"
        | "WITH-OUTPUT-TO-STRING"
        | "WITH-OPEN-FILE"
        | "WITH-OPEN-STREAM" => BLOCK,
        "FLET" | "LABELS" | "MACROLET" if shape.has_body => FLET,
        "FLET" | "LABELS" | "MACROLET" => NAMES,
        "QUOTE" | "FUNCTION" => FILL,
        "IF" => IF,
        "LET" | "LET*" | "SYMBOL-MACROLET" => LET,
        "LOCALLY" | "PROGN" | "STEP" | "TIME" | "WITH-STANDARD-IO-SYNTAX" => LINEAR,
        "PROGV" => PROGV,
        "SETQ" | "PSETQ" | "SETF" | "PSETF" => SETQ,
        "TAGBODY" => TAGBODY,
        "CASE" | "CCASE" | "ECASE" => CASE,
        "CTYPECASE" | "ETYPECASE" | "TYPECASE" => TYPECASE,
        "DEFMETHOD" if !shape.goes_on_with_list => DEFMETHOD,
        "DEFINE-MODIFY-MACRO"
        | "DEFINE-SETF-EXPANDER"
        | "DEFMACRO"
        | "DEFSETF"
        | "DEFTYPE"
        | "DEFUN"
        | "DEFMETHOD" => DEFUN,
        "DEFPACKAGE" => DEFPACKAGE,
        "DESTRUCTURING-BIND" => DESTRUCTURE,
        "DO" | "DO*" => DO,
        "DO-ALL-SYMBOLS" | "DO-EXTERNAL-SYMBOLS" | "DO-SYMBOLS" | "DOLIST" | "DOTIMES" => DOLIST,
        "LOOP" if shape.begins_with_list => SPREAD,
        "LOOP" => LOOP,
        "MULTIPLE-VALUE-BIND" | "PROG2" => PROG2,
        "PROG" | "PROG*" => PROG,
        _ => return None,
    })
}

/// How many arguments stand before the body of a macro that has no pattern.
pub(super) fn body_position(head: &str) -> Option<usize> {
    Some(match head {
        "HANDLER-BIND" | "RESTART-BIND" | "RESTART-CASE" | "DEFINE-METHOD-COMBINATION" => 1,
        "WITH-ACCESSORS"
        | "WITH-SLOTS"
        | "DEFGENERIC"
        | "DEFINE-COMPILER-MACRO"
        | "WITH-CONDITION-RESTARTS" => 2,
        "DEFINE-CONDITION" => 3,
        _ => return None,
    })
}

/// Whether a symbol begins a clause of `loop` that has a line of its own.
pub(super) fn begins_clause(name: &str) -> bool {
    matches!(
        name,
        "AND"
            | "WITH"
            | "FOR"
            | "INITIALLY"
            | "FINALLY"
            | "DO"
            | "DOING"
            | "COLLECT"
            | "COLLECTING"
            | "APPEND"
            | "APPENDING"
            | "NCONC"
            | "NCONCING"
            | "COUNT"
            | "COUNTING"
            | "SUM"
            | "SUMMING"
            | "MAXIMIZE"
            | "MAXIMIZING"
            | "MINIMIZE"
            | "MINIMIZING"
            | "IF"
            | "WHEN"
            | "UNLESS"
            | "END"
            | "WHILE"
            | "UNTIL"
            | "REPEAT"
            | "ALWAYS"
            | "NEVER"
            | "THEREIS"
    )
}
