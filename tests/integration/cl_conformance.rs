//! Forms with what SBCL printed for them, recorded by `tests/data/cl/record.sh`.

use steel::steel_vm::engine::Engine;
use steel_sipc::cl;

/// What a line of the record says.
struct Record {
    form: String,
    printed: String,
    values: Vec<String>,
    is_error: bool,
}

fn records() -> Vec<Record> {
    let recorded = [
        include_str!("../data/cl/forms.jsonl"),
        include_str!("../data/cl/found.jsonl"),
        include_str!("../data/cl/wider.jsonl"),
    ];
    recorded
        .iter()
        .flat_map(|text| text.lines())
        .map(|l| {
            let v: serde_json::Value = serde_json::from_str(l).unwrap();
            Record {
                form: v["form"].as_str().unwrap().to_string(),
                printed: v["printed"].as_str().unwrap().to_string(),
                values: v["values"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|x| x.as_str().unwrap().to_string())
                    .collect(),
                is_error: !v["error"].is_null(),
            }
        })
        .collect()
}

/// Runs a form; what it printed, its values, and the failure.
fn run(engine: &mut Engine, form: &str, interactive: bool) -> (String, Vec<String>, String) {
    engine
        .run("(set! g:*STANDARD-OUTPUT* (%MAKE-STRING-OUTPUT-STREAM))")
        .unwrap();
    let mut session = if interactive {
        cl::Session::interactive()
    } else {
        cl::Session::new()
    };
    let result = cl::run(engine, &mut session, "record", form);
    let (values, failure) = match result {
        Ok(v) if interactive => (
            cl::values_of_last(&v).iter().map(cl::print_value).collect(),
            String::new(),
        ),
        Ok(v) => (vec![cl::print_value(&v)], String::new()),
        Err(f) => (Vec::new(), format!("{f:?}")),
    };
    let printed = engine
        .run("(%GET-OUTPUT-STREAM-STRING g:*STANDARD-OUTPUT*)")
        .ok()
        .and_then(|mut v| v.pop())
        .map(|v| match v {
            steel::SteelVal::StringV(s) => s.to_string(),
            other => other.to_string(),
        })
        .unwrap_or_default();
    (printed, values, failure)
}

// Addresses and names that are made up differ from run to run.
fn is_opaque(text: &str) -> bool {
    text.contains("#<") || text.contains("#:")
}

fn failures(interactive: bool) -> (usize, Vec<String>) {
    let mut engine = Engine::new();
    cl::register(&mut engine);
    let mut bad = Vec::new();
    let all = records();
    let known: Vec<&str> = include_str!("../data/cl/known-differences.txt")
        .lines()
        .collect();
    for r in all.iter().filter(|r| !known.contains(&r.form.as_str())) {
        let (printed, values, failure) = run(&mut engine, &r.form, interactive);
        let expected: Vec<String> = if interactive {
            r.values.clone()
        } else {
            vec![r.values.first().cloned().unwrap_or_else(|| "NIL".into())]
        };
        let values_agree = values.len() == expected.len()
            && values
                .iter()
                .zip(&expected)
                .all(|(a, b)| a == b || is_opaque(b));
        let agree = if r.is_error {
            !failure.is_empty()
        } else {
            failure.is_empty() && values_agree && printed == r.printed
        };
        if !agree {
            bad.push(format!(
                "{}\n   sbcl: {:?} {:?}{}\n   here: {printed:?} {values:?} {failure}",
                r.form,
                r.printed,
                expected,
                if r.is_error { " (an error)" } else { "" },
            ));
        }
    }
    (all.len(), bad)
}

#[test]
fn every_recorded_form_prints_and_gives_what_sbcl_did_at_a_prompt() {
    let (total, bad) = failures(true);
    assert!(total >= 600);
    assert!(
        bad.is_empty(),
        "{} of {total} differ:\n{}",
        bad.len(),
        bad.join("\n")
    );
}

#[test]
fn every_recorded_form_prints_and_gives_what_sbcl_did_in_a_file() {
    let (total, bad) = failures(false);
    assert!(
        bad.is_empty(),
        "{} of {total} differ:\n{}",
        bad.len(),
        bad.join("\n")
    );
}

#[test]
fn a_prompt_shows_an_object_as_its_method_prints_it() {
    let mut engine = Engine::new();
    cl::register(&mut engine);
    let form = "(defclass a () ((x :initarg :x)))
                (defmethod print-object ((o a) s) (format s \"<~a>\" (slot-value o 'x)))
                (values 1 (list (make-instance 'a :x 2)))";
    let (_, values, failure) = run(&mut engine, form, true);
    assert_eq!(values, ["1", "(<2>)"], "{failure}");
}
