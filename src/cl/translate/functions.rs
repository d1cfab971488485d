//! The functions whose arguments are sorted by the translator: those that call a function, and
//! those with keywords. One row each; the support table is made from it too.

/// How a call is passed on.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// The Steel function: of `lisp/cl/`, or a primitive.
    pub(crate) target: &'static str,
    /// `f` a function, `x` a value, `o` an optional value, `e` an optional value that is true
    /// when absent, `r` all that follow.
    pub(crate) args: &'static str,
    /// Keywords in the order of the target's parameters; `!` marks one whose absence differs
    /// from `NIL`.
    pub(crate) keys: &'static [&'static str],
    pub(crate) ignored: &'static [&'static str],
    pub(crate) stream: Option<&'static str>,
    pub(crate) is_multi: bool,
    /// `:test` names a table's comparison instead of being called.
    pub(crate) is_plain_test: bool,
}

const fn row(
    name: &'static str,
    target: &'static str,
    args: &'static str,
    keys: &'static [&'static str],
) -> Shape {
    Shape {
        name,
        target,
        args,
        keys,
        ignored: &[],
        stream: None,
        is_multi: false,
        is_plain_test: false,
    }
}

const fn ignoring(mut s: Shape, ignored: &'static [&'static str]) -> Shape {
    s.ignored = ignored;
    s
}

const fn multi(mut s: Shape) -> Shape {
    s.is_multi = true;
    s
}

const fn to_output(mut s: Shape) -> Shape {
    s.stream = Some("*STANDARD-OUTPUT*");
    s
}

const fn plain_test(mut s: Shape) -> Shape {
    s.is_plain_test = true;
    s
}

const ITEM: &[&str] = &["KEY", "TEST", "START", "END", "FROM-END", "TEST-NOT"];
const PRED: &[&str] = &["KEY", "START", "END", "FROM-END"];
const ITEM_COUNT: &[&str] = &[
    "KEY", "TEST", "START", "END", "FROM-END", "TEST-NOT", "COUNT",
];
const PRED_COUNT: &[&str] = &["KEY", "START", "END", "FROM-END", "COUNT"];
const LIST_ITEM: &[&str] = &["KEY", "TEST", "TEST-NOT"];
const STRINGS: &[&str] = &["START1", "END1", "START2", "END2"];
const PART: &[&str] = &["START", "END"];
const WRITE: &[&str] = &[
    "!ESCAPE",
    "!BASE",
    "!PRETTY",
    "!RADIX",
    "!CASE",
    "!LENGTH",
    "!LEVEL",
    "!RIGHT-MARGIN",
];
const WRITE_TO: &[&str] = &[
    "STREAM",
    "!ESCAPE",
    "!BASE",
    "!PRETTY",
    "!RADIX",
    "!CASE",
    "!LENGTH",
    "!LEVEL",
    "!RIGHT-MARGIN",
];

