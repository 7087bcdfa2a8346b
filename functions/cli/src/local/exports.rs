//! Files of this machine as exports: named by their content, copied into the folder until their run has ended.

use std::path::Path;

use anyhow::Context as _;
use runtime::facts;
use runtime::store::{LocalStore, Store};
use sha2::{Digest, Sha256};
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::{self, CORRECTED};
use sync_core::run::{Pending, PendingRequest};
use sync_core::spec::SyncSpec;
use tokio::io::AsyncReadExt;

/// More exports than wait at once.
const MANY: usize = 1_000;

/// A file as an export.
pub(crate) struct Export {
    /// Its key under the sync's `model.path`.
    pub(crate) key: String,
    /// The SHA-256 of its content: the same content is the same run, wherever the file lies. With a Match Booster what
    /// the identity files hold is a part of it.
    pub(crate) version: String,
}

/// What else names an export, beside its content.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Naming<'a> {
    /// It holds corrected rows.
    pub(crate) corrected: bool,
    /// The digest of the identity files that are joined to it.
    pub(crate) identities: Option<&'a str>,
}

/// The SHA-256 of a file's content, in hexadecimal.
pub(crate) async fn sha256_of(file: &Path) -> anyhow::Result<String> {
    let open = || format!("reading {}", file.display());
    let mut input = tokio::fs::File::open(file).await.with_context(open)?;
    anyhow::ensure!(
        input.metadata().await.with_context(open)?.is_file(),
        "{} is no file",
        file.display()
    );
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = input.read(&mut buffer).await.with_context(open)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(const_hex::encode(<[u8; 32]>::from(hash.finalize())))
}

/// Reads a file once and names it by its content.
pub(crate) async fn digest(file: &Path, spec: &SyncSpec, naming: Naming<'_>) -> anyhow::Result<Export> {
    let mut version = sha256_of(file).await?;
    if let Some(identities) = naming.identities {
        let both = Sha256::digest(format!("{version} {identities}"));
        version = const_hex::encode(<[u8; 32]>::from(both));
    }
    let short: String = version.chars().take(16).collect();
    // The name only hints at the format; what could not be part of a key is left out.
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let plain: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c))
        .collect();
    let tail: String = plain
        .chars()
        .rev()
        .take(60)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let slash = if spec.model.path.ends_with('/') { "" } else { "/" };
    let folder = if naming.corrected { CORRECTED } else { "" };
    Ok(Export {
        key: format!(
            "{}{slash}{folder}{short}-{}",
            spec.model.path,
            tail.trim_start_matches('.')
        ),
        version,
    })
}

/// Copies the file into the folder, unless an earlier process did so for the same run. What a person asks for now is the
/// newest export, also where it lies there from a run that was stopped.
pub(crate) async fn bring_in(
    store: &LocalStore,
    file: &Path,
    export: &Export,
    (sync, run): (&SyncName, &RunId),
) -> anyhow::Result<()> {
    let waits = waiting(store, sync)
        .await?
        .iter()
        .any(|waiting| waiting.run == *run);
    if !waits || store.stat(&export.key).await?.is_none() {
        store.put_file(&export.key, file).await?;
    }
    Ok(())
}

/// An export whose run has not ended.
pub(crate) struct WaitingExport {
    pub(crate) run: RunId,
    pub(crate) key: String,
}

/// The exports of a sync whose runs have not ended.
pub(crate) async fn waiting(store: &LocalStore, sync: &SyncName) -> anyhow::Result<Vec<WaitingExport>> {
    let mut found = Vec::new();
    for listed in store.list(&keys::pending_prefix(sync), None, MANY).await? {
        let entry: Option<Pending> = facts::read(store, &listed.key).await?;
        if let Some(Pending {
            run,
            request: PendingRequest::Export { key, .. },
            ..
        }) = entry
        {
            found.push(WaitingExport { run, key });
        }
    }
    Ok(found)
}
