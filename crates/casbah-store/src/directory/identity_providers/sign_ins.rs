//! Sign-ins on their way through a provider.

use casbah_model::identity::{Digest, ProviderSignIn, Sealed, SignInAddress};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;

use crate::database::{Row, params};
use crate::{Store, StoreError};

impl Store {
    /// Keeps a sign-in that goes to a provider. What has ended by `now` is swept on the way.
    pub async fn add_provider_sign_in(
        &self,
        sign_in: ProviderSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_apart(move |session| {
            session.execute(
                "DELETE FROM identity_provider_sign_in WHERE tenant_id = ?1 AND expires <= ?2",
                params![sign_in.tenant, now],
            )?;
            session.execute(
                "INSERT INTO identity_provider_sign_in (tenant_id, state, provider_id, browser,
                    nonce, verifier, entry, segment, query, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    sign_in.tenant,
                    sign_in.state,
                    sign_in.provider,
                    sign_in.browser,
                    sign_in.nonce,
                    sign_in.verifier.as_bytes().to_vec(),
                    &sign_in.return_to.entry,
                    &sign_in.return_to.segment,
                    &sign_in.return_to.query,
                    sign_in.expires
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Takes out a sign-in that this browser began and that has not ended by `now`, so that
    /// it comes back once only. What another browser began stays where it is.
    pub async fn take_provider_sign_in(
        &self,
        tenant: TenantId,
        state: Digest,
        browser: Digest,
        now: Timestamp,
    ) -> Result<Option<ProviderSignIn>, StoreError> {
        self.write_apart(move |session| {
            let row = session.row(
                "SELECT provider_id, nonce, verifier, entry, segment, query, expires
                 FROM identity_provider_sign_in
                 WHERE tenant_id = ?1 AND state = ?2 AND browser = ?3 AND expires > ?4",
                params![tenant, state, browser, now],
            )?;
            session.execute(
                "DELETE FROM identity_provider_sign_in
                 WHERE tenant_id = ?1 AND state = ?2 AND browser = ?3",
                params![tenant, state, browser],
            )?;
            let read = |mut row: Row| {
                Ok(ProviderSignIn {
                    tenant,
                    state,
                    provider: row.get(0)?,
                    browser,
                    nonce: row.get(1)?,
                    verifier: Sealed::new(row.get(2)?),
                    return_to: SignInAddress {
                        entry: row.get(3)?,
                        segment: row.get(4)?,
                        query: row.get(5)?,
                    },
                    expires: row.get(6)?,
                })
            };
            row.map(read).transpose()
        })
        .await
    }
}
