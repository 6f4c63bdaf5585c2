use casbah_model::filter::{Condition, IP_RANGES};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, IpRange};
use casbah_model::ip_tag::TagReference;
use casbah_store::Store;
use serde_json::json;

use super::plain::{Plain, holds};
use super::{Pool, RECORDS, compare, random_records, runner};
use crate::samples::{audit, ip_range};

const TAGS: [&str; 5] = ["Office", "office_2", "Büro|Nord", "100%", "Microsoft Azure"];

async fn random(store: &Store, tenant: TenantId, number: usize, parts: &[usize]) -> IpRange {
    let mut range = ip_range(
        &format!("Range {number}"),
        &[&format!("10.0.{number}.0/24")],
    );
    range.id = RecordId::generate(1);
    range.category = IpCategory::from_value(i64::try_from(parts[0] % 7).unwrap()).unwrap();
    let tags = TAGS.iter().enumerate();
    let tags = tags.filter(|(place, _)| parts[1] >> place & 1 == 1);
    let tags = tags.map(|(_, name)| TagReference::Name((*name).to_owned()));
    let saved = store.save_ip_range(tenant, range, tags.collect(), audit("ip_range.save"));
    saved.await.unwrap()
}

fn values(range: &IpRange, field: &str) -> Vec<Plain> {
    match field {
        "category" => vec![Plain::Int(range.category.value())],
        "tags" => {
            let names = range.tags.iter();
            let names = names.flat_map(|tag| [Plain::folded(&tag.name), Plain::folded(&tag.id)]);
            names.collect()
        }
        "builtIn" => vec![Plain::Bool(false)],
        other => unreachable!("{other} is not a field of one value"),
    }
}

fn fulfils(range: &IpRange, Condition { field, test }: &Condition) -> bool {
    holds(test, &values(range, field.name))
}

crate::on_both!(of_ip_ranges, |store: Store| async move {
    let mut runner = runner(0);
    let tenant = TenantId::random();
    let mut ranges = Vec::with_capacity(RECORDS);
    for (number, parts) in random_records(&mut runner).iter().enumerate() {
        ranges.push(random(&store, tenant, number, parts).await);
    }
    let mut pool = Pool::default();
    for field in IP_RANGES.fields {
        let values = ranges.iter().flat_map(|range| values(range, field.name));
        pool.add(field.name, values.map(Plain::into_json));
    }
    // Parts of tags are none.
    pool.add("tags", [json!("nord"), json!("office|office_2"), json!("")]);
    compare(
        &mut runner,
        &IP_RANGES,
        &pool,
        async |query| {
            let page = store.list_ip_ranges(tenant, query).await.unwrap();
            page.data
                .iter()
                .map(|range| range.name().to_owned())
                .collect()
        },
        |conditions| {
            let found = ranges
                .iter()
                .filter(|range| conditions.iter().all(|one| fulfils(range, one)));
            found.map(|range| range.name.clone()).collect()
        },
    );
});
