//! Match Booster: identifiers of identity files for the rows of an export.
//!
//! Which rows of the export are asked for is found first; then the identity files are read once, and only what belongs
//! to one of those rows is kept. So memory grows with the rows of a part, and not with the identity files.

use std::collections::HashMap;

use sync_core::audience::{Identifier, IdentityLines, IdentityMapper, MAX_ADDED, identity_columns};
use sync_core::csv::{BrokenFile, CsvReader, Parsed};
use sync_core::diff::{Decision, FingerprintKey, KeyDigest};
use sync_core::mapper::RowMapper;
use sync_core::row::{Header, Row};
use sync_core::run::PendingRequest;
use sync_core::spec::{CsvOptions, MatchBooster, SyncSpec};

use crate::Context;
use crate::rows::{self, Which};

/// More identity files than one prefix may have.
const MANY: usize = 10_000;

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'a> {
    /// Marks alone, of all rows: whether anything has changed.
    Marks,
    /// Identifiers of the rows that are sent.
    Identifiers(&'a [Decision]),
}

/// What the identity files have for one row.
#[derive(Clone, Copy)]
pub(crate) struct Boost<'b> {
    /// The identifiers, each once.
    pub(crate) ids: &'b [Identifier],
    /// Changes when the row's part of the identity files changes; 0 without one.
    pub(crate) mark: u64,
    /// Whether the files have the row's key.
    pub(crate) found: bool,
}

#[derive(Default)]
struct Found {
    ids: Vec<Identifier>,
    mark: u64,
}

/// What the identity files have for the rows of a part.
#[derive(Default)]
pub(crate) struct Boosts {
    found: HashMap<KeyDigest, Found>,
    /// Values that are no identifiers, and identifiers beyond what one person may gain.
    pub(crate) left_out: u64,
}

impl Boosts {
    /// Reads the identity files of a spec. Without a Match Booster nothing is read. The inner error is the files'.
    pub(crate) async fn load(
        ctx: &Context,
        spec: &SyncSpec,
        export: Option<&PendingRequest>,
        which: Which<'_>,
        wanted: Wanted<'_>,
    ) -> anyhow::Result<Result<Self, String>> {
        let (Some(booster), Some(export)) = (&spec.match_booster, export) else {
            return Ok(Ok(Self::default()));
        };
        let secret = ctx.fingerprint_key().await?;
        let mut boosts = Self::default();
        if let Err(file) = boosts.ask(ctx, spec, export, which, wanted, secret).await? {
            return Ok(Err(file.to_string()));
        }
        let listed = ctx.store.list(&booster.identities, None, MANY).await?;
        let files = listed.iter().filter(|object| {
            object.key == booster.identities || (booster.identities.ends_with('/') && !object.key.ends_with('/'))
        });
        let mut none = true;
        for file in files {
            none = false;
            let export = PendingRequest::Export {
                key: file.key.clone(),
                version: None,
                etag: String::new(),
                size: file.size,
                last_modified: 0,
                only_adds: false,
            };
            let mut reader = IdentityReader::new(spec, booster, &file.key, secret, wanted, &mut boosts);
            let read = rows::chunks(ctx, &export, 0..file.size, |chunk, last| reader.read(chunk, last));
            if let Err(broken) = read.await? {
                return Ok(Err(format!("match_booster: {}: {broken}", file.key)));
            }
        }
        if none {
            return Ok(Err(format!(
                "match_booster: there is no file {} in the bucket: put the identity file there, or correct match_booster.identities",
                booster.identities
            )));
        }
        Ok(Ok(boosts))
    }

    /// Notes the rows of the export that are asked for.
    async fn ask(
        &mut self,
        ctx: &Context,
        spec: &SyncSpec,
        export: &PendingRequest,
        which: Which<'_>,
        wanted: Wanted<'_>,
        secret: &FingerprintKey,
    ) -> anyhow::Result<Result<(), BrokenFile>> {
        let mut mapper: Option<RowMapper> = None;
        let mut number = 0;
        rows::each(ctx, spec, export, which, |parsed| {
            let row = match parsed {
                Parsed::Header(header) => {
                    let new = RowMapper::new(spec, header);
                    mapper = Some(new.map_err(|missing| BrokenFile::whole(missing.to_string()))?);
                    return Ok(());
                }
                Parsed::Bad { .. } => None,
                Parsed::Row(row) => Some(row),
            };
            let asked = match wanted {
                Wanted::Marks => true,
                Wanted::Identifiers(decisions) => matches!(
                    decisions.get(number).copied().unwrap_or(Decision::Send),
                    Decision::Send | Decision::Update
                ),
            };
            number += 1;
            let values = mapper.as_ref().zip(row).and_then(|(mapper, row)| mapper.join(&row));
            if let Some(values) = values.filter(|_| asked) {
                self.found.entry(digest(secret, &values)).or_default();
            }
            Ok(())
        })
        .await
    }

