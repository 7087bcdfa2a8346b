//! Exports of every kind, worked on from the first event to rest: what an earlier version made of them lies in
//! `fixtures/recorded/`, and this version is held against it.
//!
//! A recording is the whole bucket, as text: JSON and CSV as they are, everything else in hexadecimal. The clock, the
//! key of the fingerprints and TikTok's answers are the same in each play, so that the same code writes the same bytes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Context as _;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bench::Bench;
use crate::export::{Export, TWO_EVENTS};
use crate::front::{Act, ApiCall, Blame, refuse};
use crate::people::{MIRROR, People, add_spec, files_spec, names};
use crate::world::{Setup, World};

const DAY: i64 = 86_400_000;

/// What is worked on, under the name of its recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The name.
    pub name: &'static str,
    /// The export is cut into parts.
    pub large: bool,
}

/// All cases. Each is played small and large.
const NAMES: [&str; 12] = [
    "events",
    "events-refused",
    "events-left-over",
    "events-went-on",
    "two-events",
    "add",
    "add-left-over",
    "mirror",
    "mirror-left-over",
    "all",
    "all-left-over",
    "guard",
];

/// All cases, small and large.
pub fn cases() -> Vec<Case> {
    let both = |name| [false, true].map(|large| Case { name, large });
    NAMES.into_iter().flat_map(both).collect()
}

/// An object of a recorded bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// Its content, where that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its content in hexadecimal, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
}

impl Kept {
    /// The content.
    pub fn body(&self) -> anyhow::Result<Bytes> {
        match (&self.text, &self.hex) {
            (Some(text), _) => Ok(Bytes::from(text.clone())),
            (None, Some(hex)) => Ok(Bytes::from(const_hex::decode(hex)?)),
            (None, None) => anyhow::bail!("an object without content"),
        }
    }
}

/// A recorded bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The clock at its end, in milliseconds since 1970.
    pub now: i64,
    /// Its objects.
    pub objects: BTreeMap<String, Kept>,
}

/// What nobody reads when a run is over, and what holds times of this machine: not recorded.
fn is_recorded(key: &str) -> bool {
    !["calls/", "tasks/", "progress/", "wake/"]
        .iter()
        .any(|prefix| key.starts_with(prefix))
}

impl Case {
    /// Where its recording lies.
    pub fn path(&self) -> PathBuf {
        let size = if self.large { "large" } else { "small" };
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/recorded");
        folder.join(format!("{}-{size}.json", self.name))
    }

    /// Reads its recording.
    pub fn recorded(&self) -> anyhow::Result<Recording> {
        let path = self.path();
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }

    /// Whether the rows of its last export are all known when it has ended, so that the same rows send nothing.
    pub fn sends_alike(&self) -> bool {
        matches!(self.name, "events" | "events-went-on" | "add" | "mirror")
    }

    fn of_audience(&self) -> bool {
        ["add", "mirror", "all"]
            .iter()
            .any(|mode| self.name.starts_with(mode))
    }

    fn of_files(&self) -> bool {
        self.name.starts_with("all")
    }

    fn setup(&self) -> Setup {
        let setup = match (self.large, self.of_files()) {
            (false, _) => Setup::small(),
            (true, false) => Setup::cut(4, 4),
            (true, true) => Setup::cut(700, 4_000),
        };
        let spec = match self.name {
            "two-events" => TWO_EVENTS.to_owned(),
            "guard" => setup
                .spec
                .replace("max_rejected_percent: 100", "max_rejected_percent: 20"),
            _ if self.name.starts_with("add") => add_spec(),
            _ if self.name.starts_with("mirror") => MIRROR.to_owned(),
            _ if self.of_files() => files_spec(),
            _ => setup.spec.clone(),
        };
        Setup {
            spec,
            visibility: if self.of_audience() {
                600_000
            } else {
                setup.visibility
            },
            ..setup
        }
    }

    /// An installation for it: empty, or with what was recorded.
    pub async fn world(&self, bench: &Rc<Bench>, recording: Option<&Recording>) -> anyhow::Result<World> {
        let world = World::new(bench, self.setup()).await?;
        if let Some(recording) = recording {
            for (key, kept) in &recording.objects {
                world.store.restore(key, kept.body()?, kept.at);
            }
            world.jump(recording.now - world.store.now())?;
        }
        // What was restored has woken its functions long ago.
        drop(world.store.created());
        Ok(world)
    }

