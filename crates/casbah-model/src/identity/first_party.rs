//! Applications that every tenant knows without registering them.
//!
//! Ids of Microsoft's applications and permissions are those of the original;
//! what has no published id there (delegated scopes of Cloud App Security) and
//! what is ours gets a name-based UUID (RFC 9562 version 5) of the application
//! and the permission, the same on every server.

use std::sync::{Arc, LazyLock};

use uuid::{Uuid, uuid};

use super::{AppRole, MemberType, PermissionScope, RequestedTokenVersion, ScopeType};
use crate::ids::{AppId, KeyId, TenantId};
use crate::permission::{CasbahRole, Permission};

/// The home tenant of first-party applications, as the original reports it.
pub const FIRST_PARTY_TENANT: TenantId =
    TenantId::new(uuid!("f8cdef31-a31e-4b4a-93e4-5f571e91255a"));

/// *Microsoft Cloud App Security*: the API of this product, with exactly its six
/// permissions.
pub const CLOUD_APP_SECURITY: FirstPartyApp = FirstPartyApp {
    app_id: AppId::new(uuid!("05a65629-4c1b-48c1-a78b-804c4abdd4af")),
    display_name: "Microsoft Cloud App Security",
    path: None,
    names: &["https://portal.cloudappsecurity.com"],
    redirect_uris: &[],
    roles: PermissionSource::CloudAppSecurity,
};

/// *Microsoft Graph*: the part of it that registers applications.
pub const MICROSOFT_GRAPH: FirstPartyApp = FirstPartyApp {
    app_id: AppId::new(uuid!("00000003-0000-0000-c000-000000000000")),
    display_name: "Microsoft Graph",
    path: Some("/"),
    names: &["https://graph.microsoft.com"],
    redirect_uris: &[],
    roles: PermissionSource::Listed {
        roles: &[
            Listed {
                id: uuid!("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"),
                value: "Application.ReadWrite.All",
                text: "Read and write all applications",
                consent: ScopeType::Admin,
            },
            Listed {
                id: uuid!("06b708a9-e830-4db3-a914-8e69da51d44f"),
                value: "AppRoleAssignment.ReadWrite.All",
                text: "Manage app permission grants and app role assignments",
                consent: ScopeType::Admin,
            },
        ],
        scopes: &[
            Listed {
                id: uuid!("e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
                value: "User.Read",
                text: "Sign in and read one's own profile",
                consent: ScopeType::User,
            },
            Listed {
                id: uuid!("bdfbf15f-ee85-4955-8675-146e8e5296b5"),
                value: "Application.ReadWrite.All",
                text: "Read and write all applications",
                consent: ScopeType::Admin,
            },
            Listed {
                id: uuid!("84bccea3-f856-4a8a-967b-dbe0a3d53a64"),
                value: "AppRoleAssignment.ReadWrite.All",
                text: "Manage app permission grants and app role assignments",
                consent: ScopeType::Admin,
            },
            Listed {
                id: uuid!("0e263e50-5827-48a4-b97c-d940288653c7"),
                value: "Directory.AccessAsUser.All",
                text: "Do in the directory what the signed-in person may do",
                consent: ScopeType::Admin,
            },
        ],
    },
};

/// *Azure Resource Manager*: the Azure CLI asks for it at sign-in and wants to
/// see an empty list of subscriptions.
pub const RESOURCE_MANAGER: FirstPartyApp = FirstPartyApp {
    app_id: AppId::new(uuid!("797f4846-ba00-4fd7-ba43-dac1f8f63013")),
    display_name: "Windows Azure Service Management API",
    path: Some("/arm"),
    names: &[
        "https://management.azure.com",
        "https://management.core.windows.net",
    ],
    redirect_uris: &[],
    roles: PermissionSource::Listed {
        roles: &[],
        scopes: &[Listed {
            id: uuid!("41094075-9dad-400e-a0bd-54e686782033"),
            value: "user_impersonation",
            text: "Act as the signed-in person",
            consent: ScopeType::Admin,
        }],
    },
};

/// *Casbah*: what only this server has.
pub const CASBAH: FirstPartyApp = FirstPartyApp {
    app_id: AppId::new(uuid!("179293ab-e0a2-4ede-b3d3-0e95995dcb44")),
    display_name: "Casbah",
    path: Some("/casbah"),
    names: &["api://casbah"],
    redirect_uris: &[],
    roles: PermissionSource::Casbah,
};

/// *Casbah CLI*: the public client of our command line and portal.
pub const CASBAH_CLI: FirstPartyApp = FirstPartyApp {
    app_id: AppId::new(uuid!("79d1df81-b90e-4fa3-aeb8-9ebb352b544f")),
    display_name: "Casbah CLI",
    path: None,
    names: &[],
    redirect_uris: &["http://localhost"],
    roles: PermissionSource::NONE,
};

/// *Microsoft Azure CLI*: the public client of `az` and the default of its
/// libraries' interactive sign-in.
pub const AZURE_CLI: FirstPartyApp = FirstPartyApp {
    app_id: AppId::new(uuid!("04b07795-8ddb-461a-bbee-02f9e1bf7b46")),
    display_name: "Microsoft Azure CLI",
    path: None,
    names: &[],
    redirect_uris: &["http://localhost"],
    roles: PermissionSource::NONE,
};

/// An application that is part of the server: resource, public client or both.
#[derive(Debug, Clone, Copy)]
pub struct FirstPartyApp {
    /// Client id.
    pub app_id: AppId,
    /// The name that people read.
    pub display_name: &'static str,
    /// Redirect addresses; a public client has one, a mere resource none.
    pub redirect_uris: &'static [&'static str],
    path: Option<&'static str>,
    names: &'static [&'static str],
    roles: PermissionSource,
}

