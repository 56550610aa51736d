//! The ways between files: which room imports which, and no circle anywhere.

use crate::imports::{Arrow, Crate, circles};
use crate::rooms::{self, CHECKER, QUEUES, against, room_of};
use crate::{PACKAGES, assert_no_offence, assert_none, files, read, root};
use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

/// A crate out of an example's files.
fn example(files: &[(&str, &str)]) -> Crate {
    let text = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    Crate::read("lib.rs", &text)
}

/// The arrows of an example, as `from -> to`.
fn ways(files: &[(&str, &str)]) -> Vec<String> {
    let (arrows, unknown) = example(files).arrows();
    assert!(unknown.is_empty(), "{unknown:?}");
    arrows.iter().map(|arrow| format!("{} -> {}", arrow.from, arrow.to)).collect()
}

/// The crates of a package: their root files.
fn roots(package: &str) -> Vec<String> {
    let src = if package == "." { "src".to_owned() } else { format!("{package}/src") };
    let files = files(&src, &[".rs"]);
    let is_root = |file: &&String| {
        let below = file.strip_prefix(&src).expect("it is below").trim_start_matches('/');
        let parts: Vec<&str> = below.split('/').collect();
        matches!(parts[..], ["lib.rs" | "main.rs"] | ["bin", _, "main.rs"] | ["bin", _])
    };
    files.iter().filter(is_root).cloned().collect()
}

/// A crate of the house, with its arrows.
pub(crate) struct Loaded {
    pub(crate) package: &'static str,
    pub(crate) root: String,
    pub(crate) files: Crate,
    pub(crate) arrows: Vec<Arrow>,
}

/// Every crate of every package. What the analysis cannot follow is an error,
/// so that it does not go blind.
pub(crate) static CRATES: LazyLock<Vec<Loaded>> = LazyLock::new(|| {
    let read = |path: &str| fs::read_to_string(root().join(path)).ok();
    let mut found = Vec::new();
    for package in PACKAGES {
        for root in roots(package) {
            let files = Crate::read(&root, &read);
            assert!(files.lost.is_empty(), "{root}: modules without a file: {:?}", files.lost);
            let (arrows, unknown) = files.arrows();
            assert_none("these names were not found in their crate", &unknown);
            found.push(Loaded { package, root, files, arrows });
        }
    }
    assert!(found.len() > 8, "the house has {} crates only", found.len());
    found
});

fn loaded(root: &str) -> &'static Loaded {
    CRATES.iter().find(|found| found.root == root).unwrap_or_else(|| panic!("{root}: no such crate"))
}

fn key(arrow: &Arrow) -> String {
    format!("{} -> {}", arrow.from, arrow.to)
}

/// The circles, each as its files and the arrows inside it.
fn told(arrows: &[Arrow]) -> Vec<String> {
    let circles = circles(arrows);
    let inside = |circle: &Vec<String>| {
        let arrows = arrows.iter().filter(|a| circle.contains(&a.from) && circle.contains(&a.to));
        let arrows: Vec<String> =
            arrows.map(|a| format!("\n    {} ({}:{})", key(a), a.name, a.line)).collect();
        format!("{} files: {}", circle.len(), arrows.concat())
    };
    circles.iter().map(inside).collect()
}

#[test]
fn every_path_is_an_arrow() {
    let lib = ("lib.rs", "mod spsc;\nmod mpmc;\nmod sync;");
    let mpmc =
        ("mpmc.rs", "pub struct Ring;\npub fn ring() {}\n#[macro_export]\nmacro_rules! make { () => {} }");
    let sync = ("sync.rs", "pub fn fence() {}");
    for way in [
        "use crate::{mpmc, sync as _};",
        "use crate::mpmc::Ring as _;",
        "use super::mpmc;",
        "fn f() { crate::mpmc::ring() }",
        "fn f() -> super::mpmc::Ring { todo }",
        "fn f() { println!(\"{}\", crate::mpmc::ring()); }",
        "macro_rules! m { () => { $crate::mpmc::ring() } }",
        "macro_rules! m { () => { use $crate::{mpmc::Ring}; } }",
        "use crate as root;\nfn f() { root::mpmc::ring() }",
        "mod inner { use super::super::mpmc::*; }",
        "fn f() { crate::make!() }",
        "pub(crate) use self::again::ring;\nmod again { pub use crate::mpmc::ring; }",
        "impl Drop for crate::mpmc::Ring {}",
        "fn f() { if let crate::mpmc::Ring = x {} }",
    ] {
        let found = ways(&[lib, ("spsc.rs", way), mpmc, sync]);
        assert!(found.contains(&"spsc.rs -> mpmc.rs".to_owned()), "{way}: {found:?}");
    }
    for none in [
        "#[cfg(test)]\nuse crate::mpmc;",
        "#[cfg(test)]\nmod tests { use crate::mpmc; }",
        "impl S { #[cfg(all(test, unix))]\nfn f() { crate::mpmc::ring() } }",
        "//! See [`crate::mpmc`].",
        "use std::mpmc::ring;",
        "fn f() { \"crate::mpmc::ring()\"; }",
    ] {
        assert_eq!(ways(&[lib, ("spsc.rs", none), mpmc, sync]), [""; 0], "{none}");
    }
}

