//! What a file can state is honoured: values by their meaning, results that say no, names of processes.

use super::files::written;
use ringwright_check::linearize::files::{self, EventValue, Format};
use ringwright_check::linearize::{Queue, Stack, check};

/// An operation of process 0 in JSON: called with one value, back with another.
fn call(f: &str, called: &str, back: &str) -> String {
    let event = |kind, value| format!(r#"{{"process":0,"type":"{kind}","f":"{f}","value":{value}}}"#);
    format!("{}\n{}\n", event("invoke", called), event("ok", back))
}

/// The exit code of these calls, one after the other.
#[track_caller]
fn code(spec: &str, name: &str, calls: &[(&str, &str, &str)]) -> u8 {
    let text: String = calls.iter().map(|(f, called, back)| call(f, called, back)).collect();
    let (code, said) = written(spec, &format!("{name}.jsonl"), text.as_bytes());
    println!("{said}");
    code
}

/// Whether a value is read that was written in another way.
#[track_caller]
fn same(name: &str, edn: bool, written_as: &str, read_as: &str) -> bool {
    let text = match edn {
        false => call("write", written_as, written_as) + &call("read", "null", read_as),
        true => [("write", written_as, written_as), ("read", "nil", read_as)]
            .iter()
            .map(|(f, called, back)| {
                format!(
                    "{{:process 0 :type :invoke :f :{f} :value {called}}}\n{{:process 0 :type :ok :f :{f} :value {back}}}\n"
                )
            })
            .collect(),
    };
    let (code, said) =
        written("register", &format!("{name}.{}", if edn { "edn" } else { "jsonl" }), text.as_bytes());
    assert!(code < 2, "{written_as} and {read_as}: {said}");
    code == 0
}

#[test]
fn numbers_are_compared_exactly_and_however_they_are_written() {
    let big = "123456789012345678901234567890";
    for edn in [false, true] {
        let same = |a, b| same("numbers", edn, a, b);
        assert!(same(big, big) && !same(big, "123456789012345678901234567891"));
        assert!(!same("18446744073709551616", "18446744073709551617"));
        assert!(!same("9007199254740992.0", "9007199254740993.0"));
        assert!(!same("-18446744073709551616", "18446744073709551616"));
        assert!(same("1.50", "15e-1") && same("100", "1e2") && same("0", "-0.0") && same("1", "1.0"));
        assert!(!same("0.1", "0.10000000000000001") && !same("1e308", "1e309"));
        assert!(!same(
            "[1, 340282366920938463463374607431768211455]",
            "[1, 340282366920938463463374607431768211456]"
        ));
        assert!(!same("1", "\"1\"") && !same("true", "\"true\""));
    }
    assert!(
        same("marks", true, "5N", "5")
            && same("marks", true, "1.50M", "1.5M")
            && same("marks", true, "+7", "7")
    );
    assert!(same("infinite", true, "##Inf", "##Inf") && !same("infinite", true, "##Inf", "##-Inf"));
}

#[test]
fn maps_and_sets_have_no_order() {
    for edn in [true, false] {
        let same = |a, b| same("maps", edn, a, b);
        if edn {
            assert!(same("{:a 1, :b 2}", "{:b 2, :a 1}") && !same("{:a 1, :b 2}", "{:b 1, :a 2}"));
            assert!(same("#{1 2}", "#{2 1}") && !same("#{1 2}", "#{1 3}"));
            assert!(same("[#{3 {:x #{1 2} :y 0}}]", "[#{{:y 0 :x #{2 1}} 3}]"));
            assert!(!same("#{1 2}", "[1 2]") && !same("[1 2]", "[2 1]") && !same("#{}", "[]"));
        } else {
            assert!(same(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#) && !same(r#"{"a":1}"#, r#"{"a":2}"#));
            assert!(!same("[1,2]", "[2,1]"));
        }
    }
    let (code, said) =
        written("register", "twice.edn", b"{:process 0 :type :invoke :f :write :value {:a 1 :a 2}}");
    assert_eq!((code, &*said), (2, "twice.edn:1: a map has \"a\" twice"));
    let (code, said) =
        written("register", "twice-set.edn", b"{:process 0 :type :invoke :f :write :value\n #{1 1.0}}");
    assert_eq!((code, &*said), (2, "twice-set.edn:2: a set has 1 twice"));
    let (code, said) = written("register", "twice-key.jsonl", b"{\"process\":0,\"value\":{\"b\":1,\"b\":1}}");
    assert_eq!((code, &*said), (2, "twice-key.jsonl:1: a map has \"b\" twice"));
    let deep = format!(
        r#"{{"process":0,"type":"invoke","f":"write","value":{}}}"#,
        "[".repeat(900) + &"]".repeat(900)
    );
    let (code, said) = written("register", "deep.jsonl", deep.as_bytes());
    assert_eq!((code, &*said), (2, "deep.jsonl:1: values nested more than 64 deep"));
}

#[test]
fn a_compare_and_set_says_whether_it_wrote() {
    let code = |cas: (&str, &str), read| {
        code("cas-register", "cas", &[("write", "1", "1"), ("cas", cas.0, cas.1), ("read", "null", read)])
    };
    assert_eq!(code(("[7,2]", "false"), "1"), 0);
    assert_eq!(code(("[1,2]", "false"), "1"), 1, "it found what it wanted");
    assert_eq!(code(("[7,2]", "true"), "2"), 1);
    for yes in ["true", "null", "[1,2]", "\"ok\""] {
        assert_eq!((code(("[1,2]", yes), "2"), code(("[1,2]", yes), "1")), (0, 1), "{yes}");
    }
    for other in ["3", "[1,3]", "\"no\"", "{}"] {
        assert_eq!(code(("[1,2]", other), "2"), 2, "{other}");
    }
}

#[test]
fn a_store_says_it_with_or_without_the_key() {
    let code = |put: &str, cas: &str, read: &str| {
        let calls = [("put", "[8,1]", put), ("cas", "[8,[7,2]]", cas), ("get", "8", read)];
        code("key-value", "store", &calls)
    };
    for put in ["[8,1]", "1", "true", "null", "[8,true]", "\"OK\""] {
        assert_eq!(code(put, "false", "[8,1]"), 0, "{put}");
    }
    assert_eq!((code("1", "[8,false]", "[8,1]"), code("1", "[8,[7,2]]", "[8,2]")), (0, 1));
    for bad in [
        ("[9,1]", "false", "[8,1]"),
        ("2", "false", "[8,1]"),
        ("1", "[9,false]", "[8,1]"),
        ("false", "false", "[8,1]"),
    ] {
        assert_eq!(code(bad.0, bad.1, bad.2), 2, "{bad:?}");
    }
}

#[test]
fn a_push_says_whether_there_was_room() {
    for spec in ["queue", "stack"] {
        for full in ["false", "\"full\""] {
            let refused =
                [("push", "1", full), ("pop", "null", "null"), ("push", "2", "2"), ("pop", "null", "2")];
            assert_eq!(code(spec, "full", &refused), 0, "{full}");
            assert_eq!(code(spec, "full", &[("push", "1", full), ("pop", "null", "1")]), 1, "{full}");
        }
        for pushed in ["true", "null", "1", "\"ok\""] {
            assert_eq!(
                code(spec, "room", &[("enqueue", "1", pushed), ("dequeue", "null", "null")]),
                1,
                "{pushed}"
            );
            assert_eq!(
                code(spec, "room", &[("enqueue", "1", pushed), ("dequeue", "null", "1")]),
                0,
                "{pushed}"
            );
        }
        assert_eq!(code(spec, "other", &[("push", "1", "2")]), 2);
        // What is pushed may be a word that says no itself.
        assert_eq!(code(spec, "words", &[("push", "false", "false"), ("pop", "null", "false")]), 0);
        assert_eq!(code(spec, "words", &[("push", "\"full\"", "\"full\""), ("pop", "null", "\"full\"")]), 0);
    }
    // With the room known, a refusal says that it was used.
    let text = call("push", "1", "true") + &call("push", "2", "false") + &call("pop", "null", "1");
    let events = files::read(text.as_bytes(), Format::Jsonl).expect("good events");
    let history = files::buffer_history(&events).expect("a good history");
    assert!(check(&Queue::bounded(1), &history).is_linearizable());
    assert!(check(&Stack::bounded(1), &history).is_linearizable());
    assert!(!check(&Queue::bounded(2), &history).is_linearizable());
    assert!(!check(&Queue::new(), &history).is_linearizable(), "it always has room");
    assert!(check(&Queue::of_unknown_capacity(), &history).is_linearizable());
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("room.jsonl");
    std::fs::write(&file, text).expect("it can be written");
    let with = |args: &[&str]| {
        let args = [args, &["--spec", "queue", file.to_str().expect("text")]].concat();
        crate::command::run(args.into_iter().map(str::to_owned)).code
    };
    assert_eq!((with(&[]), with(&["--capacity", "1"]), with(&["--capacity", "2"])), (0, 0, 1));
    assert_eq!(with(&["--capacity", "many"]), 2);
}

#[test]
fn a_change_of_a_set_that_says_nothing_may_have_changed_nothing() {
    let code = |calls: &[(&str, &str, &str)]| code("set", "set", calls);
    for neither in ["1", "null", "\"ok\""] {
        let again = [("add", "1", neither), ("add", "1", neither), ("contains", "1", "true")];
        assert_eq!(code(&again), 0, "{neither}");
        assert_eq!(code(&[("add", "1", neither), ("contains", "1", "false")]), 1, "{neither}: it was done");
        assert_eq!(code(&[("add", "1", "1"), ("remove", "1", neither), ("contains", "1", "[1,true]")]), 1);
    }
    assert_eq!(code(&[("add", "1", "true"), ("add", "1", "true")]), 1);
    assert_eq!(code(&[("add", "1", "[1,true]"), ("add", "1", "[1,false]"), ("remove", "1", "true")]), 0);
    // The element is a truth value itself, and says nothing.
    assert_eq!(code(&[("add", "true", "true"), ("add", "true", "true")]), 0);
    assert_eq!(code(&[("add", "true", "false")]), 1);
    for bad in
        [("add", "1", "2"), ("contains", "1", "1"), ("contains", "1", "[2,true]"), ("add", "1", "[2,true]")]
    {
        assert_eq!(code(&[bad]), 2, "{bad:?}");
    }
}

#[test]
fn a_write_cannot_be_refused() {
    for good in ["3", "null", "true"] {
        assert_eq!(code("register", "write", &[("write", "3", good), ("read", "null", "3")]), 0, "{good}");
    }
    assert_eq!(code("register", "write", &[("write", "false", "false"), ("read", "null", "false")]), 0);
    for bad in ["false", "4", "[3]"] {
        assert_eq!(code("register", "write", &[("write", "3", bad)]), 2, "{bad}");
    }
}

#[test]
fn a_process_has_a_number_or_a_name_and_only_the_nemesis_is_skipped() {
    let text = r#"
{"process":"nemesis","type":"info","f":"kill","value":null}
{"process":"client-a","type":"invoke","f":"write","value":1}
{"process":"client-a","type":"ok","f":"write","value":1}
{"process":"nemesis","type":"info","f":"start"}
{"process":0,"type":"invoke","f":"read","value":null}
{"process":0,"type":"ok","f":"read","value":null}
"#;
    let (code, said) = written("register", "names.jsonl", text.as_bytes());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("2 calls") && said.contains("; 2 events of the nemesis skipped)"), "{said}");
    assert!(said.ends_with("process 1 is \"client-a\""), "{said}");
    let right = text.replace(r#""read","value":null}"#, r#""read","value":1}"#);
    let (code, said) = written("register", "names.jsonl", right.as_bytes());
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("2 calls, 0 of them open") && said.contains("2 events of the nemesis skipped"),
        "{said}"
    );

    let events = files::read_jsonl(text).expect("good events");
    assert_eq!((events.len(), events.skipped()), (4, 2));
    assert_eq!(events[0].client.as_deref(), Some("client-a"));
    assert_eq!(events.names().into_iter().collect::<Vec<_>>(), [(1, "client-a")]);
    assert_eq!(events[0].value, EventValue::Int(1));

    // Numbers in quotes are names, and names are told apart.
    let quoted = r#"{:process "0" :type :invoke :f :write :value 1} {:process :w1 :type :invoke :f :write :value 2}
        {:process "0" :type :ok :f :write :value 1} {:process :nemesis :type :info :f :x} {:process :w1 :type :ok :f :write :value 2}"#;
    let (code, said) = written("register", "quoted.edn", quoted.as_bytes());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2 calls") && said.contains("; 1 event of the nemesis skipped"), "{said}");
    let ends = r#"{"process":"a","type":"ok","f":"read","value":1}"#;
    let (code, said) = written("register", "ends-name.jsonl", ends.as_bytes());
    assert_eq!((code, &*said), (2, "ends-name.jsonl:1: process \"a\" ends read, which it has not called"));
    for bad in ["1.5", "-1", "null", "[0]", "99999999999999999999"] {
        let (code, said) = written("register", "bad.jsonl", ends.replace("\"a\"", bad).as_bytes());
        assert_eq!(code, 2, "{bad}: {said}");
        assert!(said.contains("`process` is no process number: "), "{bad}: {said}");
    }
}
