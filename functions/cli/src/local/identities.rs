//! Match Booster's identity files, brought into the folder before a run.

use std::path::{Path, PathBuf};

use runtime::store::{LocalStore, Store};
use sha2::{Digest, Sha256};
use sync_core::spec::MatchBooster;

use super::exports::sha256_of;
use crate::identities::{IdentityFile, find, missing};

/// Makes the identity files of the store those of the first of these folders that has some; where none has, those of
/// the store stay. What they hold comes back as one digest.
///
/// # Errors
/// Where there are none at all.
pub(super) async fn bring_in(
    store: &LocalStore,
    root: &Path,
    booster: &MatchBooster,
    folders: &[PathBuf],
) -> anyhow::Result<String> {
    let mut files = find(booster, folders)?;
    if files.is_empty() {
        files = find(booster, &[root.to_owned()])?;
        if !folders.is_empty() && !files.is_empty() {
            tracing::warn!(
                identities = booster.identities,
                "there is no such identity file beside the spec or in this folder: the store's own are taken"
            );
        }
    } else {
        forget_others(store, root, booster, &files).await?;
    }
    if files.is_empty() {
        let all = [folders, &[root.to_owned()]].concat();
        return Err(missing(booster, &all));
    }
    let mut all = Sha256::new();
    for file in &files {
        let digest = sha256_of(&file.path).await?;
        let kept = root.join(&file.key);
        if !kept.is_file() || sha256_of(&kept).await? != digest {
            store.put_file(&file.key, &file.path).await?;
        }
        all.update(format!("{} {digest}\n", file.key));
    }
    Ok(const_hex::encode(<[u8; 32]>::from(all.finalize())))
}

/// A folder of the store is the very same one: what was deleted outside, nobody wants to be sent.
async fn forget_others(
    store: &LocalStore,
    root: &Path,
    booster: &MatchBooster,
    files: &[IdentityFile],
) -> anyhow::Result<()> {
    for kept in find(booster, &[root.to_owned()])? {
        if files.iter().all(|file| file.key != kept.key) {
            store.delete(&kept.key).await?;
            tracing::warn!(
                key = kept.key,
                "this identity file is not among those beside the spec any more: it was deleted from the store"
            );
        }
    }
    Ok(())
}
