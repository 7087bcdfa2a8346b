//! The rows of one call, and of the calls that come of it when TikTok refuses it.

use tiktok::isolate::{Budget, End, IndexTrust, Isolation, Known};

use crate::send::Sender;
use crate::twins::Twins;

/// How the calls for some rows ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolated {
    /// Each row was accepted or refused.
    All,
    /// A call had no answer that says something about its rows.
    Interrupted,
    /// The bad rows were not found within the budget.
    Budget,
}

/// Sends rows in one call; when it is refused, finds the bad ones and sends the others. What becomes known is noted
/// at once. At most `extra` further calls are made.
pub(crate) async fn isolate(sender: &Sender<'_>, twins: &Twins, extra: usize) -> anyhow::Result<Isolated> {
    let mut isolation = Isolation::new(
        twins.rows().to_vec(),
        Budget::extra_calls(extra),
        IndexTrust::Hint,
    );
    while let Some(call) = isolation.next_call() {
        let Some(verdict) = sender.call(&call.rows).await? else {
            return Ok(Isolated::Interrupted);
        };
        for known in isolation.report(call.id, &verdict) {
            match known {
                Known::Accepted(rows) => sender.accepted(&twins.all(&rows)).await?,
                Known::Refused { row, cause } => {
                    for row in twins.all(&[row]) {
                        sender.refused(row, &cause).await?;
                    }
                }
            }
        }
    }
    Ok(match isolation.finish().end {
        End::Done => Isolated::All,
        End::Stopped => Isolated::Interrupted,
        End::Budget => Isolated::Budget,
    })
}
