//! Many paths, one resource: the API answers under four prefixes, with and without
//! a trailing slash, and never redirects, for a redirected POST loses its body.

use axum::extract::Request;
use axum::http::Uri;

/// What follows the key of an entity whose accounts are asked for.
const TREE: &str = "/retrieve_tree";

/// `/cas/api/v1/alerts/` and its like become `/api/alerts`.
pub(crate) fn normalize<B>(mut request: Request<B>) -> Request<B> {
    if let Some(path) = canonical(request.uri().path()) {
        let path_and_query = match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let mut parts = request.uri().clone().into_parts();
        if let Ok(path_and_query) = path_and_query.parse() {
            parts.path_and_query = Some(path_and_query);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

/// The one path that stands for all of a resource of the API; none for other paths.
pub(crate) fn canonical(path: &str) -> Option<String> {
    let api = path
        .strip_prefix("/cas")
        .unwrap_or(path)
        .strip_prefix("/api")?;
    if !api.is_empty() && !api.starts_with('/') {
        return None;
    }
    let resource = match api.strip_prefix("/v1") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => api,
    };
    let resource = resource.trim_end_matches('/');
    // Base64's standard alphabet has slashes, which some clients leave as they are.
    if let Some(entity) = resource.strip_prefix("/entities/") {
        let (key, tree) = match entity.strip_suffix(TREE) {
            Some(key) => (key, TREE),
            None => (entity, ""),
        };
        return Some(format!("/api/entities/{}{tree}", key.replace('/', "_")));
    }
    Some(format!("/api{resource}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_prefixes_and_endings_are_one() {
        for path in [
            "/api/v1/alerts/",
            "/api/v1/alerts",
            "/api/alerts/",
            "/cas/api/v1/alerts/",
            "/cas/api/alerts",
        ] {
            assert_eq!(canonical(path).as_deref(), Some("/api/alerts"), "{path}");
        }
        for (path, expected) in [
            ("/api/v1/entities/", "/api/entities"),
            ("/api/v1/entities/eyJ9/", "/api/entities/eyJ9"),
            ("/api/v1/entities/e/J+9==", "/api/entities/e_J+9=="),
            (
                "/cas/api/v1/entities/e/J/9/retrieve_tree/",
                "/api/entities/e_J_9/retrieve_tree",
            ),
        ] {
            assert_eq!(canonical(path).as_deref(), Some(expected), "{path}");
        }
        for path in [
            "/apis/alerts",
            "/casbah/v1/tenants",
            "/common/oauth2/token",
            "/",
        ] {
            assert_eq!(canonical(path), None, "{path}");
        }
    }
}
