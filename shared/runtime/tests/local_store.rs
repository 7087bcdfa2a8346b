//! The local folder keeps the promises of a store, and those of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use runtime::store::{LocalStore, Put, Store, StoreError, Version};

#[expect(clippy::unwrap_used, reason = "called by tests only")]
fn store() -> (tempfile::TempDir, LocalStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path()).unwrap();
    (folder, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let (_folder, store) = store();
    runtime::store::conformance::store_conformance(&store)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_handles_wins() {
    let (folder, _) = store();
    let mut writers = tokio::task::JoinSet::new();
    for i in 0..64 {
        let store = LocalStore::open(folder.path()).unwrap();
        writers.spawn(async move {
            store
                .put_new("runs/r/plan.json", Bytes::from(format!("{i}")))
                .await
                .unwrap()
        });
    }
    let answers = writers.join_all().await;
    assert_eq!(
        answers.iter().filter(|answer| **answer == Put::Written).count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_counts_every_change() {
    let (folder, first) = store();
    let _ = first.put_new("head", Bytes::from_static(b"0")).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = LocalStore::open(folder.path()).unwrap();
        writers.spawn(async move {
            let mut done = 0;
            while done < 20 {
                let head = store.get("head").await.unwrap().unwrap();
                let count: u64 = std::str::from_utf8(&head.body).unwrap().parse().unwrap();
                let next = Bytes::from((count + 1).to_string());
                if store.put_if_match("head", next, &head.etag).await.unwrap() == Put::Written {
                    done += 1;
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(first.get("head").await.unwrap().unwrap().body, "160");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_empty_folders_never_fails_a_write() {
    let (_folder, store) = store();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..100 {
                let key = format!("a/b/c/{i}");
                assert_eq!(store.put_new(&key, Bytes::new()).await.unwrap(), Put::Written);
                store.delete(&key).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert!(
        !store.root().join("a").exists(),
        "empty folders go with their last object"
    );
}

#[tokio::test]
async fn every_creation_is_announced_once() {
    let (_folder, store) = store();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let store = store.with_creations(sender);
    let source = tempfile::NamedTempFile::new().unwrap();
    let _ = store.put_new("new", Bytes::new()).await.unwrap();
    let _ = store.put_new("new", Bytes::new()).await.unwrap();
    let etag = store.stat("new").await.unwrap().unwrap().etag;
    let _ = store
        .put_if_match("new", Bytes::from_static(b"2"), &etag)
        .await
        .unwrap();
    let _ = store
        .put_if_match("new", Bytes::from_static(b"3"), &etag)
        .await
        .unwrap();
    store.put("put", Bytes::new()).await.unwrap();
    store.put_file("file", source.path()).await.unwrap();
    assert!(store.touch("put").await.unwrap());
    assert!(!store.touch("absent").await.unwrap());
    store.delete("put").await.unwrap();
    drop(store);
    let mut announced = Vec::new();
    while let Some(key) = receiver.recv().await {
        announced.push(key);
    }
    assert_eq!(announced, ["new", "new", "put", "file", "put"]);
}

#[tokio::test]
async fn keys_from_outside_cannot_leave_the_folder() {
    let (folder, store) = store();
    let outside = folder.path().with_extension("outside");
    let escape = format!("../{}", outside.file_name().unwrap().to_str().unwrap());
    for key in [
        escape.as_str(),
        "/etc/hostname",
        "a/../../b",
        ".store/locks/00",
        "secrets/app",
        "",
        "a//b",
    ] {
        let refused = |answer: Result<(), StoreError>| matches!(answer, Err(StoreError::InvalidKey { .. }));
        assert!(refused(store.get(key).await.map(drop)), "get {key:?}");
        assert!(
            refused(store.get_range(key, 0..1, None).await.map(drop)),
            "get_range {key:?}"
        );
        assert!(refused(store.stat(key).await.map(drop)), "stat {key:?}");
        assert!(refused(store.put(key, Bytes::new()).await), "put {key:?}");
        assert!(
            refused(store.put_new(key, Bytes::new()).await.map(drop)),
            "put_new {key:?}"
        );
        assert!(refused(store.delete(key).await), "delete {key:?}");
        assert!(refused(store.touch(key).await.map(drop)), "touch {key:?}");
    }
    for prefix in ["../", "/", "/etc/", "a/../", ".store/", "secrets/"] {
        assert_eq!(store.list(prefix, None, 10).await.unwrap(), [], "{prefix:?}");
    }
    assert!(!outside.exists());
}

#[tokio::test]
async fn only_objects_are_listed_and_only_the_owner_reads_them() {
    let (folder, store) = store();
    let _ = store.put_new("runs/r/run.json", Bytes::new()).await.unwrap();
    std::fs::create_dir_all(folder.path().join("secrets")).unwrap();
    std::fs::write(folder.path().join("secrets/app"), "x").unwrap();
    let listed = store.list("", None, 100).await.unwrap();
    assert_eq!(
        listed.iter().map(|l| l.key.as_str()).collect::<Vec<_>>(),
        ["runs/r/run.json"]
    );
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("runs/r/run.json")), 0o600);
    assert_eq!(mode(&folder.path().join("runs/r")), 0o700);
    assert_eq!(mode(&folder.path().join("runs")), 0o700);
    assert_eq!(mode(&folder.path().join(".store")), 0o700);
}

#[tokio::test]
async fn a_folder_is_no_object() {
    let (_folder, store) = store();
    store.put("a/b", Bytes::new()).await.unwrap();
    assert!(store.get("a").await.unwrap().is_none());
    assert!(store.stat("a/b/c").await.unwrap().is_none());
    assert!(matches!(
        store.put_new("a", Bytes::new()).await,
        Err(StoreError::Local { .. })
    ));
    assert!(matches!(
        store.put("a", Bytes::new()).await,
        Err(StoreError::Local { .. })
    ));
    assert!(matches!(
        store.put_new("a/b/c", Bytes::new()).await,
        Err(StoreError::Local { .. })
    ));
}

#[tokio::test]
async fn a_large_object_has_a_version_of_its_own() {
    let (_folder, store) = store();
    let body = Bytes::from(vec![7; (1 << 20) + 1]);
    store.put("models/a/big.csv", body.clone()).await.unwrap();
    let stat = store.stat("models/a/big.csv").await.unwrap().unwrap();
    let object = store.get("models/a/big.csv").await.unwrap().unwrap();
    assert_eq!((object.etag, object.body.len()), (stat.etag.clone(), body.len()));
    let tail = store
        .get_range(
            "models/a/big.csv",
            (1 << 20)..u64::MAX,
            Some(&Version::of(&stat.etag)),
        )
        .await
        .unwrap();
    assert_eq!(tail.unwrap(), Bytes::from_static(&[7]));
    store.put("models/a/big.csv", body).await.unwrap();
    let answer = store
        .get_range("models/a/big.csv", 0..1, Some(&Version::of(&stat.etag)))
        .await;
    assert!(
        matches!(answer, Err(StoreError::Changed { .. })),
        "a replaced file is another version"
    );
}

#[tokio::test]
async fn leftovers_of_killed_processes_are_cleaned_up_after_a_day() {
    let (folder, _) = store();
    let unfinished = folder.path().join(".store/unfinished");
    for (name, hours) in [("old", 25), ("young", 23)] {
        let file = std::fs::File::create(unfinished.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(hours))
            .unwrap();
    }
    LocalStore::open(folder.path()).unwrap();
    assert!(!unfinished.join("old").exists());
    assert!(unfinished.join("young").exists());
}

/// Not a test by itself: the process that the next test kills. It writes until it dies.
#[test]
#[ignore = "started by a_killed_process_leaves_no_half_object"]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::args().find_map(|arg| arg.strip_prefix("folder=").map(str::to_owned)) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(LocalStore::open(Path::new(&folder)).unwrap());
        for i in 0_u64.. {
            let body = Bytes::from(vec![b'x'; 300_000]);
            let _ = store.put_new(&format!("facts/{i}"), body.clone()).await.unwrap();
            store.put("derived", body.clone()).await.unwrap();
            let etag = store.stat("facts/0").await.unwrap().unwrap().etag;
            let _ = store.put_if_match("facts/0", body, &etag).await.unwrap();
        }
    });
}

#[tokio::test]
async fn a_killed_process_leaves_no_half_object() {
    let (folder, store) = store();
    for round in 0..5_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "writes_until_it_is_killed",
                &format!("folder={}", folder.path().display()),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let before = store.list("", None, usize::MAX).await.unwrap().len();
        while store.list("", None, usize::MAX).await.unwrap().len() < before + 3 {
            assert!(child.try_wait().unwrap().is_none(), "the writer ended by itself");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let listed = store.list("", None, usize::MAX).await.unwrap();
        assert!(
            listed.iter().all(|listed| listed.size == 300_000),
            "half an object: {listed:?}"
        );
    }
    // The lock of the dead is free.
    let head = store.get("facts/0").await.unwrap().unwrap();
    assert_eq!(
        store
            .put_if_match("facts/0", Bytes::new(), &head.etag)
            .await
            .unwrap(),
        Put::Written
    );
}
