//! Walks through all activities while new ones arrive, as clients do them.

use std::cell::Cell;
use std::collections::BTreeSet;

use casbah_model::activity::{Activity, ActivityId};
use casbah_model::filter::{ACTIVITIES, parse_query};
use casbah_model::ids::SaasId;
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::TestServer;

/// How many walks are tried.
const WALKS: u32 = 80;

/// What the caller asks for first, beside the app.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Nothing,
    Bounds,
    Range,
    Days,
}

/// What the caller does with the filters before sending them back.
#[derive(Debug, Clone, Copy)]
enum Returned {
    AsTheyAre,
    AsFloats,
    /// Through seconds, which leaves a fraction.
    ThroughSeconds,
    AsText,
    /// With the earliest time set to a millisecond after the last record; a walk
    /// backwards leaves them as they are.
    Moved,
}

#[derive(Debug, Clone)]
struct Walk {
    /// Milliseconds after the beginning, few enough to be equal often.
    there: Vec<i64>,
    /// What arrives after each step.
    arriving: Vec<Vec<i64>>,
    limit: usize,
    is_descending: bool,
    asked: Asked,
    returned: Returned,
}

fn walks() -> impl Strategy<Value = Walk> {
    (
        vec(0..12_i64, 1..40),
        vec(vec(0..14_i64, 0..6), 0..8),
        1..7_usize,
        any::<bool>(),
        select(vec![
            Asked::Nothing,
            Asked::Bounds,
            Asked::Range,
            Asked::Days,
        ]),
        select(vec![
            Returned::AsTheyAre,
            Returned::AsFloats,
            Returned::ThroughSeconds,
            Returned::AsText,
            Returned::Moved,
        ]),
    )
        .prop_map(
            |(there, arriving, limit, is_descending, asked, returned)| Walk {
                there,
                arriving,
                limit,
                is_descending,
                asked,
                returned,
            },
        )
}

/// A server with activities to make others after.
struct Walked {
    server: TestServer,
    token: String,
    sample: Activity,
    begin: i64,
    made: Cell<u32>,
}

impl Walked {
    async fn start() -> Self {
        let server = TestServer::start().await;
        server.play_demo(server.tenant).await;
        let client = server.client(server.tenant, &[Permission::InvestigationRead]);
        let token = server.token(&client.await, |_| {});
        let now = Timestamp::now();
        let query = parse_query(&ACTIVITIES, &Map::new(), now).unwrap();
        let some = server.app.store.list_activities(server.tenant, query);
        let sample = serde_json::from_str(some.await.unwrap().data[0].get()).unwrap();
        Self {
            server,
            token,
            sample,
            begin: now.millis() - 3_600_000,
            made: Cell::new(0),
        }
    }

    /// Stores activities of the app at these times; answers their ids.
    async fn store(&self, app: SaasId, times: &[i64]) -> Vec<String> {
        let tenant = self.server.tenant;
        let make = |time: &i64| {
            self.made.set(self.made.get() + 1);
            let time = Timestamp(self.begin + time);
            let id = ActivityId::derive(tenant, "walk", &self.made.get().to_string(), time);
            Activity {
                id,
                uid: id,
                timestamp: time,
                app_id: app,
                ..self.sample.clone()
            }
        };
        let activities: Vec<_> = times.iter().map(make).collect();
        let ids = activities
            .iter()
            .map(|activity| activity.id.to_string())
            .collect();
        let stored = self
            .server
            .app
            .store
            .ingest_activities(tenant, 0, activities, Vec::new());
        stored.await.unwrap();
        ids
    }

    fn first_filters(&self, app: SaasId, asked: Asked) -> Value {
        let (begin, end) = (self.begin - 1, self.begin + 1_000);
        let mut filters = json!({"service": {"eq": app}});
        match asked {
            Asked::Nothing => {}
            Asked::Bounds => filters["date"] = json!({"gte": begin, "lte": end}),
            Asked::Range => filters["date"] = json!({"range": [{"start": begin, "end": end}]}),
            Asked::Days => filters["date"] = json!({"gte_ndays": 2}),
        }
        filters
    }

