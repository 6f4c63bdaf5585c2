//! `/casbah/v1/activities/changes` and `/casbah/v1/alerts/changes`: what is new since a
//! place in a feed, by long poll or as server-sent events (WHATWG HTML, 9.2).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use casbah_model::activity::Activity;
use casbah_model::ids::TenantId;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::{Feed, FeedPosition, Following};
use futures_util::Stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::Instant;

use super::alerts::{self, AlertRecord};
use super::error::ApiError;
use super::operation::{Kind, Parameter};
use super::parameters::Parameters;
use super::routes::Routes;
use crate::auth::{Caller, Need, authorize};
use crate::state::App;

/// How many changes are answered at once: unless told, and at most.
const LIMITS: (usize, usize) = (100, 1_000);

/// How many seconds a long poll waits at most.
const LONGEST_WAIT: u64 = 60;

/// How often a feed is looked at, for what other nodes write, and a follower's rights,
/// which may have been taken back.
const LOOK: Duration = Duration::from_secs(1);

const EVENT_STREAM: &str = "text/event-stream";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .of("Changes")
        .get(
            "/casbah/v1/activities/changes",
            Followed::ACTIVITIES.need,
            "Follow activities as they arrive",
            |app, caller, headers, parameters| {
                follow(app, caller, headers, parameters, Followed::ACTIVITIES)
            },
        )
        .takes(&PLACE)
        .answers::<ChangesOf<Activity>>()
        .answers_text(EVENT_STREAM, EVENTS)
        .get(
            "/casbah/v1/alerts/changes",
            Followed::ALERTS.need,
            "Follow alerts as they are made and change",
            |app, caller, headers, parameters| {
                follow(app, caller, headers, parameters, Followed::ALERTS)
            },
        )
        .takes(&PLACE)
        .answers::<ChangesOf<AlertRecord>>()
        .answers_text(EVENT_STREAM, EVENTS)
}

const EVENTS: &str = "What comes, an event each; `Last-Event-ID` goes on behind the last";

const PLACE: [Parameter; 3] = [
    Parameter::new(
        "after",
        Kind::Text,
        "`next` of the answer before, or `start` for the oldest change that is kept; \
         what comes from now on unless told",
    ),
    Parameter::new(
        "limit",
        Kind::UpTo(LIMITS.1 as u64),
        "How many changes at most",
    ),
    Parameter::new(
        "wait",
        Kind::UpTo(LONGEST_WAIT),
        "How many seconds to wait for the first",
    ),
];

/// A feed as callers follow it.
#[derive(Clone, Copy)]
struct Followed {
    feed: Feed,
    need: Need,
    /// What an event is called.
    event: &'static str,
}

impl Followed {
    const ACTIVITIES: Self = Self {
        feed: Feed::Activities,
        need: Need::Action(Action::ActivitiesRead),
        event: "activity",
    };
    const ALERTS: Self = Self {
        feed: Feed::Alerts,
        need: Need::Action(Action::AlertsRead),
        event: "alert",
    };
}

/// What follows a place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    #[serde(serialize_with = "records_alone")]
    data: Vec<(FeedPosition, Box<RawValue>)>,
    #[serde(serialize_with = "as_text")]
    next: FeedPosition,
    has_next: bool,
}

/// The same, of records of one kind.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangesOf{T}")]
#[expect(dead_code, reason = "it is a schema alone")]
struct ChangesOf<T> {
    /// The records as they became, the oldest change first.
    data: Vec<T>,
    /// What to send as `after` next time.
    next: String,
    /// Whether there is more already.
    has_next: bool,
}

