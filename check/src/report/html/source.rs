//! The source lines around a site, read when the page is made.

use crate::report::data::{Failure, SourceLine, Trace};
use crate::report::html::escape::escape;
use crate::report::paths;
use std::fmt::Write as _;

/// Lines shown before and after a site.
const AROUND: u32 = 3;

/// A line of source with the lines around it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Excerpt {
    /// Line numbers and lines.
    pub(super) lines: Vec<(u32, String)>,
    /// The number of the line itself.
    pub(super) at: u32,
}

/// The lines around `site` without the indentation that they share, if its file can be read and is that long.
pub(super) fn excerpt(site: &SourceLine) -> Option<Excerpt> {
    if site.line == 0 {
        return None;
    }
    let text = paths::source(&site.file)?;
    let (from, to) = (site.line.saturating_sub(AROUND).max(1), site.line.saturating_add(AROUND));
    let numbered = (1..).zip(text.lines());
    let lines: Vec<(u32, String)> = numbered
        .skip_while(|(number, _)| *number < from)
        .take_while(|(number, _)| *number <= to)
        .map(|(number, line)| (number, line.replace('\t', "    ")))
        .collect();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let full = lines.iter().filter(|(_, line)| !line.trim().is_empty());
    let shared = full.map(|(_, line)| indent(line)).min().unwrap_or(0);
    let dedented =
        |(number, line): (u32, String)| (number, line.get(shared..).unwrap_or_default().to_owned());
    let lines: Vec<(u32, String)> = lines.into_iter().map(dedented).collect();
    lines.iter().any(|(number, _)| *number == site.line).then_some(Excerpt { lines, at: site.line })
}

/// Who was at `site` in the end: the last marked step there.
fn lane<'a>(trace: &'a Trace, site: &SourceLine, nth: usize) -> Option<&'a str> {
    let marked = trace.lines.iter().filter(|l| l.guilty && l.site.as_ref() == Some(site));
    marked.map(|l| l.lane).nth(nth).and_then(|lane| trace.lanes.get(lane)).map(String::as_str)
}

/// The section with all sites that the failure is about.
pub(super) fn sites(out: &mut String, failure: &Failure) {
    if failure.sites.is_empty() {
        return;
    }
    out.push_str("<section class=\"sites\" aria-label=\"The source lines that the failure is about\">\n");
    for (number, site) in failure.sites.iter().enumerate() {
        let nth = failure.sites[..number].iter().filter(|other| *other == site).count();
        let lane = lane(&failure.trace, site, nth).map(|lane| format!("{} at ", escape(lane)));
        let _ = write!(
            out,
            "<figure class=\"source\">\n<figcaption>{}<code>{}</code></figcaption>\n",
            lane.unwrap_or_default(),
            escape(&site.to_string())
        );
        match excerpt(site) {
            Some(excerpt) => draw(out, &excerpt),
            None => {
                out.push_str("<p class=\"hint\">The file was not readable when the report was made.</p>\n")
            }
        }
        out.push_str("</figure>\n");
    }
    out.push_str("</section>\n");
}

fn draw(out: &mut String, excerpt: &Excerpt) {
    out.push_str("<pre tabindex=\"0\">");
    for (number, line) in &excerpt.lines {
        let (open, close) = if *number == excerpt.at { ("<mark>", "</mark>") } else { ("<span>", "</span>") };
        let _ = writeln!(out, "{open}<span class=\"number\">{number:>5} </span>{}{close}", escape(line));
    }
    out.push_str("</pre>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_has_the_lines_around_its_line() {
        let site = |line| SourceLine { file: "src/report/html/source.rs".into(), line };
        let excerpt_at = |line| excerpt(&site(line));
        let first = excerpt_at(1).expect("this file");
        assert_eq!((first.lines[0].0, first.lines.len(), first.at), (1, 4, 1));
        assert!(first.lines[0].1.starts_with("//! The source lines"));
        assert_eq!(excerpt_at(10).expect("this file").lines.len(), 7);
        let inner = excerpt_at(line!()).expect("this file");
        assert!(inner.lines[3].1.starts_with("let inner"), "{inner:?}");
        assert_eq!(excerpt_at(0), None);
        assert_eq!(excerpt_at(100_000), None);
        assert_eq!(excerpt(&SourceLine { file: "no/such/file.rs".into(), line: 1 }), None);
    }
}