#[test]
fn a_face_leads_to_the_file_behind_it() {
    let lib = ("lib.rs", "mod a;\nmod b;\npub use b::Deep;");
    let face = ("b/mod.rs", "mod deep;\nmod other;\npub use deep::*;\npub use other::Other as Renamed;");
    let deep = ("b/deep.rs", "pub struct Deep;");
    let other = ("b/other.rs", "pub enum Other { A }");
    let from = |text: &'static str| {
        let mut found = ways(&[lib, ("a.rs", text), face, deep, other]);
        found.retain(|way| way.starts_with("a.rs"));
        found
    };
    assert_eq!(from("use crate::b::Deep;"), ["a.rs -> b/deep.rs"]);
    assert_eq!(from("use crate::Deep;"), ["a.rs -> b/deep.rs"]);
    assert_eq!(from("fn f() { crate::b::Renamed::A; }"), ["a.rs -> b/other.rs"]);
    assert_eq!(from("use crate::b::*;"), ["a.rs -> b/deep.rs", "a.rs -> b/other.rs"]);
    let (_, unknown) = example(&[lib, ("a.rs", "use crate::b::deep::Missing;"), face, deep, other]).arrows();
    assert_eq!(unknown.len(), 1, "a name that is nowhere is told");
}

#[test]
fn imports_go_one_way() {
    // The checker's table, with an arrow against it.
    let lib = "mod seam;\nmod explorer;";
    let files = [
        ("lib.rs", lib),
        ("seam/mod.rs", "fn f() { crate::explorer::go() }"),
        ("explorer.rs", "pub fn go() {}"),
    ];
    let (arrows, _) = example(&files).arrows();
    assert_eq!(against(CHECKER, "", &arrows).len(), 1);
    // The queues': structures do not import each other, and nothing imports them.
    for (file, text, wrong) in [
        ("spsc.rs", "use crate::{mpmc, sync as _};", true),
        ("slot.rs", "use crate::mpmc::Ring;", true),
        ("sync.rs", "use super::position;", true),
        ("spsc.rs", "use crate::{position, sync};", false),
        ("lib.rs", "pub use mpmc::Ring;\nmod spsc;\nmod mpmc;\nmod slot;\nmod sync;\nmod position;", false),
    ] {
        let mut files = vec![
            ("lib.rs", "mod spsc;\nmod mpmc;\nmod slot;\nmod sync;\nmod position;"),
            ("spsc.rs", ""),
            ("mpmc.rs", "pub struct Ring;"),
            ("slot.rs", ""),
            ("sync.rs", ""),
            ("position.rs", ""),
        ];
        files.retain(|(name, _)| *name != file);
        files.push((file, text));
        let (arrows, _) = example(&files).arrows();
        assert!(!arrows.is_empty());
        assert_eq!(!against(QUEUES, "", &arrows).is_empty(), wrong, "{file}: {text}");
    }
    for (bad, wrong) in [(&["later"][..], 1), (&[][..], 0)] {
        let room = |name, may| rooms::Room { name, job: "", may, never: "" };
        assert_eq!(rooms::disorder(&[room("now", bad), room("later", &[])]).len(), wrong);
    }

    assert_none("the table of the checker's rooms", &rooms::disorder(CHECKER));
    assert_none("the table of the queues' rooms", &rooms::disorder(QUEUES));
    let queues = against(QUEUES, "src", &loaded("src/lib.rs").arrows);
    assert_no_offence("an import that the queues' table does not allow", &queues);
    let checker = loaded("check/src/lib.rs");
    for file in &checker.files.files {
        let room = room_of("check/src", &file.path);
        assert!(CHECKER.iter().any(|known| known.name == room), "{}: no such room in the table", file.path);
    }
    let wrong = against(CHECKER, "check/src", &checker.arrows);
    assert_no_offence("an import that the table of rooms does not allow", &wrong);
}