    /// What the files have for a row with these values in the columns that are joined on.
    pub(crate) fn of(&self, values: Option<&[&str]>, secret: &FingerprintKey) -> Boost<'_> {
        let found = values
            .filter(|_| !self.found.is_empty())
            .and_then(|values| self.found.get(&digest(secret, values)));
        match found {
            Some(found) => Boost {
                ids: &found.ids,
                mark: found.mark,
                found: found.mark != 0,
            },
            None => Boost {
                ids: &[],
                mark: 0,
                found: false,
            },
        }
    }

    fn add(&mut self, mapper: &IdentityMapper, row: &Row<'_>, wanted: Wanted<'_>, secret: &FingerprintKey) {
        let Some(values) = mapper.join(row) else { return };
        let Some(found) = self.found.get_mut(&digest(secret, &values)) else {
            return;
        };
        let mut hasher = secret.row(&[0; 16]);
        mapper.hash_values(row, &mut |piece| hasher.write(piece));
        // A sum does not depend on the order of rows and files.
        found.mark = found.mark.wrapping_add(hasher.finish_wide() | 1).max(1);
        if matches!(wanted, Wanted::Identifiers(_)) {
            let mut new = Vec::new();
            self.left_out += mapper.identifiers(row, &mut new);
            for id in new {
                if found.ids.contains(&id) {
                    continue;
                }
                if found.ids.len() < MAX_ADDED {
                    found.ids.push(id);
                } else {
                    self.left_out += 1;
                }
            }
            found.ids.sort_unstable();
        }
    }
}

/// What tells join keys apart: each value with its length before it.
fn digest(secret: &FingerprintKey, values: &[&str]) -> KeyDigest {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    secret.key_digest(&bytes)
}

/// Reads one identity file. Its format is found by its name, or else by its first byte.
struct IdentityReader<'a> {
    spec: &'a SyncSpec,
    booster: &'a MatchBooster,
    key: &'a str,
    secret: &'a FingerprintKey,
    wanted: Wanted<'a>,
    boosts: &'a mut Boosts,
    mapper: Option<IdentityMapper>,
    format: Option<Format>,
}

enum Format {
    Csv(Box<CsvReader>),
    Lines(IdentityLines),
}

impl<'a> IdentityReader<'a> {
    fn new(
        spec: &'a SyncSpec,
        booster: &'a MatchBooster,
        key: &'a str,
        secret: &'a FingerprintKey,
        wanted: Wanted<'a>,
        boosts: &'a mut Boosts,
    ) -> Self {
        Self {
            spec,
            booster,
            key,
            secret,
            wanted,
            boosts,
            mapper: None,
            format: None,
        }
    }

    fn read(&mut self, chunk: &[u8], last: bool) -> Result<(), BrokenFile> {
        let mut format = match self.format.take() {
            Some(format) => format,
            None => self.begin(chunk)?,
        };
        let read = match &mut format {
            Format::Csv(reader) => reader.read(chunk, last, &mut |parsed| self.csv(parsed)),
            Format::Lines(lines) => lines.read(chunk, last, &mut |row| {
                match (row, &self.mapper) {
                    (Some(row), Some(mapper)) => self.boosts.add(mapper, row, self.wanted, self.secret),
                    _ => self.boosts.left_out += 1,
                }
                Ok(())
            }),
        };
        self.format = Some(format);
        read
    }

    fn begin(&mut self, chunk: &[u8]) -> Result<Format, BrokenFile> {
        if chunk.starts_with(b"PAR1") {
            return Err(BrokenFile::whole(
                "not built yet: identity files as Parquet; write CSV or JSON lines",
            ));
        }
        let name = self.key.to_ascii_lowercase();
        let named = [".jsonl", ".ndjson", ".json"].iter().any(|end| name.ends_with(end));
        let first = chunk.iter().find(|byte| !byte.is_ascii_whitespace());
        if named || first == Some(&b'{') {
            let columns = identity_columns(self.booster);
            self.mapper = Some(self.mapper(&Header::new(columns.clone()))?);
            return Ok(Format::Lines(IdentityLines::new(columns)));
        }
        let options = CsvOptions {
            delimiter: None,
            header: true,
            columns: Vec::new(),
            null_values: self.spec.model.csv.null_values.clone(),
        };
        Ok(Format::Csv(Box::new(CsvReader::new(&options, self.key))))
    }

    fn mapper(&self, header: &Header) -> Result<IdentityMapper, BrokenFile> {
        IdentityMapper::new(self.spec, self.booster, header)
            .map_err(|missing| BrokenFile::whole(missing.to_string()))
    }

    fn csv(&mut self, parsed: Parsed<'_>) -> Result<(), BrokenFile> {
        match parsed {
            Parsed::Header(header) => self.mapper = Some(self.mapper(header)?),
            Parsed::Bad { .. } => self.boosts.left_out += 1,
            Parsed::Row(row) => {
                if let Some(mapper) = &self.mapper {
                    self.boosts.add(mapper, &row, self.wanted, self.secret);
                }
            }
        }
        Ok(())
    }
}
