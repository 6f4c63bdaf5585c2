//! Getting back in: whoever has the data directory may give a person a new password
//! while no server runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use casbah_identity::TenantAlias;
use casbah_identity::crypto::{SealError, Vault};
use casbah_identity::people::{PeopleRefusal, new_person};
use casbah_identity::random::{NoRandomness, one_time_password};
use casbah_model::identity::{DirectoryRole, PasswordHash, Tenant, User};
use casbah_model::time::Timestamp;
use casbah_store::{AuditRecord, DatabaseAddress, Store, StoreError};
use secrecy::SecretString;

use crate::config::database_address;
use crate::first_start::{self, FirstStartError};
use crate::identity::hashing::{self, HashFailure};
use crate::master_key::{OPERATOR, find};
use crate::server::{ServerError, lock};

/// Nobody got a new password; nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum RecoverFailure {
    /// A server works in the data directory, or it cannot be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// No server has started with this database.
    #[error("there are no data keys: no server has started with this database")]
    Empty,
    /// The master key does not open the data keys.
    #[error("data key: {0}")]
    Open(#[from] SealError),
    /// The key of the audit cannot be opened.
    #[error(transparent)]
    Audit(#[from] FirstStartError),
    /// The store failed.
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
    /// No tenant has this id or domain.
    #[error("there is no tenant {0}")]
    Tenant(String),
    /// Nobody in the tenant has this sign-in name.
    #[error("there is nobody with the sign-in name {0}")]
    Person(String),
    /// The tenant has no Global Administrator, and the name of a new one is taken.
    #[error("{0} is there already, but no Global Administrator is: name somebody")]
    Taken(String),
    /// A new administrator cannot be.
    #[error(transparent)]
    Refused(#[from] PeopleRefusal),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The password could not be hashed.
    #[error("hashing the password failed")]
    Hash,
}

impl From<HashFailure> for RecoverFailure {
    fn from(_: HashFailure) -> Self {
        Self::Hash
    }
}

/// Who can sign in again.
#[derive(Debug)]
pub struct Recovered {
    /// The sign-in name.
    pub user_principal_name: String,
    /// The password, to be changed at the next sign-in; this is the only moment its text
    /// exists.
    pub one_time_password: SecretString,
    /// Whether the person was made just now.
    pub is_new: bool,
    /// Whether the person is a Global Administrator.
    pub is_administrator: bool,
}

/// Gives a person a one-time password, switches the person on, takes all second factors
/// away and ends all sign-ins before; the tenant's audit keeps that the operator did it. `tenant` is an id or a
/// domain, the home tenant by default; `user` a sign-in name, by default that of the first
/// Global Administrator, who is made if there is none.
///
/// # Errors
/// [`RecoverFailure`]
pub async fn recover(
    data_dir: &Path,
    database: Option<DatabaseAddress>,
    tenant: Option<&str>,
    user: Option<&str>,
) -> Result<Recovered, RecoverFailure> {
    let _lock = lock(data_dir)?;
    let store = Store::open(&database_address(data_dir, database)).await?;
    let data_keys = store.data_keys().await?;
    if data_keys.is_empty() {
        return Err(RecoverFailure::Empty);
    }
    let vault = Vault::open_with(find(data_dir, &store).await?, &data_keys)?;
    let now = Timestamp::now();
    // With it the record has the mark that the next start looks for.
    let audit_key = first_start::open_audit_key(&store, &vault, now).await?;
    store.set_audit_sealer(Arc::new(audit_key));
    let tenant = find_tenant(&store, tenant).await?;
    let found = find_person(&store, &tenant, user).await?;
    let one_time_password = one_time_password()?;
    let password = hashing::hash(one_time_password.clone()).await?;
    let is_new = found.is_none();
    let user = match found {
        Some(user) => reset(&store, user, password, now).await?,
        None => create(&store, &tenant, password, now).await?,
    };
    Ok(Recovered {
        is_administrator: user.roles.contains(&DirectoryRole::GlobalAdministrator),
        user_principal_name: user.upn,
        one_time_password,
        is_new,
    })
}

async fn find_tenant(store: &Store, wanted: Option<&str>) -> Result<Tenant, RecoverFailure> {
    let Some(wanted) = wanted else {
        let tenants = store.tenants().await?;
        let home = tenants.into_iter().find(|tenant| tenant.is_home);
        return home.ok_or(RecoverFailure::Empty);
    };
    let found = match TenantAlias::parse(wanted) {
        Ok(TenantAlias::Id(id)) => store.tenant(id).await?,
        Ok(TenantAlias::Domain(domain)) => store.tenant_of_domain(&domain).await?,
        _ => None,
    };
    found.ok_or_else(|| RecoverFailure::Tenant(wanted.to_owned()))
}

/// The named person, or the administrator who was there first.
async fn find_person(
    store: &Store,
    tenant: &Tenant,
    wanted: Option<&str>,
) -> Result<Option<User>, RecoverFailure> {
    if let Some(wanted) = wanted {
        let found = store.user_by_upn(tenant.id, wanted).await?;
        let missing = || RecoverFailure::Person(wanted.to_owned());
        return Ok(Some(found.ok_or_else(missing)?));
    }
    let people = store.users(tenant.id).await?.into_iter();
    Ok(people
        .filter(|user| user.roles.contains(&DirectoryRole::GlobalAdministrator))
        .min_by_key(|user| user.created))
}

async fn reset(
    store: &Store,
    user: User,
    password: PasswordHash,
    now: Timestamp,
) -> Result<User, RecoverFailure> {
    let record = AuditRecord::new(OPERATOR, "user.recover", &user.id)
        .at(now)
        .detail(&user.upn);
    let missing = user.upn.clone();
    let factors = AuditRecord::new(OPERATOR, "user.reset_methods", &user.id)
        .at(now)
        .detail(&user.upn);
    store
        .reset_second_factors(user.tenant, user.id, factors)
        .await?;
    store
        .change_user(user.tenant, user.id, record, move |present| {
            let present = present.ok_or_else(|| RecoverFailure::Person(missing.clone()))?;
            let mut user = present.user;
            user.password = Some(password.clone());
            user.must_change_password = true;
            user.enabled = true;
            user.end_sign_ins(now);
            Ok(user)
        })
        .await?
}

async fn create(
    store: &Store,
    tenant: &Tenant,
    password: PasswordHash,
    now: Timestamp,
) -> Result<User, RecoverFailure> {
    let upn = format!("admin@{}", tenant.default_domain);
    if store.user_by_upn(tenant.id, &upn).await?.is_some() {
        return Err(RecoverFailure::Taken(upn));
    }
    let user = User {
        roles: BTreeSet::from([DirectoryRole::GlobalAdministrator]),
        password: Some(password),
        must_change_password: true,
        ..new_person(tenant, &upn, "Administrator", now)?
    };
    let record = AuditRecord::new(OPERATOR, "user.create", &user.id)
        .at(now)
        .detail(&user.upn);
    store.create_user(user.clone(), record).await?;
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Server};
    use casbah_identity::password;

    async fn start(data_dir: &Path) -> Server {
        let mut config = Config::new(data_dir.to_owned());
        config.listen = ([127, 0, 0, 1], 0).into();
        Server::start(config).await.unwrap()
    }

    /// Changes people as no rule would let it happen, while no server runs.
    async fn spoil(data_dir: &Path, change: impl Fn(&mut User) + Send + Sync + Clone + 'static) {
        let store = Store::open(&database_address(data_dir, None))
            .await
            .unwrap();
        let tenant = find_tenant(&store, None).await.unwrap();
        for user in store.users(tenant.id).await.unwrap() {
            let record = AuditRecord::new("test", "test", &user.id);
            let change = change.clone();
            let changed: Result<_, ()> = store
                .change_user(tenant.id, user.id, record, move |present| {
                    let mut user = present.ok_or(())?.user;
                    change(&mut user);
                    Ok(user)
                })
                .await
                .unwrap();
            changed.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_first_administrator_gets_back_in() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().to_owned();
        let recover = async |tenant, user| recover(&data_dir, None, tenant, user).await;
        assert!(matches!(
            recover(None, None).await,
            Err(RecoverFailure::Empty)
        ));
        let server = start(&data_dir).await;
        let running = recover(None, None).await;
        assert!(matches!(
            running,
            Err(RecoverFailure::Server(ServerError::InUse(_)))
        ));
        let first = server.first_start.as_ref().unwrap();
        let (id, upn) = (
            first.tenant_id.to_string(),
            first.user_principal_name.clone(),
        );
        server.stop().await.unwrap();

        spoil(&data_dir, |user| user.enabled = false).await;
        for tenant in [None, Some(id.as_str()), Some("Casbah.localhost")] {
            let done = recover(tenant, None).await.unwrap();
            assert_eq!(done.user_principal_name, upn);
            assert!(done.is_administrator && !done.is_new);
            let store = Store::open(&database_address(&data_dir, None))
                .await
                .unwrap();
            let tenant = find_tenant(&store, tenant).await.unwrap();
            let user = store.user_by_upn(tenant.id, &upn).await.unwrap().unwrap();
            assert!(user.enabled && user.must_change_password);
            assert!(password::verify(
                &done.one_time_password,
                user.password.as_ref()
            ));
            assert!(user.tokens_from > 0);
        }
        let nobody = recover(None, Some("eve@casbah.localhost")).await;
        assert!(matches!(nobody, Err(RecoverFailure::Person(_))));
        let nowhere = recover(Some("contoso.example"), None).await;
        assert!(matches!(nowhere, Err(RecoverFailure::Tenant(_))));

        spoil(&data_dir, |user| user.roles.clear()).await;
        let named = recover(None, Some(&upn)).await.unwrap();
        assert!(!named.is_administrator, "a password gives no role");
        let taken = recover(None, None).await;
        assert!(matches!(taken, Err(RecoverFailure::Taken(_))));
        spoil(&data_dir, |user| user.upn = "x@casbah.localhost".to_owned()).await;
        let new = recover(None, None).await.unwrap();
        assert!(new.is_new && new.is_administrator);
        // The next start links the records, which it does for those with a right mark only.
        start(&data_dir).await.stop().await.unwrap();
    }
}
