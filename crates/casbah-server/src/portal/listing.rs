//! Lists that the API filters, sorts and pages. Like that of a [`Table`](super::table), the
//! address of such a list says its order (`sort`) and page (`page`).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{PortalError, where_allowed};
use super::query::{Query, address};
use super::table::{Controls, Head, ROWS};
use super::visitor::Visitor;

/// The last page that is asked for: the API passes over no more rows than this many hold.
const LAST_PAGE: usize = 1_000_000;

/// A page of a list, as the API answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed<T> {
    /// Its records.
    pub(super) data: Vec<T>,
    /// How many there are on all pages.
    pub(super) total: usize,
    /// Whether there are more, or the search for them was given up.
    pub(super) more_than_total: bool,
    /// Whether there is a next page.
    pub(super) has_next: bool,
}

impl<T> Listed<T> {
    /// No record.
    pub(super) const fn none() -> Self {
        Self {
            data: Vec::new(),
            total: 0,
            more_than_total: false,
            has_next: false,
        }
    }
}

/// A column of a list.
pub(super) struct Heading {
    title: &'static str,
    /// What the API calls its order; empty where it knows none.
    order: &'static str,
}

impl Heading {
    /// A column that the API can sort by.
    pub(super) const fn sorted(order: &'static str, title: &'static str) -> Self {
        Self { title, order }
    }

    /// A column that it cannot sort by.
    pub(super) const fn plain(title: &'static str) -> Self {
        Self { title, order: "" }
    }
}

/// A list, as the address of its page asks for it. Without an order it is sorted by the
/// first heading, the greatest first.
pub(super) struct Listing<'a> {
    path: &'a str,
    headings: &'a [Heading],
    /// What of the address belongs to the filters.
    kept: Vec<(&'a str, &'a str)>,
    order: &'a str,
    is_descending: bool,
    page: usize,
}

impl<'a> Listing<'a> {
    /// The list at this path; `filters` names the parameters that its pages keep.
    pub(super) fn new(
        path: &'a str,
        query: &'a Query,
        filters: &[&'a str],
        headings: &'a [Heading],
    ) -> Self {
        let sort = query.text("sort");
        let (order, is_descending) = sort
            .strip_prefix('-')
            .map_or((sort, false), |order| (order, true));
        let is_known = headings
            .iter()
            .any(|heading| !order.is_empty() && heading.order == order);
        let first = headings.first().map_or("", |heading| heading.order);
        let (order, is_descending) = if is_known {
            (order, is_descending)
        } else {
            (first, true)
        };
        let page = query.text("page").parse().unwrap_or(1);
        Self {
            path,
            headings,
            kept: filters
                .iter()
                .map(|name| (*name, query.text(name)))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
            order,
            is_descending,
            page: page.clamp(1, LAST_PAGE),
        }
    }

    /// Whether anything is filtered for.
    pub(super) fn is_filtered(&self) -> bool {
        !self.kept.is_empty()
    }

    /// What the API is asked.
    fn question(&self, filters: &Value) -> Value {
        json!({
            "filters": filters,
            "skip": self.skipped(),
            "limit": ROWS,
            "sortField": self.order,
            "sortDirection": if self.is_descending { "desc" } else { "asc" },
        })
    }

    /// The first page, where this one is behind the last.
    pub(super) fn instead_of<T>(&self, found: &Listed<T>) -> Option<String> {
        (found.data.is_empty() && self.page > 1).then(|| self.to(self.order, self.is_descending, 1))
    }

    /// The page of the list, or nothing for whoever may not see it; and what is wrong with
    /// the filters, in which case nothing is found.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        path: &str,
        filters: Result<Value, PortalError>,
    ) -> Result<(Option<Listed<T>>, Option<String>), PortalError> {
        let asked = async {
            let question = self.question(&filters?);
            where_allowed(visitor.api().post(path, &question).await)
        };
        match asked.await {
            Ok(found) => Ok((found, None)),
            Err(error) => Ok((Some(Listed::none()), Some(error.complaint()?))),
        }
    }

    const fn skipped(&self) -> usize {
        (self.page - 1) * ROWS
    }

    /// An order in words of the address; none is needed for that of the first heading, the
    /// greatest first.
    fn sort(&self, order: &str, is_descending: bool) -> String {
        let first = self.headings.first().map_or("", |first| first.order);
        match (is_descending, order == first) {
            (true, true) => String::new(),
            (true, false) => format!("-{order}"),
            (false, _) => order.to_owned(),
        }
    }

