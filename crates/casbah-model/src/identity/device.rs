//! Sign-ins on another device (RFC 8628).

use super::{Digest, RequestedResource};
use crate::ids::{AppId, ObjectId, TenantId};
use crate::time::Timestamp;

/// A device's request for a sign-in, which a person answers in a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRequest {
    /// SHA-256 of the device code; the code itself is not kept.
    pub hash: Digest,
    /// SHA-256 of the code that the person types.
    pub user_code: Digest,
    /// The tenant of the address that was asked; none where it is anybody's.
    pub tenant: Option<TenantId>,
    /// The client.
    pub client: AppId,
    /// The scopes that are wanted, as the client would write them to the newer endpoint.
    pub scope: String,
    /// When it was asked.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// What became of it.
    pub state: DeviceState,
}

/// What became of a device's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceState {
    /// Nobody has answered yet.
    Pending,
    /// A person said no.
    Declined,
    /// A person said yes.
    Accepted(DeviceGrant),
    /// The client has its tokens.
    Redeemed,
}

impl DeviceState {
    /// The state's name, as it is stored.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Declined => "declined",
            Self::Accepted(_) => "accepted",
            Self::Redeemed => "redeemed",
        }
    }
}

/// What a person granted to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceGrant {
    /// The person's tenant.
    pub tenant: TenantId,
    /// The person.
    pub user: ObjectId,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// What the scopes belong to.
    pub resource: Option<RequestedResource>,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// How the person signed in (RFC 8176).
    pub methods: Vec<String>,
}
