//! Tables for people.

use comfy_table::{Table, presets};

/// Lays rows out under headings; without rows it says so.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>, empty: &str) -> String {
    if rows.is_empty() {
        return format!("{empty}\n");
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(headings);
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt() + "\n"
}
