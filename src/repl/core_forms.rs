//! What the forms are that only the compiler knows: no value carries their documentation.

/// The name, how it is written, and what it does.
#[rustfmt::skip]
pub(super) const CORE_FORMS: &[(&str, &str, &str)] = &[
    ("and", "(and form ...)", "Evaluates the forms in order up to the first that is false. Returns the last value; #true without forms."),
    ("begin", "(begin form ...)", "Evaluates the forms in order and returns the last value. At top level it can contain definitions."),
    ("case", "(case key [(datum ...) body ...] ... [else body ...])", "Evaluates the body whose data contain the value of the key."),
    ("case-lambda", "(case-lambda [(parameter ...) body ...] ...)", "Makes a function that takes the first clause that fits the number of arguments."),
    ("cond", "(cond [test body ...] ... [else body ...])", "Evaluates the body of the first test that is not false. [test => f] calls f with the test's value."),
    ("define", "(define name value) or (define (name parameter ...) body ...)", "Binds a name to a value or a function. At the prompt a second definition reaches the code that used the first."),
    ("define-syntax", "(define-syntax name (syntax-rules (literal ...) [pattern template] ...))", "Defines a macro."),
    ("define-values", "(define-values (name ...) form)", "Binds names to the values that a form returns."),
    ("delay", "(delay form)", "Makes a promise, which evaluates the form when it is first forced."),
    ("do", "(do ([name start step] ...) (test result ...) body ...)", "Repeats the body with stepped names until the test holds, and returns the last result."),
    ("dynamic-wind", "(dynamic-wind before body after)", "Calls three functions of no arguments in order; the last one also when the body is left by an error."),
    ("else", "[else body ...]", "The last clause of cond and case: taken when no other is."),
    ("if", "(if test then else)", "Evaluates one of two forms: the second when the test is false, which only #false is. The second can be left out."),
    ("lambda", "(lambda (parameter ...) body ...)", "Makes a function. (a . rest) takes any number of further arguments as a list, [a default] is optional, #:key [a default] is named."),
    ("let", "(let ([name value] ...) body ...) or (let loop ([name value] ...) body ...)", "Binds names for its body. With a name in front it is a loop: (loop value ...) begins the body again."),
    ("let*", "(let* ([name value] ...) body ...)", "Binds names one after the other: each value can use the names before it."),
    ("letrec", "(letrec ([name value] ...) body ...)", "Binds names that can all be used in the values, as functions that call each other."),
    ("letrec*", "(letrec* ([name value] ...) body ...)", "As letrec, one after the other."),
    ("or", "(or form ...)", "Evaluates the forms in order up to the first that is not false, and returns its value; #false without one."),
    ("parameterize", "(parameterize ([parameter value] ...) body ...)", "Evaluates the body while parameters, made by make-parameter, have other values."),
    ("provide", "(provide name ...)", "Says which names of a module those get that require it. (contract/out name contract) checks calls."),
    ("quasiquote", "`datum", "As quote, where ,form stands for the form's value and ,@form for the items of a list."),
    ("quote", "'datum", "Returns the datum as it is written."),
    ("require", "(require \"file.scm\" ...)", "Makes the provided names of modules known. (prefix-in p: \"file.scm\") and (only-in \"file.scm\" name) choose."),
    ("set!", "(set! name value)", "Gives a name that is bound another value."),
    ("struct", "(struct name (field ...) #:transparent #:mutable)", "Defines a structure: (name field ...) makes one, name? tells one, name-field gets a field. Options can be left out."),
    ("syntax-rules", "(syntax-rules (literal ...) [pattern template] ...)", "The rules of a macro: what matches a pattern becomes its template. `...` repeats what is before it."),
    ("unless", "(unless test body ...)", "Evaluates the body when the test is false."),
    ("unquote", ",form", "Inside a quasiquote: the value of the form."),
    ("when", "(when test body ...)", "Evaluates the body when the test is not false."),
    ("while", "(while test body ...)", "Evaluates the body again and again as long as the test is not false."),
    ("with-handler", "(with-handler (lambda (error) ...) body ...)", "Evaluates the body; on an error calls the function with it and returns what that returns."),
    ("λ", "(λ (parameter ...) body ...)", "As lambda."),
];

/// Returns how a form is written, and what it does.
pub(super) fn core_form(name: &str) -> Option<(&'static str, &'static str)> {
    let found = CORE_FORMS.iter().find(|(known, _, _)| *known == name);
    found.map(|(_, signature, text)| (*signature, *text))
}
