use casbah_model::activity::{Activity, ActivityId};
use casbah_model::feedback::{ActivityFeedback, ActivityVerdict, Feedback};
use casbah_model::filter::{ACTIVITIES, ACTIVITY_FEEDBACK};
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use casbah_store::{COUNTED, Ingested, Store, Total};
use serde_json::{Value, json};

use crate::samples::{activity, audit, query};

async fn matching(store: &Store, tenant: TenantId, filters: Value) -> Vec<String> {
    let query = query(
        &ACTIVITIES,
        &json!({"filters": filters, "sortDirection": "asc"}),
    );
    let page = store.list_activities(tenant, query).await.unwrap();
    assert_eq!(page.total, Total::Exactly(page.data.len() as u64));
    let read = |record: &serde_json::value::RawValue| {
        let activity: Activity = serde_json::from_str(record.get()).unwrap();
        format!(
            "{} {}",
            activity.timestamp.millis(),
            activity.user_name().unwrap_or("-")
        )
    };
    page.data.iter().map(|record| read(record)).collect()
}

crate::on_both!(every_filter_finds_what_it_says, |store: Store| async move {
    let tenant = TenantId::random();
    let activities = vec![
        activity(tenant, 1000, "Anna@contoso.example", "FileUploaded"),
        activity(tenant, 2000, "bob@contoso.example", "File_Deleted"),
        activity(tenant, 3000, "carl@other.example", "UserLoggedIn"),
    ];
    store
        .ingest_activities(tenant, 0, activities, Vec::new())
        .await
        .unwrap();
    let (anna, bob, carl) = (
        "1000 Anna@contoso.example",
        "2000 bob@contoso.example",
        "3000 carl@other.example",
    );
    for (filters, expected) in [
        (json!({}), vec![anna, bob, carl]),
        (
            json!({"user.username": {"eq": "ANNA@contoso.example"}}),
            vec![anna],
        ),
        (
            json!({"user.username": {"neq": ["anna@contoso.example", "bob@contoso.example"]}}),
            vec![carl],
        ),
        (json!({"user.username": {"eq": []}}), vec![]),
        (
            json!({"user.username": {"startswith": ["b", "c"]}}),
            vec![bob, carl],
        ),
        (json!({"user.domain": {"eq": "other.example"}}), vec![carl]),
        (json!({"actionType": {"contains": "file_"}}), vec![bob]),
        (json!({"date": {"gte": 2000}}), vec![bob, carl]),
        (
            json!({"date": {"range": [{"start": 500, "end": 1500}, {"start": 2500}]}}),
            vec![anna, carl],
        ),
        (
            json!({"service": {"eq": 11161}, "date": {"lte": 1000}}),
            vec![anna],
        ),
        (json!({"service": {"neq": 11161}}), vec![]),
        (
            json!({"location.country": {"isset": true}}),
            vec![anna, bob, carl],
        ),
        (json!({"location.country": {"isnotset": true}}), vec![]),
        (
            json!({"location.organizations": {"neq": "x"}}),
            vec![anna, bob, carl],
        ),
        (
            json!({"ip.address": {"startswith": "8.8."}}),
            vec![anna, bob, carl],
        ),
        (json!({"ip.address": {"doesnotstartwith": "8.8."}}), vec![]),
        (json!({"text": {"text": "ÜBUNG filedel"}}), vec![]),
        (json!({"text": {"text": "übu userlog"}}), vec![carl]),
        (
            json!({"entity": {"eq": [{"id": "bob@contoso.example", "saas": 11161, "inst": 0}]}}),
            vec![bob],
        ),
        (
            json!({"entity": {"neq": [{"id": "bob@contoso.example"}]}}),
            vec![anna, carl],
        ),
        (
            json!({"userAgent.userAgent": {"ncontains": "CURL"}}),
            vec![],
        ),
    ] {
        assert_eq!(
            matching(&store, tenant, filters.clone()).await,
            expected,
            "{filters}"
        );
    }
    let other = TenantId::random();
    assert!(matching(&store, other, json!({})).await.is_empty());
});

crate::on_both!(ingesting_twice_doubles_nothing, |store: Store| async move {
    let tenant = TenantId::random();
    let one = activity(tenant, 1000, "anna@contoso.example", "FileUploaded");
    let batch = vec![one.clone(), one.clone()];
    let ingested = store
        .ingest_activities(tenant, 0, batch.clone(), Vec::new())
        .await
        .unwrap();
    assert_eq!(
        ingested,
        Ingested {
            accepted: 1,
            duplicates: 1,
            late: 0
        }
    );
    let again = store
        .ingest_activities(tenant, 0, batch, Vec::new())
        .await
        .unwrap();
    assert_eq!(
        again,
        Ingested {
            accepted: 0,
            duplicates: 2,
            late: 0
        }
    );
    let stored = store.activity(tenant, one.id).await.unwrap().unwrap();
    let stored: Value = serde_json::from_str(stored.get()).unwrap();
    assert_eq!(stored, serde_json::to_value(&one).unwrap());
    let nobody = ActivityId {
        timestamp: Timestamp(1),
        uuid: uuid::Uuid::nil(),
    };
    assert!(store.activity(tenant, nobody).await.unwrap().is_none());
});

