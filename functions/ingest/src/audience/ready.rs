//! Before the first run of an audience: what it fixes is written down, and the audience is found, or made.
//!
//! An audience is never made twice. `state/<sync>/fixed.json` is written by a conditional put *before* the call that
//! makes it, and completed with TikTok's id before the first person is sent. Whoever finds it without an id waits until
//! its writer is surely dead, takes it over, and looks the name up before it makes anything.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use runtime::call_log::CallLog;
use runtime::facts::to_bytes;
use runtime::settings::LATE_CALL;
use runtime::store::{ETag, Put};
use sync_core::names::{AudienceId, SyncName};
use sync_core::run::{Fit, Fixed, FixedVia, Head, Pending, keys};
use sync_core::spec::{Audience, AudienceRef, SyncSpec};
use tiktok::Verdict;
use tiktok::audiences::{AudienceKind, NewestByName, made_id};

use super::calls::TikTok;
use super::trial::trial;
use crate::Context;

/// How long after a look for an audience by its name the next one follows.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Whether a run of an audience may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ready {
    /// It may.
    Go,
    /// Nothing of it can be sent: why, and the way out.
    Unfit(String),
    /// Somebody else makes the audience, or TikTok gives no clear answer: later.
    Later(&'static str),
    /// TikTok takes the token no more, or never did for this: the sync waits for a new one.
    NotConnected,
}

/// What is fixed, as it was read.
struct Read {
    fixed: Fixed,
    etag: ETag,
    /// When it was written, epoch seconds.
    written: i64,
    age_seconds: i64,
}

/// Prepares the audience of a sync for the run of a pending entry. Nothing is fixed or made for an export that its file
/// or a guard stops: its plan says why. `log`: where the calls are kept for the live debugger.
pub(crate) async fn ready(
    ctx: &Context,
    spec: &SyncSpec,
    head: &Head,
    entry: Option<&Pending>,
    log: &CallLog,
) -> anyhow::Result<Ready> {
    let Some(audience) = &spec.audience else {
        return Ok(Ready::Go);
    };
    let sync = &spec.name;
    let found = read(ctx, sync).await?;
    let stays = found.as_ref().is_some_and(|read| {
        let fits = matches!(
            read.fixed.fits(sync, audience, spec.mode, head.forget),
            Fit::Same | Fit::No(_)
        );
        fits && is_there(&read.fixed)
    });
    if !stays && trial(ctx, spec, entry, head.generation.as_ref()).await?.is_some() {
        return Ok(Ready::Go);
    }
    let Some(read) = found else {
        return first(ctx, spec, audience, log).await;
    };
    let fixed = match read.fixed.fits(sync, audience, spec.mode, head.forget) {
        Fit::No(message) => return Ok(Ready::Unfit(message)),
        Fit::Changed(changed) => {
            if let AudienceRef::Id(id) = &audience.audience
                && changed.via != read.fixed.via
                && let Err(not) = check(ctx, spec, (audience, id), log).await?
            {
                return Ok(not);
            }
            let makes = changed.audience_id.is_none() && changed.via == FixedVia::Segment;
            let changed = if makes { changed.begun(None) } else { changed };
            if !swap(ctx, sync, &changed, &read.etag).await? {
                return Ok(Ready::Later("somebody else has just changed what is fixed"));
            }
            if makes {
                return make(ctx, spec, audience, None, log).await;
            }
            return Ok(Ready::Go);
        }
        Fit::Same => read.fixed,
    };
    if is_there(&fixed) {
        return Ok(Ready::Go);
    }
    if fixed.making && read.age_seconds < ctx.settings.lease_seconds {
        return Ok(Ready::Later("another function is making the audience"));
    }
    let taken = fixed.begun(fixed.making.then_some(read.written));
    if !swap(ctx, sync, &taken, &read.etag).await? {
        return Ok(Ready::Later(
            "another function has just taken over making the audience",
        ));
    }
    let age = Duration::from_secs(u64::try_from(read.age_seconds).unwrap_or(0));
    make(ctx, spec, audience, fixed.making.then_some((&taken, age)), log).await
}

