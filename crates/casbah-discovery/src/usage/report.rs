//! The result of counting, as flat rows.

use casbah_model::discovery::{
    AddressDay, AppDay, DiscoveredAppId, DomainDay, EpochDay, Totals, UserDay,
};

use super::counter::{Counter, Names, Target};

/// Usage of a whole log.
///
/// Rows come sorted: by day, then by app or domain, then by user or address.
#[derive(Clone, Debug)]
pub struct Usage {
    apps: Vec<AppDay>,
    domains: Vec<DomainDay>,
    users: Vec<NamedDay>,
    user_names: Names,
    addresses: Vec<NamedDay>,
    address_names: Names,
    without_host: Totals,
}

#[derive(Clone, Copy, Debug)]
struct NamedDay {
    day: EpochDay,
    app: DiscoveredAppId,
    name: u32,
    totals: Totals,
}

impl Usage {
    /// Usage of catalog apps by day.
    pub fn app_days(&self) -> impl ExactSizeIterator<Item = &AppDay> {
        self.apps.iter()
    }

    /// Usage of catalog apps by day and user.
    pub fn user_days(&self) -> impl ExactSizeIterator<Item = UserDay> {
        self.users.iter().map(|row| UserDay {
            day: row.day,
            app: row.app,
            user: text(self.user_names.name(row.name)),
            display: text(self.user_names.shown(row.name)),
            totals: row.totals,
        })
    }

    /// Usage of catalog apps by day and source address.
    pub fn address_days(&self) -> impl ExactSizeIterator<Item = AddressDay> {
        self.addresses.iter().map(|row| AddressDay {
            day: row.day,
            app: row.app,
            address: text(self.address_names.name(row.name)),
            totals: row.totals,
        })
    }

    /// Traffic to hosts outside the catalog, by day and registrable domain.
    pub fn domain_days(&self) -> impl ExactSizeIterator<Item = &DomainDay> {
        self.domains.iter()
    }

    /// Lines that name no host, such as malformed requests; `None` when there are none.
    pub fn without_host(&self) -> Option<&Totals> {
        (self.without_host.transactions > 0).then_some(&self.without_host)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl From<Counter<'_>> for Usage {
    fn from(counter: Counter<'_>) -> Self {
        let mut app_users = vec![0; counter.slots.len()];
        for (slot, _) in counter.by_user.keys() {
            app_users[*slot as usize] += 1;
        }
        let mut app_addresses = vec![0; counter.slots.len()];
        for (slot, _) in counter.by_address.keys() {
            app_addresses[*slot as usize] += 1;
        }
        let mut apps = Vec::new();
        let mut domains = Vec::new();
        let counts = app_users.into_iter().zip(app_addresses);
        for (slot, (users, addresses)) in counter.slots.iter().zip(counts) {
            let (day, totals) = (slot.day, slot.totals);
            match slot.target {
                Target::App(app) => apps.push(AppDay {
                    day,
                    app,
                    totals,
                    users,
                    addresses,
                }),
                Target::Domain(number) => {
                    let domain = text(counter.domains.get(number));
                    domains.push(DomainDay {
                        day,
                        domain,
                        totals,
                        users: slot.users.len() as u64,
                        addresses: slot.addresses.len() as u64,
                    });
                }
            }
        }
        apps.sort_unstable_by_key(|row| (row.day, row.app));
        domains.sort_unstable_by(|a, b| (a.day, &a.domain).cmp(&(b.day, &b.domain)));
        let rows = |pairs: &hashbrown::HashMap<(u32, u32), Totals>, names: &Names| {
            let mut rows: Vec<NamedDay> = pairs
                .iter()
                .filter_map(|((slot, name), totals)| {
                    let slot = &counter.slots[*slot as usize];
                    match slot.target {
                        Target::App(app) => Some(NamedDay {
                            day: slot.day,
                            app,
                            name: *name,
                            totals: *totals,
                        }),
                        Target::Domain(_) => None,
                    }
                })
                .collect();
            // A name stands in many rows: the names are compared once, the rows as numbers.
            let ranks = names.ranks();
            rows.sort_unstable_by_key(|row| (row.day, row.app, ranks[row.name as usize]));
            rows
        };
        let users = rows(&counter.by_user, &counter.users);
        let addresses = rows(&counter.by_address, &counter.addresses);
        Self {
            apps,
            domains,
            users,
            user_names: counter.users,
            addresses,
            address_names: counter.addresses,
            without_host: counter.without_host,
        }
    }
}
