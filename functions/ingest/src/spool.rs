//! Batches wait in a local folder until the guards of their part have passed. The folder goes with its owner.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use runtime::store::Store;
use tempfile::TempDir;

/// Batches of a part that are not yet to be seen by anybody.
pub(crate) struct Spool {
    folder: TempDir,
    files: Vec<(PathBuf, u32)>,
    removals: usize,
}

impl Spool {
    /// An empty spool below a folder.
    pub(crate) fn new(parent: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("tideline-spool-")
            .tempdir_in(parent);
        let folder = folder.with_context(|| format!("making a spool folder in {}", parent.display()))?;
        Ok(Self {
            folder,
            files: Vec::new(),
            removals: 0,
        })
    }

    /// Keeps a batch file.
    pub(crate) fn keep(&mut self, bytes: &[u8], rows: u32) -> std::io::Result<()> {
        let path = self.folder.path().join(self.files.len().to_string());
        std::fs::write(&path, bytes)?;
        self.files.push((path, rows));
        Ok(())
    }

    /// Keeps a batch file that removes identifiers. None but such ones come behind it.
    pub(crate) fn keep_removal(&mut self, bytes: &[u8], rows: u32) -> std::io::Result<()> {
        self.removals += 1;
        self.keep(bytes, rows)
    }

    /// How many of its batch files, the last ones, remove identifiers.
    pub(crate) fn removals(&self) -> usize {
        self.removals
    }

    /// Writes what it holds into the bucket, in order, each under the key of its number. Gives the number of rows of
    /// each.
    pub(crate) async fn publish(
        self,
        store: &dyn Store,
        key: impl Fn(u32) -> String,
    ) -> anyhow::Result<Vec<u32>> {
        let mut rows = Vec::with_capacity(self.files.len());
        for (number, (path, count)) in (0..).zip(&self.files) {
            let bytes = std::fs::read(path)
                .with_context(|| format!("reading a spooled batch, {}", path.display()))?;
            let _ = store.put_new(&key(number), Bytes::from(bytes)).await?;
            rows.push(*count);
        }
        Ok(rows)
    }

    /// How many files it holds.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }
}
