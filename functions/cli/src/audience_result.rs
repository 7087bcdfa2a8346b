//! What a run did to an audience, and how TikTok has it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use runtime::facts;
use runtime::store::{Store, Timestamp};
use serde_json::{Value, json};
use sync_core::names::SyncName;
use sync_core::run::{AudienceLook, AudienceLooks, BoosterCounts, Record, keys};

use crate::plural::{counted, thousands};

/// Tells which audience a run worked on.
pub(crate) fn write_audience(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let Some(audience) = &record.audience else {
        return Ok(());
    };
    let name = audience.name.as_ref().map(|name| format!("{name}, "));
    let id = match &audience.id {
        Some(id) => format!("id {id}"),
        None => "not made yet".to_owned(),
    };
    let (name, advertiser) = (name.unwrap_or_default(), &audience.advertiser_id);
    writeln!(out, "  Audience: {name}{id}, of the advertiser {advertiser}")
}

/// Tells who changed and who left, and what Match Booster did.
pub(crate) fn write_changes(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let (counts, sums) = (&record.counts, &record.sums);
    if counts.changed > 0 {
        let rows = counted(counts.changed, "row");
        writeln!(out, "  Changed: {rows} of those to send, known from earlier runs")?;
    }
    let (asked, removed) = (counts.removed + counts.removed_again, record.people_removed());
    if asked > 0 && removed == asked {
        writeln!(out, "  Removed: {}", people(removed))?;
    } else if asked > 0 {
        writeln!(out, "  Removed: {} of {}", thousands(removed), people(asked))?;
    }
    let asked = sums.deleted + sums.not_deleted;
    if asked > 0 {
        let not = match sums.not_deleted {
            0 => String::new(),
            not => format!(
                " + {} not removed: the next export removes them again",
                thousands(not)
            ),
        };
        let (asked, deleted) = (counted(asked, "identifier"), thousands(sums.deleted));
        writeln!(out, "  {asked} to remove = {deleted} removed by TikTok{not}")?;
    }
    match &counts.booster {
        Some(booster) => write_booster(booster, out),
        None => Ok(()),
    }
}

fn write_booster(booster: &BoosterCounts, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "  Match Booster: {} looked up, {} found, {} gained an identifier",
        counted(booster.rows, "row"),
        thousands(booster.found),
        thousands(booster.gained)
    )?;
    for (kind, share) in shares(booster) {
        let added = booster.added.get(kind).copied().unwrap_or(0);
        writeln!(
            out,
            "    {kind}: {:.1} % of the rows before, {:.1} % after; {} added",
            share.before,
            share.after,
            counted(added, "identifier")
        )?;
    }
    if booster.left_out > 0 {
        let values = counted(booster.left_out, "value");
        writeln!(
            out,
            "    {values} of the identity files left out: no identifiers, or too many for one person"
        )?;
    }
    Ok(())
}

/// Rows with an identifier of a kind, in percent, before and after Match Booster.
struct Share {
    before: f64,
    after: f64,
}

/// The kinds that any row has.
fn shares(booster: &BoosterCounts) -> BTreeMap<&str, Share> {
    let has = booster.after.iter().filter(|(_, rows)| **rows > 0);
    has.map(|(kind, after)| {
        let before = booster.before.get(kind).copied().unwrap_or(0);
        let share = Share {
            before: percent(before, booster.rows),
            after: percent(*after, booster.rows),
        };
        (kind.as_str(), share)
    })
    .collect()
}

/// The same for programs: `{"email": {"before": 50.0, "after": 75.0}}`; `None` without a Match Booster.
pub(crate) fn booster_percent(record: &Record) -> Option<Value> {
    let booster = record.counts.booster.as_ref()?;
    let of = |share: &Share| json!({"before": share.before, "after": share.after});
    let shares = shares(booster);
    Some(Value::Object(
        shares
            .iter()
            .map(|(kind, share)| ((*kind).to_owned(), of(share)))
            .collect(),
    ))
}

/// The last look at the audience of a sync; `None` before the first one, and for events.
pub(crate) async fn last_look(store: &dyn Store, sync: &SyncName) -> anyhow::Result<Option<AudienceLook>> {
    let looks: Option<AudienceLooks> = facts::read(store, &keys::looks(sync)).await?;
    Ok(looks.and_then(|looks| looks.looks.into_iter().next_back()))
}

/// A look for people, with its warning.
pub(crate) fn write_look(sync: &SyncName, look: &AudienceLook, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{sync}: {}", how_it_is(look))?;
    match look.warning() {
        Some(warning) => writeln!(out, "  Warning: {warning}"),
        None => Ok(()),
    }
}

/// A look for programs, with the match rate in percent and the warning.
pub(crate) fn look_as_json(sync: &SyncName, look: &AudienceLook) -> serde_json::Result<Value> {
    let mut shown = serde_json::to_value(look)?;
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("match_percent".to_owned(), json!(look.match_percent()));
        shown.insert("warning".to_owned(), json!(look.warning()));
    }
    Ok(json!({"sync": sync, "audience": shown}))
}

fn how_it_is(look: &AudienceLook) -> String {
    let at = Timestamp::from_second(look.at).map_or_else(|_| String::new(), |at| at.to_string());
    let rate = look.match_percent().map(|percent| format!(" ({percent:.1} %)"));
    let state = match (look.found, look.valid) {
        (false, _) => "gone at TikTok",
        (true, true) => "valid",
        (true, false) => "not valid",
    };
    format!(
        "the audience {} has {} of {} matched{}, {state}, looked at {at}",
        look.audience_id,
        thousands(look.matched),
        people(look.sent),
        rate.unwrap_or_default()
    )
}

fn people(number: u64) -> String {
    let noun = if number == 1 { "person" } else { "people" };
    format!("{} {noun}", thousands(number))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage of counts needs no more than 52 bits"
)]
fn percent(part: u64, of: u64) -> f64 {
    if of == 0 {
        0.0
    } else {
        100.0 * part as f64 / of as f64
    }
}
