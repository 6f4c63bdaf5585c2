//! The sink that counts usage.

use std::net::IpAddr;

use casbah_model::discovery::{DiscoveredAppId, EpochDay, Totals};
use hashbrown::HashMap;

use super::person;
use crate::catalog::Catalog;
use crate::id_set::IdSet;
use crate::intern::Interner;
use crate::pipeline::Sink;
use crate::record::Record;

/// What a host belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    App(DiscoveredAppId),
    /// Number in [`Counter::domains`].
    Domain(u32),
}

/// One target on one day.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) day: EpochDay,
    pub(super) target: Target,
    pub(super) totals: Totals,
    /// Of a host outside the catalog only the number of users and addresses is asked for; of an
    /// app these stay empty.
    pub(super) users: IdSet,
    pub(super) addresses: IdSet,
}

/// What is known of a host.
#[derive(Clone, Copy, Debug)]
struct Host {
    target: Target,
    /// The slot it was last counted in: logs ascend, so the next line is mostly of the same day.
    last: Option<(EpochDay, u32)>,
}

/// Number of a slot and of a user or address.
type Pair = (u32, u32);

/// Counts the records of one part of a log.
///
/// Hosts, users and addresses are worked out when they are first met and are numbers from then
/// on, so that a line costs hash lookups and no allocation.
#[derive(Clone, Debug)]
pub(crate) struct Counter<'c> {
    catalog: &'c Catalog,
    host_names: Interner,
    hosts: Vec<Host>,
    slot_numbers: HashMap<(EpochDay, Target), u32>,
    pub(super) domains: Interner,
    pub(super) slots: Vec<Slot>,
    pub(super) users: Names,
    pub(super) addresses: Names,
    pub(super) by_user: HashMap<Pair, Totals>,
    pub(super) by_address: HashMap<Pair, Totals>,
    pub(super) without_host: Totals,
}

impl<'c> Counter<'c> {
    pub(crate) fn new(catalog: &'c Catalog) -> Self {
        Self {
            catalog,
            host_names: Interner::default(),
            hosts: Vec::new(),
            slot_numbers: HashMap::new(),
            domains: Interner::default(),
            slots: Vec::new(),
            users: Names::new(person::normalise),
            addresses: Names::new(canonical_address),
            by_user: HashMap::new(),
            by_address: HashMap::new(),
            without_host: Totals::EMPTY,
        }
    }

    /// What a host belongs to, and its slot of a day.
    fn slot_of(&mut self, host: &[u8], day: EpochDay) -> (Target, u32) {
        let (number, is_new) = self.host_names.intern(host);
        if is_new {
            let target = match self.catalog.find(host) {
                Some(app) => Target::App(app),
                None => Target::Domain(self.domains.intern(&registrable_domain(host)).0),
            };
            self.hosts.push(Host { target, last: None });
        }
        let Host { target, last } = self.hosts[number as usize];
        let slot = match last {
            Some((last_day, slot)) if last_day == day => slot,
            _ => self.slot(day, target),
        };
        self.hosts[number as usize].last = Some((day, slot));
        (target, slot)
    }

