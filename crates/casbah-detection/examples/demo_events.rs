//! Writes the demonstration's audit events, always the same:
//! `cargo run --example demo_events > crates/casbah-detection/fixtures/demo-events.jsonl`
//!
//! Two weeks of six people of two invented companies, after the Office 365 Management
//! Activity API schema. Ordinary work is meant to raise nothing: typing errors, a
//! flight, a neighbouring country, a phone that renews its token through a cloud.
//! On the last two days somebody guesses one person's password, and somebody else
//! uses another's from a far country.

use casbah_model::time::{DAY_MS, Timestamp};
use serde_json::{Value, json};

/// Monday, 2026-11-09, 00:00 UTC.
const START: i64 = 1_794_182_400_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

const ORGANIZATION: &str = "5c1f0a52-6c6e-4b6e-9d0b-2f2b7f1c9a10";

// Name servers of providers and registries: public, and where they are is well known.
const BERLIN: &str = "194.25.0.60";
const BONN: &str = "194.25.0.68";
const PARIS: &str = "80.10.246.2";
const TOKYO: &str = "202.12.27.33";
const ZURICH: &str = "195.186.1.111";
const BERLIN_V6: &str = "2003:180:2:7000::53";
const SAO_PAULO: &str = "200.160.0.8";
const SEOUL: &str = "168.126.63.1";
const CLOUD: &str = "9.9.9.9";

const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1";
const SCRIPT: &str = "python-requests/2.32.3";

struct Person {
    name: &'static str,
    object_id: &'static str,
    agent: &'static str,
    /// When the working day begins, in hours UTC.
    begins: i64,
}

const ADELE: Person = person(
    "adele@contoso.example",
    "11d1c8a4-0f4e-4c0b-8d53-6a9c1e5f0001",
    WINDOWS,
    7,
);
const BEN: Person = person(
    "ben@contoso.example",
    "11d1c8a4-0f4e-4c0b-8d53-6a9c1e5f0002",
    WINDOWS,
    8,
);
const CHLOE: Person = person(
    "chloe@contoso.example",
    "11d1c8a4-0f4e-4c0b-8d53-6a9c1e5f0003",
    MAC,
    8,
);
const DANA: Person = person(
    "dana@contoso.example",
    "11d1c8a4-0f4e-4c0b-8d53-6a9c1e5f0004",
    MAC,
    6,
);
const EMIKO: Person = person(
    "emiko@contoso.example",
    "11d1c8a4-0f4e-4c0b-8d53-6a9c1e5f0005",
    WINDOWS,
    0,
);
const FARID: Person = person(
    "farid@fabrikam.example",
    "11d1c8a4-0f4e-4c0b-8d53-6a9c1e5f0006",
    WINDOWS,
    9,
);

const fn person(
    name: &'static str,
    object_id: &'static str,
    agent: &'static str,
    begins: i64,
) -> Person {
    Person {
        name,
        object_id,
        agent,
        begins,
    }
}

/// Collects records; numbers drawn from it look random and never change.
#[derive(Default)]
struct Log {
    records: Vec<(i64, Value)>,
    drawn: u64,
}

impl Log {
    /// A number below `limit` (`SplitMix64`).
    fn draw(&mut self, limit: i64) -> i64 {
        self.drawn = self.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.drawn;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap_or(0) % limit.max(1)
    }

    fn add(&mut self, at: i64, person: &Person, address: &str, mut fields: Value) {
        let number = self.records.len() + 1;
        let common = json!({
            "CreationTime": Timestamp(START + at).to_iso_seconds().trim_end_matches('Z'),
            "Id": format!("7b8e6a10-52c3-4d7e-9a41-{number:012x}"),
            "OrganizationId": ORGANIZATION, "UserType": 0, "Version": 1,
            "UserId": person.name, "UserKey": person.object_id, "ClientIP": address,
        });
        if let (Value::Object(fields), Value::Object(common)) = (&mut fields, common) {
            for (name, value) in common {
                fields.entry(name).or_insert(value);
            }
        }
        self.records.push((at, fields));
    }

