//! People: `/users`, `/invitations` and `/roleManagement/directory`.
//!
//! People are managed by people; whom each may manage is decided by
//! [`casbah_identity::people`] inside the write.

mod change;
mod invitations;
mod listing;
mod methods;
mod passwords;
mod roles;
mod sessions;

pub(super) use change::{change, change_person};
pub(super) use change::{create, delete};
pub(super) use invitations::invite;
pub(super) use listing::{find, list, member_of, show};
pub(super) use methods::{delete as delete_method, list as methods};
pub(super) use passwords::reset as reset_password;
pub(super) use roles::{
    assign as assign_role, assignment as role_assignment, assignments as role_assignments,
    definition as role_definition, definitions as role_definitions, unassign as unassign_role,
};
pub(super) use sessions::{sign_out, sign_out_oneself};
