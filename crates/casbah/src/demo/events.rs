//! Audit events become activities, entities and alerts.

use std::fs::File;
use std::io::BufReader;
use std::time::{Duration, Instant};

use casbah_client::{Closing, ListQuery};
use casbah_model::alert::CloseKind;
use serde_json::Value;

use crate::commands::ingest::{Batches, send};
use crate::demo::story::{Story, Told, failed};
use crate::error::CliError;

const SOURCE: &str = "microsoft365";
/// The detections follow the events; longer than this they do not take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sends the events, and reads activities and people back.
pub(crate) async fn ingest(story: &Story) -> Result<Told<()>, CliError> {
    let administrator = story.as_administrator()?;
    let file = File::open(&story.events).map_err(|source| CliError::Read {
        path: story.events.display().to_string(),
        source,
    })?;
    let mut batches = Batches::new(BufReader::new(file));
    let (mut received, mut accepted, mut rejected) = (0, 0, 0);
    while let Some(batch) = batches.next_batch()? {
        let answer = send(&administrator, SOURCE, &batch).await?;
        received += answer.received;
        accepted += answer.accepted;
        rejected += answer.rejected;
    }
    let client = story.as_connector()?;
    let one = || ListQuery::new().at_most(1);
    let mut lines = vec![format!(
        "{received} events, {accepted} accepted, {rejected} rejected"
    )];
    if let Some(page) = client.activities::<Value>(one()).next_page().await? {
        let newest = page.data.first().map(|activity| &activity["description"]);
        lines.push(format!(
            "{} activities, the newest: {}",
            page.total,
            text(newest)
        ));
    }
    if let Some(page) = client.entities::<Value>(one()).next_page().await? {
        lines.push(format!("{} people and accounts", page.total));
    }
    Ok(Told::of(lines))
}

/// Waits for the detections, tells an alert with its evidence, reads and closes it.
pub(crate) async fn alerts(story: &Story) -> Result<Told<()>, CliError> {
    let client = story.as_connector()?;
    let began = Instant::now();
    while client.detector().await?.pending > 0 {
        if began.elapsed() > PATIENCE {
            return Err(failed("the detections did not catch up within a minute"));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let open = ListQuery::new().filter("alertOpen", "eq", true);
    let page = client.alerts::<Value>(open).next_page().await?;
    let alerts = page.map(|page| page.data).unwrap_or_default();
    let gravest = alerts
        .iter()
        .max_by_key(|alert| alert["severityValue"].as_i64());
    let Some(alert) = gravest else {
        return if story.has_own_events {
            Ok(Told::of(vec![
                "no alert: nothing in these events is suspicious".to_owned(),
            ]))
        } else {
            Err(failed("the events raised no alert"))
        };
    };
    let id = alert["_id"].as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let title = text(Some(&alert["title"]));
            // What joined the alert later stands in lines of its own.
            let description = text(Some(&alert["description"])).lines();
            let more = match description.clone().count() {
                0 | 1 => String::new(),
                lines => format!(" ({} more like it)", lines - 1),
            };
            let first = description.take(1).collect::<String>();
            format!("{title}: {first}{more}")
        })
        .collect();
    let proof = ListQuery::new().filter("activity.alertId", "eq", id.as_str());
    let proof = client.activities::<Value>(proof).next_page().await?;
    let proof = proof.map(|page| page.data).unwrap_or_default();
    lines.push(format!(
        "evidence of the gravest: {} activities",
        proof.len()
    ));
    lines.extend(proof.iter().take(3).map(|activity| {
        let from = text(activity.pointer("/device/clientIP"));
        format!("  {} from {from}", text(Some(&activity["description"])))
    }));
    let _read: Value = client.mark_alert(&id, true).await?;
    let closing = Closing {
        kind: CloseKind::TruePositive,
        reason: None,
        comment: Some("closed by the demonstration".to_owned()),
    };
    let closed = client.close_alerts(&[id], &closing).await?;
    lines.push(format!(
        "read, then closed as true positive: {}",
        closed.closed
    ));
    Ok(Told::of(lines))
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
