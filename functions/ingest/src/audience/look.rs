//! A look at an audience after a send: how TikTok has it.

use std::time::Duration;

use runtime::call_log::CallLog;
use runtime::facts::{self, to_bytes};
use runtime::register::HeadRead;
use sync_core::names::RunId;
use sync_core::run::keys::CallsOf;
use sync_core::run::{AudienceLook, AudienceLooks, MAX_LOOKS, keys};
use sync_core::spec::SyncSpec;

use super::calls::TikTok;
use super::ready::fixed_id;
use crate::Context;

/// How often an audience is looked at while nothing is sent.
const LOOK_SECONDS: i64 = 6 * 3_600;

/// Looks at the audience of a sync, if a look is due: after each run, and every six hours. What is seen is kept.
pub(crate) async fn look(ctx: &Context, spec: &SyncSpec, read: &HeadRead) -> anyhow::Result<()> {
    let Some(audience) = &spec.audience else {
        return Ok(());
    };
    let Some(id) = fixed_id(ctx, &spec.name).await? else {
        return Ok(());
    };
    let key = keys::looks(&spec.name);
    let mut looks: AudienceLooks = facts::read(ctx.store.as_ref(), &key).await?.unwrap_or_default();
    let now = read.now.as_second();
    let due = looks
        .looks
        .last()
        .is_none_or(|last| last.rev != read.head.rev || now - last.at >= LOOK_SECONDS);
    if !due {
        return Ok(());
    }
    // Before the first run has ended there is nothing to look at.
    let Some(run) = last_run(ctx, spec).await? else {
        return Ok(());
    };
    let whose = (&spec.name, &run);
    let log = CallLog::new(ctx.store.clone(), whose, CallsOf::Look(now), Duration::ZERO);
    let Ok(tiktok) = TikTok::new(ctx, spec, &log).await? else {
        return Ok(());
    };
    let advertiser = audience.advertiser_id.as_str();
    let what = "looking at the audience";
    let listed = tiktok.list(what, advertiser, Some(&id), 1).await;
    log.keep().await;
    let Ok(page) = listed? else {
        return Ok(());
    };
    let listed = page.audiences.iter().find(|listed| listed.id == id.as_str());
    let look = AudienceLook {
        audience_id: id,
        at: now,
        found: listed.is_some(),
        valid: listed.is_some_and(|listed| listed.valid),
        matched: listed.map_or(0, |listed| listed.matched),
        sent: read
            .head
            .generation
            .as_ref()
            .map_or(0, |generation| generation.keys),
        rev: read.head.rev,
    };
    if let Some(warning) = look.warning() {
        tracing::warn!(sync = %spec.name, audience = %look.audience_id, warning, "the audience cannot be used");
    }
    looks.looks.push(look);
    let extra = looks.looks.len().saturating_sub(MAX_LOOKS);
    looks.looks.drain(..extra);
    // Derived: of two looks at once one may be lost.
    ctx.store.put(&key, to_bytes(&key, &looks)?).await?;
    // The last run's page shows the look.
    crate::finish::write_report(ctx, &spec.name, &run).await
}

/// The run that ended last.
async fn last_run(ctx: &Context, spec: &SyncSpec) -> anyhow::Result<Option<RunId>> {
    let listed = ctx
        .store
        .list(&keys::runs_prefix(&spec.name), None, 100_000)
        .await?;
    let newest = listed
        .iter()
        .filter(|object| object.key.ends_with("/run.json"))
        .max_by_key(|object| (object.last_modified, &object.key));
    let run = newest.and_then(|object| object.key.split('/').nth(2));
    Ok(run.and_then(|run| RunId::new(run).ok()))
}
