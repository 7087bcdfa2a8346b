//! A message of the queue: the batches that it names are delivered, one after the other.

use anyhow::{Context as _, bail};
use runtime::deadline::Deadline;
use runtime::envelopes::{Asked, SqsMessage, asked};
use sync_core::run::Wake;

use crate::{Context, Handled, deliver};

/// Handles a message. An error sends it back to the queue.
pub async fn on_message(ctx: &Context, message: SqsMessage, deadline: Deadline) -> anyhow::Result<()> {
    for asked in asked(&message.body, &ctx.bucket) {
        match asked {
            Asked::Created(created) => {
                let Some(Wake::Batch(batch)) = Wake::parse(&created.key) else {
                    tracing::error!(key = created.key, "the object is no batch: dropped");
                    continue;
                };
                let handled = deliver(ctx, &batch, message.receive_count, deadline.clone()).await;
                if handled.with_context(|| format!("delivering {}", created.key))? == Handled::ComeBack {
                    bail!("{} has to wait for TikTok: the message comes back", created.key);
                }
            }
            Asked::Scheduled(task) => tracing::error!(task, "deliver has no schedule: dropped"),
        }
    }
    Ok(())
}
