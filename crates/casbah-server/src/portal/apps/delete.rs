//! Deleting an application, and bringing it back.

use casbah_model::identity::Application as Registration;
use casbah_model::ids::ObjectId;

use super::list;
use super::object::{Tab, find};
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::form::Posted;
use crate::portal::objects::Application;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// `GET /portal/apps/{id}/delete`
pub(super) async fn ask(visitor: Visitor, id: ObjectId) -> Answer {
    let app = find(&visitor, id).await?;
    render(&visitor, &app, None)
}

fn render(visitor: &Visitor, app: &Application, complaint: Option<String>) -> Answer {
    let title = format!("Delete {}", app.display_name);
    let page = Confirm {
        frame: Frame::new(visitor, Section::AppRegistrations, &title),
        text: format!(
            "The application can sign in no more, in this directory and in all others, and its \
             tokens end within seconds. For {} days it can be restored with its credentials and \
             permissions; then it is gone for good.",
            Registration::RESTORABLE_DAYS
        ),
        lines: vec![format!("Application (client) ID: {}", app.app_id)],
        action: format!("/portal/apps/{}/delete", app.id),
        fields: Vec::new(),
        button: "Delete",
        is_dangerous: true,
        back: Tab::Overview.address(app.id),
        typed: Some(&app.display_name),
        complaint,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/apps/{id}/delete`
pub(super) async fn delete(posted: Posted, id: ObjectId) -> Answer {
    let visitor = &posted.visitor;
    let app = find(visitor, id).await?;
    if posted.text("typed") != app.display_name {
        let complaint = "The name is not the same: nothing was deleted.".to_owned();
        return render(visitor, &app, Some(complaint));
    }
    visitor
        .directory()
        .delete(&format!("/applications/{id}"))
        .await?;
    Ok(Done::Deleted.at(&list::deleted()))
}

/// `POST /portal/apps/{id}/restore`
pub(super) async fn restore(posted: Posted, id: ObjectId) -> Answer {
    let path = format!("/directory/deletedItems/{id}/restore");
    let body = serde_json::json!({});
    posted.visitor.directory().post(&path, &body).await?;
    Ok(Done::Restored.at(&Tab::Overview.address(id)))
}
