//! The corpus on disk: each folder to a case, or to what is wrong with it.

use crate::case::{Case, Expectation, Span, SpanSite, Variant};
use crate::manifest::{self, Manifest, ManifestText};
use crate::problem::{Problem, nearest, shown};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The corpus: the cases that can be used, and what is wrong with the others.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    /// Sorted by id.
    pub(crate) cases: Vec<Case>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads every case under `root`. Problems of one case keep at most that case out.
pub(crate) fn corpus(root: &Path) -> Corpus {
    let mut corpus = Corpus::default();
    let entries = match listing(root) {
        Ok(entries) => entries,
        Err(problem) => {
            corpus.problems.push(problem);
            return corpus;
        }
    };
    let folders: BTreeSet<String> =
        entries.iter().filter(|entry| entry.is_dir).map(|entry| entry.name.clone()).collect();
    for entry in entries {
        let path = root.join(&entry.name);
        if entry.is_dir {
            let (case, problems) = case(&path, &entry.name, &folders);
            corpus.cases.extend(case);
            corpus.problems.extend(problems);
        } else {
            corpus.problems.push(
                Problem::new(
                    format!("stray file `{}` beside the cases", entry.name),
                    "this folder holds one folder a case and nothing else: move or remove it",
                )
                .at(&path),
            );
        }
    }
    corpus
}

/// Keeps only the named cases, in the order of the corpus, with the problems
/// that concern them; an unknown name is a problem of its own. No names: all.
pub(crate) fn select(mut corpus: Corpus, ids: &[String]) -> Corpus {
    if ids.is_empty() {
        return corpus;
    }
    let mut known: BTreeSet<String> = corpus.cases.iter().map(|case| case.id.clone()).collect();
    known.extend(corpus.problems.iter().filter_map(|p| p.case.clone()));
    let wanted: BTreeSet<&String> = ids.iter().collect();
    corpus.cases.retain(|case| wanted.contains(&case.id));
    corpus.problems.retain(|problem| problem.case.as_ref().is_some_and(|id| wanted.contains(id)));
    for id in wanted {
        if !known.contains(id) {
            let help = match nearest(id, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? `review list` shows every id"),
                None => "`review list` shows every id".to_owned(),
            };
            let problem = Problem::new(format!("no case has the id `{id}`"), help);
            corpus.problems.push(problem);
        }
    }
    corpus
}

/// One entry of a folder.
struct FolderEntry {
    name: String,
    is_dir: bool,
}

fn listing(dir: &Path) -> Result<Vec<FolderEntry>, Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::new(format!("cannot read this folder: {error}"), "check that it is there").at(dir)
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        entries.push(FolderEntry {
            name: entry.file_name().to_string_lossy().into_owned(),
            is_dir: entry.path().is_dir(),
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// Reads one case folder: the case, if it can be used, and what is wrong with it.
fn case(dir: &Path, folder: &str, folders: &BTreeSet<String>) -> (Option<Case>, Vec<Problem>) {
    let file = dir.join("case.toml");
    let text = match text(&file, folder) {
        Ok(text) => text,
        Err(problem) => return (None, vec![problem]),
    };
    let source = ManifestText { case: folder, file: &file, text: &text };
    let manifest = match manifest::parse(source) {
        Ok(manifest) => manifest,
        Err(problem) => return (None, vec![problem]),
    };
    let mut problems = match manifest.id.get_ref() {
        id if id != folder && folders.contains(id) => vec![source.problem(
            manifest.id.span(),
            format!("duplicate id `{id}`: another folder has that name"),
            format!("write id = \"{folder}\""),
        )],
        _ => manifest::check(&manifest, source),
    };
    let mut reader = CaseReader { source, dir, problems: Vec::new() };
    let case = reader.case(&manifest);
    problems.append(&mut reader.problems);
    let usable = problems.iter().all(|problem| problem.of_label);
    (usable.then_some(case), problems)
}

fn text(file: &Path, case: &str) -> Result<String, Problem> {
    fs::read_to_string(file).map_err(|error| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let (message, help) = if error.kind() == std::io::ErrorKind::NotFound {
            (format!("missing file `{name}`"), "every case has one: write it, see FORMAT.md")
        } else {
            (format!("cannot read `{name}`: {error}"), "it must be a UTF-8 text file")
        };
        Problem::new(message, help).of(case).at(file)
    })
}

/// Reads the folder of a case whose manifest is known, and collects what is
/// wrong with it.
struct CaseReader<'a> {
    source: ManifestText<'a>,
    dir: &'a Path,
    problems: Vec<Problem>,
}