    fn to(&self, order: &str, is_descending: bool, page: usize) -> String {
        let sort = self.sort(order, is_descending);
        let page = if page > 1 {
            page.to_string()
        } else {
            String::new()
        };
        let mut all = self.kept.clone();
        all.extend([("sort", sort.as_str()), ("page", page.as_str())]);
        address(self.path, &all)
    }

    /// What surrounds the rows.
    pub(super) fn controls<T>(&self, found: &Listed<T>) -> Controls {
        let head = |heading: &Heading| {
            let is_sorted = heading.order == self.order;
            let is_turned = is_sorted && !self.is_descending;
            Head {
                title: heading.title,
                is_titled: true,
                address: if heading.order.is_empty() {
                    String::new()
                } else {
                    self.to(heading.order, is_turned, 1)
                },
                sorted: match (is_sorted, self.is_descending) {
                    (false, _) => "",
                    (true, false) => "ascending",
                    (true, true) => "descending",
                },
            }
        };
        let neighbour = |is_there: bool, page: usize| {
            if is_there {
                self.to(self.order, self.is_descending, page)
            } else {
                String::new()
            }
        };
        let rows = found.data.len();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Controls {
            path: self.path.to_owned(),
            part: "",
            q: String::new(),
            sort: self.sort(self.order, self.is_descending),
            kept: self.kept.iter().map(owned).collect(),
            heads: self.headings.iter().map(head).collect(),
            found: found.total,
            is_at_least: found.more_than_total,
            first: self.skipped() + usize::from(rows > 0),
            last: self.skipped() + rows,
            previous: neighbour(self.page > 1, self.page - 1),
            next: neighbour(found.has_next, self.page + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: &[Heading] = &[
        Heading::sorted("date", "Time"),
        Heading::sorted("severity", "Severity"),
        Heading::plain("Title"),
    ];

    fn listing(query: &Query) -> Listing<'_> {
        Listing::new("/x", query, &["user"], HEADINGS)
    }

    #[test]
    fn the_address_says_what_the_api_is_asked() {
        for (query, field, direction, skip) in [
            ("", "date", "desc", 0),
            ("sort=date", "date", "asc", 0),
            ("sort=-severity&page=3", "severity", "desc", 50),
            ("sort=password&page=0", "date", "desc", 0),
            ("sort=-&page=-7", "date", "desc", 0),
            ("sort=&page=99999999999999999999", "date", "desc", 0),
            ("page=4000000", "date", "desc", 24_999_975),
        ] {
            let query = Query::parse(query);
            let asked = listing(&query).question(&json!({}));
            let expected = json!({"filters": {}, "skip": skip, "limit": ROWS,
                "sortField": field, "sortDirection": direction});
            assert_eq!(asked, expected);
        }
    }

    #[test]
    fn links_keep_the_filters_and_turn_the_order() {
        let found = Listed {
            data: vec![(); ROWS],
            total: 10_000,
            more_than_total: true,
            has_next: true,
        };
        let query = Query::parse("user=a%26b&page=2&evil=1");
        let controls = listing(&query).controls(&found);
        let links: Vec<_> = controls
            .heads
            .iter()
            .map(|head| head.address.as_str())
            .collect();
        assert_eq!(
            links,
            ["/x?user=a%26b&sort=date", "/x?user=a%26b&sort=severity", ""]
        );
        assert_eq!(controls.heads[0].sorted, "descending");
        assert_eq!(controls.previous, "/x?user=a%26b");
        assert_eq!(controls.next, "/x?user=a%26b&page=3");
        assert_eq!((controls.first, controls.last), (26, 50));
        assert!(controls.is_at_least);

        let query = Query::parse("sort=severity");
        let controls = listing(&query).controls(&found);
        assert_eq!(controls.heads[1].address, "/x?sort=-severity");
        assert_eq!(controls.heads[1].sorted, "ascending");
        assert_eq!(controls.next, "/x?sort=severity&page=2");
    }

    #[test]
    fn behind_the_last_page_is_the_first() {
        let query = Query::parse("user=a&page=9");
        let none = Listed::<()>::none();
        assert_eq!(
            listing(&query).instead_of(&none).as_deref(),
            Some("/x?user=a")
        );
        let query = Query::parse("user=a");
        assert_eq!(listing(&query).instead_of(&none), None);
    }
}
