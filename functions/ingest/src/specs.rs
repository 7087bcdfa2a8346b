//! Specs in the bucket: which syncs an export belongs to.

use anyhow::Context as _;
use sync_core::names::SyncName;
use sync_core::run::keys;
use sync_core::spec::{self, SyncSpec};

use crate::Context;

/// At most this many specs are looked at.
const MAX_SPECS: usize = 1_000;

/// A spec with the text that it was read from.
#[derive(Debug, Clone)]
pub struct LoadedSpec {
    /// The spec.
    pub spec: SyncSpec,
    /// Its text, which the plan pins.
    pub text: String,
}

/// The spec of a sync; `None` when there is none. The inner error is the spec's own: a person has to correct it.
pub(crate) async fn load(
    ctx: &Context,
    sync: &SyncName,
) -> anyhow::Result<Option<Result<LoadedSpec, String>>> {
    let key = keys::spec(sync);
    let Some(object) = ctx.store.get(&key).await? else {
        return Ok(None);
    };
    Ok(Some(parse(&key, &object.body)))
}

/// Reads a spec's bytes. The sync's name is the file's stem or the spec's own `name`, and they have to agree: keys in
/// the bucket are made from it.
pub(crate) fn parse(key: &str, bytes: &[u8]) -> Result<LoadedSpec, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| format!("{key}: the spec is not UTF-8 text"))?;
    let read = spec::read(key, text).map_err(|errors| errors.to_string())?;
    if keys::spec(&read.spec.name) != key {
        return Err(format!(
            "{key}: the spec's name is {}: a spec lies under syncs/<name>.yaml",
            read.spec.name
        ));
    }
    Ok(LoadedSpec {
        spec: read.spec,
        text: text.to_owned(),
    })
}

/// The syncs whose `model.path` an export lies under. Specs that cannot be read are logged and left out.
pub async fn specs_for_export(ctx: &Context, export: &str) -> anyhow::Result<Vec<LoadedSpec>> {
    let mut found = Vec::new();
    for listed in ctx.store.list(keys::SPECS, None, MAX_SPECS).await? {
        if listed.key.strip_suffix(".yaml").is_none() {
            continue;
        }
        let Some(object) = ctx.store.get(&listed.key).await.context("reading the specs")? else {
            continue;
        };
        match parse(&listed.key, &object.body) {
            Ok(loaded) if export.starts_with(&loaded.spec.model.path) => found.push(loaded),
            Ok(_) => {}
            Err(error) => tracing::error!(
                spec = listed.key,
                error,
                "a spec is invalid: its exports wait until it is corrected"
            ),
        }
    }
    Ok(found)
}
