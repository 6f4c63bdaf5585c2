//! Owners of applications and service principals.

use casbah_model::identity::{Application, DirectoryObject};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_store::{Conflict, Store, StoreError};

use super::directory::{NOW, create, principal, record, tenant};

crate::on_both!(owners_come_and_go, |store: Store| async move {
    let (home, admin) = tenant("home.example");
    create(&store, &home, admin.clone()).await.unwrap();
    let application = Application::new(home.id, "Demo", NOW);
    let id = application.id;
    store
        .create_application(application.clone(), Some(admin.id), record())
        .await
        .unwrap();
    let client = principal(home.id, application.app_id);
    store.add_service_principal(client.clone()).await.unwrap();

    let owners = async || {
        let all = store.owners(home.id, id).await.unwrap();
        all.iter().map(DirectoryObject::id).collect::<Vec<_>>()
    };
    assert_eq!(owners().await, [admin.id]);
    let twice = store.add_owner(home.id, id, admin.id, record()).await;
    assert!(matches!(twice, Err(StoreError::Conflict(Conflict::Exists))));
    let nobody = ObjectId::random();
    let refused = store.add_owner(home.id, id, nobody, record()).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict(Conflict::Missing(missing))) if missing == nobody)
    );
    store
        .add_owner(home.id, id, client.id, record())
        .await
        .unwrap();
    assert_eq!(owners().await.len(), 2);
    assert!(store.is_owner(home.id, id, client.id).await.unwrap());
    let elsewhere = TenantId::random();
    assert!(!store.is_owner(elsewhere, id, client.id).await.unwrap());
    let owned = store.owned_objects(home.id, client.id).await.unwrap();
    assert_eq!(owned, [DirectoryObject::Application(application)]);

    // Who is gone owns nothing.
    store
        .delete_service_principal(home.id, client.id, record())
        .await
        .unwrap();
    assert_eq!(owners().await, [admin.id]);
    let remove = async || {
        store
            .remove_owner(home.id, id, admin.id, record())
            .await
            .unwrap()
    };
    assert!(remove().await);
    assert!(!remove().await);
});
