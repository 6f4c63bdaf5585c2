use proptest::prelude::*;

use super::*;

/// Networks of documentation (RFC 5737, RFC 3849) in the form of each publisher.
const AWS: &str = r#"{"syncToken": "1", "createDate": "2026-01-01-00-00-00", "prefixes": [
    {"ip_prefix": "192.0.2.0/25", "region": "eu-central-1", "service": "AMAZON", "network_border_group": "eu-central-1"},
    {"ip_prefix": "192.0.2.0/25", "region": "eu-central-1", "service": "EC2", "network_border_group": "eu-central-1"},
    {"ip_prefix": "192.0.2.128/25", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"}],
    "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/40", "region": "eu-central-1", "service": "AMAZON"}]}"#;
const AZURE: &str = r#"{"changeNumber": 1, "cloud": "Public", "values": [
    {"name": "AzureCloud", "id": "AzureCloud", "properties": {"region": "", "addressPrefixes": ["192.0.2.0/25", "198.51.100.0/24"]}},
    {"name": "AzureCloud.westeurope", "id": "x", "properties": {"region": "westeurope", "addressPrefixes": ["192.0.2.0/25", "2001:db8::/48"]}},
    {"name": "Storage.WestEurope", "id": "y", "properties": {"addressPrefixes": ["192.0.2.4/30"]}}]}"#;
const GOOGLE: &str = r#"{"syncToken": "1", "prefixes": [
    {"ipv4Prefix": "192.0.2.0/24", "service": "Google Cloud", "scope": "europe-west3"},
    {"ipv6Prefix": "2001:db8::/44", "service": "Google Cloud", "scope": "europe-west3"}]}"#;
const TOR: &str = "ExitNode 0011BD2485AD45D984EC4159C88FC066E5E3300E\n\
    Published 2026-01-01 00:00:00\nLastStatus 2026-01-01 01:00:00\n\
    ExitAddress 192.0.2.7 2026-01-01 01:02:03\nExitAddress 192.0.2.8 2026-01-01 01:02:04\n";
const PLAIN: &str =
    "# proxies\r\n192.0.2.7\r\n\r\n198.51.100.0/24 ; a network\n2001:db8::1 # one\n";

#[test]
fn each_form_is_known_by_its_content() {
    for (text, format, expected) in [
        (
            AWS,
            ListFormat::Aws,
            vec![
                ("eu-central-1", vec!["192.0.2.0/25", "2001:db8::/40"]),
                ("global", vec!["192.0.2.128/25"]),
            ],
        ),
        (
            AZURE,
            ListFormat::Azure,
            vec![
                ("", vec!["198.51.100.0/24"]),
                ("westeurope", vec!["192.0.2.0/25", "2001:db8::/48"]),
            ],
        ),
        (
            GOOGLE,
            ListFormat::Google,
            vec![("europe-west3", vec!["192.0.2.0/24", "2001:db8::/44"])],
        ),
        (
            TOR,
            ListFormat::TorExits,
            vec![("", vec!["192.0.2.7", "192.0.2.8"])],
        ),
        (
            PLAIN,
            ListFormat::Plain,
            vec![("", vec!["192.0.2.7", "198.51.100.0/24", "2001:db8::1"])],
        ),
    ] {
        for named in [None, Some(format)] {
            let list = PublishedList::read(text.as_bytes(), named).unwrap();
            assert_eq!(list.format, format);
            let groups: Vec<_> = list
                .groups
                .iter()
                .map(|(name, networks)| {
                    let texts = networks.iter().map(|one| one.original_string.as_str());
                    (name.as_str(), texts.collect::<Vec<_>>())
                })
                .collect();
            assert_eq!(groups, expected);
        }
    }
}

#[test]
fn a_list_with_anything_wrong_is_refused_whole() {
    for (text, expected) in [
        ("", "no network"),
        ("# nothing\n", "no network"),
        ("192.0.2.1\n192.0.2.300\n", "line 2: 192.0.2.300 is not"),
        ("192.0.2.0/24,198.51.100.0/24", "line 1"),
        ("ExitAddress nowhere 2026-01-01", "line 1: nowhere"),
        ("{}", "neither AWS"),
        ("{", "cannot be read"),
        (r#"{"values": []}"#, "no network"),
        (
            r#"{"values": [{"name": "Storage", "properties": {"addressPrefixes": ["192.0.2.0/24"]}}]}"#,
            "no network",
        ),
        (
            r#"{"prefixes": [{"ip_prefix": "here", "region": "x"}]}"#,
            "here is not",
        ),
        (
            r#"{"prefixes": [{"ip_prefix": 5, "region": "x"}]}"#,
            "cannot be read",
        ),
        (r#"{"prefixes": [{"service": "x"}]}"#, "cannot be read"),
    ] {
        let error = PublishedList::read(text.as_bytes(), None).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    assert!(PublishedList::read(&[0xff, 0xfe], None).is_err());
    assert!(PublishedList::read(PLAIN.as_bytes(), Some(ListFormat::Aws)).is_err());
}

#[test]
fn regions_are_names_that_differ_by_more_than_case() {
    let list = |first: &str, second: &str| {
        let prefix = |network: &str, region: &str| {
            format!(r#"{{"ip_prefix": "{network}", "region": "{region}"}}"#)
        };
        let (first, second) = (
            prefix("192.0.2.0/24", first),
            prefix("198.51.100.0/24", second),
        );
        let text = format!(r#"{{"prefixes": [{first}, {second}]}}"#);
        PublishedList::read(text.as_bytes(), None)
    };
    let read = list("Global", "GLOBAL").unwrap();
    assert_eq!(read.groups.keys().collect::<Vec<_>>(), ["global"]);
    assert_eq!(read.networks(), 2);
    for bad in ["a b", "x\\n", "ü", &"x".repeat(65)] {
        let error = list("global", bad).unwrap_err();
        assert!(matches!(error, ListError::Group(_)), "{bad}: {error}");
    }
}

#[test]
fn only_so_many_networks_are_taken() {
    let lines =
        (0..=MOST_NETWORKS).map(|n| format!("2001:db8:{:x}:{:x}::/64\n", n >> 16, n & 0xffff));
    let text: String = lines.collect();
    let error = PublishedList::read(text.as_bytes(), None).unwrap_err();
    assert!(matches!(error, ListError::TooLong), "{error}");
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = PublishedList::read(&bytes, None);
    }

    /// What is close to a list, with a byte changed.
    #[test]
    fn nor_does_a_damaged_list(which in 0_usize..5, at in 0_usize..600, byte in any::<u8>()) {
        let mut bytes = [AWS, AZURE, GOOGLE, TOR, PLAIN][which].as_bytes().to_vec();
        let place = at % bytes.len();
        bytes[place] = byte;
        let _ = PublishedList::read(&bytes, None);
    }
}
