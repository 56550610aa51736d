//! `review list`: what there is.

use crate::args::Format;
use crate::case::Case;
use crate::table::Table;

/// The cases without their answers; a table has at most so many columns.
pub(crate) fn render(cases: &[Case], format: Format, columns: usize) -> String {
    match format {
        Format::Table => table(cases).render(columns),
        Format::Json => format!("{}\n", json(cases)),
    }
}

fn table(cases: &[Case]) -> Table {
    let mut table = Table::new(["id", "level", "min.", "class", "title"]);
    for case in cases {
        table.row([
            case.id.clone(),
            case.level.clone(),
            case.minutes.to_string(),
            case.class.clone(),
            case.title.clone(),
        ]);
    }
    table
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::tests::case;

    #[test]
    fn a_long_title_is_wrapped_at_the_width_of_the_terminal() {
        let mut long = case("market-data-ring-of-two", &["base"]);
        long.title = "Feed: a lock-free ring between the decoder and the book builder".into();
        let text = render(&[long], Format::Table, 80);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() > 2 && lines.iter().all(|line| line.len() <= 80), "{text}");
        assert!(lines[1].starts_with("market-data-ring-of-two  mid"), "{text}");
    }

    #[test]
    fn the_json_names_every_variant_with_its_expectation() {
        let text = render(&[case("demo", &["base", "buggy"])], Format::Json, 80);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json[0]["id"], "demo");
        assert_eq!(json[0]["variants"][1], serde_json::json!({"name": "buggy", "expect": "fail"}));
    }
}