#[test]
fn no_circle_of_files() {
    let lib = ("lib.rs", "mod a;\nmod b;\nmod c;");
    let circle = [
        lib,
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "pub struct B;\nfn f() { crate::c::c() }"),
        ("c.rs", "pub fn c() { vec![super::a::A]; }"),
    ];
    assert_eq!(told(&example(&circle).arrows().0).len(), 1);
    let line = [lib, circle[1], circle[2], ("c.rs", "pub fn c() {}")];
    assert!(told(&example(&line).arrows().0).is_empty());
    let face = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b;\npub use b::B;\npub const N: u8 = 1;"),
        ("a/b.rs", "use super::N;\npub struct B;"),
    ];
    assert_eq!(told(&example(&face).arrows().0).len(), 1, "a face that its room imports");

    let mut offences = Vec::new();
    for found in CRATES.iter() {
        offences.extend(told(&found.arrows).into_iter().map(|circle| format!("{}: {circle}", found.root)));
    }
    assert_none("files that import each other in a circle", &offences);
}

#[test]
fn every_file_belongs_to_a_crate() {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut offences = Vec::new();
    for found in CRATES.iter() {
        for file in &found.files.files {
            known.insert(file.path.clone());
            let folder = file.path.rsplit_once('/').expect("a source stands in a folder").0;
            let stem = file.path.trim_end_matches(".rs");
            let scopes = file.with_tests.all();
            known.extend(scopes.iter().flat_map(|scope| &scope.children).flat_map(|child| {
                let name = child.path.clone().unwrap_or_else(|| format!("{}.rs", child.name));
                [format!("{folder}/{name}"), format!("{stem}/{name}")]
            }));
        }
    }
    for package in PACKAGES {
        let src = if package == "." { "src".to_owned() } else { format!("{package}/src") };
        offences.extend(files(&src, &[".rs"]).into_iter().filter(|file| !known.contains(file)));
    }
    assert_none("no crate has these files", &offences);
}

#[test]
fn the_map_shows_the_rooms() {
    let heading = "## The rooms of the checker";
    let small = format!("{heading}\n\n| folder | job |\n|---|---|\n| `a` | b |\n\n## Next\n| c | d |");
    assert_eq!(rooms::rows(&small, heading), [["`a`", "b"]]);
    assert!(rooms::rows("## Another\n| a |\n|-|\n| b |", heading).is_empty());
    let shown = rooms::rows(&read("DESIGN.md"), heading);
    let mut offences = Vec::new();
    for (number, row) in rooms::expected_rows(CHECKER).iter().enumerate() {
        if shown.get(number) != Some(row) {
            offences.push((row[0].clone(), format!("write: | {} |", row.join(" | "))));
        }
    }
    if shown.len() > CHECKER.len() {
        offences.push(("length".to_owned(), format!("{} rows, {} rooms", shown.len(), CHECKER.len())));
    }
    assert_no_offence("DESIGN.md shows the table of rooms in its order", &offences);
}

/// The table for the eye: `-- table --nocapture`.
#[test]
fn table_of_the_import_graph() {
    println!("| sources | folders | files | lines | arrows | against the order | circles (files) |");
    println!("|---|---|---|---|---|---|---|");
    let mut seen = 0;
    for Loaded { package, root, files, arrows } in CRATES.iter() {
        seen += arrows.len();
        let src = root.rsplit_once('/').expect("a source stands in a folder").0;
        let name = if root.ends_with("/lib.rs") || root == "src/lib.rs" { src } else { root.as_str() };
        let wrong = match *package {
            "." => Some(against(QUEUES, src, arrows).len()),
            "check" => Some(against(CHECKER, src, arrows).len()),
            _ => None,
        };
        println!("{}", rooms::line_of(name, src, files, arrows, wrong));
        if *package == "check" {
            let sim = format!("{src}/sim");
            let within: Vec<Arrow> = arrows
                .iter()
                .filter(|a| a.from.starts_with(&sim) && a.to.starts_with(&sim))
                .cloned()
                .collect();
            println!("{}", rooms::line_of(&sim, &sim, files, &within, None));
            println!("{}", rooms::between_rooms(src, arrows, CHECKER));
        }
    }
    assert!(seen > 300, "{seen} arrows in all");
}
