use casbah_model::identity::DirectoryRole::{
    ApplicationAdministrator, GlobalAdministrator, PrivilegedRoleAdministrator, SecurityReader,
};
use casbah_model::ids::TenantId;
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn tenant() -> Tenant {
    Tenant {
        id: TenantId::random(),
        display_name: "Contoso".into(),
        default_domain: "contoso.example".into(),
        domains: vec!["contoso.example".into(), "contoso.test".into()],
        created: NOW,
        is_home: true,
        members_register: false,
        auth_epoch: 0,
    }
}

fn person(roles: &[DirectoryRole]) -> User {
    let mut user = new_person(&tenant(), "ada@contoso.example", "Ada", NOW).unwrap();
    user.roles = roles.iter().copied().collect();
    user.password = Some(PasswordHash::new("before".into()));
    user
}

fn present(user: &User) -> PresentUser {
    PresentUser {
        user: user.clone(),
        is_last_administrator: false,
    }
}

fn password() -> PersonChanges {
    PersonChanges {
        password: Some(GivenPassword {
            hash: PasswordHash::new("after".into()),
            must_change: true,
        }),
        ..PersonChanges::default()
    }
}

fn give(role: DirectoryRole) -> PersonChanges {
    PersonChanges {
        give: Some(role),
        ..PersonChanges::default()
    }
}

fn take(role: DirectoryRole) -> PersonChanges {
    PersonChanges {
        take: Some(role),
        ..PersonChanges::default()
    }
}

fn switch(enabled: bool) -> PersonChanges {
    PersonChanges {
        enabled: Some(enabled),
        ..PersonChanges::default()
    }
}

fn change(actor: &User, user: &User, changes: &PersonChanges) -> Result<User, PeopleRefusal> {
    change_person(actor, &tenant(), &present(user), changes, NOW)
}

#[test]
fn nobody_climbs_above_the_own_role() {
    let (global, privileged) = (
        person(&[GlobalAdministrator]),
        person(&[PrivilegedRoleAdministrator]),
    );
    let reader = person(&[SecurityReader]);
    let changes = [
        password(),
        switch(false),
        give(SecurityReader),
        take(SecurityReader),
    ];
    for changes in &changes {
        for target in [&global, &privileged] {
            let other = person(&target.roles.iter().copied().collect::<Vec<_>>());
            assert!(change(&global, &other, changes).is_ok(), "{changes:?}");
            let refused = Err(PeopleRefusal::NotAllowed);
            assert_eq!(change(&privileged, &other, changes), refused, "{changes:?}");
        }
        for actor in [&global, &privileged] {
            assert!(change(actor, &reader, changes).is_ok(), "{changes:?}");
        }
        for actor in [&reader, &person(&[ApplicationAdministrator]), &person(&[])] {
            let refused = Err(PeopleRefusal::NotAllowed);
            assert_eq!(change(actor, &person(&[]), changes), refused, "{changes:?}");
        }
    }
    for role in DirectoryRole::ALL {
        let holder = person(&[role]);
        let allowed = !role.is_privileged();
        assert_eq!(
            change(&privileged, &reader, &give(role)).is_ok(),
            allowed,
            "{role}"
        );
        assert!(
            change(&privileged, &privileged, &give(role)).is_err(),
            "oneself"
        );
        assert_eq!(
            change(&privileged, &holder, &take(role)).is_ok(),
            allowed,
            "{role}"
        );
        assert!(change(&global, &reader, &give(role)).is_ok(), "{role}");
        assert!(change(&global, &holder, &take(role)).is_ok(), "{role}");
        assert_eq!(
            check_deletion(&privileged, &present(&holder)).is_ok(),
            allowed
        );
        assert!(check_deletion(&global, &present(&holder)).is_ok());
        assert!(check_deletion(&reader, &present(&holder)).is_err());
    }
    let off = User {
        enabled: false,
        ..global
    };
    assert!(change(&off, &reader, &switch(false)).is_err());
}

#[test]
fn the_last_administrator_stays() {
    let actor = person(&[GlobalAdministrator]);
    let last = PresentUser {
        user: person(&[GlobalAdministrator]),
        is_last_administrator: true,
    };
    for changes in [switch(false), take(GlobalAdministrator)] {
        assert_eq!(
            change_person(&actor, &tenant(), &last, &changes, NOW),
            Err(PeopleRefusal::LastAdministrator)
        );
    }
    assert_eq!(
        check_deletion(&actor, &last),
        Err(PeopleRefusal::LastAdministrator)
    );
    for changes in [
        password(),
        switch(true),
        take(SecurityReader),
        give(SecurityReader),
    ] {
        assert!(change_person(&actor, &tenant(), &last, &changes, NOW).is_ok());
    }
}

