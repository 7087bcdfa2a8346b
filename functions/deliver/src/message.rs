//! A message of the queue: the batches that it names are delivered, one after the other.

use anyhow::{Context as _, bail};
use runtime::deadline::Deadline;
use runtime::envelopes::{SqsMessage, Wake as Asked, wakes};
use sync_core::run::Wake;

use crate::{Context, Handled, deliver};

/// Handles a message. An error sends it back to the queue; what cannot be understood is logged and goes, since it
/// would not be understood the next time either.
pub async fn on_message(ctx: &Context, message: SqsMessage, deadline: Deadline) -> anyhow::Result<()> {
    let asked = match wakes(&message.body) {
        Ok(asked) => asked,
        Err(error) => {
            tracing::error!(
                error = error.to_string(),
                "the message is none that deliver knows: dropped"
            );
            return Ok(());
        }
    };
    for asked in asked {
        match asked {
            Asked::Created(created) if created.bucket != ctx.bucket => {
                tracing::error!(
                    bucket = created.bucket,
                    "the message is about another bucket: dropped"
                );
            }
            Asked::Created(created) => {
                let Some(Wake::Batch(batch)) = Wake::parse(&created.key) else {
                    tracing::error!(key = created.key, "the object is no batch: dropped");
                    continue;
                };
                let handled = deliver(ctx, &batch, message.receive_count, deadline).await;
                if handled.with_context(|| format!("delivering {}", created.key))? == Handled::ComeBack {
                    bail!("{} has to wait for TikTok: the message comes back", created.key);
                }
            }
            Asked::Scheduled { task, .. } => tracing::error!(task, "deliver has no schedule: dropped"),
            Asked::Ignored { reason } => tracing::info!(reason, "nothing to do"),
            Asked::Malformed(error) => {
                tracing::error!(error = error.to_string(), "a record is malformed: dropped");
            }
        }
    }
    Ok(())
}