fn records_alone<S: serde::Serializer>(
    data: &[(FeedPosition, Box<RawValue>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(data.iter().map(|(_, record)| record))
}

fn as_text<S: serde::Serializer>(place: &FeedPosition, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(place)
}

impl Changes {
    fn of<T>(
        following: Following<T>,
        raw: impl Fn(T) -> Result<Box<RawValue>, ApiError>,
    ) -> Result<Self, ApiError> {
        let Following::Changes {
            records,
            next,
            has_next,
        } = following
        else {
            return Err(ApiError::FeedGone);
        };
        let data = records
            .into_iter()
            .map(|(place, record)| Ok((place, raw(record)?)));
        Ok(Self {
            data: data.collect::<Result<_, ApiError>>()?,
            next,
            has_next,
        })
    }
}

/// Who follows what.
struct Follower {
    app: Arc<App>,
    tenant: TenantId,
    /// Those of the request, for the token.
    headers: HeaderMap,
    what: Followed,
    limit: usize,
}

impl Follower {
    async fn read(&self, after: FeedPosition) -> Result<Changes, ApiError> {
        let (store, tenant, limit) = (&self.app.store, self.tenant, self.limit);
        let raw = |json: Vec<u8>| serde_json::from_slice(&json).map_err(ApiError::document);
        match self.what.feed {
            Feed::Activities => {
                Changes::of(store.activities_arrived(tenant, after, limit).await?, raw)
            }
            Feed::Alerts => {
                let following = store.alerts_changed(tenant, after, limit).await?;
                Changes::of(following, |alert| {
                    let record = alerts::record(&self.app, alert);
                    serde_json::value::to_raw_value(&record).map_err(ApiError::document)
                })
            }
        }
    }

    /// Whether the caller still may: a role may have been taken back meanwhile. Who has
    /// signed in to the portal has no token, and no page follows.
    async fn may_still(&self) -> Result<(), ApiError> {
        if self.headers.contains_key(header::AUTHORIZATION) {
            authorize(&self.app, &self.headers, self.what.need, Timestamp::now()).await?;
        }
        Ok(())
    }

    /// Where a caller goes on: behind the last event that a broken stream brought, behind
    /// `after`, or at the oldest change that is kept; none means at the end.
    async fn place(&self, parameters: &Parameters) -> Result<Option<FeedPosition>, ApiError> {
        let last = self.headers.get("last-event-id").map(|id| id.to_str());
        let (name, text) = match last {
            Some(id) => ("Last-Event-ID", Some(id.unwrap_or_default().to_owned())),
            None => ("after", parameters.text("after")?),
        };
        let (store, feed) = (&self.app.store, self.what.feed);
        match text.as_deref() {
            None => Ok(None),
            Some("start") => Ok(Some(store.feed_start(self.tenant, feed).await?)),
            Some(text) => {
                let place = text.parse();
                place.map(Some).map_err(|_| ApiError::bad_value(name, text))
            }
        }
    }
}

fn limit(parameters: &Parameters) -> Result<usize, ApiError> {
    let (default, most) = LIMITS;
    Ok(match parameters.number("limit")? {
        None | Some(0) => default,
        Some(limit) => usize::try_from(limit)
            .map_err(|_| ApiError::bad_value("limit", limit.to_string()))?
            .min(most),
    })
}

fn wait(parameters: &Parameters) -> Result<Duration, ApiError> {
    let seconds = parameters.number("wait")?.unwrap_or(0);
    let seconds =
        u64::try_from(seconds).map_err(|_| ApiError::bad_value("wait", seconds.to_string()))?;
    Ok(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

async fn follow(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    parameters: Parameters,
    what: Followed,
) -> Result<Response, ApiError> {
    let accepts = headers.get(header::ACCEPT);
    let accepts = accepts.and_then(|accept| accept.to_str().ok());
    let is_stream = accepts.is_some_and(|accept| accept.contains(EVENT_STREAM));
    let follower = Follower {
        app,
        tenant: caller.tenant,
        headers,
        what,
        limit: limit(&parameters)?,
    };
    let wait = wait(&parameters)?;
    let store = &follower.app.store;
    // Before the feed is read, so that nothing comes in between unseen.
    let news = store.changed();
    let after = match follower.place(&parameters).await? {
        Some(place) => place,
        None => store.feed_end(follower.tenant, what.feed).await?,
    };
    let first = follower.read(after).await?;
    if is_stream {
        let stream = events(follower, after, first, news);
        let stream = Sse::new(stream).keep_alive(KeepAlive::default());
        return Ok(stream.into_response());
    }
    let changes = poll(&follower, first, Instant::now() + wait, news).await?;
    Ok(Json(changes).into_response())
}

/// The first changes that come before `until`, or none.
async fn poll(
    follower: &Follower,
    mut changes: Changes,
    until: Instant,
    mut news: watch::Receiver<u64>,
) -> Result<Changes, ApiError> {
    let mut closing = follower.app.closing.subscribe();
    while changes.data.is_empty() {
        if !changes.has_next {
            let is_over = Instant::now() >= until;
            if is_over || is_closing(&mut news, &mut closing, until).await {
                break;
            }
            follower.may_still().await?;
        }
        changes = follower.read(changes.next).await?;
    }
    Ok(changes)
}

/// Waits for a change, for the next look, or for an end; answers whether the server stops.
async fn is_closing(
    news: &mut watch::Receiver<u64>,
    closing: &mut watch::Receiver<bool>,
    until: Instant,
) -> bool {
    let look = (Instant::now() + LOOK).min(until);
    tokio::select! {
        // Who tells of changes and of the end lives as long as the server.
        _ = news.changed() => false,
        () = tokio::time::sleep_until(look) => false,
        _ = closing.wait_for(|closing| *closing) => true,
    }
}

/// The stream of what follows, until the caller goes, the caller's right ends or the
/// server stops. Whoever comes back with the last id misses nothing.
fn events(
    follower: Follower,
    after: FeedPosition,
    first: Changes,
    mut news: watch::Receiver<u64>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        let mut closing = follower.app.closing.subscribe();
        let mut changes = first;
        // Also who has seen nothing yet has a place to come back to.
        yield Ok(Event::default().id(after.to_string()));
        loop {
            for (place, record) in std::mem::take(&mut changes.data) {
                yield Ok(Event::default()
                    .id(place.to_string())
                    .event(follower.what.event)
                    .data(record.get()));
            }
            let until = Instant::now() + LOOK;
            if !changes.has_next && is_closing(&mut news, &mut closing, until).await {
                return;
            }
            if follower.may_still().await.is_err() {
                return;
            }
            match follower.read(changes.next).await {
                Ok(next) => changes = next,
                Err(error) => {
                    tracing::warn!(%error, "a stream of changes ends");
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
