//! Microsoft 365 unified audit records of a made-up company: 5,000 people in twelve
//! countries, the apps that the source tells apart, 180 days of work.

use casbah_model::time::{DAY_MS, Timestamp};

use crate::random::{Random, Weighted};

/// How many people there are.
pub const PEOPLE: usize = 5_000;

/// How many days.
pub const DAYS: i64 = 180;

/// The first day's midnight: Monday, 2026-03-02, UTC.
pub const FIRST_DAY: i64 = 1_772_409_600_000;

/// Where people live, how many of a hundred, and the networks of their offices, their
/// homes and their telephones.
const COUNTRIES: &[(f64, [&str; 3])] = &[
    (38.0, ["194.25.7", "79.192", "80.187"]),
    (22.0, ["12.34.56", "24.16", "172.56"]),
    (9.0, ["81.144.9", "86.128", "92.40"]),
    (7.0, ["193.252.3", "90.0", "92.184"]),
    (6.0, ["202.12.27", "126.0", "49.96"]),
    (5.0, ["200.160.0", "177.32", "179.240"]),
    (4.0, ["203.200.1", "117.192", "106.192"]),
    (3.0, ["194.150.3", "83.0", "37.47"]),
    (2.5, ["193.5.80", "85.0", "178.192"]),
    (2.0, ["193.171.1", "80.108", "178.112"]),
    (1.0, ["211.234.10", "121.128", "223.32"]),
    (0.5, ["196.25.1", "41.0", "105.224"]),
];

/// Networks that nobody lives in: for abuse, and clouds in which services run.
pub const TOR: &str = "185.220.101";
const CLOUD: &str = "20.190.130";

/// The networks of offices.
pub fn offices() -> impl Iterator<Item = &'static str> {
    COUNTRIES.iter().map(|(_, [office, ..])| *office)
}

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
    "Microsoft SkyDriveSync 24.201.1006.0005 ship; Windows NT 10.0 (19045)",
    "python-requests/2.32.3",
];

/// Operation, record type, workload, and how many of a thousand.
const OPERATIONS: &[(&str, i64, &str, f64)] = &[
    ("FileAccessed", 6, "SharePoint", 190.0),
    ("FilePreviewed", 6, "SharePoint", 70.0),
    ("FileModified", 6, "SharePoint", 60.0),
    ("FileDownloaded", 6, "SharePoint", 45.0),
    ("FileAccessed", 6, "OneDrive", 110.0),
    ("FileModified", 6, "OneDrive", 60.0),
    ("FileSyncDownloadedFull", 6, "OneDrive", 40.0),
    ("MailItemsAccessed", 50, "Exchange", 150.0),
    ("Send", 2, "Exchange", 60.0),
    ("SoftDelete", 3, "Exchange", 20.0),
    ("UserLoggedIn", 15, "AzureActiveDirectory", 90.0),
    ("UserLoginFailed", 15, "AzureActiveDirectory", 22.0),
    ("MessageSent", 25, "MicrosoftTeams", 50.0),
    ("MeetingParticipantDetail", 25, "MicrosoftTeams", 15.0),
    ("ViewReport", 20, "PowerBI", 10.0),
    ("MessageViewed", 22, "Yammer", 5.0),
    ("SharingInvitationCreated", 14, "SharePoint", 2.0),
    ("New-InboxRule", 1, "Exchange", 0.5),
    ("Add member to role.", 8, "AzureActiveDirectory", 0.1),
];

const WORDS: &[&str] = &[
    "offer",
    "budget",
    "minutes",
    "roadmap",
    "payroll",
    "invoice",
    "contract",
    "drawing",
    "forecast",
    "holiday",
    "merger",
    "review",
    "training",
    "onboarding",
    "audit",
    "design",
];
const ENDINGS: &[&str] = &["pdf", "docx", "xlsx", "pptx", "png", "csv"];
const SITES: &[&str] = &[
    "projects",
    "finance",
    "people",
    "sales",
    "engineering",
    "board",
];

/// Of what share of the busiest hour each hour is, by the clock of the company.
const HOURS: [f64; 24] = [
    0.04, 0.03, 0.03, 0.03, 0.04, 0.08, 0.2, 0.5, 0.9, 1.0, 1.0, 0.9, 0.6, 0.8, 0.95, 0.9, 0.8,
    0.6, 0.3, 0.2, 0.15, 0.12, 0.08, 0.05,
];

/// Of what share of a Monday each day is.
const WEEKDAYS: [f64; 7] = [1.0, 1.05, 1.05, 1.0, 0.85, 0.12, 0.1];

struct Person {
    name: String,
    key: String,
    country: usize,
    home: String,
    phone: String,
}

/// Makes the records, day after day, in the order of time.
pub struct Records {
    random: Random,
    people: Vec<Person>,
    by_activity: Weighted,
    by_operation: Weighted,
    by_hour: Weighted,
    made: u64,
}

