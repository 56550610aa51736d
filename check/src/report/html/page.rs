//! A report as one HTML page: the timeline, the source lines, and what replays it.
//!
//! Everything that comes from the model (names, messages, paths, source) goes
//! through [`escape`], or into a JSON block whose `<` are escaped and which the
//! page's script writes with `textContent` only. The page loads nothing.

use crate::report::data::{Failure, Report};
use crate::report::html::escape::{escape, json_block};
use crate::report::html::{source, timeline};
use crate::report::step::Interleaving;
use crate::report::words::{are, count};
use std::fmt::Write as _;

/// Steps on the page, at most: the last ones. The JSON file has all.
const SHOWN: usize = 2_000;

/// The page.
pub(in crate::report) fn page(report: &Report) -> String {
    let mut out = String::new();
    let title = escape(&format!("{}: {}", report.name, report.verdict));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
        include_str!("style.css")
    );
    header(&mut out, report);
    if let Some(failure) = &report.failure {
        body(&mut out, failure);
    }
    footer(&mut out, report);
    out.push_str("</body>\n</html>\n");
    out
}

fn header(out: &mut String, report: &Report) {
    let class = if report.passed() { "passed" } else { "failed" };
    let _ = write!(
        out,
        "<header>\n<h1>{} <span class=\"verdict {class}\">{}</span></h1>\n",
        escape(&report.name),
        escape(&report.verdict.to_string())
    );
    if let Some(failure) = &report.failure {
        let _ = writeln!(out, "<p class=\"message\">{}</p>", escape(&failure.message));
        if let Some(interleaving) = &failure.trace.interleaving {
            let class = if *interleaving == Interleaving::Plain { "plain" } else { "weak" };
            let _ = writeln!(out, "<p class=\"order {class}\">{}</p>", escape(&interleaving.to_string()));
            if failure.trace.left_out > 0 {
                let are = are(failure.trace.left_out, "step");
                let _ = writeln!(
                    out,
                    "<p class=\"hint\">{are} left out, as the failure does not depend on them.</p>"
                );
            }
        }
    }
    out.push_str("</header>\n");
}

fn body(out: &mut String, failure: &Failure) {
    let trace = &failure.trace;
    let first = trace.lines.len().saturating_sub(SHOWN);
    out.push_str("<main>\n<section class=\"run\" aria-label=\"The failing execution\">\n");
    out.push_str(
        "<div class=\"controls\" role=\"toolbar\" aria-label=\"Step through the execution\">\n\
         <button type=\"button\" id=\"first\" aria-label=\"First step (Home)\">|◀</button>\n\
         <button type=\"button\" id=\"back\" aria-label=\"Step back (arrow up)\">◀</button>\n\
         <button type=\"button\" id=\"next\" aria-label=\"Step on (arrow down)\">▶</button>\n\
         <button type=\"button\" id=\"last\" aria-label=\"Last step (End)\">▶|</button>\n\
         <span id=\"position\" aria-live=\"polite\"></span>\n\
         <span class=\"hint\">arrow keys step; hover or focus a step for what it read</span>\n</div>\n",
    );
    if first > 0 {
        let are = are(first, "step");
        let _ = writeln!(out, "<p class=\"hint\">{are} before these, in the JSON file only.</p>");
    }
    timeline::draw(out, trace, first);
    out.push_str("</section>\n<aside aria-label=\"The step\" aria-live=\"polite\" id=\"detail\">\n");
    out.push_str(
        "<p class=\"hint\">Hover, focus or step to a step to see what it read.</p>\n</aside>\n</main>\n",
    );
    source::sites(out, failure);
    let _ = write!(
        out,
        "<script type=\"application/json\" id=\"data\">{}</script>\n<script>\n{}</script>\n",
        json_block(&timeline::data(trace, first)),
        include_str!("script.js")
    );
}

fn footer(out: &mut String, report: &Report) {
    out.push_str("<footer>\n");
    if let Some(failure) = report.failure.as_ref().filter(|f| !f.token.is_empty()) {
        let _ = writeln!(
            out,
            "<h2>Replay</h2>\n<pre class=\"token\" tabindex=\"0\" aria-label=\"What replays it\">{}</pre>",
            escape(&report.command.clone().unwrap_or_else(|| format!("RINGWRIGHT_REPLAY={}", failure.token)))
        );
    }
    let _ = writeln!(
        out,
        "<p>Engine {}: {} complete, {} blocked, {:.3} s.</p>",
        report.engine,
        count(report.executions, "execution"),
        report.blocked,
        report.elapsed.as_secs_f64()
    );
    if !report.notes.is_empty() {
        out.push_str("<ul class=\"notes\">\n");
        for note in &report.notes {
            let _ = writeln!(out, "<li>{}</li>", escape(note));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</footer>\n");
}
