//! People: the check inside the write, and what goes with them.

use casbah_model::identity::{Digest, DirectoryRole, PasswordHash, Session, User};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_store::{Conflict, NewInvitation, Store, StoreError};

use super::directory::{NOW, create, record, tenant};

fn person(tenant: TenantId, name: &str) -> User {
    User {
        id: ObjectId::random(),
        upn: format!("{name}@contoso.example"),
        password: None,
        roles: [].into(),
        tenant,
        ..self::tenant("contoso.example").1
    }
}

/// Changes a person; tells whether the person was the last administrator before.
async fn change(store: &Store, user: &User) -> bool {
    let (tenant, id, user) = (user.tenant, user.id, user.clone());
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let tell = std::sync::Arc::clone(&told);
    let changed: Result<_, ()> = store
        .change_user(tenant, id, record(), move |present| {
            *tell.lock().unwrap() = Some(present.ok_or(())?.is_last_administrator);
            Ok(user.clone())
        })
        .await
        .unwrap();
    changed.unwrap();
    let was_last = *told.lock().unwrap();
    was_last.unwrap()
}

crate::on_both!(
    a_change_is_told_who_is_the_last_administrator,
    |store: Store| async move {
        let (contoso, admin) = tenant("contoso.example");
        create(&store, &contoso, admin.clone()).await.unwrap();
        let (fabrikam, other) = tenant("fabrikam.example");
        create(&store, &fabrikam, other).await.unwrap();
        let mut second = person(contoso.id, "second");
        store.create_user(second.clone(), record()).await.unwrap();
        assert!(
            change(&store, &admin).await,
            "another tenant's does not count"
        );
        assert!(!change(&store, &second).await);
        second.roles = [
            DirectoryRole::SecurityReader,
            DirectoryRole::GlobalAdministrator,
        ]
        .into();
        change(&store, &second).await;
        assert!(!change(&store, &admin).await);
        second.enabled = false;
        assert!(!change(&store, &second).await);
        assert!(
            change(&store, &admin).await,
            "one who is switched off is none"
        );
    }
);

crate::on_both!(
    sign_in_names_are_unique_in_a_tenant,
    |store: Store| async move {
        let (contoso, admin) = tenant("contoso.example");
        create(&store, &contoso, admin.clone()).await.unwrap();
        let mut twin = person(contoso.id, "ADMIN");
        let refused = store.create_user(twin.clone(), record()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Conflict::Name(_))));
        twin.upn = "twin@contoso.example".to_owned();
        store.create_user(twin.clone(), record()).await.unwrap();
        let renamed: Result<Result<User, ()>, _> = store
            .change_user(contoso.id, twin.id, record(), |present| {
                let user = present.ok_or(())?.user;
                Ok(User {
                    upn: "Admin@Contoso.Example".to_owned(),
                    ..user
                })
            })
            .await;
        let refused = renamed.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Conflict::Name(_))));
        assert_eq!(store.user(contoso.id, twin.id).await.unwrap(), Some(twin));
        assert_eq!(store.audit_records(contoso.id, 9).await.unwrap().len(), 1);
    }
);

crate::on_both!(a_deleted_person_leaves_nothing, |store: Store| async move {
    let (contoso, admin) = tenant("contoso.example");
    create(&store, &contoso, admin.clone()).await.unwrap();
    let user = person(contoso.id, "bo");
    let hash = Digest::new([7; 32]);
    let invitation = NewInvitation {
        hash,
        expires: NOW.plus_millis(1),
    };
    store
        .create_invited_user(user.clone(), invitation, record())
        .await
        .unwrap();
    let session = Session {
        hash,
        tenant: contoso.id,
        user: user.id,
        auth_time: NOW,
        is_asked: true,
        expires: NOW.plus_millis(1_000),
        methods: vec!["pwd".to_owned()],
        agent: String::new(),
        source: None,
    };
    store.add_user_session(session).await.unwrap();
    let epoch = store.auth_epoch(contoso.id).await.unwrap().unwrap();
    let refused: Result<(), &str> = store
        .delete_user(contoso.id, user.id, record(), |_| Err("no"))
        .await
        .unwrap();
    assert_eq!(refused, Err("no"));
    let found = store.invited_user(contoso.id, hash, NOW).await.unwrap();
    assert_eq!(found, Some(user.clone()));
    let deleted: Result<(), ()> = store
        .delete_user(contoso.id, user.id, record(), |present| {
            present.map(|_| ()).ok_or(())
        })
        .await
        .unwrap();
    assert_eq!(deleted, Ok(()));
    assert_eq!(store.user(contoso.id, user.id).await.unwrap(), None);
    assert_eq!(store.auth_epoch(contoso.id).await.unwrap(), Some(epoch + 1));
    let left = store.invited_user(contoso.id, hash, NOW).await.unwrap();
    assert_eq!(left, None);
    let left = store.user_session(contoso.id, hash, NOW).await.unwrap();
    assert!(left.is_none());
});

crate::on_both!(
    an_invitation_is_used_once_and_in_its_time,
    |store: Store| async move {
        let (contoso, admin) = tenant("contoso.example");
        create(&store, &contoso, admin.clone()).await.unwrap();
        let user = person(contoso.id, "bo");
        let hash = Digest::new([7; 32]);
        let expires = NOW.plus_millis(1_000);
        let invitation = NewInvitation { hash, expires };
        store
            .create_invited_user(user.clone(), invitation, record())
            .await
            .unwrap();
        let accept = async |tenant, hash, now| {
            let password = PasswordHash::new("chosen".to_owned());
            store
                .accept_invitation(tenant, hash, password, now, |_| record())
                .await
                .unwrap()
        };
        assert_eq!(accept(contoso.id, hash, expires).await, None, "too late");
        let other = Digest::new([8; 32]);
        assert_eq!(accept(contoso.id, other, NOW).await, None);
        assert_eq!(accept(TenantId::random(), hash, NOW).await, None);
        let accepted = accept(contoso.id, hash, NOW).await.unwrap();
        assert_eq!(accepted.id, user.id);
        assert!(accepted.password.is_some());
        assert_eq!(accept(contoso.id, hash, NOW).await, None, "used up");
    }
);
