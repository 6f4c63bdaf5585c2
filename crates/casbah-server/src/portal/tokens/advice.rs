//! What to do about a refusal of the token endpoint.

use casbah_identity::AadError;

/// The next step for whoever tries out a secret.
pub(super) const fn next_step(refusal: &AadError) -> &'static str {
    match refusal {
        AadError::WrongSecret(_) => {
            "Send the value of the secret, which was shown once when it was made, not its ID. If \
             the value is lost, make another secret on the application's page Certificates & \
             secrets."
        }
        AadError::SecretExpired(_) => {
            "Make another secret on the application's page Certificates & secrets, and delete the \
             old one."
        }
        AadError::ApplicationNotFound(_) => {
            "Compare the ID with Application (client) ID on the application's overview: the \
             object ID is another. An application of another directory needs admin consent here \
             first."
        }
        AadError::NoServicePrincipal(_) => {
            "Create the service principal on the application's overview."
        }
        AadError::ApplicationDisabled(_) => {
            "An administrator switched the application off: see its properties under Enterprise \
             applications."
        }
        AadError::EmptyParameter(_) | AadError::MissingParameter(_) => "Fill in all fields.",
        AadError::ScopeNotDefault(_)
        | AadError::ScopeMalformed(_)
        | AadError::SeveralResources
        | AadError::ResourceNotFound(_) => {
            "Take the scope that stands in the form at first: the resource's ID with /.default. \
             Single permissions are consented to, not asked for."
        }
        AadError::RoleRequired => {
            "Add a permission on the application's page API permissions, and grant admin consent."
        }
        AadError::Throttled { .. } => {
            "Too many wrong secrets came from your address. Wait a minute."
        }
        AadError::Internal => "The server's log says why. Try again.",
        _ => "Correct what the text names, and try again.",
    }
}
