//! Records as syslog messages (RFC 5424) that carry CEF.

use casbah_connect::Transport;
use casbah_model::alert::Severity;
use casbah_model::export::SyslogTransport;
use casbah_model::time::Timestamp;

use super::records::Records;
use super::{Sending, cef};
use crate::state::App;

/// Facility 13: log audit (RFC 5424, table 1).
const FACILITY: u8 = 13;

pub(super) const fn transport(transport: SyslogTransport) -> Transport {
    match transport {
        SyslogTransport::Udp => Transport::Udp,
        SyslogTransport::Tcp => Transport::Tcp,
        SyslogTransport::Tls => Transport::Tls,
    }
}

/// The messages of a batch, framed for their transport.
pub(super) fn messages(
    app: &App,
    transport: SyslogTransport,
    sending: &Sending,
) -> Result<Vec<Vec<u8>>, serde_json::Error> {
    let origin = app.authority.origin();
    let header = Header {
        host: host(origin),
        at: Timestamp::now(),
    };
    let messages: Vec<_> = match &sending.records {
        Records::Activities(records) => Records::activities(records)?
            .iter()
            .map(|activity| header.message(6, "activity", &cef::activity(origin, activity)))
            .collect(),
        Records::Alerts(records) => records
            .iter()
            .map(|alert| {
                let line = cef::alert(origin, alert, sending.is_test);
                header.message(severity(alert.severity_value), "alert", &line)
            })
            .collect(),
    };
    Ok(messages
        .into_iter()
        .map(|message| match transport {
            SyslogTransport::Udp => message.into_bytes(),
            SyslogTransport::Tcp | SyslogTransport::Tls => counted(&message),
        })
        .collect())
}

/// Octet counting (RFC 6587 3.4.1).
fn counted(message: &str) -> Vec<u8> {
    format!("{} {message}", message.len()).into_bytes()
}

/// The number of a severity (RFC 5424, table 2).
const fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Informational => 6,
    }
}

/// The host that an origin names.
fn host(origin: &str) -> String {
    let url = url::Url::parse(origin).ok();
    let host = url.as_ref().and_then(url::Url::host_str);
    // An address of IPv6 has no brackets here.
    host.map_or("-", |host| host.trim_matches(['[', ']']))
        .to_owned()
}

/// What the messages of a batch have in common.
struct Header {
    host: String,
    at: Timestamp,
}

impl Header {
    fn message(&self, severity: u8, kind: &str, line: &str) -> String {
        let priority = FACILITY * 8 + severity;
        let (at, host) = (self.at.to_iso(), &self.host);
        format!("<{priority}>1 {at} {host} casbah - {kind} - {line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_fields_of_the_standard() {
        let header = Header {
            host: host("https://casbah.contoso.example:8443"),
            at: Timestamp(1_500_151_350_531),
        };
        let message = header.message(severity(Severity::High), "alert", "CEF:0|…");
        assert_eq!(
            message,
            "<107>1 2017-07-15T20:42:30.531Z casbah.contoso.example casbah - alert - CEF:0|…"
        );
        let counted = counted(&message);
        let text = String::from_utf8(counted).unwrap();
        let (length, rest) = text.split_once(' ').unwrap();
        assert_eq!(
            length.parse::<usize>().unwrap(),
            rest.len(),
            "octets, no characters"
        );
        assert_eq!(host("https://[::1]:8443"), "::1");
    }
}
