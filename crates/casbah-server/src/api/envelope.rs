//! What lists come in.

use casbah_model::filter::MAX_LIMIT;
use casbah_store::Page;
use schemars::JsonSchema;
use serde::Serialize;

/// A page as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Envelope<T> {
    /// The records.
    data: Vec<T>,
    /// Whether there are more.
    has_next: bool,
    /// The largest `limit`.
    max: u32,
    /// How many records there are on all pages.
    total: u64,
    /// Whether there are more than that: counting stopped there.
    more_than_total: bool,
}

impl<T> From<Page<T>> for Envelope<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            data: page.data,
            has_next: page.has_next,
            max: MAX_LIMIT,
            total: page.total.number(),
            more_than_total: page.total.is_exceeded(),
        }
    }
}

/// All records of a short list, Casbah's own.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ListOf{T}")]
pub(crate) struct Listed<T> {
    data: Vec<T>,
}

impl<T> FromIterator<T> for Listed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(records: I) -> Self {
        Self {
            data: records.into_iter().collect(),
        }
    }
}