    fn slot(&mut self, day: EpochDay, target: Target) -> u32 {
        let slots = &mut self.slots;
        *self.slot_numbers.entry((day, target)).or_insert_with(|| {
            slots.push(Slot {
                day,
                target,
                totals: Totals::EMPTY,
                users: IdSet::default(),
                addresses: IdSet::default(),
            });
            u32::try_from(slots.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

impl Sink for Counter<'_> {
    fn record(&mut self, record: &Record<'_>) {
        let totals = totals_of(record);
        let Some(host) = record.host else {
            self.without_host.merge(&totals);
            return;
        };
        let (target, slot) = self.slot_of(host, EpochDay::of_millis(record.time));
        let address = self.addresses.number(record.source, record.time);
        let user = record.user.map(|user| self.users.number(user, record.time));
        let counted = &mut self.slots[slot as usize];
        counted.totals.merge(&totals);
        match target {
            Target::App(_) => {
                add(&mut self.by_address, (slot, address), &totals);
                if let Some(user) = user {
                    add(&mut self.by_user, (slot, user), &totals);
                }
            }
            Target::Domain(_) => {
                counted.addresses.insert(address);
                if let Some(user) = user {
                    counted.users.insert(user);
                }
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.without_host.merge(&other.without_host);
        let users = self.users.absorb(&other.users);
        let addresses = self.addresses.absorb(&other.addresses);
        let domains: Vec<u32> = other
            .domains
            .iter()
            .map(|domain| self.domains.intern(domain).0)
            .collect();
        let mut slots = Vec::with_capacity(other.slots.len());
        for slot in &other.slots {
            let target = match slot.target {
                Target::App(app) => Target::App(app),
                Target::Domain(domain) => Target::Domain(domains[domain as usize]),
            };
            let number = self.slot(slot.day, target);
            let counted = &mut self.slots[number as usize];
            counted.totals.merge(&slot.totals);
            counted.users.absorb(&slot.users, &users);
            counted.addresses.absorb(&slot.addresses, &addresses);
            slots.push(number);
        }
        let moved =
            |(slot, name): Pair, names: &[u32]| (slots[slot as usize], names[name as usize]);
        for (pair, totals) in &other.by_user {
            add(&mut self.by_user, moved(*pair, &users), totals);
        }
        for (pair, totals) in &other.by_address {
            add(&mut self.by_address, moved(*pair, &addresses), totals);
        }
    }
}

fn add(totals: &mut HashMap<Pair, Totals>, pair: Pair, more: &Totals) {
    totals.entry(pair).or_insert(Totals::EMPTY).merge(more);
}

fn totals_of(record: &Record<'_>) -> Totals {
    let (bytes_up, bytes_down) = if record.blocked {
        (0, 0)
    } else {
        (record.bytes_up.unwrap_or(0), record.bytes_down)
    };
    Totals {
        transactions: 1,
        blocked: u64::from(record.blocked),
        bytes_up,
        bytes_down,
        first_seen: record.time,
        last_seen: record.time,
    }
}

/// The registrable domain of a host after the public suffix list, in lower case; of a host that
/// has none (an address, a bare name, a suffix itself) the host.
fn registrable_domain(host: &[u8]) -> Vec<u8> {
    let lossy = String::from_utf8_lossy(host).to_lowercase();
    let name = lossy.trim_end_matches('.');
    if let Ok(address) = name.parse::<IpAddr>() {
        return address.to_canonical().to_string().into_bytes();
    }
    psl::domain_str(name).unwrap_or(name).as_bytes().to_vec()
}

fn canonical_address(spelling: &[u8]) -> String {
    let text = String::from_utf8_lossy(spelling);
    match text.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => text.to_lowercase(),
    }
}

/// Names that have several spellings.
#[derive(Clone, Debug)]
pub(super) struct Names {
    normalise: fn(&[u8]) -> String,
    spellings: Interner,
    /// Name of every spelling.
    of_spelling: Vec<u32>,
    canonical: Interner,
    /// Of every name the spelling of its earliest record, and that record's time. Between
    /// records of one millisecond the bytes decide: the order of reading must not.
    earliest: Vec<(i64, u32)>,
}

impl Names {
    fn new(normalise: fn(&[u8]) -> String) -> Self {
        Self {
            normalise,
            spellings: Interner::default(),
            of_spelling: Vec::new(),
            canonical: Interner::default(),
            earliest: Vec::new(),
        }
    }

    fn number(&mut self, spelling: &[u8], time: i64) -> u32 {
        let (spelling_number, is_new) = self.spellings.intern(spelling);
        if is_new {
            let (name, name_is_new) = self.canonical.intern((self.normalise)(spelling).as_bytes());
            self.of_spelling.push(name);
            if name_is_new {
                self.earliest.push((time, spelling_number));
            }
        }
        let name = self.of_spelling[spelling_number as usize];
        let (earliest_time, shown) = self.earliest[name as usize];
        let is_earlier = time < earliest_time
            || (time == earliest_time
                && shown != spelling_number
                && spelling < self.spellings.get(shown));
        if is_earlier {
            self.earliest[name as usize] = (time, spelling_number);
        }
        name
    }

    /// Takes over another part's names; gives the number here of every number there.
    fn absorb(&mut self, other: &Self) -> Vec<u32> {
        other
            .earliest
            .iter()
            .map(|(time, spelling)| self.number(other.spellings.get(*spelling), *time))
            .collect()
    }

    pub(super) fn name(&self, number: u32) -> &[u8] {
        self.canonical.get(number)
    }

    /// Place of every name in the order of names.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<(&[u8], u32)> = self.canonical.iter().zip(0..).collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; sorted.len()];
        for ((_, name), rank) in sorted.into_iter().zip(0..) {
            ranks[name as usize] = rank;
        }
        ranks
    }

    /// The log's own spelling.
    pub(super) fn shown(&self, number: u32) -> &[u8] {
        self.spellings.get(self.earliest[number as usize].1)
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical_address, registrable_domain};

    #[test]
    fn hosts_are_counted_by_registrable_domain() {
        for (host, domain) in [
            ("www.Example.co.UK", "example.co.uk"),
            ("example.com.", "example.com"),
            ("intranet", "intranet"),
            ("co.uk", "co.uk"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0::1", "2001:db8::1"),
        ] {
            assert_eq!(
                registrable_domain(host.as_bytes()),
                domain.as_bytes(),
                "{host}"
            );
        }
    }

    #[test]
    fn addresses_have_one_spelling() {
        for (spelling, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[2001:DB8::0:1]", "2001:db8::1"),
            ("Laptop-7.example", "laptop-7.example"),
        ] {
            assert_eq!(canonical_address(spelling.as_bytes()), address);
        }
    }
}