    async fn walk(&self, app: SaasId, walk: &Walk) {
        let there = self.store(app, &walk.there).await;
        let mut filters = self.first_filters(app, walk.asked);
        let mut seen = BTreeSet::new();
        let mut arriving = walk.arriving.iter();
        // A step meets a record at least.
        let most = walk.there.len() + walk.arriving.iter().map(Vec::len).sum::<usize>();
        for step in 0.. {
            assert!(step <= most, "the walk does not end");
            let direction = if walk.is_descending { "desc" } else { "asc" };
            let body = json!({"filters": filters, "isScan": true, "limit": walk.limit,
                "sortDirection": direction});
            let path = "/api/v1/activities/";
            let answer = self
                .server
                .call("POST", path, Some(&self.token), body.to_string());
            let answer = answer.await;
            assert_eq!(answer.status, 200, "{body}: {}", answer.text);
            let answer = answer.json();
            let data = answer["data"].as_array().unwrap();
            for record in data {
                let id = record["_id"].as_str().unwrap().to_owned();
                assert!(seen.insert(id), "twice: {record}, asked by {body}");
            }
            if answer["hasNext"] == false {
                assert!(answer.get("nextQueryFilters").is_none());
                break;
            }
            let last = data.last().expect("more is promised, and nothing is here");
            let next = answer["nextQueryFilters"].clone();
            filters = give_back(next, walk, last["timestamp"].as_i64().unwrap());
            if let Some(times) = arriving.next() {
                self.store(app, times).await;
            }
        }
        let missing: Vec<_> = there.iter().filter(|id| !seen.contains(*id)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// What the caller sends back.
fn give_back(mut filters: Value, walk: &Walk, last: i64) -> Value {
    if matches!(walk.returned, Returned::Moved) {
        let date = &mut filters["date"];
        match date.get_mut("range") {
            _ if walk.is_descending => {}
            Some(range) => range[0]["start"] = json!(last + 1),
            None => date["gte"] = json!(last + 1),
        }
        return filters;
    }
    #[expect(clippy::cast_possible_truncation, reason = "times are small")]
    let convert = |time: f64| match walk.returned {
        Returned::AsFloats => json!(time),
        Returned::ThroughSeconds => json!(time / 1000.0 * 1000.0 - 0.0003),
        Returned::AsText => json!(time.to_string()),
        Returned::AsTheyAre | Returned::Moved => json!(time as i64),
    };
    change_numbers(&mut filters["date"], &convert);
    filters
}

fn change_numbers(value: &mut Value, convert: &impl Fn(f64) -> Value) {
    match value {
        Value::Object(parts) => parts.values_mut().for_each(|v| change_numbers(v, convert)),
        Value::Array(parts) => parts.iter_mut().for_each(|v| change_numbers(v, convert)),
        Value::Number(number) => *value = convert(number.as_f64().unwrap()),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_meets_each_record_once_whatever_arrives() {
    let walked = Walked::start().await;
    let config = Config {
        cases: WALKS,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let runtime = tokio::runtime::Handle::current();
    // Each walk is of an app of its own.
    let app = Cell::new(1_000_000);
    TestRunner::new_with_rng(config, seed)
        .run(&walks(), |walk| {
            app.set(app.get() + 1);
            let walking = walked.walk(SaasId(app.get()), &walk);
            tokio::task::block_in_place(|| runtime.block_on(walking));
            Ok(())
        })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_grows_too_old_during_a_walk_is_still_met() {
    let walked = Walked::start().await;
    for (app, days, filters) in [
        (2_000_001, 30, json!({})),
        (2_000_002, 2, json!({"date": {"gte_ndays": 2}})),
        (
            2_000_003,
            30,
            json!({"date": {"lte": Timestamp::now().millis()}}),
        ),
    ] {
        let app = SaasId(app);
        // In a second, the older is beyond what the days say.
        let oldest = Timestamp::now().minus_days(days).millis() + 1_000 - walked.begin;
        let there = walked.store(app, &[0, oldest]).await;
        let mut filters = filters;
        filters["service"] = json!({"eq": app});
        let mut seen = Vec::new();
        for _ in 0..2 {
            let body = json!({"filters": filters, "isScan": true, "limit": 1});
            let path = "/api/v1/activities/";
            let answer = walked
                .server
                .call("POST", path, Some(&walked.token), body.to_string());
            let answer = answer.await.json();
            seen.push(answer["data"][0]["_id"].as_str().map(str::to_owned));
            filters = answer["nextQueryFilters"].clone();
            tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        }
        assert_eq!(
            seen,
            there.into_iter().map(Some).collect::<Vec<_>>(),
            "{days}"
        );
    }
}
