//! History files: good ones, bad ones, exit codes.

use crate::command::{CommandResult, run};
use std::fs;
use std::path::Path;

fn command(args: &[&str]) -> CommandResult {
    run(args.iter().map(|arg| (*arg).to_owned()))
}

fn given(spec: &str, name: &str) -> CommandResult {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/linearize").join(name);
    command(&["--spec", spec, file.to_str().expect("a path that is text")])
}

/// Writes `text` to a file called `name`, checks it, and takes the folder out of what is said.
pub(crate) fn written(spec: &str, name: &str, text: &[u8]) -> (u8, String) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).expect("the folder for temporary files is there");
    let result = command(&["--spec", spec, file.to_str().expect("a path that is text")]);
    let folder = format!("{}/", env!("CARGO_TARGET_TMPDIR"));
    (result.code, (result.error + &result.output).replace(&folder, ""))
}

#[test]
fn good_files_are_linearizable() {
    for (spec, name, calls) in [
        ("queue", "queue-good.edn", "2 calls, 1 of them open"),
        ("key-value", "key-value-good.jsonl", "3 calls, 0 of them open"),
    ] {
        let result = given(spec, name);
        assert_eq!((result.code, &*result.error), (0, ""), "{}", result.output);
        assert!(
            result.output.contains("linearizable (") && result.output.contains(calls),
            "{}",
            result.output
        );
    }
}

#[test]
fn a_duplicate_is_shown_with_its_lines() {
    let result = given("queue", "queue-duplicate.jsonl");
    assert_eq!(result.code, 1);
    let shown = result.output.split("file:\n").nth(1).expect("a table");
    let expected = "  event | process 0    | process 2
  ----- | ------------ | ---------
    1-3 | push(1) = ok |
    4-6 | pop() = 1    |
    7-9 |              | pop() = 1
   ==== | up to here it cannot be linearized, and nothing later concerns these calls";
    assert_eq!(shown, expected, "{}", result.output);
    assert!(result.output.contains("1 is popped 2 times and was pushed once"), "{}", result.output);
    assert!(result.output.contains("numbered by lines"), "{}", result.output);
    // A stack cannot do it either.
    assert_eq!(given("stack", "queue-duplicate.jsonl").code, 1);
}

#[test]
fn a_stale_read_and_a_lost_update_are_shown() {
    let result = given("register", "register-stale.edn");
    assert_eq!(result.code, 1);
    assert!(
        result.output.contains("read() = 1") && result.output.contains("write(2) = ok"),
        "{}",
        result.output
    );
    let result = given("cas-register", "cas-register-lost.jsonl");
    assert_eq!(result.code, 1);
    assert!(result.output.contains("cas(1 to 2) = ok"), "{}", result.output);
    let window = result.output.split("====").next().expect("a split has a first part");
    assert!(!window.contains("read()"), "the read is not needed: {}", result.output);
    assert_eq!(given("register", "cas-register-lost.jsonl").code, 2);
}

