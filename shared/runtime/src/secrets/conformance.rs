//! What every keeper of secrets must do, as one test that runs against any of them.

use futures::future::join_all;

use super::{SecretText, Secrets};
use crate::store::BoxError;

/// Puts a keeper of secrets through all requests under `tideline/conformance-<random>/`, and deletes what it made.
///
/// # Errors
/// What it answered with where it should not fail.
///
/// # Panics
/// When it breaks a promise of [`Secrets`].
pub async fn secrets_conformance(secrets: &dyn Secrets) -> Result<(), BoxError> {
    let prefix = format!("tideline/conformance-{:016x}/", rand::random::<u64>());
    let name = format!("{prefix}destinations/acme");
    assert_eq!(secrets.get(&name).await?, None);
    assert_eq!(secrets.list(&prefix).await?, Vec::<String>::new());
    secrets.delete(&name).await?;

    let first = secrets.put(&name, SecretText::new("one")).await?;
    let second = secrets.put(&name, SecretText::new("two")).await?;
    let third = secrets.put(&name, SecretText::new("two")).await?;
    assert!(
        first != second && second != third,
        "every put is a version of its own"
    );
    assert!(
        third.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        "{third:?} may be part of a key"
    );
    let kept = secrets.get(&name).await?.ok_or("the secret was put")?;
    assert_eq!((kept.value.expose(), &kept.version), ("two", &third));

    secrets.delete(&name).await?;
    assert_eq!(secrets.get(&name).await?, None);
    let again = secrets.put(&name, SecretText::new("two")).await?;
    assert!(
        again != first && again != second && again != third,
        "a version's name never comes back"
    );

    let key = format!("{prefix}link-key");
    let answers = join_all((0..8).map(|i| secrets.put_new(&key, SecretText::new(format!("key {i}"))))).await;
    let answers = answers.into_iter().collect::<Result<Vec<bool>, _>>()?;
    let winner = answers.iter().position(|won| *won);
    assert_eq!(answers.iter().filter(|won| **won).count(), 1, "one key is made");
    let kept = secrets.get(&key).await?.ok_or("a key was made")?;
    assert_eq!(
        Some(kept.value.expose()),
        winner.map(|i| format!("key {i}")).as_deref()
    );

    assert_eq!(secrets.list(&prefix).await?, [name.clone(), key.clone()]);
    let connections = secrets.list(&format!("{prefix}destinations/")).await?;
    assert_eq!(connections, std::slice::from_ref(&name));
    secrets.delete(&name).await?;
    secrets.delete(&key).await?;
    assert_eq!(secrets.list(&prefix).await?, Vec::<String>::new());
    Ok(())
}
