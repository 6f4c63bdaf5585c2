//! Report by host of a log: requests, bytes, distinct users and distinct client addresses.
//!
//! ```text
//! cargo run --release -p casbah-discovery --example squid_report -- access.log > report.csv
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use casbah_discovery::{LogReader, Record, Sink};
use hashbrown::{HashMap, HashSet};

#[derive(Clone, Copy, Default)]
struct Counts {
    requests: u64,
    bytes: u64,
}

/// Gives every distinct text a number.
#[derive(Default)]
struct Numbers(HashMap<Vec<u8>, u32>);

impl Numbers {
    fn of(&mut self, text: &[u8]) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry_ref(text).or_insert(next)
    }

    /// Texts in the order of their numbers.
    fn into_texts(self) -> Vec<Vec<u8>> {
        let mut texts: Vec<_> = self.0.into_iter().collect();
        texts.sort_unstable_by_key(|(_, number)| *number);
        texts.into_iter().map(|(text, _)| text).collect()
    }
}

#[derive(Default)]
struct HostReport {
    hosts: Numbers,
    counts: Vec<Counts>,
    users: Numbers,
    addresses: Numbers,
    user_pairs: HashSet<(u32, u32)>,
    address_pairs: HashSet<(u32, u32)>,
}

impl HostReport {
    fn counts(&mut self, host: u32) -> &mut Counts {
        let index = host as usize;
        if self.counts.len() <= index {
            self.counts.resize(index + 1, Counts::default());
        }
        &mut self.counts[index]
    }
}

impl Sink for HostReport {
    fn record(&mut self, record: &Record<'_>) {
        let host = self.hosts.of(record.host.unwrap_or(b"-"));
        let counts = self.counts(host);
        counts.requests += 1;
        counts.bytes += record.bytes_down;
        let address = self.addresses.of(record.source);
        self.address_pairs.insert((host, address));
        if let Some(user) = record.user {
            let user = self.users.of(user);
            self.user_pairs.insert((host, user));
        }
    }

    fn merge(&mut self, other: Self) {
        let numbers = |ours: &mut Numbers, theirs: Numbers| -> Vec<u32> {
            theirs
                .into_texts()
                .iter()
                .map(|text| ours.of(text))
                .collect()
        };
        let hosts = numbers(&mut self.hosts, other.hosts);
        let users = numbers(&mut self.users, other.users);
        let addresses = numbers(&mut self.addresses, other.addresses);
        for (host, more) in hosts.iter().zip(other.counts) {
            let counts = self.counts(*host);
            counts.requests += more.requests;
            counts.bytes += more.bytes;
        }
        let moved =
            |(host, name): (u32, u32), names: &[u32]| (hosts[host as usize], names[name as usize]);
        self.user_pairs
            .extend(other.user_pairs.into_iter().map(|pair| moved(pair, &users)));
        self.address_pairs.extend(
            other
                .address_pairs
                .into_iter()
                .map(|pair| moved(pair, &addresses)),
        );
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: squid_report LOG")?;
    let reading = LogReader::new().fold(File::open(path)?, HostReport::default, |_| {})?;
    let hosts = reading.sink;
    let mut distinct = vec![(0_u64, 0_u64); hosts.counts.len()];
    for (host, _) in hosts.user_pairs {
        distinct[host as usize].0 += 1;
    }
    for (host, _) in hosts.address_pairs {
        distinct[host as usize].1 += 1;
    }
    let mut rows: Vec<_> = hosts
        .hosts
        .into_texts()
        .into_iter()
        .zip(hosts.counts.into_iter().zip(distinct))
        .collect();
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let mut out = BufWriter::new(io::stdout().lock());
    for (host, (counts, (users, addresses))) in rows {
        out.write_all(&host)?;
        writeln!(
            out,
            ",{},{},{users},{addresses}",
            counts.requests, counts.bytes
        )?;
    }
    out.flush()?;
    eprintln!("{} lines, {} bad", reading.lines, reading.bad);
    Ok(())
}
