//! Tables that are searched (`q`), sorted (`sort`) and paged (`page`) by their address.

use super::query::{Query, address};

/// Rows on a page.
const ROWS: usize = 25;

/// What a column is sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A text, without regard to case.
    Text(String),
    /// A number or a time.
    Number(i64),
}

impl Key {
    /// The key of a text.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_lowercase())
    }
}

/// A column of a table of `T`.
pub(super) struct Column<T> {
    /// Its name in the address.
    pub(super) name: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// What it is sorted by; without one it is not sorted.
    pub(super) key: Option<fn(&T) -> Key>,
}

/// A column's head.
pub(super) struct Head {
    /// The title.
    pub(super) title: &'static str,
    /// Where the table is sorted by it; empty if it cannot be.
    pub(super) address: String,
    /// How it is sorted now, in words of `aria-sort`; empty if it is not.
    pub(super) sorted: &'static str,
}

/// What surrounds the rows of a table.
pub(super) struct Controls {
    /// The path of the page.
    pub(super) path: String,
    /// What is searched for.
    pub(super) q: String,
    /// How it is sorted, as the address says it.
    pub(super) sort: String,
    /// Parameters of the page that searching keeps.
    pub(super) kept: Vec<(&'static str, String)>,
    /// The heads.
    pub(super) heads: Vec<Head>,
    /// Rows that were found.
    pub(super) found: usize,
    /// The number of the first row that is shown, from 1.
    pub(super) first: usize,
    /// That of the last.
    pub(super) last: usize,
    /// The address of the page before; empty on the first.
    pub(super) previous: String,
    /// The address of the next page; empty on the last.
    pub(super) next: String,
}

/// A table: what surrounds it, and the rows of the page that is asked for.
pub(super) struct Table<T> {
    /// What surrounds the rows.
    pub(super) controls: Controls,
    /// The rows.
    pub(super) rows: Vec<T>,
}

impl<T> Table<T> {
    /// Chooses the rows that a query asks for. `text` is what is searched in a row;
    /// `kept` names the parameters that belong to the page, not to the table.
    pub(super) fn new(
        path: &str,
        query: &Query,
        kept: &[&'static str],
        columns: &[Column<T>],
        rows: Vec<T>,
        text: fn(&T) -> String,
    ) -> Self {
        let q = query.text("q").to_owned();
        let mut rows = found(rows, &q, text);
        let sort = query.text("sort");
        let (name, descending) = sort
            .strip_prefix('-')
            .map_or((sort, false), |name| (name, true));
        let sorted = columns.iter().find(|column| column.name == name);
        if let Some(key) = sorted.and_then(|column| column.key) {
            rows.sort_by_cached_key(key);
            if descending {
                rows.reverse();
            }
        }
        let kept: Vec<_> = kept
            .iter()
            .map(|name| (*name, query.text(name).to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let to = |sort: &str, page: usize| {
            let page = if page > 1 {
                page.to_string()
            } else {
                String::new()
            };
            let mut all: Vec<_> = kept
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            all.extend([("q", q.as_str()), ("sort", sort), ("page", &page)]);
            address(path, &all)
        };
        let heads = columns
            .iter()
            .map(|column| {
                let is_sorted = column.name == name && column.key.is_some();
                let other_way = if is_sorted && !descending {
                    format!("-{}", column.name)
                } else {
                    column.name.to_owned()
                };
                Head {
                    title: column.title,
                    address: column.key.map_or_else(String::new, |_| to(&other_way, 1)),
                    sorted: match (is_sorted, descending) {
                        (false, _) => "",
                        (true, false) => "ascending",
                        (true, true) => "descending",
                    },
                }
            })
            .collect();
        let count = rows.len();
        let pages = count.div_ceil(ROWS).max(1);
        let page = query.text("page").parse().unwrap_or(1).clamp(1, pages);
        let skipped = (page - 1) * ROWS;
        let rows: Vec<_> = rows.into_iter().skip(skipped).take(ROWS).collect();
        let neighbour = |is_there: bool, page: usize| {
            if is_there {
                to(sort, page)
            } else {
                String::new()
            }
        };
        let controls = Controls {
            path: path.to_owned(),
            heads,
            found: count,
            first: skipped + 1,
            last: skipped + rows.len(),
            previous: neighbour(page > 1, page - 1),
            next: neighbour(page < pages, page + 1),
            sort: sort.to_owned(),
            kept: kept.clone(),
            q: q.clone(),
        };
        Self { controls, rows }
    }
}

/// The rows with every word of `q`.
fn found<T>(mut rows: Vec<T>, q: &str, text: fn(&T) -> String) -> Vec<T> {
    let q = q.to_lowercase();
    let words: Vec<_> = q.split_whitespace().collect();
    if !words.is_empty() {
        rows.retain(|row| {
            let text = text(row).to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(query: &str, count: i64) -> Table<i64> {
        let columns = [
            Column {
                name: "number",
                title: "Number",
                key: Some(|one: &i64| Key::Number(*one)),
            },
            Column {
                name: "other",
                title: "Other",
                key: None,
            },
        ];
        let rows = (1..=count).collect();
        let text = |one: &i64| format!("Number {one}");
        Table::new("/x", &Query::parse(query), &["tab"], &columns, rows, text)
    }

    #[test]
    fn rows_are_found_sorted_and_paged() {
        for (query, count, rows) in [
            ("", 2, vec![1, 2]),
            ("sort=-number", 2, vec![2, 1]),
            ("sort=other", 2, vec![1, 2]),
            (
                "q=number+2",
                30,
                vec![2, 12, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
            ),
            ("page=2", 27, vec![26, 27]),
            ("page=9", 27, vec![26, 27]),
            ("page=-1", 1, vec![1]),
            ("q=nothing&page=3", 3, vec![]),
        ] {
            assert_eq!(table(query, count).rows, rows, "{query}");
        }
    }

    #[test]
    fn links_keep_what_was_asked() {
        let controls = table("tab=all&q=number&sort=number&page=2&evil=1", 80).controls;
        assert_eq!(controls.heads[0].sorted, "ascending");
        assert_eq!(
            controls.heads[0].address,
            "/x?tab=all&q=number&sort=-number"
        );
        assert_eq!(controls.heads[1].address, "");
        assert_eq!(controls.previous, "/x?tab=all&q=number&sort=number");
        assert_eq!(controls.next, "/x?tab=all&q=number&sort=number&page=3");
        assert_eq!(
            (controls.first, controls.last, controls.found),
            (26, 50, 80)
        );
    }
}
