//! Lists as lines: newline-delimited JSON (github.com/ndjson/ndjson-spec), one record a
//! line, as many as the list has. Casbah's own; the original knows pages alone.

use std::convert::Infallible;

use axum::Json;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use casbah_model::filter::ListQuery;
use casbah_store::{Page, Step, StoreError, Walk};
use serde::Serialize;
use tokio::sync::mpsc;

use super::envelope::Envelope;
use super::error::ApiError;
use super::operation::JSON;
use super::parameters::Parameters;

/// The media type of lines.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// Records of one step of a walk.
const STEP: u32 = 1_000;

/// The form in which a list is wanted, by the `Accept` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListForm {
    /// A page in its envelope.
    Page,
    /// All records, a line each.
    Lines,
}

impl<S: Send + Sync> FromRequestParts<S> for ListForm {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl ListForm {
    fn of(headers: &HeaderMap) -> Self {
        let lines = quality(headers, NDJSON);
        if lines > 0.0 && lines >= quality(headers, JSON) {
            Self::Lines
        } else {
            Self::Page
        }
    }

    /// Lets a query find as many records as lines may be.
    pub(crate) fn widen(
        self,
        query: &mut ListQuery,
        parameters: &Parameters,
    ) -> Result<(), ApiError> {
        if self == Self::Lines {
            query.limit = limit(parameters)?;
        }
        Ok(())
    }

    /// The answer with a list that is all here.
    pub(crate) fn answer<T: Serialize>(self, page: Page<T>) -> Result<Response, ApiError> {
        if self == Self::Page {
            return Ok(Json(Envelope::from(page)).into_response());
        }
        let mut lines = Vec::new();
        for record in &page.data {
            write(record, &mut lines)?;
        }
        Ok(response(Body::from(lines)))
    }
}

/// How much of a media type is wanted (RFC 9110, 12.5.1), by its name alone.
fn quality(headers: &HeaderMap, media_type: &str) -> f32 {
    let values = headers.get_all(header::ACCEPT).into_iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let found = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(media_type) {
            return None;
        }
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        Some(quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
    });
    found.fold(0.0, f32::max)
}

/// How many lines are wanted; without `limit`, or with 0, all.
fn limit(parameters: &Parameters) -> Result<u32, ApiError> {
    Ok(match parameters.number("limit")? {
        None | Some(0) => u32::MAX,
        Some(limit) => {
            u32::try_from(limit).map_err(|_| ApiError::bad_value("limit", limit.to_string()))?
        }
    })
}

/// Something that becomes a line.
pub(crate) trait Line {
    /// Writes it, without the line break.
    fn write(&self, lines: &mut Vec<u8>) -> serde_json::Result<()>;
}

impl<T: Serialize> Line for T {
    fn write(&self, lines: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(lines, self)
    }
}

/// A record that is JSON text already, without line breaks.
pub(crate) struct Text(pub(crate) Vec<u8>);

impl Line for Text {
    fn write(&self, lines: &mut Vec<u8>) -> serde_json::Result<()> {
        lines.extend_from_slice(&self.0);
        Ok(())
    }
}

fn write(record: &impl Line, lines: &mut Vec<u8>) -> Result<(), StoreError> {
    record.write(lines)?;
    lines.push(b'\n');
    Ok(())
}

/// Answers a walk through a list. What cannot be read at its beginning is an error like
/// any other; what cannot later on breaks the answer off, which no client takes for its
/// end.
pub(crate) async fn walk<T, F>(
    query: &ListQuery,
    parameters: &Parameters,
    step: impl Fn(Walk, u32) -> F + Send + Sync + 'static,
) -> Result<Response, ApiError>
where
    T: Line + Send + 'static,
    F: Future<Output = Result<Step<T>, StoreError>> + Send,
{
    let mut left = limit(parameters)?;
    let start = Walk::FromStart { skip: query.skip };
    let first = next(&step, start, &mut left).await?;
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, StoreError>>(1);
    tokio::spawn(async move {
        let (mut lines, mut place) = first;
        loop {
            // Whoever asked has gone.
            if !lines.is_empty() && sender.send(Ok(lines)).await.is_err() {
                return;
            }
            let Some(walk) = place else { return };
            match next(&step, walk, &mut left).await {
                Ok(found) => (lines, place) = found,
                Err(error) => {
                    tracing::error!(%error, "a list broke off");
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            }
        }
    });
    Ok(response(Body::from_stream(async_stream::stream! {
        while let Some(lines) = receiver.recv().await {
            yield lines;
        }
    })))
}

/// The lines of the next step, and how the walk goes on.
async fn next<T: Line, F>(
    step: &impl Fn(Walk, u32) -> F,
    walk: Walk,
    left: &mut u32,
) -> Result<(Bytes, Option<Walk>), StoreError>
where
    F: Future<Output = Result<Step<T>, StoreError>>,
{
    let Step { records, next } = step(walk, STEP.min(*left)).await?;
    let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
    *left = left.saturating_sub(count);
    let mut lines = Vec::new();
    for record in &records {
        write(record, &mut lines)?;
    }
    let next = next.filter(|_| *left > 0).map(Walk::After);
    Ok((lines.into(), next))
}

fn response(body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, NDJSON), (header::VARY, "Accept")];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests;
