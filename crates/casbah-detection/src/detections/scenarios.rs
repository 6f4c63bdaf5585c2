//! Whole stories: what fires, what stays quiet, and that neither depends on batches.

use std::sync::LazyLock;

use casbah_model::activity::Activity;
use casbah_model::alert::{Alert, AlertEntity, Severity};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, IpRange, Subnet};
use casbah_model::time::{DAY_MS, Timestamp};
use proptest::prelude::*;
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
    let ranges = RangeIndex::new(ranges.to_vec());
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
                "UserType": 0, "Workload": "AzureActiveDirectory",
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
            *key == finding.key && AlertKey::joins(alert.timestamp, finding.timestamp)
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

#[test]
fn failed_logins_fire_and_rest() {
    let stale: Vec<Vec<Happening>> = (2..9)
        .map(|day| burst(day * DAY_MS + 2 * HOUR, 4, "ann", HOME))
        .collect();
    for case in [
        case("ordinary work", &[], &[]),
        case(
            "ten failures are the floor",
            &[burst(D11, 10, "ann", TOKYO)],
            &[],
        ),
        case(
            "eleven are too many",
            &[burst(D11, 11, "ann", TOKYO)],
            &[(FAILURES, Severity::Low)],
        ),
        case(
            "then a success from home",
            &[
                burst(D11, 20, "ann", TOKYO),
                vec![(D11 + HOUR / 4, "ann", LOGIN, HOME)],
            ],
            &[(FAILURES, Severity::Informational)],
        ),
        case(
            "then a success from the attacker's address",
            &[
                burst(D11, 20, "ann", HOME_2),
                vec![(D11 + HOUR / 4, "ann", LOGIN, HOME_2)],
            ],
            &[(FAILURES, Severity::Medium)],
        ),
        case(
            "a pause ends the session",
            &[
                burst(D11, 8, "ann", TOKYO),
                burst(D11 + HOUR, 8, "ann", TOKYO),
            ],
            &[],
        ),
        case(
            "a habit of failing raises the limit",
            &[stale.concat(), burst(D11, 15, "ann", HOME)],
            &[],
        ),
        case(
            "a habit is not a licence",
            &[stale.concat(), burst(D11, 40, "ann", HOME)],
            &[(FAILURES, Severity::Low)],
        ),
        case(
            "while learning the limit is higher",
            &[burst(0, 25, "bob", TOKYO)],
            &[],
        ),
        case(
            "but there is one",
            &[burst(0, 31, "bob", TOKYO)],
            &[(FAILURES, Severity::Low)],
        ),
        case(
            "two bursts within a day are one story",
            &[
                burst(D11, 12, "ann", TOKYO),
                burst(D11 + 3 * HOUR, 12, "ann", TOKYO),
            ],
            &[(FAILURES, Severity::Low)],
        ),
        case(
            "two days apart they are two",
            &[
                burst(D11, 12, "ann", TOKYO),
                burst(D11 + 3 * DAY_MS, 12, "ann", TOKYO),
            ],
            &[(FAILURES, Severity::Low), (FAILURES, Severity::Low)],
        ),
    ] {
        check(&case);
    }
}

