//! HTTP: identity service, API and portal.
