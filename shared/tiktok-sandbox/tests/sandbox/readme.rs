//! Runs every example of the README, in order, against one sandbox.

use serde_json::Value;

use crate::bench::Bench;

/// A request and the answer that follows it.
struct Example {
    method: String,
    path: String,
    body: String,
    answer: Option<Value>,
}

/// The `http` blocks of the README, each with the `json` block behind it.
fn examples(readme: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let blocks = readme.split("```").skip(1).step_by(2);
    for block in blocks {
        let (kind, text) = block.split_once('\n').unwrap();
        match kind {
            "http" => {
                let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
                let (method, path) = head.split_once(' ').unwrap();
                examples.push(Example {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    body: body.to_owned(),
                    answer: None,
                });
            }
            "json" => examples.last_mut().unwrap().answer = Some(serde_json::from_str(text).unwrap()),
            _ => {}
        }
    }
    examples
}

/// Whether the answer holds everything that the README shows; it may hold more keys.
fn shows(answer: &Value, shown: &Value) -> bool {
    match (answer, shown) {
        (Value::Object(answer), Value::Object(shown)) => shown
            .iter()
            .all(|(key, shown)| answer.get(key).is_some_and(|answer| shows(answer, shown))),
        (Value::Array(answer), Value::Array(shown)) => {
            answer.len() == shown.len()
                && answer
                    .iter()
                    .zip(shown)
                    .all(|(answer, shown)| shows(answer, shown))
        }
        _ => answer == shown,
    }
}

#[tokio::test]
async fn every_example_of_the_readme_answers_what_it_shows() {
    let bench = Bench::start().await;
    let examples = examples(include_str!("../../README.md"));
    assert!(examples.len() >= 10, "the README lost its examples");
    for Example {
        method,
        path,
        body,
        answer,
    } in examples
    {
        let url = format!("{}{path}", bench.sandbox.url());
        let request = bench
            .http
            .request(method.parse().unwrap(), url)
            .header("Access-Token", "sandbox-token")
            .header("Content-Type", "application/json");
        let response = request.body(body.clone()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{method} {path} {body}");
        let answered: Value = response.json().await.unwrap();
        if let Some(shown) = answer {
            assert!(
                shows(&answered, &shown),
                "{method} {path}\n{answered}\ninstead of\n{shown}"
            );
        }
    }
}
