//! Objects in the order of their keys, without reading more folders than needed.

use std::fs::DirEntry;
use std::io;
use std::path::Path;

use crate::store::Listed;

use super::files::{PRIVATE, is_absent};
use super::store::last_modified;

/// Names at the root that hold no objects.
pub(super) const RESERVED: [&str; 2] = [PRIVATE, "secrets"];

struct Walk<'a> {
    prefix: &'a str,
    start_after: &'a str,
    limit: usize,
    found: Vec<Listed>,
}

/// Lists as [`Store::list`](crate::store::Store::list) says.
pub(super) fn list(
    root: &Path,
    prefix: &str,
    start_after: Option<&str>,
    limit: usize,
) -> io::Result<Vec<Listed>> {
    let folder = prefix
        .rfind('/')
        .and_then(|slash| prefix.get(..=slash))
        .unwrap_or_default();
    if !folder.is_empty() && crate::store::check_key(folder.trim_end_matches('/')).is_err() {
        return Ok(Vec::new());
    }
    if folder
        .split('/')
        .next()
        .is_some_and(|first| RESERVED.contains(&first))
    {
        return Ok(Vec::new());
    }
    let mut walk = Walk {
        prefix,
        start_after: start_after.unwrap_or_default(),
        limit,
        found: Vec::new(),
    };
    walk.folder(&root.join(folder), folder)?;
    Ok(walk.found)
}

impl Walk<'_> {
    /// `key` is the folder's part of the keys, with its slash.
    fn folder(&mut self, path: &Path, key: &str) -> io::Result<()> {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        // A folder sorts as its keys do: with the slash behind its name.
        let mut sorted: Vec<(String, DirEntry)> = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if key.is_empty() && RESERVED.contains(&name.as_str()) {
                continue;
            }
            let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
            let full = format!("{key}{name}{slash}");
            if self.may_hold(&full) {
                sorted.push((full, entry));
            }
        }
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (full, entry) in sorted {
            if self.found.len() >= self.limit {
                return Ok(());
            }
            if full.ends_with('/') {
                self.folder(&entry.path(), &full)?;
                continue;
            }
            let metadata = match std::fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => metadata,
                Ok(_) => continue,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error),
            };
            self.found.push(Listed {
                key: full,
                size: metadata.len(),
                last_modified: last_modified(&metadata)?,
            });
        }
        Ok(())
    }

    /// Whether this key, or a key in this folder, can be asked for.
    fn may_hold(&self, full: &str) -> bool {
        if full.ends_with('/') {
            let after = full > self.start_after || self.start_after.starts_with(full);
            after && (full.starts_with(self.prefix) || self.prefix.starts_with(full))
        } else {
            full > self.start_after && full.starts_with(self.prefix)
        }
    }
}
