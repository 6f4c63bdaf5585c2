//! Joins the files of `catalog/` into the one document that the crate embeds.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let folder = manifest.join("../../catalog");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut sources = Vec::new();
    let mut apps = Vec::new();
    for path in toml_files(&folder)? {
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path)?;
        let mut file: toml::Table =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        for (key, joined) in [("source", &mut sources), ("app", &mut apps)] {
            match file.remove(key) {
                None => {}
                Some(toml::Value::Array(items)) => joined.extend(items),
                Some(_) => return Err(format!("{}: {key} is no list", path.display()).into()),
            }
        }
        if let Some(unknown) = file.keys().next() {
            return Err(format!("{}: unknown key {unknown}", path.display()).into());
        }
    }
    let catalog = serde_json::json!({ "source": sources, "app": apps });
    let out = PathBuf::from(env::var("OUT_DIR")?).join("catalog.json");
    fs::write(out, serde_json::to_vec(&catalog)?)?;
    Ok(())
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(toml_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
