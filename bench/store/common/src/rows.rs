//! Invented activities: the same sequence in every run and every program.

const TEMPLATES: u64 = 8192;
const TENANTS: u64 = 8;
const USERS: u64 = 2000;
const RECORD_BYTES: u64 = 500;
/// 2026-01-01T00:00:00Z in milliseconds.
const FIRST_MS: i64 = 1_767_225_600_000;
/// A million rows fill 30 days.
const STEP_MS: u64 = 2592;
/// Events of several sources arrive out of order by a few seconds.
const JITTER_MS: u64 = 5000;

/// An activity as it goes in; `T` is the text's type.
#[derive(Clone, Debug)]
pub struct Activity<T = String> {
    /// Tenant.
    pub tenant_id: i64,
    /// When it happened, in milliseconds.
    pub ts: i64,
    /// Identity within the tenant.
    pub id: [u8; 16],
    /// When it was saved, in milliseconds.
    pub created: i64,
    /// Application.
    pub app: i64,
    /// Instance of the application.
    pub instance: i64,
    /// Folded user name.
    pub user: Option<T>,
    /// Address, IPv4 mapped into IPv6.
    pub ip: [u8; 16],
    /// ISO country code.
    pub country: Option<T>,
    /// City.
    pub city: Option<T>,
    /// Internet provider or organisation.
    pub organization: Option<T>,
    /// Such as `11161:EVENT_AAD_LOGIN:OAuth2:Authorize`.
    pub action_type: T,
    /// `EVENT_CATEGORY_*`.
    pub category: T,
    /// Number of the event type.
    pub event_type: i64,
    /// 0 to 3.
    pub severity: i64,
    /// `DESKTOP`, `MOBILE`, …
    pub device_type: T,
    /// Browser or program family.
    pub agent: T,
    /// Administrative event.
    pub admin: bool,
    /// Done in another's name.
    pub impersonated: bool,
    /// What a policy did about it.
    pub taken_action: Option<T>,
    /// Alert that lists it.
    pub alert_id: Option<T>,
    /// Number of the event source.
    pub source: i64,
}

/// An activity and its record, borrowed from a template.
pub struct NewActivity<'a> {
    /// Filter columns.
    pub activity: Activity<&'a str>,
    /// The compressed record.
    pub record: &'a [u8],
}

/// One page query.
pub struct PageQuery<'a> {
    /// Tenant asked about.
    pub tenant_id: i64,
    /// Only activities before this moment.
    pub before: i64,
    /// User, for the query by user.
    pub user: &'a str,
}

struct Template {
    tenant_id: i64,
    user: String,
    organization: String,
    city: &'static str,
    action_type: String,
    has_alert: Option<String>,
    mix: u64,
    record: Vec<u8>,
}

/// The source of all rows.
pub struct Rows {
    templates: Vec<Template>,
    last: u64,
}

const APPS: [i64; 6] = [11161, 20892, 15600, 20893, 11599, 26055];
const COUNTRIES: [&str; 8] = ["DE", "FR", "US", "GB", "IN", "JP", "BR", "NG"];
const CITIES: [&str; 8] = [
    "Hamburg", "Lyon", "Boulder", "Leeds", "Pune", "Sapporo", "Recife", "Ibadan",
];
const CATEGORIES: [&str; 5] = [
    "EVENT_CATEGORY_LOGIN",
    "EVENT_CATEGORY_DOWNLOAD_FILE",
    "EVENT_CATEGORY_UPLOAD_FILE",
    "EVENT_CATEGORY_SHARE",
    "EVENT_CATEGORY_MODIFY_PERMISSIONS",
];
const OPERATIONS: [&str; 12] = [
    "OAuth2:Authorize",
    "UserLoggedIn",
    "FileDownloaded",
    "FileUploaded",
    "FileAccessed",
    "SharingSet",
    "AddMember",
    "MailItemsAccessed",
    "Send",
    "New-InboxRule",
    "RoleAssigned",
    "SearchQueryPerformed",
];
const DEVICES: [&str; 3] = ["DESKTOP", "MOBILE", "OTHER"];
const AGENTS: [&str; 5] = ["EDGE", "CHROME", "FIREFOX", "OUTLOOK", "SAFARI_MOBILE"];

fn pick<T: Copy, const N: usize>(of: &[T; N], number: u64) -> T {
    of[usize::try_from(number % N as u64).unwrap_or(0)]
}

