//! Objects of the directory, as it answers them.

use casbah_model::identity::{AppRole, PermissionScope, RequiredResourceAccess, SignInAudience};
use casbah_model::ids::{AppId, KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::directory::Directory;
use super::error::PortalError;
use super::moment::Moment;

/// Days before its end at which a credential is to be replaced.
pub(super) const SOON_DAYS: i64 = 30;

/// An application: the registration.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Application {
    pub(super) id: ObjectId,
    pub(super) app_id: AppId,
    pub(super) display_name: String,
    pub(super) created_date_time: Moment,
    pub(super) deleted_date_time: Option<Moment>,
    pub(super) sign_in_audience: SignInAudience,
    pub(super) is_fallback_public_client: bool,
    pub(super) password_credentials: Vec<Secret>,
    pub(super) key_credentials: Vec<Certificate>,
    pub(super) required_resource_access: Vec<RequiredResourceAccess>,
    pub(super) web: Redirects,
    pub(super) spa: Redirects,
    pub(super) public_client: Redirects,
}

/// Where a platform's applications receive answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Redirects {
    pub(super) redirect_uris: Vec<String>,
}

/// A client secret without its value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Secret {
    pub(super) key_id: KeyId,
    pub(super) display_name: Option<String>,
    pub(super) hint: String,
    pub(super) end_date_time: Moment,
}

/// A certificate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Certificate {
    pub(super) key_id: KeyId,
    pub(super) display_name: Option<String>,
    pub(super) custom_key_identifier: Option<String>,
    pub(super) start_date_time: Moment,
    pub(super) end_date_time: Moment,
}

/// A federated credential.
#[derive(Debug, Deserialize)]
pub(super) struct Federated {
    pub(super) id: KeyId,
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audiences: Vec<String>,
    pub(super) description: Option<String>,
}

/// A service principal: an application as this tenant has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Principal {
    pub(super) id: ObjectId,
    pub(super) app_id: AppId,
    pub(super) display_name: String,
    pub(super) account_enabled: bool,
    pub(super) app_role_assignment_required: bool,
    pub(super) app_owner_organization_id: TenantId,
    pub(super) created_date_time: Moment,
    pub(super) app_roles: Vec<AppRole>,
    pub(super) oauth2_permission_scopes: Vec<PermissionScope>,
}

/// An application permission that was granted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    pub(super) id: ObjectId,
    pub(super) app_role_id: KeyId,
    pub(super) resource_id: ObjectId,
    pub(super) created_date_time: Moment,
}

/// Delegated permissions that were granted, for everyone or for one person.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    pub(super) id: ObjectId,
    pub(super) principal_id: Option<ObjectId>,
    pub(super) resource_id: ObjectId,
    pub(super) scope: String,
}

/// A person or a service principal; of people, a reader may see the id alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Owner {
    pub(super) id: ObjectId,
    pub(super) display_name: Option<String>,
    pub(super) user_principal_name: Option<String>,
}

/// How long the credentials of an application are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// There are none.
    None,
    /// At least one is good, and none ends soon.
    Current,
    /// One that is good ends soon.
    Soon,
    /// None is good any more.
    Expired,
}

impl Status {
    /// The status of credentials that end at these times.
    pub(super) fn of(ends: impl Iterator<Item = Moment>, now: Timestamp) -> Self {
        let soon = now.minus_days(-SOON_DAYS);
        let each = ends.map(|Moment(end)| {
            if end <= now {
                Self::Expired
            } else if end <= soon {
                Self::Soon
            } else {
                Self::Current
            }
        });
        let (good, expired): (Vec<_>, Vec<_>) = each.partition(|one| *one != Self::Expired);
        let worst = good.into_iter().max();
        worst.or(expired.into_iter().next()).unwrap_or(Self::None)
    }

    /// Its name.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::Current => "Current",
            Self::Soon => "Expiring soon",
            Self::Expired => "Expired",
        }
    }

    /// How it looks.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Current => "state good",
            Self::Soon => "state soon",
            Self::Expired => "state bad",
        }
    }
}

impl Application {
    /// The status of its client secrets and certificates.
    pub(super) fn status(&self, now: Timestamp) -> Status {
        let secrets = self.password_credentials.iter();
        let certificates = self.key_credentials.iter();
        let ends = secrets
            .map(|one| one.end_date_time)
            .chain(certificates.map(|one| one.end_date_time));
        Status::of(ends, now)
    }

    /// Whether other tenants may use it.
    pub(super) fn is_multitenant(&self) -> bool {
        self.sign_in_audience == SignInAudience::AzureADMultipleOrgs
    }
}

impl Principal {
    /// The principal of an application in the visitor's tenant, if it is there.
    pub(super) async fn of_app(
        directory: &Directory<'_>,
        app: AppId,
    ) -> Result<Option<Self>, PortalError> {
        present(
            directory
                .get(&format!("/servicePrincipals(appId='{app}')"))
                .await,
        )
    }

    /// The principal with this id, if it is there.
    pub(super) async fn by_id(
        directory: &Directory<'_>,
        id: ObjectId,
    ) -> Result<Option<Self>, PortalError> {
        present(directory.get(&format!("/servicePrincipals/{id}")).await)
    }
}

fn present<T>(found: Result<T, PortalError>) -> Result<Option<T>, PortalError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A text that a person typed, as a segment of the directory's paths.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use casbah_model::time::DAY_MS;

    use super::*;

    #[test]
    fn the_status_is_that_of_what_still_works() {
        let now = Timestamp(1_000 * DAY_MS);
        for (days, expected) in [
            (vec![], Status::None),
            (vec![31], Status::Current),
            (vec![30, 400], Status::Soon),
            (vec![-1, 400], Status::Current),
            (vec![-1, 5], Status::Soon),
            (vec![-1, 0], Status::Expired),
        ] {
            let ends = days
                .iter()
                .map(|days| Moment(now.plus_millis(days * DAY_MS)));
            assert_eq!(Status::of(ends, now), expected, "{days:?}");
        }
    }

    #[test]
    fn what_is_typed_stays_one_segment() {
        assert_eq!(segment("a/b?c#d'e"), "a%2Fb%3Fc%23d%27e");
    }
}
