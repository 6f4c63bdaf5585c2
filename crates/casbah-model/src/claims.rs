//! What the members of a token mean, in words: one table for the command line and the
//! portal. Names are those of RFC 7515, RFC 7519 and Entra ID's access-token claims
//! reference.

use crate::permission::{Action, Permission};

/// Where in a token a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The header, which says how the token is signed.
    Header,
    /// The claims.
    Claim,
}

impl Part {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Claim => "claim",
        }
    }
}

/// How the value of a member is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it stands.
    Text,
    /// As a moment, in seconds since 1970; the words stand before it.
    Moment,
}

impl Form {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Moment => "moment",
        }
    }
}

/// What a member means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Where the member stands.
    pub part: Part,
    /// The member's name.
    pub name: &'static str,
    /// The value of which this is said; none is said of every other value.
    pub value: Option<&'static str>,
    /// How the value is to be read.
    pub form: Form,
    /// The words.
    pub words: &'static str,
}

/// The text in an audience by which the service's own addresses are known.
pub const API_HOST: &str = "cloudappsecurity";

/// The client id of the resource *Microsoft Cloud App Security*, as it stands in `aud`.
pub const API_AUDIENCE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

const fn header(name: &'static str, words: &'static str) -> Meaning {
    Meaning {
        part: Part::Header,
        name,
        value: None,
        form: Form::Text,
        words,
    }
}

const fn claim(name: &'static str, words: &'static str) -> Meaning {
    Meaning {
        part: Part::Claim,
        ..header(name, words)
    }
}

const fn with(name: &'static str, value: &'static str, words: &'static str) -> Meaning {
    Meaning {
        value: Some(value),
        ..claim(name, words)
    }
}

const fn moment(name: &'static str, words: &'static str) -> Meaning {
    Meaning {
        form: Form::Moment,
        ..claim(name, words)
    }
}

const PERSON: &str = "the person's sign-in name";
const CLIENT: &str = "the client id of the application that asked for it";
const PUBLIC: &str = "the application is a public client and proved nothing";
const SECRET: &str = "the application proved itself with a client secret";
const KEY: &str = "the application proved itself with a certificate or another issuer's token";
const PROOF: &str = "how the application proved itself";
const GRAPH: &str = "the resource that it is for: Microsoft Graph";
const OWN_ID: &str = "the token's own id, as it stands in logs";
const OPAQUE: &str = "the issuer's own; means nothing to others";

/// What is said of members; those that are not here are said nothing of.
pub const MEANINGS: [Meaning; 45] = [
    header(
        "alg",
        "how it is signed; the service's tokens are RS256, a Casbah's may be ES256, never \
         anything else",
    ),
    header(
        "kid",
        "the name of the key that signed it, to be found in the issuer's key set",
    ),
    header("x5t", "the thumbprint of that key's certificate"),
    header("typ", "that it is a JSON Web Token"),
    header(
        "nonce",
        "a token of Microsoft Graph's own kind: others cannot check its signature",
    ),
    with(
        "aud",
        API_AUDIENCE,
        "the resource that it is for: Microsoft Cloud App Security",
    ),
    with(
        "aud",
        "179293ab-e0a2-4ede-b3d3-0e95995dcb44",
        "the resource that it is for: Casbah",
    ),
    with("aud", "00000003-0000-0000-c000-000000000000", GRAPH),
    with("aud", "https://graph.microsoft.com", GRAPH),
    claim("aud", "the resource that it is for"),
    claim("iss", "who issued it, for which tenant"),
    claim("idp", "who signed the caller in"),
    claim("tid", "the tenant whose data it is for"),
    claim("appid", CLIENT),
    claim("azp", CLIENT),
    with("appidacr", "0", PUBLIC),
    with("appidacr", "1", SECRET),
    with("appidacr", "2", KEY),
    claim("appidacr", PROOF),
    with("azpacr", "0", PUBLIC),
    with("azpacr", "1", SECRET),
    with("azpacr", "2", KEY),
    claim("azpacr", PROOF),
    with("idtyp", "app", "an application by itself, without a user"),
    claim(
        "oid",
        "the caller's object in that tenant: a service principal, or a person",
    ),
    claim(
        "sub",
        "the caller; of a person, another text for each application",
    ),
    claim("roles", "application permissions that were consented to"),
    claim(
        "scp",
        "what the application may do for the person who signed in",
    ),
    claim("upn", PERSON),
    claim("unique_name", PERSON),
    claim("preferred_username", PERSON),
    claim("name", "the person's name"),
    claim("ipaddr", "the address that the person signed in from"),
    claim("amr", "how the person signed in"),
    claim("acr", "1: the person was signed in as the standard asks"),
    claim("ver", "the version of the token's form"),
    claim("uti", OWN_ID),
    claim("jti", OWN_ID),
    claim("aio", OPAQUE),
    claim("rh", OPAQUE),
    claim("nonce", "the client's own text, sent back"),
    moment("iat", "issued"),
    moment("nbf", "good from"),
    moment("exp", "ends"),
    moment("auth_time", "the person signed in"),
];