impl CaseReader<'_> {
    fn case(&mut self, m: &Manifest) -> Case {
        self.prose();
        self.strays(m);
        let tests = self.visible_tests();
        let variants = self.variants(m);
        self.duplicates(&variants);
        let spans = self.spans(m);
        let words = |list: &[toml::Spanned<String>]| list.iter().map(|word| word.get_ref().clone()).collect();
        Case {
            id: m.id.get_ref().clone(),
            dir: self.dir.to_owned(),
            title: m.title.get_ref().clone(),
            language: m.language.get_ref().clone(),
            edition: m.edition.get_ref().clone(),
            crate_name: m.crate_name.get_ref().clone(),
            class: m.class.get_ref().clone(),
            cwe: words(&m.cwe),
            engine: m.engine.get_ref().clone(),
            minutes: *m.minutes.get_ref(),
            level: m.level.get_ref().clone(),
            tags: words(&m.tags),
            origin: m.origin.get_ref().clone(),
            variants,
            spans,
            tests,
        }
    }

    fn add(&mut self, file: &Path, message: impl Into<String>, help: impl Into<String>) {
        let problem = Problem::new(message, help).of(self.source.case).at(file);
        self.problems.push(problem);
    }

    fn text(&mut self, file: &Path) -> Option<String> {
        text(file, self.source.case).map_err(|problem| self.problems.push(problem)).ok()
    }

    /// `pr.md`, `explain.md` and `harness.rs`: there, and not empty.
    fn prose(&mut self) {
        let pr = self.dir.join("pr.md");
        if let Some(text) = self.text(&pr) {
            let first = text.lines().next().unwrap_or("");
            if first.strip_prefix("# ").is_none_or(|t| t.trim().is_empty()) {
                let problem = Problem::new(
                    "pr.md does not begin with its title",
                    "make the first line `# <title of the pull request>`",
                );
                self.problems.push(problem.of(self.source.case).line(&pr, 1, first));
            }
        }
        for name in ["explain.md", "harness.rs"] {
            let file = self.dir.join(name);
            if self.text(&file).is_some_and(|text| text.trim().is_empty()) {
                self.add(&file, format!("`{name}` is empty"), "write it, see FORMAT.md");
            }
        }
    }

    /// Everything in the case's folder that is neither part of the format nor a
    /// declared variant.
    fn strays(&mut self, m: &Manifest) {
        let declared: BTreeSet<&str> = m.variants.iter().map(|v| v.name.get_ref().as_str()).collect();
        let files = ["case.toml", "pr.md", "explain.md", "harness.rs"];
        for entry in self.entries(self.dir) {
            let path = self.dir.join(&entry.name);
            let name = entry.name.as_str();
            if entry.is_dir && name != "visible_tests" && !declared.contains(name) {
                let help = "declare it as a [[variant]] in case.toml, or remove it";
                self.add(&path, format!("stray folder `{name}`"), help);
            } else if !entry.is_dir && !files.contains(&name) {
                let help = "a case holds case.toml, pr.md, explain.md, harness.rs, visible_tests/ and its variants: remove it";
                self.add(&path, format!("stray file `{name}`"), help);
            }
        }
    }

    fn entries(&mut self, dir: &Path) -> Vec<FolderEntry> {
        listing(dir).unwrap_or_else(|problem| {
            self.problems.push(problem.of(self.source.case));
            Vec::new()
        })
    }

    fn visible_tests(&mut self) -> Vec<PathBuf> {
        let dir = self.dir.join("visible_tests");
        let mut tests = Vec::new();
        for entry in self.entries(&dir) {
            let path = dir.join(&entry.name);
            if entry.is_dir || !entry.name.ends_with(".rs") {
                let help = "visible_tests/ holds .rs files only: remove it";
                self.add(&path, format!("stray entry `{}`", entry.name), help);
            } else if self.text(&path).is_some_and(|text| !text.contains("#[test]")) {
                let help = "write at least one #[test] function, or remove the file";
                self.add(&path, "this file of visible tests has no test", help);
            } else {
                tests.push(PathBuf::from(entry.name));
            }
        }
        if tests.is_empty() && dir.is_dir() && self.problems.is_empty() {
            self.add(&dir, "no visible tests", "write the tests that the author would have written");
        }
        tests
    }

    fn variants(&mut self, m: &Manifest) -> Vec<Variant> {
        let mut variants = Vec::new();
        for entry in &m.variants {
            let name = entry.name.get_ref().clone();
            let Some(expect) = Expectation::of_name(&name) else {
                continue; // Said by `manifest::check`.
            };
            let dir = self.dir.join(&name);
            if !dir.is_dir() {
                self.problems.push(self.source.problem(
                    entry.name.span(),
                    format!("missing folder `{name}/`"),
                    "write the variant, or remove its [[variant]]".into(),
                ));
                continue;
            }
            variants.push(Variant {
                expect,
                kinds: entry.kinds.iter().map(|k| k.get_ref().clone()).collect(),
                skip_without: entry.skip_without.as_ref().map(|s| s.get_ref().clone()),
                about: entry.about.get_ref().clone(),
                files: self.sources(&dir),
                name,
                dir,
            });
        }
        variants
    }

    /// The files of a variant: `src/lib.rs` and the modules it names.
    fn sources(&mut self, dir: &Path) -> Vec<PathBuf> {
        for entry in self.entries(dir) {
            if !(entry.is_dir && entry.name == "src") {
                let help = "a variant is one folder `src` of .rs files: remove it";
                self.add(&dir.join(&entry.name), format!("stray entry `{}`", entry.name), help);
            }
        }
        let mut files = Vec::new();
        if dir.join("src").is_dir() {
            self.walk(dir, Path::new("src"), &mut files);
        }
        let root = Path::new("src/lib.rs");
        if !files.iter().any(|file| file == root) {
            let help = "the crate's root is src/lib.rs: write it";
            self.add(&dir.join(root), "missing file `src/lib.rs`", help);
        }
        let mut all = String::new();
        for file in &files {
            all.push_str(&self.text(&dir.join(file)).unwrap_or_default());
        }
        for file in files.iter().filter(|file| *file != root) {
            let module = match file.file_stem().and_then(|stem| stem.to_str()) {
                Some("mod") => file.parent().and_then(Path::file_name).unwrap_or_default(),
                _ => file.file_stem().unwrap_or_default(),
            };
            let module = module.to_string_lossy();
            if !all.contains(&format!("mod {module};")) {
                let help = format!("declare it with `mod {module};`, or remove it");
                self.add(&dir.join(file), "stray file: no module of this name", help);
            }
        }
        files
    }

    fn walk(&mut self, root: &Path, under: &Path, files: &mut Vec<PathBuf>) {
        for entry in self.entries(&root.join(under)) {
            let path = under.join(&entry.name);
            if entry.is_dir {
                self.walk(root, &path, files);
            } else if entry.name.ends_with(".rs") {
                files.push(path);
            } else {
                let help = "a variant holds .rs files only: remove it";
                self.add(&root.join(&path), format!("stray file `{}`", entry.name), help);
            }
        }
    }

    /// Two variants that are the same cannot both be worth having.
    fn duplicates(&mut self, variants: &[Variant]) {
        let mut seen: BTreeMap<Vec<(PathBuf, Vec<u8>)>, &str> = BTreeMap::new();
        for variant in variants {
            let contents = variant
                .files
                .iter()
                .map(|file| (file.clone(), fs::read(variant.dir.join(file)).unwrap_or_default()))
                .collect();
            if let Some(other) = seen.insert(contents, &variant.name) {
                let message = format!("variant `{}` is the same as `{other}`", variant.name);
                self.add(&variant.dir, message, "change one of the two, or remove it");
            }
        }
    }

    fn spans(&mut self, m: &Manifest) -> Vec<Span> {
        let mut spans = Vec::new();
        for (span, ranges) in manifest::spans(m) {
            for (site, at) in std::iter::once(&span.a).chain(&span.b).zip(ranges) {
                if let Some((message, help)) = self.mismatch(site) {
                    let mut problem = self.source.problem(at, message, help);
                    problem.of_label = true;
                    self.problems.push(problem);
                }
            }
            spans.push(span);
        }
        spans
    }

    /// How the site's text is not its line of `buggy/`, and what to do.
    fn mismatch(&self, site: &SpanSite) -> Option<(String, String)> {
        let file = self.dir.join("buggy").join(&site.file);
        let Ok(text) = fs::read_to_string(&file) else {
            let message = format!("the span's file `{}` is not in buggy/", site.file);
            return Some((message, "name a file relative to buggy/, such as src/lib.rs".into()));
        };
        let line = |text: &str| {
            let line = text.lines().nth(site.line.checked_sub(1)?)?;
            Some(line.trim().to_owned())
        };
        let there = line(&text);
        if there.as_ref() == Some(&site.text) {
            return None;
        }
        let place = format!("{}:{}", shown(&file), site.line);
        let message = match there {
            Some(line) => format!("the span's text is not line {place}, which is `{line}`"),
            None => format!("the span names {place}, but the file has {} lines", text.lines().count()),
        };
        let other = fs::read_to_string(self.dir.join("fixed").join(&site.file));
        let swapped = other.is_ok_and(|other| line(&other).as_ref() == Some(&site.text));
        let elsewhere = text.lines().position(|line| line.trim() == site.text);
        let help = match elsewhere {
            _ if swapped => "that line is in fixed/: are the two folders swapped?".to_owned(),
            Some(n) => format!("that text is on line {}: write line = {}", n + 1, n + 1),
            None => "write the trimmed line as `text`".to_owned(),
        };
        Some((message, help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::tests::case;

    /// What is left of two cases and the problems of a third.
    fn selected(ids: &[&str]) -> (Vec<String>, Vec<String>) {
        let cases = vec![case("ring", &["base"]), case("wallet", &["base"])];
        let problems = vec![Problem::new("bad", "h").of("lease"), Problem::new("stray file", "h")];
        let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
        let corpus = select(Corpus { cases, problems }, &ids);
        let cases = corpus.cases.into_iter().map(|case| case.id);
        (cases.collect(), corpus.problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn without_names_everything_is_selected() {
        assert_eq!(
            selected(&[]),
            (vec!["ring".into(), "wallet".into()], vec!["bad".into(), "stray file".into()])
        );
    }

    #[test]
    fn a_name_keeps_its_case_and_the_problems_of_it() {
        assert_eq!(selected(&["wallet"]), (vec!["wallet".into()], vec![]));
        assert_eq!(selected(&["lease"]), (vec![], vec!["bad".into()]));
        let unknown = vec!["no case has the id `rung`".into()];
        assert_eq!(selected(&["ring", "rung"]), (vec!["ring".into()], unknown));
    }
}
