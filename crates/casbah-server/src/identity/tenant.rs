//! The tenant that an address names.

use casbah_identity::{AadError, TenantAlias};
use casbah_model::identity::Tenant;
use casbah_store::{Store, StoreError};

/// What `{tenant}` of an address stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AddressedTenant {
    /// One tenant.
    One(Tenant),
    /// `common`
    Common,
    /// `organizations`
    Organizations,
}

impl AddressedTenant {
    /// The tenant, if the address names one.
    pub(crate) fn one(&self) -> Option<&Tenant> {
        match self {
            Self::One(tenant) => Some(tenant),
            Self::Common | Self::Organizations => None,
        }
    }
}

/// No tenant was found, or the store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TenantError {
    /// The address is wrong.
    #[error(transparent)]
    Refused(#[from] AadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds the tenant of an address by its id or by one of its domains.
pub(crate) async fn find(store: &Store, segment: &str) -> Result<AddressedTenant, TenantError> {
    let found = match TenantAlias::parse(segment)? {
        TenantAlias::Common => return Ok(AddressedTenant::Common),
        TenantAlias::Organizations => return Ok(AddressedTenant::Organizations),
        TenantAlias::Id(id) => store.tenant(id).await?,
        TenantAlias::Domain(domain) => store.tenant_of_domain(&domain).await?,
    };
    let tenant = found.ok_or_else(|| AadError::TenantNotFound(segment.to_owned()))?;
    Ok(AddressedTenant::One(tenant))
}

/// The tenant that owns the domain of a sign-in name.
pub(crate) async fn of_name(store: &Store, username: &str) -> Result<Option<Tenant>, StoreError> {
    match username.rsplit_once('@') {
        Some((_, domain)) => store.tenant_of_domain(domain).await,
        None => Ok(None),
    }
}
