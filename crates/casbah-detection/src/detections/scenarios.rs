//! Whole stories: what fires, what stays quiet, and that neither depends on batches.

mod cases;
mod properties;

use std::sync::LazyLock;

use casbah_model::activity::Activity;
use casbah_model::alert::{Alert, AlertEntity, Severity};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, IpRange, Subnet};
use casbah_model::time::{DAY_MS, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::enrich::{Enricher, RangeIndex};
use crate::normalise::Normaliser;
use crate::sources::Source;

static ENRICHER: LazyLock<Enricher> = LazyLock::new(|| Enricher::new().unwrap());

const HOME: &str = "141.20.1.1"; // DE
const HOME_2: &str = "129.187.1.1"; // DE
const PARIS: &str = "163.5.1.1"; // FR
const TOKYO: &str = "133.11.0.1"; // JP
const SYDNEY: &str = "129.78.1.1"; // AU
const LONDON: &str = "131.111.8.42"; // GB

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// 2026-01-05, a Monday, 08:00 UTC.
const START: i64 = 1_767_600_000_000;

const LOGIN: &str = "UserLoggedIn";
const FAILED: &str = "UserLoginFailed";
const FILE: &str = "FileDownloaded";
/// An application of the tenant with a principal name.
const SERVICE: &str = "backup";
/// A sign-in by a program that renews its token.
const RENEWAL: &str = "renewal";

/// When (ms after the start), who, what, from where.
type Happening = (i64, &'static str, &'static str, &'static str);

fn range(category: IpCategory, subnets: &[&str]) -> IpRange {
    IpRange {
        id: RecordId::from_bytes([0; 12]),
        name: subnets.concat(),
        subnets: subnets
            .iter()
            .map(|text| Subnet::parse(text).unwrap())
            .collect(),
        location: None,
        organization: Some("Contoso network".to_owned()),
        tags: Vec::new(),
        category,
        last_modified: 0.0,
        tid: 1,
    }
}

fn activities(happenings: &[Happening], ranges: &[IpRange]) -> Vec<Activity> {
    let tenant = TenantId::new(Uuid::from_u128(1));
    let ranges = RangeIndex::new(ranges.to_vec(), Vec::new());
    let normaliser = Normaliser::new(tenant, &ENRICHER, &ranges);
    let mut activities: Vec<Activity> = happenings
        .iter()
        .enumerate()
        .map(|(number, (at, who, what, address))| {
            let (operation, request) = match *what {
                RENEWAL => (LOGIN, "OAuth2:Token"),
                operation => (operation, "OAuth2:Authorize"),
            };
            let record = json!({
                "Id": number.to_string(), "Operation": operation, "ClientIP": address,
                "CreationTime": Timestamp(START + at).to_iso(), "UserId": format!("{who}@contoso.com"),
                "UserType": if *who == SERVICE { 5 } else { 0 }, "Workload": "AzureActiveDirectory",
                "ExtendedProperties": [{"Name": "RequestType", "Value": request}],
            });
            let event = Source::Microsoft365.parse(&record.to_string()).unwrap();
            normaliser.activity(&event, event.timestamp)
        })
        .collect();
    activities.sort_by_key(|activity| activity.id);
    activities
}

/// Joins findings to alerts as the store does; nobody closes any.
fn join(findings: Vec<Finding>, alerts: &mut Vec<(AlertKey, Alert)>) {
    for finding in findings {
        let open = alerts.iter_mut().rev().find(|(key, alert)| {
            *key == finding.key && AlertKey::joins(alert.timestamp, finding.since)
        });
        if let Some((_, alert)) = open {
            finding.merge_into(alert);
        } else {
            let id = RecordId::from_bytes([u8::try_from(alerts.len()).unwrap(); 12]);
            let key = finding.key.clone();
            let tenant = TenantId::new(Uuid::from_u128(1));
            alerts.push((key, finding.into_alert(id, tenant)));
        }
    }
}

/// Runs the detector over batches of these sizes (the last one over the rest), its
/// state written down and read again in between.
fn run(activities: &[Activity], sizes: &[usize], settings: &Settings) -> Vec<(AlertKey, Alert)> {
    let detector = Detector::new(settings.clone());
    let mut state = State::default();
    state.position.watermark = Timestamp(i64::MAX);
    let mut alerts = Vec::new();
    let mut rest = activities;
    for size in sizes.iter().copied().chain([usize::MAX]) {
        let (batch, later) = rest.split_at(size.min(rest.len()));
        rest = later;
        join(detector.step(batch, &mut state).findings, &mut alerts);
        let text = serde_json::to_string(&state).unwrap();
        state = serde_json::from_str(&text).unwrap();
    }
    alerts
}

/// Ten working days of ordinary work at home, on each a few typing errors.
fn ordinary(who: &'static str, place: &'static str) -> Vec<Happening> {
    (0..10)
        .flat_map(|day| {
            let start = day * DAY_MS;
            [
                (start, who, FAILED, place),
                (start + MINUTE, who, LOGIN, place),
                (start + HOUR / 4, who, FILE, place),
                (start + 5 * HOUR, who, LOGIN, place),
            ]
        })
        .collect()
}

fn burst(from: i64, count: i64, who: &'static str, place: &'static str) -> Vec<Happening> {
    (0..count)
        .map(|n| (from + n * 20_000, who, FAILED, place))
        .collect()
}

struct Case {
    name: &'static str,
    happenings: Vec<Happening>,
    ranges: Vec<IpRange>,
    sensitivity: Sensitivity,
    /// Detection and severity of each alert.
    alerts: Vec<(DetectionId, Severity)>,
}

fn case(name: &'static str, more: &[Vec<Happening>], alerts: &[(DetectionId, Severity)]) -> Case {
    let happenings = [vec![ordinary("ann", HOME)], more.to_vec()]
        .concat()
        .concat();
    Case {
        name,
        happenings,
        ranges: Vec::new(),
        sensitivity: Sensitivity::Medium,
        alerts: alerts.to_vec(),
    }
}

fn check(case: &Case) {
    let settings = Settings {
        impossible_travel: TravelSettings {
            sensitivity: case.sensitivity,
            ..TravelSettings::default()
        },
        ..Settings::default()
    };
    let alerts = run(&activities(&case.happenings, &case.ranges), &[], &settings);
    let found: Vec<_> = alerts
        .iter()
        .map(|(key, alert)| (key.detection, alert.severity_value))
        .collect();
    assert_eq!(found, case.alerts, "{}: {alerts:#?}", case.name);
}

const D11: i64 = 11 * DAY_MS;
const TRAVEL: (DetectionId, Severity) = (DetectionId::ImpossibleTravel, Severity::Medium);
const FAILURES: DetectionId = DetectionId::FailedLogins;
