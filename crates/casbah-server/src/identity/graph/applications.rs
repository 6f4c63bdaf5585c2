//! `/applications`: registrations.

mod change;
mod find;
mod listing;

pub(super) use change::{change, change_one, change_part, create, delete, restore};
pub(super) use find::{app_id_key, find};
pub(crate) use listing::count;
pub(super) use listing::{list, list_deleted, object, show};
