//! What every store must do, as one test that runs against any of them: a local folder, S3's wire, an emulator, a
//! bucket.

use bytes::Bytes;
use futures::future::join_all;

use super::{BoxError, ETag, Put, Store, StoreError, Version};

/// How many writers race for one key.
const WRITERS: usize = 64;

/// Puts a store through all requests under `conformance/<random>/`, and deletes what it wrote.
///
/// # Errors
/// What the store answered with where it should not fail.
///
/// # Panics
/// When the store breaks a promise of [`Store`].
pub async fn store_conformance(store: &dyn Store) -> Result<(), BoxError> {
    let prefix = format!("conformance/{:016x}/", rand::random::<u64>());
    reads_what_was_written(store, &format!("{prefix}read/")).await?;
    facts_are_written_once(store, &format!("{prefix}fact/")).await?;
    registers_change_by_version(store, &format!("{prefix}register/")).await?;
    ranges_end_with_the_object(store, &format!("{prefix}range/")).await?;
    lists_in_the_order_of_keys(store, &format!("{prefix}list/")).await?;
    touching_keeps_content(store, &format!("{prefix}touch/")).await?;
    for listed in store.list(&prefix, None, 1000).await? {
        store.delete(&listed.key).await?;
    }
    assert_eq!(
        store.list(&prefix, None, 1000).await?,
        [],
        "everything was deleted"
    );
    Ok(())
}

async fn reads_what_was_written(store: &dyn Store, prefix: &str) -> Result<(), BoxError> {
    let key = format!("{prefix}a key with blanks + plus, ünïcode & 100%.json");
    assert!(
        store.get(&key).await?.is_none(),
        "what was never written is not there"
    );
    assert!(store.stat(&key).await?.is_none());
    assert!(store.get_range(&key, 0..4, None).await?.is_none());
    store.delete(&key).await?;

    store.put(&key, Bytes::from_static(b"first")).await?;
    store.put(&key, Bytes::from_static(b"the second")).await?;
    let object = store.get(&key).await?.ok_or("the object was written")?;
    assert_eq!(object.body, "the second");
    let age = object.now.duration_since(object.last_modified).as_secs();
    assert!(
        (-1..60).contains(&age),
        "last-modified and the store's clock are one clock, not {age} s apart"
    );

    let stat = store.stat(&key).await?.ok_or("the object was written")?;
    assert_eq!((stat.size, &stat.etag), (10, &object.etag));
    store.put(&key, Bytes::from_static(b"the third!")).await?;
    let other = store.stat(&key).await?.ok_or("the object was written")?;
    assert_ne!(
        other.etag, stat.etag,
        "other content is another version, though the size is the same"
    );

    store.put(&key, Bytes::new()).await?;
    assert_eq!(store.get(&key).await?.ok_or("the object was written")?.body, "");
    store.delete(&key).await?;
    assert!(store.get(&key).await?.is_none(), "what was deleted is gone");
    Ok(())
}

async fn facts_are_written_once(store: &dyn Store, prefix: &str) -> Result<(), BoxError> {
    let key = format!("{prefix}deep/down/fact.json");
    let writers = (0..WRITERS).map(|i| store.put_new(&key, Bytes::from(format!("writer {i}"))));
    let answers = join_all(writers)
        .await
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let winners: Vec<usize> = answers
        .iter()
        .enumerate()
        .filter(|(_, answer)| **answer == Put::Written)
        .map(|(writer, _)| writer)
        .collect();
    assert_eq!(winners.len(), 1, "one writer wins");
    let body = store.get(&key).await?.ok_or("the fact was written")?.body;
    assert_eq!(
        Some(body),
        winners
            .first()
            .map(|winner| Bytes::from(format!("writer {winner}")))
    );

    store.delete(&key).await?;
    assert_eq!(
        store.put_new(&key, Bytes::new()).await?,
        Put::Written,
        "a deleted key is free again"
    );
    Ok(())
}

