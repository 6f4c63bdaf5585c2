//! Identifiers that are the same everywhere, as text for requests.

/// The resource *Microsoft Cloud App Security*: the API's tokens are for it.
pub const CLOUD_APP_SECURITY: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

/// The resource *Microsoft Graph*, where applications are registered.
pub const MICROSOFT_GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// The resource *Casbah*: what this server has beyond the original.
pub const CASBAH: &str = "179293ab-e0a2-4ede-b3d3-0e95995dcb44";

/// The public client of the command line.
pub const CASBAH_CLI: &str = "79d1df81-b90e-4fa3-aeb8-9ebb352b544f";

#[cfg(test)]
mod tests {
    use casbah_model::identity;

    #[test]
    fn they_are_those_of_the_server() {
        for (text, app) in [
            (super::CLOUD_APP_SECURITY, identity::CLOUD_APP_SECURITY),
            (super::MICROSOFT_GRAPH, identity::MICROSOFT_GRAPH),
            (super::CASBAH, identity::CASBAH),
            (super::CASBAH_CLI, identity::CASBAH_CLI),
        ] {
            assert_eq!(text, app.app_id.to_string());
        }
    }
}
