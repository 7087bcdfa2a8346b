//! Files of this machine as exports: named by their content, copied into the folder until their run has ended.

use std::path::Path;

use anyhow::Context as _;
use runtime::store::{LocalStore, Store};
use sha2::{Digest, Sha256};
use sync_core::spec::SyncSpec;
use tokio::io::AsyncReadExt;

/// A file as an export.
pub(crate) struct Export {
    /// Its key under the sync's `model.path`.
    pub(crate) key: String,
    /// The SHA-256 of its content: the same content is the same run, wherever the file lies.
    pub(crate) version: String,
}

/// Reads a file once and names it by its content.
pub(crate) async fn digest(file: &Path, spec: &SyncSpec) -> anyhow::Result<Export> {
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
    let version = const_hex::encode(<[u8; 32]>::from(hash.finalize()));
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
    Ok(Export {
        key: format!(
            "{}{slash}{short}-{}",
            spec.model.path,
            tail.trim_start_matches('.')
        ),
        version,
    })
}

/// Copies the file into the folder, unless an earlier process did.
pub(crate) async fn bring_in(store: &LocalStore, file: &Path, export: &Export) -> anyhow::Result<()> {
    if store.stat(&export.key).await?.is_none() {
        store.put_file(&export.key, file).await?;
    }
    Ok(())
}
