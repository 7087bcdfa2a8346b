//! Match Booster in a preview: the identity files of this machine, for the rows of an export.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use ingest::read_identity_parquet;
use sync_core::audience::{
    Boosts, Gather, Identifier, IdentityReader, PARQUET, PersonMapper, identity_columns,
};
use sync_core::csv::{BrokenFile, Parsed};
use sync_core::diff::FingerprintKey;
use sync_core::spec::{MatchBooster, SyncSpec};

use crate::export_file;
use crate::identities::{self, IdentityFile};
use crate::place::DEFAULT_STORE;

/// What the identity files have for the rows of an export.
pub(crate) struct Joined {
    boosts: Boosts,
    /// Its digests live as long as this process.
    secret: FingerprintKey,
}

impl Joined {
    /// Reads the identity files of a spec for the first `limit` rows of an export. Without a Match Booster nothing is
    /// read.
    pub(crate) fn load(
        spec: &SyncSpec,
        spec_file: &Path,
        export: &Path,
        limit: Option<u64>,
    ) -> anyhow::Result<Self> {
        let mut joined = Self {
            boosts: Boosts::new(Gather::Identifiers),
            secret: FingerprintKey::new(rand::random()),
        };
        let Some(booster) = &spec.match_booster else {
            return Ok(joined);
        };
        let mut folders = identities::before_store(spec_file);
        folders.push(PathBuf::from(DEFAULT_STORE));
        let files = identities::find(booster, &folders)?;
        if files.is_empty() {
            return Err(identities::missing(booster, &folders));
        }
        joined.ask(spec, export, limit)?;
        for file in &files {
            joined
                .read(spec, booster, file)?
                .map_err(|broken| anyhow!("match_booster: {}: {broken}", file.path.display()))?;
        }
        Ok(joined)
    }

    /// Notes the rows that are asked for.
    fn ask(&mut self, spec: &SyncSpec, export: &Path, limit: Option<u64>) -> anyhow::Result<()> {
        let mut mapper: Option<PersonMapper> = None;
        let mut rows = 0;
        let read = export_file::each(export, &spec.model.csv, &mut |parsed| {
            if let Parsed::Header(header) = parsed {
                let new = PersonMapper::new(spec, header);
                mapper = Some(new.map_err(|missing| BrokenFile::whole(missing.to_string()))?);
                return Ok(());
            }
            if limit.is_some_and(|limit| rows >= limit) {
                return Err(BrokenFile::whole("the look ended early"));
            }
            rows += 1;
            if let (Parsed::Row(row), Some(mapper)) = (parsed, &mapper)
                && let Some(values) = mapper.join(&row)
            {
                self.boosts.ask(&values, &self.secret);
            }
            Ok(())
        })?;
        match read {
            Err(broken) if limit.is_none_or(|limit| rows < limit) => {
                Err(anyhow!("{}: {broken}", export.display()))
            }
            Err(_) | Ok(()) => Ok(()),
        }
    }

    fn read(
        &mut self,
        spec: &SyncSpec,
        booster: &MatchBooster,
        identities: &IdentityFile,
    ) -> anyhow::Result<Result<(), BrokenFile>> {
        let path = &identities.path;
        let mut reader = IdentityReader::new(spec, booster, &identities.key, &self.secret, &mut self.boosts);
        let reading = || format!("reading {}", path.display());
        let mut file = File::open(path).with_context(reading)?;
        if is_parquet(&mut file).with_context(reading)? {
            let columns = identity_columns(spec, booster);
            return Ok(read_identity_parquet(file, &columns, &mut reader));
        }
        export_file::chunks(path, &mut file, &mut |chunk, last| reader.read(chunk, last))
    }

    /// What the files have for a row with these values in the columns that are joined on.
    pub(super) fn of(&self, values: Option<&[&str]>) -> &[Identifier] {
        self.boosts.of(values, &self.secret).ids
    }
}

fn is_parquet(file: &mut File) -> std::io::Result<bool> {
    let mut first = Vec::new();
    file.by_ref().take(PARQUET.len() as u64).read_to_end(&mut first)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(first == PARQUET)
}
