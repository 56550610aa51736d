//! A case, as loaded.

use std::path::PathBuf;

/// The kinds of failure that a variant may name: those of the checker that are
/// about the code under test.
pub(crate) const KINDS: [&str; 8] =
    ["race", "deadlock", "livelock", "panic", "leak", "use-after-free", "double-free", "property"];

/// What may be missing in a toolchain: the sanitizer pass that shows the checker
/// every access to plain memory.
pub(crate) const PLAIN: &str = "plain";

/// One case of the corpus.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) dir: PathBuf,
    pub(crate) title: String,
    pub(crate) language: String,
    pub(crate) edition: String,
    pub(crate) crate_name: String,
    pub(crate) class: String,
    pub(crate) cwe: Vec<String>,
    pub(crate) engine: String,
    pub(crate) minutes: u32,
    pub(crate) level: String,
    pub(crate) tags: Vec<String>,
    pub(crate) origin: String,
    pub(crate) variants: Vec<Variant>,
    pub(crate) spans: Vec<Span>,
    /// The author's own tests, relative to `visible_tests/`, sorted.
    pub(crate) tests: Vec<PathBuf>,
}

/// One folder of a case: a crate that is right or not.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) expect: Expectation,
    /// For one that must fail: the kinds of failure that count as its own.
    pub(crate) kinds: Vec<String>,
    /// What this variant cannot be judged without.
    pub(crate) skip_without: Option<String>,
    pub(crate) about: String,
    pub(crate) dir: PathBuf,
    /// Its files, relative to `dir`, sorted.
    pub(crate) files: Vec<PathBuf>,
}

/// What the checker must say about a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    Pass,
    Fail,
}

impl Expectation {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Expectation::Pass => "pass",
            Expectation::Fail => "fail",
        }
    }

    /// What a variant of this name must do, or nothing if a variant may not be
    /// named so.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        match name {
            "base" | "fixed" => Some(Expectation::Pass),
            "buggy" => Some(Expectation::Fail),
            _ => match name.split_once('-')? {
                ("also", slug) if is_slug(slug) => Some(Expectation::Pass),
                ("wrong", slug) if is_slug(slug) => Some(Expectation::Fail),
                _ => None,
            },
        }
    }
}

/// The lines at fault in `buggy/`: one site or a pair.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) a: SpanSite,
    pub(crate) b: Option<SpanSite>,
    pub(crate) about: String,
}

/// One line of `buggy/`.
#[derive(Clone, Debug)]
pub(crate) struct SpanSite {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Case {
    pub(crate) fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

/// Whether a word is made of lower-case letters, digits and single dashes.
pub(crate) fn is_slug(word: &str) -> bool {
    word.split('-')
        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A case with these variants, and no file of it on disk.
    pub(crate) fn case(id: &str, variants: &[&str]) -> Case {
        let variant = |&name: &&str| Variant {
            name: name.to_owned(),
            expect: Expectation::of_name(name).expect("a variant's name"),
            kinds: Vec::new(),
            skip_without: None,
            about: String::new(),
            dir: PathBuf::new(),
            files: Vec::new(),
        };
        Case {
            id: id.to_owned(),
            dir: PathBuf::from("."),
            title: format!("Title of {id}"),
            language: "rust".into(),
            edition: "2024".into(),
            crate_name: "demo".into(),
            class: "atomicity".into(),
            cwe: vec!["CWE-362".into()],
            engine: "explorer".into(),
            minutes: 5,
            level: "mid".into(),
            tags: Vec::new(),
            origin: "re-created shape: none".into(),
            variants: variants.iter().map(variant).collect(),
            spans: Vec::new(),
            tests: Vec::new(),
        }
    }

    #[test]
    fn a_variants_name_says_what_it_must_do() {
        assert_eq!(Expectation::of_name("base"), Some(Expectation::Pass));
        assert_eq!(Expectation::of_name("buggy"), Some(Expectation::Fail));
        assert_eq!(Expectation::of_name("also-swap"), Some(Expectation::Pass));
        assert_eq!(Expectation::of_name("wrong-fence-after"), Some(Expectation::Fail));
        for bad in ["", "wrong", "wrong-", "also_x", "fixed-2", "Wrong-x", "wrong--x"] {
            assert_eq!(Expectation::of_name(bad), None, "{bad}");
        }
    }
}
