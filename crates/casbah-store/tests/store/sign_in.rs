use casbah_model::identity::{
    AuthorizationCode, CodeChallenge, Digest, Platform, RefreshStanding, RefreshToken, Session,
};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{Denied, Store};

const NOW: Timestamp = Timestamp(1_000_000);

crate::on_both!(
    a_code_is_redeemed_once_however_many_try,
    |store: Store| async move {
        let tenant = TenantId::random();
        let code = AuthorizationCode {
            hash: Digest::new([1; 32]),
            tenant,
            client: AppId::random(),
            user: ObjectId::random(),
            redirect_uri: "http://localhost".to_owned(),
            scopes: vec!["openid".to_owned(), "profile".to_owned()],
            resource: None,
            challenge: Some(CodeChallenge::S256("challenge".to_owned())),
            nonce: Some("nonce".to_owned()),
            auth_time: NOW,
            methods: vec!["pwd".to_owned()],
            wants_auth_time: false,
            created: NOW,
            expires: NOW.plus_millis(600_000),
            redeemed: None,
            family: ObjectId::random(),
        };
        store.add_authorization_code(code.clone()).await.unwrap();
        let first = RefreshToken {
            hash: Digest::new([2; 32]),
            family: code.family,
            tenant,
            client: code.client,
            platform: Platform::Spa,
            user: code.user,
            scopes: code.scopes.clone(),
            resource: None,
            auth_time: NOW,
            methods: vec!["pwd".to_owned()],
            created: NOW,
            expires: NOW.plus_millis(900_000),
            generation: 0,
            used: None,
            revoked: None,
        };
        let once = |first: RefreshToken| {
            move |stored: Option<&AuthorizationCode>| match stored {
                Some(code) if code.redeemed.is_none() => Ok(Some(first.clone())),
                Some(code) => Err(Denied {
                    reason: "redeemed",
                    ends_family: Some(code.family),
                }),
                None => Err(Denied {
                    reason: "unknown",
                    ends_family: None,
                }),
            }
        };
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (store, decide) = (store.clone(), once(first.clone()));
            tries.spawn(async move {
                store
                    .exchange_authorization_code(tenant, Digest::new([1; 32]), NOW, decide)
                    .await
                    .unwrap()
            });
        }
        let answers = tries.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(answers.contains(&Err("redeemed")));
        let kept = store.refresh_token(tenant, first.hash).await.unwrap();
        assert_eq!(
            kept.and_then(|chain| chain.token.revoked),
            Some(NOW),
            "the second use ended what the first began"
        );
        let unknown = store
            .exchange_authorization_code(tenant, Digest::new([9; 32]), NOW, once(first))
            .await
            .unwrap();
        assert_eq!(unknown, Err("unknown"));
    }
);

crate::on_both!(
    a_family_of_refresh_tokens_moves_on_with_the_first_use_of_its_newest,
    |store: Store| async move {
        let tenant = TenantId::random();
        let token = move |byte| RefreshToken {
            hash: Digest::new([byte; 32]),
            family: ObjectId::new(uuid::Uuid::nil()),
            tenant,
            client: AppId::new(uuid::Uuid::nil()),
            platform: Platform::Web,
            user: ObjectId::new(uuid::Uuid::nil()),
            scopes: vec!["offline_access".to_owned()],
            resource: None,
            auth_time: NOW,
            methods: vec!["pwd".to_owned()],
            created: NOW,
            expires: NOW.plus_millis(900_000),
            generation: 0,
            used: None,
            revoked: None,
        };
        store.add_refresh_token(token(1)).await.unwrap();
        let exchange = async |byte, time, next| {
            let outcome: Result<(), ()> = store
                .exchange_refresh_token(tenant, token(byte).hash, time, move |stored| {
                    let generation = stored.map_or(0, RefreshStanding::next_generation);
                    Ok(RefreshToken {
                        generation,
                        ..token(next)
                    })
                })
                .await
                .unwrap();
            assert_eq!(outcome, Ok(()));
        };
        let stored = async |byte| {
            let standing = store.refresh_token(tenant, token(byte).hash).await.unwrap();
            standing.unwrap()
        };
        assert_eq!(stored(1).await.passed, None);
        let at = |millis| NOW.plus_millis(millis);
        exchange(1, at(1), 2).await;
        exchange(2, at(2), 3).await;
        exchange(1, at(3), 4).await;
        let first = stored(1).await;
        assert_eq!(first.token.used, Some(at(1)), "the first use stands");
        assert_eq!((first.newest, first.passed), (2, Some(at(1))));
        assert_eq!(stored(2).await.passed, Some(at(2)));
        for newest in [3, 4] {
            let standing = stored(newest).await;
            assert_eq!((standing.token.generation, standing.passed), (2, None));
        }
        exchange(4, at(9), 5).await;
        assert_eq!(
            stored(3).await.passed,
            Some(at(9)),
            "another of its generation went on"
        );
        assert_eq!(stored(3).await.token.used, None);
        let refused: Result<(), &str> = store
            .exchange_refresh_token(tenant, token(3).hash, NOW, move |stored| {
                Err(Denied {
                    reason: "thief",
                    ends_family: stored.map(|standing| standing.token.family),
                })
            })
            .await
            .unwrap();
        assert_eq!(refused, Err("thief"));
        assert_eq!(stored(3).await.token.revoked, Some(NOW));
    }
);

