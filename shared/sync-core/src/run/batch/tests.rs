use proptest::prelude::*;

use super::*;
use crate::events::MAX_BODY_BYTES;
use crate::names::{DestinationName, RunId, SyncName};

fn header(batch_size: u32) -> BatchHeader {
    BatchHeader {
        format: BATCH_FORMAT,
        sync: SyncName::new("web").unwrap(),
        run: RunId::new("0a").unwrap(),
        destination: DestinationName::new("acme").unwrap(),
        block: 0,
        endpoint: "event/track/".into(),
        head: "{\"data\":[".into(),
        tail: "]}".into(),
        batch_size,
        max_age: 60,
        kind: BatchKind::Events,
    }
}

fn write(batch_size: u32, lengths: &[usize]) -> Vec<(Vec<u8>, u32)> {
    let mut writer = BatchWriter::new(header(batch_size));
    let mut files = Vec::new();
    for (at, length) in lengths.iter().enumerate() {
        let payload = format!("\"{}\"", "x".repeat(length.saturating_sub(2)));
        let row = NewRow {
            key: KeyDigest::from_u128(at as u128),
            fingerprint: RowFingerprint(7),
            record: at as u64 + 1,
            line: Some(at as u64 + 2),
            shown_key: b"\"x\"",
            time: 5,
            payload: payload.as_bytes(),
        };
        files.extend(writer.push(&row));
    }
    files.extend(writer.take());
    files
}

#[test]
fn the_event_source_is_read_from_the_body_itself() {
    let mut header = header(1);
    assert_eq!(header.sent_to(), None);
    header.head = "{\"event_source\":\"offline\",\"event_source_id\":\"E1\",\"data\":[".into();
    let source = header.sent_to().unwrap();
    assert_eq!(
        (source.event_source.as_str(), source.event_source_id.as_str()),
        ("offline", "E1")
    );
}

#[test]
fn batch_files_keep_their_bounds() {
    for (batch_size, rows, expect) in [
        (1000, 20_001, vec![20_000, 1]),
        (1, 4_001, vec![2_000, 2_000, 1]),
        (7, 30_000, vec![14_000, 14_000, 2_000]),
        (1000, 0, vec![]),
    ] {
        let files = write(batch_size, &vec![5; rows]);
        assert_eq!(
            files.iter().map(|f| f.1).collect::<Vec<_>>(),
            expect,
            "batch_size {batch_size}"
        );
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_order_and_calls_keep_their_bounds(
        batch_size in 1u32..9, lengths in proptest::collection::vec(3usize..400_000, 0..30)
    ) {
        let mut record = 0;
        for (bytes, rows) in write(batch_size, &lengths) {
            let batch = Batch::read(&bytes).unwrap();
            prop_assert_eq!(batch.rows.len(), rows as usize);
            for row in &batch.rows {
                record += 1;
                prop_assert_eq!(row.record, record);
            }
            let calls = batch.calls();
            prop_assert!(calls.len() <= MAX_BATCH_CALLS);
            prop_assert_eq!(calls.iter().cloned().flatten().collect::<Vec<_>>(), (0..batch.rows.len()).collect::<Vec<_>>());
            for call in calls {
                prop_assert!(call.len() <= batch_size as usize);
                let body = batch.body(call);
                prop_assert!(body.len() <= MAX_BODY_BYTES);
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
            }
        }
        prop_assert_eq!(record, lengths.len() as u64);
    }
}
