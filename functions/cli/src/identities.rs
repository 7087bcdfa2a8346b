//! Match Booster's identity files on this machine: where they are looked for, and which they are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use sync_core::spec::MatchBooster;

/// One identity file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IdentityFile {
    /// Its key in the bucket.
    pub(crate) key: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
}

/// The folders of this machine that come before the store: that of the spec, then the present one.
pub(crate) fn before_store(spec: &Path) -> Vec<PathBuf> {
    let mut folders = vec![spec.parent().map(Path::to_owned).unwrap_or_default()];
    if !folders.contains(&PathBuf::new()) {
        folders.push(PathBuf::new());
    }
    folders
}

/// The identity files of the first folder that has some; empty where none has.
pub(crate) fn find(booster: &MatchBooster, folders: &[PathBuf]) -> anyhow::Result<Vec<IdentityFile>> {
    for folder in folders {
        let path = folder.join(&booster.identities);
        let mut files = Vec::new();
        if booster.identities.ends_with('/') {
            walk(&path, &booster.identities, &mut files)?;
        } else if path.is_file() {
            files.push(IdentityFile {
                key: booster.identities.clone(),
                path,
            });
        }
        if !files.is_empty() {
            return Ok(files);
        }
    }
    Ok(Vec::new())
}

/// The error where none of the folders has identity files.
pub(crate) fn missing(booster: &MatchBooster, folders: &[PathBuf]) -> anyhow::Error {
    let places: Vec<String> = folders
        .iter()
        .map(|folder| folder.join(&booster.identities).display().to_string())
        .collect();
    let what = if booster.identities.ends_with('/') {
        "no file in the folder"
    } else {
        "no file"
    };
    anyhow!(
        "match_booster: there is {what} {}; these places were looked at: {}; put the identity file beside the spec, or correct match_booster.identities",
        booster.identities,
        places.join(", ")
    )
}

/// The files of a folder and of those in it, in the order of their keys. Hidden ones are no identity files.
fn walk(folder: &Path, key: &str, files: &mut Vec<IdentityFile>) -> anyhow::Result<()> {
    let reading = || format!("reading the folder {}", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(reading),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.with_context(reading)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !name.starts_with('.') {
            found.push((name, entry));
        }
    }
    found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    for (name, entry) in found {
        let (key, path) = (format!("{key}{name}"), entry.path());
        // A link to a folder is not followed: it may lead back here.
        if entry.file_type().with_context(reading)?.is_dir() {
            walk(&path, &format!("{key}/"), files)?;
        } else if path.is_file() {
            files.push(IdentityFile { key, path });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn booster(identities: &str) -> MatchBooster {
        MatchBooster {
            identities: identities.to_owned(),
            on: BTreeMap::new(),
            add: Vec::new(),
        }
    }

    #[test]
    fn the_spec_s_folder_comes_before_the_present_one() {
        let of = |spec: &str| before_store(Path::new(spec));
        assert_eq!(of("syncs/vip.yaml"), [PathBuf::from("syncs"), PathBuf::new()]);
        assert_eq!(of("vip.yaml"), [PathBuf::new()]);
    }

    #[test]
    fn the_first_folder_that_has_files_counts() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b"].map(|name| folder.path().join(name));
        for file in [
            "b/identities/x/2.csv",
            "b/identities/x/1/1.csv",
            "b/identities/x/.hidden",
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let folders = [first.clone(), second];
        let keys = |identities: &str| -> Vec<String> {
            let found = find(&booster(identities), &folders).unwrap();
            found.into_iter().map(|file| file.key).collect()
        };
        assert_eq!(
            keys("identities/x/"),
            ["identities/x/1/1.csv", "identities/x/2.csv"]
        );
        assert_eq!(keys("identities/x/2.csv"), ["identities/x/2.csv"]);
        assert_eq!(keys("identities/x"), [""; 0]);
        std::fs::create_dir_all(first.join("identities/x")).unwrap();
        assert_eq!(keys("identities/x/").len(), 2, "an empty folder has none");
        std::fs::write(first.join("identities/x/3.csv"), "x").unwrap();
        assert_eq!(keys("identities/x/"), ["identities/x/3.csv"]);
    }
}
