//! What the packages depend on, as their manifests say.

use crate::read;
use toml::Table;

/// The packages in the tables whose name is `kind`: all of them, and which of
/// them are optional.
fn dependencies(manifest: &str, kind: &str) -> Vec<(String, bool)> {
    let manifest: Table = manifest.parse().unwrap_or_else(|e| panic!("a manifest is TOML: {e}"));
    let mut tables: Vec<Table> = manifest.get(kind).and_then(|t| t.as_table()).cloned().into_iter().collect();
    for target in manifest.get("target").and_then(|t| t.as_table()).into_iter().flat_map(Table::values) {
        tables.extend(target.get(kind).and_then(|t| t.as_table()).cloned());
    }
    let mut found = Vec::new();
    for (name, how) in tables.into_iter().flatten() {
        let name = how.get("package").and_then(|p| p.as_str()).map_or(name, ToOwned::to_owned);
        let optional = how.get("optional").and_then(|o| o.as_bool()).unwrap_or(false);
        found.push((name, optional));
    }
    found
}

/// What the default build of the queues needs beyond crossbeam-utils.
fn more_than_crossbeam_utils(manifest: &str) -> Vec<String> {
    let required = dependencies(manifest, "dependencies").into_iter().filter(|(_, optional)| !optional);
    required.map(|(name, _)| name).filter(|name| name != "crossbeam-utils").collect()
}

/// Whether the manifest names the package in any of its tables.
fn names(manifest: &str, package: &str) -> bool {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    kinds.iter().any(|kind| dependencies(manifest, kind).iter().any(|(name, _)| name == package))
}

#[test]
fn the_default_build_stands_on_crossbeam_utils_alone() {
    let good = "[dependencies]\ncrossbeam-utils = \"1\"\nother = { version = \"1\", optional = true }\n";
    assert!(more_than_crossbeam_utils(good).is_empty());
    for more in ["libc = \"1\"\n", "[target.'cfg(unix)'.dependencies]\nlibc = { workspace = true }\n"] {
        assert_eq!(more_than_crossbeam_utils(&format!("{good}{more}")), ["libc"], "{more}");
    }
    assert!(names(good, "crossbeam-utils"), "the rule reads dependencies at all");
    let manifest = read("Cargo.toml");
    assert!(names(&manifest, "crossbeam-utils"));
    assert_eq!(more_than_crossbeam_utils(&manifest), Vec::<String>::new());
}

#[test]
fn the_checker_and_the_corpus_need_no_queue() {
    for bad in [
        "[dependencies]\nringwright = { workspace = true }\n",
        "[dev-dependencies]\nqueues = { package = \"ringwright\", version = \"1\" }\n",
        "[target.'cfg(unix)'.build-dependencies]\nringwright = \"1\"\n",
    ] {
        assert!(names(bad, "ringwright"), "{bad}");
    }
    assert!(!names("[dependencies]\nringwright-check = \"1\"\n", "ringwright"));
    for manifest in ["check/Cargo.toml", "review-cases/Cargo.toml"] {
        assert!(!names(&read(manifest), "ringwright"), "{manifest} depends on the queues");
    }
    assert!(names(&read("review-cases/Cargo.toml"), "ringwright-check"));
}