static SHAPES: &[Shape] = &[
    row("MAPCAR", "cl:mapcar", "fxr", &[]),
    row("MAPC", "cl:mapc", "fxr", &[]),
    row("MAPCAN", "cl:mapcan", "fxr", &[]),
    row("MAPLIST", "cl:maplist", "fxr", &[]),
    row("MAPL", "cl:mapl", "fxr", &[]),
    row("MAPCON", "cl:mapcon", "fxr", &[]),
    row("MAP", "cl:map", "xfxr", &[]),
    row("MAP-INTO", "cl:map-into", "xfr", &[]),
    row("MAPHASH", "cl:maphash", "fx", &[]),
    row(
        "REDUCE",
        "cl:reduce",
        "fx",
        &["!INITIAL-VALUE", "FROM-END", "START", "END", "KEY"],
    ),
    row("SORT", "cl:sort", "xf", &["KEY"]),
    row("STABLE-SORT", "cl:sort", "xf", &["KEY"]),
    row("MERGE", "cl:merge", "xxxf", &["KEY"]),
    row("EVERY", "cl:every", "fxr", &[]),
    row("SOME", "cl:some", "fxr", &[]),
    row("NOTANY", "cl:notany", "fxr", &[]),
    row("NOTEVERY", "cl:notevery", "fxr", &[]),
    row("FIND", "cl:find", "xx", ITEM),
    row("FIND-IF", "cl:find-if", "fx", PRED),
    row("FIND-IF-NOT", "cl:find-if-not", "fx", PRED),
    row("POSITION", "cl:position", "xx", ITEM),
    row("POSITION-IF", "cl:position-if", "fx", PRED),
    row("POSITION-IF-NOT", "cl:position-if-not", "fx", PRED),
    row("COUNT", "cl:count", "xx", ITEM),
    row("COUNT-IF", "cl:count-if", "fx", PRED),
    row("COUNT-IF-NOT", "cl:count-if-not", "fx", PRED),
    row("REMOVE", "cl:remove", "xx", ITEM_COUNT),
    row("DELETE", "cl:remove", "xx", ITEM_COUNT),
    row("REMOVE-IF", "cl:remove-if", "fx", PRED_COUNT),
    row("DELETE-IF", "cl:remove-if", "fx", PRED_COUNT),
    row("REMOVE-IF-NOT", "cl:remove-if-not", "fx", PRED_COUNT),
    row("DELETE-IF-NOT", "cl:remove-if-not", "fx", PRED_COUNT),
    row("SUBSTITUTE", "cl:substitute", "xxx", ITEM_COUNT),
    row("NSUBSTITUTE", "cl:nsubstitute", "xxx", ITEM_COUNT),
    row("SUBSTITUTE-IF", "cl:substitute-if", "xfx", PRED_COUNT),
    row("NSUBSTITUTE-IF", "cl:nsubstitute-if", "xfx", PRED_COUNT),
    row("REMOVE-DUPLICATES", "cl:remove-duplicates", "x", ITEM),
    row("DELETE-DUPLICATES", "cl:remove-duplicates", "x", ITEM),
    row(
        "SEARCH",
        "cl:search",
        "xx",
        &[
            "TEST", "KEY", "START1", "END1", "START2", "END2", "FROM-END", "TEST-NOT",
        ],
    ),
    row(
        "MISMATCH",
        "cl:mismatch",
        "xx",
        &[
            "TEST", "KEY", "START1", "END1", "START2", "END2", "FROM-END", "TEST-NOT",
        ],
    ),
    row("MEMBER", "cl:member", "xx", LIST_ITEM),
    row("MEMBER-IF", "cl:member-if", "fx", &["KEY"]),
    row("MEMBER-IF-NOT", "cl:member-if-not", "fx", &["KEY"]),
    row("ASSOC-IF-NOT", "cl:assoc-if-not", "fx", &["KEY"]),
    row("RASSOC-IF", "cl:rassoc-if", "fx", &["KEY"]),
    row("RASSOC-IF-NOT", "cl:rassoc-if-not", "fx", &["KEY"]),
    row("SUBST-IF", "cl:subst-if", "xfx", &["KEY"]),
    row("NSUBST-IF", "cl:subst-if", "xfx", &["KEY"]),
    row("SUBST-IF-NOT", "cl:subst-if-not", "xfx", &["KEY"]),
    row("NSUBST-IF-NOT", "cl:subst-if-not", "xfx", &["KEY"]),
    row("NSUBLIS", "cl:sublis", "xx", LIST_ITEM),
    row("NSET-EXCLUSIVE-OR", "cl:set-exclusive-or", "xx", LIST_ITEM),
    row(
        "SUBSTITUTE-IF-NOT",
        "cl:substitute-if-not",
        "xfx",
        PRED_COUNT,
    ),
    row(
        "NSUBSTITUTE-IF-NOT",
        "cl:nsubstitute-if-not",
        "xfx",
        PRED_COUNT,
    ),
    row(
        "MAKE-SEQUENCE",
        "cl:make-sequence",
        "xx",
        &["INITIAL-ELEMENT"],
    ),
    row("READ-SEQUENCE", "%READ-SEQUENCE", "xx", PART),
    row("WRITE-SEQUENCE", "%WRITE-SEQUENCE", "xx", PART),
    ignoring(
        row(
            "ADJUST-ARRAY",
            "%ADJUST-ARRAY",
            "xx",
            &["!INITIAL-ELEMENT", "INITIAL-CONTENTS", "FILL-POINTER"],
        ),
        &["ELEMENT-TYPE"],
    ),
    row("GET-DECODED-TIME", "cl:get-decoded-time", "", &[]),
    row("ENCODE-UNIVERSAL-TIME", "%ENCODE", "xxxxxxo", &[]),
    row("DECODE-FLOAT", "cl:decode-float", "x", &[]),
    row("INTEGER-DECODE-FLOAT", "cl:integer-decode-float", "x", &[]),
    row("GET-PROPERTIES", "cl:get-properties", "xx", &[]),
    row("STRING-NOT-GREATERP", "%STRING-NOT-GREATERP", "xx", STRINGS),
    row("STRING-NOT-LESSP", "%STRING-NOT-LESSP", "xx", STRINGS),
    row("NSTRING-CAPITALIZE", "%STRING-CAPITALIZE", "x", PART),
    row("ASSOC", "cl:assoc", "xx", LIST_ITEM),
    row("ASSOC-IF", "cl:assoc-if", "fx", &["KEY"]),
    row("RASSOC", "cl:rassoc", "xx", LIST_ITEM),
    row("ADJOIN", "cl:adjoin", "xx", LIST_ITEM),
    row("UNION", "cl:union", "xx", LIST_ITEM),
    row("NUNION", "cl:union", "xx", LIST_ITEM),
    row("INTERSECTION", "cl:intersection", "xx", LIST_ITEM),
    row("NINTERSECTION", "cl:intersection", "xx", LIST_ITEM),
    row("SET-DIFFERENCE", "cl:set-difference", "xx", LIST_ITEM),
    row("NSET-DIFFERENCE", "cl:set-difference", "xx", LIST_ITEM),
    row("SET-EXCLUSIVE-OR", "cl:set-exclusive-or", "xx", LIST_ITEM),
    row("SUBSETP", "cl:subsetp", "xx", LIST_ITEM),
    row("SUBST", "cl:subst", "xxx", LIST_ITEM),
    row("NSUBST", "cl:subst", "xxx", LIST_ITEM),
    row("SUBLIS", "cl:sublis", "xx", LIST_ITEM),
    row("TREE-EQUAL", "cl:tree-equal", "xx", &["TEST"]),
    row("COMPLEMENT", "cl:complement", "f", &[]),
    row("CONSTANTLY", "cl:constantly", "x", &[]),
    row("STRING=", "%STRING=", "xx", STRINGS),
    row("STRING/=", "%STRING/=", "xx", STRINGS),
    row("STRING<", "%STRING<", "xx", STRINGS),
    row("STRING>", "%STRING>", "xx", STRINGS),
    row("STRING<=", "%STRING<=", "xx", STRINGS),
    row("STRING>=", "%STRING>=", "xx", STRINGS),
    row("STRING-EQUAL", "%STRING-EQUAL", "xx", STRINGS),
    row("STRING-NOT-EQUAL", "%STRING-NOT-EQUAL", "xx", STRINGS),
    row("STRING-LESSP", "%STRING-LESSP", "xx", STRINGS),
    row("STRING-GREATERP", "%STRING-GREATERP", "xx", STRINGS),
    row("STRING-UPCASE", "%STRING-UPCASE", "x", PART),
    row("STRING-DOWNCASE", "%STRING-DOWNCASE", "x", PART),
    row("STRING-CAPITALIZE", "%STRING-CAPITALIZE", "x", PART),
    row("NSTRING-UPCASE", "%STRING-UPCASE", "x", PART),
    row("NSTRING-DOWNCASE", "%STRING-DOWNCASE", "x", PART),
    multi(row(
        "PARSE-INTEGER",
        "%PARSE-INTEGER",
        "x",
        &["START", "END", "RADIX", "JUNK-ALLOWED"],
    )),
    ignoring(
        row("MAKE-STRING", "%MAKE-STRING", "x", &["INITIAL-ELEMENT"]),
        &["ELEMENT-TYPE"],
    ),
    row("MAKE-LIST", "%MAKE-LIST", "x", &["INITIAL-ELEMENT"]),
    row(
        "MAKE-ARRAY",
        "%MAKE-ARRAY",
        "x",
        &[
            "!INITIAL-ELEMENT",
            "INITIAL-CONTENTS",
            "FILL-POINTER",
            "ADJUSTABLE",
            "ELEMENT-TYPE",
        ],
    ),
    ignoring(
        plain_test(row("MAKE-HASH-TABLE", "%MAKE-HASH-TABLE", "", &["TEST"])),
        &[
            "SIZE",
            "REHASH-SIZE",
            "REHASH-THRESHOLD",
            "SYNCHRONIZED",
            "WEAKNESS",
        ],
    ),
    row("FILL", "%FILL", "xx", PART),
    row("REPLACE", "%REPLACE", "xx", STRINGS),
    to_output(row("WRITE-STRING", "%WRITE-STRING", "xo", PART)),
    to_output(row("WRITE-LINE", "%WRITE-LINE", "xo", PART)),
    row("WRITE-TO-STRING", "cl:write-to-string", "x", WRITE),
    row("WRITE", "cl:write", "x", WRITE_TO),
    multi(row(
        "READ-FROM-STRING",
        "%READ-FROM-STRING",
        "xeo",
        &["START", "END"],
    )),
    ignoring(
        row(
            "OPEN",
            "cl:open",
            "x",
            &[
                "DIRECTION",
                "!IF-EXISTS",
                "!IF-DOES-NOT-EXIST",
                "ELEMENT-TYPE",
            ],
        ),
        &["EXTERNAL-FORMAT"],
    ),
    row("FUNCALL", "cl:funcall", "fr", &[]),
    ignoring(
        row("EXIT", "cl:exit", "", &["!CODE", "ABORT"]),
        &["TIMEOUT"],
    ),
    row("QUIT", "cl:exit", "", &["!UNIX-STATUS", "RECKLESSLY-P"]),
    row("SLEEP", "cl:sleep", "x", &[]),
    row("COMMAND-LINE-ARGUMENTS", "cl:script-arguments", "", &[]),
    row("SYMBOL-FUNCTION", "cl:function", "x", &[]),
    row("FDEFINITION", "cl:function", "x", &[]),
    row("FBOUNDP", "cl:fboundp", "x", &[]),
    row("GET", "cl:get", "xxo", &[]),
    row("SYMBOL-PLIST", "cl:symbol-plist", "x", &[]),
    row("REMPROP", "cl:remprop", "xx", &[]),
    row("CONCATENATE", "%CONCATENATE", "xr", &[]),
    row("ERROR", "cl:error", "xr", &[]),
    row("SIGNAL", "cl:signal", "xr", &[]),
    row("WARN", "cl:warn", "xr", &[]),
    ignoring(
        row(
            "MAKE-PATHNAME",
            "%MAKE-PATHNAME",
            "",
            &["!DIRECTORY", "!NAME", "!TYPE", "DEFAULTS"],
        ),
        &["HOST", "DEVICE", "VERSION", "CASE"],
    ),
    row("MAKE-INSTANCE", "cl:make-instance", "xr", &[]),
    row("FIND-CLASS", "cl:find-class", "xeo", &[]),
    ignoring(
        row(
            "RUN-PROGRAM",
            "%RUN-PROGRAM",
            "xx",
            &["SEARCH", "INPUT", "OUTPUT"],
        ),
        &["WAIT", "ERROR"],
    ),
    row("EVAL", "cl:eval", "x", &[]),
    row("COMPILE", "cl:compile", "xo", &[]),
    row("INVOKE-RESTART", "cl:invoke-restart", "xr", &[]),
    row("FIND-RESTART", "cl:find-restart", "xo", &[]),
    row("COMPUTE-RESTARTS", "cl:compute-restarts", "o", &[]),
    row("RESTART-NAME", "cl:restart-name", "x", &[]),
    row("ABORT", "cl:abort", "o", &[]),
    row("CONTINUE", "cl:continue", "o", &[]),
    row("MUFFLE-WARNING", "cl:muffle-warning", "o", &[]),
    row("USE-VALUE", "cl:use-value", "xo", &[]),
    row("STORE-VALUE", "cl:store-value", "xo", &[]),
    row("MAKE-CONDITION", "cl:make-condition", "xr", &[]),
    row(
        "DECODE-UNIVERSAL-TIME",
        "cl:decode-universal-time",
        "xo",
        &[],
    ),
    row("LOAD-SYSTEM", "cl:quickload", "xr", &[]),
    row("CL-SIPC:BIND", "cl:sipc-bind", "x", &["READ-TIMEOUT"]),
    row("CL-SIPC:CONNECT", "cl:sipc-connect", "x", &["READ-TIMEOUT"]),
    row("CL-SIPC:TIMEOUT", "cl:sipc-timeout", "xx", &[]),
    row("CL-SIPC:RELEASE", "cl:sipc-release", "x", &[]),
    row("CL-SIPC:HOOK", "cl:sipc-hook", "xff", &[]),
    row("CL-SIPC:RESPOND", "cl:sipc-respond", "xee", &[]),
    row("CL-SIPC:SEND", "cl:sipc-send", "xxr", &[]),
    row("CL-SIPC:SEND-QUICK", "cl:sipc-send-quick", "xxo", &[]),
    row(
        "CL-SIPC:MAKE-POINTER",
        "cl:make-pointer",
        "",
        &["MEMORY", "SIZE"],
    ),
    row("CL-SIPC:POINTER-P", "cl:pointer-p", "x", &[]),
    row("CL-SIPC:POINTER-MEMORY", "cl:pointer-memory", "x", &[]),
    row("CL-SIPC:POINTER-SIZE", "cl:pointer-size", "x", &[]),
    row("CL-SIPC:POINTER-FROM", "cl:pointer-from", "xo", &[]),
    row("CL-SIPC:POINTER-FROM-SEQ", "cl:pointer-from-seq", "xo", &[]),
    row(
        "CL-SIPC:POINTER-FROM-STRING",
        "cl:pointer-from-string",
        "x",
        &[],
    ),
    row("CL-SIPC:POINTER-TO-ARRAY", "cl:pointer-to-array", "xo", &[]),
    row("CL-SIPC:POINTER-FREE", "cl:pointer-free", "x", &[]),
];

/// Whether Common Lisp knows a keyword of a function that is not kept here.
pub(crate) fn is_missing_key(function: &str, key: &str) -> bool {
    let keys: &[&str] = match function {
        "MAKE-ARRAY" | "ADJUST-ARRAY" => &["DISPLACED-TO", "DISPLACED-INDEX-OFFSET"],
        "READ-FROM-STRING" => &["PRESERVE-WHITESPACE"],
        "WRITE" | "WRITE-TO-STRING" => &[
            "ARRAY",
            "CIRCLE",
            "GENSYM",
            "LINES",
            "MISER-WIDTH",
            "PPRINT-DISPATCH",
            "READABLY",
        ],
        _ => &[],
    };
    keys.contains(&key)
}

/// The row of a function.
pub(crate) fn find(name: &str) -> Option<&'static Shape> {
    static INDEX: std::sync::LazyLock<std::collections::HashMap<&str, &Shape>> =
        std::sync::LazyLock::new(|| SHAPES.iter().map(|s| (s.name, s)).collect());
    INDEX.get(name).copied()
}

/// All rows, for the support table.
pub(crate) fn all() -> &'static [Shape] {
    SHAPES
}