async fn registers_change_by_version(store: &dyn Store, prefix: &str) -> Result<(), BoxError> {
    let key = format!("{prefix}head.json");
    let any = ETag::new("00000000000000000000000000000000");
    assert_eq!(
        store.put_if_match(&key, Bytes::new(), &any).await?,
        Put::Refused,
        "there is no object"
    );
    assert!(store.get(&key).await?.is_none());

    assert_eq!(
        store.put_new(&key, Bytes::from_static(b"{\"rev\":1}")).await?,
        Put::Written
    );
    let first = store.get(&key).await?.ok_or("the register was written")?.etag;
    assert_eq!(store.put_if_match(&key, Bytes::new(), &any).await?, Put::Refused);
    let writers = (0..WRITERS)
        .map(|i| store.put_if_match(&key, Bytes::from(format!("{{\"rev\":2,\"by\":{i}}}")), &first));
    let answers = join_all(writers)
        .await
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    assert_eq!(
        answers.iter().filter(|answer| **answer == Put::Written).count(),
        1,
        "one writer wins"
    );
    assert_eq!(
        store.put_if_match(&key, Bytes::new(), &first).await?,
        Put::Refused,
        "the old version is gone"
    );

    let second = store.get(&key).await?.ok_or("the register was written")?;
    assert_ne!(second.etag, first);
    assert_eq!(
        store
            .put_if_match(&key, Bytes::from_static(b"third"), &second.etag)
            .await?,
        Put::Written
    );
    assert_eq!(
        store.get(&key).await?.ok_or("the register was written")?.body,
        "third"
    );
    Ok(())
}

async fn ranges_end_with_the_object(store: &dyn Store, prefix: &str) -> Result<(), BoxError> {
    let key = format!("{prefix}export.csv");
    store.put(&key, Bytes::from_static(b"0123456789")).await?;
    let version = Version::of(&store.stat(&key).await?.ok_or("the object was written")?.etag);
    for (range, expected) in [
        (0..4, "0123"),
        (4..10, "456789"),
        (8..100, "89"),
        (10..20, ""),
        (50..60, ""),
        (3..3, ""),
    ] {
        for version in [None, Some(&version)] {
            let bytes = store.get_range(&key, range.clone(), version).await?;
            assert_eq!(bytes, Some(Bytes::from_static(expected.as_bytes())), "{range:?}");
        }
    }
    store.put(&key, Bytes::from_static(b"9876543210")).await?;
    for range in [0..4, 50..60, 3..3] {
        let answer = store.get_range(&key, range.clone(), Some(&version)).await;
        assert!(
            matches!(answer, Err(StoreError::Changed { .. })),
            "{range:?} of a version that is gone: {answer:?}"
        );
    }
    assert_eq!(
        store.get_range(&key, 0..4, None).await?,
        Some(Bytes::from_static(b"9876"))
    );
    Ok(())
}

async fn lists_in_the_order_of_keys(store: &dyn Store, prefix: &str) -> Result<(), BoxError> {
    // `-` and `.` sort around the slash: a folder's objects stand between files that begin with its name.
    let names = ["a-b", "a.b", "a/1", "a/10", "a/2/x", "a0", "b + c&d.csv", "ä"];
    let mut expected: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
    expected.sort_unstable();
    for name in names.iter().rev() {
        store
            .put(&format!("{prefix}{name}"), Bytes::from_static(b"four"))
            .await?;
    }
    let all = store.list(prefix, None, 1000).await?;
    assert_eq!(keys(&all), expected);
    assert!(all.iter().all(|listed| listed.size == 4));

    assert_eq!(
        keys(&store.list(prefix, None, 3).await?),
        expected.get(..3).unwrap_or_default()
    );
    assert_eq!(store.list(prefix, None, 0).await?, []);
    for (i, key) in expected.iter().enumerate() {
        let rest = store.list(prefix, Some(key), 1000).await?;
        assert_eq!(
            keys(&rest),
            expected.get(i + 1..).unwrap_or_default(),
            "after {key}"
        );
    }
    let partial = store.list(&format!("{prefix}a/1"), None, 1000).await?;
    assert_eq!(
        keys(&partial),
        [format!("{prefix}a/1"), format!("{prefix}a/10")],
        "a prefix ends anywhere"
    );
    assert_eq!(store.list(&format!("{prefix}nothing/"), None, 1000).await?, []);
    Ok(())
}

fn keys(listed: &[super::Listed]) -> Vec<String> {
    listed.iter().map(|listed| listed.key.clone()).collect()
}

async fn touching_keeps_content(store: &dyn Store, prefix: &str) -> Result<(), BoxError> {
    let key = format!("{prefix}task + 1.json");
    assert!(!store.touch(&key).await?, "there is no object");
    assert!(store.get(&key).await?.is_none(), "touching makes no object");
    store.put(&key, Bytes::from_static(b"task")).await?;
    let before = store.get(&key).await?.ok_or("the object was written")?;
    for _ in 0..2 {
        assert!(store.touch(&key).await?);
    }
    let after = store.get(&key).await?.ok_or("the object was written")?;
    assert_eq!(after.body, before.body);
    assert!(after.last_modified >= before.last_modified);
    assert_eq!(store.put_new(&key, Bytes::new()).await?, Put::Refused);
    Ok(())
}
