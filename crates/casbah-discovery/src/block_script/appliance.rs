//! The appliances that scripts are written for, each in its vendor's words.

use std::fmt::Result;

use super::{BlockDomain, Verdict, line};

/// An appliance that blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Appliance {
    /// Blue Coat (Symantec) ProxySG.
    BlueCoatProxySg,
    /// Cisco ASA.
    CiscoAsa,
    /// Fortinet FortiGate.
    FortiGate,
    /// Palo Alto Networks PAN-OS.
    PaloAlto,
    /// Zscaler Internet Access.
    Zscaler,
    /// Juniper SRX.
    JuniperSrx,
    /// Websense (Forcepoint) Web Security.
    Websense,
}

impl Appliance {
    /// Every appliance, by number.
    pub const ALL: &[Self] = &[
        Self::BlueCoatProxySg,
        Self::CiscoAsa,
        Self::FortiGate,
        Self::PaloAlto,
        Self::Zscaler,
        Self::JuniperSrx,
        Self::Websense,
    ];

    /// The value of the `format` parameter: the log type of the same vendor.
    pub const fn number(self) -> u16 {
        match self {
            Self::BlueCoatProxySg => 102,
            Self::CiscoAsa => 104,
            Self::FortiGate => 108,
            Self::PaloAlto => 112,
            Self::Zscaler => 120,
            Self::JuniperSrx => 129,
            Self::Websense => 135,
        }
    }

    /// The appliance of a `format` parameter.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|appliance| appliance.number() == number)
    }

    pub(super) fn write(
        self,
        script: &mut String,
        verdict: Verdict,
        domains: &[&BlockDomain],
    ) -> Result {
        match self {
            Self::BlueCoatProxySg => blue_coat(script, verdict, domains),
            Self::CiscoAsa => cisco_asa(script, verdict, domains),
            Self::FortiGate => fortigate(script, verdict, domains),
            Self::PaloAlto => palo_alto(script, verdict, domains),
            Self::Zscaler => zscaler(script, domains),
            Self::JuniperSrx => juniper_srx(script, verdict, domains),
            Self::Websense => websense(script, domains),
        }
    }
}

/// Content Policy Language: `url.domain=` matches the domain and what is below it.
///
/// Vendor's document: "ProxySG Content Policy Language Reference", condition `url=` and its
/// relatives.
fn blue_coat(script: &mut String, verdict: Verdict, domains: &[&BlockDomain]) -> Result {
    let action = match verdict {
        Verdict::Banned => "deny",
        Verdict::Allowed => "allow",
    };
    domains
        .iter()
        .try_for_each(|domain| line(script, format_args!("url.domain={domain} {action}")))
}

/// Network objects by name. The appliance resolves them itself, so names below a domain have to
/// be listed as well to be matched.
///
/// Vendor's documents: "Cisco ASA Series Command Reference", commands `object network`, `fqdn`,
/// `object-group network` and `access-list extended`; "Using hostnames (DNS) in access-lists",
/// Cisco community document 66011 (since 8.4(2); a DNS server must be configured).
fn cisco_asa(script: &mut String, verdict: Verdict, domains: &[&BlockDomain]) -> Result {
    let list = verdict.list_name();
    let action = match verdict {
        Verdict::Banned => "deny",
        Verdict::Allowed => "permit",
    };
    for (number, domain) in (1..).zip(domains) {
        line(script, format_args!("object network {list}-{number}"))?;
        line(script, format_args!(" fqdn {domain}"))?;
    }
    line(script, format_args!("object-group network {list}"))?;
    for number in 1..=domains.len() {
        line(
            script,
            format_args!(" network-object object {list}-{number}"),
        )?;
    }
    line(
        script,
        format_args!("access-list {list} extended {action} ip any object-group {list}"),
    )
}