#[test]
fn impossible_travel_fires_and_rests() {
    let there_and_here =
        |what, there| vec![(D11, "ann", LOGIN, HOME), (D11 + HOUR, "ann", what, there)];
    let often_in_tokyo: Vec<Happening> = (0..6)
        .map(|day| (day * DAY_MS + 15 * HOUR, "ann", LOGIN, TOKYO))
        .collect();
    for case in [
        case(
            "an hour to Tokyo",
            &[there_and_here(LOGIN, TOKYO)],
            &[TRAVEL],
        ),
        case(
            "any activity counts",
            &[there_and_here(FILE, TOKYO)],
            &[TRAVEL],
        ),
        case(
            "a flight's time later",
            &[vec![
                (D11, "ann", LOGIN, HOME),
                (D11 + 12 * HOUR, "ann", LOGIN, TOKYO),
            ]],
            &[],
        ),
        case(
            "a country that borders",
            &[there_and_here(LOGIN, PARIS)],
            &[],
        ),
        case(
            "the other side of the Channel an hour later",
            &[there_and_here(LOGIN, LONDON)],
            &[],
        ),
        case(
            "a failure says nothing of the place",
            &[there_and_here(FAILED, TOKYO)],
            &[],
        ),
        case(
            "nor does a program's renewal",
            &[there_and_here(RENEWAL, TOKYO)],
            &[],
        ),
        case(
            "both countries are usual",
            &[often_in_tokyo.clone(), there_and_here(LOGIN, TOKYO)],
            &[],
        ),
        case(
            "to and fro is one story",
            &[
                there_and_here(LOGIN, TOKYO),
                vec![
                    (D11 + 2 * HOUR, "ann", FILE, HOME),
                    (D11 + 3 * HOUR, "ann", FILE, TOKYO),
                ],
            ],
            &[TRAVEL],
        ),
        case(
            "two strange countries are two",
            &[
                there_and_here(LOGIN, TOKYO),
                vec![(D11 + 90 * MINUTE, "ann", FILE, SYDNEY)],
            ],
            &[TRAVEL, TRAVEL],
        ),
        case(
            "a person who is new",
            &[vec![(0, "bob", LOGIN, HOME), (HOUR, "bob", LOGIN, TOKYO)]],
            &[],
        ),
        case(
            "two people",
            &[vec![
                (D11, "ann", LOGIN, HOME),
                (D11 + HOUR, "bob", LOGIN, TOKYO),
            ]],
            &[],
        ),
    ] {
        check(&case);
    }
}

#[test]
fn impossible_travel_minds_what_an_address_is() {
    let there_and_here =
        |what, there| vec![(D11, "ann", LOGIN, HOME), (D11 + HOUR, "ann", what, there)];
    for case in [
        Case {
            ranges: vec![range(IpCategory::Corporate, &[HOME, TOKYO])],
            ..case(
                "the company's own networks",
                &[there_and_here(LOGIN, TOKYO)],
                &[],
            )
        },
        Case {
            ranges: vec![range(IpCategory::Vpn, &[TOKYO])],
            ..case(
                "one of them is not enough",
                &[there_and_here(LOGIN, TOKYO)],
                &[TRAVEL],
            )
        },
        Case {
            ranges: vec![range(IpCategory::Corporate, &[HOME, TOKYO])],
            sensitivity: Sensitivity::High,
            ..case(
                "high sensitivity",
                &[there_and_here(LOGIN, TOKYO)],
                &[TRAVEL],
            )
        },
        Case {
            ranges: vec![range(IpCategory::CloudProvider, &[TOKYO])],
            ..case("a service in a cloud", &[there_and_here(FILE, TOKYO)], &[])
        },
        Case {
            ranges: vec![range(IpCategory::CloudProvider, &[TOKYO])],
            ..case(
                "a sign-in from a cloud",
                &[there_and_here(LOGIN, TOKYO)],
                &[TRAVEL],
            )
        },
    ] {
        check(&case);
    }
}

#[test]
fn the_tenants_provider_quietens_at_low_sensitivity_only() {
    let colleagues = ["bob", "cem", "dia"]
        .iter()
        .flat_map(|who| ordinary(who, TOKYO))
        .collect();
    let story = [
        colleagues,
        vec![(D11, "ann", LOGIN, HOME), (D11 + HOUR, "ann", LOGIN, TOKYO)],
    ];
    for (sensitivity, alerts) in [
        (Sensitivity::Low, vec![]),
        (Sensitivity::Medium, vec![TRAVEL]),
    ] {
        let ranges = vec![range(IpCategory::None, &[TOKYO])];
        check(&Case {
            ranges,
            sensitivity,
            ..case("colleagues", &story, &alerts)
        });
    }
}

