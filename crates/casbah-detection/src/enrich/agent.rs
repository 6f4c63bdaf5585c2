//! Programs by their user-agent text.

use casbah_model::activity::{AgentOs, DeviceType, UserAgent};
use ua_parser::{Extractor, Regexes};

use super::{LoadError, tags};

const BUILT_IN: &[u8] = include_bytes!("../../data/user-agents.json.zst");

const UNKNOWN: &str = "Unknown";

/// Operating systems that their makers no longer maintain.
const OUTDATED_SYSTEMS: &[&str] = &[
    "Windows 2000",
    "Windows XP",
    "Windows Vista",
    "Windows 7",
    "Windows 8",
    "Windows 8.1",
];

/// Browsers that their makers no longer maintain.
const OUTDATED_BROWSERS: &[&str] = &["IE", "IE Mobile"];

/// The patterns of the `uap-core` project, compiled.
pub(super) struct AgentParser(Extractor<'static>);

impl AgentParser {
    pub(super) fn built_in() -> Result<Self, LoadError> {
        let damaged = || LoadError::BuiltIn("user agent");
        let json = zstd::stream::decode_all(BUILT_IN).map_err(|_| damaged())?;
        let regexes: Regexes<'static> =
            serde_json::from_reader(json.as_slice()).map_err(|_| damaged())?;
        Extractor::try_from(regexes)
            .map(Self)
            .map_err(|_| damaged())
    }

    pub(super) fn parse(&self, text: &str) -> UserAgent {
        let (agent, os, device) = self.0.extract(text);
        let name = agent
            .as_ref()
            .map_or(UNKNOWN, |agent| agent.family.as_ref())
            .to_owned();
        let major = agent
            .as_ref()
            .and_then(|agent| Some(agent.major?.to_owned()));
        let minor = agent
            .as_ref()
            .and_then(|agent| Some(agent.minor?.to_owned()));
        let os_family = os.as_ref().map_or(UNKNOWN, |os| os.os.as_ref()).to_owned();
        let os_version = os.as_ref().and_then(|os| {
            let major = os.major.as_ref()?;
            Some(
                os.minor
                    .as_ref()
                    .map_or_else(|| major.to_string(), |minor| format!("{major}.{minor}")),
            )
        });
        let os_name = os_version.as_ref().map_or_else(
            || os_family.clone(),
            |version| format!("{os_family} {version}"),
        );
        let device = device.as_ref().map_or("", |device| device.device.as_ref());
        let is_robot = device == "Spider";
        let is_browser = text.starts_with("Mozilla/") && name != UNKNOWN && !is_robot;

        let family = family_name(&name);
        let kind = match (is_browser, name.as_str()) {
            (true, _) => "Browser",
            (false, UNKNOWN) => UNKNOWN,
            (false, _) => "Application",
        };
        UserAgent {
            browser: family.clone(),
            family,
            kind: kind.to_owned(),
            type_name: kind.to_owned(),
            device_type: device_type(text, &os_family, device),
            native_browser: !is_browser,
            tags: agent_tags(is_browser, is_robot, &name, &os_name),
            os: if os_family == UNKNOWN {
                "OTHER".to_owned()
            } else {
                os_family.to_lowercase()
            },
            version: major.as_ref().map(|major| match &minor {
                Some(minor) => format!("{major}.{minor}"),
                None => major.clone(),
            }),
            major,
            minor,
            name,
            operating_system: AgentOs {
                name: os_name,
                family: os_family,
                version: os_version,
            },
        }
    }
}

/// `Chrome Mobile` as `CHROME_MOBILE`.
fn family_name(name: &str) -> String {
    if name == UNKNOWN {
        return "UNKNOWN".to_owned();
    }
    name.to_uppercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect()
}

fn device_type(text: &str, os_family: &str, device: &str) -> DeviceType {
    match os_family {
        "iOS" if device.starts_with("iPad") => DeviceType::Tablet,
        // Google asks makers of telephones, and only these, to write "Mobile".
        "Android" if !text.contains("Mobile") && text.starts_with("Mozilla/") => DeviceType::Tablet,
        "iOS" | "Android" | "Windows Phone" | "BlackBerry OS" => DeviceType::Mobile,
        "Windows" | "Mac OS X" | "Linux" | "Ubuntu" | "Debian" | "Fedora" | "Chrome OS" => {
            DeviceType::Desktop
        }
        _ => DeviceType::Other,
    }
}

fn agent_tags(is_browser: bool, is_robot: bool, name: &str, os_name: &str) -> Vec<String> {
    [
        (
            !is_browser && name != UNKNOWN && !is_robot,
            tags::NATIVE_CLIENT,
        ),
        (OUTDATED_BROWSERS.contains(&name), tags::OUTDATED_BROWSER),
        (
            OUTDATED_SYSTEMS.contains(&os_name),
            tags::OUTDATED_OPERATING_SYSTEM,
        ),
        (is_robot, tags::ROBOT),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, tag)| tag.to_owned())
    .collect()
}
