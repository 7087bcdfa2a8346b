//! A look at an audience after a send: how TikTok has it.

use runtime::facts::{self, to_bytes};
use runtime::register::HeadRead;
use sync_core::run::{AudienceLook, AudienceLooks, MAX_LOOKS, keys};
use sync_core::spec::SyncSpec;
use tiktok::audiences::Page;

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
    let Ok(tiktok) = TikTok::new(ctx, spec).await? else {
        return Ok(());
    };
    let (advertiser, timeout) = (audience.advertiser_id.as_str(), ctx.settings.call_timeout);
    let answer = tiktok
        .client
        .list_audiences(&tiktok.token, advertiser, Some(id.as_str()), 1, timeout)
        .await;
    if tiktok
        .accepted("looking at the audience", &answer)
        .await?
        .is_err()
    {
        return Ok(());
    }
    let page = Page::read(answer.data.as_ref());
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
    write_report_again(ctx, spec).await
}

/// The last run's page shows the look.
async fn write_report_again(ctx: &Context, spec: &SyncSpec) -> anyhow::Result<()> {
    let listed = ctx
        .store
        .list(&keys::runs_prefix(&spec.name), None, 100_000)
        .await?;
    let newest = listed
        .iter()
        .filter(|object| object.key.ends_with("/run.json"))
        .max_by_key(|object| (object.last_modified, &object.key));
    let run = newest.and_then(|object| object.key.split('/').nth(2));
    match run.and_then(|run| sync_core::names::RunId::new(run).ok()) {
        Some(run) => crate::finish::write_report(ctx, &spec.name, &run).await,
        None => Ok(()),
    }
}
