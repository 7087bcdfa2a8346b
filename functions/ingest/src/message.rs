//! A message of the queue: what it asks for is done, one thing after the other.

use anyhow::{Context as _, bail};
use runtime::envelopes::{SqsMessage, Wake as Asked, wakes};
use sync_core::run::Wake;

use crate::housekeeping::housekeeping;
use crate::{Context, Handled, handle};

/// Handles a message. An error sends it back to the queue; what cannot be understood is logged and goes, since it
/// would not be understood the next time either.
pub async fn on_message(ctx: &Context, message: SqsMessage) -> anyhow::Result<()> {
    let asked = match wakes(&message.body) {
        Ok(asked) => asked,
        Err(error) => {
            tracing::error!(
                error = error.to_string(),
                "the message is none that ingest knows: dropped"
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
            Asked::Scheduled { task, .. } if task == "housekeeping" => housekeeping(ctx).await?,
            Asked::Scheduled { task, .. } => {
                tracing::error!(task, "the schedule asks for an unknown task: dropped");
            }
            Asked::Ignored { reason } => tracing::info!(reason, "nothing to do"),
            Asked::Malformed(error) => {
                tracing::error!(error = error.to_string(), "a record is malformed: dropped");
            }
        }
    }
    Ok(())
}
