//! The applications that are present in the tenant, those of others first.

use std::collections::HashMap;

use askama::Template;
use casbah_model::identity::FIRST_PARTY_TENANT;
use casbah_model::ids::TenantId;

use super::object::Publisher;
use crate::portal::objects::Principal;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Others,
    Own,
    BuiltIn,
    All,
}

impl Which {
    const ALL: [Self; 4] = [Self::Others, Self::Own, Self::BuiltIn, Self::All];

    const fn name(self) -> &'static str {
        match self {
            Self::Others => "others",
            Self::Own => "own",
            Self::BuiltIn => "built_in",
            Self::All => "all",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Others => "Other organisations",
            Self::Own => "This organisation",
            Self::BuiltIn => "Built in",
            Self::All => "All applications",
        }
    }

    fn has(self, owner: TenantId, tenant: TenantId) -> bool {
        match self {
            Self::Others => owner != tenant && owner != FIRST_PARTY_TENANT,
            Self::Own => owner == tenant,
            Self::BuiltIn => owner == FIRST_PARTY_TENANT,
            Self::All => true,
        }
    }
}

struct Row {
    principal: Principal,
    publisher: Publisher,
}

#[derive(Template)]
#[template(path = "portal/enterprise/list.html")]
struct List<'a> {
    frame: Frame<'a>,
    which: Which,
    table: Table<Row>,
}

/// `GET /portal/enterprise_apps`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let tenant = visitor.tenant.id;
    let all: Vec<Principal> = visitor
        .directory()
        .list("/servicePrincipals?$top=999")
        .await?;
    let wanted = visitor.query.text("tab");
    let wanted = Which::ALL.into_iter().find(|one| one.name() == wanted);
    let first = Which::ALL.into_iter().find(|which| {
        all.iter()
            .any(|one| which.has(one.app_owner_organization_id, tenant))
    });
    let which = wanted.or(first).unwrap_or(Which::All);
    let mut publishers: HashMap<TenantId, Publisher> = HashMap::new();
    let mut rows = Vec::new();
    for principal in all {
        let owner = principal.app_owner_organization_id;
        if !which.has(owner, tenant) {
            continue;
        }
        let publisher = match publishers.get(&owner) {
            Some(known) => known.clone(),
            None => Publisher::find(&visitor, owner).await?,
        };
        publishers.insert(owner, publisher.clone());
        rows.push(Row {
            principal,
            publisher,
        });
    }
    rows.sort_by_cached_key(|row| (row.principal.display_name.to_lowercase(), row.principal.id));
    let columns = [
        Column::new("name", "Name", |row: &Row| {
            Key::text(&row.principal.display_name)
        }),
        Column::new("publisher", "Publisher", |row| {
            Key::text(&row.publisher.name)
        }),
        Column::new("app_id", "Application ID", |row| {
            Key::text(&row.principal.app_id.to_string())
        }),
        Column::new("created", "Created on", |row| {
            Key::Number(row.principal.created_date_time.0.millis())
        }),
        Column::new("enabled", "Sign-in", |row| {
            Key::Number(row.principal.account_enabled.into())
        }),
    ];
    let text = |row: &Row| {
        let Principal {
            display_name,
            app_id,
            id,
            ..
        } = &row.principal;
        format!("{display_name} {app_id} {id} {}", row.publisher.name)
    };
    let path = "/portal/enterprise_apps";
    let page = List {
        frame: Frame::new(&visitor, Section::EnterpriseApps, "Enterprise applications"),
        which,
        table: Table::new(path, &visitor.query, &["tab"], &columns, rows, text),
    };
    Ok(page::show(&page, &visitor.context)?)
}
