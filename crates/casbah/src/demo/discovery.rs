//! Shadow IT: a log becomes a report, and an app of it is blocked.

use std::collections::BTreeMap;
use std::sync::Arc;

use casbah_client::{BlockScriptFormat, ListQuery, ReportQuery, Upload};
use indicatif::HumanBytes;
use serde_json::Value;

use crate::commands::discovery::wait_for_upload;
use crate::demo::story::{Story, Told, failed};
use crate::error::CliError;

/// How many apps and categories are told.
const TOLD: usize = 5;
/// Scores below this are risky (10 is the best).
const RISKY: i64 = 6;

/// Uploads the log in three steps and waits until it was read.
pub(crate) async fn upload(story: &mut Story) -> Result<Told<()>, CliError> {
    let client = story.as_connector()?;
    let mut refused = String::new();
    for source in &story.log_sources {
        let upload = Upload::new(&story.log, source, "Demo report", true);
        let done = client.upload(&upload, Arc::new(|_| {})).await?;
        let id = done
            .upload_id
            .ok_or_else(|| failed("the server did not name the upload"))?;
        let record = wait_for_upload(&client, &id).await?;
        let error = record["error"].as_str();
        if record["state"] != "done" {
            let error = error.unwrap_or("for no reason that it named");
            refused = format!("the log was not read as {source}: {error}");
            continue;
        }
        story.stream_id = done.input_stream_id;
        let mut lines = vec![format!(
            "{} lines ({}), {} read, {} bad",
            record["lines"],
            HumanBytes(record["bytes"].as_u64().unwrap_or_default()),
            record["parsed"],
            record["bad"]
        )];
        lines.extend(error.map(str::to_owned));
        return Ok(Told::of(lines));
    }
    Err(failed(refused))
}

/// The apps with the most traffic, and the categories.
pub(crate) async fn report(story: &mut Story) -> Result<Told<()>, CliError> {
    let client = story.as_connector()?;
    let query = ReportQuery {
        stream_id: story
            .stream_id
            .clone()
            .ok_or_else(|| failed("the server did not name the report"))?,
        days: 90,
        list: ListQuery::new().sort("trafficTotalBytes", true),
    };
    let page = client.discovered_apps::<Value>(&query, 0, 100).await?;
    let mut lines = vec![format!("{} apps", page.total)];
    lines.extend(page.data.iter().take(TOLD).map(app_line));
    let categories: Vec<Value> = client.discovery_categories(&query).await?;
    let mut by_size: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for category in &categories {
        let name = category["id"].as_str().unwrap_or_default();
        let name = name.trim_start_matches("SAASDB_CATEGORY_");
        let total = category["total"].as_u64().unwrap_or_default();
        by_size.entry(total).or_default().push(name);
    }
    let largest: Vec<String> = by_size
        .iter()
        .rev()
        .flat_map(|(total, names)| names.iter().map(move |name| format!("{name} {total}")))
        .take(TOLD)
        .collect();
    lines.push(format!("categories: {}", largest.join(", ")));
    let risky = page
        .data
        .iter()
        .filter(|app| app["score"].as_i64().is_some_and(|score| score < RISKY))
        .min_by_key(|app| app["score"].as_i64());
    let chosen = risky.or(page.data.first());
    story.blocked = chosen.and_then(|app| {
        let number = app["appId"].as_i64().or(app["id"].as_i64())?;
        Some((number, app["name"].as_str()?.to_owned()))
    });
    Ok(Told::of(lines))
}

fn app_line(app: &Value) -> String {
    let bytes = app["trafficTotalBytes"].as_u64().unwrap_or_default();
    let score = app["score"].as_i64().map(|score| score.to_string());
    format!(
        "{:<28} score {:>2}  {:>11}  {} users",
        app["name"].as_str().unwrap_or_default(),
        score.as_deref().unwrap_or("–"),
        HumanBytes(bytes).to_string(),
        app["usersCount"]
    )
}

/// Marks the riskiest app as unsanctioned and fetches the script that blocks it.
pub(crate) async fn block(story: &Story) -> Result<Told<()>, CliError> {
    let client = story.as_connector()?;
    let Some((app_id, name)) = &story.blocked else {
        let none = "no app of the catalog is in the log, so there is none to block".to_owned();
        return Ok(Told::of(vec![none]));
    };
    client.tag_app(*app_id, "Unsanctioned").await?;
    let script = client
        .block_script(BlockScriptFormat::FortiGate, false)
        .await?;
    if script.trim().is_empty() {
        return Err(failed(format!("the block script does not name {name}")));
    }
    let path = story.directory().join("block.fortigate");
    std::fs::write(&path, &script)?;
    let mut lines = vec![format!(
        "{name} is unsanctioned; FortiGate's script begins:"
    )];
    lines.extend(script.lines().take(TOLD).map(|line| format!("  {line}")));
    Ok(Told::of(lines))
}
