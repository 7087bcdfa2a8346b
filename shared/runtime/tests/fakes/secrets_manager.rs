//! Secrets in memory, with the ways in which a name can be in use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

#[derive(Default)]
struct Secret {
    versions: Vec<(String, String)>,
    /// A person has scheduled its deletion.
    scheduled: bool,
    /// Deleted for good, and the name is blocked for so many more requests.
    going: u32,
}

/// The server's side, for tests to look at.
#[derive(Clone, Default)]
pub struct FakeSecretsManager {
    secrets: Arc<Mutex<BTreeMap<String, Secret>>>,
    /// Answers every request as it stands.
    pub answer: Option<(u16, &'static str)>,
    /// For how many requests a name stays blocked behind a deletion.
    pub slow_deletion: u32,
}

impl FakeSecretsManager {
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// What a person does in the console.
    pub fn schedule_deletion(&self, name: &str) {
        self.secrets.lock().unwrap().get_mut(name).unwrap().scheduled = true;
    }
}

async fn answer(State(fake): State<FakeSecretsManager>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers["x-amz-target"]
        .to_str()
        .unwrap()
        .strip_prefix("secretsmanager.")
        .unwrap()
        .to_owned();
    let (status, body) = match fake.answer {
        Some((status, body)) => (status, body.to_owned()),
        None => match request(&fake, &target, &serde_json::from_slice(&body).unwrap()) {
            Ok(body) => (200, body.to_string()),
            Err((kind, message)) => (400, json!({"__type": kind, "Message": message}).to_string()),
        },
    };
    let answer = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1");
    answer.body(Body::from(body)).unwrap()
}

type Refused = (&'static str, &'static str);

const NOT_FOUND: Refused = (
    "ResourceNotFoundException",
    "Secrets Manager can't find the specified secret.",
);
const EXISTS: Refused = (
    "ResourceExistsException",
    "The operation failed because the secret already exists.",
);
const MARKED: Refused = (
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
);
const SCHEDULED: Refused = (
    "InvalidRequestException",
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
);

fn request(fake: &FakeSecretsManager, target: &str, input: &Value) -> Result<Value, Refused> {
    let mut secrets = fake.secrets.lock().unwrap();
    let name = input["SecretId"]
        .as_str()
        .or(input["Name"].as_str())
        .unwrap_or_default()
        .to_owned();
    let id = input["ClientRequestToken"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let value = input["SecretString"].as_str().unwrap_or_default().to_owned();
    if let Some(secret) = secrets.get_mut(&name)
        && secret.going > 0
    {
        secret.going -= 1;
        if secret.going == 0 {
            secrets.remove(&name);
        }
        return Err(if target == "CreateSecret" {
            SCHEDULED
        } else {
            NOT_FOUND
        });
    }
    let there = secrets.get_mut(&name);
    match (target, there) {
        ("CreateSecret", Some(secret)) => Err(if secret.scheduled { SCHEDULED } else { EXISTS }),
        ("CreateSecret", None) => {
            secrets.insert(
                name,
                Secret {
                    versions: vec![(id.clone(), value)],
                    scheduled: false,
                    going: 0,
                },
            );
            Ok(json!({ "VersionId": id }))
        }
        ("ListSecrets", _) => {
            let prefix = input["Filters"][0]["Values"][0].as_str().unwrap().to_lowercase();
            let found: Vec<&String> = secrets
                .keys()
                .filter(|name| name.to_lowercase().starts_with(&prefix))
                .collect();
            // Pages of one.
            let at = input["NextToken"]
                .as_str()
                .map_or(0, |token| token.parse::<usize>().unwrap());
            let page: Vec<Value> = found
                .iter()
                .skip(at)
                .take(1)
                .map(|name| json!({ "Name": name }))
                .collect();
            let next = (at + 1 < found.len()).then(|| (at + 1).to_string());
            Ok(json!({ "SecretList": page, "NextToken": next }))
        }
        (_, None) => Err(NOT_FOUND),
        ("RestoreSecret", Some(secret)) => {
            secret.scheduled = false;
            Ok(json!({}))
        }
        ("DeleteSecret", Some(secret)) => {
            assert_eq!(input["ForceDeleteWithoutRecovery"], true);
            if fake.slow_deletion > 0 {
                *secret = Secret {
                    going: fake.slow_deletion,
                    ..Secret::default()
                };
            } else {
                secrets.remove(&name);
            }
            Ok(json!({}))
        }
        (_, Some(secret)) if secret.scheduled => Err(MARKED),
        ("PutSecretValue", Some(secret)) => {
            secret.versions.push((id.clone(), value));
            Ok(json!({ "VersionId": id }))
        }
        ("GetSecretValue", Some(secret)) => {
            let (id, value) = secret.versions.last().unwrap();
            Ok(json!({ "VersionId": id, "SecretString": value, "Name": name }))
        }
        other => panic!("{other:?} is not known here", other = other.0),
    }
}
