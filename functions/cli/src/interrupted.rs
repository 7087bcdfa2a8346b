//! The last words of a command that was asked to end: what was sent, what is left, and the command that goes on.

use std::path::Path;

use runtime::register::read_head;
use runtime::store::LocalStore;
use serde_json::json;
use sync_core::names::SyncName;
use sync_core::run::RunStatus;

use crate::console::Console;
use crate::exit::Exit;
use crate::history::{answered, left_over};
use crate::plural::{counted, thousands};
use crate::shell::this_command;

/// Tells how far the syncs are that the command worked on.
pub(crate) async fn tell(root: &Path, syncs: &[SyncName], console: &mut Console) -> anyhow::Result<Exit> {
    let store = LocalStore::open(root)?;
    let next = this_command();
    let mut told = false;
    for sync in syncs {
        let head = read_head(&store, sync).await?.head;
        let Some(open) = head.run else {
            continue;
        };
        told = true;
        let far = answered(&store, sync, &open.id).await?;
        if console.is_json() {
            console.json(&json!({
                "sync": sync, "run": open.id, "status": RunStatus::Interrupted,
                "rows": far.rows, "accepted": far.accepted, "refused": far.refused, "left": far.left(), "next": next,
            }))?;
            continue;
        }
        let rows = if far.rows == 0 {
            "the export was being read, and nothing was sent".to_owned()
        } else {
            format!(
                "TikTok accepted {} of {} and refused {}; {} are left to send",
                thousands(far.accepted),
                counted(far.rows, "row"),
                thousands(far.refused),
                thousands(far.left())
            )
        };
        writeln!(
            console.out,
            "{sync}: {} (run {}): {rows}. Nothing is lost; this goes on with it: {next}",
            RunStatus::Interrupted.name(),
            open.id
        )?;
    }
    for sync in syncs {
        if let Some(left) = left_over(&store, sync).await?.filter(|_| !console.is_json()) {
            writeln!(console.out, "{sync}: {} left over", counted(left.rows, "row"))?;
        }
    }
    if !told && !console.is_json() {
        writeln!(
            console.out,
            "Interrupted between two runs: nothing is half done. This goes on: {next}"
        )?;
    }
    Ok(Exit::Failed)
}
