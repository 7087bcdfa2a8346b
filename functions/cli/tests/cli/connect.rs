//! `connect`, `destinations` and `disconnect`, on a folder, with a sandbox as TikTok.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tiktok_sandbox::{APP_ID, APP_SECRET};

use crate::support::{Folder, Ran, Stand};

fn start(folder: &Folder, arguments: &[&str], stdin: &str) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tideline"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that needs no secret may have ended already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child
}

fn run(folder: &Folder, stand: &Stand, arguments: &[&str], stdin: &str) -> Ran {
    let url = stand.url();
    let arguments = [arguments, &["--endpoint", &url, "--output", "json"]].concat();
    let output = start(folder, &arguments, stdin).wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// One request; status, where it redirects to, and the page.
fn get(url: &str, cookies: &mut BTreeMap<String, String>) -> (u16, Option<String>, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let sent: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    let cookie = sent.join("; ");
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let header = |name: &'static str| {
        head.lines()
            .filter_map(move |line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    for cookie in header("set-cookie") {
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (
        status,
        header("location").next().map(str::to_owned),
        body.to_owned(),
    )
}

/// Goes through TikTok's page and back: the last address and its page.
fn dance(link: &str) -> (String, String) {
    let (mut url, mut cookies) = (link.to_owned(), BTreeMap::new());
    loop {
        let (status, location, page) = get(&url, &mut cookies);
        match location {
            None => {
                assert_eq!(status, 200, "{page}");
                return (url, page);
            }
            Some(location) if location.contains("://") => {
                url = location;
            }
            Some(location) => {
                url = format!(
                    "{}/{location}",
                    url.split('?').next().unwrap().rsplit_once('/').unwrap().0
                );
            }
        }
    }
}

#[test]
fn the_whole_dance_goes_through_on_one_machine() {
    let (folder, stand) = (Folder::new(), Stand::start());
    let url = stand.url();
    let arguments = [
        "connect",
        "acme",
        "--app-id",
        APP_ID,
        "--port",
        "0",
        "--endpoint",
        &url,
        "--output",
        "json",
    ];
    let mut child = start(&folder, &arguments, APP_SECRET);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let (address, page) = dance(told["url"].as_str().unwrap());
    assert!(address.ends_with("/oauth/done"), "{address}");
    assert!(
        page.contains("Authorization successful") && page.contains("Sandbox account 1"),
        "{page}"
    );
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    let connected: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(
        (&connected["name"], &connected["connected"]),
        (&json!("acme"), &json!(true))
    );

    let listed = run(&folder, &stand, &["destinations"], "");
    assert_eq!(listed.code, 0, "{listed:?}");
    let listed = listed.json();
    assert_eq!(
        (&listed["health"], &listed["accounts"][0]["name"]),
        (&json!("ok"), &json!("Sandbox account 1"))
    );
    assert_eq!(
        listed["can"],
        json!(["Web events", "Offline events", "CRM events", "Audiences"])
    );

    let refused = run(&folder, &stand, &["disconnect", "acme"], "no\n");
    assert_eq!(refused.code, 2);
    let gone = run(&folder, &stand, &["disconnect", "acme"], "acme\n");
    assert_eq!(
        gone.json(),
        json!({"name": "acme", "revoked": true, "deleted": true, "syncs": []})
    );
    assert_eq!(run(&folder, &stand, &["destinations"], "").out, "");
    assert_eq!(run(&folder, &stand, &["disconnect", "acme", "--yes"], "").code, 2);
    stand.stop();
}

#[test]
fn a_pasted_token_is_checked_before_it_is_stored_and_never_shown() {
    let (folder, stand) = (Folder::new(), Stand::start());
    let wrong = run(
        &folder,
        &stand,
        &["connect", "acme", "--token", "-"],
        "canary-token\n",
    );
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.err.contains("40105") && wrong.err.contains("nothing was stored"),
        "{wrong:?}"
    );
    let argument = run(
        &folder,
        &stand,
        &["connect", "acme", "--token", "canary-token"],
        "",
    );
    assert_eq!(argument.code, 2);
    let empty = run(&folder, &stand, &["connect", "acme", "--token", "-"], " \n");
    assert_eq!(empty.code, 2);
    assert_eq!(run(&folder, &stand, &["destinations"], "").out, "");
    let right = run(
        &folder,
        &stand,
        &["connect", "acme", "--token", "-"],
        "sandbox-token\n",
    );
    assert_eq!((right.code, &right.json()["connected"]), (0, &json!(true)));
    for ran in [wrong, argument, empty, right] {
        assert!(!format!("{ran:?}").contains("canary") && !format!("{ran:?}").contains("sandbox-token"));
    }
    stand.stop();
}

#[test]
fn a_dead_token_is_told_and_fails_the_command() {
    let (folder, stand) = (Folder::new(), Stand::start());
    run(
        &folder,
        &stand,
        &["connect", "acme", "--token", "-"],
        "sandbox-token\n",
    );
    let dead = json!({"tokens": {"sandbox-token": {"revoked": true}}});
    stand.state().change_settings(dead).unwrap();
    let listed = run(&folder, &stand, &["destinations"], "");
    assert_eq!(
        (listed.code, &listed.json()["health"]),
        (1, &json!("dead")),
        "{listed:?}"
    );
    assert!(
        listed.json()["note"]
            .as_str()
            .unwrap()
            .contains("tideline connect acme")
    );
    stand.stop();
}

#[test]
fn names_apps_and_silence_have_their_answers() {
    let (folder, stand) = (Folder::new(), Stand::start());
    for (arguments, stdin, words) in [
        (vec!["connect", "Acme"], "", "lower-case"),
        (vec!["connect", "acme"], "", "--app-id"),
        (vec!["connect", "acme", "--app-id", "x"], "s", "digits"),
        (vec!["connect", "acme", "--app-id", "74"], "", "secret"),
        (vec!["connect", "acme", "--minutes", "1441"], "", "1441"),
    ] {
        let ran = run(&folder, &stand, &arguments, stdin);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
    }
    run(
        &folder,
        &stand,
        &["connect", "acme", "--token", "-"],
        "sandbox-token\n",
    );
    stand
        .state()
        .set_faults(json!([{"path": "/user/info/", "http": 503}]))
        .unwrap();
    let listed = run(&folder, &stand, &["destinations"], "");
    assert_eq!((listed.code, &listed.json()["health"]), (0, &json!("unknown")));
    let kept = run(&folder, &stand, &["disconnect", "acme", "--yes"], "");
    assert_eq!(
        kept.json()["revoked"],
        json!(false),
        "without the token's app it is deleted here alone"
    );
    stand.stop();
}
