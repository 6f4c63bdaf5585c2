//! What applications could do without, and what of theirs ends soon.

use casbah_client::PasswordCredential;
use casbah_model::time::Timestamp;
use serde_json::Value;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{CREDENTIAL, Output, USAGE};

/// Days before its end at which a secret is worth a hint.
const SOON_DAYS: i64 = 30;

/// Shows the use of permissions, of one application or of all.
pub(super) async fn usage(context: &Context, app_id: Option<&str>) -> Result<(), CliError> {
    let client = context.client()?;
    let reports = match app_id {
        Some(app_id) => vec![client.app_usage(app_id).await?],
        None => client.apps_usage().await?,
    };
    let mut unneeded = Vec::new();
    for report in &reports {
        let remove = names(&report["remove"]);
        if !remove.is_empty() {
            let name = report["displayName"].as_str().unwrap_or_default();
            unneeded.push(format!("{name} could do without {}.", remove.join(", ")));
        }
    }
    context.out.records(USAGE, rows(&reports))?;
    if !context.out.is_for_programs() {
        for text in unneeded {
            Output::note(&text);
        }
    }
    Ok(())
}

/// A row for each permission of each application.
fn rows(reports: &[Value]) -> Vec<Value> {
    let mut rows = Vec::new();
    for report in reports {
        for permission in report["permissions"].as_array().into_iter().flatten() {
            let mut row = permission.clone();
            row["appId"] = report["appId"].clone();
            row["displayName"] = report["displayName"].clone();
            rows.push(row);
        }
    }
    rows
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

/// Shows credentials.
pub(super) async fn credentials(context: &Context, expiring: Option<i64>) -> Result<(), CliError> {
    let found = context.client()?.credentials(expiring).await?;
    Ok(context.out.records(CREDENTIAL, found)?)
}

/// Tells of secrets in a list that end soon or have ended.
pub(super) fn hint<'a>(secrets: impl IntoIterator<Item = &'a PasswordCredential>) {
    let ends = secrets
        .into_iter()
        .filter_map(|secret| Timestamp::parse(secret.end_date_time.as_deref()?));
    if let Some(text) = hint_text(ends, Timestamp::now()) {
        Output::note(&text);
    }
}

fn hint_text(ends: impl Iterator<Item = Timestamp>, now: Timestamp) -> Option<String> {
    let soon = now.minus_days(-SOON_DAYS);
    let count = ends.filter(|end| *end <= soon).count();
    let what = match count {
        0 => return None,
        1 => "1 secret ends".to_owned(),
        count => format!("{count} secrets end"),
    };
    Some(format!(
        "{what} within {SOON_DAYS} days or before: casbah app credentials --expiring {SOON_DAYS}d"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_counts_what_ends_soon() {
        let now = Timestamp(1_790_000_000_000);
        let hint = |days: &[i64]| hint_text(days.iter().map(|days| now.minus_days(-days)), now);
        assert_eq!(hint(&[31, 365]), None);
        assert!(hint(&[29, 365]).is_some_and(|text| text.starts_with("1 secret ends within")));
        assert!(hint(&[-3, 7]).is_some_and(|text| text.starts_with("2 secrets end within")));
    }
}
