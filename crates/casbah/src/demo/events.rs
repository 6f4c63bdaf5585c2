//! Audit events become activities, entities and alerts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use casbah_client::{Closing, ListQuery};
use casbah_model::activity::GEOIP_ATTRIBUTION;
use casbah_model::alert::CloseKind;
use serde_json::Value;

use crate::demo::story::{Story, Told, failed};
use crate::error::CliError;

const SOURCE: &str = "microsoft365";
/// The detections follow the events; longer than this they do not take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sends the events, and reads activities and people back.
pub(crate) async fn ingest(story: &Story) -> Result<Told<()>, CliError> {
    let administrator = story.as_administrator()?;
    let answer = administrator
        .ingest(SOURCE, &story.events, Arc::new(|_| {}))
        .await?;
    if answer.accepted == 0 {
        let why = answer.errors.first().map_or_else(
            || "there is none".to_owned(),
            |first| format!("record {}: {}", first.record, first.error),
        );
        return Err(failed(format!("no event could be read: {why}")));
    }
    let client = story.as_connector()?;
    let one = || ListQuery::new().at_most(1);
    let mut lines = vec![format!(
        "{} events, {} accepted, {} rejected",
        answer.received, answer.accepted, answer.rejected
    )];
    // Without a time the list looks back 30 days.
    let ever = one().filter("date", "gte", 0);
    if let Some(page) = client.activities::<Value>(ever).next_page().await? {
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
pub(crate) async fn alerts(story: &mut Story) -> Result<Told<()>, CliError> {
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
        .max_by_key(|alert| gravity(&alert["severityValue"]));
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
    story.alert_id = Some(id.clone());
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
        feedback: None,
    };
    let closed = client.close_alerts(&[id], &closing).await?;
    lines.push(format!(
        "read, then closed as true positive: {}",
        closed.closed
    ));
    lines.push(GEOIP_ATTRIBUTION.to_owned());
    Ok(Told::of(lines))
}

/// The severities of the wire in order; its 3 is informational.
fn gravity(severity: &Value) -> i64 {
    match severity.as_i64() {
        Some(3) | None => -1,
        Some(severity) => severity,
    }
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
