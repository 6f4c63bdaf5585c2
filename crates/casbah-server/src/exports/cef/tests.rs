use std::collections::BTreeMap;

use casbah_model::alert::AlertPolicy;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::Export;
use proptest::prelude::*;

use super::*;
use crate::exports::records::Records;

/// A line as a reader of CEF understands it.
#[derive(Debug, PartialEq)]
struct Parsed {
    header: Vec<String>,
    fields: BTreeMap<String, String>,
}

/// Splits at the bars of the header, then at each name before a bare `=`.
fn parse(line: &str) -> Parsed {
    let rest = line.strip_prefix("CEF:").unwrap();
    let (mut header, mut part, mut characters) = (Vec::new(), String::new(), rest.chars());
    while header.len() < 7 {
        match characters.next().unwrap() {
            '\\' => part.push(characters.next().unwrap()),
            '|' => header.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    let extension: Vec<char> = characters.collect();
    let mut names = Vec::new();
    let mut at = 0;
    while at < extension.len() {
        match extension[at] {
            '\\' => at += 1,
            '=' => {
                let before = extension[..at].iter().rev();
                let length = before.take_while(|one| one.is_ascii_alphanumeric()).count();
                names.push((at - length, at));
            }
            _ => {}
        }
        at += 1;
    }
    let mut fields = BTreeMap::new();
    for (index, (begin, equals)) in names.iter().enumerate() {
        let end = names
            .get(index + 1)
            .map_or(extension.len(), |next| next.0 - 1);
        let name: String = extension[*begin..*equals].iter().collect();
        let mut value = String::new();
        let mut characters = extension[equals + 1..end].iter();
        while let Some(character) = characters.next() {
            value.push(match character {
                '\\' => match characters.next().unwrap() {
                    'n' => '\n',
                    'r' => '\r',
                    other => *other,
                },
                other => *other,
            });
        }
        assert_eq!(fields.insert(name, value), None, "{line}");
    }
    Parsed { header, fields }
}

fn test_alert() -> Alert {
    let export = Export {
        id: KeyId::random(),
        tenant: TenantId::random(),
        name: "SIEM".to_owned(),
        target: casbah_model::export::ExportTarget::Webhook { url: String::new() },
        enabled: true,
        created: Timestamp(0),
        sent: 0,
        last_sent: None,
        failures: 0,
        last_error: None,
        next_try: None,
        feeds: Vec::new(),
    };
    let Records::Alerts(mut alerts) = Records::test(&export, Timestamp(1_500_151_350_531)) else {
        unreachable!()
    };
    alerts.remove(0)
}

#[test]
fn an_alert_has_the_fields_of_the_agent() {
    let mut one = test_alert();
    one.policy = Some(AlertPolicy {
        id: "59f0ab82f797fa0681e9b1c7".to_owned(),
        label: "my|Policy".to_owned(),
        policy_type: "AUDIT".to_owned(),
        kind: "policyRule".to_owned(),
    });
    one.severity_value = Severity::Low;
    one.audits = vec!["1_a".to_owned(), "2_b".to_owned()];
    one.entities.extend([
        AlertEntity::Service {
            id: SaasId(10980),
            label: "Box".to_owned(),
        },
        AlertEntity::Ip {
            id: "2001:db8::1".to_owned(),
            label: String::new(),
        },
    ]);
    let line = alert("https://casbah.example", &one, true);
    let begin = concat!(
        "CEF:0|Casbah|SIEM_Agent|",
        env!("CARGO_PKG_VERSION"),
        "|ALERT_CABINET_EVENT_MATCH_AUDIT|my\\|Policy|3|externalId="
    );
    assert!(line.starts_with(begin), "{line}");
    let fields = parse(&line).fields;
    let tenant = one.context_id.to_string();
    let page = format!("https://casbah.example/#/alerts/{}", one.id);
    for (name, value) in [
        ("externalId", one.id.to_string().as_str()),
        ("rt", "1500151350531"),
        ("start", "1500151350531"),
        ("end", "1500151350531"),
        ("msg", "This record is made up, to try the export 'SIEM'"),
        ("suser", "test@casbah.example"),
        ("destinationServiceName", "Box"),
        ("src", ""),
        ("cn1Label", "riskScore"),
        ("cn1", ""),
        ("cs1Label", "portalURL"),
        ("cs1", &page),
        ("cs2Label", "uniqueServiceAppIds"),
        ("cs2", "APPID_10980"),
        ("cs3Label", "relatedAudits"),
        ("cs3", "1_a,2_b"),
        ("cs4Label", "policyIDs"),
        ("cs4", "59f0ab82f797fa0681e9b1c7"),
        ("cs5Label", "tenantId"),
        ("cs5", &tenant),
        ("cs6Label", "test"),
        ("cs6", "true"),
        ("c6a1Label", "\"Device IPv6 Address\""),
        ("c6a1", "2001:db8::1"),
    ] {
        assert_eq!(fields.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(fields.len(), 24);
    assert!(!alert("https://casbah.example", &one, false).contains("cs6"));
}

#[test]
fn a_line_fits_into_a_datagram() {
    let long = "=".repeat(100_000);
    let mut one = test_alert();
    one.title.clone_from(&long);
    one.description.clone_from(&long);
    one.audits = vec![long.clone(); 10];
    one.policy = Some(AlertPolicy {
        id: long.clone(),
        label: "|".repeat(100_000),
        policy_type: long.clone(),
        kind: String::new(),
    });
    one.entities = vec![
        AlertEntity::User {
            id: long.clone(),
            label: long.clone(),
        },
        AlertEntity::Service {
            id: SaasId(1),
            label: "Ü".repeat(50_001),
        },
    ];
    let line = alert("https://casbah.example", &one, true);
    assert!(line.len() < 60_000, "{}", line.len());
    let fields = parse(&line).fields;
    assert_eq!(fields["msg"].len(), MOST);
    assert_eq!(fields["destinationServiceName"], "Ü".repeat(MOST / 2));
}

/// Any text, often with what CEF gives a meaning to.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\\\|=\r\n a-z0-9]{0,60}",
        "( cs1=|=|\\\\| |\n)*"
    ]
    .prop_filter("short enough", |text| text.len() <= MOST)
}

proptest! {
    #[test]
    fn every_value_reads_back(
        title in text(), msg in text(), user in text(), app in text(), audit in text(),
        policy in text(), labelled: bool,
    ) {
        let mut one = test_alert();
        one.title.clone_from(&title);
        one.description.clone_from(&msg);
        one.audits = vec![audit.clone()];
        one.policy = labelled.then(|| AlertPolicy {
            id: policy.clone(),
            label: title.clone(),
            policy_type: msg.clone(),
            kind: String::new(),
        });
        one.entities = vec![
            AlertEntity::User { id: user.clone(), label: String::new() },
            AlertEntity::Service { id: SaasId(1), label: app.clone() },
        ];
        let line = alert("https://casbah.example", &one, false);
        prop_assert!(!line.contains(['\r', '\n']));
        let Parsed { header, fields } = parse(&line);
        // The header of CEF has no line breaks.
        prop_assert_eq!(&header[5], &title.replace(['\r', '\n'], " "));
        prop_assert_eq!(&header[1..3], ["Casbah", "SIEM_Agent"]);
        prop_assert_eq!(&fields["msg"], &msg);
        prop_assert_eq!(&fields["suser"], &user);
        prop_assert_eq!(&fields["destinationServiceName"], &app);
        prop_assert_eq!(&fields["cs3"], &audit);
        prop_assert_eq!(&fields["cs4"], if labelled { &policy } else { "" });
        prop_assert_eq!(fields.len(), 22);
    }
}
