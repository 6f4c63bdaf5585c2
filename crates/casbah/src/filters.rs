//! Filters as people type them.

use casbah_client::ListQuery;
use casbah_model::feedback::Feedback;
use casbah_model::time::Timestamp;
use clap::Args;
use serde_json::Value;

/// `--filter 'severity eq 2'`: a field, an operator, a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypedFilter {
    field: String,
    operator: String,
    value: Value,
}

/// Reads a filter. The value is JSON where it is JSON, else text.
pub(crate) fn parse_filter(text: &str) -> Result<TypedFilter, String> {
    let wrong = || "write FIELD OPERATOR VALUE, such as 'severity eq 2'".to_owned();
    let (field, rest) = text
        .trim()
        .split_once(char::is_whitespace)
        .ok_or_else(wrong)?;
    let rest = rest.trim_start();
    let (operator, value) = rest.split_once(char::is_whitespace).ok_or_else(wrong)?;
    let value = value.trim_start();
    Ok(TypedFilter {
        field: field.to_owned(),
        operator: operator.to_owned(),
        value: serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
    })
}

/// Reads a span of time in seconds: 90s, 15m, 2h, 3d, 1w.
pub(crate) fn parse_seconds(text: &str) -> Result<i64, String> {
    parse_span(text).ok_or_else(|| "write a span such as 90s, 15m or 2h".to_owned())
}

/// Reads a point in time: `7d` ago (s, m, h, d, w), or a date, or a time of ISO 8601.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    parse_time_at(text, Timestamp::now())
}

fn parse_time_at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Some(seconds) = parse_span(text) {
        return Ok(now.plus_millis(seconds.saturating_mul(-1000)));
    }
    Timestamp::parse(text)
        .or_else(|| Timestamp::parse(&format!("{text}T00:00:00")))
        .ok_or_else(|| "write a span such as 7d or 12h, or a date such as 2026-01-31".to_owned())
}

/// Reads a span in whole days, a part of a day as a whole one: `30d`, `2w`.
pub(crate) fn parse_days(text: &str) -> Result<i64, String> {
    let seconds = parse_span(text).ok_or_else(|| "write a span such as 30d or 2w".to_owned())?;
    Ok(seconds / 86_400 + i64::from(seconds % 86_400 > 0))
}

fn parse_span(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(unit)
}

/// A remark on a detection or an activity, and whom to ask about it.
#[derive(Debug, Clone, Args)]
pub(crate) struct FeedbackArgs {
    /// A remark for those who look after the detections
    #[arg(long, value_name = "TEXT")]
    feedback: Option<String>,
    /// Where to ask about the remark
    #[arg(long, value_name = "EMAIL", requires = "feedback")]
    contact: Option<String>,
}

impl FeedbackArgs {
    /// The remark, if there is one.
    pub(crate) fn given(&self) -> Option<Feedback> {
        self.feedback.as_ref().map(|text| Feedback {
            feedback_text: Some(text.clone()),
            allow_contact: self.contact.is_some(),
            contact_email: self.contact.clone(),
        })
    }
}

/// What every list command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    /// Narrow by any filter of the API, such as 'severity eq 2'; repeatable
    #[arg(long = "filter", value_name = "FIELD OPERATOR VALUE", value_parser = parse_filter)]
    filters: Vec<TypedFilter>,
    /// At most so many records
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: u64,
    /// All records, page after page
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// Sort by this field of the API
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,
    /// Smallest or oldest first
    #[arg(long)]
    ascending: bool,
}

impl ListArgs {
    /// The same in this order, unless another was asked for.
    pub(crate) fn or_sort(mut self, field: &str) -> Self {
        self.sort.get_or_insert_with(|| field.to_owned());
        self
    }

    pub(crate) fn query(&self) -> ListQuery {
        let mut query = ListQuery::new();
        for filter in &self.filters {
            query = query.filter(&filter.field, &filter.operator, filter.value.clone());
        }
        if let Some(field) = &self.sort {
            query = query.sort(field, !self.ascending);
        } else if self.ascending {
            query = query.ascending();
        }
        if !self.all {
            query = query.at_most(self.limit);
        }
        query
    }

    /// How many records are wanted at most.
    pub(crate) fn limit(&self) -> u64 {
        if self.all { u64::MAX } else { self.limit }
    }
}

/// The time of records.
#[derive(Debug, Clone, Args)]
pub(crate) struct TimeArgs {
    /// Not older than this: 7d, 12h, 2026-01-31
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Not newer than this
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
}

impl TimeArgs {
    pub(crate) fn narrow(&self, mut query: ListQuery) -> ListQuery {
        if let Some(since) = self.since {
            query = query.filter("date", "gte", since.millis());
        }
        if let Some(until) = self.until {
            query = query.filter("date", "lte", until.millis());
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_json_or_text() {
        for (text, field, operator, value) in [
            ("severity eq 2", "severity", "eq", json!(2)),
            ("severity  eq  [1,2]", "severity", "eq", json!([1, 2])),
            ("read eq true", "read", "eq", json!(true)),
            ("text text two words", "text", "text", json!("two words")),
            (
                "ip.address startswith 10.",
                "ip.address",
                "startswith",
                json!("10."),
            ),
            (
                r#"entity eq {"id":"a","saas":1,"inst":0}"#,
                "entity",
                "eq",
                json!({"id": "a", "saas": 1, "inst": 0}),
            ),
        ] {
            let filter = parse_filter(text).unwrap();
            assert_eq!(
                (filter.field.as_str(), filter.operator.as_str()),
                (field, operator)
            );
            assert_eq!(filter.value, value, "{text}");
        }
        assert!(parse_filter("severity eq").is_err());
        assert!(parse_filter("").is_err());
    }

    #[test]
    fn days_are_whole() {
        for (text, days) in [("30d", 30), ("2w", 14), ("1h", 1), ("25h", 2), ("0d", 0)] {
            assert_eq!(parse_days(text), Ok(days), "{text}");
        }
        assert!(parse_days("soon").is_err());
    }

    #[test]
    fn spans_count_back_and_dates_are_dates() {
        let now = Timestamp::parse("2026-01-31T12:00:00Z").unwrap();
        for (text, expected) in [
            ("7d", "2026-01-24T12:00:00Z"),
            ("90m", "2026-01-31T10:30:00Z"),
            ("2w", "2026-01-17T12:00:00Z"),
            ("2026-01-05", "2026-01-05T00:00:00Z"),
            ("2026-01-05T06:07:08Z", "2026-01-05T06:07:08Z"),
        ] {
            let time = parse_time_at(text, now).unwrap();
            assert_eq!(Some(time), Timestamp::parse(expected), "{text}");
        }
        for text in ["", "d", "-7d", "7y", "soon", "+7d", "é"] {
            assert!(parse_time_at(text, now).is_err(), "{text}");
        }
    }
}
