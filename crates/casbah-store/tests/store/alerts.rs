use casbah_model::activity::ActivityId;
use casbah_model::alert::{Alert, AlertEntity, AlertHandling, AlertStatus, Resolution};
use casbah_model::audit::Origin;
use casbah_model::feedback::Feedback;
use casbah_model::filter::{ACTIVITIES, ALERT_HISTORY, ALERTS, Filter};
use casbah_model::ids::{KeyId, RecordId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{DetectionCommit, Handled, Store, Story, Total};
use serde_json::{Value, json};

use crate::samples::{activity, alert, audit, query};

pub(crate) const LAST: ActivityId = ActivityId {
    timestamp: Timestamp(5000),
    uuid: uuid::Uuid::max(),
};

pub(crate) struct Found {
    key: String,
    alert: Alert,
}

impl Story for Found {
    fn key(&self) -> &str {
        &self.key
    }

    fn joins_since(&self) -> Timestamp {
        Timestamp(0)
    }

    fn alert(&self) -> &Alert {
        &self.alert
    }

    fn join(&self, open: &mut Alert) {
        open.timestamp = self.alert.timestamp;
        open.audits.extend(self.alert.audits.iter().cloned());
    }
}

pub(crate) fn step(state: &[u8], found: Vec<Alert>) -> DetectionCommit<Found> {
    let found = found.into_iter().map(|alert| Found {
        key: alert.description.clone(),
        alert,
    });
    DetectionCommit {
        after: None,
        last: LAST,
        state: state.to_vec(),
        people: Vec::new(),
        found: found.collect(),
    }
}

pub(crate) async fn commit(store: &Store, tenant: TenantId, alerts: Vec<Alert>) {
    let node = KeyId::random();
    let now = Timestamp::now();
    let leased = store.lease_detector(tenant, node, now, now.plus_millis(-1));
    let mut step = step(b"1", alerts);
    step.after = leased.await.unwrap().unwrap().position.last;
    let committed = store.commit_detection(tenant, node, step);
    assert!(committed.await.unwrap());
}

async fn ids(store: &Store, tenant: TenantId, filters: &Value) -> Vec<RecordId> {
    let query = query(
        &ALERTS,
        &json!({"filters": filters, "sortDirection": "asc"}),
    );
    let page = store.list_alerts(tenant, query).await.unwrap();
    page.data.into_iter().map(|alert| alert.id).collect()
}

fn close(comment: &str) -> AlertHandling {
    AlertHandling {
        comment: Some(comment.to_owned()),
        reason_id: Some(4),
        send_feedback: true,
        feedback: Feedback {
            feedback_text: Some(format!("on {comment}")),
            allow_contact: true,
            contact_email: Some("anna@contoso.example".to_owned()),
        },
        ..AlertHandling::new(Resolution::Benign, "anna", Timestamp(9000))
    }
}

fn by_id(id: RecordId) -> Filter {
    query(&ALERTS, &json!({"filters": {"id": {"eq": id.to_string()}}})).filter
}

async fn handle(
    store: &Store,
    tenant: TenantId,
    filter: Filter,
    handling: AlertHandling,
) -> Handled {
    let handled = store.handle_alerts(tenant, filter, handling, Origin::default());
    handled.await.unwrap()
}

async fn history(store: &Store, tenant: TenantId, id: RecordId) -> Vec<AlertHandling> {
    let query = query(&ALERT_HISTORY, &json!({"sortDirection": "asc"}));
    let history = store.alert_history(tenant, id, query).await.unwrap();
    history.unwrap().data
}

crate::on_both!(
    alerts_are_found_closed_and_reopened,
    |store: Store| async move {
        let tenant = TenantId::random();
        let mut first = alert(tenant, 1000, "Anna@contoso.example");
        first.description = "first".to_owned();
        first.entities.push(AlertEntity::File {
            id: "drive|item".to_owned(),
            label: "Plan.docx".to_owned(),
        });
        let mut second = alert(tenant, 2000, "bob@contoso.example");
        second.description = "second".to_owned();
        let (a, b) = (first.id, second.id);
        commit(&store, tenant, vec![first, second]).await;
        for (filters, expected) in [
            (json!({}), vec![a, b]),
            (
                json!({"entity.user": {"eq": "anna@contoso.example"}}),
                vec![a],
            ),
            (
                json!({"entity.user": {"neq": "anna@contoso.example"}}),
                vec![b],
            ),
            (
                json!({"entity.entity": {"eq": {"id": "bob@contoso.example", "saas": 11161, "inst": 0}}}),
                vec![b],
            ),
            (json!({"entity.ip": {"eq": ["8.8.8.8"]}}), vec![a, b]),
            (json!({"entity.service": {"eq": "11161"}}), vec![a, b]),
            (json!({"instance": {"eq": [0]}}), vec![a, b]),
            (json!({"entity.instance": {"eq": 1}}), vec![]),
            (json!({"entity.instance": {"neq": 1}}), vec![a, b]),
            (json!({"entity.file": {"eq": "DRIVE|Item"}}), vec![a]),
            (json!({"entity.file": {"neq": "drive|item"}}), vec![b]),
            (json!({"severity": {"eq": 2}}), vec![]),
            (
                json!({"alertOpen": {"eq": true}, "read": {"eq": "false"}}),
                vec![a, b],
            ),
            (
                json!({"id": {"eq": [b.to_string(), "0".repeat(24)]}}),
                vec![b],
            ),
            (json!({"id": {"neq": [b.to_string()]}}), vec![a]),
            (
                json!({"date": {"range": [{"start": 1500, "end": 2500}]}}),
                vec![b],
            ),
            (json!({"source": {"eq": "policy"}}), vec![]),
        ] {
            assert_eq!(ids(&store, tenant, &filters).await, expected, "{filters}");
        }

        let read = store.mark_alert(tenant, a, true, audit("alert.read"));
        let read = read.await.unwrap().unwrap();
        assert_eq!(read.status_value, AlertStatus::Read);

        let unknown = RecordId::generate(1).to_string();
        let filter = query(
            &ALERTS,
            &json!({"filters": {"id": {"eq": [a.to_string(), unknown]}}}),
        )
        .filter;
        let handled = handle(&store, tenant, filter.clone(), close("fine")).await;
        assert_eq!(
            (handled.count, handled.not_found),
            (1, vec![unknown.clone()])
        );
        for (id, severity, not_found) in [
            (b.to_string(), 9, vec![]),
            (a.to_string(), 9, vec![a.to_string()]),
            (unknown.clone(), 9, vec![unknown.clone()]),
        ] {
            let ids = [&id, &id];
            let filters = json!({"id": {"eq": ids}, "severity": {"eq": severity}});
            let filter = query(&ALERTS, &json!({"filters": filters})).filter;
            let handled = handle(&store, tenant, filter, close("none")).await;
            assert_eq!((handled.count, handled.not_found), (0, not_found), "{id}");
        }
        let again = handle(&store, tenant, filter.clone(), close("late")).await;
        assert_eq!((again.count, again.not_found.len()), (0, 2));
        let closed = store.alert(tenant, a).await.unwrap().unwrap();
        assert_eq!(closed.resolution_status_value, Resolution::Benign);
        assert_eq!(closed.comment.as_deref(), Some("fine"));
        assert_eq!(
            ids(&store, tenant, &json!({"resolutionStatus": {"eq": 4}})).await,
            vec![a]
        );
        assert_eq!(
            ids(&store, tenant, &json!({"alertOpen": {"eq": false}})).await,
            vec![a]
        );

        let reopen = AlertHandling::new(Resolution::Open, "bob", Timestamp(9500));
        let reopened = handle(&store, tenant, filter, reopen).await;
        assert_eq!(reopened.count, 1);
        let audit = store.audit_records(tenant, 9).await.unwrap();
        let audit: Vec<_> = audit
            .iter()
            .map(|record| {
                (
                    record.actor.as_str(),
                    record.action.as_str(),
                    &record.target,
                )
            })
            .collect();
        let target = a.to_string();
        assert_eq!(
            audit,
            [
                ("anna", "alert.read", &"target".to_owned()),
                ("bob", "alert.reopen", &target),
                ("anna", "alert.close_benign", &target)
            ]
        );
        assert_eq!(
            ids(&store, tenant, &json!({"alertOpen": {"eq": true}}))
                .await
                .len(),
            2
        );

        let nothing = query(&ALERTS, &json!({})).filter;
        assert_eq!(handle(&store, tenant, nothing, close("all")).await.count, 0);
        let other = TenantId::random();
        assert!(store.alert(other, a).await.unwrap().is_none());
    }
);

crate::on_both!(
    every_step_of_handling_stays_in_the_history,
    |store: Store| async move {
        let tenant = TenantId::random();
        let found = alert(tenant, 1000, "anna@contoso.example");
        let id = found.id;
        commit(&store, tenant, vec![found]).await;
        assert_eq!(history(&store, tenant, id).await, []);
        let mut reopen = AlertHandling::new(Resolution::Open, "bob", Timestamp(9001));
        reopen.comment = Some("look again".to_owned());
        let mut again = close("an attack");
        again.resolution_status_value = Resolution::TruePositive;
        let steps = [close("fine"), reopen, again];
        for step in &steps {
            let handled = handle(&store, tenant, by_id(id), step.clone()).await;
            assert_eq!(handled.count, 1, "{step:?}");
        }
        // Nothing to do, and nothing to tell of.
        assert_eq!(
            handle(&store, tenant, by_id(id), close("late")).await.count,
            0
        );
        assert_eq!(history(&store, tenant, id).await, steps);
        let shown = store.alert(tenant, id).await.unwrap().unwrap();
        assert_eq!(shown.comment.as_deref(), Some("an attack"));
        assert_eq!(shown.handled_by_user.as_deref(), Some("anna"));
        assert_eq!(shown.resolve_time, Some(Timestamp(9000).to_iso()));
        let page = query(&ALERT_HISTORY, &json!({"skip": 1, "limit": 1}));
        let page = store
            .alert_history(tenant, id, page)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((page.data, page.has_next), (vec![steps[1].clone()], true));
        let other = store.alert_history(TenantId::random(), id, query(&ALERT_HISTORY, &json!({})));
        assert!(other.await.unwrap().is_none());
    }
);

crate::on_both!(
    of_many_who_close_at_once_one_does,
    |store: Store| async move {
        const CLOSERS: usize = 12;
        let tenant = TenantId::random();
        let found = alert(tenant, 1000, "anna@contoso.example");
        let id = found.id;
        commit(&store, tenant, vec![found]).await;
        let mut accepted = Vec::new();
        for round in 0..5 {
            let start = std::sync::Arc::new(tokio::sync::Barrier::new(CLOSERS));
            let closers: Vec<_> = (0..CLOSERS)
                .map(|closer| {
                    let (store, start) = (store.clone(), start.clone());
                    tokio::spawn(async move {
                        let comment = format!("{round} {closer}");
                        start.wait().await;
                        (
                            handle(&store, tenant, by_id(id), close(&comment)).await,
                            comment,
                        )
                    })
                })
                .collect();
            let mut won = Vec::new();
            for closer in closers {
                let (handled, comment) = closer.await.unwrap();
                match handled.count {
                    1 => won.push(comment),
                    _ => assert_eq!(handled.not_found, [id.to_string()]),
                }
            }
            assert_eq!(won.len(), 1, "{won:?}");
            let shown = store.alert(tenant, id).await.unwrap().unwrap();
            assert_eq!(shown.comment.as_ref(), won.first());
            accepted.append(&mut won);
            let reopen = AlertHandling::new(Resolution::Open, "bob", Timestamp(9500));
            assert_eq!(handle(&store, tenant, by_id(id), reopen).await.count, 1);
        }
        let kept = history(&store, tenant, id).await;
        let comments: Vec<_> = kept.into_iter().filter_map(|step| step.comment).collect();
        assert_eq!(comments, accepted);
    }
);

crate::on_both!(
    an_alert_that_grows_while_it_is_closed_loses_neither,
    |store: Store| async move {
        let tenant = TenantId::random();
        let first = alert(tenant, 1000, "anna@contoso.example");
        let id = first.id;
        commit(&store, tenant, vec![first]).await;
        let mut later = alert(tenant, 2000, "anna@contoso.example");
        later.audits = vec!["2000_later".to_owned()];
        let closing = handle(&store, tenant, by_id(id), close("fine"));
        let (closed, ()) = tokio::join!(closing, commit(&store, tenant, vec![later]));
        assert_eq!(closed.count, 1);
        let all = store.list_alerts(tenant, query(&ALERTS, &json!({})));
        let all = all.await.unwrap().data;
        let grew: Vec<_> = all
            .iter()
            .filter(|alert| alert.audits.contains(&"2000_later".to_owned()))
            .collect();
        assert_eq!(grew.len(), 1, "in the alert or in a new one");
        let shown = store.alert(tenant, id).await.unwrap().unwrap();
        assert_eq!(shown.comment.as_deref(), Some("fine"));
        assert_eq!(shown.resolution_status_value, Resolution::Benign);
    }
);

crate::on_both!(
    a_policy_that_is_off_raises_nothing_and_lets_nothing_grow,
    |store: Store| async move {
        let tenant = TenantId::random();
        let policy = RecordId::generate(1);
        let found = |time| {
            let mut found = alert(tenant, time, "anna");
            let of = json!({"id": policy, "label": "", "policyType": "", "type": "policyRule"});
            found.policy = serde_json::from_value(of).unwrap();
            found
        };
        let switch = async |is_enabled| {
            let record = audit("policy.switch");
            let switched = store.switch_policy(tenant, policy, is_enabled, record);
            switched.await.unwrap();
        };
        let latest = async || {
            let all = store.list_alerts(tenant, query(&ALERTS, &json!({})));
            all.await
                .unwrap()
                .data
                .first()
                .map(|alert| alert.timestamp.millis())
        };
        for (is_enabled, time, seen) in [
            (false, 1000, None),
            (true, 2000, Some(2000)),
            (false, 3000, Some(2000)),
            (true, 4000, Some(4000)),
        ] {
            switch(is_enabled).await;
            commit(&store, tenant, vec![found(time)]).await;
            assert_eq!(latest().await, seen, "{is_enabled} {time}");
            let off = store.policies_off(tenant).await.unwrap();
            assert_eq!(off.contains(&policy), !is_enabled);
            assert_eq!(
                store.policies(tenant).await.unwrap()[&policy].is_enabled,
                is_enabled
            );
        }
        assert!(store.policies(TenantId::random()).await.unwrap().is_empty());
    }
);

crate::on_both!(a_story_grows_its_open_alert, |store: Store| async move {
    let tenant = TenantId::random();
    for time in [1000, 2000] {
        let mut alert = alert(tenant, time, "anna@contoso.example");
        alert.audits = vec![format!("{time}_a")];
        commit(&store, tenant, vec![alert]).await;
    }
    let page = store
        .list_alerts(tenant, query(&ALERTS, &json!({})))
        .await
        .unwrap();
    assert_eq!(page.data.len(), 1);
    assert_eq!(page.data[0].audits, ["1000_a", "2000_a"]);
    assert_eq!(page.data[0].timestamp, Timestamp(2000));
});

crate::on_both!(a_thousand_values_are_answered, |store: Store| async move {
    let tenant = TenantId::random();
    let mut first = alert(tenant, 1000, "u7");
    first.description = "first".to_owned();
    first.entities.push(
        serde_json::from_value(json!({"type": "account", "id": "account7", "label": "",
                "pa": null, "em": null, "inst": 0, "saas": 11161, "entityType": 2,
                "entityRole": null}))
        .unwrap(),
    );
    let mut second = alert(tenant, 2000, "other");
    second.description = "second".to_owned();
    let (a, b) = (first.id, second.id);
    commit(&store, tenant, vec![first, second]).await;
    let names: Vec<_> = (0..1000).map(|i| format!("u{i}")).collect();
    let accounts = |app: fn(i32) -> i32| -> Vec<_> {
        let key = |i| json!({"id": format!("account{i}"), "saas": app(i), "inst": 0});
        (0..1000).map(key).collect()
    };
    let numbers: Vec<_> = (0..999).collect();
    let mut unknown: Vec<_> = (0..999).map(|i| format!("{i:024x}")).collect();
    unknown.push(a.to_string());
    for (filters, expected) in [
        (json!({"entity.user": {"eq": names}}), vec![a]),
        (json!({"entity.user": {"neq": names}}), vec![b]),
        (json!({"entity.entity": {"eq": names}}), vec![a]),
        (
            json!({"entity.entity": {"eq": accounts(|_| 11161)}}),
            vec![a],
        ),
        (
            json!({"entity.entity": {"eq": accounts(|i| 11154 + i)}}),
            vec![a],
        ),
        (
            json!({"entity.entity": {"neq": accounts(|i| i)}}),
            vec![a, b],
        ),
        (json!({"entity.service": {"neq": numbers}}), vec![a, b]),
        (json!({"id": {"eq": unknown}}), vec![a]),
    ] {
        let found = ids(&store, tenant, &filters).await;
        let text = filters.to_string();
        assert_eq!(found, expected, "{}", text.get(..80).unwrap_or(&text));
    }
});

crate::on_both!(
    an_alert_leads_to_its_activities,
    |store: Store| async move {
        let tenant = TenantId::random();
        let activities: Vec<_> = [1000, 2000, 3000]
            .map(|time| activity(tenant, time, "anna", "Read"))
            .into();
        let (first, second) = (activities[0].id.to_string(), activities[1].id.to_string());
        store
            .ingest_activities(tenant, 0, activities, Vec::new())
            .await
            .unwrap();
        let mut found = alert(tenant, 1000, "anna");
        found.audits = vec![first];
        let id = found.id;
        commit(&store, tenant, vec![found.clone()]).await;
        // A later finding of the same story.
        found.audits = vec![second, "not an activity".to_owned()];
        commit(&store, tenant, vec![found]).await;
        let parameters = json!({"filters": {"activity.alertId": {"eq": id}}});
        let page = store.list_activities(tenant, query(&ACTIVITIES, &parameters));
        assert_eq!(page.await.unwrap().total, Total::Exactly(2));
    }
);
