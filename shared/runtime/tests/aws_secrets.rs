//! Secrets Manager through the real SDK, against a fake wire.

mod fakes;

use fakes::secrets_manager::FakeSecretsManager;
use runtime::secrets::{AwsSecrets, SecretText, Secrets, SecretsError};

async fn secrets(fake: &FakeSecretsManager) -> AwsSecrets {
    AwsSecrets::new(fakes::serve(fake.router()).await.secrets)
}

#[tokio::test]
async fn keeps_the_contract() {
    let secrets = secrets(&FakeSecretsManager::default()).await;
    runtime::secrets::conformance::secrets_conformance(&secrets)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_name_can_be_used_again_while_its_deletion_goes_on() {
    let secrets = secrets(&FakeSecretsManager {
        slow_deletion: 5,
        ..FakeSecretsManager::default()
    })
    .await;
    secrets
        .put("tideline/b/app", SecretText::new("one"))
        .await
        .unwrap();
    secrets.delete("tideline/b/app").await.unwrap();
    assert_eq!(secrets.get("tideline/b/app").await.unwrap(), None);
    secrets
        .put("tideline/b/app", SecretText::new("two"))
        .await
        .unwrap();
    assert_eq!(
        secrets
            .get("tideline/b/app")
            .await
            .unwrap()
            .unwrap()
            .value
            .expose(),
        "two"
    );
    secrets.delete("tideline/b/app").await.unwrap();
    assert!(
        secrets
            .put_new("tideline/b/app", SecretText::new("three"))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_secret_that_a_person_scheduled_for_deletion_is_called_back() {
    let fake = FakeSecretsManager::default();
    let secrets = secrets(&fake).await;
    let name = "tideline/b/fingerprint-key";
    assert!(secrets.put_new(name, SecretText::new("one")).await.unwrap());
    fake.schedule_deletion(name);
    assert_eq!(secrets.get(name).await.unwrap(), None);
    assert!(
        !secrets.put_new(name, SecretText::new("two")).await.unwrap(),
        "the old key counts"
    );
    assert_eq!(secrets.get(name).await.unwrap().unwrap().value.expose(), "one");
    fake.schedule_deletion(name);
    let version = secrets.put(name, SecretText::new("three")).await.unwrap();
    let kept = secrets.get(name).await.unwrap().unwrap();
    assert_eq!((kept.value.expose(), kept.version), ("three", version));
}

#[tokio::test]
async fn only_our_prefix_is_listed() {
    let secrets = secrets(&FakeSecretsManager::default()).await;
    for name in [
        "tideline/b/app",
        "tideline/B/app",
        "tideline/b/destinations/acme",
        "other",
    ] {
        secrets.put(name, SecretText::new("x")).await.unwrap();
    }
    assert_eq!(
        secrets.list("tideline/b/").await.unwrap(),
        ["tideline/b/app", "tideline/b/destinations/acme"]
    );
}

#[tokio::test]
async fn failures_are_classified() {
    for (status, body, expected) in [
        (
            400,
            r#"{"__type":"AccessDeniedException","Message":"no"}"#,
            "denied",
        ),
        (400, r#"{"__type":"DecryptionFailure","Message":"no"}"#, "denied"),
        (
            400,
            r#"{"__type":"InvalidParameterException","Message":"no"}"#,
            "refused the request",
        ),
        (
            400,
            r#"{"__type":"InvalidRequestException","Message":"managed by another service"}"#,
            "refused the request",
        ),
    ] {
        let secrets = secrets(&FakeSecretsManager {
            answer: Some((status, body)),
            ..Default::default()
        })
        .await;
        let error = secrets.get("tideline/b/app").await.unwrap_err();
        assert!(error.to_string().contains(expected), "{body}: {error}");
        let error = secrets
            .put("tideline/b/app", SecretText::new("act.12345"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{body}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_shown() {
    let answer = Some((200, r#"{"SecretString":"act.12345","VersionId":7"#));
    let secrets = secrets(&FakeSecretsManager {
        answer,
        ..Default::default()
    })
    .await;
    let error = secrets.get("tideline/b/app").await.unwrap_err();
    assert!(!matches!(error, SecretsError::Unreadable { .. }));
    let shown = format!("{error} {error:?} {}", runtime::logs::with_causes(&error));
    assert!(!shown.contains("12345"), "{shown}");
}
