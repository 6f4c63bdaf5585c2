//! All applications, one's own, and deleted ones.

use askama::Template;
use casbah_model::ids::ObjectId;
use casbah_model::time::Timestamp;
use serde_json::Value;

use crate::portal::error::PortalError;
use crate::portal::objects::{Application, Status};
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Owned,
    All,
    Deleted,
}

impl Which {
    const ALL: [Self; 3] = [Self::Owned, Self::All, Self::Deleted];

    const fn name(self) -> &'static str {
        match self {
            Self::Owned => "owned",
            Self::All => "all",
            Self::Deleted => "deleted",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Owned => "Owned applications",
            Self::All => "All applications",
            Self::Deleted => "Deleted applications",
        }
    }
}

struct Row {
    app: Application,
    status: Status,
}

impl Row {
    fn created(&self) -> Timestamp {
        self.app.created_date_time.0
    }
}

#[derive(Template)]
#[template(path = "portal/apps/list.html")]
struct List<'a> {
    frame: Frame<'a>,
    which: Which,
    table: Table<Row>,
}

/// `GET /portal/apps`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let wanted = visitor.query.text("tab");
    let wanted = Which::ALL.into_iter().find(|one| one.name() == wanted);
    let (which, apps) = match wanted {
        Some(which) => (which, read(&visitor, which).await?),
        // Who owns nothing wants to see what there is.
        None => match read(&visitor, Which::Owned).await? {
            owned if owned.is_empty() => (Which::All, read(&visitor, Which::All).await?),
            owned => (Which::Owned, owned),
        },
    };
    let now = visitor.context.now;
    let rows = apps.into_iter().map(|app| Row {
        status: app.status(now),
        app,
    });
    let page = List {
        frame: Frame::new(&visitor, Section::AppRegistrations, "App registrations"),
        which,
        table: table(&visitor, which, rows.collect()),
    };
    Ok(page::show(&page, &visitor.context)?)
}

async fn read(visitor: &Visitor, which: Which) -> Result<Vec<Application>, PortalError> {
    let directory = visitor.directory();
    match which {
        Which::All => directory.list("/applications?$top=999").await,
        Which::Owned => {
            let owned: Vec<Value> = directory.list("/me/ownedObjects?$top=999").await?;
            let apps = owned
                .into_iter()
                .filter(|one| one["@odata.type"] == "#microsoft.graph.application");
            Ok(apps.map(serde_json::from_value).collect::<Result<_, _>>()?)
        }
        Which::Deleted => {
            let path = "/directory/deletedItems/microsoft.graph.application?$top=999";
            directory.list(path).await
        }
    }
}

fn table(visitor: &Visitor, which: Which, mut rows: Vec<Row>) -> Table<Row> {
    rows.sort_by_cached_key(|row| (row.app.display_name.to_lowercase(), row.app.id));
    let last = match which {
        Which::Deleted => Column::new("deleted", "Deleted on", |row: &Row| {
            Key::Number(row.app.deleted_date_time.map_or(0, |at| at.0.millis()))
        }),
        Which::Owned | Which::All => {
            Column::new("status", "Certificates & secrets", |row: &Row| {
                Key::Number(row.status as i64)
            })
        }
    };
    let mut columns = vec![
        Column::new("name", "Display name", |row: &Row| {
            Key::text(&row.app.display_name)
        }),
        Column::new("app_id", "Application (client) ID", |row| {
            Key::text(&row.app.app_id.to_string())
        }),
        Column::new("created", "Created on", |row| {
            Key::Number(row.created().millis())
        }),
        last,
    ];
    if which == Which::Deleted {
        columns.push(Column::actions());
    }
    let text = |row: &Row| format!("{} {} {}", row.app.display_name, row.app.app_id, row.app.id);
    Table::new(
        "/portal/apps",
        &visitor.query,
        &["tab"],
        &columns,
        rows,
        text,
    )
}

/// The list with deleted applications.
pub(super) fn deleted() -> String {
    format!("/portal/apps?tab={}", Which::Deleted.name())
}

/// Where a deleted application is restored.
fn restore(id: ObjectId) -> String {
    format!("/portal/apps/{id}/restore")
}