    fn sign_in(&mut self, at: i64, person: &Person, address: &str, agent: &str, request: &str) {
        self.add(at, person, address, json!({
            "Operation": "UserLoggedIn", "RecordType": 15, "Workload": "AzureActiveDirectory",
            "ResultStatus": "Success", "ErrorNumber": "0", "AzureActiveDirectoryEventType": 1,
            "ObjectId": "00000003-0000-0ff1-ce00-000000000000", "ActorIpAddress": address,
            "Actor": [{"ID": person.object_id, "Type": 0}, {"ID": person.name, "Type": 5}],
            "ExtendedProperties": [{"Name": "UserAgent", "Value": agent}, {"Name": "RequestType", "Value": request}],
        }));
    }

    fn failure(&mut self, at: i64, person: &Person, address: &str, agent: &str) {
        self.add(at, person, address, json!({
            "Operation": "UserLoginFailed", "RecordType": 15, "Workload": "AzureActiveDirectory",
            "ResultStatus": "Success", "ErrorNumber": "50126", "LogonError": "InvalidUserNameOrPassword",
            "AzureActiveDirectoryEventType": 1, "ObjectId": "00000002-0000-0ff1-ce00-000000000000",
            "ActorIpAddress": address,
            "Actor": [{"ID": person.object_id, "Type": 0}, {"ID": person.name, "Type": 5}],
            "ExtendedProperties": [{"Name": "UserAgent", "Value": agent}, {"Name": "RequestType", "Value": "OAuth2:Authorize"}],
        }));
    }

    fn file(
        &mut self,
        at: i64,
        person: &Person,
        address: &str,
        agent: &str,
        operation: &str,
        file: &str,
    ) {
        let site = "https://contoso.sharepoint.example/sites/projects/";
        self.add(at, person, address, json!({
            "Operation": operation, "RecordType": 6, "Workload": "SharePoint", "EventSource": "SharePoint",
            "ItemType": "File", "SiteUrl": site, "SourceRelativeUrl": "Shared Documents",
            "SourceFileName": file, "UserAgent": agent,
            "SourceFileExtension": file.rsplit('.').next(),
            "ObjectId": format!("{site}Shared Documents/{file}"),
        }));
    }

    fn mail(&mut self, at: i64, person: &Person, address: &str) {
        self.add(at, person, address, json!({
            "Operation": "Send", "RecordType": 2, "Workload": "Exchange", "ResultStatus": "Succeeded",
            "ClientIPAddress": address, "ClientInfoString": "Client=OWA;Action=ViaProxy",
            "LogonType": 0, "InternalLogonType": 0, "MailboxOwnerUPN": person.name,
        }));
    }

    /// A working day: sign-ins, now and then after a typing error, files and mail.
    fn working_day(&mut self, day: i64, person: &Person, address: &str) {
        let begin = day * DAY_MS + person.begins * HOUR + self.draw(20) * MINUTE;
        for typo in 0..self.draw(3) {
            self.failure(begin + typo * 15_000, person, address, person.agent);
        }
        self.sign_in(
            begin + MINUTE,
            person,
            address,
            person.agent,
            "OAuth2:Authorize",
        );
        let files = [
            "roadmap.docx",
            "budget.xlsx",
            "offer.pdf",
            "minutes.docx",
            "plan.pptx",
        ];
        let operations = [
            "FileAccessed",
            "FileModified",
            "FileDownloaded",
            "FileAccessed",
            "FilePreviewed",
        ];
        for step in 0..3 + self.draw(3) {
            let at = begin + 10 * MINUTE + step * (40 + self.draw(60)) * MINUTE;
            let pick = |number: i64| usize::try_from(number).unwrap_or(0);
            let (file, operation) = (files[pick(self.draw(5))], operations[pick(self.draw(5))]);
            self.file(at, person, address, person.agent, operation, file);
        }
        let at = begin + (120 + self.draw(200)) * MINUTE;
        self.mail(at, person, address);
    }
}