impl Records {
    /// Those of this seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let by_country = Weighted::new(COUNTRIES.iter().map(|(weight, _)| *weight));
        let people = (0..PEOPLE).map(|number| {
            let country = by_country.pick(&mut random);
            let [_, home, phone] = COUNTRIES[country].1;
            let mut address =
                |net: &str| format!("{net}.{}.{}", random.below(256), 1 + random.below(254));
            Person {
                name: format!("person{number:04}@contoso.example"),
                key: format!("11d1c8a4-0f4e-4c0b-8d53-{number:012x}"),
                country,
                home: address(home),
                phone: address(phone),
            }
        });
        let people: Vec<_> = people.collect();
        Self {
            random,
            people,
            // Few do much: Zipf, made flat at its head.
            by_activity: Weighted::new(
                (0..PEOPLE).map(|rank| 1.0 / (rank as f64 + 30.0).powf(0.8)),
            ),
            by_operation: Weighted::new(OPERATIONS.iter().map(|operation| operation.3)),
            by_hour: Weighted::new(HOURS.into_iter()),
            made: 0,
        }
    }

    /// How many of `all` records each day has.
    pub fn days(all: u64) -> Vec<u64> {
        let weight = |day: i64| WEEKDAYS[usize::try_from(day % 7).unwrap_or(0)];
        let sum: f64 = (0..DAYS).map(weight).sum();
        let mut before = 0.0;
        let mut counted = 0;
        let days = (0..DAYS).map(|day| {
            before += weight(day);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a part of `all`"
            )]
            let until = (all as f64 * before / sum).round() as u64;
            let count = until - counted;
            counted = until;
            count
        });
        days.collect()
    }

    /// So many records of a day, JSON texts in the order of time.
    pub fn day(&mut self, day: i64, count: u64) -> Vec<String> {
        let mut seconds: Vec<_> = (0..count)
            .map(|_| self.by_hour.pick(&mut self.random) * 3_600 + self.random.below(3_600))
            .collect();
        seconds.sort_unstable();
        let midnight = Timestamp(FIRST_DAY + day * DAY_MS);
        let times = seconds.into_iter().map(|second| {
            let second = i64::try_from(second).unwrap_or(0);
            midnight.plus_millis(second * 1_000)
        });
        times.map(|time| self.record(time)).collect()
    }

    fn record(&mut self, time: Timestamp) -> String {
        self.made += 1;
        let random = &mut self.random;
        let person = &self.people[self.by_activity.pick(random)];
        let (operation, kind, workload, _) = OPERATIONS[self.by_operation.pick(random)];
        let office = COUNTRIES[person.country].1[0];
        let address = match random.below(1_000) {
            0..550 => format!("{office}.{}", 1 + random.below(8)),
            550..780 => person.home.clone(),
            780..940 => person.phone.clone(),
            940..997 => format!("{CLOUD}.{}", 1 + random.below(100)),
            _ => format!("{TOR}.{}", 1 + random.below(254)),
        };
        let time = time.to_iso_seconds();
        let time = time.trim_end_matches('Z');
        let id = format!("7b8e6a10-52c3-4d7e-9a41-{:012x}", self.made);
        let common = format!(
            r#""ClientIP":"{address}","CreationTime":"{time}","Id":"{id}","Operation":"{operation}","OrganizationId":"5c1f0a52-6c6e-4b6e-9d0b-2f2b7f1c9a10","RecordType":{kind},"UserId":"{}","UserKey":"{}","UserType":0,"Version":1,"Workload":"{workload}""#,
            person.name, person.key
        );
        let agent = random.pick(AGENTS);
        let subject = format!("{} {}", random.pick(WORDS), random.below(4_000));
        match workload {
            "SharePoint" | "OneDrive" => {
                let (site, ending) = (random.pick(SITES), random.pick(ENDINGS));
                format!(
                    r#"{{{common},"EventSource":"SharePoint","ItemType":"File","ObjectId":"https://contoso.sharepoint.example/sites/{site}/Shared Documents/{subject}.{ending}","SiteUrl":"https://contoso.sharepoint.example/sites/{site}/","SourceFileExtension":"{ending}","SourceFileName":"{subject}.{ending}","SourceRelativeUrl":"Shared Documents","UserAgent":"{agent}"}}"#
                )
            }
            "AzureActiveDirectory" => {
                let failed = operation == "UserLoginFailed";
                let (number, status) = if failed {
                    ("50126", "Failed")
                } else {
                    ("0", "Success")
                };
                format!(
                    r#"{{{common},"ActorIpAddress":"{address}","AzureActiveDirectoryEventType":1,"ErrorNumber":"{number}","ExtendedProperties":[{{"Name":"UserAgent","Value":"{agent}"}},{{"Name":"RequestType","Value":"OAuth2:Authorize"}}],"ObjectId":"00000003-0000-0ff1-ce00-000000000000","ResultStatus":"{status}"}}"#
                )
            }
            "Exchange" => format!(
                r#"{{{common},"ClientIPAddress":"{address}","ClientInfoString":"Client=OWA;{agent}","MailboxOwnerUPN":"{}","ResultStatus":"Succeeded","Item":{{"Subject":"{subject}","InternetMessageId":"<{id}@contoso.example>"}}}}"#,
                person.name
            ),
            _ => format!(r#"{{{common},"ItemName":"{subject}","UserAgent":"{agent}"}}"#),
        }
    }
}
