//! Tables that are searched (`q`), sorted (`sort`) and paged (`page`) by their address.

use super::query::{Query, address};

/// Rows on a page.
pub(super) const ROWS: usize = 25;

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
    name: &'static str,
    title: &'static str,
    key: Option<fn(&T) -> Key>,
    is_titled: bool,
}

impl<T> Column<T> {
    /// A column that the table is sorted by where the address says its name.
    pub(super) const fn new(name: &'static str, title: &'static str, key: fn(&T) -> Key) -> Self {
        Self {
            name,
            title,
            key: Some(key),
            is_titled: true,
        }
    }

    /// The column with the buttons of a row; its title is for screen readers.
    pub(super) const fn actions() -> Self {
        Self {
            name: "",
            title: "Actions",
            key: None,
            is_titled: false,
        }
    }
}

/// A column's head.
pub(super) struct Head {
    /// The title.
    pub(super) title: &'static str,
    /// Whether the title is seen.
    pub(super) is_titled: bool,
    /// Where the table is sorted by it; empty if it cannot be.
    pub(super) address: String,
    /// How it is sorted now, in words of `aria-sort`; empty if it is not.
    pub(super) sorted: &'static str,
}

/// What surrounds the rows of a table.
pub(super) struct Controls {
    /// The path of the page.
    pub(super) path: String,
    /// What the table is called among those of its page; empty if it is the page's only
    /// one.
    pub(super) part: &'static str,
    /// What is searched for.
    pub(super) q: String,
    /// How it is sorted, as the address says it.
    pub(super) sort: String,
    /// Parameters of the page that searching keeps.
    pub(super) kept: Vec<(String, String)>,
    /// The heads.
    pub(super) heads: Vec<Head>,
    /// Rows that were found.
    pub(super) found: usize,
    /// Whether there may be more of them.
    pub(super) is_at_least: bool,
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
    /// The table of a page: chooses the rows that a query asks for. `text` is what is
    /// searched in a row; `kept` names the parameters that belong to the page, not to the
    /// table.
    pub(super) fn new(
        path: &str,
        query: &Query,
        kept: &[&str],
        columns: &[Column<T>],
        rows: Vec<T>,
        text: fn(&T) -> String,
    ) -> Self {
        let rows = found(rows, query.text("q"), text);
        let kept = kept.iter().map(|name| (*name, query.text(name)));
        Place::new(path, query, "", kept.collect()).fill(columns, rows)
    }

    /// One of several tables of a page, called `part`, without a search. Its parameters
    /// are `PART_sort` and `PART_page`, and those of the others stay as they are.
    pub(super) fn part(
        path: &str,
        query: &Query,
        part: &'static str,
        columns: &[Column<T>],
        rows: Vec<T>,
    ) -> Self {
        let (sort, page) = (format!("{part}_sort"), format!("{part}_page"));
        let of_others = |name: &str| {
            (name.ends_with("_sort") || name.ends_with("_page")) && name != sort && name != page
        };
        let kept = query
            .all()
            .filter(|(name, _)| *name == "tab" || of_others(name));
        Place::new(path, query, part, kept.collect()).fill(columns, rows)
    }
}

/// Where a table stands, and what its page's address says.
struct Place<'a> {
    path: &'a str,
    query: &'a Query,
    part: &'static str,
    kept: Vec<(&'a str, &'a str)>,
    q: &'a str,
}

impl<'a> Place<'a> {
    fn new(
        path: &'a str,
        query: &'a Query,
        part: &'static str,
        mut kept: Vec<(&'a str, &'a str)>,
    ) -> Self {
        kept.retain(|(_, value)| !value.is_empty());
        let q = if part.is_empty() { query.text("q") } else { "" };
        Self {
            path,
            query,
            part,
            kept,
            q,
        }
    }

    /// What a parameter of the table is called.
    fn parameter(&self, name: &'static str) -> String {
        if self.part.is_empty() {
            name.to_owned()
        } else {
            format!("{}_{name}", self.part)
        }
    }

    /// The address of a page of the table.
    fn to(&self, sort: &str, page: usize) -> String {
        let page = if page > 1 {
            page.to_string()
        } else {
            String::new()
        };
        let names = [self.parameter("sort"), self.parameter("page")];
        let mut all = self.kept.clone();
        all.extend([("q", self.q), (&*names[0], sort), (&*names[1], &*page)]);
        let mut to = address(self.path, &all);
        if !self.part.is_empty() {
            to.push('#');
            to.push_str(self.part);
        }
        to
    }

    fn fill<T>(&self, columns: &[Column<T>], mut rows: Vec<T>) -> Table<T> {
        let sort = self.query.text(&self.parameter("sort"));
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
        let head = |column: &Column<T>| {
            let is_sorted = column.name == name && column.key.is_some();
            let other_way = if is_sorted && !descending {
                format!("-{}", column.name)
            } else {
                column.name.to_owned()
            };
            Head {
                title: column.title,
                is_titled: column.is_titled,
                address: column
                    .key
                    .map_or_else(String::new, |_| self.to(&other_way, 1)),
                sorted: match (is_sorted, descending) {
                    (false, _) => "",
                    (true, false) => "ascending",
                    (true, true) => "descending",
                },
            }
        };
        let heads = columns.iter().map(head).collect();
        let count = rows.len();
        let pages = count.div_ceil(ROWS).max(1);
        let page = self.query.text(&self.parameter("page"));
        let page = page.parse().unwrap_or(1).clamp(1, pages);
        let skipped = (page - 1) * ROWS;
        let rows: Vec<_> = rows.into_iter().skip(skipped).take(ROWS).collect();
        let neighbour = |is_there: bool, page: usize| {
            if is_there {
                self.to(sort, page)
            } else {
                String::new()
            }
        };
        let kept = self.kept.iter();
        let controls = Controls {
            path: self.path.to_owned(),
            part: self.part,
            heads,
            found: count,
            is_at_least: false,
            first: skipped + 1,
            last: skipped + rows.len(),
            previous: neighbour(page > 1, page - 1),
            next: neighbour(page < pages, page + 1),
            sort: sort.to_owned(),
            kept: kept
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            q: self.q.to_owned(),
        };
        Table { controls, rows }
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
            Column::new("number", "Number", |one: &i64| Key::Number(*one)),
            Column::actions(),
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
            ("sort=", 2, vec![1, 2]),
            ("sort=-", 2, vec![1, 2]),
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

    #[test]
    fn the_tables_of_one_page_do_not_disturb_each_other() {
        let query = "tab=a&left_sort=-number&right_page=2&q=5&evil=1";
        let columns = [Column::new("number", "Number", |one: &i64| {
            Key::Number(*one)
        })];
        let query = Query::parse(query);
        let part = |name| Table::part("/x", &query, name, &columns, (1..=30).collect());
        let (left, right) = (part("left"), part("right"));
        assert_eq!((left.rows[0], left.controls.first), (30, 1));
        assert_eq!((right.rows[0], right.controls.first), (26, 26));
        assert_eq!(
            left.controls.heads[0].address,
            "/x?tab=a&right_page=2&left_sort=number#left"
        );
        assert_eq!(right.controls.previous, "/x?tab=a&left_sort=-number#right");
    }
}
