//! Batches wait in a local folder until the guards of their part have passed. The folder goes with its owner.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use runtime::store::Store;
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::BatchId;
use tempfile::TempDir;

/// Batches of a part that are not yet to be seen by anybody.
pub(crate) struct Spool {
    folder: TempDir,
    files: Vec<(PathBuf, u32)>,
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
        })
    }

    /// Keeps a batch file.
    pub(crate) fn keep(&mut self, bytes: &[u8], rows: u32) -> std::io::Result<()> {
        let path = self.folder.path().join(self.files.len().to_string());
        std::fs::write(&path, bytes)?;
        self.files.push((path, rows));
        Ok(())
    }

    /// Writes the batches into the bucket, in order, beginning with number `first`; each one's creation wakes
    /// `deliver`. Gives the number of rows of each.
    pub(crate) async fn publish(
        self,
        store: &dyn Store,
        sync: &SyncName,
        run: &RunId,
        part: u32,
        first: u32,
    ) -> anyhow::Result<Vec<u32>> {
        let mut rows = Vec::with_capacity(self.files.len());
        for (number, (path, count)) in (first..).zip(&self.files) {
            let bytes = std::fs::read(path)
                .with_context(|| format!("reading a spooled batch, {}", path.display()))?;
            let batch = BatchId {
                sync: sync.clone(),
                run: run.clone(),
                part,
                number,
            };
            let _ = store.put_new(&batch.key(), Bytes::from(bytes)).await?;
            rows.push(*count);
        }
        Ok(rows)
    }

    /// How many batch files it holds.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }
}
