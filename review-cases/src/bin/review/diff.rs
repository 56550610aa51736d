//! A unified diff of two texts.

use similar::TextDiff;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The diff from `old` to `new` of the file `path`; a side that is `None` does
/// not exist. Empty if the two are the same.
pub(crate) fn unified(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    if old == new {
        return String::new();
    }
    let side = |prefix: &str, text: Option<&str>| match text {
        Some(_) => format!("{prefix}/{path}"),
        None => "/dev/null".to_owned(),
    };
    TextDiff::from_lines(old.unwrap_or(""), new.unwrap_or(""))
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&side("a", old), &side("b", new))
        .to_string()
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
        assert_eq!(removed, "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
    }

    #[test]
    fn the_diff_keeps_as_much_as_it_can() {
        let diff = unified("f", Some("a\nb\nc\nd\n"), Some("b\nx\nd\n"));
        let lines = |marks: [char; 2]| {
            let body = diff.lines().skip(3).filter(move |line| line.starts_with(marks));
            body.map(|line| &line[1..]).collect::<Vec<_>>()
        };
        assert_eq!(lines([' ', '-']), ["a", "b", "c", "d"]);
        assert_eq!(lines([' ', '+']), ["b", "x", "d"]);
        assert_eq!(lines([' ', ' ']), ["b", "d"]);
    }
}