/// Whether there is nothing to make before a run: a file upload makes its audience itself, when its files are there.
fn is_there(fixed: &Fixed) -> bool {
    fixed.audience_id.is_some() || fixed.via == FixedVia::FileUpload
}

async fn read(ctx: &Context, sync: &SyncName) -> anyhow::Result<Option<Read>> {
    let key = keys::fixed(sync);
    let Some(object) = ctx.store.get(&key).await? else {
        return Ok(None);
    };
    Ok(Some(Read {
        fixed: serde_json::from_slice(&object.body)
            .with_context(|| format!("{key} is not what it should be"))?,
        etag: object.etag,
        written: object.last_modified.as_second(),
        age_seconds: object.now.as_second() - object.last_modified.as_second(),
    }))
}

async fn swap(ctx: &Context, sync: &SyncName, fixed: &Fixed, etag: &ETag) -> anyhow::Result<bool> {
    let key = keys::fixed(sync);
    let put = ctx.store.put_if_match(&key, to_bytes(&key, fixed)?, etag).await?;
    Ok(put == Put::Written)
}

/// The first run: an existing audience is looked at before anything is fixed.
async fn first(ctx: &Context, spec: &SyncSpec, audience: &Audience, log: &CallLog) -> anyhow::Result<Ready> {
    if let AudienceRef::Id(id) = &audience.audience
        && let Err(not) = check(ctx, spec, (audience, id), log).await?
    {
        return Ok(not);
    }
    let fixed = Fixed::of(audience, spec.mode);
    let makes = fixed.audience_id.is_none() && fixed.via == FixedVia::Segment;
    let fixed = if makes { fixed.begun(None) } else { fixed };
    let key = keys::fixed(&spec.name);
    if ctx.store.put_new(&key, to_bytes(&key, &fixed)?).await? != Put::Written {
        return Ok(Ready::Later("another function has just begun with the audience"));
    }
    if !makes {
        return Ok(Ready::Go);
    }
    make(ctx, spec, audience, None, log).await
}