crate::on_both!(
    of_many_attempts_at_once_no_more_begin_than_may,
    |store: Store| async move {
        let tenant = TenantId::random();
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            tries.spawn(async move {
                let wait = |count, last| (count >= 3 && last == NOW).then_some(7);
                let begun = store.begin_sign_in(tenant, "ada".to_owned(), NOW, wait);
                begun.await.unwrap()
            });
        }
        let answers = tries.join_all().await;
        let begun = answers.iter().filter(|answer| answer.is_none()).count();
        assert_eq!(begun, 3, "{answers:?}");
        assert!(answers.contains(&Some(7)));
        let failures = async || {
            let failures = store.sign_in_failures(tenant, "ada".to_owned()).await;
            failures.unwrap()
        };
        assert_eq!(failures().await, Some((3, NOW)));
        store
            .forget_sign_in_failures(tenant, "ada".to_owned())
            .await
            .unwrap();
        assert_eq!(failures().await, None);
    }
);

crate::on_both!(what_sign_in_leaves_is_swept, |store: Store| async move {
    let tenant = TenantId::random();
    let digest = |byte| Digest::new([byte; 32]);
    let token = move |byte| RefreshToken {
        hash: digest(byte),
        family: ObjectId::new(uuid::Uuid::nil()),
        tenant,
        client: AppId::new(uuid::Uuid::nil()),
        platform: Platform::Web,
        user: ObjectId::new(uuid::Uuid::nil()),
        scopes: Vec::new(),
        resource: None,
        auth_time: NOW,
        methods: vec!["pwd".to_owned()],
        created: NOW,
        expires: NOW.plus_millis(1000),
        generation: 0,
        used: None,
        revoked: None,
    };
    let is_there = async |byte| {
        let found = store.refresh_token(tenant, digest(byte)).await;
        found.unwrap().is_some()
    };
    let later = NOW.plus_millis(90_000_000);
    let other_family = RefreshToken {
        family: ObjectId::random(),
        ..token(9)
    };
    store.add_refresh_token(other_family).await.unwrap();
    store.add_refresh_token(token(1)).await.unwrap();
    let kept = RefreshToken {
        expires: later,
        ..token(2)
    };
    let next: Result<(), ()> = store
        .exchange_refresh_token(tenant, digest(1), later, move |_| Ok(kept.clone()))
        .await
        .unwrap();
    next.unwrap();
    let there = (is_there(1).await, is_there(2).await, is_there(9).await);
    assert_eq!(there, (false, true, true), "the family's own");
    let first: Result<(), ()> = store
        .exchange_authorization_code(tenant, digest(7), later, move |_| Ok(Some(token(3))))
        .await
        .unwrap();
    first.unwrap();
    assert!(!is_there(9).await && is_there(2).await, "the tenant's");

    let session = |byte, at: Timestamp| Session {
        hash: digest(byte),
        tenant,
        user: ObjectId::random(),
        auth_time: at,
        is_asked: byte == 2,
        methods: vec!["pwd".to_owned()],
        expires: at.plus_millis(1000),
        agent: "Firefox".to_owned(),
        source: Some([192, 0, 2, 1].into()),
    };
    store.add_user_session(session(1, NOW)).await.unwrap();
    store.add_user_session(session(2, later)).await.unwrap();
    let found = async |byte| store.user_session(tenant, digest(byte), NOW).await.unwrap();
    assert!(found(1).await.is_none() && found(2).await.is_some());

    for (subject, at) in [("ada", NOW), ("bob", later)] {
        let begun = store.begin_sign_in(tenant, subject.to_owned(), at, |_, _| None);
        begun.await.unwrap();
    }
    let failures = async |subject: &str| {
        let failures = store.sign_in_failures(tenant, subject.to_owned()).await;
        failures.unwrap()
    };
    assert_eq!(failures("ada").await, None);
    assert_eq!(failures("bob").await, Some((1, later)));
});

crate::on_both!(
    an_assertion_counts_once_until_it_ends,
    |store: Store| async move {
        let (tenant, hash) = (TenantId::random(), Digest::new([7; 32]));
        let end = NOW.plus_millis(1_000);
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            tries.spawn(async move { store.use_assertion(tenant, hash, end, NOW).await.unwrap() });
        }
        let first = tries.join_all().await;
        assert_eq!(first.iter().filter(|is_first| **is_first).count(), 1);
        let used = async |tenant, hash, now| store.use_assertion(tenant, hash, end, now).await;
        assert!(!used(tenant, hash, end.plus_millis(-1)).await.unwrap());
        assert!(used(TenantId::random(), hash, NOW).await.unwrap());
        assert!(used(tenant, Digest::new([8; 32]), NOW).await.unwrap());
        // It ended, so it is forgotten: by itself it proves nothing any more.
        assert!(used(tenant, hash, end).await.unwrap());
    }
);
