//! The two endpoints that ask an administrator for consent and nothing else
//! (`/{tenant}/adminconsent` and `/{tenant}/v2.0/adminconsent`).

use casbah_model::ids::{AppId, TenantId};

use super::authorize::{AuthorizeRequest, Redirect};
use super::client::SignInClient;
use super::response::{AuthorizeResponse, ResponseMode};
use crate::error::AadError;
use crate::request::{DelegatedScopes, Endpoint, Params, Wanted};

/// A request for an administrator's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConsentRequest {
    /// Which endpoint was asked; they answer differently.
    pub endpoint: Endpoint,
    /// The client.
    pub client: AppId,
    /// Where the answer goes; none where the application has no address.
    pub redirect: Option<Redirect>,
    /// What is wanted: these scopes, or all that the application registered, which
    /// only `/.default` means, and the older endpoint.
    pub scopes: Option<DelegatedScopes>,
    /// The scopes as they were written, to be repeated.
    scope: String,
    state: Option<String>,
}

impl AdminConsentRequest {
    /// Reads a request of a client that was looked up.
    ///
    /// # Errors
    /// What is wrong with it, to be shown on a page: the address belongs to the client
    /// only if this succeeds.
    pub fn parse(
        endpoint: Endpoint,
        params: &Params,
        client: &SignInClient,
    ) -> Result<Self, AadError> {
        let redirect = match params.optional("redirect_uri") {
            Some(uri) => Some(AuthorizeRequest::redirect_to(uri, client)?),
            None => client.first_redirect().map(|(platform, uri)| Redirect {
                uri: uri.to_owned(),
                platform,
            }),
        };
        let scope = match endpoint {
            Endpoint::V1 => "",
            Endpoint::V2 => params.required("scope")?,
        };
        Ok(Self {
            endpoint,
            client: client.app_id,
            redirect,
            scopes: named_scopes(scope)?,
            scope: scope.to_owned(),
            state: params.optional("state").map(str::to_owned),
        })
    }

    /// The answer after the consent, if it has an address to go to.
    pub fn granted(&self, tenant: TenantId) -> Option<AuthorizeResponse> {
        let mut fields = vec![
            ("tenant", tenant.to_string()),
            ("admin_consent", "True".to_owned()),
        ];
        if self.endpoint == Endpoint::V2 {
            fields.push(("scope", self.scope.clone()));
        }
        self.answer(fields)
    }

    /// The answer when the administrator said no. `description` is that of
    /// [`AadError::ConsentRefused`].
    pub fn refused(&self, description: String) -> Option<AuthorizeResponse> {
        self.answer(match self.endpoint {
            Endpoint::V1 => vec![
                ("error", "permission_denied".to_owned()),
                (
                    "error_description",
                    "The admin canceled the request".to_owned(),
                ),
            ],
            Endpoint::V2 => vec![
                ("admin_consent", "True".to_owned()),
                ("error", "consent_required".to_owned()),
                ("error_description", description),
            ],
        })
    }

    fn answer(&self, mut fields: Vec<(&'static str, String)>) -> Option<AuthorizeResponse> {
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        let redirect = self.redirect.as_ref()?;
        Some(AuthorizeResponse::new(
            &redirect.uri,
            ResponseMode::Query,
            &fields,
        ))
    }
}

/// The scopes that are named one by one; none for `/.default` and for no scope.
fn named_scopes(scope: &str) -> Result<Option<DelegatedScopes>, AadError> {
    if scope.is_empty() {
        return Ok(None);
    }
    let scopes = DelegatedScopes::parse(scope)?;
    let is_default = scopes
        .resource
        .as_ref()
        .is_some_and(|resource| resource.wanted == Wanted::Default);
    Ok((!is_default).then_some(scopes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_model::identity::Application;
    use casbah_model::time::Timestamp;
    use uuid::uuid;

    const TENANT: TenantId = TenantId::new(uuid!("11111111-2222-4333-8444-555555555555"));

    fn client(uris: &[&str]) -> SignInClient {
        let mut application = Application::new(TenantId::random(), "Partner", Timestamp(0));
        application.web_redirect_uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        SignInClient::from_application(&application)
    }

    fn parse(
        endpoint: Endpoint,
        uris: &[&str],
        query: &str,
    ) -> Result<AdminConsentRequest, AadError> {
        let params = Params::parse(query.as_bytes()).unwrap();
        AdminConsentRequest::parse(endpoint, &params, &client(uris))
    }

    fn address(answer: Option<AuthorizeResponse>) -> String {
        match answer {
            Some(AuthorizeResponse::Redirect(address)) => address,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_endpoint_answers_in_its_own_words() {
        let uris = ["https://a.example/cb"];
        let old = parse(Endpoint::V1, &uris, "state=s%261").unwrap();
        assert_eq!(old.scopes, None);
        assert_eq!(
            address(old.granted(TENANT)),
            "https://a.example/cb?tenant=11111111-2222-4333-8444-555555555555\
             &admin_consent=True&state=s%261"
        );
        assert_eq!(
            address(old.refused("AADSTS65004: no".to_owned())),
            "https://a.example/cb?error=permission_denied\
             &error_description=The+admin+canceled+the+request&state=s%261"
        );
        let new = parse(Endpoint::V2, &uris, "scope=r/.default").unwrap();
        assert_eq!(new.scopes, None);
        assert_eq!(
            address(new.granted(TENANT)),
            "https://a.example/cb?tenant=11111111-2222-4333-8444-555555555555\
             &admin_consent=True&scope=r%2F.default"
        );
        assert_eq!(
            address(new.refused("AADSTS65004: no".to_owned())),
            "https://a.example/cb?admin_consent=True&error=consent_required\
             &error_description=AADSTS65004%3A+no"
        );
    }

    #[test]
    fn only_default_means_all_that_is_registered() {
        for (query, is_all) in [
            ("scope=r/.default", true),
            ("scope=r/investigation.read", false),
            ("scope=openid", false),
        ] {
            let request = parse(Endpoint::V2, &["https://a.example/cb"], query).unwrap();
            assert_eq!(request.scopes.is_none(), is_all, "{query}");
        }
        assert_eq!(
            parse(Endpoint::V2, &[], ""),
            Err(AadError::MissingParameter("scope"))
        );
    }

    #[test]
    fn the_answer_goes_to_a_registered_address_or_nowhere() {
        let uris = ["https://a.example/cb", "https://a.example/two"];
        let parsed = parse(Endpoint::V1, &uris, "redirect_uri=https://a.example/two").unwrap();
        assert_eq!(parsed.redirect.unwrap().uri, "https://a.example/two");
        assert_eq!(
            parse(Endpoint::V1, &uris, "redirect_uri=https://b.example/"),
            Err(AadError::RedirectNotRegistered(
                "https://b.example/".to_owned()
            ))
        );
        let nowhere = parse(Endpoint::V1, &[], "").unwrap();
        assert_eq!(nowhere.granted(TENANT), None);
    }
}
