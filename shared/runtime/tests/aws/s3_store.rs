//! The S3 store through the real SDK, against a fake wire.

use crate::fake_s3::{BUCKET, FakeS3, Fault};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use runtime::store::{ETag, Put, S3Store, Store, StoreError, Version};

async fn store() -> (FakeS3, S3Store) {
    let fake = FakeS3::default();
    let clients = crate::wire::serve(fake.router()).await;
    (fake, S3Store::new(clients.s3, BUCKET))
}

#[tokio::test]
async fn keeps_the_contract() {
    let (_fake, store) = store().await;
    runtime::store::conformance::store_conformance(&store)
        .await
        .unwrap();
}

#[tokio::test]
async fn time_is_the_buckets_time() {
    let fake = FakeS3 {
        skew: SignedDuration::from_hours(-3),
        ..FakeS3::default()
    };
    let store = S3Store::new(crate::wire::serve(fake.router()).await.s3, BUCKET);
    store.put("a", Bytes::new()).await.unwrap();
    let object = store.get("a").await.unwrap().unwrap();
    let behind = Timestamp::now().duration_since(object.now);
    assert!((10_790..10_810).contains(&behind.as_secs()), "{behind:?}");
    assert!(object.now.duration_since(object.last_modified).as_secs() < 10);
}

#[tokio::test]
async fn two_conditional_writes_that_met_are_tried_again() {
    let (fake, store) = store().await;
    let conflict = Fault::Refuse(409, "ConditionalRequestConflict");
    fake.fail([conflict, conflict]);
    assert_eq!(
        store.put_new("a", Bytes::from_static(b"1")).await.unwrap(),
        Put::Written
    );
    assert_eq!(fake.requests(), ["PUT", "PUT", "PUT"]);

    fake.fail([conflict; 20]);
    let error = store.put_new("b", Bytes::new()).await.unwrap_err();
    assert!(matches!(error, StoreError::Transient { .. }), "{error:?}");
    assert!(fake.requests().len() <= 9, "it gives up: {:?}", fake.requests());
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_shows_as_refused() {
    let (fake, store) = store().await;
    fake.fail([Fault::LoseAnswer]);
    assert_eq!(
        store.put_new("fact", Bytes::from_static(b"mine")).await.unwrap(),
        Put::Refused
    );
    assert_eq!(store.get("fact").await.unwrap().unwrap().body, "mine");
}

#[tokio::test]
async fn trouble_inside_s3_is_tried_again() {
    let (fake, store) = store().await;
    store.put("a", Bytes::from_static(b"whole")).await.unwrap();
    fake.fail([Fault::Refuse(503, "SlowDown")]);
    assert_eq!(store.get("a").await.unwrap().unwrap().body, "whole");
    assert_eq!(fake.requests(), ["PUT", "GET", "GET"]);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_read_again() {
    let (fake, store) = store().await;
    store.put("a", Bytes::from(vec![b'x'; 100_000])).await.unwrap();
    fake.fail([Fault::BreakBody]);
    let body = store.get_range("a", 0..100_000, None).await.unwrap().unwrap();
    assert_eq!(body.len(), 100_000);

    fake.fail([Fault::BreakBody; 10]);
    let error = store.get("a").await.unwrap_err();
    assert!(matches!(error, StoreError::Transient { .. }), "{error:?}");
}

#[tokio::test]
async fn a_version_that_was_written_over_is_read_by_its_id() {
    let (_, store) = store().await;
    store.put("a", Bytes::from_static(b"first")).await.unwrap();
    let first = store.stat("a").await.unwrap().unwrap().etag;
    store.put("a", Bytes::from_static(b"second one")).await.unwrap();

    let old = Version {
        etag: first.clone(),
        id: Some("v0".to_owned()),
    };
    let body = store.get_range("a", 0..100, Some(&old)).await.unwrap();
    assert_eq!(body, Some(Bytes::from_static(b"first")));
    let behind = store.get_range("a", 7..100, Some(&old)).await.unwrap();
    assert_eq!(behind, Some(Bytes::new()));
    let stat = store.stat_version("a", "v0").await.unwrap().unwrap();
    assert_eq!((stat.size, stat.etag), (5, first));
    assert!(store.stat_version("a", "v9").await.unwrap().is_none());
}

#[tokio::test]
async fn what_only_a_person_can_heal_says_so() {
    let (fake, store) = store().await;
    for (status, code, denied) in [
        (403, "AccessDenied", true),
        (404, "NoSuchBucket", false),
        (400, "KMS.Disabled", false),
    ] {
        let any = ETag::new("0");
        let check = |answer: Result<(), StoreError>| {
            let error = answer.unwrap_err();
            match (&error, denied) {
                (StoreError::Denied { .. }, true) | (StoreError::Rejected { .. }, false) => {}
                _ => panic!("{code}: {error:?}"),
            }
            assert!(error.to_string().contains("`state/web/head.json`"), "{error}");
            assert!(
                runtime::logs::with_causes(&error).contains(code),
                "{}",
                runtime::logs::with_causes(&error)
            );
        };
        let key = "state/web/head.json";
        fake.fail([Fault::Refuse(status, code); 7]);
        check(store.get(key).await.map(drop));
        check(
            store
                .get_range(key, 0..1, Some(&Version::of(&any)))
                .await
                .map(drop),
        );
        check(store.put(key, Bytes::new()).await);
        check(store.put_new(key, Bytes::new()).await.map(drop));
        check(store.put_if_match(key, Bytes::new(), &any).await.map(drop));
        check(store.list(key, None, 1).await.map(drop));
        check(store.touch(key).await.map(drop));
    }
}

#[tokio::test]
async fn a_file_arrives_whole() {
    let (fake, store) = store().await;
    let body: Vec<u8> = (0..3_000_000_u32)
        .map(|i| i.to_le_bytes()[usize::from(i % 7 == 0)])
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &body).unwrap();
    store
        .put_file("models/web/export.csv", file.path())
        .await
        .unwrap();
    assert!(fake.object("models/web/export.csv").unwrap() == body);
    assert!(matches!(
        store
            .put_file("a", file.path().with_extension("gone").as_path())
            .await,
        Err(StoreError::Local { .. })
    ));
}

#[tokio::test]
async fn one_strange_key_does_not_spoil_a_listing() {
    let (_fake, store) = store().await;
    for key in [
        "models/a\u{1}b.csv",
        "models/c&<d>+%41.csv",
        "models/folder/",
        "models//x",
    ] {
        store.put(key, Bytes::new()).await.unwrap();
        assert!(store.get(key).await.unwrap().is_some());
    }
    let keys: Vec<String> = store
        .list("models/", None, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|l| l.key)
        .collect();
    assert_eq!(
        keys,
        [
            "models//x",
            "models/a\u{1}b.csv",
            "models/c&<d>+%41.csv",
            "models/folder/"
        ]
    );
}

#[tokio::test]
async fn keys_that_s3_cannot_hold_are_refused_before_they_are_sent() {
    let (fake, store) = store().await;
    for key in [String::new(), "a".repeat(1025)] {
        assert!(matches!(
            store.get(&key).await,
            Err(StoreError::InvalidKey { .. })
        ));
        assert!(matches!(
            store.delete(&key).await,
            Err(StoreError::InvalidKey { .. })
        ));
    }
    assert!(fake.requests().is_empty());
}