#[test]
fn an_ill_formed_file_is_refused_with_its_line() {
    let invoke = r#"{"process":0,"type":"invoke","f":"enqueue","value":1}"#;
    let ok = r#"{"process":0,"type":"ok","f":"enqueue","value":1}"#;
    let cases: &[(&str, String, &str)] = &[
        (
            "cut.jsonl",
            format!("{invoke}\n{}", &ok[..20]),
            "cut.jsonl:2: truncated: the line ends within a value",
        ),
        ("noise.jsonl", format!("{invoke}\n\n}}{{\n"), "noise.jsonl:3: no JSON: "),
        ("list.jsonl", "[1]".into(), "list.jsonl:1: expected a map, found [1]"),
        ("type.jsonl", invoke.replace("invoke", "begin"), "type.jsonl:1: `type` is none of"),
        ("none.jsonl", r#"{"process":0,"type":"ok"}"#.into(), "none.jsonl:1: the event has no `f`"),
        ("name.jsonl", invoke.replace(":0", ":-1"), "name.jsonl:1: `process` is no process number: -1"),
        (
            "twice.jsonl",
            format!("{invoke}\n{invoke}"),
            "twice.jsonl:2: process 0 calls enqueue while its enqueue of line 1 is open",
        ),
        ("ends.jsonl", ok.into(), "ends.jsonl:1: process 0 ends enqueue, which it has not called"),
        (
            "other.jsonl",
            format!("{invoke}\n{}", ok.replace("enqueue", "dequeue")),
            "other.jsonl:2: process 0 ends dequeue, but its call of line 1 is enqueue",
        ),
        (
            "op.jsonl",
            invoke.replace("enqueue", "peek"),
            "op.jsonl:1: no such operation: \"peek\"; there are enqueue",
        ),
        ("nil.jsonl", invoke.replace(":1}", ":null}"), "nil.jsonl:1: enqueue without a value"),
        ("empty.jsonl", "\n\n".into(), "empty.jsonl:2: the file holds no event of a client"),
        (
            "cut.edn",
            "{:process 0, :type :invoke,\n :f :enq".into(),
            "cut.edn:2: truncated: the map of line 1 is not closed",
        ),
        (
            "open.edn",
            "[{:process 0 :type :invoke :f :enqueue :value 1}\n".into(),
            "open.edn:2: truncated: the list of line 1 is not closed",
        ),
        (
            "text.edn",
            "{:process 0, :error \"lost\n}".into(),
            "text.edn:2: truncated: the string of line 1 is not closed",
        ),
        (
            "odd.edn",
            "{:process 0 :type}".into(),
            "odd.edn:1: the map of line 1 has a key without a value: \"type\"",
        ),
        ("close.edn", "\n}".into(), "close.edn:2: `}` closes nothing"),
        ("deep.edn", "[".repeat(500), "deep.edn:1: values nested more than 64 deep"),
        ("number.edn", "{:process 0x}".into(), "number.edn:1: a number that is none: 0x"),
    ];
    for (name, text, expected) in cases {
        let (code, said) = written("queue", name, text.as_bytes());
        assert_eq!(code, 2, "{name}: {said}");
        assert!(said.starts_with(expected), "{name}: {said}");
    }
    let (code, said) = written("queue", "bytes.jsonl", b"\n\xff\xfe");
    assert_eq!((code, &*said), (2, "bytes.jsonl:2: no UTF-8"));
    let read = r#"{"process":0,"type":"invoke","f":"read","value":3}"#;
    let back = r#"{"process":0,"type":"ok","f":"read","value":[4,1]}"#;
    let (code, said) = written("key-value", "key.jsonl", format!("{read}\n{back}").as_bytes());
    assert_eq!((code, &*said), (2, "key.jsonl:2: a read of key 3 came back with key 4"));
}

#[test]
fn wrong_arguments_are_refused() {
    for (args, why) in [
        (&["x.jsonl"][..], "--spec is missing"),
        (&["--spec", "heap", "x.jsonl"], "no such specification: heap"),
        (&["--spec"], "--spec needs a value"),
        (&["--spec", "queue"], "which file?"),
        (&["--spec", "queue", "--fast", "x"], "no such option: --fast"),
        (&["--spec", "queue", "a", "b"], "one file at a time: b"),
        (&["--spec", "queue", "--format", "xml", "a"], "no such format: xml"),
        (&["--spec", "queue", "--budget", "0", "a"], "no budget: 0"),
        (&["--spec", "queue", "no/such/file"], "no/such/file: "),
    ] {
        let result = command(args);
        assert_eq!((result.code, &*result.output), (2, ""), "{args:?}");
        assert!(result.error.contains(why), "{args:?}: {}", result.error);
    }
    assert_eq!(command(&["--help"]).code, 0);
}

#[test]
fn a_budget_that_is_too_small_is_no_verdict() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/linearize/cas-register-lost.jsonl");
    let result = command(&["--spec", "cas-register", "--budget", "1", file.to_str().expect("text")]);
    assert_eq!(result.code, 3, "{}", result.output);
    assert!(result.output.contains("undecided after 1 configurations"), "{}", result.output);
}
