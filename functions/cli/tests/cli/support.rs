//! A folder, the binary, and a sandbox.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tiktok_sandbox::{Running, Sandbox, SandboxConfig, SandboxState};
use tokio::runtime::Runtime;

/// A folder that the binary is run in.
pub(crate) struct Folder(TempDir);

/// What the binary did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, None)
    }

    pub(crate) fn run_with(&self, arguments: &[&str], token: Option<&str>) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tideline"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("TIKTOK_ACCESS_TOKEN");
        command.env("TMPDIR", self.path());
        if let Some(token) = token {
            command.env("TIKTOK_ACCESS_TOKEN", token);
        }
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        Ran {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A sandbox in this process.
pub(crate) struct Stand {
    runtime: Runtime,
    running: Running,
}

impl Stand {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let running = runtime
            .block_on(Sandbox::start(SandboxConfig::default()))
            .unwrap();
        Self { runtime, running }
    }

    pub(crate) fn url(&self) -> String {
        self.running.url()
    }

    pub(crate) fn state(&self) -> &SandboxState {
        self.running.state()
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.running.stop());
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}

/// A time some hours ago: as ISO 8601 and as epoch seconds.
pub(crate) fn hours_ago(hours: i64) -> (String, i64) {
    let time =
        Timestamp::from_second(Timestamp::now().as_second()).unwrap() - SignedDuration::from_hours(hours);
    (time.to_string(), time.as_second())
}

/// A spec of web events; `more` is added at its end.
pub(crate) fn web_spec(more: &str) -> String {
    format!(
        "destination: acme\ntype: web_events\nmodel:\n  path: models/web/\n  primary_key: id\nevent:\n  pixel_code: C4A1EXAMPLEPIXEL0001\n  name: {{from: event}}\n  batch_size: 2\nmappings:\n  - {{from: at, to: event_time}}\n  - {{from: email, to: user.email}}\n  - {{from: phone, to: user.phone}}\n  - {{from: url, to: page.url}}\n  - {{from: value, to: properties.value}}\n  - {{value: EUR, to: properties.currency}}\nidentity: {{default_country: DE}}\n{more}"
    )
}