#[derive(Debug, Clone, Copy)]
struct Listed {
    id: Uuid,
    value: &'static str,
    text: &'static str,
    consent: ScopeType,
}

#[derive(Debug, Clone, Copy)]
enum PermissionSource {
    CloudAppSecurity,
    Casbah,
    Listed {
        roles: &'static [Listed],
        scopes: &'static [Listed],
    },
}

impl PermissionSource {
    const NONE: Self = Self::Listed {
        roles: &[],
        scopes: &[],
    };
}

impl FirstPartyApp {
    /// All of them.
    pub const ALL: [Self; 6] = [
        CLOUD_APP_SECURITY,
        MICROSOFT_GRAPH,
        RESOURCE_MANAGER,
        CASBAH,
        CASBAH_CLI,
        AZURE_CLI,
    ];

    /// The one with this client id.
    pub fn by_app_id(app_id: AppId) -> Option<Self> {
        Self::ALL.into_iter().find(|app| app.app_id == app_id)
    }

    /// The one that a request's resource names: by client id or identifier URI,
    /// with or without trailing slashes. `origin` is the server's own, without a
    /// slash at the end.
    pub fn by_resource(resource: &str, origin: &str) -> Option<Self> {
        if let Ok(app_id) = resource.trim_end_matches('/').parse() {
            return Self::by_app_id(app_id);
        }
        let wanted = resource.trim_end_matches('/');
        Self::ALL.into_iter().find(|app| {
            app.identifier_uris(origin)
                .iter()
                .any(|uri| uri.trim_end_matches('/') == wanted)
        })
    }

    /// Names under which it is asked for as a resource. Where the original's
    /// name is another host, the same resource also has one on `origin`.
    pub fn identifier_uris(&self, origin: &str) -> Vec<String> {
        let own = self.path.map(|path| format!("{origin}{path}"));
        own.into_iter()
            .chain(self.names.iter().map(|name| (*name).to_owned()))
            .collect()
    }

    /// Whether people sign in to it without a secret.
    pub const fn is_public_client(&self) -> bool {
        !self.redirect_uris.is_empty()
    }

    /// The version of the tokens it receives.
    pub const fn token_version(&self) -> RequestedTokenVersion {
        RequestedTokenVersion::V1
    }

    /// The app roles it offers, for applications and people.
    pub fn app_roles(&self) -> Arc<[AppRole]> {
        Offered::of(self).map_or_else(Arc::default, |offered| Arc::clone(&offered.roles))
    }

    /// The delegated scopes it offers.
    pub fn permission_scopes(&self) -> Arc<[PermissionScope]> {
        Offered::of(self).map_or_else(Arc::default, |offered| Arc::clone(&offered.scopes))
    }

    fn make_roles(&self) -> Vec<AppRole> {
        let role = |id, value: &str, text: &str| AppRole {
            id,
            allowed_member_types: vec![MemberType::Application],
            display_name: text.to_owned(),
            description: text.to_owned(),
            is_enabled: true,
            value: Some(value.to_owned()),
        };
        match self.roles {
            PermissionSource::CloudAppSecurity => Permission::ALL
                .map(|permission| {
                    role(
                        permission.app_role_id(),
                        permission.value(),
                        permission.description(),
                    )
                })
                .to_vec(),
            PermissionSource::Casbah => CasbahRole::ALL
                .map(|own| {
                    role(
                        self.derived_id("role", own.value()),
                        own.value(),
                        casbah_text(own),
                    )
                })
                .to_vec(),
            PermissionSource::Listed { roles, .. } => roles
                .iter()
                .map(|listed| role(KeyId::new(listed.id), listed.value, listed.text))
                .collect(),
        }
    }

