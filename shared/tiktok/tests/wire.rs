//! What the client sends, and how it judges whatever comes back.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use tiktok::{AccessToken, Answer, Asked, Client, Endpoint, RetryReason, Verdict};

#[cfg(test)]
mod server;
use server::{answer, is_quiet, listener, once, request, until_closed};

const ENOUGH: Duration = Duration::from_secs(30);
const REQUEST_ID: &str = "20260801120000ABCDEF0123456789ABCD";
const OK: &str =
    r#"{"code":0,"message":"OK","request_id":"20260801120000ABCDEF0123456789ABCD","data":{"a":1}}"#;

async fn post(client: &Client) -> Answer {
    let body = Bytes::from_static(br#"{"data":[]}"#);
    client.post_json(Endpoint::EventTrack, None, body, ENOUGH).await
}

/// What a whole answer is judged to be.
async fn judged(status: &'static str, headers: &'static str, body: &'static str) -> Answer {
    let (client, served) = once(move |stream| {
        request(stream);
        answer(stream, status, headers, body);
    });
    let answer = post(&client).await;
    assert!(served.join().is_ok());
    answer
}

#[track_caller]
fn check_lost(answer: &Answer, why: RetryReason, status: Option<u16>) {
    assert!(
        matches!(answer.verdict, Verdict::Retry { why: is, .. } if is == why),
        "{answer:?}"
    );
    assert_eq!((answer.status, answer.code), (status, None));
    assert_eq!((&answer.request_id, &answer.data), (&None, &None));
    assert_eq!(
        answer.verdict.cause().map(|cause| &cause.message),
        Some(&answer.message)
    );
    assert!(!answer.message.as_str().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_post_is_json_with_the_token_in_its_header() {
    let (client, served) = once(|stream| {
        let request = request(stream);
        answer(stream, "200 OK", "", OK);
        request
    });
    let token = AccessToken::new("sandbox-token").unwrap();
    let body = Bytes::from_static(br#"{"data":[1]}"#);
    let answer = client
        .post_json(Endpoint::EventTrack, Some(&token), body, ENOUGH)
        .await;
    let request = served.join().unwrap();
    assert!(
        request.starts_with("POST /open_api/v1.3/event/track/ HTTP/1.1\r\n"),
        "{request}"
    );
    for header in ["access-token: sandbox-token", "content-type: application/json"] {
        assert!(request.contains(&format!("\r\n{header}\r\n")), "{request}");
    }
    let agent = format!("\r\nuser-agent: tideline/{}\r\n", env!("CARGO_PKG_VERSION"));
    assert!(request.contains(&agent), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"data\":[1]}"), "{request}");
    assert_eq!(answer.verdict, Verdict::Accepted);
    assert_eq!(
        (answer.status, answer.code, answer.message.as_str()),
        (Some(200), Some(0), "OK")
    );
    assert_eq!(answer.request_id.as_deref(), Some(REQUEST_ID));
    assert_eq!(answer.data, Some(serde_json::json!({"a": 1})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_get_escapes_its_query_and_has_no_body() {
    let (client, served) = once(|stream| {
        let request = request(stream);
        answer(stream, "200 OK", "", OK);
        request
    });
    let token = AccessToken::new("sandbox-token").unwrap();
    let query = [
        ("app_id", "7400"),
        ("secret", "a&b=c d/é"),
        ("ids", r#"["1","2"]"#),
    ];
    let answer = client
        .get_json(Endpoint::Advertisers, Some(&token), &query, ENOUGH)
        .await;
    let request = served.join().unwrap();
    let line = request.lines().next().unwrap();
    assert_eq!(
        line,
        "GET /open_api/v1.3/oauth2/advertiser/get/?app_id=7400&secret=a%26b%3Dc+d%2F%C3%A9&ids=%5B%221%22%2C%222%22%5D HTTP/1.1"
    );
    assert!(
        request.contains("\r\naccess-token: sandbox-token\r\n"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\n") && !request.contains("content-type"),
        "{request}"
    );
    assert_eq!((answer.verdict, answer.data.is_some()), (Verdict::Accepted, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_token_there_is_no_header() {
    let (client, served) = once(|stream| {
        let request = request(stream);
        answer(stream, "200 OK", "", OK);
        request
    });
    post(&client).await;
    assert!(!served.join().unwrap().to_lowercase().contains("access-token"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_code_decides_whatever_the_status_is() {
    let refused = r#"{"code":40002,"message":"data.3.event: bad","request_id":"x","data":{}}"#;
    for status in ["200 OK", "400 Bad Request", "500 Internal Server Error"] {
        let answer = judged(status, "", refused).await;
        assert!(
            matches!(answer.verdict, Verdict::Refused { row: Some(3), .. }),
            "{answer:?}"
        );
        assert_eq!((answer.code, answer.request_id), (Some(40002), None));
    }
    let answer = judged("500 Internal Server Error", "", OK).await;
    assert!(
        matches!(
            answer.verdict,
            Verdict::Retry {
                why: RetryReason::Unclear,
                ..
            }
        ),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_repeat_of_what_was_taken_is_taken() {
    let (client, served) = once(|stream| {
        request(stream);
        answer(stream, "200 OK", "", r#"{"code":40050,"message":"duplicated"}"#);
    });
    let asked = Asked::again(Endpoint::EventTrack);
    let answer = client
        .post_json(asked, None, Bytes::from_static(b"{}"), ENOUGH)
        .await;
    served.join().unwrap();
    assert_eq!(answer.verdict, Verdict::Accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn answers_of_a_gateway_are_judged_by_their_status() {
    check_lost(
        &judged("200 OK", "", "<html>hello</html>").await,
        RetryReason::Unclear,
        Some(200),
    );
    check_lost(&judged("200 OK", "", "").await, RetryReason::Unclear, Some(200));
    check_lost(
        &judged("429 Too Many Requests", "", "slow down").await,
        RetryReason::RateLimited,
        Some(429),
    );
    check_lost(
        &judged("502 Bad Gateway", "", "<html></html>").await,
        RetryReason::Unclear,
        Some(502),
    );
    check_lost(
        &judged("503 Service Unavailable", "", "").await,
        RetryReason::Unclear,
        Some(503),
    );
    let not_found = judged("404 Not Found", "", "404 page not found").await;
    assert!(
        matches!(not_found.verdict, Verdict::Misconfigured { .. }),
        "{not_found:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_redirect_is_not_followed() {
    let (elsewhere, _) = listener();
    let location = format!("location: http://{}/\r\n", elsewhere.local_addr().unwrap());
    let (client, served) = once(move |stream| {
        request(stream);
        answer(stream, "307 Temporary Redirect", &location, "");
    });
    let answer = post(&client).await;
    served.join().unwrap();
    assert!(
        matches!(answer.verdict, Verdict::Misconfigured { .. }),
        "{answer:?}"
    );
    assert_eq!(answer.status, Some(307));
    drop(client);
    assert!(is_quiet(&elsewhere));
}

/// A success, drawn out to `length` bytes by white space.
fn padded(length: usize) -> String {
    format!("{OK}{}", " ".repeat(length - OK.len()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_may_have_a_mebibyte_and_no_more() {
    for (length, taken) in [(1 << 20, true), ((1 << 20) + 1, false), (8 << 20, false)] {
        let (client, served) = once(move |stream| {
            request(stream);
            let body = padded(length);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(body.as_bytes()))
        });
        let answer = post(&client).await;
        if taken {
            served.join().unwrap().unwrap();
            assert_eq!(answer.verdict, Verdict::Accepted);
        } else {
            drop(client);
            let _ = served.join().unwrap();
            check_lost(&answer, RetryReason::Unclear, Some(200));
            assert!(answer.message.as_str().contains("larger than"), "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_cut_answer_is_unclear_even_where_it_reads_as_a_success() {
    for head in ["content-length: 1000\r\n", "transfer-encoding: chunked\r\n"] {
        let (client, served) = once(move |stream| {
            request(stream);
            let body = if head.starts_with('c') {
                OK.to_owned()
            } else {
                format!("{:x}\r\n{OK}\r\n", OK.len())
            };
            write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n{body}").unwrap();
        });
        let answer = post(&client).await;
        served.join().unwrap();
        check_lost(&answer, RetryReason::Unclear, Some(200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_that_breaks_is_unclear() {
    let (client, served) = once(|_| ());
    check_lost(&post(&client).await, RetryReason::Unclear, None);
    served.join().unwrap();
    let (client, served) = once(|stream| drop(request(stream)));
    check_lost(&post(&client).await, RetryReason::Unclear, None);
    served.join().unwrap();
    let (client, served) = once(|stream| {
        request(stream);
        write!(stream, "SMTP ready\r\n\r\n").unwrap();
    });
    check_lost(&post(&client).await, RetryReason::Unclear, None);
    served.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_may_have_been_taken_is_not_repeated_by_itself() {
    let (listener, client) = listener();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        request(&mut stream);
        answer(&mut stream, "200 OK", "", OK);
        request(&mut stream);
        drop(stream);
        listener
    });
    assert_eq!(post(&client).await.verdict, Verdict::Accepted);
    check_lost(&post(&client).await, RetryReason::Unclear, None);
    drop(client);
    assert!(is_quiet(&served.join().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_without_an_answer_in_time_is_unclear() {
    let short = Duration::from_millis(300);
    let (client, served) = once(until_closed);
    let answer = client
        .post_json(Endpoint::EventTrack, None, Bytes::new(), short)
        .await;
    served.join().unwrap();
    check_lost(&answer, RetryReason::Unclear, None);
    assert!(answer.message.as_str().contains("time"), "{answer:?}");
    let (client, served) = once(|stream| {
        request(stream);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{{").unwrap();
        until_closed(stream);
    });
    let answer = client
        .post_json(Endpoint::EventTrack, None, Bytes::new(), short)
        .await;
    served.join().unwrap();
    check_lost(&answer, RetryReason::Unclear, Some(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_connection_nothing_was_sent_and_no_secret_is_told() {
    let (listener, client) = listener();
    drop(listener);
    check_lost(&post(&client).await, RetryReason::NotSent, None);
    let token = AccessToken::new("sandbox-token").unwrap();
    let query = [("app_id", "app-of-ours"), ("secret", "hunter2")];
    let answer = client
        .get_json(Endpoint::Advertisers, Some(&token), &query, ENOUGH)
        .await;
    check_lost(&answer, RetryReason::NotSent, None);
    let shown = format!("{answer:?} {client:?}");
    for secret in ["hunter2", "app-of-ours", "sandbox-token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_an_answer_holds_is_not_shown() {
    let body = r#"{"code":40002,"message":"alice@shop.example is bad","data":{"access_token":"hunter2"}}"#;
    let answer = judged("200 OK", "", body).await;
    let shown = format!("{answer:?}");
    assert!(!shown.contains("alice") && !shown.contains("hunter2"), "{shown}");
    assert_eq!(answer.data.unwrap()["access_token"], "hunter2");
}
