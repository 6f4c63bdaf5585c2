//! How the words of a new delegated grant are kept.

use casbah_model::identity::MICROSOFT_GRAPH;

use crate::request::OpenIdScopes;
use crate::resource::Resource;

/// The scopes of a new grant in the resource's own spelling, each once. Microsoft
/// Graph is also where consent to OpenID's own scopes is kept.
///
/// # Errors
/// [`UnknownScope`] for a word that the resource does not offer.
pub fn spelled_scopes(text: &str, resource: &Resource) -> Result<Vec<String>, UnknownScope> {
    let openid: &[&str] = if resource.app_id == MICROSOFT_GRAPH.app_id {
        &OpenIdScopes::NAMES
    } else {
        &[]
    };
    let offered = resource.scopes.iter().filter(|scope| scope.is_enabled);
    let offered: Vec<&str> = offered
        .map(|scope| scope.value.as_str())
        .chain(openid.iter().copied())
        .collect();
    let mut spelled: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let own = offered.iter().find(|own| own.eq_ignore_ascii_case(word));
        let own = own.ok_or_else(|| UnknownScope(word.to_owned()))?;
        if !spelled.iter().any(|present| present == own) {
            spelled.push((*own).to_owned());
        }
    }
    Ok(spelled)
}

/// The resource offers no scope of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the resource does not offer the scope '{0}'")]
pub struct UnknownScope(pub String);

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_model::identity::{
        CLOUD_APP_SECURITY, FIRST_PARTY_TENANT, FirstPartyApp, ServicePrincipal,
    };
    use casbah_model::ids::{ObjectId, TenantId};
    use casbah_model::time::Timestamp;

    fn resource(app: &FirstPartyApp) -> Resource {
        let principal = ServicePrincipal {
            id: ObjectId::random(),
            tenant: TenantId::random(),
            app_id: app.app_id,
            app_owner_tenant: FIRST_PARTY_TENANT,
            display_name: app.display_name.into(),
            enabled: true,
            app_role_assignment_required: false,
            created: Timestamp(0),
        };
        Resource::first_party(app, principal)
    }

    #[test]
    fn new_grants_are_spelled_as_the_resource_spells() {
        for (app, text, expected) in [
            (
                CLOUD_APP_SECURITY,
                " Settings.READ investigation.read settings.read",
                Ok(vec!["settings.read", "investigation.read"]),
            ),
            (CLOUD_APP_SECURITY, "", Ok(vec![])),
            (
                CLOUD_APP_SECURITY,
                "settings.read Everything",
                Err("Everything"),
            ),
            (CLOUD_APP_SECURITY, "openid", Err("openid")),
            (
                MICROSOFT_GRAPH,
                "openid user.read offline_access",
                Ok(vec!["openid", "User.Read", "offline_access"]),
            ),
        ] {
            let expected = expected
                .map(|words| words.into_iter().map(str::to_owned).collect())
                .map_err(|word| UnknownScope(word.to_owned()));
            assert_eq!(spelled_scopes(text, &resource(&app)), expected);
        }
    }
}
