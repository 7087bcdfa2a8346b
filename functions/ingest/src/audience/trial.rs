//! A look at a first export: for one that is stopped before anything is sent, no audience is made.

use sync_core::run::{Generation, PartEnd, Pending, PendingRequest};
use sync_core::spec::SyncSpec;

use crate::Context;
use crate::cut::cut;
use crate::guards::fewer;
use crate::rows::Which;
use crate::scan::scan;

/// Why a run of this pending entry would end before it is judged; `None` where it would not, or has no export.
pub(crate) async fn trial(
    ctx: &Context,
    spec: &SyncSpec,
    entry: Option<&Pending>,
    generation: Option<&Generation>,
) -> anyhow::Result<Option<PartEnd>> {
    let Some(entry) = entry else {
        return Ok(None);
    };
    let export = &entry.request;
    if !matches!(export, PendingRequest::Export { .. }) {
        return Ok(None);
    }
    let rows = match cut(ctx, spec, Some(export), generation).await? {
        Err(file) => Err(file),
        Ok(Some(cut)) => Ok(cut.rows),
        Ok(None) => {
            let scanned = scan(ctx, spec, export, Which::All).await?;
            scanned.map(|scanned| u64::from(scanned.rows))
        }
    };
    Ok(match rows {
        Err(file) => Some(PartEnd::Broken {
            message: file.to_string(),
        }),
        Ok(_) if entry.ignore_guards => None,
        Ok(rows) => fewer(spec, rows).map(|message| PartEnd::Guard { message }),
    })
}