    fn make_scopes(&self) -> Vec<PermissionScope> {
        let scope = |id, value: &str, text: &str, consent| PermissionScope {
            id,
            value: value.to_owned(),
            consent,
            admin_consent_display_name: text.to_owned(),
            admin_consent_description: text.to_owned(),
            user_consent_display_name: Some(text.to_owned()),
            user_consent_description: Some(text.to_owned()),
            is_enabled: true,
        };
        match self.roles {
            PermissionSource::CloudAppSecurity => Permission::ALL
                .map(|permission| {
                    let value = permission.value();
                    scope(
                        self.derived_id("scope", value),
                        value,
                        permission.description(),
                        ScopeType::Admin,
                    )
                })
                .to_vec(),
            PermissionSource::Casbah => CasbahRole::ALL
                .map(|own| {
                    scope(
                        self.derived_id("scope", own.value()),
                        own.value(),
                        casbah_text(own),
                        ScopeType::Admin,
                    )
                })
                .to_vec(),
            PermissionSource::Listed { scopes, .. } => scopes
                .iter()
                .map(|listed| {
                    scope(
                        KeyId::new(listed.id),
                        listed.value,
                        listed.text,
                        listed.consent,
                    )
                })
                .collect(),
        }
    }

    fn derived_id(&self, kind: &str, value: &str) -> KeyId {
        let name = format!("{kind}/{value}");
        KeyId::new(Uuid::new_v5(&self.app_id.uuid(), name.as_bytes()))
    }
}

/// What an application offers, made once: every token asks for it.
struct Offered {
    app_id: AppId,
    roles: Arc<[AppRole]>,
    scopes: Arc<[PermissionScope]>,
}

impl Offered {
    fn of(app: &FirstPartyApp) -> Option<&'static Self> {
        static ALL: LazyLock<Vec<Offered>> = LazyLock::new(|| {
            let offered = |app: FirstPartyApp| Offered {
                app_id: app.app_id,
                roles: app.make_roles().into(),
                scopes: app.make_scopes().into(),
            };
            FirstPartyApp::ALL.map(offered).into()
        });
        ALL.iter().find(|offered| offered.app_id == app.app_id)
    }
}

const fn casbah_text(role: CasbahRole) -> &'static str {
    match role {
        CasbahRole::IngestWrite => "Hand in audit events",
        CasbahRole::AuditRead => "Read the audit log",
        CasbahRole::CatalogManage => "Change the app catalog",
        CasbahRole::ConnectorManage => "Set up connectors and exports",
        CasbahRole::TenantManage => "Create and list tenants",
        CasbahRole::ApiTokenManage => "List and revoke legacy API tokens",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ORIGIN: &str = "https://localhost:8443";

    #[test]
    fn every_id_is_used_once() {
        let mut seen = HashSet::new();
        for app in FirstPartyApp::ALL {
            assert!(seen.insert(app.app_id.uuid()), "{}", app.display_name);
            for id in app
                .app_roles()
                .iter()
                .map(|role| role.id)
                .chain(app.permission_scopes().iter().map(|scope| scope.id))
            {
                assert!(seen.insert(id.uuid()), "{id}");
            }
        }
    }

    #[test]
    fn cloud_app_security_offers_its_six_permissions_both_ways() {
        let roles = CLOUD_APP_SECURITY.app_roles();
        let scopes = CLOUD_APP_SECURITY.permission_scopes();
        assert_eq!(roles.len(), 6);
        assert_eq!(
            roles[0].id.to_string(),
            "83bc8d83-2679-44ef-b813-d5f556fc4474"
        );
        let role_values: Vec<_> = roles.iter().filter_map(|role| role.value.clone()).collect();
        let scope_values: Vec<_> = scopes.iter().map(|scope| scope.value.clone()).collect();
        assert_eq!(role_values, scope_values);
    }

    #[test]
    fn ids_of_ours_never_change() {
        let ids: Vec<_> = CASBAH
            .app_roles()
            .iter()
            .map(|role| role.id.to_string())
            .collect();
        assert_eq!(ids[0], "9f6795f8-b62e-54f6-905e-14e8c5f54efc");
    }

    #[test]
    fn a_resource_is_found_by_each_of_its_names() {
        for (text, expected) in [
            (
                "05a65629-4c1b-48c1-a78b-804c4abdd4af",
                Some("Microsoft Cloud App Security"),
            ),
            (
                "05A65629-4C1B-48C1-A78B-804C4ABDD4AF/",
                Some("Microsoft Cloud App Security"),
            ),
            ("https://localhost:8443/", Some("Microsoft Graph")),
            ("https://localhost:8443", Some("Microsoft Graph")),
            ("https://graph.microsoft.com/", Some("Microsoft Graph")),
            (
                "https://localhost:8443/arm",
                Some("Windows Azure Service Management API"),
            ),
            ("api://casbah", Some("Casbah")),
            ("https://localhost:8443/casbah", Some("Casbah")),
            ("https://localhost:8443/other", None),
            ("", None),
            ("00000000-0000-0000-0000-000000000000", None),
        ] {
            let found = FirstPartyApp::by_resource(text, ORIGIN).map(|app| app.display_name);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn public_clients_are_those_people_sign_in_with() {
        let public: Vec<_> = FirstPartyApp::ALL
            .iter()
            .filter(|app| app.is_public_client())
            .map(|app| app.display_name)
            .collect();
        assert_eq!(public, ["Casbah CLI", "Microsoft Azure CLI"]);
    }
}
