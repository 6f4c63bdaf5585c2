//! Scopes: `{resource}/.default`, `{resource}/{scope}` and OpenID's own.

use crate::error::AadError;

/// The suffix that asks for everything consented to.
const DEFAULT: &str = "/.default";

/// What bare scope names belong to.
const GRAPH: &str = "https://graph.microsoft.com";

/// The resource of a client-credentials request on the v2 endpoint.
///
/// Exactly one `/.default` is taken off, so that a resource whose name ends in a
/// slash keeps it.
///
/// # Errors
/// [`AadError::ScopeNotDefault`], [`AadError::SeveralResources`] or
/// [`AadError::ScopeMalformed`].
pub(super) fn client_credentials_resource(scope: &str) -> Result<String, AadError> {
    check_characters(scope)?;
    let mut resource = None;
    for word in scope.split(' ').filter(|word| !word.is_empty()) {
        let named = word
            .strip_suffix(DEFAULT)
            .ok_or_else(|| AadError::ScopeNotDefault(scope.to_owned()))?;
        if named.is_empty() {
            return Err(AadError::ScopeMalformed(scope.to_owned()));
        }
        if resource.is_some_and(|first| first != named) {
            return Err(AadError::SeveralResources);
        }
        resource = Some(named);
    }
    resource
        .map(str::to_owned)
        .ok_or(AadError::EmptyParameter("scope"))
}

/// Characters that no scope may have (RFC 6749 section 3.3), space aside.
fn check_characters(scope: &str) -> Result<(), AadError> {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x7e) && !matches!(byte, b'"' | b'\\');
    if scope.bytes().all(allowed) {
        Ok(())
    } else {
        Err(AadError::ScopeMalformed(scope.to_owned()))
    }
}

/// OpenID Connect's own scopes (Core section 5.4, and offline access section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four scopes, each asked for or not"
)]
pub struct OpenIdScopes {
    /// An ID token is wanted.
    pub openid: bool,
    /// The person's name is wanted.
    pub profile: bool,
    /// The person's address is wanted.
    pub email: bool,
    /// A refresh token is wanted.
    pub offline_access: bool,
}

impl OpenIdScopes {
    /// The names of all four.
    pub const NAMES: [&'static str; 4] = ["openid", "profile", "email", "offline_access"];

    /// Takes a name if it is one of these.
    fn take(&mut self, name: &str) -> bool {
        let flag = match name {
            "openid" => &mut self.openid,
            "profile" => &mut self.profile,
            "email" => &mut self.email,
            "offline_access" => &mut self.offline_access,
            _ => return false,
        };
        *flag = true;
        true
    }

    /// Takes these scopes out of a stored grant's; the rest are the resource's.
    pub fn split(scopes: &[String]) -> (Self, Vec<String>) {
        let mut openid = Self::default();
        let rest = scopes
            .iter()
            .filter(|name| !openid.take(name))
            .cloned()
            .collect();
        (openid, rest)
    }

    /// The names that were asked for.
    pub fn names(self) -> Vec<&'static str> {
        [
            (self.openid, "openid"),
            (self.profile, "profile"),
            (self.email, "email"),
            (self.offline_access, "offline_access"),
        ]
        .into_iter()
        .filter_map(|(wanted, name)| wanted.then_some(name))
        .collect()
    }
}

/// Which of a resource's scopes are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything that was consented to or is registered as required.
    Default,
    /// These, by value.
    Named(Vec<String>),
}

/// Scopes of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceScopes {
    /// The resource as it was named.
    pub resource: String,
    /// Which of its scopes.
    pub wanted: Wanted,
}

/// Scopes of a person's sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DelegatedScopes {
    /// OpenID's own.
    pub openid: OpenIdScopes,
    /// A resource's; none when only OpenID's were asked.
    pub resource: Option<ResourceScopes>,
}

