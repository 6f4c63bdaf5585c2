//! The envelope of lists.

use casbah_model::filter::MAX_LIMIT;
use casbah_store::Page;
use serde::Serialize;

/// A page as the wire has it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<T> {
    data: Vec<T>,
    has_next: bool,
    max: u32,
    total: u64,
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