#[test]
fn an_alert_lists_its_evidence() {
    let happenings = [
        ordinary("ann", HOME),
        burst(D11, 12, "ann", TOKYO),
        vec![
            (D11 + HOUR / 4, "ann", LOGIN, TOKYO),
            (D11 + HOUR / 2, "ann", FILE, HOME),
        ],
    ]
    .concat();
    let activities = activities(&happenings, &[]);
    let alerts = run(&activities, &[], &Settings::default());
    let [(_, failures), (_, travel)] = alerts.as_slice() else {
        panic!("{alerts:#?}")
    };
    assert_eq!(failures.audits.len(), 13);
    assert_eq!(
        failures.description.lines().count(),
        1,
        "{}",
        failures.description
    );
    assert_eq!(travel.audits.len(), 2);
    for audit in failures.audits.iter().chain(&travel.audits) {
        assert!(
            activities
                .iter()
                .any(|activity| activity.id.to_string() == *audit)
        );
    }
    let country = |code: &str| AlertEntity::Country {
        id: code.to_owned(),
        label: code.to_owned(),
    };
    assert!(travel.entities.contains(&country("DE")) && travel.entities.contains(&country("JP")));
    insta::assert_json_snapshot!([failures, travel], { "[].audits" => "[audits]" });
}

#[test]
fn a_replayed_batch_changes_nothing() {
    let activities = activities(
        &[ordinary("ann", HOME), burst(D11, 12, "ann", TOKYO)].concat(),
        &[],
    );
    let detector = Detector::default();
    let mut state = State::default();
    state.position.watermark = Timestamp(i64::MAX);
    assert_eq!(
        detector.step(&activities, &mut state).seen,
        activities.len()
    );
    let before = state.clone();
    assert_eq!(detector.step(&activities, &mut state), Step::default());
    assert_eq!(state, before);
}

#[test]
fn what_is_not_ripe_waits() {
    let activities = activities(&[(0, "ann", LOGIN, HOME), (HOUR, "ann", LOGIN, HOME)], &[]);
    let detector = Detector::default();
    let mut state = State::default();
    state.position.watermark = Timestamp(START + MINUTE);
    assert_eq!(detector.step(&activities, &mut state).seen, 1);
    assert!(state.position.is_late(activities[0].id) && !state.position.is_late(activities[1].id));
}

#[test]
fn state_is_bounded() {
    let addresses: Vec<String> = (0..200).map(|n| format!("133.11.{n}.1")).collect();
    let happenings: Vec<Happening> = (0..5_000_i64)
        .map(|n| {
            let address: &'static str = Box::leak(
                addresses[usize::try_from(n % 200).unwrap()]
                    .clone()
                    .into_boxed_str(),
            );
            (
                n * 45 * MINUTE,
                "ann",
                if n % 3 == 0 { FAILED } else { LOGIN },
                address,
            )
        })
        .collect();
    let activities = activities(&happenings, &[]);
    let mut state = State::default();
    state.position.watermark = Timestamp(i64::MAX);
    Detector::default().step(&activities, &mut state);
    let size = serde_json::to_string(&state.people["ann@contoso.com"])
        .unwrap()
        .len();
    assert!(size < 16 * 1024, "{size} bytes");
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let happening = (
        0..14 * 24 * 12_i64,
        prop::sample::select(vec!["ann", "bob"]),
        prop::sample::select(vec![LOGIN, LOGIN, FAILED, FILE, RENEWAL]),
        prop::sample::select(vec![HOME, HOME, HOME_2, PARIS, TOKYO, SYDNEY]),
    )
        .prop_map(|(at, who, what, place)| (at * 5 * MINUTE, who, what, place));
    (
        prop::collection::vec(happening, 0..60),
        0..13_i64,
        0..60_i64,
    )
        .prop_map(|(random, day, count)| {
            [
                ordinary("ann", HOME),
                random,
                burst(day * DAY_MS + 3 * HOUR, count, "ann", TOKYO),
            ]
            .concat()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batches_do_not_matter(happenings in happenings(), sizes in prop::collection::vec(0..20_usize, 0..30)) {
        let activities = activities(&happenings, &[]);
        let settings = Settings::default();
        prop_assert_eq!(run(&activities, &sizes, &settings), run(&activities, &[], &settings));
    }
}
