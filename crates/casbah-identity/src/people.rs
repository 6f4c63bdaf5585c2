//! Who may manage whom, and what a change of a person ends.
//!
//! People are managed by people with a role for it ([`Ability::ManagePeople`]). Whoever
//! holds a role that can give roles away is managed by Global Administrators alone, and
//! only they give or take such a role: otherwise a Privileged Role Administrator could
//! become one of them, or set the password of one and sign in with it.

use casbah_model::identity::{DirectoryRole, PasswordHash, PresentUser, Tenant, User};
use casbah_model::ids::ObjectId;
use casbah_model::time::Timestamp;

use crate::consent::{Ability, may};

/// The longest name that others read, characters.
const MAX_NAME: usize = 256;
/// The longest part of a sign-in name before the `@`, characters (Microsoft Learn,
/// *Self-service sign-up and password policies*: `userPrincipalName`).
const MAX_LOCAL_PART: usize = 64;
/// What that part may have beside letters and digits; the same source.
const LOCAL_PART_SIGNS: &str = "'.-_!#^~";

/// Why a person is not made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeopleRefusal {
    /// The caller may not.
    #[error("the caller may not manage this person")]
    NotAllowed,
    /// Nobody would be left who can do everything.
    #[error(
        "this is the last enabled Global Administrator of the tenant, who cannot be switched \
         off, deleted or deprived of the role"
    )]
    LastAdministrator,
    /// Somebody who has only got hold of a token could keep the account with it.
    #[error("one's own password is changed at the sign-in, not reset")]
    OwnPassword,
    /// The sign-in name is none.
    #[error("userPrincipalName must be NAME@DOMAIN, with letters, digits and {LOCAL_PART_SIGNS}")]
    Upn,
    /// The domain of the sign-in name is another tenant's, or nobody's.
    #[error("the domain {0} is none of the tenant's")]
    Domain(String),
    /// The name that others read is empty or too long.
    #[error("displayName must have 1 to {MAX_NAME} characters")]
    DisplayName,
    /// Who has a password needs no invitation.
    #[error("{0} has a password already; reset it instead")]
    HasPassword(String),
    /// Who is switched off cannot be invited.
    #[error("{0} is switched off")]
    Disabled(String),
}

/// A password that somebody else gives to a person.
#[derive(Debug, Clone)]
pub struct GivenPassword {
    /// The password.
    pub hash: PasswordHash,
    /// Whether it must be changed at the next sign-in.
    pub must_change: bool,
}

/// What is to become of a person; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct PersonChanges {
    /// The sign-in name.
    pub upn: Option<String>,
    /// The name that others read.
    pub display_name: Option<String>,
    /// Whether the person may sign in.
    pub enabled: Option<bool>,
    /// A new password.
    pub password: Option<GivenPassword>,
    /// Whether the present password must be changed at the next sign-in.
    pub must_change_password: Option<bool>,
    /// A role to give.
    pub give: Option<DirectoryRole>,
    /// A role to take.
    pub take: Option<DirectoryRole>,
    /// All sign-ins until now end.
    pub ends_sign_ins: bool,
}

/// A new person of a tenant, who cannot sign in yet.
///
/// # Errors
/// [`PeopleRefusal`] if a name is none, or the domain is none of the tenant's.
pub fn new_person(
    tenant: &Tenant,
    upn: &str,
    display_name: &str,
    now: Timestamp,
) -> Result<User, PeopleRefusal> {
    Ok(User {
        id: ObjectId::random(),
        tenant: tenant.id,
        upn: checked_upn(tenant, upn)?,
        display_name: checked_name(display_name)?,
        roles: [].into(),
        enabled: true,
        password: None,
        must_change_password: false,
        created: now,
        // There is nothing to end.
        sign_ins_from: Timestamp(0),
        tokens_from: 0,
    })
}

