//! An application: registered, permitted, given a secret, consented to.

use casbah_client::well_known;
use casbah_model::permission::Permission;

use crate::commands::app::{add_permissions, consent as consent_to};
use crate::demo::story::{Connector, Story, Told};
use crate::error::CliError;

const NAME: &str = "Demo SIEM connector";

/// What the application asks for.
const WANTED: [Permission; 2] = [Permission::InvestigationRead, Permission::DiscoveryManage];

/// Registers the application, says what it asks for, and makes a secret.
pub(crate) async fn register(story: &mut Story) -> Result<Told<()>, CliError> {
    let graph = story.graph();
    let app = graph.create_application(NAME, false).await?;
    graph.create_service_principal(&app.app_id).await?;
    let wanted = WANTED.map(|permission| permission.value().to_owned());
    add_permissions(&graph, &app.app_id, well_known::CLOUD_APP_SECURITY, &wanted).await?;
    let secret = graph.add_password(&app.id, "demo", None).await?;
    let lines = vec![
        format!("{NAME}: client id {}", app.app_id),
        format!("asks for {}", wanted.join(" and ")),
        format!(
            "secret {}… until {}",
            secret.hint.as_deref().unwrap_or_default(),
            secret.end_date_time.as_deref().unwrap_or_default()
        ),
    ];
    story.connector = Some(Connector {
        app_id: app.app_id,
        secret: secret.secret_text.unwrap_or_default(),
    });
    Ok(Told::of(lines))
}

/// Grants what the application asks for.
pub(crate) async fn consent(story: &Story) -> Result<Told<()>, CliError> {
    let granted = consent_to(&story.graph(), &story.connector()?.app_id).await?;
    Ok(Told::of(vec![format!("{granted} app roles assigned")]))
}
