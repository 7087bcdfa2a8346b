//! Why a run has not ended.

use runtime::connections::{TokenFrom, is_refused};
use runtime::register::read_head;
use runtime::secrets::names;
use runtime::store::Store;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{RunStatus, keys};
use sync_core::spec::SyncSpec;

use super::machine::Machine;
use crate::history::{CANCELLED, POSTPONED, has_uploaded_today};
use crate::spec_file;

/// Why a run has not ended, in words.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// Waiting or postponed.
    pub(crate) status: RunStatus,
    /// Why, and what to do.
    pub(crate) why: String,
    /// There is such a run.
    pub(crate) begun: bool,
}

impl Waiting {
    pub(super) fn because(why: impl Into<String>) -> Self {
        Self {
            status: RunStatus::Waiting,
            why: why.into(),
            begun: true,
        }
    }
}

/// Why a run has not ended.
pub(super) async fn why(machine: &Machine, sync: &SyncName, run: &RunId) -> anyhow::Result<Waiting> {
    let store = machine.store.as_ref();
    let read = read_head(store, sync).await?;
    if ingest::is_cancelled(&machine.ingest, sync, run).await? {
        return Ok(Waiting::because(CANCELLED));
    }
    if let Some(open) = read.head.run {
        return Ok(Waiting::because(format!(
            "the run {} of this sync has not ended: `tideline deliver SPEC FILE` goes on with it",
            open.id
        )));
    }
    let pending = store.list(&keys::pending_prefix(sync), None, 1_000).await?;
    let entry = format!("-{run}.json");
    if !pending.iter().any(|pending| pending.key.ends_with(&entry)) {
        return Ok(Waiting {
            begun: false,
            ..Waiting::because(
                "nothing of this file waits to be delivered: `tideline run SPEC FILE` does what is left to do for it",
            )
        });
    }
    if let Some(why) = machine.came_back().await {
        return Ok(Waiting::because(format!(
            "{why}: run this command again, or `tideline housekeeping`"
        )));
    }
    let spec = spec_file::of_store(store, sync).await?.spec;
    if has_uploaded_today(&read, spec.mode) {
        return Ok(Waiting {
            status: RunStatus::Postponed,
            ..Waiting::because(POSTPONED)
        });
    }
    if is_token_refused(machine, &spec).await? {
        let way = match machine.ingest.settings.token {
            TokenFrom::Environment => "set another one in TIKTOK_ACCESS_TOKEN".to_owned(),
            TokenFrom::Connection => format!("`tideline connect {}`", spec.destination),
        };
        return Ok(Waiting::because(format!(
            "TikTok refuses the token of the destination {}: {way}, then run this command again",
            spec.destination
        )));
    }
    Ok(Waiting::because(
        "it cannot begin, for the reason that the log gives: correct that, then run this command again",
    ))
}

async fn is_token_refused(machine: &Machine, spec: &SyncSpec) -> anyhow::Result<bool> {
    let name = names::destination(names::LOCAL, spec.destination.as_str());
    let Some(secret) = machine.ingest.secrets.get(&name).await? else {
        return Ok(false);
    };
    let store = machine.store.as_ref();
    Ok(is_refused(store, &spec.destination, &spec.name, &secret.version).await?)
}
