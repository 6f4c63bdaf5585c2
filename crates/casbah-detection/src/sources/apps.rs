//! Numbers and names of the apps that sources speak of.

use casbah_model::ids::SaasId;

/// An app of the wire's catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct App {
    /// Its number.
    pub id: SaasId,
    /// Its name.
    pub name: &'static str,
}

const fn app(id: i32, name: &'static str) -> App {
    App {
        id: SaasId(id),
        name,
    }
}

impl App {
    /// Office 365 as a whole; its accounts are those of the directory.
    pub const OFFICE_365: Self = app(11161, "Office 365");
    /// Exchange Online.
    pub const EXCHANGE: Self = app(20893, "Microsoft Exchange Online");
    /// SharePoint Online.
    pub const SHAREPOINT: Self = app(20892, "Microsoft Sharepoint Online");
    /// OneDrive.
    pub const ONEDRIVE: Self = app(15600, "Microsoft OneDrive for Business");
    /// Teams.
    pub const TEAMS: Self = app(28375, "Microsoft Teams");
    /// Skype for Business.
    pub const SKYPE: Self = app(25275, "Microsoft Skype for Business");
    /// Yammer.
    pub const YAMMER: Self = app(11522, "Microsoft Yammer");
    /// Power BI.
    pub const POWER_BI: Self = app(26324, "Microsoft Power BI");
    /// Azure.
    pub const AZURE: Self = app(12260, "Microsoft Azure");

    /// The app that a unified audit record's `Workload` names; what has no number
    /// of its own belongs to Office 365.
    pub fn of_workload(workload: &str) -> Self {
        match workload {
            "Exchange" => Self::EXCHANGE,
            "SharePoint" => Self::SHAREPOINT,
            "OneDrive" => Self::ONEDRIVE,
            "MicrosoftTeams" => Self::TEAMS,
            "SkypeForBusiness" => Self::SKYPE,
            "Yammer" => Self::YAMMER,
            "PowerBI" => Self::POWER_BI,
            "Azure" => Self::AZURE,
            _ => Self::OFFICE_365,
        }
    }

    /// The app that a sign-in was for, by its well-known directory id.
    pub fn of_resource(id: &str) -> Self {
        match id {
            "00000002-0000-0ff1-ce00-000000000000" => Self::EXCHANGE,
            "00000003-0000-0ff1-ce00-000000000000" => Self::SHAREPOINT,
            "00000004-0000-0ff1-ce00-000000000000" => Self::SKYPE,
            "00000005-0000-0ff1-ce00-000000000000" => Self::YAMMER,
            "00000009-0000-0000-c000-000000000000" => Self::POWER_BI,
            "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe" => Self::TEAMS,
            "797f4846-ba00-4fd7-ba43-dac1f8f63013" => Self::AZURE,
            _ => Self::OFFICE_365,
        }
    }
}
