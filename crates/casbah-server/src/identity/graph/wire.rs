//! Objects of the directory in Graph's form.

use casbah_identity::Authority;
use casbah_model::identity::{
    AppRoleAssignment, Application, ClientSecret, ConsentGrant, ConsentType, DirectoryRole,
    FirstPartyApp, KeyCredential, RequestedTokenVersion, ServicePrincipal, Tenant, User,
};
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

/// An application with the names of its secrets and certificates.
pub(super) fn application(
    application: &Application,
    secrets: &[ClientSecret],
    publisher_domain: &str,
) -> Value {
    let secrets: Vec<_> = secrets.iter().map(secret).collect();
    let certificates = application.key_credentials.iter();
    let certificates: Vec<_> = certificates.map(|one| key_credential(one, false)).collect();
    json!({
        "id": application.id,
        "deletedDateTime": application.deleted.map(Timestamp::to_iso_seconds),
        "appId": application.app_id,
        "applicationTemplateId": null,
        "createdDateTime": application.created.to_iso_seconds(),
        "displayName": application.display_name,
        "description": null,
        "groupMembershipClaims": null,
        "identifierUris": application.identifier_uris,
        "isFallbackPublicClient": application.is_fallback_public_client,
        // Casbah's own: Graph has nothing of the kind.
        "isSingleUseAssertionRequired": application.single_use_assertions,
        "notes": null,
        "optionalClaims": null,
        "publisherDomain": publisher_domain,
        "signInAudience": application.sign_in_audience,
        "tags": [],
        "api": {
            "acceptMappedClaims": null,
            "knownClientApplications": [],
            "oauth2PermissionScopes": application.oauth2_permission_scopes,
            "preAuthorizedApplications": [],
            "requestedAccessTokenVersion":
                application.requested_access_token_version.map(version),
        },
        "appRoles": application.app_roles,
        "keyCredentials": certificates,
        "passwordCredentials": secrets,
        "publicClient": { "redirectUris": application.public_client_redirect_uris },
        "requiredResourceAccess": application.required_resource_access,
        "spa": { "redirectUris": application.spa_redirect_uris },
        "web": {
            "homePageUrl": null,
            "logoutUrl": null,
            "redirectUris": application.web_redirect_uris,
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": false,
                "enableIdTokenIssuance": false,
            },
        },
    })
}

fn version(version: RequestedTokenVersion) -> u8 {
    version.into()
}

/// A secret without its text.
pub(super) fn secret(secret: &ClientSecret) -> Value {
    json!({
        "customKeyIdentifier": null,
        "displayName": secret.display_name,
        "endDateTime": secret.end.to_iso_seconds(),
        "hint": secret.hint,
        "keyId": secret.key_id,
        "secretText": null,
        "startDateTime": secret.start.to_iso_seconds(),
    })
}

/// A certificate; its bytes only where they were asked for.
pub(super) fn key_credential(credential: &KeyCredential, with_key: bool) -> Value {
    json!({
        "customKeyIdentifier": credential.custom_key_identifier,
        "displayName": credential.display_name,
        "endDateTime": credential.end.to_iso_seconds(),
        "key": with_key.then_some(&credential.certificate),
        "keyId": credential.key_id,
        "startDateTime": credential.start.to_iso_seconds(),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    })
}