impl DelegatedScopes {
    /// Reads `scope` of the v2 endpoints.
    ///
    /// # Errors
    /// [`AadError::SeveralResources`] or [`AadError::ScopeMalformed`].
    pub fn parse(scope: &str) -> Result<Self, AadError> {
        check_characters(scope)?;
        let mut scopes = Self::default();
        for word in scope.split(' ').filter(|word| !word.is_empty()) {
            if !scopes.openid.take(word) {
                scopes.add(word)?;
            }
        }
        Ok(scopes)
    }

    /// Reads `resource` and `scope` of the v1 endpoints, where the resource is a
    /// parameter of its own and means all that was consented to. Without one a
    /// scope may name it, as the password grant of old scripts does.
    ///
    /// # Errors
    /// As [`DelegatedScopes::parse`].
    pub fn parse_v1(resource: Option<&str>, scope: Option<&str>) -> Result<Self, AadError> {
        let Some(resource) = resource else {
            return Self::parse(scope.unwrap_or_default());
        };
        check_characters(resource)?;
        let mut openid = OpenIdScopes::default();
        for word in scope.unwrap_or_default().split(' ') {
            openid.take(word);
        }
        let resource = ResourceScopes {
            resource: resource.to_owned(),
            wanted: Wanted::Default,
        };
        Ok(Self {
            openid,
            resource: Some(resource),
        })
    }

    /// The scopes as a client writes them to the v2 endpoints.
    pub fn to_scope(&self) -> String {
        let openid = self.openid.names().into_iter().map(str::to_owned);
        let of_resource = |scopes: &ResourceScopes| {
            let names: &[String] = match &scopes.wanted {
                Wanted::Default => &[".default".to_owned()],
                Wanted::Named(names) => names,
            };
            let names = names
                .iter()
                .map(|name| format!("{}/{name}", scopes.resource));
            names.collect::<Vec<_>>()
        };
        let resource = self.resource.as_ref().map(of_resource).unwrap_or_default();
        openid.chain(resource).collect::<Vec<_>>().join(" ")
    }

