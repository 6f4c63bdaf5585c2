use std::sync::LazyLock;

use casbah_model::activity::DeviceType;
use casbah_model::built_in_range::{BuiltInKind, BuiltInRange};
use casbah_model::ids::RecordId;
use casbah_model::ip_range::{IpCategory, IpLocation, IpRange, Subnet};
use proptest::prelude::*;

use super::*;

static ENRICHER: LazyLock<Enricher> = LazyLock::new(|| Enricher::new().unwrap());

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn range(name: &str, category: IpCategory, subnets: &[&str]) -> IpRange {
    IpRange {
        id: RecordId::from_bytes([0; 12]),
        name: name.to_owned(),
        subnets: subnets
            .iter()
            .map(|text| Subnet::parse(text).unwrap())
            .collect(),
        location: None,
        organization: None,
        tags: Vec::new(),
        category,
        last_modified: 0.0,
        tid: 1,
    }
}

#[test]
fn addresses_have_their_country() {
    for (text, country) in [
        ("8.8.8.8", Some("US")),
        ("::ffff:8.8.8.8", Some("US")),
        ("193.0.6.139", Some("NL")),
        ("133.11.0.1", Some("JP")),
        ("2001:67c:2e8::1", Some("NL")),
        ("10.1.2.3", None),
        ("0.0.0.0", None),
        ("fd00::1", None),
    ] {
        let facts = ENRICHER.address(address(text));
        assert_eq!(facts.country.as_deref(), country, "{text}");
    }
}

#[test]
fn private_addresses_are_tagged() {
    for text in [
        "10.0.0.1",
        "192.168.3.4",
        "172.31.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "fe80::1",
        "fd12::1",
        "::ffff:10.0.0.1",
    ] {
        let location = ENRICHER.address(address(text)).location(None);
        assert_eq!(location.ip_tags, [tags::INTERNAL_NETWORK], "{text}");
    }
    assert!(
        ENRICHER
            .address(address("8.8.8.8"))
            .location(None)
            .ip_tags
            .is_empty()
    );
}

#[test]
fn the_narrowest_range_wins_and_overrides() {
    let mut office = range(
        "office",
        IpCategory::Corporate,
        &["8.8.8.0/24", "2001:db8::/32"],
    );
    office.organization = Some("Contoso".to_owned());
    office.location = Some(IpLocation {
        name: Some("Berlin".to_owned()),
        latitude: Some(52.5),
        longitude: Some(13.4),
        country_code: Some("DE".to_owned()),
        country_name: None,
    });
    let own = vec![
        range("all", IpCategory::Other, &["0.0.0.0/0"]),
        office,
        range("exit", IpCategory::Vpn, &["8.8.8.8"]),
    ];
    let index = RangeIndex::new(own, Vec::new());
    let name = |text| index.find(address(text)).map(|range| range.name.as_str());
    assert_eq!(name("8.8.8.8"), Some("exit"));
    assert_eq!(name("8.8.8.9"), Some("office"));
    assert_eq!(name("::ffff:8.8.8.9"), Some("office"));
    assert_eq!(name("2001:db8:1::"), Some("office"));
    assert_eq!(name("9.9.9.9"), Some("all"));
    assert_eq!(name("2001:db9::"), None);

    let found = address("8.8.8.9");
    let location = ENRICHER.address(found).location(index.find(found));
    assert_eq!(location.country_code.as_deref(), Some("DE"));
    assert_eq!(location.organization_searchable.as_deref(), Some("Contoso"));
    assert_eq!(location.category, IpCategory::Corporate);
    let everything = RangeIndex::new(vec![range("v6", IpCategory::None, &["::/0"])], Vec::new());
    assert!(everything.find(found).is_some());
}

