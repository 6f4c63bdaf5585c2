//! Alerts closed and opened again, and what is said of activities, as clients do it.

use std::sync::Arc;

use casbah_model::permission::Permission;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::TestServer;

struct Soc {
    server: TestServer,
    token: String,
}

impl Soc {
    async fn start() -> Self {
        let server = TestServer::start().await;
        server.play_demo(server.tenant).await;
        let client = server.client(server.tenant, &[Permission::InvestigationManage]);
        let token = server.token(&client.await, |_| {});
        Self { server, token }
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .server
            .call("POST", path, Some(&self.token), body.to_string());
        let answer = answer.await;
        (answer.status, answer.json())
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.server.call("GET", path, Some(&self.token), "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    async fn first(&self, list: &str) -> String {
        let all = self.get(list).await;
        all["data"][0]["_id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_when_closing_is_kept_step_by_step() {
    let soc = Soc::start().await;
    let id = soc.first("/api/v1/alerts/").await;
    let one = json!({"id": {"eq": [id]}});
    let steps = [
        (
            "/api/v1/alerts/close_benign/",
            json!({"filters": one, "comment": "a test", "reasonId": 6, "sendFeedback": true,
                "feedbackText": "too loud", "allowContact": "true",
                "contactEmail": "soc@contoso.example"}),
            json!({"closed_benign": 1}),
        ),
        (
            "/api/v1/alerts/reopen/",
            json!({"filters": one, "comment": "look again"}),
            json!({"reopened": 1}),
        ),
        (
            // A client sends null for what it does not know, and text for numbers.
            "/cas/api/v1/alerts/close_false_positive",
            json!({"filters": one, "reasonID": "3", "comment": null, "feedbackText": null,
                "allowContact": null, "contactEmail": null}),
            json!({"closed_false_positive": 1}),
        ),
        (
            "/api/v1/alerts/reopen/",
            json!({"filters": one}),
            json!({"reopened": 1}),
        ),
        (
            "/api/alerts/close_true_positive",
            json!({"filters": one, "comment": "an attack", "reasonId": 9}),
            json!({"closed_true_positive": 1}),
        ),
        (
            "/api/v1/alerts/close_benign/",
            json!({"filters": one, "comment": "late"}),
            json!({"closed_benign": 0, "alertsNotFound": [id]}),
        ),
        (
            "/api/v1/alerts/reopen/",
            json!({"filters": one}),
            json!({"reopened": 1}),
        ),
    ];
    for (path, body, expected) in steps {
        assert_eq!(
            soc.post(path, &body).await,
            (200, expected),
            "{path} {body}"
        );
    }
    let path = format!("/casbah/v1/alerts/{id}/history?sortDirection=asc");
    let history = soc.get(&path).await;
    assert_eq!(
        (&history["total"], &history["hasNext"]),
        (&json!(6), &json!(false))
    );
    let seen: Vec<_> = history["data"].as_array().unwrap().iter().collect();
    let told: Vec<_> = seen
        .iter()
        .map(|step| {
            json!([
                step["resolutionStatusValue"],
                step["reasonId"],
                step["comment"],
                step["sendFeedback"],
                step["feedbackText"]
            ])
        })
        .collect();
    let none = Value::Null;
    assert_eq!(
        told,
        [
            json!([4, 6, "a test", true, "too loud"]),
            json!([0, none, "look again", false, none]),
            json!([3, 3, none, false, none]),
            json!([0, none, none, false, none]),
            json!([5, none, "an attack", false, none]),
            json!([0, none, none, false, none]),
        ]
    );
    assert_eq!(seen[0]["contactEmail"], "soc@contoso.example");
    assert!(
        seen.iter()
            .all(|step| step["by"].is_string() && step["timestamp"].is_i64())
    );
    let alert = soc.get(&format!("/api/v1/alerts/{id}/")).await;
    let state = json!([
        alert["statusValue"],
        alert["resolutionStatusValue"],
        alert["resolveTime"],
        alert["comment"]
    ]);
    assert_eq!(state, json!([1, 0, none, "an attack"]));
    assert_eq!(alert["handledByUser"], seen[0]["by"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_close_at_once_all_but_one_are_told() {
    let soc = Arc::new(Soc::start().await);
    let id = soc.first("/api/v1/alerts/").await;
    let mut closers = JoinSet::new();
    for number in 0..10 {
        let (soc, id) = (Arc::clone(&soc), id.clone());
        closers.spawn(async move {
            let body = json!({"filters": {"id": {"eq": [id]}}, "comment": number.to_string()});
            let (status, answer) = soc.post("/api/v1/alerts/close_benign/", &body).await;
            assert_eq!(status, 200, "{answer}");
            (answer, number.to_string())
        });
    }
    let answers = closers.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|(answer, _)| answer["closed_benign"] == 1);
    assert_eq!((won.len(), lost.len()), (1, 9));
    for (answer, _) in lost {
        assert_eq!(answer, json!({"closed_benign": 0, "alertsNotFound": [id]}));
    }
    let history = soc.get(&format!("/casbah/v1/alerts/{id}/history")).await;
    assert_eq!(history["total"], 1);
    assert_eq!(history["data"][0]["comment"], won[0].1.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_deprecated_close_all_the_same() {
    let soc = Soc::start().await;
    let id = soc.first("/api/v1/alerts/").await;
    let bulk = json!({"filters": {"id": {"eq": [id]}}, "comment": "old"});
    let dismiss = format!("/api/v1/alerts/{id}/dismiss/");
    for (path, body, counted, resolution) in [
        ("/api/v1/alerts/dismiss_bulk/", &bulk, "dismissed", 3),
        (dismiss.as_str(), &json!({"comment": "old"}), "dismissed", 3),
        (dismiss.as_str(), &Value::Null, "dismissed", 3),
        ("/cas/api/v1/alerts/resolve/", &bulk, "resolved", 5),
    ] {
        assert_eq!(
            soc.post(path, body).await,
            (200, json!({counted: 1})),
            "{path}"
        );
        let alert = soc.get(&format!("/api/v1/alerts/{id}/")).await;
        assert_eq!(alert["resolutionStatusValue"], resolution, "{path}");
        assert!(alert["resolveTime"].as_str().unwrap().ends_with('Z'));
        let reopened = soc.post("/api/v1/alerts/reopen/", &bulk).await;
        assert_eq!(reopened, (200, json!({"reopened": 1})));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_on_an_activity_can_be_read() {
    let soc = Soc::start().await;
    let id = soc.first("/api/v1/activities/").await;
    let give = format!("/api/v1/activities/{id}/feedback");
    let body = json!({"feedbackValue": "0", "feedbackText": "a test", "allowContact": true,
        "contactEmail": "soc@contoso.example"});
    let (status, answer) = soc.post(&give, &body).await;
    assert_eq!((status, &answer["data"][0]), (200, &body));
    let read = format!("/casbah/v1/activities/{id}/feedback");
    let kept = soc.get(&read).await;
    assert_eq!(kept["total"], 1);
    let kept = kept["data"][0].as_object().unwrap();
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(kept.get(name), Some(value), "{name}");
    }
    assert!(kept["by"].is_string() && kept["timestamp"].is_i64());
    let filtered = soc
        .post(&read, &json!({"filters": {"by": {"eq": "x"}}}))
        .await;
    assert_eq!(filtered.0, 400, "{}", filtered.1);
}
