//! What fires and what stays quiet, story by story.

use super::*;

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
            "then a success from home, and the guessing goes on",
            &[
                burst(D11, 20, "ann", TOKYO),
                vec![(D11 + HOUR / 4, "ann", LOGIN, HOME)],
                burst(D11 + HOUR / 2, 20, "ann", TOKYO),
            ],
            &[(FAILURES, Severity::Low)],
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
            "a person who is new needs no baseline",
            &[burst(0, 11, "bob", TOKYO)],
            &[(FAILURES, Severity::Low)],
        ),
        case(
            "an attack is no habit",
            &[
                burst(0, 80, "bob", TOKYO),
                burst(3 * DAY_MS, 12, "bob", TOKYO),
            ],
            &[(FAILURES, Severity::Low); 2],
        ),
        case(
            "nor is one every other night",
            &(0..30)
                .map(|night| burst(D11 + night * 2 * DAY_MS, 60, "ann", TOKYO))
                .collect::<Vec<_>>(),
            &[(FAILURES, Severity::Low); 30],
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
fn applications_are_no_persons() {
    let happenings = [
        ordinary(SERVICE, HOME),
        vec![
            (D11, SERVICE, LOGIN, HOME),
            (D11 + HOUR, SERVICE, LOGIN, TOKYO),
        ],
        burst(D11 + 3 * HOUR, 40, SERVICE, TOKYO),
    ];
    check(&case("a service in two data centres", &happenings, &[]));
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