/// A well-spread number from a counter (the finaliser of `SplitMix64`).
fn mix(counter: u64) -> u64 {
    let mut z = counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Template {
    fn new(number: u64) -> Self {
        let mix_a = mix(number);
        let user = mix_a % USERS;
        let action = format!(
            "{}:EVENT_OFFICE_{}:{}",
            pick(&APPS, mix_a >> 8),
            mix_a % 40,
            pick(&OPERATIONS, mix_a >> 16)
        );
        let length = RECORD_BYTES - 100 + mix_a % 200;
        Self {
            tenant_id: i64::try_from(user % TENANTS).unwrap_or(0) + 1,
            user: format!("first.last{user:05}@tenant{}.example", user % TENANTS),
            organization: format!("Provider {} Ltd", mix_a % 97),
            city: pick(&CITIES, user),
            action_type: action,
            has_alert: mix_a
                .is_multiple_of(64)
                .then(|| format!("{:024x}", mix_a >> 4)),
            mix: mix_a,
            record: (0..length)
                .map(|i| mix(number << 16 | i).to_le_bytes()[0])
                .collect(),
        }
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number & 0x7FFF_FFFF).unwrap_or(0)
}

impl Rows {
    /// Prepares the templates for `count` rows.
    pub fn new(count: u64) -> Self {
        Self {
            templates: (0..TEMPLATES).map(Template::new).collect(),
            last: count,
        }
    }

    fn template(&self, number: u64) -> &Template {
        &self.templates[usize::try_from(number % TEMPLATES).unwrap_or(0)]
    }

    /// Row `number` of the sequence; rows come nearly in time order.
    pub fn get(&self, number: u64) -> NewActivity<'_> {
        let (high, low) = (mix(number << 1), mix(number << 1 | 1));
        let template = self.template(high);
        let of_template = template.mix;
        let ts = FIRST_MS + (number * STEP_MS + low % JITTER_MS).cast_signed();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&high.to_be_bytes());
        id[8..].copy_from_slice(&low.to_be_bytes());
        let mut ip = [0; 16];
        ip[10..12].fill(0xFF);
        ip[12..].copy_from_slice(&of_template.to_be_bytes()[..4]);
        let activity = Activity {
            tenant_id: template.tenant_id,
            ts,
            id,
            created: ts + 90_000,
            app: pick(&APPS, of_template >> 8),
            instance: signed(of_template % 3),
            user: (!of_template.is_multiple_of(50)).then_some(template.user.as_str()),
            ip,
            country: (!of_template.is_multiple_of(20)).then(|| pick(&COUNTRIES, of_template)),
            city: (!of_template.is_multiple_of(20)).then_some(template.city),
            organization: Some(&template.organization),
            action_type: template.action_type.as_str(),
            category: pick(&CATEGORIES, of_template >> 16),
            event_type: signed(of_template >> 16) % 3_000_000,
            severity: signed(of_template % 4),
            device_type: pick(&DEVICES, of_template >> 20),
            agent: pick(&AGENTS, of_template >> 24),
            admin: of_template.is_multiple_of(9),
            impersonated: of_template.is_multiple_of(31),
            taken_action: of_template.is_multiple_of(33).then_some("block"),
            alert_id: template.has_alert.as_deref(),
            source: signed(of_template % 12),
        };
        NewActivity {
            activity,
            record: &template.record,
        }
    }

    /// Page query `number` of the sequence, somewhere in the time filled.
    pub fn page(&self, number: u64) -> PageQuery<'_> {
        let template = self.template(mix(number));
        let row = mix(number ^ 0xFFFF) % self.last.max(1);
        PageQuery {
            tenant_id: template.tenant_id,
            before: FIRST_MS + (row * STEP_MS).cast_signed(),
            user: &template.user,
        }
    }
}

/// Order-free sum over everything read, so that no read can be optimised away or differ unseen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checksum(u64);

impl Checksum {
    /// Adds an activity and the length of its record (0 when it was not read).
    pub fn add(&mut self, activity: &Activity, record: usize) {
        let text = |value: &Option<String>| value.as_ref().map_or(0, String::len);
        let lengths = text(&activity.user)
            + text(&activity.country)
            + text(&activity.city)
            + text(&activity.organization)
            + text(&activity.taken_action)
            + text(&activity.alert_id)
            + activity.action_type.len()
            + activity.category.len()
            + activity.device_type.len()
            + activity.agent.len()
            + record;
        let numbers = [
            activity.ts,
            activity.tenant_id,
            activity.created,
            activity.app,
            activity.instance,
            activity.event_type,
            activity.severity,
            activity.source,
            i64::from(activity.admin),
            i64::from(activity.impersonated),
            i64::from(activity.id[3]),
            i64::from(activity.ip[13]),
        ];
        let sum = numbers.iter().fold(lengths as u64, |sum, number| {
            sum.wrapping_mul(0x100_0000_01B3)
                .wrapping_add(number.cast_unsigned())
        });
        self.0 = self.0.wrapping_add(sum);
    }

    /// Counts a row written.
    pub fn count(&mut self, rows: u64) {
        self.0 = self.0.wrapping_add(rows);
    }

    /// The sum.
    pub fn value(self) -> u64 {
        self.0
    }
}
