//! Run ids: digests, so that the same notification is always the same run.

use sha2::{Digest, Sha256};

use crate::names::{RunId, SyncName};

/// The run of one export: a digest of bucket, key, version and sync.
pub fn export_run_id(bucket: &str, key: &str, version: &str, sync: &SyncName) -> RunId {
    digest(&["export", bucket, key, version, sync.as_str()])
}

/// The run of several exports together: a digest of their runs' ids.
pub fn input_run_id(members: &[RunId]) -> RunId {
    let mut parts = vec!["input"];
    parts.extend(members.iter().map(RunId::as_str));
    digest(&parts)
}

/// The run that sends again what a run left over; `rev` is the head's, so that a second try has an id of its own.
pub fn carried_run_id(carried: &RunId, rev: u64) -> RunId {
    digest(&["carried", carried.as_str(), &rev.to_string()])
}

/// The run that sends again what a run left over or TikTok refused in it, because a person asked for it. `rev` is the
/// head's: the same question is the same run until something has happened, and can be asked again then.
pub fn retry_run_id(of: &RunId, rev: u64) -> RunId {
    digest(&["retry", of.as_str(), &rev.to_string()])
}

/// The same for all that a sync's runs left over or had refused.
pub fn retry_sync_run_id(sync: &SyncName, rev: u64) -> RunId {
    digest(&["retry sync", sync.as_str(), &rev.to_string()])
}

/// A run that makes the next export send everything again; `nonce` tells one such request from the next.
pub fn resync_run_id(sync: &SyncName, nonce: &str) -> RunId {
    digest(&["resync", sync.as_str(), nonce])
}

/// The run that does a run's export again: `<run>.2`, then `<run>.3`.
pub fn again_run_id(run: &RunId) -> RunId {
    let text = run.as_str();
    let (base, tries) = text.split_once('.').unwrap_or((text, "1"));
    let next = tries.parse::<u32>().unwrap_or(1).saturating_add(1);
    RunId::new(format!("{base}.{next}")).unwrap_or_else(|_| digest(&["again", text]))
}

fn digest(parts: &[&str]) -> RunId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let bytes: [u8; 32] = hash.finalize().into();
    RunId::from_digest(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_notification_is_the_same_run_and_any_other_another() {
        let sync = SyncName::new("web").unwrap();
        let id = export_run_id("b", "models/a.csv", "v1", &sync);
        assert_eq!(id, export_run_id("b", "models/a.csv", "v1", &sync));
        let others = [
            export_run_id("b", "models/a.csv", "v2", &sync),
            export_run_id("b", "models/a.csvv", "1", &sync),
            export_run_id("b", "models/a.csv", "v1", &SyncName::new("web2").unwrap()),
            retry_run_id(&id, 1),
            retry_run_id(&id, 2),
            retry_sync_run_id(&sync, 1),
            carried_run_id(&id, 1),
            carried_run_id(&id, 2),
            again_run_id(&id),
        ];
        assert!(others.iter().all(|other| *other != id));
        assert_eq!(id.as_str().len(), 20);
        let again = again_run_id(&id);
        assert_eq!(again.as_str(), format!("{id}.2"));
        assert_eq!(again_run_id(&again).as_str(), format!("{id}.3"));
    }
}
