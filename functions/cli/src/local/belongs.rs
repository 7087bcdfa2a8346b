//! What a folder's state is the state of: TikTok, or one stand-in for it. Rows that went to the one are not called sent to
//! the other.

use std::path::Path;

use runtime::facts::{self, to_bytes};
use runtime::register::read_head;
use runtime::store::{LocalStore, Store};
use serde::{Deserialize, Serialize};
use sync_core::names::SyncName;
use sync_core::run::{Fixed, Outcome, Plan, Progress, keys};
use sync_core::spec;
use tiktok::ApiBase;

use crate::exit::WrongUsage;
use crate::history;
use crate::shell::this_command_with;

/// The object that says it; no sync has a name with a dot.
const KEY: &str = "state/endpoint.json";
/// Another folder, to propose.
const OTHER: &str = ".tideline-sandbox";

/// Where the calls of a folder go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The stand-in, as it was given; `None`: TikTok.
    endpoint: Option<String>,
    /// Something of the folder was accepted there. Before that, another one may be tried.
    bound: bool,
}

impl Kept {
    /// Where its calls go; `None` where the folder, which may come from elsewhere, names no stand-in of this machine.
    fn base(&self) -> Option<ApiBase> {
        match &self.endpoint {
            None => Some(ApiBase::production()),
            Some(endpoint) if endpoint.contains(char::is_control) => None,
            Some(endpoint) => ApiBase::loopback(endpoint).ok(),
        }
    }

    /// The stand-in, where it is one.
    fn stand_in(&self) -> Option<&str> {
        self.endpoint.as_deref().filter(|_| self.base().is_some())
    }

    fn is_same(&self, other: &Self) -> bool {
        matches!((self.base(), other.base()), (Some(one), Some(other)) if one.is_same_place(&other))
    }

    fn named(&self) -> String {
        match (&self.endpoint, self.stand_in()) {
            (None, _) => "TikTok".to_owned(),
            (Some(_), Some(endpoint)) => format!("the sandbox at {endpoint}"),
            (Some(_), None) => "another machine's sandbox".to_owned(),
        }
    }
}

/// What a command does in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It begins runs: where nothing was accepted yet, the folder follows it.
    Run,
    /// It goes on with what is there.
    GoOn,
    /// It sends no rows.
    Other,
}

/// Checks that the calls of this command go where those before it went. A folder of an older version belongs from now on
/// to where this command sends: what to say of that.
///
/// # Errors
/// [`WrongUsage`] with the command that works, where they would go elsewhere.
pub(super) async fn check(
    store: &LocalStore,
    endpoint: Option<&str>,
    purpose: Purpose,
) -> anyhow::Result<Option<String>> {
    let kept: Option<Kept> = facts::read(store, KEY).await?;
    let mine = Kept {
        endpoint: endpoint.map(str::to_owned),
        bound: false,
    };
    let bound = kept.as_ref().is_some_and(|kept| kept.bound);
    let used = bound || (purpose != Purpose::Other && something_was_accepted(store).await?);
    match kept {
        // Nothing was accepted yet: a slip of the pen binds nobody.
        _ if !used && purpose == Purpose::Run => write(store, &mine).await?,
        None if !used => {}
        None => {
            let bound = Kept { bound: true, ..mine };
            write(store, &bound).await?;
            return Ok(Some(format!(
                "the folder {} is of an older version of Tideline, which did not note where its rows went: from now on it belongs to {}",
                store.root().display(),
                bound.named()
            )));
        }
        Some(kept) if purpose == Purpose::Other && !bound => drop(kept),
        Some(kept) if !kept.is_same(&mine) => return Err(refused(store, &kept, &mine)),
        Some(_) => bind(store).await?,
    }
    Ok(None)
}

/// The same for a command that only asks TikTok for something, or ends what waits.
pub(crate) async fn check_folder(folder: &Path, endpoint: Option<&str>) -> anyhow::Result<()> {
    let store = LocalStore::open(folder)?;
    check(&store, endpoint, Purpose::Other).await.map(drop)
}

/// Binds the folder when something of it was accepted: called when a command has done its work.
pub(super) async fn bind(store: &LocalStore) -> anyhow::Result<()> {
    let kept: Option<Kept> = facts::read(store, KEY).await?;
    if let Some(kept) = kept.filter(|kept| !kept.bound)
        && something_was_accepted(store).await?
    {
        write(store, &Kept { bound: true, ..kept }).await?;
    }
    Ok(())
}

/// The stand-in that a folder belongs to, or that its last run was given; `None`: TikTok, or nothing yet.
pub(crate) async fn endpoint_of(store: &dyn Store) -> Option<String> {
    let kept: Option<Kept> = facts::read(store, KEY).await.ok().flatten();
    kept?.stand_in().map(str::to_owned)
}

async fn write(store: &LocalStore, kept: &Kept) -> anyhow::Result<()> {
    Ok(store.put(KEY, to_bytes(KEY, kept)?).await?)
}

fn refused(store: &LocalStore, kept: &Kept, mine: &Kept) -> anyhow::Error {
    let other_folder = this_command_with("--store", OTHER);
    // To send to TikTok in the place of a stand-in is nothing to be proposed by the way.
    let way = match kept.stand_in() {
        Some(endpoint) => format!(
            "`{}` goes there; for {}, take another folder with --store",
            this_command_with("--endpoint", endpoint),
            mine.named()
        ),
        None => format!("take another folder: `{other_folder}`"),
    };
    WrongUsage::because(format!(
        "the folder {} belongs to {}, where its rows went, and this command is for {}: nothing was done, since what one of them has the other has not; {way}",
        store.root().display(),
        kept.named(),
        mine.named()
    ))
}

/// Whether TikTok, or the stand-in, has anything of this folder: known rows, an audience that was made, or rows of a run
/// that was cut off. What went to TikTok's test page counts for nothing.
async fn something_was_accepted(store: &LocalStore) -> anyhow::Result<bool> {
    for sync in history::syncs(store, None).await? {
        let head = read_head(store, &sync).await?.head;
        if head.generation.is_some_and(|generation| generation.keys > 0) {
            return Ok(true);
        }
        let locked: Option<Fixed> = facts::read(store, &keys::fixed(&sync)).await?;
        if locked.is_some_and(|locked| locked.audience_name.is_some() && locked.audience_id.is_some()) {
            return Ok(true);
        }
        if let Some(run) = head.run
            && run_was_accepted(store, &sync, &run.id).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether rows of a run that has not ended were accepted.
async fn run_was_accepted(
    store: &LocalStore,
    sync: &SyncName,
    run: &sync_core::names::RunId,
) -> anyhow::Result<bool> {
    let plan: Option<Plan> = facts::read(store, &keys::plan(sync, run)).await?;
    let is_test = plan
        .is_some_and(|plan| spec::read(&keys::spec(sync), &plan.spec).is_ok_and(|read| read.spec.is_test()));
    if is_test {
        return Ok(false);
    }
    for batch in history::batches(store, sync, run).await? {
        let progress: Option<Progress> = facts::read(store, &batch.progress()).await.unwrap_or_default();
        if progress.is_some_and(|progress| !progress.accepted.is_empty()) {
            return Ok(true);
        }
        let outcome: Option<Outcome> = facts::read(store, &batch.outcome()).await?;
        let accepted = |outcome: Outcome| {
            let told = outcome.carried.len() + outcome.refused_rows().count() as u64;
            !outcome.lost && told < u64::from(outcome.rows)
        };
        if outcome.is_some_and(accepted) {
            return Ok(true);
        }
    }
    Ok(false)
}
