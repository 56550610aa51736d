//! `review list`: what there is.

use crate::args::Format;
use crate::case::Case;
use crate::table::Table;

/// The cases, one line each, without their answers.
pub(crate) fn render(cases: &[Case], format: Format) -> String {
    match format {
        Format::Table => table(cases),
        Format::Json => format!("{}\n", json(cases)),
    }
}

fn table(cases: &[Case]) -> String {
    let mut table = Table::new(["id", "level", "minutes", "class", "variants", "title"]);
    for case in cases {
        table.row([
            case.id.clone(),
            case.level.clone(),
            case.minutes.to_string(),
            case.class.clone(),
            case.variants.len().to_string(),
            case.title.clone(),
        ]);
    }
    table.to_string()
}

fn json(cases: &[Case]) -> serde_json::Value {
    cases
        .iter()
        .map(|case| {
            let variants: Vec<_> = case
                .variants
                .iter()
                .map(|v| serde_json::json!({"name": v.name, "expect": v.expect.word()}))
                .collect();
            serde_json::json!({
                "id": case.id,
                "title": case.title,
                "language": case.language,
                "class": case.class,
                "cwe": case.cwe,
                "engine": case.engine,
                "level": case.level,
                "minutes": case.minutes,
                "tags": case.tags,
                "origin": case.origin,
                "variants": variants,
            })
        })
        .collect()
}
