//! Token, code, app secret, key, state and cookie: in no log line at TRACE, page, address of ours or object.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::json;
use tiktok_sandbox::{APP_ID, Sandbox, SandboxConfig};

use crate::bench::{Bench, Browser, NOW, parameter};

const SECRET: &str = "canary-app-secret";

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that this process logs, of our crates at TRACE and of others as in Lambda.
fn log() -> &'static Kept {
    static LOG: OnceLock<Kept> = OnceLock::new();
    LOG.get_or_init(|| {
        let kept = Kept::default();
        let writer = kept.clone();
        let _ = tracing_subscriber::fmt()
            .json()
            .with_env_filter("warn,oauth_callback=trace,runtime=trace,tiktok=trace,sync_core=trace")
            .with_writer(move || writer.clone())
            .try_init();
        kept
    })
}

/// What was shown and may be seen by others.
#[derive(Default)]
struct Seen {
    canaries: Vec<String>,
    shown: Vec<String>,
}

/// One dance with this fault; what it showed.
async fn dance(bench: &Bench, seen: &mut Seen, fault: Option<serde_json::Value>) {
    bench.sandbox.state().set_faults(json!([])).unwrap();
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    for name in ["state", "auth_code"] {
        seen.canaries.push(parameter(&back, name).to_owned());
    }
    seen.canaries.extend(browser.0.values().cloned());
    if let Some(fault) = fault {
        bench.fault(&fault);
    }
    let wrong = back.replace("state=acme", "state=acne");
    for (browser, address) in [
        (&mut Browser::default(), &wrong),
        (&mut browser.clone(), &wrong),
        (&mut Browser::default(), &back),
        (&mut browser.clone(), &back),
        (&mut browser, &back),
    ] {
        let first = bench.ask(browser, address, NOW + 60).await;
        let location = first.header("location").unwrap().to_owned();
        let page = bench.ask(browser, &location, NOW + 61).await;
        seen.shown
            .extend([location, first.body.clone(), format!("{first:?}"), page.body]);
    }
    if let Some((connection, _)) = bench.connection("acme").await {
        seen.canaries
            .push(connection.token().unwrap().expose().to_owned());
        seen.shown.push(format!("{connection:?}"));
    }
}

fn objects(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().unwrap() != "secrets" {
                objects(&path, found);
            }
        } else {
            found.push(path.display().to_string());
            found.push(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
        }
    }
}

#[tokio::test]
async fn no_canary_leaves_its_secret_on_any_path() {
    let log = log();
    let bench = Bench::start().await;
    bench.put_app(SECRET).await;
    bench.set(json!({"apps": {APP_ID: SECRET}}));
    let mut seen = Seen {
        canaries: vec![SECRET.to_owned(), "canary-link-key".to_owned()],
        shown: Vec::new(),
    };
    let exchange = |mut fault: serde_json::Value| {
        fault["path"] = json!("/oauth2/access_token/");
        Some(fault)
    };
    let echo = format!("Invalid secret {SECRET} for this app");
    for fault in [
        None,
        exchange(json!({"code": 40101, "message": echo})),
        exchange(json!({"code": 40110, "message": echo})),
        exchange(json!({"code": 40002, "message": echo})),
        exchange(json!({"code": 50000, "message": echo})),
        exchange(json!({"http": 500})),
        exchange(json!({"body": SECRET})),
        exchange(json!({"reset": true})),
        exchange(json!({"after_store": "truncate"})),
        exchange(json!({"after_store": "reset"})),
        Some(json!({"path": "/oauth2/advertiser/get/", "code": 40105, "message": echo})),
        Some(json!({"path": "/oauth2/advertiser/get/", "body": SECRET})),
        Some(json!({"path": "/oauth2/advertiser/get/", "reset": true})),
    ] {
        dance(&bench, &mut seen, fault).await;
    }
    // Nobody listens at TikTok's address: the address of a call that failed holds the app's secret.
    let nobody = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let gone = nobody.url();
    nobody.stop().await;
    let client = tiktok::Client::new(tiktok::ClientConfig::new(
        tiktok::ApiBase::loopback(&gone).unwrap(),
    ))
    .unwrap();
    let app = tiktok::oauth::App::new(APP_ID, SECRET).unwrap();
    let token = tiktok::oauth::NewToken::new("canary-pasted-token").unwrap();
    seen.canaries.push("canary-pasted-token".to_owned());
    let second = std::time::Duration::from_secs(1);
    let failed = tiktok::oauth::accounts(&client, &app, token.token(), second)
        .await
        .unwrap_err();
    seen.shown.push(format!("{failed} {failed:?} {app:?} {token:?}"));

    let mut shown = seen.shown;
    objects(bench.folder.path(), &mut shown);
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        log.contains("\"failure\":\"state\"") && log.contains("connected"),
        "{log}"
    );
    shown.push(log);
    assert!(seen.canaries.len() > 40);
    for canary in &seen.canaries {
        for text in &shown {
            assert!(!text.contains(canary.as_str()), "{canary} is in {text}");
        }
    }
}