#[test]
fn what_ends_sign_ins_does_so_for_good() {
    let actor = person(&[GlobalAdministrator]);
    let user = person(&[]);
    for (changes, ends) in [
        (switch(false), true),
        (switch(true), false),
        (password(), true),
        (give(SecurityReader), false),
        (
            PersonChanges {
                ends_sign_ins: true,
                ..PersonChanges::default()
            },
            true,
        ),
    ] {
        let after = change(&actor, &user, &changes).unwrap();
        assert_eq!(after.counts_sign_in_at(NOW), !ends, "{changes:?}");
        assert!(after.counts_sign_in_at(NOW.plus_millis(1)));
        assert_eq!(after.tokens_from > NOW.seconds(), ends, "{changes:?}");
    }
}

#[test]
fn oneself_may_sign_out_but_not_take_the_account_over() {
    let user = person(&[]);
    let sign_out = PersonChanges {
        ends_sign_ins: true,
        ..PersonChanges::default()
    };
    assert!(change(&user, &user, &sign_out).is_ok());
    assert!(change(&person(&[]), &user, &sign_out).is_err(), "another");
    let with_name = PersonChanges {
        display_name: Some("Root".into()),
        ..sign_out
    };
    assert_eq!(
        change(&user, &user, &with_name),
        Err(PeopleRefusal::NotAllowed)
    );
    let global = person(&[GlobalAdministrator]);
    assert_eq!(
        change(&global, &global, &password()),
        Err(PeopleRefusal::OwnPassword)
    );
}

#[test]
fn only_who_cannot_sign_in_yet_is_invited() {
    let actor = person(&[PrivilegedRoleAdministrator]);
    let fresh = new_person(&tenant(), "bo@contoso.test", "Bo", NOW).unwrap();
    assert_eq!(check_invitation(&actor, &fresh), Ok(()));
    assert_eq!(
        check_invitation(&person(&[]), &fresh),
        Err(PeopleRefusal::NotAllowed)
    );
    assert!(matches!(
        check_invitation(&actor, &person(&[])),
        Err(PeopleRefusal::HasPassword(_))
    ));
    let off = User {
        enabled: false,
        ..fresh.clone()
    };
    assert!(matches!(
        check_invitation(&actor, &off),
        Err(PeopleRefusal::Disabled(_))
    ));
    let above = User {
        roles: [GlobalAdministrator].into(),
        ..fresh
    };
    assert_eq!(
        check_invitation(&actor, &above),
        Err(PeopleRefusal::NotAllowed)
    );
}

#[test]
fn names_are_of_the_tenant() {
    let make = |upn: &str| new_person(&tenant(), upn, "Ada", NOW).map(|user| user.upn);
    for upn in ["ada@contoso.example", " o'neil.a_b-c@CONTOSO.test "] {
        assert_eq!(make(upn).as_deref(), Ok(upn.trim()));
    }
    for upn in [
        "ada",
        "@contoso.example",
        ".a@contoso.example",
        "a b@contoso.example",
        "ä@contoso.example",
    ] {
        assert_eq!(make(upn), Err(PeopleRefusal::Upn), "{upn}");
    }
    assert_eq!(
        make("ada@fabrikam.example"),
        Err(PeopleRefusal::Domain("fabrikam.example".into()))
    );
    assert_eq!(
        make(&format!("{}@contoso.test", "a".repeat(65))),
        Err(PeopleRefusal::Upn)
    );
    for name in ["", "  ", "a\nb"] {
        let refused = new_person(&tenant(), "ada@contoso.test", name, NOW);
        assert_eq!(refused, Err(PeopleRefusal::DisplayName));
    }
}

proptest! {
    /// However quickly ends and sign-ins follow each other, a token from before an end is
    /// older than what counts, and one from after it is not.
    #[test]
    fn ends_part_old_tokens_from_new(steps in prop::collection::vec((0_i64..700, any::<bool>()), 1..40)) {
        let mut user = person(&[]);
        let mut tokens: Vec<(i64, bool)> = Vec::new();
        let mut now = NOW;
        for (passes, ends) in steps {
            now = now.plus_millis(passes);
            if ends {
                user.end_sign_ins(now);
                for (_, is_good) in &mut tokens {
                    *is_good = false;
                }
            } else {
                tokens.push((now.seconds().max(user.tokens_from), true));
            }
            for (dated, is_good) in &tokens {
                prop_assert_eq!(*dated >= user.tokens_from, *is_good);
            }
        }
    }
}
