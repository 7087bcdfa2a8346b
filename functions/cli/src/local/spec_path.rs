//! The file of a sync's spec: the one that the last `run` was given, so that a spec that was corrected there is the one
//! that counts.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use runtime::facts::{self, to_bytes};
use runtime::store::{LocalStore, Store};
use serde::{Deserialize, Serialize};
use sync_core::names::SyncName;
use sync_core::run::keys;
use sync_core::spec;

use crate::exit::WrongUsage;
use crate::spec_file::{self, SpecFile};

/// A spec is no longer than this, as everywhere.
const MAX_BYTES: u64 = 256 << 10;

/// Where the spec of a sync lies on this machine.
#[derive(Serialize, Deserialize)]
struct Noted {
    path: PathBuf,
}

fn key(sync: &SyncName) -> String {
    format!("state/{sync}/spec_file.json")
}

/// Notes where a spec lies. A path that is no text is not noted: then the folder's copy counts.
pub(super) async fn note(store: &LocalStore, sync: &SyncName, file: &Path) -> anyhow::Result<()> {
    let path = std::path::absolute(file).with_context(|| format!("finding {}", file.display()))?;
    let key = key(sync);
    if path.to_str().is_none() {
        store.delete(&key).await?;
        return Ok(());
    }
    Ok(store.put(&key, to_bytes(&key, &Noted { path })?).await?)
}

/// The noted file of a sync's spec, where it is still a file.
pub(crate) async fn noted_spec(store: &dyn Store, sync: &SyncName) -> Option<PathBuf> {
    let noted: Option<Noted> = facts::read(store, &key(sync)).await.ok().flatten();
    let path = noted?.path;
    // A folder may come from elsewhere: what it names is looked at before it is opened, or shown to somebody.
    if path.to_string_lossy().contains(char::is_control) {
        return None;
    }
    let metadata = std::fs::metadata(&path).ok()?;
    (metadata.is_file() && metadata.len() <= MAX_BYTES).then_some(path)
}

/// The spec that counts for a sync of a folder: the file that the last `run` was given, else the folder's copy. With it,
/// what to say of where it came from.
///
/// # Errors
/// [`WrongUsage::InvalidSpec`] where the file is a spec with errors.
pub(crate) async fn spec_of(store: &LocalStore, sync: &SyncName) -> anyhow::Result<(SpecFile, String)> {
    let Some(path) = noted_spec(store, sync).await else {
        let copy = spec_file::of_store(store, sync).await?;
        let at = store.root().join(keys::spec(sync));
        return Ok((copy, format!("Spec: the folder's copy, {}", at.display())));
    };
    let shown = path.display().to_string();
    let mut text = String::new();
    let file = File::open(&path).with_context(|| format!("reading {shown}"))?;
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| WrongUsage::because(format!("{shown}: the spec cannot be read: {error}")))?;
    let read = spec::read(&shown, &text).map_err(WrongUsage::InvalidSpec)?;
    if read.spec.name != *sync {
        let copy = spec_file::of_store(store, sync).await?;
        let said = format!(
            "Spec: the folder's copy, since {shown} is the spec of another sync by now, {}",
            read.spec.name
        );
        return Ok((copy, said));
    }
    let spec = SpecFile {
        spec: read.spec,
        text,
    };
    Ok((spec, format!("Spec: {shown}, as the last run was given it")))
}
