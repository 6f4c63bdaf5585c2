//! What every source says of an event, before anything is added to it.

use std::net::{IpAddr, SocketAddr};

use casbah_model::activity::{EventCategory, RawRecord};
use casbah_model::entity::EntityKey;
use casbah_model::time::Timestamp;

use super::{App, Source};

/// An event in the words that all sources share.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceEvent {
    /// Where it was read.
    pub source: Source,
    /// The source's id of it.
    pub source_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The app in which it happened.
    pub app: App,
    /// The app whose interface delivered it.
    pub reported_by: App,
    /// The kind of event across apps.
    pub category: EventCategory,
    /// The source's kind of event: name and number of the wire.
    pub kind: (&'static str, i32),
    /// The operation as the source names it.
    pub operation: String,
    /// The operation for people to read.
    pub pretty_operation: String,
    /// The last part of the action type: how exactly it was done.
    pub action: String,
    /// Who did it.
    pub actor: Option<Actor>,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// The program it was done with, in its own words.
    pub user_agent: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was done to.
    pub targets: Vec<Target>,
    /// The principal name of the person in whose name it was done.
    pub on_behalf_of: Option<String>,
    /// Whether it is an administrator's work.
    pub is_admin: bool,
    /// The session at the service.
    pub session: Option<String>,
    /// What it tells of people and accounts.
    pub observations: Vec<EntityObservation>,
    /// The record itself.
    pub raw: RawRecord,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The principal name, or what else the source knows the actor by.
    pub name: String,
    /// The directory's id of the account.
    pub object_id: Option<String>,
    /// What it is.
    pub kind: ActorKind,
}

/// What somebody who acts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// A person of the organization.
    Member,
    /// A person from outside.
    Guest,
    /// Somebody without an account.
    Anonymous,
    /// An application.
    Application,
    /// The service itself.
    System,
}

impl ActorKind {
    /// Whether it is somebody who can travel and mistype.
    pub const fn is_person(self) -> bool {
        matches!(self, Self::Member | Self::Guest)
    }
}

/// How an event ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The source does not say.
    Unstated,
    /// It succeeded.
    Success,
    /// It failed, for this reason.
    Failure(Option<String>),
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its id at the source.
    pub id: Option<String>,
    /// The source's word for what it is.
    pub kind: Option<String>,
}

/// What a record tells of a person or account. Absent fields say nothing: what
/// was known before stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityObservation {
    /// The person, by principal name in lower case, where there is one.
    pub user: Option<EntityKey>,
    /// The account within its app, where the record names it.
    pub account: Option<EntityKey>,
    /// The app of both.
    pub app: App,
    /// The principal name as written.
    pub principal_name: String,
    /// The name for display.
    pub display_name: Option<String>,
    /// The domain of the principal name, in lower case.
    pub domain: Option<String>,
    /// Whether the record itself says that it is somebody from outside; the
    /// tenant's domains say the rest.
    pub is_external: Option<bool>,
    /// Whether the record shows an administrator.
    pub is_admin: Option<bool>,
    /// The role that shows it.
    pub role: Option<String>,
    /// What it is.
    pub kind: ActorKind,
    /// When it was seen to act; absent for those who were only acted upon.
    pub seen: Option<Timestamp>,
}

impl EntityObservation {
    /// Whether it is somebody from outside, for a tenant with these domains in lower
    /// case: the record's own word counts, then the domain. Unknown without either.
    pub fn is_external_to(&self, domains: &[String]) -> Option<bool> {
        self.is_external.or_else(|| {
            let domain = self.domain.as_ref().filter(|_| !domains.is_empty())?;
            Some(!domains.contains(domain))
        })
    }
}

/// Reads an address as audit records write it: with or without port, brackets or
/// zone, IPv4 also mapped into IPv6 (RFC 4291 2.5.5.2), the first of several.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    let first = text.split(',').next()?.trim();
    let bare = first.split('%').next()?;
    let address = bare
        .parse::<IpAddr>()
        .ok()
        .or_else(|| first.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| {
            let inner = first.strip_prefix('[')?.split_once(']')?.0;
            inner.split('%').next()?.parse().ok()
        })?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_in_all_their_writings() {
        for (text, address) in [
            ("1.2.3.4", Some("1.2.3.4")),
            (" 1.2.3.4:5678 ", Some("1.2.3.4")),
            ("::ffff:1.2.3.4", Some("1.2.3.4")),
            ("[::ffff:1.2.3.4]:443", Some("1.2.3.4")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[fe80::1%12]:80", Some("fe80::1")),
            ("1.2.3.4, 10.0.0.1", Some("1.2.3.4")),
            ("<null>", None),
            ("", None),
            ("1.2.3", None),
            ("[", None),
        ] {
            assert_eq!(
                parse_address(text),
                address.map(|address| address.parse().unwrap()),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}") {
            parse_address(&text);
        }

        #[test]
        fn sockets_lose_their_port(bits in any::<u128>(), port in any::<u16>()) {
            let address = IpAddr::from(bits.to_be_bytes());
            let written = SocketAddr::new(address, port).to_string();
            prop_assert_eq!(parse_address(&written), Some(address.to_canonical()));
        }
    }
}