/// A URL filter. Whether a simple entry also matches what is below its domain depends on the
/// version, so each domain gets a wildcard entry for that, too.
///
/// Vendor's documents: "`FortiOS` 6.0 Handbook", "Configuring a URL filter" (a simple entry blocks
/// the domain and all its subdomains); "`FortiGate` Administration Guide" 7.2, "Static URL filter"
/// (it matches strictly); technical tip FD45628 (the command's syntax).
fn fortigate(script: &mut String, verdict: Verdict, domains: &[&BlockDomain]) -> Result {
    // Lists of the two verdicts must not replace each other.
    let (number, action) = match verdict {
        Verdict::Banned => (901, "block"),
        Verdict::Allowed => (902, "allow"),
    };
    line(script, format_args!("config webfilter urlfilter"))?;
    line(script, format_args!("    edit {number}"))?;
    line(
        script,
        format_args!("        set name \"{}\"", verdict.list_name()),
    )?;
    line(script, format_args!("        config entries"))?;
    let entries = domains
        .iter()
        .flat_map(|domain| [("", domain, "simple"), ("*.", domain, "wildcard")]);
    for (entry, (prefix, domain, kind)) in (1..).zip(entries) {
        line(script, format_args!("            edit {entry}"))?;
        line(
            script,
            format_args!("                set url \"{prefix}{domain}\""),
        )?;
        line(script, format_args!("                set type {kind}"))?;
        line(script, format_args!("                set action {action}"))?;
        line(script, format_args!("                set status enable"))?;
        line(script, format_args!("            next"))?;
    }
    line(script, format_args!("        end"))?;
    line(script, format_args!("    next"))?;
    line(script, format_args!("end"))
}

/// A custom URL category, and a URL filtering profile that uses it. The slash at the end keeps
/// `example.com` from matching `example.com.other`.
///
/// Vendor's documents: "Advanced URL Filtering", "Create a Custom URL Category" (`*.example.com/`
/// does not match `example.com`, and slashes are better written than left to the firewall);
/// "PAN-OS CLI Quick Start".
fn palo_alto(script: &mut String, verdict: Verdict, domains: &[&BlockDomain]) -> Result {
    let list = verdict.list_name();
    let action = match verdict {
        Verdict::Banned => "block",
        Verdict::Allowed => "allow",
    };
    line(
        script,
        format_args!("set profiles custom-url-category {list} type \"URL List\""),
    )?;
    for domain in domains {
        line(
            script,
            format_args!("set profiles custom-url-category {list} list {domain}/"),
        )?;
        line(
            script,
            format_args!("set profiles custom-url-category {list} list *.{domain}/"),
        )?;
    }
    line(
        script,
        format_args!("set profiles url-filtering {list} {action} {list}"),
    )
}

/// A list for a URL category: a leading dot stands for the domain and what is below it.
///
/// Vendor's document: Zscaler help, "URL Format Guidelines".
fn zscaler(script: &mut String, domains: &[&BlockDomain]) -> Result {
    domains
        .iter()
        .try_for_each(|domain| line(script, format_args!(".{domain}")))
}

/// A URL pattern, a category of it, and a web filtering profile that uses the category.
///
/// Vendor's documents: "Junos OS UTM User Guide", "Local Web Filtering"; `url-pattern` (security),
/// "Configuring Integrated Web Filtering" (wildcards need `http://` before them and stand at the
/// beginning alone).
fn juniper_srx(script: &mut String, verdict: Verdict, domains: &[&BlockDomain]) -> Result {
    let list = verdict.list_name();
    let action = match verdict {
        Verdict::Banned => "block",
        Verdict::Allowed => "permit",
    };
    let objects = "set security utm custom-objects";
    for domain in domains {
        line(
            script,
            format_args!("{objects} url-pattern {list} value http://{domain}"),
        )?;
        line(
            script,
            format_args!("{objects} url-pattern {list} value http://*.{domain}"),
        )?;
    }
    line(
        script,
        format_args!("{objects} custom-url-category {list} value {list}"),
    )?;
    let profile = "set security utm feature-profile web-filtering juniper-local profile";
    line(
        script,
        format_args!("{profile} {list} category {list} action {action}"),
    )
}

/// Sites for a custom category, one a line.
///
/// Vendor's document: "TRITON - Web Security Help", "Recategorizing specific URLs".
fn websense(script: &mut String, domains: &[&BlockDomain]) -> Result {
    domains
        .iter()
        .try_for_each(|domain| line(script, format_args!("{domain}")))
}
