//! Sign-ins on other devices.

use casbah_model::identity::{
    CASBAH_CLI, DeviceGrant, DeviceRequest, DeviceState, Digest, RequestedResource,
};
use casbah_model::ids::TenantId;
use casbah_store::Store;

use super::directory::{NOW, create, record, tenant};

fn request(number: u8) -> DeviceRequest {
    DeviceRequest {
        hash: Digest::new([number; 32]),
        user_code: Digest::new([number + 100; 32]),
        tenant: Some(TenantId::random()),
        client: CASBAH_CLI.app_id,
        scope: "openid a/b".to_owned(),
        created: NOW,
        expires: NOW.plus_millis(900_000),
        state: DeviceState::Pending,
    }
}

crate::on_both!(
    a_device_is_answered_once_and_exchanged_once,
    |store: Store| async move {
        let (contoso, admin) = tenant("contoso.example");
        create(&store, &contoso, admin.clone()).await.unwrap();
        let one = request(1);
        assert!(store.add_device_request(one.clone()).await.unwrap());
        let twin = DeviceRequest {
            user_code: one.user_code,
            ..request(2)
        };
        assert!(
            !store.add_device_request(twin).await.unwrap(),
            "the code is taken"
        );
        let pending = store
            .pending_device_request(one.user_code, NOW)
            .await
            .unwrap();
        assert_eq!(pending, Some(one.clone()));
        let late = store
            .pending_device_request(one.user_code, one.expires)
            .await;
        assert_eq!(late.unwrap(), None);

        let grant = DeviceGrant {
            tenant: contoso.id,
            user: admin.id,
            scopes: vec!["openid".to_owned(), "b".to_owned()],
            resource: Some(RequestedResource {
                requested: "a".to_owned(),
                app_id: CASBAH_CLI.app_id,
            }),
            auth_time: NOW,
            methods: vec!["pwd".to_owned()],
        };
        let accepted = DeviceState::Accepted(grant);
        let answer = async |state, now| {
            store
                .answer_device_request(one.hash, state, now, contoso.id, record())
                .await
                .unwrap()
        };
        assert!(!answer(accepted.clone(), one.expires).await, "too late");
        assert!(answer(accepted.clone(), NOW).await);
        assert!(!answer(DeviceState::Declined, NOW).await, "it is answered");
        assert_eq!(store.audit_records(contoso.id, 9).await.unwrap().len(), 1);
        let stored = store.device_request(one.hash).await.unwrap().unwrap();
        assert_eq!(stored.state, accepted);
        let gone = store.pending_device_request(one.user_code, NOW).await;
        assert_eq!(gone.unwrap(), None);

        let exchange = async || {
            store
                .exchange_device_code(one.hash, |stored| match stored.map(|one| &one.state) {
                    Some(DeviceState::Accepted(_)) => Ok(None),
                    _ => Err("no"),
                })
                .await
                .unwrap()
        };
        assert_eq!(exchange().await, Ok(()));
        assert_eq!(exchange().await, Err("no"));
        let later = DeviceRequest {
            created: one.expires.plus_millis(3_600_001),
            ..request(3)
        };
        assert!(store.add_device_request(later).await.unwrap());
        assert_eq!(store.device_request(one.hash).await.unwrap(), None, "swept");
    }
);
