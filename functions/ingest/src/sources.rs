//! What the state of an event sync is the state of: the event sources that its rows were sent to.

use runtime::facts;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Generation, Head, Plan, SentTo, SourcesFit, keys, named};
use sync_core::spec::SyncSpec;

use crate::Context;
use crate::run::pinned_spec;

/// How a spec's event sources fit the state.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Why nothing of a run can be sent, and the way out.
    pub(crate) unfit: Option<String>,
    /// There are event sources that the known rows did not go to.
    pub(crate) added: bool,
    /// What a person should know of a run that goes on.
    pub(crate) notes: Vec<String>,
}

/// Compares the event sources of a spec with those that the known rows were sent to. After a resync any source fits,
/// as it does while no row is known; a test run has nothing to do with the state, and an audience is compared by what
/// its first run locked.
pub(crate) async fn check(ctx: &Context, spec: &SyncSpec, head: &Head) -> anyhow::Result<Checked> {
    let known_rows = head.generation.as_ref().filter(|generation| generation.keys > 0);
    let Some(generation) = known_rows.filter(|_| spec.audience.is_none() && !spec.is_test() && !head.forget)
    else {
        return Ok(Checked::default());
    };
    let (sync, keys) = (&spec.name, generation.keys);
    if generation.way.is_some() {
        return Ok(unfit(format!(
            "the spec is one of events, and the {keys} rows that this sync knows are people of an audience: make a new sync for the events, or run `tideline resync {sync}` and export again"
        )));
    }
    let asked = SentTo::all_of(spec);
    let mut notes = Vec::new();
    let known = if generation.sources.is_empty() {
        let pinned = pinned_sources(ctx, sync, generation).await?;
        let (which, taken) = match pinned {
            Some(pinned) => ("the spec that their run had pinned", pinned),
            None => ("the spec", asked.clone()),
        };
        notes.push(format!(
            "an older version of Tideline sent the {keys} known rows and did not note to which event source: that of {which} is taken, {}",
            named(&taken)
        ));
        taken
    } else {
        generation.sources.clone()
    };
    let fit = SourcesFit::of(&known, &asked);
    let added = matches!(fit, SourcesFit::Added(_));
    match fit {
        SourcesFit::Same => {}
        SourcesFit::Added(added) => notes.push(format!(
            "new in the spec: {}; the {keys} rows that were sent before do not go there; `tideline resync {sync}` makes the next export send every row to all event sources",
            named(&added)
        )),
        SourcesFit::Other => {
            return Ok(unfit(format!(
                "the spec names {}, and the {keys} rows that this sync knows were sent to {}: nothing was sent; set it back, or make a new sync for the new event source, or run `tideline resync {sync}` and export again, which sends every row of that export to it",
                named(&asked),
                named(&known)
            )));
        }
    }
    Ok(Checked {
        unfit: None,
        added,
        notes,
    })
}

fn unfit(message: String) -> Checked {
    Checked {
        unfit: Some(message),
        ..Checked::default()
    }
}

/// The sources of a generation that does not name them: those of the spec that the run of its id pinned.
async fn pinned_sources(
    ctx: &Context,
    sync: &SyncName,
    generation: &Generation,
) -> anyhow::Result<Option<Vec<SentTo>>> {
    let run = generation.id.split_once('-').map(|(_, run)| run);
    let Some(run) = run.and_then(|run| RunId::new(run).ok()) else {
        return Ok(None);
    };
    let plan: Option<Plan> = facts::read(ctx.store.as_ref(), &keys::plan(sync, &run)).await?;
    // Older versions made a generation of a test run too: its source tells nothing of the rows.
    let spec = plan
        .and_then(|plan| pinned_spec(sync, &plan).ok())
        .filter(|spec| !spec.is_test());
    Ok(spec
        .map(|spec| SentTo::all_of(&spec))
        .filter(|sources| !sources.is_empty()))
}
