//! What holds for every story.

use proptest::prelude::*;

use super::*;

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
fn an_alert_tells_the_last_count() {
    for (floor, failures, sizes) in [
        (10, 11, &[][..]),
        (10, 250, &[100, 60, 1]),
        (150, 151, &[]),
        (150, 250, &[]),
        (150, 250, &[41; 7]),
    ] {
        let happenings = [ordinary("ann", HOME), burst(D11, failures, "ann", TOKYO)].concat();
        let settings = Settings {
            failed_logins: FailedLoginSettings {
                floor,
                ..FailedLoginSettings::default()
            },
            ..Settings::default()
        };
        let alerts = run(&activities(&happenings, &[]), sizes, &settings);
        let [(_, alert)] = alerts.as_slice() else {
            panic!("{floor} {failures}: {alerts:#?}")
        };
        let count = format!("{failures} failed sign-ins");
        assert!(alert.description.starts_with(&count), "{alert:#?}");
    }
}

#[test]
fn a_story_is_told_once_a_batch() {
    let happenings = [ordinary("ann", HOME), burst(D11, 250, "ann", TOKYO)].concat();
    let activities = activities(&happenings, &[]);
    let mut state = State::default();
    state.position.watermark = Timestamp(i64::MAX);
    let findings = Detector::default().step(&activities, &mut state).findings;
    assert_eq!(findings.len(), 1);
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
        0..160_i64,
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