fn ordinary(log: &mut Log) {
    for day in (0..12).filter(|day| day % 7 < 5) {
        log.working_day(day, &ADELE, BERLIN);
        log.working_day(day, &BEN, if day % 2 == 0 { BONN } else { BERLIN });
        // She works across the border now and then.
        log.working_day(day, &CHLOE, if day == 3 { ZURICH } else { PARIS });
        log.working_day(day, &DANA, BERLIN_V6);
        log.working_day(day, &EMIKO, TOKYO);
        // He flies to Tokyo on Tuesday night and works there on Thursday.
        if day != 9 {
            log.working_day(day, &FARID, if day >= 10 { TOKYO } else { ZURICH });
        }
        // A phone's mail program renews its token through its maker's cloud.
        log.sign_in(
            day * DAY_MS + 11 * HOUR,
            &ADELE,
            CLOUD,
            PHONE,
            "OAuth2:Token",
        );
    }
    log.add(2 * DAY_MS + 9 * HOUR, &DANA, BERLIN_V6, json!({
        "Operation": "Add member to role.", "RecordType": 8, "Workload": "AzureActiveDirectory",
        "ResultStatus": "Success", "UserType": 2, "AzureActiveDirectoryEventType": 1, "ObjectId": BEN.name,
        "ModifiedProperties": [{"Name": "Role.DisplayName", "NewValue": "\"Helpdesk Administrator\"", "OldValue": ""}],
        "Actor": [{"ID": DANA.name, "Type": 5}, {"ID": format!("User_{}", DANA.object_id), "Type": 2}],
        "Target": [{"ID": format!("User_{}", BEN.object_id), "Type": 2}, {"ID": BEN.name, "Type": 5}],
    }));
    log.add(8 * DAY_MS + 10 * HOUR, &CHLOE, PARIS, json!({
        "Operation": "SharingInvitationCreated", "RecordType": 14, "Workload": "SharePoint", "ItemType": "File",
        "SourceFileName": "offer.pdf", "TargetUserOrGroupName": FARID.name, "UserAgent": MAC,
        "ObjectId": "https://contoso.sharepoint.example/sites/projects/Shared Documents/offer.pdf",
    }));
}

fn attacks(log: &mut Log) {
    // In the night to Thursday somebody guesses Chloe's password, in vain.
    for attempt in 0..27 {
        let at = 10 * DAY_MS + HOUR + attempt * 22_000;
        log.failure(at, &CHLOE, SEOUL, SCRIPT);
    }
    // On Friday, while Adele works in Berlin, somebody uses her account in Brazil.
    let at = 11 * DAY_MS + 9 * HOUR;
    log.file(at, &ADELE, BERLIN, WINDOWS, "FileModified", "budget.xlsx");
    log.sign_in(
        at + 25 * MINUTE,
        &ADELE,
        "200.160.0.8:52114",
        SCRIPT,
        "OAuth2:Authorize",
    );
    for number in 0..14 {
        let file = format!("contract-{number:02}.docx");
        let at = at + 27 * MINUTE + number * 9_000;
        log.file(at, &ADELE, SAO_PAULO, SCRIPT, "FileDownloaded", &file);
    }
    log.add(at + 31 * MINUTE, &ADELE, "[::ffff:200.160.0.8]:52120", json!({
        "Operation": "New-InboxRule", "RecordType": 1, "Workload": "Exchange", "ResultStatus": "True",
        "ObjectId": "adele\\..", "Parameters": [
            {"Name": "Name", "Value": ".."}, {"Name": "SubjectContainsWords", "Value": "invoice"},
            {"Name": "DeleteMessage", "Value": "True"}],
    }));
}

fn main() {
    let mut log = Log::default();
    ordinary(&mut log);
    attacks(&mut log);
    log.records.sort_by_key(|(at, _)| *at);
    for (_, record) in &log.records {
        println!("{record}");
    }
}
