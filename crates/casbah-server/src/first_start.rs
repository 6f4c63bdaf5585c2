//! What a server needs before it can answer: keys of its own, and tenants with
//! the applications that every tenant knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use casbah_identity::TenantAlias;
use casbah_identity::audit::{AuditKey, AuditKeyError};
use casbah_identity::crypto::{MasterKey, SealError, Vault};
use casbah_identity::password::{self, PasswordError};
use casbah_identity::random::{self, NoRandomness};
use casbah_identity::secret::{PepperError, Peppers};
use casbah_identity::signing_keys::SigningDays;
use casbah_model::identity::{
    DirectoryRole, FIRST_PARTY_TENANT, FirstPartyApp, ServicePrincipal, Tenant, User,
};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{AuditRecord, NewTenant, Store, StoreError};
use secrecy::SecretString;

use crate::identity::keys::{SigningKeys, SigningKeysError};

/// The server could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data key could not be opened or made: a wrong master key, mostly.
    #[error("data key: {0}")]
    DataKey(#[from] SealError),
    /// The pepper could not be opened or made.
    #[error("pepper: {0}")]
    Pepper(#[from] PepperError),
    /// The key of the audit could not be opened or made.
    #[error("audit key: {0}")]
    AuditKey(#[from] AuditKeyError),
    /// Signing keys could not be opened or made.
    #[error("signing keys: {0}")]
    SigningKeys(#[from] SigningKeysError),
}

/// A tenant could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateTenantError {
    /// The domain is none.
    #[error("{0:?} is not a domain name")]
    Domain(String),
    /// The store failed, or the domain belongs to a tenant already.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The thread that hashes the password ended.
    #[error("hashing the password was interrupted")]
    Interrupted,
}

/// The server's own secrets, opened.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Seals and opens what the database keeps sealed.
    pub(crate) vault: Arc<Vault>,
    /// Hashes client secrets.
    pub(crate) peppers: Peppers,
    /// Signs tokens.
    pub(crate) keys: SigningKeys,
    /// Signs the audit; the store has it, too.
    pub(crate) audit_key: Arc<AuditKey>,
}

/// Opens the server's secrets, makes those that are missing, and gives every
/// tenant the applications that this version knows.
///
/// # Errors
/// [`FirstStartError`]
pub(crate) async fn prepare(
    store: &Store,
    master: MasterKey,
    signing_days: SigningDays,
) -> Result<Prepared, FirstStartError> {
    let now = Timestamp::now();
    let vault = open_vault(store, master, now).await?;
    let peppers = open_peppers(store, &vault, now).await?;
    let audit_key = Arc::new(open_audit_key(store, &vault, now).await?);
    // Before the first change, so that no record is without its mark.
    let sealer = Arc::clone(&audit_key);
    store.set_audit_sealer(sealer);
    let keys = SigningKeys::load(store, &vault, now, signing_days).await?;
    for tenant in store.tenants().await? {
        add_first_party(store, tenant.id, now).await?;
    }
    Ok(Prepared {
        vault: Arc::new(vault),
        peppers,
        keys,
        audit_key,
    })
}

pub(crate) async fn open_audit_key(
    store: &Store,
    vault: &Vault,
    now: Timestamp,
) -> Result<AuditKey, FirstStartError> {
    if store.audit_keys().await?.is_empty() {
        // Another node may be faster; then its key is the one.
        let (_, record) = AuditKey::generate(vault, 1, now)?;
        store.add_audit_key(record).await?;
    }
    let keys = store.audit_keys().await?;
    let newest = keys.first().ok_or(AuditKeyError::Form)?;
    Ok(AuditKey::open(vault, newest)?)
}

async fn open_vault(
    store: &Store,
    master: MasterKey,
    now: Timestamp,
) -> Result<Vault, FirstStartError> {
    let mut vault = Vault::open_with(master.clone(), &store.data_keys().await?)?;
    if !vault.has_data_key() {
        let record = vault.add_data_key(now)?;
        // Another node may have been faster; then its key is the one.
        if !store.add_data_key(record).await? {
            vault = Vault::open_with(master, &store.data_keys().await?)?;
        }
    }
    Ok(vault)
}

async fn open_peppers(
    store: &Store,
    vault: &Vault,
    now: Timestamp,
) -> Result<Peppers, FirstStartError> {
    let records = store.peppers().await?;
    let mut peppers = Peppers::open(vault, &records)?;
    if records.is_empty() {
        let record = peppers.add(vault, now)?;
        if !store.add_pepper(record).await? {
            peppers = Peppers::open(vault, &store.peppers().await?)?;
        }
    }
    Ok(peppers)
}

/// A tenant that was just created.
#[derive(Debug)]
pub(crate) struct CreatedTenant {
    /// The tenant.
    pub(crate) tenant: Tenant,
    /// Its first administrator, `admin@DOMAIN`.
    pub(crate) administrator: User,
    /// The administrator's password, to be changed at the first sign-in; this is
    /// the only moment its text exists.
    pub(crate) password: SecretString,
}

/// Who creates a tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Founder<'a> {
    /// The server at its first start: this is the home tenant.
    FirstStart,
    /// A caller of another tenant, whose audit keeps it.
    Caller {
        /// The caller's tenant.
        tenant: TenantId,
        /// The caller's name.
        name: &'a str,
    },
}