    /// Its exports, in the order in which they land: name and content.
    pub fn exports(&self) -> Vec<(&'static str, String)> {
        let of = |exports: &[(&'static str, &Export)]| -> Vec<(&'static str, String)> {
            exports
                .iter()
                .map(|(name, export)| (*name, export.csv().to_owned()))
                .collect()
        };
        let people = |exports: &[(&'static str, &People)]| -> Vec<(&'static str, String)> {
            exports
                .iter()
                .map(|(name, people)| (*name, people.csv().to_owned()))
                .collect()
        };
        let first = Export::rows(0, 9).bad("b1").old("o1").row("k3", "a");
        match self.name {
            "events" => of(&[
                ("1.csv", &first),
                ("2.csv", &Export::rows(0, 12).row("k12", "b").bad("b2")),
                ("3.csv", &Export::rows(3, 11).row("k0", "changed")),
            ]),
            "events-refused" | "two-events" | "events-left-over" => of(&[("1.csv", &first)]),
            "events-went-on" => of(&[("1.csv", &first), ("2.csv", &Export::rows(4, 12).row("k3", "b"))]),
            "guard" => of(&[
                ("1.csv", &Export::rows(0, 6)),
                ("2.csv", &Export::rows(6, 8).bad("b1").bad("b2").bad("b3")),
            ]),
            "add" | "mirror" => people(&[
                ("1.csv", &People::rows(0, 8).row("s", "e1 p1").bad("b1")),
                (
                    "2.csv",
                    &People::rows(2, 11)
                        .row("s", "e1 p2")
                        .row("t", "e0 e40 p3")
                        .bad("b1"),
                ),
            ]),
            "add-left-over" => people(&[("1.csv", &People::rows(0, 8).bad("b1"))]),
            "mirror-left-over" => people(&[
                ("1.csv", &People::rows(0, 8)),
                ("2.csv", &People::rows(2, 9).bad("b1")),
            ]),
            "all" => people(&[
                ("1.csv", &People::rows(0, 1_100).bad("b1")),
                ("2.csv", &People::rows(50, 1_200)),
            ]),
            "all-left-over" => people(&[("1.csv", &People::rows(0, 1_100))]),
            _ => Vec::new(),
        }
    }

    /// What TikTok does while the export behind `landed` others is worked on.
    fn script(&self, landed: usize) -> Box<dyn FnMut(&ApiCall) -> Act + Send> {
        let left_over = names("e2 e3 e6 e7");
        match self.name {
            "events-refused" | "two-events" => Box::new(refuse(&["k2", "k6"], Blame::Index)),
            "events-left-over" => Box::new(|call| {
                let left = ["k2", "k3", "k6", "k7"];
                if call.ids.iter().any(|id| left.contains(&id.as_str())) {
                    Act::Http(503)
                } else {
                    Act::Pass
                }
            }),
            "events-went-on" if landed == 0 => Box::new(|_| Act::Http(503)),
            "add-left-over" => Box::new(move |call| {
                let touched = call
                    .persons()
                    .iter()
                    .any(|person| !person.is_disjoint(&left_over));
                if touched { Act::Http(503) } else { Act::Pass }
            }),
            "mirror-left-over" => Box::new(|call| if call.removes() { Act::Http(503) } else { Act::Pass }),
            "all-left-over" => Box::new(|call| {
                if call.path.ends_with("/file/upload/") {
                    Act::Http(503)
                } else {
                    Act::Pass
                }
            }),
            _ => Box::new(|_| Act::Pass),
        }
    }

    /// Plays it: its exports land one after the other, and each is worked on to its end.
    pub async fn play(&self, world: &mut World) -> anyhow::Result<()> {
        for (landed, (name, csv)) in self.exports().into_iter().enumerate() {
            world.bench.front.script(self.script(landed));
            world.land_file(name, &csv).await?;
            world.work().await?;
            if self.of_files() {
                world.jump(DAY)?;
            }
        }
        world.bench.front.script(|_| Act::Pass);
        Ok(())
    }
}

impl World {
    /// The bucket as it is.
    pub fn record_all(&self) -> Recording {
        let mut objects = BTreeMap::new();
        for (key, body, at) in self.store.all() {
            if !is_recorded(&key) {
                continue;
            }
            let kept = match String::from_utf8(body.to_vec()) {
                Ok(text) if !text.contains('\0') => Kept {
                    at,
                    text: Some(text),
                    hex: None,
                },
                _ => Kept {
                    at,
                    text: None,
                    hex: Some(const_hex::encode(&body)),
                },
            };
            objects.insert(key, kept);
        }
        Recording {
            now: self.store.now(),
            objects,
        }
    }
}
