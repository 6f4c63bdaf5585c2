//! Anything that has an object id.

use super::{Application, ServicePrincipal, User};
use crate::ids::ObjectId;

/// An object of a tenant's directory, of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryObject {
    /// A registration.
    Application(Application),
    /// An application as the tenant has it.
    ServicePrincipal(ServicePrincipal),
    /// A person.
    User(User),
}

impl DirectoryObject {
    /// The object's id.
    pub const fn id(&self) -> ObjectId {
        match self {
            Self::Application(application) => application.id,
            Self::ServicePrincipal(principal) => principal.id,
            Self::User(user) => user.id,
        }
    }
}