    /// Adds `{resource}/{scope}`; the resource is all before the last slash.
    fn add(&mut self, word: &str) -> Result<(), AadError> {
        let malformed = || AadError::ScopeMalformed(word.to_owned());
        let (resource, name) = word.rsplit_once('/').unwrap_or((GRAPH, word));
        if resource.is_empty() || name.is_empty() {
            return Err(malformed());
        }
        let wanted = match name {
            ".default" => Wanted::Default,
            name => Wanted::Named(vec![name.to_owned()]),
        };
        let Some(present) = &mut self.resource else {
            self.resource = Some(ResourceScopes {
                resource: resource.to_owned(),
                wanted,
            });
            return Ok(());
        };
        if present.resource != resource {
            return Err(AadError::SeveralResources);
        }
        match (&mut present.wanted, wanted) {
            (Wanted::Named(names), Wanted::Named(more)) => {
                for name in more {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            (Wanted::Default, Wanted::Default) => {}
            // `.default` stands for a fixed list and cannot be added to.
            _ => return Err(malformed()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exactly_one_default_is_taken_off() {
        for (scope, expected) in [
            ("05a65629/.default", Ok("05a65629")),
            (
                "https://localhost:8443//.default",
                Ok("https://localhost:8443/"),
            ),
            ("api://x/.default/.default", Ok("api://x/.default")),
            (" a/.default  a/.default ", Ok("a")),
            ("a/.default b/.default", Err(AadError::SeveralResources)),
            ("a", Err(AadError::ScopeNotDefault("a".into()))),
            (
                "a/.default/",
                Err(AadError::ScopeNotDefault("a/.default/".into())),
            ),
            (
                "a/.Default",
                Err(AadError::ScopeNotDefault("a/.Default".into())),
            ),
            (
                "/.default",
                Err(AadError::ScopeMalformed("/.default".into())),
            ),
            (
                "a\n/.default",
                Err(AadError::ScopeMalformed("a\n/.default".into())),
            ),
            (
                "é/.default",
                Err(AadError::ScopeMalformed("é/.default".into())),
            ),
            (" ", Err(AadError::EmptyParameter("scope"))),
        ] {
            assert_eq!(
                client_credentials_resource(scope),
                expected.map(str::to_owned),
                "{scope}"
            );
        }
    }

    #[test]
    fn a_sign_in_asks_one_resource_for_scopes() {
        let scopes =
            DelegatedScopes::parse("openid 05a6/Investigation.read offline_access 05a6/x").unwrap();
        assert_eq!(scopes.openid.names(), ["openid", "offline_access"]);
        assert_eq!(
            scopes.resource,
            Some(ResourceScopes {
                resource: "05a6".into(),
                wanted: Wanted::Named(vec!["Investigation.read".into(), "x".into()]),
            })
        );
        for (scope, resource, wanted) in [
            ("User.Read", GRAPH, Wanted::Named(vec!["User.Read".into()])),
            ("https://h//.default", "https://h/", Wanted::Default),
            (
                "https://h/arm/user_impersonation",
                "https://h/arm",
                Wanted::Named(vec!["user_impersonation".into()]),
            ),
        ] {
            let parsed = DelegatedScopes::parse(scope).unwrap().resource.unwrap();
            assert_eq!(
                (parsed.resource.as_str(), parsed.wanted),
                (resource, wanted)
            );
        }
        assert_eq!(
            DelegatedScopes::parse("a/x b/y"),
            Err(AadError::SeveralResources)
        );
        for scope in ["a/.default a/x", "/x", "a/", "a\"/x"] {
            assert!(
                matches!(
                    DelegatedScopes::parse(scope),
                    Err(AadError::ScopeMalformed(_))
                ),
                "{scope}"
            );
        }
    }

    #[test]
    fn the_older_endpoint_names_the_resource_apart() {
        let scopes = DelegatedScopes::parse_v1(Some("https://h/"), Some("openid")).unwrap();
        assert!(scopes.openid.openid);
        assert_eq!(
            scopes.resource,
            Some(ResourceScopes {
                resource: "https://h/".into(),
                wanted: Wanted::Default
            })
        );
        let by_scope = DelegatedScopes::parse_v1(None, Some("05a6/Investigation.read")).unwrap();
        assert_eq!(by_scope.resource.unwrap().resource, "05a6");
    }

    #[test]
    fn stored_scopes_are_taken_apart_again() {
        let stored = ["openid", "settings.read", "offline_access"].map(str::to_owned);
        let (openid, rest) = OpenIdScopes::split(&stored);
        assert_eq!(openid.names(), ["openid", "offline_access"]);
        assert_eq!(rest, ["settings.read"]);
    }

    proptest! {
        /// What is kept of a device's request says the same when it is read again.
        #[test]
        fn scopes_are_written_as_they_are_read(
            openid in prop::sample::subsequence(OpenIdScopes::NAMES.to_vec(), 0..=4),
            resource in "(https://[a-z]{1,9}|api://[a-z]{1,9}|[0-9a-f]{8})/{0,2}",
            names in prop::collection::vec("[A-Za-z][A-Za-z.]{0,9}|\\.default", 0..4),
        ) {
            let words = openid.into_iter().map(str::to_owned);
            let words = words.chain(names.iter().map(|name| format!("{resource}/{name}")));
            let scope = words.collect::<Vec<_>>().join(" ");
            if let Ok(read) = DelegatedScopes::parse(&scope) {
                prop_assert_eq!(DelegatedScopes::parse(&read.to_scope()), Ok(read));
            }
        }

        #[test]
        fn garbage_never_panics(scope: String) {
            drop(client_credentials_resource(&scope));
            drop(DelegatedScopes::parse(&scope));
            drop(DelegatedScopes::parse_v1(Some(&scope), Some(&scope)));
        }
    }
}
