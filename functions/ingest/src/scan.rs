//! A part is read for the first time: which key, which content, before any dear work.

use sync_core::csv::{BrokenFile, Parsed};
use sync_core::diff::{FingerprintKey, ScanEntry};
use sync_core::key::PrimaryKey;
use sync_core::mapper::RowMapper;
use sync_core::run::PendingRequest;
use sync_core::spec::{SyncSpec, mapping_version};

use crate::Context;
use crate::audience::{Boosts, Wanted};
use crate::rows::{self, Which};

/// What a scan of a part found.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// The rows that have a key.
    pub(crate) entries: Vec<ScanEntry>,
    /// All rows, those without a readable key included.
    pub(crate) rows: u32,
}

/// Scans an export.
pub(crate) async fn scan(
    ctx: &Context,
    spec: &SyncSpec,
    export: &PendingRequest,
    which: Which<'_>,
) -> anyhow::Result<Result<Scanned, BrokenFile>> {
    let secret = ctx.fingerprint_key().await?;
    let boosts = match Boosts::load(ctx, spec, Some(export), which, Wanted::Marks).await? {
        Ok(boosts) => boosts,
        Err(message) => return Ok(Err(BrokenFile::whole(message))),
    };
    let mut scanner = Scanner {
        spec,
        secret,
        version: mapping_version(spec),
        boosts: &boosts,
        mapper: None,
        key: PrimaryKey::default(),
        found: Scanned::default(),
    };
    let result = rows::each(ctx, spec, export, which, |parsed| scanner.take(&parsed)).await?;
    Ok(result.map(|()| scanner.found))
}

struct Scanner<'a> {
    spec: &'a SyncSpec,
    secret: &'a FingerprintKey,
    version: [u8; 16],
    boosts: &'a Boosts,
    mapper: Option<RowMapper>,
    key: PrimaryKey,
    found: Scanned,
}

impl Scanner<'_> {
    fn take(&mut self, parsed: &Parsed<'_>) -> Result<(), BrokenFile> {
        let row = match parsed {
            Parsed::Header(header) => {
                let mapper = RowMapper::new(self.spec, header);
                self.mapper = Some(mapper.map_err(|missing| BrokenFile::whole(missing.to_string()))?);
                return Ok(());
            }
            Parsed::Bad { .. } => None,
            Parsed::Row(row) => Some(row),
        };
        let number = self.found.rows;
        self.found.rows = number.checked_add(1).ok_or_else(|| {
            BrokenFile::whole("the export has more than 4,294,967,295 rows: cut it into several files")
        })?;
        let (Some(row), Some(mapper)) = (row, self.mapper.as_ref()) else {
            return Ok(());
        };
        if mapper.key(row, &mut self.key).is_err() {
            return Ok(());
        }
        let boost = self.boosts.of(mapper.join(row).as_deref(), self.secret);
        let mut hasher = self.secret.row(&self.version);
        mapper.hash_mapped_values(row, &mut |piece| hasher.write(piece));
        self.found.entries.push(ScanEntry {
            key: self.secret.key_digest(self.key.bytes()),
            fingerprint: hasher.finish_with(boost.mark),
            part: 0,
            row: number,
        });
        Ok(())
    }
}
