//! Random programs against references that know nothing of the checker.

use loom_tests::fuzz::weak::litmus::Litmus;

#[test]
fn the_enumerator_is_exact_on_the_litmus_programs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/litmus/c20.jsonl");
    let text = std::fs::read_to_string(path).expect("the programs are beside the tests");
    let programs: Vec<Litmus> = text.lines().filter_map(Litmus::parse).collect();
    let (mut exact, mut wrong) = (0, Vec::new());
    for program in &programs {
        match program.agrees() {
            Some(true) => exact += 1,
            Some(false) => wrong.push(&program.name),
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {wrong:?}", wrong.len(), programs.len());
    println!("{exact} of {}", programs.len());
    assert!(exact >= 900, "{exact} of {} were small enough", programs.len());
}
