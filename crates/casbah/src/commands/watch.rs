//! Following activities and alerts as they come.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use casbah_client::{Client, Feed, FeedStart, ListQuery};
use casbah_model::time::Timestamp;
use clap::Args;
use serde_json::Value;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Column, Output};
use crate::signals::interrupted;

/// How long a call waits for something new.
const WAIT: Duration = Duration::from_secs(50);

/// Seconds between two looks at a list that has no feed. Microsoft's own service allows 30
/// requests a minute to all programs of a tenant together.
const POLL: u64 = 30;

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Begin with the oldest that the server keeps, of the last 7 days
    #[arg(long, conflicts_with = "after")]
    from_start: bool,
    /// Go on behind this place, which an earlier run told when it ended
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
    /// End when nothing more is there, instead of waiting for it
    #[arg(long)]
    once: bool,
    /// Read the list every so many seconds, as is done with Microsoft's own service, which
    /// has no feed
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["from_start", "after", "once"],
        value_parser = clap::value_parser!(u64).range(1..))]
    poll: Option<u64>,
}

/// What is followed.
#[derive(Clone, Copy)]
pub(crate) struct Watched {
    pub(crate) feed: Feed,
    pub(crate) columns: &'static [Column],
}

/// Writes what comes until the program is ended.
pub(crate) async fn run(
    context: &Context,
    watched: Watched,
    arguments: WatchArgs,
) -> Result<(), CliError> {
    let client = context.client()?;
    let poll = arguments.poll;
    if let Some(seconds) = poll.or_else(|| client.base().is_microsoft().then_some(POLL)) {
        return poll_list(context, &client, watched, Duration::from_secs(seconds)).await;
    }
    let wait = if arguments.once { Duration::ZERO } else { WAIT };
    let mut start = match arguments.after {
        Some(place) => FeedStart::After(place),
        None if arguments.from_start => FeedStart::Oldest,
        None => FeedStart::Now,
    };
    let mut flow = context.out.flow(watched.columns)?;
    let mut interrupted = pin!(interrupted());
    loop {
        let follow = client.changes::<Value>(watched.feed, &start, wait);
        let changes = tokio::select! {
            changes = follow => changes?,
            () = &mut interrupted => {
                tell_place(&start);
                return Ok(());
            }
        };
        flow.add(&changes.data)?;
        start = FeedStart::After(changes.next);
        if arguments.once && !changes.has_next {
            tell_place(&start);
            return Ok(());
        }
    }
}

/// Says how to go on.
fn tell_place(start: &FeedStart) {
    if let FeedStart::After(place) = start {
        Output::note(&format!("go on with --after {place}"));
    }
}

/// The same by reading the list again and again.
async fn poll_list(
    context: &Context,
    client: &Client,
    watched: Watched,
    pause: Duration,
) -> Result<(), CliError> {
    // What is saved late happened earlier, so activities are asked for by when they were
    // saved.
    let (time, column) = match watched.feed {
        Feed::Activities => ("created", "created"),
        Feed::Alerts => ("date", "timestamp"),
    };
    let mut flow = context.out.flow(watched.columns)?;
    let mut since = Timestamp::now().millis();
    let mut seen = HashSet::new();
    let mut interrupted = pin!(interrupted());
    loop {
        let query = ListQuery::new().filter(time, "gte", since).ascending();
        let mut pages = match watched.feed {
            Feed::Activities => client.activities::<Value>(query.sort(time, false)),
            Feed::Alerts => client.alerts::<Value>(query),
        };
        while let Some(page) = pages.next_page().await? {
            let id = |record: &Value| record["_id"].as_str().map(str::to_owned);
            let new = page
                .data
                .into_iter()
                .filter(|record| id(record).is_none_or(|id| seen.insert(id)));
            let new: Vec<_> = new.collect();
            let latest = new
                .iter()
                .filter_map(|record| record[column].as_i64())
                .max();
            since = since.max(latest.unwrap_or(since));
            flow.add(&new)?;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = &mut interrupted => return Ok(()),
        }
    }
}