/// Creates a tenant with its first administrator and the applications that every
/// tenant knows.
///
/// # Errors
/// [`CreateTenantError`], with [`StoreError::Conflict`] inside if the domain is
/// taken.
pub(crate) async fn create_tenant(
    store: &Store,
    display_name: &str,
    domain: &str,
    founder: Founder<'_>,
) -> Result<CreatedTenant, CreateTenantError> {
    let Ok(TenantAlias::Domain(domain)) = TenantAlias::parse(domain) else {
        return Err(CreateTenantError::Domain(domain.to_owned()));
    };
    let now = Timestamp::now();
    let id = TenantId::random();
    let tenant = Tenant {
        id,
        display_name: display_name.to_owned(),
        default_domain: domain.clone(),
        domains: vec![domain.clone()],
        created: now,
        is_home: matches!(founder, Founder::FirstStart),
        members_register: false,
        auth_epoch: 0,
    };
    let password = random::one_time_password()?;
    let to_hash = password.clone();
    let hash = tokio::task::spawn_blocking(move || password::hash(&to_hash))
        .await
        .map_err(|_| CreateTenantError::Interrupted)??;
    let administrator = User {
        id: ObjectId::random(),
        tenant: id,
        upn: format!("admin@{domain}"),
        display_name: "Administrator".to_owned(),
        roles: BTreeSet::from([DirectoryRole::GlobalAdministrator]),
        enabled: true,
        password: Some(hash),
        must_change_password: true,
        created: now,
        sign_ins_from: Timestamp(0),
        tokens_from: 0,
    };
    let record = match founder {
        Founder::FirstStart => None,
        Founder::Caller { tenant, name } => {
            Some((tenant, AuditRecord::new(name, "tenant.create", &id).at(now)))
        }
    };
    store
        .create_tenant(NewTenant {
            tenant: tenant.clone(),
            administrator: administrator.clone(),
            principals: FirstPartyApp::ALL
                .map(|app| first_party(id, app, now))
                .to_vec(),
            record,
        })
        .await?;
    Ok(CreatedTenant {
        tenant,
        administrator,
        password,
    })
}

/// Adds the service principals that the tenant lacks.
async fn add_first_party(
    store: &Store,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for app in FirstPartyApp::ALL {
        store
            .add_service_principal(first_party(tenant, app, now))
            .await?;
    }
    Ok(())
}

fn first_party(tenant: TenantId, app: FirstPartyApp, now: Timestamp) -> ServicePrincipal {
    ServicePrincipal {
        id: ObjectId::random(),
        tenant,
        app_id: app.app_id,
        app_owner_tenant: FIRST_PARTY_TENANT,
        display_name: app.display_name.to_owned(),
        enabled: true,
        app_role_assignment_required: false,
        created: now,
    }
}
