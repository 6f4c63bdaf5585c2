//! Exports: where a tenant's feeds of changes are sent to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many exports a tenant may have.
pub const MOST_EXPORTS: u32 = 20;

/// Who gets what an export sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ExportTarget {
    /// A URL that signed JSON documents are posted to.
    Webhook {
        /// The URL.
        url: String,
    },
    /// A receiver of CEF in syslog.
    Syslog {
        /// By what messages get there.
        transport: SyslogTransport,
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
}

/// By what syslog messages get to their receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SyslogTransport {
    /// A datagram each (RFC 5426).
    Udp,
    /// Octet counting on TCP (RFC 6587).
    Tcp,
    /// Octet counting within TLS (RFC 5425).
    Tls,
}

impl SyslogTransport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The port that receivers listen on unless told otherwise.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 514,
            Self::Tls => 6514,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_kept_under_the_names_of_the_wire() {
        for transport in SyslogTransport::ALL {
            let target = ExportTarget::Syslog {
                transport,
                host: "siem.contoso.example".to_owned(),
                port: transport.default_port(),
            };
            let kept = serde_json::to_value(&target).unwrap();
            assert_eq!(kept["kind"], "syslog");
            assert_eq!(kept["transport"], transport.name());
            assert_eq!(
                serde_json::from_value::<ExportTarget>(kept).unwrap(),
                target
            );
            assert_eq!(
                SyslogTransport::from_name(transport.name()),
                Some(transport)
            );
        }
        assert_eq!(SyslogTransport::from_name("TLS"), None);
    }
}