#[test]
fn a_tenants_own_range_goes_before_a_built_in_one() {
    let tor = BuiltInRange {
        id: RecordId::generate(1),
        name: "Tor".to_owned(),
        category: IpCategory::Risky,
        source_isps: vec!["Tor".to_owned()],
        built_in: true,
        tags: BuiltInKind::Tor.tag().into_iter().collect(),
        subnets: ["8.8.8.8", "9.9.9.9"]
            .map(|text| Subnet::parse(text).unwrap())
            .to_vec(),
        tid: 0,
    };
    let office = range("office", IpCategory::Corporate, &["8.8.0.0/16"]);
    let index = RangeIndex::new(vec![office], vec![tor]);
    for (text, category, hides) in [
        ("8.8.8.8", IpCategory::Corporate, false),
        ("9.9.9.9", IpCategory::Risky, true),
        ("9.9.9.8", IpCategory::None, false),
    ] {
        let found = address(text);
        let location = ENRICHER.address(found).location(index.find(found));
        assert_eq!(location.category, category, "{text}");
        assert_eq!(location.anonymous_proxy, hides, "{text}");
        assert_eq!(!location.ip_tags.is_empty(), hides, "{text}");
    }
}

#[test]
fn programs_are_told_apart() {
    let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
    let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
    let ipad = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
    let explorer = "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko";
    for (text, family, system, device, kind, tags) in [
        (
            chrome,
            "CHROME",
            "Windows 10",
            DeviceType::Desktop,
            "Browser",
            vec![],
        ),
        (
            iphone,
            "MOBILE_SAFARI",
            "iOS 17.5",
            DeviceType::Mobile,
            "Browser",
            vec![],
        ),
        (
            ipad,
            "MOBILE_SAFARI",
            "iOS 17.5",
            DeviceType::Tablet,
            "Browser",
            vec![],
        ),
        (
            explorer,
            "IE",
            "Windows 7",
            DeviceType::Desktop,
            "Browser",
            vec![tags::OUTDATED_BROWSER, tags::OUTDATED_OPERATING_SYSTEM],
        ),
        (
            "aws-cli/2.15.0 Python/3.11.6 Linux/6.5.0",
            "AWS_CLI",
            "Linux 6.5",
            DeviceType::Desktop,
            "Application",
            vec![tags::NATIVE_CLIENT],
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "GOOGLEBOT",
            "Unknown",
            DeviceType::Other,
            "Application",
            vec![tags::ROBOT],
        ),
        (
            "",
            "UNKNOWN",
            "Unknown",
            DeviceType::Other,
            "Unknown",
            vec![],
        ),
    ] {
        let agent = ENRICHER.agent(text);
        let found = (
            agent.family.as_str(),
            agent.operating_system.name.as_str(),
            agent.device_type,
            agent.kind.as_str(),
            agent.tags.clone(),
        );
        assert_eq!(
            found,
            (
                family,
                system,
                device,
                kind,
                tags.iter().map(|tag| (*tag).to_owned()).collect()
            ),
            "{text}"
        );
    }
}

#[test]
fn distances_are_those_of_the_map() {
    let countries = Countries::get();
    for (one, other, low, high) in [
        ("DE", "FR", 0, 0),
        ("FR", "FR", 0, 0),
        ("GF", "BR", 0, 0),
        ("GB", "FR", 20, 60),
        ("FR", "BR", 5_000, 8_000),
        ("US", "RU", 3_000, 4_000),
        ("DE", "JP", 6_500, 9_500),
        ("IS", "GB", 600, 900),
    ] {
        let distance = countries.distance(one, other).unwrap();
        assert!(
            (low..=high).contains(&distance),
            "{one} {other}: {distance}"
        );
        assert_eq!(countries.distance(other, one), Some(distance));
    }
    assert_eq!(countries.distance("DE", "ZZ"), None);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let mut enricher = Enricher::new().unwrap();
    let manifest = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert!(matches!(
        enricher.add_database(manifest),
        Err(LoadError::Database { .. })
    ));
    assert!(matches!(
        enricher.add_database(Path::new("/nonexistent")),
        Err(LoadError::File { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_agent_panics(text in ".{0,200}") {
        ENRICHER.agent(&text);
    }

    #[test]
    fn no_address_panics(bits in any::<u128>()) {
        ENRICHER.address(IpAddr::from(bits.to_be_bytes()));
    }
}
