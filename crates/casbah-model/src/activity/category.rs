//! Kinds of events across apps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `eventTypeName`: the kind of an event, the same for all apps.
///
/// The wire's list is open; what a source has no kind for is unspecified.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum EventCategory {
    /// A sign-in.
    #[serde(rename = "EVENT_CATEGORY_LOGIN")]
    Login,
    /// A sign-in that failed.
    #[serde(rename = "EVENT_CATEGORY_FAILED_LOGIN")]
    FailedLogin,
    /// A sign-out.
    #[serde(rename = "EVENT_CATEGORY_LOGOUT")]
    Logout,
    /// A file left the app.
    #[serde(rename = "EVENT_CATEGORY_DOWNLOAD_FILE")]
    DownloadFile,
    /// A file came into the app.
    #[serde(rename = "EVENT_CATEGORY_UPLOAD_FILE")]
    UploadFile,
    /// A file was changed.
    #[serde(rename = "EVENT_CATEGORY_EDIT_FILE")]
    EditFile,
    /// A file was deleted.
    #[serde(rename = "EVENT_CATEGORY_DELETE_FILE")]
    DeleteFile,
    /// A file was shared.
    #[serde(rename = "EVENT_CATEGORY_SHARE_FILE")]
    ShareFile,
    /// A message was sent.
    #[serde(rename = "EVENT_CATEGORY_SEND_MESSAGE")]
    SendMessage,
    /// A report was looked at.
    #[serde(rename = "EVENT_CATEGORY_VIEW_REPORT")]
    ViewReport,
    /// A user, group, role or app was changed.
    #[serde(rename = "EVENT_CATEGORY_MANAGE_DIRECTORY")]
    ManageDirectory,
    /// Anything else.
    #[serde(rename = "EVENT_CATEGORY_UNSPECIFIED", other)]
    Unspecified,
}

impl EventCategory {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "EVENT_CATEGORY_LOGIN",
            Self::FailedLogin => "EVENT_CATEGORY_FAILED_LOGIN",
            Self::Logout => "EVENT_CATEGORY_LOGOUT",
            Self::DownloadFile => "EVENT_CATEGORY_DOWNLOAD_FILE",
            Self::UploadFile => "EVENT_CATEGORY_UPLOAD_FILE",
            Self::EditFile => "EVENT_CATEGORY_EDIT_FILE",
            Self::DeleteFile => "EVENT_CATEGORY_DELETE_FILE",
            Self::ShareFile => "EVENT_CATEGORY_SHARE_FILE",
            Self::SendMessage => "EVENT_CATEGORY_SEND_MESSAGE",
            Self::ViewReport => "EVENT_CATEGORY_VIEW_REPORT",
            Self::ManageDirectory => "EVENT_CATEGORY_MANAGE_DIRECTORY",
            Self::Unspecified => "EVENT_CATEGORY_UNSPECIFIED",
        }
    }

    /// The kind for people to read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Login => "Log on",
            Self::FailedLogin => "Failed log on",
            Self::Logout => "Log off",
            Self::DownloadFile => "Download file",
            Self::UploadFile => "Upload file",
            Self::EditFile => "Edit file",
            Self::DeleteFile => "Delete file",
            Self::ShareFile => "Share file",
            Self::SendMessage => "Send message",
            Self::ViewReport => "View report",
            Self::ManageDirectory => "Manage directory",
            Self::Unspecified => "Unspecified",
        }
    }

    /// The kind in fewer words.
    pub const fn generic(self) -> GenericType {
        match self {
            Self::Login => GenericType::Login,
            Self::FailedLogin => GenericType::FailedLogin,
            _ => GenericType::Basic,
        }
    }
}

/// `genericEventType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum GenericType {
    /// A sign-in.
    #[serde(rename = "ENUM_ACTIVITY_GENERIC_TYPE_LOGIN")]
    Login,
    /// A sign-in that failed.
    #[serde(rename = "ENUM_ACTIVITY_GENERIC_TYPE_FAILED_LOGIN")]
    FailedLogin,
    /// Anything else.
    #[serde(rename = "ENUM_ACTIVITY_GENERIC_TYPE_BASIC", other)]
    Basic,
}
