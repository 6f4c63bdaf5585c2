//! Report by host of a log: requests, bytes, distinct users and distinct client addresses.
//!
//! ```text
//! cargo run --release -p casbah-discovery --example squid_report -- access.log > report.csv
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use casbah_discovery::{IdSet, Interner, LogReader, Record, Sink};

#[derive(Default)]
struct Host {
    requests: u64,
    bytes: u64,
    users: IdSet,
    addresses: IdSet,
}

#[derive(Default)]
struct HostReport {
    names: Interner,
    hosts: Vec<Host>,
    users: Interner,
    addresses: Interner,
}

impl HostReport {
    fn host(&mut self, name: &[u8]) -> &mut Host {
        let (number, is_new) = self.names.intern(name);
        if is_new {
            self.hosts.push(Host::default());
        }
        &mut self.hosts[number as usize]
    }
}

impl Sink for HostReport {
    fn record(&mut self, record: &Record<'_>) {
        let address = self.addresses.intern(record.source).0;
        let user = record.user.map(|user| self.users.intern(user).0);
        let host = self.host(record.host.unwrap_or(b"-"));
        host.requests += 1;
        host.bytes += record.bytes_down;
        host.addresses.insert(address);
        if let Some(user) = user {
            host.users.insert(user);
        }
    }

    fn merge(&mut self, other: Self) {
        let users = self.users.absorb(&other.users);
        let addresses = self.addresses.absorb(&other.addresses);
        for (name, more) in other.names.iter().zip(&other.hosts) {
            let host = self.host(name);
            host.requests += more.requests;
            host.bytes += more.bytes;
            host.users.absorb(&more.users, &users);
            host.addresses.absorb(&more.addresses, &addresses);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: squid_report LOG")?;
    let reading = LogReader::new().fold(File::open(path)?, HostReport::default, |_| {})?;
    let report = reading.sink;
    let mut rows: Vec<_> = report.names.iter().zip(&report.hosts).collect();
    rows.sort_unstable_by_key(|(name, _)| *name);
    let mut out = BufWriter::new(io::stdout().lock());
    for (name, host) in rows {
        out.write_all(name)?;
        writeln!(
            out,
            ",{},{},{},{}",
            host.requests,
            host.bytes,
            host.users.len(),
            host.addresses.len()
        )?;
    }
    out.flush()?;
    eprintln!("{} lines, {} bad", reading.lines, reading.bad);
    Ok(())
}
