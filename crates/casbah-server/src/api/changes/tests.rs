//! Following feeds as clients do.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use casbah_model::identity::Application;
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use futures_util::StreamExt;
use serde_json::Value;

use super::*;
use crate::testing::TestServer;

const ACTIVITIES: &str = "/casbah/v1/activities/changes";
const ALERTS: &str = "/casbah/v1/alerts/changes";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

async fn token_of(server: &TestServer) -> String {
    let client = server.client(server.tenant, &Permission::ALL).await;
    server.token(&client, |_| {})
}

async fn get(server: &TestServer, token: &str, address: &str) -> Value {
    let answer = server.call("GET", address, Some(token), "").await;
    assert_eq!(answer.status, 200, "{address}: {}", answer.text);
    answer.json()
}

fn ids(answer: &Value) -> Vec<String> {
    let records = answer["data"].as_array().unwrap().iter();
    records
        .map(|record| record["_id"].as_str().unwrap().to_owned())
        .collect()
}

/// All ids of a list, by its pages.
async fn listed(server: &TestServer, token: &str, list: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    loop {
        let address = format!("/api/v1/{list}/?skip={}", all.len());
        let page = get(server, token, &address).await;
        all.extend(ids(&page));
        if page["hasNext"] == false {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_read_to_its_end_and_on() {
    let server = TestServer::start().await;
    let token = token_of(&server).await;
    let end = get(&server, &token, ACTIVITIES).await;
    assert_eq!(ids(&end), [""; 0]);
    server.play_demo(server.tenant).await;
    for (feed, list) in [(ACTIVITIES, "activities"), (ALERTS, "alerts")] {
        let mut seen = Vec::new();
        let mut after = "start".to_owned();
        loop {
            let page = get(&server, &token, &format!("{feed}?after={after}&limit=7")).await;
            assert!(page["data"].as_array().unwrap().len() <= 7);
            seen.extend(ids(&page));
            page["next"].as_str().unwrap().clone_into(&mut after);
            if page["hasNext"] == false {
                break;
            }
        }
        let all = listed(&server, &token, list).await;
        assert!(!all.is_empty());
        assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), all);
        if feed == ACTIVITIES {
            assert_eq!(seen.len(), all.len(), "nothing comes twice");
        }
    }
    let alert = listed(&server, &token, "alerts").await.pop_first().unwrap();
    let end = get(&server, &token, ALERTS).await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = format!("/api/v1/alerts/{alert}/read/");
    assert_eq!(
        server.call("POST", &read, Some(&token), "").await.status,
        200
    );
    let changed = get(&server, &token, &format!("{ALERTS}?after={end}")).await;
    assert_eq!(ids(&changed), [alert]);
    assert_eq!(changed["data"][0]["statusValue"], 1);
    assert!(
        changed["data"][0]["URL"].is_string(),
        "a record as the list has it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_refused() {
    let server = TestServer::start().await;
    let token = token_of(&server).await;
    for query in [
        "after=x",
        "after=0-0",
        "limit=-1",
        "limit=x",
        "wait=-1",
        "wait=soon",
    ] {
        let address = format!("{ACTIVITIES}?{query}");
        let answer = server.call("GET", &address, Some(&token), "").await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        assert!(answer.json()["errors"][0]["error"].is_string());
    }
    server.play_demo(server.tenant).await;
    let pruned = server
        .app
        .store
        .prune_changes(Timestamp::now().plus_millis(1_000));
    assert!(pruned.await.unwrap() > 0);
    let answer = server
        .call("GET", &format!("{ACTIVITIES}?after=1-0"), Some(&token), "")
        .await;
    assert_eq!(answer.status, 410, "{}", answer.text);
    let again = get(&server, &token, &format!("{ACTIVITIES}?after=start")).await;
    assert_eq!(ids(&again), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_ends_with_what_arrives() {
    let server = TestServer::start().await;
    let token = token_of(&server).await;
    let started = Instant::now();
    let address = format!("{ACTIVITIES}?wait=60");
    let poll = get(&server, &token, &address);
    let (answer, ()) = tokio::join!(poll, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.play_demo(server.tenant).await;
    });
    assert!(!ids(&answer).is_empty());
    assert!(started.elapsed() < LONG);
    let next = answer["next"].as_str().unwrap();
    let rest = get(
        &server,
        &token,
        &format!("{ACTIVITIES}?after={next}&limit=1000"),
    )
    .await;
    let next = rest["next"].as_str().unwrap();
    let none = get(
        &server,
        &token,
        &format!("{ACTIVITIES}?after={next}&wait=1"),
    )
    .await;
    assert_eq!(ids(&none), [""; 0]);
    assert_eq!(none["next"], next);
}

/// Begins a stream of events.
async fn stream(
    server: &TestServer,
    token: &str,
    address: &str,
    last: Option<&str>,
) -> impl Stream<Item = String> + Unpin {
    let mut request = Request::builder()
        .uri(address)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::ACCEPT, EVENT_STREAM);
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let response = server.respond(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::CONTENT_TYPE], EVENT_STREAM);
    let frames = response.into_body().into_data_stream();
    Box::pin(frames.map(|frame| String::from_utf8(frame.unwrap().to_vec()).unwrap()))
}

/// Ids and records of so many events.
async fn events_of(
    stream: &mut (impl Stream<Item = String> + Unpin),
    count: usize,
) -> Vec<(String, Value)> {
    let (mut text, mut found) = (String::new(), Vec::new());
    while found.len() < count {
        let next = tokio::time::timeout(LONG, stream.next()).await.unwrap();
        text += &next.expect("the stream goes on");
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| {
                let mut lines = event.lines();
                lines
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::to_owned)
            };
            if let Some(data) = field("data: ") {
                assert_eq!(field("event: ").unwrap(), "activity");
                found.push((field("id: ").unwrap(), serde_json::from_str(&data).unwrap()));
            }
            text = rest.to_owned();
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_goes_on_where_it_was() {
    let server = TestServer::start().await;
    let token = token_of(&server).await;
    let mut first = stream(&server, &token, ACTIVITIES, None).await;
    server.play_demo(server.tenant).await;
    let all = listed(&server, &token, "activities").await;
    let seen = events_of(&mut first, 5).await;
    drop(first);
    let last = seen[4].0.clone();
    let mut second = stream(&server, &token, ACTIVITIES, Some(&last)).await;
    let rest = events_of(&mut second, all.len() - 5).await;
    let ids: Vec<_> = seen
        .iter()
        .chain(&rest)
        .map(|(_, record)| record["_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), all.len());
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_right_to_it_or_the_server() {
    let server = TestServer::start().await;
    let client = server.client(server.tenant, &Permission::ALL).await;
    let ends = async |mut stream: Box<dyn Stream<Item = String> + Unpin>| {
        let drain = async { while stream.next().await.is_some() {} };
        tokio::time::timeout(LONG, drain)
            .await
            .expect("the stream ends");
    };
    let token = server.token(&client, |_| {});
    let first = stream(&server, &token, ACTIVITIES, None).await;
    server
        .save(&Application {
            deleted: Some(Timestamp::now()),
            ..client.application.clone()
        })
        .await;
    ends(Box::new(first)).await;
    let token = token_of(&server).await;
    let last = stream(&server, &token, ALERTS, None).await;
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.app.closing.send_replace(true);
    };
    tokio::join!(ends(Box::new(last)), stopping);
}
