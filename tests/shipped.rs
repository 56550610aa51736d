//! Which build of the queues this is: the one that ships, or the checker's.

/// The types are instrumented with the feature `check`, and only then. CI says
/// which of the two it builds, so that no other package turns it on unnoticed.
#[test]
fn the_checker_is_in_only_when_asked_for() {
    let instrumented = ringwright::sync::INSTRUMENTED;
    assert_eq!(instrumented, cfg!(feature = "check"));
    if let Ok(build) = std::env::var("RINGWRIGHT_EXPECT") {
        let expected = match build.as_str() {
            "plain" => false,
            "instrumented" => true,
            other => panic!("RINGWRIGHT_EXPECT is `plain` or `instrumented`, not `{other}`"),
        };
        assert_eq!(instrumented, expected, "this should be the {build} build");
    }
}

/// Instrumented types carry the checker's identity word; those that ship are
/// as large as the standard library's.
#[test]
fn what_ships_is_as_large_as_std() {
    let ours = size_of::<ringwright::sync::atomic::AtomicUsize>();
    let std = size_of::<std::sync::atomic::AtomicUsize>();
    assert_eq!(ours == std, !ringwright::sync::INSTRUMENTED, "{ours} and {std} bytes");
}
