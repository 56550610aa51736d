//! A table as text that fits the terminal: cells too wide for it are wrapped.

/// Spaces between two columns.
const GAP: usize = 2;

/// A column is not made narrower than this.
const NARROWEST: usize = 8;

/// Rows of cells under a header, in groups with a heading where there are some.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

#[derive(Debug)]
enum Row {
    Heading(String),
    Cells(Vec<String>),
}

impl Table {
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        Self { rows: vec![Row::Cells(header.map(str::to_owned).to_vec())] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(Row::Cells(cells.to_vec()));
    }

    /// A line of its own above the rows that follow.
    pub(crate) fn heading(&mut self, text: String) {
        self.rows.push(Row::Heading(text));
    }

    /// The table in at most `columns` columns, if its columns can be made so narrow.
    pub(crate) fn render(&self, columns: usize) -> String {
        let widths = self.widths(columns);
        let mut out = String::new();
        for row in &self.rows {
            match row {
                Row::Heading(text) => out.push_str(&format!("{text}\n")),
                Row::Cells(cells) => push_cells(&mut out, cells, &widths),
            }
        }
        out
    }

    /// The width of each column: of its widest cell, but the widest column gives
    /// way while the table is too wide.
    fn widths(&self, columns: usize) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                widths.resize(cells.len(), 0);
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(cell.chars().count());
                }
            }
        }
        let room = columns.saturating_sub(GAP * widths.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

/// One row: as many lines as its tallest cell has.
fn push_cells(out: &mut String, cells: &[String], widths: &[usize]) {
    let wrapped: Vec<Vec<_>> =
        cells.iter().zip(widths).map(|(cell, &width)| textwrap::wrap(cell, width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    for at in 0..height {
        let mut line = String::new();
        for (lines, width) in wrapped.iter().zip(widths) {
            let text = lines.get(at).map_or("", |text| text);
            line.push_str(&format!("{text:<width$}{:GAP$}", ""));
        }
        out.push_str(&format!("{}\n", line.trim_end()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(title: &str) -> Table {
        let mut table = Table::new(["id", "n", "title"]);
        table.row(["longer".into(), "1".into(), title.into()]);
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["id", "n"]);
        table.row(["longer".into(), "1".into()]);
        assert_eq!(table.render(80), "id      n\nlonger  1\n");
    }

    #[test]
    fn the_widest_column_is_wrapped_where_the_table_is_too_wide() {
        let text = table("counting without a lock").render(26);
        assert_eq!(text, "id      n  title\nlonger  1  counting\n           without a lock\n");
    }

    #[test]
    fn a_word_that_does_not_fit_is_broken_and_no_line_is_too_wide() {
        let text = table(&"x".repeat(100)).render(30);
        assert!(text.lines().all(|line| line.len() <= 30), "{text}");
        assert_eq!(text.matches('x').count(), 100);
    }

    #[test]
    fn a_terminal_that_is_too_narrow_for_any_table_gets_the_narrowest() {
        assert_eq!(table("counting").render(0), table("counting").render(80));
    }

    #[test]
    fn a_heading_takes_a_line_and_no_column() {
        let mut table = Table::new(["  id", "n"]);
        table.heading("a heading wider than all".into());
        table.row(["  a".into(), "1".into()]);
        assert_eq!(table.render(80), "  id  n\na heading wider than all\n  a   1\n");
    }
}
