//! A message of the queue: what it asks for is done, one thing after the other.

use anyhow::{Context as _, bail};
use runtime::envelopes::{Asked, SqsMessage, asked};
use sync_core::run::Wake;

use crate::housekeeping::housekeeping;
use crate::{Context, Handled, handle};

/// Handles a message. An error sends it back to the queue.
pub async fn on_message(ctx: &Context, message: SqsMessage) -> anyhow::Result<()> {
    for asked in asked(&message.body, &ctx.bucket) {
        match asked {
            Asked::Created(created) => {
                let Some(wake) = Wake::parse(&created.key) else {
                    tracing::debug!(key = created.key, "the object wakes nobody");
                    continue;
                };
                let handled = handle(ctx, wake, created.version_id)
                    .await
                    .with_context(|| format!("after the creation of {}", created.key))?;
                if let Handled::ComeBack(why) = handled {
                    bail!("too early: {why}; the message comes back");
                }
            }
            Asked::Scheduled(task) if task == "housekeeping" => {
                // What failed is in the log, and is tried again with the next round.
                let _looked_after = housekeeping(ctx).await?;
            }
            Asked::Scheduled(task) => {
                tracing::error!(task, "the schedule asks for an unknown task: dropped");
            }
        }
    }
    Ok(())
}
