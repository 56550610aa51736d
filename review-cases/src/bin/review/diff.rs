//! A unified diff of two texts, by the longest common subsequence of lines.

use std::fmt::Write;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// One line of the edit script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit<'a> {
    Keep(&'a str),
    Remove(&'a str),
    Add(&'a str),
}

/// The diff from `old` to `new` of the file `path`; a side that is `None` does
/// not exist. Empty if the two are the same. O(lines of old * lines of new).
pub(crate) fn unified(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    if old == new {
        return String::new();
    }
    let side = |prefix: &str, text: Option<&str>| match text {
        Some(_) => format!("{prefix}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let mut out = format!("--- {}\n+++ {}\n", side("a", old), side("b", new));
    let edits = script(
        &old.unwrap_or("").lines().collect::<Vec<_>>(),
        &new.unwrap_or("").lines().collect::<Vec<_>>(),
    );
    for (from, to) in hunks(&edits) {
        hunk(&mut out, &edits, from, to);
    }
    out
}

/// The shortest edit script that turns `old` into `new`.
fn script<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Edit<'a>> {
    // common[i][j]: length of the longest common subsequence of old[i..], new[j..].
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut edits = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            edits.push(Edit::Keep(old[i]));
            i += 1;
            j += 1;
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            edits.push(Edit::Remove(old[i]));
            i += 1;
        } else {
            edits.push(Edit::Add(new[j]));
            j += 1;
        }
    }
    edits
}

/// The ranges of the script to show: every change with its context, merged
/// where they touch.
fn hunks(edits: &[Edit<'_>]) -> Vec<(usize, usize)> {
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        if matches!(edit, Edit::Keep(_)) {
            continue;
        }
        let from = at.saturating_sub(CONTEXT);
        let to = (at + 1 + CONTEXT).min(edits.len());
        match hunks.last_mut() {
            Some((_, end)) if from <= *end => *end = to,
            _ => hunks.push((from, to)),
        }
    }
    hunks
}

fn hunk(out: &mut String, edits: &[Edit<'_>], from: usize, to: usize) {
    let lines = |range: &[Edit<'_>], added: bool| {
        let counts = |edit: &&Edit<'_>| match edit {
            Edit::Keep(_) => true,
            Edit::Add(_) => added,
            Edit::Remove(_) => !added,
        };
        range.iter().filter(counts).count()
    };
    // A side with no lines starts at 0, as diff(1) has it.
    let start = |before: usize, count: usize| before + usize::from(count > 0);
    let (before, inside) = (&edits[..from], &edits[from..to]);
    let (old, new) = (lines(inside, false), lines(inside, true));
    let _ = writeln!(
        out,
        "@@ -{},{old} +{},{new} @@",
        start(lines(before, false), old),
        start(lines(before, true), new),
    );
    for edit in inside {
        let _ = match edit {
            Edit::Keep(line) => writeln!(out, " {line}"),
            Edit::Remove(line) => writeln!(out, "-{line}"),
            Edit::Add(line) => writeln!(out, "+{line}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_no_diff() {
        assert_eq!(unified("f", Some("a\nb\n"), Some("a\nb\n")), "");
    }

    #[test]
    fn one_changed_line_is_shown_with_three_lines_of_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
        let expected = "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(unified("f", Some(old), Some(new)), expected);
    }

    #[test]
    fn changes_far_apart_are_two_hunks_and_near_ones_are_one() {
        let old: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        let changed = |at: &[usize]| {
            let mut new = old.clone();
            for &n in at {
                new[n] = "x".into();
            }
            unified("f", Some(&old.join("\n")), Some(&new.join("\n")))
        };
        assert_eq!(changed(&[5, 20]).matches("@@ -").count(), 2);
        assert_eq!(changed(&[5, 11]).matches("@@ -").count(), 1);
    }

    #[test]
    fn a_new_file_and_a_removed_one_come_from_and_go_to_nothing() {
        let added = unified("f", None, Some("a\nb\n"));
        assert_eq!(added, "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
        let removed = unified("f", Some("a\n"), None);
        assert_eq!(removed, "--- a/f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
    }

    #[test]
    fn the_script_keeps_as_much_as_it_can() {
        let edits = script(&["a", "b", "c", "d"], &["b", "x", "d"]);
        let kept = edits.iter().filter(|e| matches!(e, Edit::Keep(_))).count();
        assert_eq!(kept, 2);
        let new: Vec<&str> = edits
            .iter()
            .filter_map(|edit| match edit {
                Edit::Keep(line) | Edit::Add(line) => Some(*line),
                Edit::Remove(_) => None,
            })
            .collect();
        assert_eq!(new, ["b", "x", "d"]);
    }
}
