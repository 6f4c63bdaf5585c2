//! An administrator signs in, as with a browser, and changes the first password.

use std::time::Duration;

use casbah_client::{Login, well_known};

use crate::demo::browser::{Browser, Person};
use crate::demo::story::{Story, Told};
use crate::error::CliError;

/// Signs in and keeps the session.
pub(crate) async fn play(story: &mut Story) -> Result<Told<()>, CliError> {
    let pending = Login {
        transport: story.transport.clone(),
        authority: story.authority.clone(),
        tenant: story.start.tenant_id.clone(),
        client_id: well_known::CASBAH_CLI.to_owned(),
        scopes: vec![format!("{}/.default", well_known::CLOUD_APP_SECURITY)],
    }
    .start()
    .await?;
    let address = pending.url().to_owned();
    let person = Person::first_time(&story.start.administrator);
    let mut browser = Browser::new(&story.start.ca_file, person)?;
    let (pages, session) = tokio::join!(
        browser.sign_in(&address),
        pending.finish(Duration::from_secs(30))
    );
    // The browser knows better why the code did not come.
    let pages = pages?;
    story.password = Some(browser.password().to_owned());
    let session = session?;
    story.sessions.put(&session)?;
    Ok(Told::of(vec![
        format!("{} through {pages} pages of plain HTML", session.username),
        "The one-time password was replaced.".to_owned(),
    ]))
}
