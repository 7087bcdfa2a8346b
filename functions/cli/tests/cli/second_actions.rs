//! The second thing that a person does, after something went wrong or was tried out.

mod again;
mod ends;
mod names;
mod places;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Folder, Ran, Stand, hours_ago, web_spec};

pub(crate) const TOKEN: &str = "sandbox-token";
pub(crate) const PIXEL: &str = "C4A1EXAMPLEPIXEL0001";
const OTHER_PIXEL: &str = "C4A1EXAMPLEPIXEL0002";

/// A folder with a spec of web events and an export, and a sandbox.
pub(crate) struct Bench {
    pub(crate) folder: Folder,
    pub(crate) stand: Stand,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self {
            folder: Folder::new(),
            stand: Stand::start(),
        };
        bench.spec(&web_spec(""));
        bench.export("a.csv", 0..5, "jane@shop.example");
        bench
    }

    pub(crate) fn spec(&self, text: &str) {
        self.folder.write("web.yaml", text);
    }

    pub(crate) fn export(&self, name: &str, ids: std::ops::Range<u32>, email: &str) {
        let (at, _) = hours_ago(2);
        let mut csv = "id,event,at,email,phone,url,value\n".to_owned();
        for n in ids {
            let _ = writeln!(
                csv,
                "o-{n},Purchase,{at},{email},,https://shop.example/{n},{n}.50"
            );
        }
        self.folder.write(name, csv);
    }

    pub(crate) fn with_token(&self, arguments: &[&str], token: &str) -> Ran {
        let url = self.stand.url();
        self.folder
            .run_with(&[arguments, &["--endpoint", &url]].concat(), Some(token))
    }

    /// What a person sees.
    pub(crate) fn say(&self, arguments: &[&str]) -> Ran {
        self.with_token(arguments, TOKEN)
    }

    /// What a program sees.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Ran {
        self.say(&[arguments, &["--output", "json"]].concat())
    }

    fn run(&self, file: &str) -> Ran {
        self.ask(&["run", "web.yaml", file])
    }

    fn runs(&self) -> Vec<Value> {
        lines(&self.folder.run(&["runs", "web", "--output", "json"]))
    }

    /// The accepted events of a pixel: how often each came.
    pub(crate) fn received(&self, pixel: &str, is_test: bool) -> BTreeMap<String, u64> {
        let events = self.stand.state().events();
        let mine = events
            .into_iter()
            .filter(|event| *event.event_source_id == *pixel && event.test == is_test);
        mine.map(|event| (event.event_id.unwrap_or_default().into(), event.received))
            .collect()
    }

    /// How many live events of the first pixel have come.
    pub(crate) fn live(&self) -> usize {
        self.received(PIXEL, false).len()
    }

    fn calls(&self) -> u64 {
        self.stand.state().calls_to("/event/track/")
    }

    pub(crate) fn fault(&self, fault: &Value) {
        self.stand.state().set_faults(fault.clone()).unwrap();
    }

    /// TikTok refuses each call in this way.
    pub(crate) fn every(&self, code: u64, message: &str) {
        self.fault(&json!([{"path": "/event/track/", "every": 1, "code": code, "message": message}]));
    }

    pub(crate) fn well(&self) {
        self.fault(&json!([]));
    }

    /// An option that leads to the sandbox, as commands are proposed with it.
    fn way(&self) -> String {
        format!("--endpoint {}", self.stand.url())
    }
}

pub(crate) fn lines(ran: &Ran) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{ran:?}"));
    ran.out.lines().map(line).collect()
}

/// Code and status of a run, as a program sees them.
fn ended(ran: &Ran) -> (i32, String) {
    let status = ran.json()["status"].as_str().unwrap_or_default().to_owned();
    (ran.code, status)
}

#[track_caller]
fn ends_as(ran: &Ran, code: i32, status: &str) {
    assert_eq!(ended(ran), (code, status.to_owned()), "{ran:?}");
}

/// One line that begins "Nothing to do" or "Nothing has changed", with this code.
#[track_caller]
fn nothing(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!((ran.code, ran.out.lines().count()), (code, 1), "{ran:?}");
    for words in words {
        assert!(ran.out.contains(words), "{words} is missing: {ran:?}");
    }
}
