//! Who imports whom: every path of a crate, followed to the file that defines
//! what it names.
//!
//! A path through a face leads to the file behind the face, since `pub use` is
//! followed; a glob leads to all that its module names. A module is declared
//! by its parent without an arrow.

use crate::source::{Position, Scope, Source};
use std::collections::{BTreeMap, BTreeSet};

/// A crate: its files, and its modules by their paths (the root's is empty).
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) files: Vec<Source>,
    modules: BTreeMap<Vec<String>, Module>,
    /// Declared modules whose file was not found.
    pub(crate) lost: Vec<String>,
}

#[derive(Debug)]
struct Module {
    file: usize,
    scope: Scope,
}

/// An arrow from a file to a file, with one of the lines that draw it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(Vec<String>),
    /// Something that this file defines.
    Item(usize),
    /// Whatever another crate defines.
    Outside,
}

type Path<'a> = &'a [String];

impl Crate {
    /// The crate whose root is `root`; `read` gives the text of a file.
    pub(crate) fn read(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Crate {
        let mut found = Crate::default();
        found.add(root, Vec::new(), true, read);
        found
    }

    fn add(&mut self, path: &str, module: Vec<String>, face: bool, read: &dyn Fn(&str) -> Option<String>) {
        let text = read(path).unwrap_or_else(|| panic!("{path}: no such file"));
        let source = Source::parse(path, &text);
        let scope = source.scope.clone();
        self.files.push(source);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.trim_end_matches(".rs");
        let join = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { format!("{a}/{b}") };
        let below = if face { folder.to_owned() } else { join(folder, stem) };
        self.put(self.files.len() - 1, module, scope, &join(&below, "")[..], folder, read);
    }

    fn put(
        &mut self,
        file: usize,
        module: Vec<String>,
        scope: Scope,
        below: &str,
        folder: &str,
        read: &dyn Fn(&str) -> Option<String>,
    ) {
        let below = below.trim_end_matches('/');
        let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
        for child in &scope.children {
            let here = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let places = match &child.path {
                Some(path) => vec![(format!("{here}{path}"), true)],
                None => vec![
                    (format!("{prefix}{}.rs", child.name), false),
                    (format!("{prefix}{}/mod.rs", child.name), true),
                ],
            };
            let name = [&module[..], std::slice::from_ref(&child.name)].concat();
            match places.into_iter().find(|(path, _)| read(path).is_some()) {
                Some((path, face)) => self.add(&path, name, face, read),
                None => self.lost.push(name.join("::")),
            }
        }
        for (name, inner) in scope.inner.clone() {
            let below = format!("{prefix}{name}");
            self.put(file, [&module[..], &[name]].concat(), inner, &below, folder, read);
        }
        self.modules.insert(module, Module { file, scope });
    }

    /// The arrows between files, one for each pair; what cannot be found is
    /// told in the second list.
    pub(crate) fn arrows(&self) -> (Vec<Arrow>, Vec<String>) {
        let mut arrows: BTreeMap<(usize, usize), Arrow> = BTreeMap::new();
        let mut unknown = Vec::new();
        for (path, module) in &self.modules {
            for mention in &module.scope.mentions {
                if mention.path.len() < 2 && mention.position != Position::Use {
                    continue;
                }
                let from = &self.files[module.file].path;
                let Some(found) = self.files_of(path, &mention.path) else {
                    unknown.push(format!("{from}:{} {}", mention.line, mention.path.join("::")));
                    continue;
                };
                for to in found.into_iter().filter(|to| *to != module.file) {
                    arrows.entry((module.file, to)).or_insert_with(|| Arrow {
                        from: from.clone(),
                        to: self.files[to].path.clone(),
                        name: mention.path.join("::"),
                        line: mention.line,
                    });
                }
            }
        }
        (arrows.into_values().collect(), unknown)
    }

    /// The files that define what the path names; none for what is outside
    /// the crate, and `None` for a name that the crate should have and has not.
    fn files_of(&self, scope: Path<'_>, path: Path<'_>) -> Option<BTreeSet<usize>> {
        if let [before @ .., star] = path
            && star == "*"
        {
            let mut files = BTreeSet::new();
            for target in self.resolve(scope, before, &mut BTreeSet::new())? {
                match target {
                    Target::Item(file) => drop(files.insert(file)),
                    Target::Module(module) => files.extend(self.everything_in(&module, &mut BTreeSet::new())),
                    Target::Outside => {}
                }
            }
            return Some(files);
        }
        let targets = self.resolve(scope, path, &mut BTreeSet::new())?;
        let file = |target| match target {
            Target::Item(file) => Some(file),
            Target::Module(module) => Some(self.modules[&module].file),
            Target::Outside => None,
        };
        Some(targets.into_iter().filter_map(file).collect())
    }

    /// What a glob over the module brings: its own items and what it re-exports.
    fn everything_in(&self, module: Path<'_>, seen: &mut BTreeSet<Vec<String>>) -> BTreeSet<usize> {
        let mut files = BTreeSet::new();
        if !seen.insert(module.to_owned()) {
            return files;
        }
        let at = &self.modules[module];
        if !at.scope.items.is_empty() || at.scope.grown {
            files.insert(at.file);
        }
        for import in &at.scope.imports {
            if import.name == "*" {
                let before = &import.path[..import.path.len() - 1];
                for target in self.resolve(module, before, &mut BTreeSet::new()).unwrap_or_default() {
                    match target {
                        Target::Item(file) => drop(files.insert(file)),
                        Target::Module(inner) => files.extend(self.everything_in(&inner, seen)),
                        Target::Outside => {}
                    }
                }
            } else {
                files.extend(self.files_of(module, &import.path).unwrap_or_default());
            }
        }
        files
    }

    /// Walks a path from a module.
    fn resolve(
        &self,
        scope: Path<'_>,
        path: Path<'_>,
        seen: &mut BTreeSet<(Vec<String>, Vec<String>)>,
    ) -> Option<BTreeSet<Target>> {
        if !seen.insert((scope.to_owned(), path.to_owned())) {
            return Some(BTreeSet::new());
        }
        let mut here = scope.to_owned();
        let mut at = 0;
        let mut anchored = false;
        while let Some(word) = path.get(at) {
            match word.as_str() {
                "crate" => here.clear(),
                "self" => {}
                "super" => drop(here.pop()),
                _ => break,
            }
            anchored = true;
            at += 1;
        }
        let mut targets = BTreeSet::from([Target::Module(here.clone())]);
        if at == path.len() {
            return Some(targets);
        }
        for (number, name) in path.iter().enumerate().skip(at) {
            let modules: Vec<Vec<String>> = targets
                .iter()
                .filter_map(|t| if let Target::Module(m) = t { Some(m.clone()) } else { None })
                .collect();
            if modules.is_empty() {
                // An associated item or a variant of what was found.
                return Some(targets);
            }
            let mut next = BTreeSet::new();
            for module in &modules {
                next.extend(self.look_up(module, name, seen)?);
            }
            if next.is_empty() {
                if number == at && !anchored {
                    return Some(BTreeSet::from([Target::Outside]));
                }
                // A macro may have written it, or a glob may bring it from
                // another crate.
                let open = modules.iter().filter(|m| self.is_open(m));
                next = open.map(|m| Target::Item(self.modules[m].file)).collect();
                return if next.is_empty() { None } else { Some(next) };
            }
            targets = next;
        }
        Some(targets)
    }

    /// Whether the module may hold names that this analysis does not see.
    fn is_open(&self, module: Path<'_>) -> bool {
        let scope = &self.modules[module].scope;
        scope.grown || scope.imports.iter().any(|import| import.name == "*")
    }

    /// What the name is in the module: an item, a module, an import.
    fn look_up(
        &self,
        module: Path<'_>,
        name: &str,
        seen: &mut BTreeSet<(Vec<String>, Vec<String>)>,
    ) -> Option<BTreeSet<Target>> {
        let mut found = BTreeSet::new();
        let at = &self.modules[module];
        if at.scope.items.contains(name) {
            found.insert(Target::Item(at.file));
        }
        let child = [module, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            found.insert(Target::Module(child));
        }
        if module.is_empty() {
            let exported =
                self.modules.values().filter(|m| m.scope.exported_macros.iter().any(|n| n == name));
            found.extend(exported.map(|m| Target::Item(m.file)));
        }
        for import in at.scope.imports.iter().filter(|import| import.name == name) {
            found.extend(self.resolve(module, &import.path, seen)?);
        }
        if found.is_empty() {
            for import in at.scope.imports.iter().filter(|import| import.name == "*") {
                let before = &import.path[..import.path.len() - 1];
                for target in self.resolve(module, before, seen)? {
                    match target {
                        Target::Module(inner) if inner != module => {
                            found.extend(self.look_up(&inner, name, seen)?);
                        }
                        Target::Module(_) => {}
                        // The variants of an enum.
                        Target::Item(file) if name.starts_with(char::is_uppercase) => {
                            found.insert(Target::Item(file));
                        }
                        Target::Item(_) | Target::Outside => {}
                    }
                }
            }
        }
        Some(found)
    }
}

/// The circles of more than one file, the largest first (Tarjan's strongly
/// connected components).
pub(crate) fn circles(arrows: &[Arrow]) -> Vec<Vec<String>> {
    let mut search = Components::default();
    for arrow in arrows {
        search.next.entry(&arrow.from).or_default().push(&arrow.to);
    }
    let files: Vec<&str> = search.next.keys().copied().collect();
    for file in files {
        if !search.number.contains_key(file) {
            search.visit(file);
        }
    }
    search.found.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    search.found
}

#[derive(Default)]
struct Components<'a> {
    next: BTreeMap<&'a str, Vec<&'a str>>,
    number: BTreeMap<&'a str, usize>,
    low: BTreeMap<&'a str, usize>,
    open: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Components<'a> {
    fn visit(&mut self, file: &'a str) {
        let number = self.number.len();
        self.number.insert(file, number);
        self.low.insert(file, number);
        self.open.push(file);
        for to in self.next.get(file).cloned().unwrap_or_default() {
            if !self.number.contains_key(to) {
                self.visit(to);
                self.low.insert(file, self.low[file].min(self.low[to]));
            } else if self.open.contains(&to) {
                self.low.insert(file, self.low[file].min(self.number[to]));
            }
        }
        if self.low[file] == number {
            let start =
                self.open.iter().position(|f| *f == file).expect("a file is open while it is visited");
            let mut circle: Vec<String> =
                self.open.split_off(start).iter().map(ToString::to_string).collect();
            circle.sort();
            if circle.len() > 1 {
                self.found.push(circle);
            }
        }
    }
}