/// What is said of a member with this value. Slashes at the end of an audience
/// count for nothing.
pub fn meaning(part: Part, name: &str, value: &str) -> Option<&'static Meaning> {
    let value = match name {
        "aud" => value.trim_end_matches('/'),
        _ => value,
    };
    let mut named = MEANINGS
        .iter()
        .filter(|one| one.part == part && one.name == name);
    // What is said of one value stands before what is said of all others.
    named.find(|one| one.value.is_none_or(|of| of == value))
}

/// Whether a token for this audience is one for the API.
pub fn is_for_api(audience: &str) -> bool {
    audience.trim_end_matches('/') == API_AUDIENCE || audience.contains(API_HOST)
}

/// The actions that any of these texts of `roles`, or of `scp`, allows. A person must be
/// allowed the same by a role of their own.
pub fn allowed<'a>(granted: impl IntoIterator<Item = &'a str>) -> Vec<Action> {
    let granted = granted.into_iter().filter_map(Permission::from_value);
    let granted: Vec<_> = granted.collect();
    let allows = |action: &Action| granted.iter().any(|one| one.allows(*action));
    Action::ALL.into_iter().filter(allows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{CASBAH, CLOUD_APP_SECURITY, MICROSOFT_GRAPH};

    fn words(part: Part, name: &str, value: &str) -> &'static str {
        meaning(part, name, value).map_or("", |one| one.words)
    }

    #[test]
    fn a_value_has_its_own_words_and_others_the_common_ones() {
        for (name, value, expected) in [
            ("appidacr", "1", SECRET),
            ("appidacr", "9", PROOF),
            ("idtyp", "user", ""),
            ("aud", "https://graph.microsoft.com/", GRAPH),
            ("aud", "api://own", "the resource that it is for"),
            ("own", "", ""),
        ] {
            assert_eq!(words(Part::Claim, name, value), expected, "{name} {value}");
        }
        assert_ne!(
            words(Part::Header, "nonce", ""),
            words(Part::Claim, "nonce", "")
        );
    }

    #[test]
    fn audiences_are_those_of_the_resources() {
        assert_eq!(API_AUDIENCE, CLOUD_APP_SECURITY.app_id.to_string());
        for app in [CLOUD_APP_SECURITY, CASBAH, MICROSOFT_GRAPH] {
            let words = words(Part::Claim, "aud", &app.app_id.to_string());
            assert!(words.ends_with(app.display_name), "{words}");
        }
        assert!(is_for_api(&format!("{API_AUDIENCE}/")));
        assert!(!is_for_api(&MICROSOFT_GRAPH.app_id.to_string()));
    }

    #[test]
    fn the_words_of_one_value_stand_before_those_of_all() {
        for (index, one) in MEANINGS.iter().enumerate() {
            let before = &MEANINGS[..index];
            let mut same = before
                .iter()
                .filter(|other| (other.part, other.name) == (one.part, one.name));
            assert!(same.all(|other| other.value.is_some() && other.value != one.value));
        }
    }
}
