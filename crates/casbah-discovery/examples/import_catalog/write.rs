//! Giving ids and writing files.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use casbah_discovery::{Fact, Source};
use casbah_model::discovery::AppCategory;
use serde::Serialize;

use crate::candidates::Candidate;

/// Published ids are below; ours begin here.
const FIRST_OWN_ID: i32 = 1_000_000;

pub(crate) fn write(
    catalog: &Path,
    mut sources: Vec<Source>,
    mut apps: Vec<Candidate>,
) -> Result<(), Box<dyn Error>> {
    let ids_file = catalog.join("ids.csv");
    let mut ids: BTreeMap<String, i32> = BTreeMap::new();
    for row in csv::Reader::from_path(&ids_file)?.deserialize() {
        let (id, domain): (i32, String) = row?;
        ids.insert(domain, id);
    }
    let mut next = ids
        .values()
        .copied()
        .max()
        .unwrap_or(0)
        .max(FIRST_OWN_ID - 1)
        + 1;
    apps.sort_by(|a, b| a.main_domain.cmp(&b.main_domain));
    keep_ids(&mut ids, &apps);
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for app in &apps {
        let id = *ids.entry(app.main_domain.clone()).or_insert_with(|| {
            next += 1;
            next - 1
        });
        let category = app
            .category
            .as_ref()
            .map_or(AppCategory::Unclassified, |category| category.value);
        write_app(files.entry(category.wire_name()).or_default(), id, app)?;
    }

    let imported = catalog.join("imported");
    fs::remove_dir_all(&imported)?;
    fs::create_dir(&imported)?;
    let head = "# Written by the example import_catalog of casbah-discovery: do not edit.\n";
    for (category, text) in &files {
        let name = category
            .trim_start_matches("SAASDB_CATEGORY_")
            .to_lowercase();
        fs::write(
            imported.join(format!("{name}.toml")),
            format!("{head}{text}"),
        )?;
    }
    sources.sort_by(|a, b| a.id.cmp(&b.id));
    let mut text = head.to_owned();
    for source in &sources {
        write!(text, "\n[[source]]\n{}", toml::to_string(source)?)?;
    }
    fs::write(imported.join("sources.toml"), text)?;

    let mut rows: Vec<_> = ids.into_iter().map(|(domain, id)| (id, domain)).collect();
    rows.sort();
    let mut writer = csv::Writer::from_path(&ids_file)?;
    writer.write_record(["id", "domain"])?;
    for row in &rows {
        writer.serialize(row)?;
    }
    writer.flush()?;
    println!("{} apps in {} files", apps.len(), files.len());
    Ok(())
}

/// An app whose main domain is another than before has the id of a domain that was its main one.
fn keep_ids(ids: &mut BTreeMap<String, i32>, apps: &[Candidate]) {
    let mut taken: BTreeSet<i32> = apps
        .iter()
        .filter_map(|app| ids.get(&app.main_domain).copied())
        .collect();
    for app in apps {
        if ids.contains_key(&app.main_domain) {
            continue;
        }
        let known = app.domains.iter().filter_map(|fact| ids.get(&fact.value));
        if let Some(id) = known.copied().find(|id| taken.insert(*id)) {
            ids.insert(app.main_domain.clone(), id);
        }
    }
}

fn write_app(text: &mut String, id: i32, app: &Candidate) -> Result<(), Box<dyn Error>> {
    write!(
        text,
        "\n[[app]]\nid = {id}\nname = {}\n",
        inline(&app.name)?
    )?;
    if let Some(category) = &app.category {
        writeln!(text, "category = {}", inline(category)?)?;
    }
    let known_by: Vec<String> = app.known_by.iter().map(|source| quoted(source)).collect();
    writeln!(text, "known_by = [{}]", known_by.join(", "))?;
    text.push_str("domains = [\n");
    for domain in &app.domains {
        writeln!(text, "  {},", inline(domain)?)?;
    }
    text.push_str("]\n");
    for (property, fact) in &app.properties {
        let property = toml::Value::try_from(property)?;
        writeln!(
            text,
            "properties.{} = {}",
            property.as_str().unwrap_or_default(),
            inline(fact)?
        )?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A fact on one line.
fn inline<T: Serialize>(fact: &Fact<T>) -> Result<String, Box<dyn Error>> {
    let value = toml::Value::try_from(&fact.value)?;
    let (source, at) = (quoted(&fact.source), quoted(&fact.at));
    Ok(format!(
        "{{ value = {value}, source = {source}, at = {at} }}"
    ))
}
