//! What operations and record types mean.

use casbah_model::activity::EventCategory;

use crate::sources::App;

/// `RecordType` of directory changes.
const AZURE_ACTIVE_DIRECTORY: i64 = 8;

/// `RecordType` values under which only administrators' work is recorded: Exchange
/// cmdlets, the directory, data centre cmdlets, compliance cmdlets.
const ADMIN_RECORDS: &[i64] = &[1, AZURE_ACTIVE_DIRECTORY, 10, 18];

/// The kind of event of an operation.
pub(super) fn category(operation: &str, record_type: Option<i64>) -> EventCategory {
    match operation {
        "UserLoggedIn" | "TeamsSessionStarted" | "MailboxLogin" => EventCategory::Login,
        "UserLoginFailed" => EventCategory::FailedLogin,
        "UserLoggedOff" | "SignOut" => EventCategory::Logout,
        "FileDownloaded" | "FileSyncDownloadedFull" | "FileSyncDownloadedPartial" => {
            EventCategory::DownloadFile
        }
        "FileUploaded"
        | "FileUploadedPartial"
        | "FileSyncUploadedFull"
        | "FileSyncUploadedPartial" => EventCategory::UploadFile,
        "FileModified" | "FileModifiedExtended" | "FileRenamed" | "FileMoved" => {
            EventCategory::EditFile
        }
        "FileDeleted"
        | "FileRecycled"
        | "FileDeletedFirstStageRecycleBin"
        | "FileDeletedSecondStageRecycleBin" => EventCategory::DeleteFile,
        "SharingSet"
        | "SharingInvitationCreated"
        | "AnonymousLinkCreated"
        | "CompanyLinkCreated"
        | "SecureLinkCreated"
        | "AddedToSecureLink" => EventCategory::ShareFile,
        "Send" | "SendAs" | "SendOnBehalf" | "MessageSent" => EventCategory::SendMessage,
        "ViewReport" => EventCategory::ViewReport,
        _ if record_type == Some(AZURE_ACTIVE_DIRECTORY) => EventCategory::ManageDirectory,
        _ => EventCategory::Unspecified,
    }
}

/// Name and number of the kind of event. The recordings of the original service
/// show `EVENT_AAD_LOGIN_FAILED` and `EVENT_O365_ONEDRIVE_GENERIC` with their
/// numbers and `EVENT_AAD_LOGIN` by name; the others follow their pattern.
pub(super) fn kind(category: EventCategory, app: App, workload: &str) -> (&'static str, i32) {
    match (category, app) {
        (EventCategory::Login, _) => ("EVENT_AAD_LOGIN", 2_293_760),
        (EventCategory::FailedLogin, _) => ("EVENT_AAD_LOGIN_FAILED", 2_293_761),
        _ if workload == "AzureActiveDirectory" => ("EVENT_AAD_GENERIC", 2_293_762),
        (_, App::ONEDRIVE) => ("EVENT_O365_ONEDRIVE_GENERIC", 233_580),
        (_, App::SHAREPOINT) => ("EVENT_O365_SHAREPOINT_GENERIC", 233_581),
        (_, App::EXCHANGE) => ("EVENT_O365_EXCHANGE_GENERIC", 233_582),
        (_, App::TEAMS) => ("EVENT_O365_TEAMS_GENERIC", 233_583),
        (_, App::POWER_BI) => ("EVENT_O365_POWERBI_GENERIC", 233_584),
        _ => ("EVENT_O365_GENERIC", 233_579),
    }
}

/// Whether records of this type are administrators' work.
pub(super) fn is_admin(record_type: Option<i64>) -> bool {
    record_type.is_some_and(|kind| ADMIN_RECORDS.contains(&kind))
}