/// A service principal with its own secrets' names and what its application offers.
pub(super) fn principal(
    principal: &ServicePrincipal,
    secrets: &[ClientSecret],
    application: Option<&Application>,
    authority: &Authority,
) -> Value {
    let first_party = FirstPartyApp::by_app_id(principal.app_id);
    let (roles, scopes, uris) = match (&first_party, application) {
        (Some(app), _) => (
            app.app_roles(),
            app.permission_scopes(),
            app.identifier_uris(authority.origin()),
        ),
        (None, Some(application)) => (
            application.app_roles.clone().into(),
            application.oauth2_permission_scopes.clone().into(),
            application.identifier_uris.clone(),
        ),
        (None, None) => Default::default(),
    };
    let secrets: Vec<_> = secrets.iter().map(secret).collect();
    let names: Vec<_> = [principal.app_id.to_string()]
        .into_iter()
        .chain(uris)
        .collect();
    let audience = application.map_or("AzureADMultipleOrgs", |one| one.sign_in_audience.value());
    let replies = application.map_or_else(Vec::new, |one| one.web_redirect_uris.clone());
    json!({
        "id": principal.id,
        "deletedDateTime": null,
        "accountEnabled": principal.enabled,
        "appDisplayName": principal.display_name,
        "appId": principal.app_id,
        "appOwnerOrganizationId": principal.app_owner_tenant,
        "appRoleAssignmentRequired": principal.app_role_assignment_required,
        "appRoles": &*roles,
        "createdDateTime": principal.created.to_iso_seconds(),
        "displayName": principal.display_name,
        "homepage": null,
        "keyCredentials": [],
        "oauth2PermissionScopes": &*scopes,
        "passwordCredentials": secrets,
        "replyUrls": replies,
        "servicePrincipalNames": names,
        "servicePrincipalType": "Application",
        "signInAudience": audience,
        "tags": [],
    })
}

/// An assignment with the names of both sides.
pub(super) fn assignment(
    assignment: &AppRoleAssignment,
    principal_name: &str,
    resource_name: &str,
) -> Value {
    json!({
        "id": assignment.id,
        "deletedDateTime": null,
        "appRoleId": assignment.app_role_id,
        "createdDateTime": assignment.created.to_iso_seconds(),
        "principalDisplayName": principal_name,
        "principalId": assignment.principal_id,
        "principalType": assignment.principal_type,
        "resourceDisplayName": resource_name,
        "resourceId": assignment.resource_id,
    })
}

/// A delegated grant.
pub(super) fn grant(grant: &ConsentGrant) -> Value {
    let (consent_type, person) = match grant.consent_type {
        ConsentType::AllPrincipals => ("AllPrincipals", None),
        ConsentType::Principal(person) => ("Principal", Some(person)),
    };
    json!({
        "id": grant.id,
        "clientId": grant.client_id,
        "consentType": consent_type,
        "principalId": person,
        "resourceId": grant.resource_id,
        "scope": grant.scopes.join(" "),
    })
}

/// A person.
pub(super) fn user(user: &User) -> Value {
    json!({
        "id": user.id,
        "accountEnabled": user.enabled,
        "businessPhones": [],
        "createdDateTime": user.created.to_iso_seconds(),
        "displayName": user.display_name,
        "givenName": null,
        "jobTitle": null,
        "mail": user.upn,
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": null,
        "surname": null,
        "userPrincipalName": user.upn,
    })
}

/// A role that people can have.
pub(super) fn role_definition(role: DirectoryRole) -> Value {
    json!({
        "id": role.template_id(),
        "description": role.description(),
        "displayName": role.display_name(),
        "isBuiltIn": true,
        "isEnabled": true,
        "resourceScopes": ["/"],
        "rolePermissions": [],
        "templateId": role.template_id(),
        "version": "1",
    })
}

/// The role of a person as an object that the person is a member of.
pub(super) fn directory_role(role: DirectoryRole) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.directoryRole",
        "id": role.template_id(),
        "description": role.description(),
        "displayName": role.display_name(),
        "roleTemplateId": role.template_id(),
    })
}

/// The tenant.
pub(super) fn organization(tenant: &Tenant) -> Value {
    let domains: Vec<_> = tenant
        .domains
        .iter()
        .map(|domain| {
            let is_default = *domain == tenant.default_domain;
            json!({
                "capabilities": "",
                "isDefault": is_default,
                "isInitial": is_default,
                "name": domain,
                "type": "Managed",
            })
        })
        .collect();
    json!({
        "id": tenant.id,
        "createdDateTime": tenant.created.to_iso_seconds(),
        "displayName": tenant.display_name,
        "tenantType": "AAD",
        "verifiedDomains": domains,
    })
}
