//! What detections see of an activity.

use std::net::IpAddr;

use casbah_model::activity::{Activity, ActivityId, EventCategory};
use casbah_model::entity::EntityKey;
use casbah_model::ids::SaasId;
use casbah_model::ip_range::IpCategory;
use casbah_model::time::Timestamp;

/// Last parts of action types that stand for a token being renewed by a program,
/// without anybody at the keyboard.
const NON_INTERACTIVE: &[&str] = &["OAuth2:Token", "OAuth2:Refresh", "SAS:ProcessAuth"];

/// An activity of a person, reduced to what detections look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The activity.
    pub id: ActivityId,
    /// The person: the principal name in lower case.
    pub person: String,
    /// The principal name as written.
    pub name: String,
    /// The account.
    pub account: EntityKey,
    /// The app, number and name.
    pub app: (SaasId, String),
    /// The kind of event.
    pub category: EventCategory,
    /// Whether it succeeded.
    pub is_success: bool,
    /// Whether somebody was at the keyboard, as far as can be told.
    pub is_interactive: bool,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// Degrees north and east.
    pub point: Option<(f64, f64)>,
    /// The provider.
    pub isp: Option<String>,
    /// What the address is.
    pub ip_category: IpCategory,
}

impl Observed {
    /// What there is to see of an activity; nothing if no person did it.
    pub fn of(activity: &Activity) -> Option<Self> {
        if !activity.is_by_person() {
            return None;
        }
        // What is learnt of a person is kept under the principal name.
        let name = activity.user_name().filter(|name| name.contains('@'))?;
        let account = activity.user_key()?;
        let action = activity.action_type.splitn(3, ':').nth(2);
        let is_sign_in = matches!(
            activity.event_type_name,
            EventCategory::Login | EventCategory::FailedLogin
        );
        let is_renewal =
            is_sign_in && action.is_some_and(|action| NON_INTERACTIVE.contains(&action));
        Some(Self {
            id: activity.id,
            person: name.to_lowercase(),
            name: name.to_owned(),
            account,
            app: (activity.app_id, activity.app_name.clone()),
            category: activity.event_type_name,
            is_success: activity.is_success(),
            is_interactive: !is_renewal,
            address: activity.ip(),
            country: activity.country().map(str::to_owned),
            point: activity.location.latitude.zip(activity.location.longitude),
            isp: activity.isp().map(str::to_owned),
            ip_category: activity.ip_category(),
        })
    }

    /// When it happened.
    pub fn timestamp(&self) -> Timestamp {
        self.id.timestamp
    }

    /// Whether the tenant calls the address its own or its VPN's.
    pub fn is_corporate(&self) -> bool {
        matches!(
            self.ip_category,
            IpCategory::Corporate | IpCategory::Administrative | IpCategory::Vpn
        )
    }

    /// Whether it says where the person is: it succeeded, somebody was at the
    /// keyboard, and it is no traffic of a service between clouds.
    pub fn tells_place(&self) -> bool {
        let is_service =
            self.ip_category == IpCategory::CloudProvider && self.category != EventCategory::Login;
        self.is_success && self.is_interactive && !is_service && self.country.is_some()
    }
}
