//! `docs/permissions.md`: each operation and who may call it, written from the routes
//! themselves.

use std::fmt::Write as _;
use std::path::PathBuf;

use casbah_model::permission::{Action, Permission};

use super::operation::Operation;
use crate::testing::TestServer;

/// Set, the page is written instead of compared.
const WRITE: &str = "CASBAH_WRITE_DOCS";

const HEAD: &str = "\
# Permissions of the API

Every operation of the API and what its caller needs; whatever is not named here is refused. *Application* is a token with `roles` (application context), *person* one with `scp` (user context); [Which access do I need?](which-access.md) tells them apart. One permission of those named is enough. A person needs one as a delegated permission of the application **and** one of the roles.

Paths that begin with `/api/v1/` answer also under `/api/`, `/cas/api/` and `/cas/api/v1/`, and all with and without the last slash. The six permissions belong to the resource *Microsoft Cloud App Security*, the others to *Casbah*. What is uploaded or fetched by a link that the API gave out needs that link alone.

This page is written by `CASBAH_WRITE_DOCS=1 cargo test -p casbah-server reference`, and a test holds it to the routes.
";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_permissions_is_that_of_the_routes() {
    let server = TestServer::start().await;
    let page = page(&super::operations(server.app.clone()));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/permissions.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == page,
        "docs/permissions.md is not what the routes say: run with {WRITE}=1"
    );
}

fn page(operations: &[Operation]) -> String {
    let mut page = HEAD.to_owned();
    summary(&mut page);
    let mut resource = "";
    for operation in operations {
        if operation.resource != resource {
            resource = operation.resource;
            write!(page, "\n## {resource}\n").unwrap();
        }
        section(&mut page, operation);
    }
    page
}

/// The table of permissions and actions.
fn summary(page: &mut String) {
    page.push_str("\n## The six permissions\n\n| action |");
    for permission in Permission::ALL {
        write!(page, " `{permission}` |").unwrap();
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Permission::ALL.len()));
    page.push('\n');
    for action in Action::ALL {
        write!(page, "| {} |", action.description()).unwrap();
        for permission in Permission::ALL {
            let cell = if permission.allows(action) { "yes" } else { "" };
            write!(page, " {cell} |").unwrap();
        }
        page.push('\n');
    }
}

fn section(page: &mut String, operation: &Operation) {
    let Operation {
        summary, methods, ..
    } = operation;
    let path = operation.documented_path();
    let methods = methods.join("`, `");
    write!(page, "\n### {summary}\n\n`{methods}` `{path}`\n\n").unwrap();
    let permissions = operation.permissions().into_iter();
    let permissions: Vec<_> = permissions.map(|value| format!("`{value}`")).collect();
    let permissions = permissions.join(", ");
    let (application, delegated) = if permissions.is_empty() {
        ("never".to_owned(), "any of the six".to_owned())
    } else {
        (permissions.clone(), permissions)
    };
    let roles = operation.roles().collect::<Vec<_>>().join(", ");
    write!(
        page,
        "| caller | Permissions |\n|---|---|\n| application | {application} |\n| person | {delegated}; as {roles} |\n"
    )
    .unwrap();
}
