//! Lists: what is asked of them, and walking their pages.

use std::borrow::Cow;
use std::marker::PhantomData;

use futures_util::stream::{self, Stream, TryStreamExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::api::Client;
use crate::error::Error;
use crate::transport::Repeat;

/// What is asked of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListQuery {
    filters: Map<String, Value>,
    skip: u64,
    page_size: Option<u64>,
    at_most: Option<u64>,
    sort_field: Option<String>,
    descending: Option<bool>,
}

impl ListQuery {
    /// All records, in the list's own order.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only records whose `field` fulfils `operator` with `value`; every call
    /// narrows further. The fields and operators are those of the API's
    /// documentation.
    #[must_use]
    pub fn filter(mut self, field: &str, operator: &str, value: impl Into<Value>) -> Self {
        let operators = self.filters.entry(field).or_insert_with(|| json!({}));
        if let Value::Object(operators) = operators {
            operators.insert(operator.to_owned(), value.into());
        }
        self
    }

    /// Leaves out the first records.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// How many records a page has; the server clamps it to its maximum.
    #[must_use]
    pub fn page_size(mut self, count: u64) -> Self {
        self.page_size = Some(count);
        self
    }

    /// Ends after so many records.
    #[must_use]
    pub fn at_most(mut self, count: u64) -> Self {
        self.at_most = Some(count);
        self
    }

    /// Sorts by a field of the list.
    #[must_use]
    pub fn sort(mut self, field: &str, descending: bool) -> Self {
        self.sort_field = Some(field.to_owned());
        self.descending = Some(descending);
        self
    }

    /// The list's own order, turned round: the smallest or oldest first.
    #[must_use]
    pub fn ascending(mut self) -> Self {
        self.descending = Some(false);
        self
    }

    /// The order as the API wants it.
    pub(crate) fn put_order(&self, body: &mut Value) {
        if let Some(field) = &self.sort_field {
            body["sortField"] = field.as_str().into();
        }
        if let Some(descending) = self.descending {
            body["sortDirection"] = if descending { "desc" } else { "asc" }.into();
        }
    }

    /// The filters as the API wants them.
    pub fn filters(&self) -> &Map<String, Value> {
        &self.filters
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The records.
    pub data: Vec<T>,
    /// Whether there are more. Some lists leave it out on their last page.
    #[serde(default)]
    pub has_next: bool,
    /// How many records match; approximate above a threshold.
    #[serde(default)]
    pub total: u64,
    /// The filters that continue a scan.
    #[serde(default)]
    next_query_filters: Option<Map<String, Value>>,
}

/// How a list goes on after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// By skipping what was read.
    Skip,
    /// By the filters that the page hands out (`isScan`), which misses and
    /// doubles nothing while records arrive.
    Scan,
}

/// A list being walked.
#[derive(Debug)]
pub struct Pages<T> {
    client: Client,
    path: Cow<'static, str>,
    query: ListQuery,
    walk: Walk,
    read: u64,
    ended: bool,
    record: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Pages<T> {
    pub(crate) fn new(
        client: Client,
        path: impl Into<Cow<'static, str>>,
        query: ListQuery,
        walk: Walk,
    ) -> Self {
        Self {
            client,
            path: path.into(),
            query,
            walk,
            read: 0,
            ended: false,
            record: PhantomData,
        }
    }

    /// The next page; none after the last. A page may hold fewer records than
    /// asked for without being the last.
    ///
    /// # Errors
    /// [`Error`]; the page can then be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>, Error> {
        let left = self
            .query
            .at_most
            .map(|most| most.saturating_sub(self.read));
        if self.ended || left == Some(0) {
            return Ok(None);
        }
        let body = self.body(left);
        let mut page: Page<T> = self.client.post(&self.path, Repeat::Safe, &body).await?;
        let count = u64::try_from(page.data.len()).unwrap_or(u64::MAX);
        // A page that promises more and holds nothing would be asked for for ever.
        self.ended = !page.has_next || count == 0;
        match (self.walk, page.next_query_filters.take()) {
            (Walk::Skip, _) => self.query.skip = self.query.skip.saturating_add(count),
            (Walk::Scan, Some(filters)) => self.query.filters = filters,
            (Walk::Scan, None) => self.ended = true,
        }
        self.read = self.read.saturating_add(count);
        if let Some(left) = left.and_then(|left| usize::try_from(left).ok()) {
            page.data.truncate(left);
        }
        Ok(Some(page))
    }

    /// The records one after the other, pages fetched as they are needed.
    pub fn records(self) -> impl Stream<Item = Result<T, Error>> {
        stream::try_unfold(self, |mut pages| async move {
            let page = pages.next_page().await?;
            Ok::<_, Error>(page.map(|page| (stream::iter(page.data.into_iter().map(Ok)), pages)))
        })
        .try_flatten()
    }

    fn body(&self, left: Option<u64>) -> Value {
        let mut body = json!({ "filters": self.query.filters });
        match self.walk {
            Walk::Skip => body["skip"] = self.query.skip.into(),
            Walk::Scan => body["isScan"] = true.into(),
        }
        let page_size = match (self.query.page_size, left) {
            (Some(size), Some(left)) => Some(size.min(left)),
            (size, left) => size.or(left.filter(|left| *left < 100)),
        };
        if let Some(size) = page_size {
            body["limit"] = size.into();
        }
        self.query.put_order(&mut body);
        body
    }
}
