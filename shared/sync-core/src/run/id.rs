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

/// The run that sends again what a run left over.
pub fn retry_run_id(carried: &RunId) -> RunId {
    digest(&["retry", carried.as_str()])
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
            retry_run_id(&id),
        ];
        assert!(others.iter().all(|other| *other != id));
        assert_eq!(id.as_str().len(), 20);
    }
}
