//! Whom a provider's subjects mean.

use casbah_model::filter::fold;
use casbah_model::identity::{ProviderLink, User};
use casbah_model::ids::{ObjectId, TenantId};

use super::by_id;
use crate::audit::{self, AuditRecord};
use crate::database::{Row, Session, params};
use crate::directory::users;
use crate::{Store, StoreError};

impl Store {
    /// The link of a provider's subject, if it was seen before.
    pub async fn provider_link(
        &self,
        tenant: TenantId,
        provider: ObjectId,
        subject: &str,
    ) -> Result<Option<ProviderLink>, StoreError> {
        let subject = subject.to_owned();
        self.read(move |session| {
            let row = session.row(
                "SELECT subject, user_id, created FROM identity_provider_link
                 WHERE tenant_id = ?1 AND provider_id = ?2 AND subject = ?3",
                params![tenant, provider, &subject],
            )?;
            row.map(|row| read_link(tenant, provider, row)).transpose()
        })
        .await
    }

    /// All links of a provider, by subject.
    pub async fn provider_links(
        &self,
        tenant: TenantId,
        provider: ObjectId,
    ) -> Result<Vec<ProviderLink>, StoreError> {
        self.read(move |session| {
            let rows = session.rows(
                "SELECT subject, user_id, created FROM identity_provider_link
                 WHERE tenant_id = ?1 AND provider_id = ?2 ORDER BY subject",
                params![tenant, provider],
            )?;
            rows.into_iter()
                .map(|row| read_link(tenant, provider, row))
                .collect()
        })
        .await
    }

    /// Makes a subject mean a person who is there; false, and nothing is changed, if the
    /// subject means somebody already, if the person has another subject at the provider, or
    /// if either is gone.
    pub async fn link_person(
        &self,
        link: ProviderLink,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let is_linked =
                users::by_id(session, link.tenant, link.user)?.is_some() && insert(session, &link)?;
            audit::append_if(session, link.tenant, &record, is_linked)
        })
        .await
    }

    /// Creates a person whom a subject means from then on; false, and nothing is changed, if
    /// the name or the subject is taken, or the provider is gone.
    pub async fn create_linked_person(
        &self,
        user: User,
        link: ProviderLink,
        records: [AuditRecord; 2],
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let same_name = session.row(
                "SELECT 1 FROM directory_user WHERE tenant_id = ?1 AND upn_folded = ?2",
                params![link.tenant, fold(&user.upn)],
            )?;
            if same_name.is_some() || !insert(session, &link)? {
                return Ok(false);
            }
            users::insert(session, &user)?;
            for record in &records {
                audit::append(session, link.tenant, record)?;
            }
            Ok(true)
        })
        .await
    }

    /// Forgets which subject of a provider means a person; false if none does.
    pub async fn unlink_person(
        &self,
        tenant: TenantId,
        provider: ObjectId,
        user: ObjectId,
        record: AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |session| {
            let removed = session.execute(
                "DELETE FROM identity_provider_link
                 WHERE tenant_id = ?1 AND provider_id = ?2 AND user_id = ?3",
                params![tenant, provider, user],
            )?;
            audit::append_if(session, tenant, &record, removed > 0)
        })
        .await
    }
}

/// Keeps a link of a provider that is there, unless one of the two keys refuses it.
fn insert(session: &mut Session<'_>, link: &ProviderLink) -> Result<bool, StoreError> {
    if by_id(session, link.tenant, link.provider)?.is_none() {
        return Ok(false);
    }
    let added = session.execute(
        "INSERT INTO identity_provider_link (tenant_id, provider_id, subject, user_id, created)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![
            link.tenant,
            link.provider,
            &link.subject,
            link.user,
            link.created
        ],
    )?;
    Ok(added > 0)
}

fn read_link(
    tenant: TenantId,
    provider: ObjectId,
    mut row: Row,
) -> Result<ProviderLink, StoreError> {
    Ok(ProviderLink {
        tenant,
        provider,
        subject: row.get(0)?,
        user: row.get(1)?,
        created: row.get(2)?,
    })
}