crate::on_both!(a_walk_meets_every_record_once, |store: Store| async move {
    let tenant = TenantId::random();
    // Many records of one millisecond, at the ends of pages and longer than one.
    let times = [1, 2, 2, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 6];
    let activities = times.iter().enumerate();
    let activities = activities.map(|(i, time)| activity(tenant, *time, &format!("u{i}"), "Read"));
    store
        .ingest_activities(tenant, 0, activities.collect(), Vec::new())
        .await
        .unwrap();
    for direction in ["asc", "desc"] {
        let bound = if direction == "asc" { "gte" } else { "lte" };
        let mut filters = json!({});
        let mut seen = Vec::new();
        for _ in 0..20 {
            let parameters = json!({"filters": filters, "limit": 3, "sortDirection": direction});
            let scan = store
                .scan_activities(tenant, query(&ACTIVITIES, &parameters))
                .await
                .unwrap();
            assert!(!scan.data.is_empty());
            seen.extend(scan.data.iter().map(|record| record.get().to_owned()));
            match scan.next {
                Some(next) => filters = json!({"date": {bound: next}}),
                None => break,
            }
        }
        assert_eq!(seen.len(), times.len(), "{direction}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), times.len(), "{direction}");
    }
});

crate::on_both!(
    full_text_finds_words_by_their_beginnings,
    |store: Store| async move {
        let tenant = TenantId::random();
        let named = |time, user: &str, file: &str| {
            let mut one = activity(tenant, time, user, "FileDownloaded");
            one.description = format!("Datei heruntergeladen: {file}");
            one.main_info.event_objects = serde_json::from_value(json!([
                {"objType": 1, "role": 3, "tags": [], "name": file, "id": "1"},
            ]))
            .unwrap();
            one
        };
        let activities = vec![
            named(1000, "anna@contoso.example", "Q3 Résumé-final_v2.DOCX"),
            named(2000, "bob@contoso.example", "Ärger mit 100%_Rabatt.pdf"),
            named(3000, "carl@other.example", "給与明細 2026.xlsx"),
        ];
        let stored = store.ingest_activities(tenant, 0, activities, Vec::new());
        stored.await.unwrap();
        let (anna, bob, carl) = (
            "1000 anna@contoso.example",
            "2000 bob@contoso.example",
            "3000 carl@other.example",
        );
        for (tests, expected) in [
            // All words, in any order, each by its beginning, in any case.
            (json!({"text": "RÉSUMÉ q3"}), vec![anna]),
            (json!({"text": "fin docx"}), vec![anna]),
            (json!({"text": "inal"}), vec![]),
            (json!({"text": "résumé rabatt"}), vec![]),
            (json!({"text": "herunter"}), vec![anna, bob, carl]),
            (json!({"text": "anna@contoso.example"}), vec![anna]),
            (json!({"text": "contoso"}), vec![anna, bob]),
            // What is no word parts words, and matches nothing by itself.
            (json!({"text": "100%_rab"}), vec![bob]),
            (json!({"text": "1_0"}), vec![]),
            (json!({"text": "ÄRGER"}), vec![bob]),
            (json!({"text": "給与"}), vec![carl]),
            (json!({"text": ""}), vec![anna, bob, carl]),
            (json!({"eq": ["ärger", "給与明細"]}), vec![bob, carl]),
            (json!({"startswithsingle": "q3"}), vec![anna]),
        ] {
            let filters = json!({"text": tests});
            let found = matching(&store, tenant, filters.clone()).await;
            assert_eq!(found, expected, "{filters}");
        }
    }
);

crate::on_both!(a_thousand_values_are_answered, |store: Store| async move {
    let tenant = TenantId::random();
    let one = activity(tenant, 1000, "u7", "Read");
    let stored = vec![one.clone(), activity(tenant, 2000, "other", "Read")];
    store
        .ingest_activities(tenant, 0, stored, Vec::new())
        .await
        .unwrap();
    let name = |i: i32| format!("u{i}");
    let ids = (0..999).map(|i| activity(tenant, i.into(), "nobody", "Read").id.to_string());
    let ids: Vec<_> = ids.chain([one.id.to_string()]).collect();
    let people: Vec<_> = (0..1000).map(|i| json!({"id": name(i)})).collect();
    let accounts = |app: fn(i32) -> i32| -> Vec<_> {
        let key = |i| json!({"id": name(i), "saas": app(i), "inst": 0});
        (0..1000).map(key).collect()
    };
    let alerts: Vec<_> = (0..1000).map(|i| format!("{i:024x}")).collect();
    let names: Vec<_> = (0..1000).map(name).collect();
    for (filters, expected) in [
        (json!({"activity.id": {"eq": ids}}), vec!["1000 u7"]),
        (json!({"entity": {"eq": people}}), vec!["1000 u7"]),
        (json!({"entity": {"neq": people}}), vec!["2000 other"]),
        (
            json!({"entity": {"eq": accounts(|_| 11161)}}),
            vec!["1000 u7"],
        ),
        (
            json!({"entity": {"eq": accounts(|i| 11154 + i)}}),
            vec!["1000 u7"],
        ),
        (json!({"entity": {"eq": accounts(|i| i)}}), vec![]),
        (
            json!({"entity": {"neq": accounts(|i| i)}}),
            vec!["1000 u7", "2000 other"],
        ),
        (json!({"activity.alertId": {"eq": alerts}}), vec![]),
        (json!({"user.username": {"eq": names}}), vec!["1000 u7"]),
        (
            json!({"text": {"eq": vec!["read übung"; 100]}}),
            vec!["1000 u7", "2000 other"],
        ),
        (
            json!({"text": {"text": vec!["read"; 100].join(" ")}}),
            vec!["1000 u7", "2000 other"],
        ),
    ] {
        let found = matching(&store, tenant, filters.clone()).await;
        let text = filters.to_string();
        assert_eq!(found, expected, "{}", text.get(..80).unwrap_or(&text));
    }
});

crate::on_both!(
    long_lists_are_counted_to_a_limit_and_walked_to_the_end,
    |store: Store| async move {
        let tenant = TenantId::random();
        let many = COUNTED + 250;
        // All but two are of one millisecond, more than a step would hold.
        let times = (0..many).map(|i| match i {
            0 => 1000,
            1 => 3000,
            _ => 2000,
        });
        let activities: Vec<_> = (0..).zip(times).collect();
        let make = |(i, time): &(u64, i64)| activity(tenant, *time, &format!("u{i}"), "Read");
        for batch in activities.chunks(1000) {
            let batch = batch.iter().map(make).collect();
            store
                .ingest_activities(tenant, 0, batch, Vec::new())
                .await
                .unwrap();
        }
        for (filters, skip, total, has_next) in [
            (json!({}), 0, Total::MoreThan(COUNTED), true),
            (json!({}), 10_050, Total::MoreThan(10_151), true),
            (json!({}), 10_150, Total::Exactly(many), false),
            (
                json!({"date": {"lte": 2000}, "user.username": {"neq": vec!["u7"; 1]}}),
                0,
                Total::MoreThan(COUNTED),
                true,
            ),
            (
                json!({"user.username": {"startswith": ["u9"]}}),
                0,
                Total::Exactly(1111),
                true,
            ),
        ] {
            let parameters = json!({"filters": filters, "skip": skip});
            let page = store.list_activities(tenant, query(&ACTIVITIES, &parameters));
            let page = page.await.unwrap();
            assert_eq!(
                (page.total, page.has_next),
                (total, has_next),
                "{parameters}"
            );
            assert_eq!(page.data.len(), 100);
        }
        for (direction, bound) in [("asc", "gte"), ("desc", "lte")] {
            let mut filters = json!({});
            let mut steps = Vec::new();
            loop {
                let parameters =
                    json!({"filters": filters, "limit": 10, "sortDirection": direction});
                let scan = store.scan_activities(tenant, query(&ACTIVITIES, &parameters));
                let scan = scan.await.unwrap();
                steps.push(scan.data.len() as u64);
                match scan.next {
                    Some(next) => filters = json!({"date": {bound: next}}),
                    None => break,
                }
            }
            assert_eq!(steps, [1, many - 2, 1], "{direction}");
        }
    }
);

crate::on_both!(feedback_is_kept_and_read_again, |store: Store| async move {
    let tenant = TenantId::random();
    let one = activity(tenant, 1000, "anna", "Read");
    store
        .ingest_activities(tenant, 0, vec![one.clone()], Vec::new())
        .await
        .unwrap();
    let nobody = ActivityId {
        timestamp: Timestamp(1),
        uuid: uuid::Uuid::nil(),
    };
    let said = |text: &str| ActivityVerdict {
        feedback_value: "0".to_owned(),
        feedback: Feedback {
            feedback_text: Some(text.to_owned()),
            allow_contact: true,
            contact_email: Some("anna@contoso.example".to_owned()),
        },
    };
    let give = async |id, text, at| {
        let record = audit("activity.feedback").at(Timestamp(at));
        let given = store.add_activity_feedback(tenant, id, said(text), record);
        given.await.unwrap()
    };
    assert!(give(one.id, "first", 5).await);
    assert!(give(one.id, "second", 6).await);
    assert!(!give(nobody, "third", 7).await);
    assert_eq!(store.audit_records(tenant, 9).await.unwrap().len(), 2);
    let read = async |tenant, id| {
        let query = query(&ACTIVITY_FEEDBACK, &json!({}));
        let page = store.activity_feedback(tenant, id, query).await.unwrap();
        page.map(|page| page.data)
    };
    let kept = read(tenant, one.id).await.unwrap();
    let expected = [("second", 6), ("first", 5)].map(|(text, at)| ActivityFeedback {
        timestamp: Timestamp(at),
        by: "anna".to_owned(),
        verdict: said(text),
    });
    assert_eq!(kept, expected);
    assert_eq!(read(tenant, nobody).await, None);
    assert_eq!(read(TenantId::random(), one.id).await, None);
});

crate::on_both!(
    tags_objects_and_what_is_not_kept_can_be_asked_for,
    |store: Store| async move {
        let tenant = TenantId::random();
        let mut tagged = activity(tenant, 1000, "anna", "Read");
        tagged.location.ip_tags = vec!["0000000C0000000000000000".to_owned(), "office".to_owned()];
        tagged.user_agent.tags = vec!["0000002b0000000000000000".to_owned()];
        tagged.main_info.event_objects = serde_json::from_value(json!([
            {"objType": 1, "role": 3, "tags": [], "name": "Plan.docx",
                "id": "https://contoso.example/Plan.docx"},
            {"objType": 23, "role": 4, "tags": [], "name": "anna", "id": "4e01"},
        ]))
        .unwrap();
        let plain = activity(tenant, 2000, "bob", "Read");
        store
            .ingest_activities(tenant, 0, vec![tagged, plain], Vec::new())
            .await
            .unwrap();
        let (anna, bob) = (vec!["1000 anna"], vec!["2000 bob"]);
        let (both, none) = (vec!["1000 anna", "2000 bob"], Vec::<&str>::new());
        for (filters, expected) in [
            (
                json!({"ip.tags": {"eq": "0000000c0000000000000000"}}),
                &anna,
            ),
            (json!({"ip.tags": {"eq": ["office", "x"]}}), &anna),
            (json!({"ip.tags": {"eq": ["offic"]}}), &none),
            (json!({"ip.tags": {"neq": ["office"]}}), &bob),
            (json!({"ip.tags": {"eq": null}}), &bob),
            (
                json!({"userAgent.tags": {"eq": "0000002b0000000000000000"}}),
                &anna,
            ),
            (
                json!({"device.tags": {"eq": "0000002b0000000000000000"}}),
                &none,
            ),
            (json!({"activityObject": {"eq": "4E01"}}), &anna),
            (json!({"activityObject": {"neq": ["4e01"]}}), &bob),
            (
                json!({"office365url": {"startswith": "https://CONTOSO.example/"}}),
                &anna,
            ),
            (json!({"office365url": {"startswith": "contoso"}}), &none),
            (
                json!({"office365url": {"endswith": [".docx", ".xlsx"]}}),
                &anna,
            ),
            (
                json!({"office365url": {"eq": "https://contoso.example/plan.docx"}}),
                &anna,
            ),
            (
                json!({"entity": {"startswith": [{"id": "AN", "saas": 11161}]}}),
                &anna,
            ),
            (json!({"entity": {"startswith": "bo"}}), &bob),
            (json!({"source": {"eq": {"t": 2}}}), &both),
            (json!({"source": {"eq": {"s": "x", "t": 2}}}), &none),
            (json!({"source": {"neq": {"s": "x", "t": 2}}}), &both),
            (json!({"user.orgUnit": {"eq": "Sales"}}), &none),
            (json!({"user.orgUnit": {"isnotset": true}}), &both),
            (json!({"fileLabels": {"neq": "x"}}), &both),
            (json!({"fileId": {"eq": "x"}}), &none),
            (json!({"fileSelector": {"neq": "x"}}), &both),
            (json!({"activity.takenAction": {"eq": ["block"]}}), &none),
            (
                json!({"activity.takenAction": {"eq": ["block", null]}}),
                &both,
            ),
            (json!({"policy": {"isset": true}}), &none),
            (json!({"policy": {"isset": false}}), &both),
            (
                json!({"user.tags": {"neq": {"role": 1, "adv": true}}}),
                &both,
            ),
        ] {
            let found = matching(&store, tenant, filters.clone()).await;
            assert_eq!(found, *expected, "{filters}");
        }
    }
);