/// Makes the audience, or, where an earlier try was taken over that may have made it, finds it by its name; then its id
/// is fixed. After a young try the audience is looked for more than once: its call may be under way.
async fn make(
    ctx: &Context,
    spec: &SyncSpec,
    audience: &Audience,
    taken_over: Option<(&Fixed, Duration)>,
    log: &CallLog,
) -> anyhow::Result<Ready> {
    let AudienceRef::Name(name) = &audience.audience else {
        return Ok(Ready::Go);
    };
    let tiktok = match TikTok::new(ctx, spec, log).await? {
        Ok(tiktok) => tiktok,
        Err(not) => return Ok(not),
    };
    let advertiser = audience.advertiser_id.as_str();
    let mut found = None;
    if let Some((fixed, age)) = taken_over {
        let until = Instant::now() + LATE_CALL.saturating_sub(age);
        loop {
            let newest = NewestByName::new(name, AudienceKind::Segment, fixed.made_after());
            found = match tiktok.by_name(advertiser, newest).await? {
                Ok(found) => found,
                Err(not) => return Ok(not),
            };
            if found.is_some() || Instant::now() >= until {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    let id = if let Some(id) = found {
        id
    } else {
        let answer = tiktok.create(advertiser, name).await;
        if let Err(not) = tiktok.accepted("making the audience", &answer).await? {
            let may_be_there = match &answer.verdict {
                Verdict::Retry { why, .. } => why.may_have_been_taken(),
                verdict => matches!(verdict, Verdict::Partial { .. }),
            };
            if !may_be_there && let Some(read) = read(ctx, &spec.name).await? {
                let _ = swap(ctx, &spec.name, &read.fixed.not_begun(), &read.etag).await?;
            }
            return Ok(not);
        }
        let Some(id) = made_id(answer.data.as_ref()) else {
            // It was made, and its id is to be found by its name.
            return Ok(Ready::Later("TikTok made an audience and did not say its id"));
        };
        id
    };
    let id = AudienceId::new(id).context("TikTok's id of the audience")?;
    tracing::info!(sync = %spec.name, audience = %id, "the audience is there");
    let Some(read) = read(ctx, &spec.name).await? else {
        anyhow::bail!("{} is gone", keys::fixed(&spec.name));
    };
    if read.fixed.audience_id.is_some() {
        return Ok(Ready::Go);
    }
    let fixed = Fixed {
        audience_id: Some(id),
        ..read.fixed
    };
    if swap(ctx, &spec.name, &fixed, &read.etag).await? {
        Ok(Ready::Go)
    } else {
        Ok(Ready::Later("somebody else has just fixed the audience"))
    }
}

/// Looks whether an existing audience is the advertiser's, and of the way that the spec asks for.
async fn check(
    ctx: &Context,
    spec: &SyncSpec,
    (audience, id): (&Audience, &AudienceId),
    log: &CallLog,
) -> anyhow::Result<Result<(), Ready>> {
    let tiktok = match TikTok::new(ctx, spec, log).await? {
        Ok(tiktok) => tiktok,
        Err(not) => return Ok(Err(not)),
    };
    let advertiser = audience.advertiser_id.as_str();
    let what = "looking at the audience";
    let page = match tiktok.list(what, advertiser, Some(id), 1).await? {
        Ok(page) => page,
        Err(not) => return Ok(Err(not)),
    };
    let listed = page.audiences.iter().find(|listed| listed.id == id.as_str());
    let via = FixedVia::of(&audience.via);
    Ok(match listed.map(|listed| listed.kind) {
        None => Err(Ready::Unfit(format!(
            "the advertiser account {advertiser} has no audience {id}: correct audience.id or audience.advertiser_id, or give a name to have one made"
        ))),
        Some(None) => Ok(()),
        Some(Some(AudienceKind::Segment)) if via == FixedVia::Segment => Ok(()),
        Some(Some(AudienceKind::CustomerFile)) if via == FixedVia::FileUpload => Ok(()),
        Some(Some(kind)) => Err(Ready::Unfit(wrong_kind(id, kind, via))),
    })
}

fn wrong_kind(id: &AudienceId, kind: AudienceKind, via: FixedVia) -> String {
    let what = match kind {
        AudienceKind::Segment => "was made by the Segment API",
        AudienceKind::CustomerFile => "was made of uploaded files",
        AudienceKind::Other => "is neither of the Segment API nor of uploaded files",
    };
    let takes = match via {
        FixedVia::Segment => "via: segment works only on audiences that the Segment API made",
        FixedVia::FileUpload => "via: file_upload works only on audiences made of files",
    };
    format!("the audience {id} {what}, and {takes}: name another audience, or give a name to have one made")
}

/// Why a spec does not fit what is fixed; `None` when it does.
pub(crate) async fn unfit(ctx: &Context, spec: &SyncSpec, resynced: bool) -> anyhow::Result<Option<String>> {
    let Some(audience) = &spec.audience else {
        return Ok(None);
    };
    let Some(read) = read(ctx, &spec.name).await? else {
        return Ok(Some(
            "the spec became one of an audience after the run was claimed: export again".to_owned(),
        ));
    };
    Ok(match read.fixed.fits(&spec.name, audience, spec.mode, resynced) {
        Fit::Same if is_there(&read.fixed) => None,
        Fit::No(message) => Some(message),
        Fit::Same | Fit::Changed(_) => {
            Some("the spec was changed after the run was claimed: export again".to_owned())
        }
    })
}

/// How a spec of an audience fits what is locked; `None` where nothing is.
pub(crate) async fn fit(ctx: &Context, spec: &SyncSpec, resynced: bool) -> anyhow::Result<Option<Fit>> {
    let Some(audience) = &spec.audience else {
        return Ok(None);
    };
    let locked = locked(ctx, &spec.name).await?;
    Ok(locked.map(|locked| locked.fits(&spec.name, audience, spec.mode, resynced)))
}

/// What the first run of a sync locked; `None` before it.
pub(crate) async fn locked(ctx: &Context, sync: &SyncName) -> anyhow::Result<Option<Fixed>> {
    Ok(read(ctx, sync).await?.map(|read| read.fixed))
}

/// TikTok's id of a sync's audience; `None` before it is there.
pub(crate) async fn fixed_id(ctx: &Context, sync: &SyncName) -> anyhow::Result<Option<AudienceId>> {
    Ok(locked(ctx, sync).await?.and_then(|locked| locked.audience_id))
}