/// Changes a person at the time `now`, if `actor` may. Being switched off and getting
/// another's password end all sign-ins before.
///
/// # Errors
/// [`PeopleRefusal`]
pub fn change_person(
    actor: &User,
    tenant: &Tenant,
    present: &PresentUser,
    changes: &PersonChanges,
    now: Timestamp,
) -> Result<User, PeopleRefusal> {
    let before = &present.user;
    let mut after = before.clone();
    if let Some(upn) = &changes.upn {
        after.upn = checked_upn(tenant, upn)?;
    }
    if let Some(name) = &changes.display_name {
        after.display_name = checked_name(name)?;
    }
    if let Some(enabled) = changes.enabled {
        after.enabled = enabled;
    }
    if let Some(must_change) = changes.must_change_password {
        after.must_change_password = must_change;
    }
    if let Some(given) = &changes.password {
        if actor.id == before.id {
            return Err(PeopleRefusal::OwnPassword);
        }
        after.password = Some(given.hash.clone());
        after.must_change_password = given.must_change;
    }
    after.roles.extend(changes.give);
    if let Some(role) = changes.take {
        after.roles.remove(&role);
    }
    let is_switched_off = before.enabled && !after.enabled;
    if is_switched_off || changes.password.is_some() || changes.ends_sign_ins {
        after.end_sign_ins(now);
    }
    // To end one's own sign-ins no role is needed.
    let is_own_sign_out = actor.id == before.id
        && changes.ends_sign_ins
        && after
            == User {
                sign_ins_from: after.sign_ins_from,
                tokens_from: after.tokens_from,
                ..before.clone()
            };
    let is_managed = manages(actor, before) && manages(actor, &after);
    if !is_own_sign_out && !is_managed {
        return Err(PeopleRefusal::NotAllowed);
    }
    let stays_administrator =
        after.enabled && after.roles.contains(&DirectoryRole::GlobalAdministrator);
    if present.is_last_administrator && !stays_administrator {
        return Err(PeopleRefusal::LastAdministrator);
    }
    Ok(after)
}

/// Whether `actor` may delete the person.
///
/// # Errors
/// [`PeopleRefusal`]
pub fn check_deletion(actor: &User, present: &PresentUser) -> Result<(), PeopleRefusal> {
    if !manages(actor, &present.user) {
        return Err(PeopleRefusal::NotAllowed);
    }
    if present.is_last_administrator {
        return Err(PeopleRefusal::LastAdministrator);
    }
    Ok(())
}

/// Whether `actor` may invite the person to choose a first password.
///
/// # Errors
/// [`PeopleRefusal`]
pub fn check_invitation(actor: &User, user: &User) -> Result<(), PeopleRefusal> {
    if !manages(actor, user) {
        return Err(PeopleRefusal::NotAllowed);
    }
    if !user.enabled {
        return Err(PeopleRefusal::Disabled(user.upn.clone()));
    }
    if user.password.is_some() {
        return Err(PeopleRefusal::HasPassword(user.upn.clone()));
    }
    Ok(())
}

/// Whether `actor` may manage a person with these roles.
pub fn manages(actor: &User, user: &User) -> bool {
    let is_above = actor.roles.contains(&DirectoryRole::GlobalAdministrator);
    may(actor, Ability::ManagePeople)
        && (is_above || !user.roles.iter().any(|role| role.is_privileged()))
}

fn checked_name(name: &str) -> Result<String, PeopleRefusal> {
    let name = name.trim();
    let is_good =
        !name.is_empty() && name.chars().count() <= MAX_NAME && !name.contains(char::is_control);
    if is_good {
        Ok(name.to_owned())
    } else {
        Err(PeopleRefusal::DisplayName)
    }
}

fn checked_upn(tenant: &Tenant, upn: &str) -> Result<String, PeopleRefusal> {
    let upn = upn.trim();
    let (local, domain) = upn.rsplit_once('@').ok_or(PeopleRefusal::Upn)?;
    let is_good = (1..=MAX_LOCAL_PART).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && local
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || LOCAL_PART_SIGNS.contains(sign));
    if !is_good {
        return Err(PeopleRefusal::Upn);
    }
    let is_own = tenant
        .domains
        .iter()
        .any(|own| own.eq_ignore_ascii_case(domain));
    if is_own {
        Ok(upn.to_owned())
    } else {
        Err(PeopleRefusal::Domain(domain.to_owned()))
    }
}

#[cfg(test)]
mod tests;
