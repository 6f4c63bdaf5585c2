//! Deleting a provider.

use casbah_model::ids::ObjectId;

use super::{HERE, address, find, path};
use crate::portal::confirm::Confirm;
use crate::portal::done::Done;
use crate::portal::form::Posted;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// `GET /portal/identity-providers/{id}/delete`
pub(super) async fn ask(visitor: Visitor, id: ObjectId) -> Answer {
    let provider = find(&visitor, id).await?;
    let title = format!("Delete {}", provider.display_name);
    let mut lines = vec![format!("Issuer: {}", provider.issuer)];
    if !provider.domains.is_empty() {
        let domains = provider.domains.join(", ");
        lines.push(format!(
            "People of {domains} sign in with their passwords again; who has none is let in by \
             an administrator's reset."
        ));
    }
    let page = Confirm {
        frame: Frame::new(&visitor, Section::IdentityProviders, &title),
        text: "Nobody can sign in through it any more, and whose its accounts are is forgotten. \
               The people stay, and so do their present sign-ins."
            .to_owned(),
        lines,
        action: format!("{}/delete", address(id)),
        fields: Vec::new(),
        button: "Delete",
        is_dangerous: true,
        back: address(id),
        typed: None,
        complaint: None,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// `POST /portal/identity-providers/{id}/delete`
pub(super) async fn delete(posted: Posted, id: ObjectId) -> Answer {
    posted.visitor.directory().delete(&path(id)).await?;
    Ok(Done::ProviderDeleted.at(HERE))
}
