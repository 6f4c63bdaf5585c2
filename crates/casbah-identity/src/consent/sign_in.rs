//! Whether a tenant lets a client sign its people in at all.

use casbah_model::identity::{Application, ConsentGrant, ConsentType, ServicePrincipal, User};
use casbah_model::ids::AppId;

use crate::error::AadError;

/// What is known of a client and the tenant of the person.
#[derive(Debug, Clone, Copy)]
pub struct SignInFacts<'a> {
    /// The client.
    pub client: AppId,
    /// Its registration; none for a part of the server, which every tenant knows.
    pub application: Option<&'a Application>,
    /// Its service principal in the person's tenant.
    pub principal: Option<&'a ServicePrincipal>,
    /// The person.
    pub user: &'a User,
    /// The tenant's delegated grants to the client.
    pub grants: &'a [ConsentGrant],
}

impl SignInFacts<'_> {
    /// Refuses a client that the person's tenant does not have or has switched off.
    ///
    /// # Errors
    /// [`AadError::ApplicationNotFound`], [`AadError::ApplicationDisabled`]
    pub fn check_presence(&self) -> Result<(), AadError> {
        let is_offered = self
            .application
            .is_none_or(|application| application.is_offered_to(self.user.tenant));
        match self.principal {
            _ if !is_offered => Err(AadError::ApplicationNotFound(self.client.to_string())),
            Some(principal) if principal.enabled => Ok(()),
            Some(_) => Err(AadError::ApplicationDisabled(self.client.to_string())),
            None if self.application.is_none() => Ok(()),
            None => Err(AadError::ApplicationNotFound(self.client.to_string())),
        }
    }

    /// Refuses to say who the person is to a client of another tenant that nobody
    /// consented to here. A grant of any scope is consent to sign-in as well; at
    /// home, to register an application is.
    ///
    /// # Errors
    /// [`AadError::ConsentMissing`]
    pub fn check_consent(&self) -> Result<(), AadError> {
        let is_at_home = self
            .application
            .is_none_or(|application| application.tenant == self.user.tenant);
        let is_consent = |grant: &ConsentGrant| {
            let is_for_person = match grant.consent_type {
                ConsentType::AllPrincipals => true,
                ConsentType::Principal(person) => person == self.user.id,
            };
            let client = self.principal.map(|principal| principal.id);
            is_for_person && Some(grant.client_id) == client && !grant.scopes.is_empty()
        };
        if is_at_home || self.grants.iter().any(is_consent) {
            Ok(())
        } else {
            Err(AadError::ConsentMissing)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_model::identity::SignInAudience;
    use casbah_model::ids::{ObjectId, TenantId};
    use casbah_model::time::Timestamp;

    const NOW: Timestamp = Timestamp(0);

    struct Setting {
        application: Application,
        principal: ServicePrincipal,
        user: User,
        grant: ConsentGrant,
    }

    impl Setting {
        fn new() -> Self {
            let tenant = TenantId::random();
            let mut application = Application::new(TenantId::random(), "Foreign", NOW);
            application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
            let principal = ServicePrincipal {
                id: ObjectId::random(),
                tenant,
                app_id: application.app_id,
                app_owner_tenant: application.tenant,
                display_name: "Foreign".into(),
                enabled: true,
                app_role_assignment_required: false,
                created: NOW,
            };
            let user = User {
                id: ObjectId::random(),
                tenant,
                upn: "ada@a.example".into(),
                display_name: "Ada".into(),
                roles: std::collections::BTreeSet::new(),
                enabled: true,
                password: None,
                must_change_password: false,
                created: NOW,
                sign_ins_from: Timestamp(0),
                tokens_from: 0,
            };
            let grant = ConsentGrant {
                id: ObjectId::random(),
                tenant,
                client_id: principal.id,
                consent_type: ConsentType::Principal(user.id),
                resource_id: ObjectId::random(),
                scopes: vec!["openid".into()],
                created: NOW,
            };
            Self {
                application,
                principal,
                user,
                grant,
            }
        }

        fn facts(&self) -> SignInFacts<'_> {
            SignInFacts {
                client: self.application.app_id,
                application: Some(&self.application),
                principal: Some(&self.principal),
                user: &self.user,
                grants: std::slice::from_ref(&self.grant),
            }
        }
    }

    #[test]
    fn a_client_must_be_present_where_the_person_is() {
        let mut setting = Setting::new();
        let id = setting.application.app_id.to_string();
        assert_eq!(setting.facts().check_presence(), Ok(()));
        let absent = SignInFacts {
            principal: None,
            ..setting.facts()
        };
        let unknown = Err(AadError::ApplicationNotFound(id.clone()));
        assert_eq!(absent.check_presence(), unknown);
        let own = SignInFacts {
            application: None,
            ..absent
        };
        assert_eq!(own.check_presence(), Ok(()), "a part of the server");
        setting.principal.enabled = false;
        assert_eq!(
            setting.facts().check_presence(),
            Err(AadError::ApplicationDisabled(id))
        );
        setting.application.sign_in_audience = SignInAudience::AzureADMyOrg;
        assert_eq!(setting.facts().check_presence(), unknown);
    }

    #[test]
    fn a_client_from_elsewhere_needs_consent_of_the_tenant_or_the_person() {
        let mut setting = Setting::new();
        assert_eq!(setting.facts().check_consent(), Ok(()));
        let missing = Err(AadError::ConsentMissing);
        let refuse: [fn(&mut Setting); 3] = [
            |setting| setting.grant.consent_type = ConsentType::Principal(ObjectId::random()),
            |setting| setting.grant.client_id = ObjectId::random(),
            |setting| setting.grant.scopes.clear(),
        ];
        for (case, change) in refuse.into_iter().enumerate() {
            let mut setting = Setting::new();
            change(&mut setting);
            assert_eq!(setting.facts().check_consent(), missing, "{case}");
        }
        setting.grant.consent_type = ConsentType::AllPrincipals;
        assert_eq!(setting.facts().check_consent(), Ok(()));
        setting.grant.scopes.clear();
        setting.application.tenant = setting.user.tenant;
        assert_eq!(setting.facts().check_consent(), Ok(()), "registered here");
    }
}
