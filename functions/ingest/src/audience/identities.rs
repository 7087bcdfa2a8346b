//! Match Booster: the identity files of the bucket, for the rows of an export.
//!
//! Which rows of the export are asked for is found first; then the identity files are read once. So memory grows with
//! the rows of a part, and not with the identity files.

use std::ops::Deref;

use anyhow::Context as _;
use sync_core::audience::{Boosts as Joined, Gather, IdentityReader, PARQUET, identity_columns};
use sync_core::csv::{BrokenFile, Parsed};
use sync_core::diff::{Decision, FingerprintKey};
use sync_core::mapper::RowMapper;
use sync_core::run::PendingRequest;
use sync_core::spec::SyncSpec;

use super::identity_parquet::read_identity_parquet;
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

/// What the identity files of the bucket have for the rows of a part.
#[derive(Default)]
pub(crate) struct Boosts(Joined);

impl Deref for Boosts {
    type Target = Joined;

    fn deref(&self) -> &Joined {
        &self.0
    }
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
        let mut boosts = match asked(ctx, spec, export, which, wanted, secret).await? {
            Ok(boosts) => boosts,
            Err(file) => return Ok(Err(file.to_string())),
        };
        if boosts.asks_nothing() {
            return Ok(Ok(Self(boosts)));
        }
        let listed = ctx.store.list(&booster.identities, None, MANY + 1).await?;
        if listed.len() > MANY {
            return Ok(Err(format!(
                "match_booster: there are more than {MANY} files below {}: write fewer and larger ones",
                booster.identities
            )));
        }
        let files = listed.iter().filter(|object| {
            object.key == booster.identities
                || (booster.identities.ends_with('/') && !object.key.ends_with('/'))
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
            let mut reader = IdentityReader::new(spec, booster, &file.key, secret, &mut boosts);
            let first = 0..file.size.min(PARQUET.len() as u64);
            let first = ctx.store.get_range(&file.key, first, None).await?;
            let read = if first.is_some_and(|first| *first == PARQUET[..]) {
                let local = download(ctx, &export, file.size).await?;
                let columns = identity_columns(spec, booster);
                local.and_then(|local| read_identity_parquet(local, &columns, &mut reader))
            } else {
                rows::chunks(ctx, &export, 0..file.size, |chunk, last| reader.read(chunk, last)).await?
            };
            if let Err(broken) = read {
                return Ok(Err(format!("match_booster: {}: {broken}", file.key)));
            }
        }
        if none {
            return Ok(Err(format!(
                "match_booster: there is no file {} in the bucket: put the identity file there, or correct match_booster.identities",
                booster.identities
            )));
        }
        Ok(Ok(Self(boosts)))
    }
}

/// A file of the bucket as one of this machine, without a name: Parquet is read from its end.
async fn download(
    ctx: &Context,
    export: &PendingRequest,
    size: u64,
) -> anyhow::Result<Result<std::fs::File, BrokenFile>> {
    use std::io::Write as _;
    let mut local = tempfile::tempfile_in(&ctx.settings.spool).context("making a temporary file")?;
    let no_room = |error: std::io::Error| {
        BrokenFile::whole(format!("it does not fit into the temporary folder: {error}"))
    };
    let copied = rows::chunks(ctx, export, 0..size, |chunk, _| {
        local.write_all(chunk).map_err(no_room)
    })
    .await?;
    Ok(copied.map(|()| local))
}

/// Notes the rows of the export that are asked for.
async fn asked(
    ctx: &Context,
    spec: &SyncSpec,
    export: &PendingRequest,
    which: Which<'_>,
    wanted: Wanted<'_>,
    secret: &FingerprintKey,
) -> anyhow::Result<Result<Joined, BrokenFile>> {
    let mut boosts = Joined::new(match wanted {
        Wanted::Marks => Gather::Marks,
        Wanted::Identifiers(_) => Gather::Identifiers,
    });
    let mut mapper: Option<RowMapper> = None;
    let mut number = 0;
    let read = rows::each(ctx, spec, export, which, |parsed| {
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
        let values = mapper
            .as_ref()
            .zip(row)
            .and_then(|(mapper, row)| mapper.join(&row));
        if let Some(values) = values.filter(|_| asked) {
            boosts.ask(&values, secret);
        }
        Ok(())
    })
    .await?;
    Ok(read.map(|()| boosts))
}
