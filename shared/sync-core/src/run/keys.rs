//! The bucket's layout: one function per kind of object. Other tools may rely on these keys.

use crate::names::{DestinationName, RunId, SyncName};

/// A stage of a run, as it appears in `tasks/<sync>/<run>/<stage>/<i>.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A part is read: key digests and row fingerprints.
    Scan,
    /// A key partition is compared with the snapshot.
    Merge,
    /// A part's rows are checked and written as batches.
    Emit,
    /// A partition of an audience's identifiers is compared: what nobody has any more is prepared for removal.
    Sift,
    /// A part's prepared batches are published (audiences).
    Publish,
    /// A key partition of the new snapshot is written.
    Fold,
    /// The run is ended.
    Finish,
}

impl Stage {
    /// The text in keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Merge => "merge",
            Self::Emit => "emit",
            Self::Sift => "sift",
            Self::Publish => "publish",
            Self::Fold => "fold",
            Self::Finish => "finish",
        }
    }

    /// Reads the text in keys.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Scan,
            Self::Merge,
            Self::Emit,
            Self::Sift,
            Self::Publish,
            Self::Fold,
            Self::Finish,
        ];
        all.into_iter().find(|s| s.as_str() == text)
    }
}

/// Where sync specs lie.
pub const SPECS: &str = "syncs/";
/// Where exports lie.
pub const MODELS: &str = "models/";

/// The folder of a model for corrected rows of an export.
pub const CORRECTED: &str = "corrected/";

/// Whether an export of a model holds corrected rows, and not the whole table: it lies under
/// `<model.path>corrected/`.
pub fn is_corrected(model_path: &str, export: &str) -> bool {
    let name = export
        .strip_prefix(model_path)
        .map(|name| name.trim_start_matches('/'));
    name.is_some_and(|name| name.starts_with(CORRECTED))
}

/// Whether an object below a model's path is no export by its name: one of its segments there begins with `_` or `.`.
/// That is Hive's rule, which warehouses follow: `_SUCCESS`, `_started_1`, `_temporary/`, `.part.crc`, and a folder's
/// own mark, which has no name. A marker that `model.run_on` names is exempt from it; specs that name one are refused as
/// not built yet.
pub fn is_ignored(model_path: &str, export: &str) -> bool {
    let below = export.strip_prefix(model_path).unwrap_or(export);
    // Where the path stops in the midst of a name, what follows belongs to that name.
    let own = usize::from(!model_path.ends_with('/'));
    let hidden = below.split('/').skip(own).any(is_hidden);
    hidden || export.ends_with('/')
}

/// Whether a file of this name is no export.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with(['_', '.'])
}

/// `syncs/<sync>.yaml`
pub fn spec(sync: &SyncName) -> String {
    format!("{SPECS}{sync}.yaml")
}

/// `state/<sync>/head.json`
pub fn head(sync: &SyncName) -> String {
    format!("state/{sync}/head.json")
}

/// `pending/<sync>/`
pub fn pending_prefix(sync: &SyncName) -> String {
    format!("pending/{sync}/")
}

/// `pending/<sync>/<time>-<id>.json`; `time` sorts as text.
pub fn pending(sync: &SyncName, time: &str, run: &RunId) -> String {
    format!("pending/{sync}/{time}-{run}.json")
}

/// `state/<sync>/snapshot/`
pub fn snapshots(sync: &SyncName) -> String {
    format!("state/{sync}/snapshot/")
}

/// `state/<sync>/snapshot/<generation>/<k>`
pub fn snapshot(sync: &SyncName, generation: &str, partition: u32) -> String {
    format!("state/{sync}/snapshot/{generation}/{partition}")
}

/// `state/<sync>/snapshot/<generation>/holders-<k>`: the identifiers of an audience, partitioned by themselves.
pub fn holders(sync: &SyncName, generation: &str, partition: u32) -> String {
    format!("state/{sync}/snapshot/{generation}/holders-{partition}")
}

/// `state/<sync>/fixed.json`
pub fn fixed(sync: &SyncName) -> String {
    format!("state/{sync}/fixed.json")
}

/// `state/<sync>/audience.json`
pub fn looks(sync: &SyncName) -> String {
    format!("state/{sync}/audience.json")
}

/// `work/<sync>/<run>/prepared/<p>-<n>`: a batch that waits for the judgement of the whole export.
pub fn prepared(sync: &SyncName, run: &RunId, part: u32, number: u32) -> String {
    format!("work/{sync}/{run}/prepared/{part}-{number}")
}

/// `work/<sync>/<run>/removal/<k>-<n>`: a batch of removals that waits likewise.
pub fn removal(sync: &SyncName, run: &RunId, partition: u32, number: u32) -> String {
    format!("work/{sync}/{run}/removal/{partition}-{number}")
}

/// `work/<sync>/<run>/file/<p>-<n>`: a file of an upload.
pub fn audience_file(sync: &SyncName, run: &RunId, part: u32, number: u32) -> String {
    format!("work/{sync}/{run}/file/{part}-{number}")
}

/// `state/<sync>/snapshot/<generation>/`
pub fn generation_prefix(sync: &SyncName, generation: &str) -> String {
    format!("state/{sync}/snapshot/{generation}/")
}

/// `state/<sync>/<what>.json`: a mark of housekeeping; its last-modified time says when it was done last.
pub fn housekeeping_mark(sync: &SyncName, what: &str) -> String {
    format!("state/{sync}/{what}.json")
}

/// `runs/<sync>/<run>/plan.json`
pub fn plan(sync: &SyncName, run: &RunId) -> String {
    format!("runs/{sync}/{run}/plan.json")
}

/// `runs/<sync>/<run>/closed.json`
pub fn closed(sync: &SyncName, run: &RunId) -> String {
    format!("runs/{sync}/{run}/closed.json")
}

/// `runs/<sync>/<run>/cancel.json`: a person wants this run not to be sent. Written once.
pub fn cancel(sync: &SyncName, run: &RunId) -> String {
    format!("runs/{sync}/{run}/cancel.json")
}

/// `runs/<sync>/<run>/stop.json`: written once by the delivery that found that the run cannot go on.
pub fn stop(sync: &SyncName, run: &RunId) -> String {
    format!("runs/{sync}/{run}/stop.json")
}

/// `runs/<sync>/<run>/run.json`
pub fn record(sync: &SyncName, run: &RunId) -> String {
    format!("runs/{sync}/{run}/run.json")
}

/// `runs/<sync>/<run>/rejected.jsonl`
pub fn rejected(sync: &SyncName, run: &RunId) -> String {
    format!("runs/{sync}/{run}/rejected.jsonl")
}

/// `runs/<sync>/<run>/report.html`
pub fn report(sync: &SyncName, run: &RunId) -> String {
    format!("runs/{sync}/{run}/report.html")
}

/// `runs/<sync>/`
pub fn runs_prefix(sync: &SyncName) -> String {
    format!("runs/{sync}/")
}

/// `tasks/<sync>/<run>/<stage>/<i>.json`
pub fn task(sync: &SyncName, run: &RunId, stage: Stage, index: u32) -> String {
    format!("tasks/{sync}/{run}/{}/{index}.json", stage.as_str())
}

/// `tasks/<sync>/<run>/`
pub fn tasks_prefix(sync: &SyncName, run: &RunId) -> String {
    format!("tasks/{sync}/{run}/")
}

/// `work/<sync>/<run>/<what>/<i>`: what the stages hand on to each other.
pub fn work(sync: &SyncName, run: &RunId, what: &str, index: u32) -> String {
    format!("work/{sync}/{run}/{what}/{index}")
}

/// `work/<sync>/<run>/<what>/`
pub fn work_prefix(sync: &SyncName, run: &RunId, what: &str) -> String {
    format!("work/{sync}/{run}/{what}/")
}

/// `manifests/<sync>/<run>/<p>.json`
pub fn manifest(sync: &SyncName, run: &RunId, part: u32) -> String {
    format!("manifests/{sync}/{run}/{part}.json")
}

/// `manifests/<sync>/<run>/`
pub fn manifests_prefix(sync: &SyncName, run: &RunId) -> String {
    format!("manifests/{sync}/{run}/")
}

/// The name of one batch: its part and its number there. `<p>-<n>` in keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId {
    /// The sync.
    pub sync: SyncName,
    /// The run.
    pub run: RunId,
    /// The part of the export.
    pub part: u32,
    /// The batch's number in the part, from 0.
    pub number: u32,
}

impl BatchId {
    /// `batches/<sync>/<run>/<p>-<n>.jsonl`
    pub fn key(&self) -> String {
        format!(
            "batches/{}/{}/{}-{}.jsonl",
            self.sync, self.run, self.part, self.number
        )
    }

    /// `outcomes/<sync>/<run>/<p>-<n>.json`
    pub fn outcome(&self) -> String {
        format!(
            "outcomes/{}/{}/{}-{}.json",
            self.sync, self.run, self.part, self.number
        )
    }

    /// `progress/<sync>/<run>/<p>-<n>.json`
    pub fn progress(&self) -> String {
        format!(
            "progress/{}/{}/{}-{}.json",
            self.sync, self.run, self.part, self.number
        )
    }

    /// Whose calls the live debugger keeps.
    pub fn calls(&self) -> CallsOf {
        CallsOf::Batch {
            part: self.part,
            number: self.number,
        }
    }

    /// Reads a batch's key.
    pub fn parse(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("batches/")?.strip_suffix(".jsonl")?.split('/');
        let sync = SyncName::new(parts.next()?).ok()?;
        let run = RunId::new(parts.next()?).ok()?;
        let (part, number) = parts.next()?.split_once('-')?;
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            sync,
            run,
            part: canonical(part)?,
            number: canonical(number)?,
        })
    }
}

/// Which calls of a run lie in one object of the live debugger, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallsOf {
    /// Those that find or make the audience before the run is claimed: `audience` in keys.
    Audience,
    /// Those of a batch: `<p>-<n>`.
    Batch {
        /// The part of the export.
        part: u32,
        /// The batch's number in the part, from 0.
        number: u32,
    },
    /// Those of a look at the audience after the run, at this time in epoch seconds: `look-<time>`.
    Look(i64),
}

impl std::fmt::Display for CallsOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Audience => f.write_str("audience"),
            Self::Batch { part, number } => write!(f, "{part}-{number}"),
            Self::Look(at) => write!(f, "look-{at}"),
        }
    }
}

impl CallsOf {
    fn parse(text: &str) -> Option<Self> {
        if text == "audience" {
            return Some(Self::Audience);
        }
        let (before, after) = text.split_once('-')?;
        if before == "look" {
            let at: i64 = after.parse().ok()?;
            return (at.to_string() == after).then_some(Self::Look(at));
        }
        Some(Self::Batch {
            part: canonical(before)?,
            number: canonical(after)?,
        })
    }
}

/// `calls/<sync>/<run>/`
pub fn calls_prefix(sync: &SyncName, run: &RunId) -> String {
    format!("calls/{sync}/{run}/")
}

/// `calls/<sync>/`
pub fn calls_of_sync(sync: &SyncName) -> String {
    format!("calls/{sync}/")
}

/// `calls/<sync>/<run>/<whose>.jsonl.gz`. Whoever goes on with a batch writes a further object, from
/// `<whose>.2.jsonl.gz`: each has one writer.
pub fn calls(sync: &SyncName, run: &RunId, of: CallsOf, number: u32) -> String {
    if number <= 1 {
        format!("calls/{sync}/{run}/{of}.jsonl.gz")
    } else {
        format!("calls/{sync}/{run}/{of}.{number}.jsonl.gz")
    }
}

/// Reads a key of [`calls`]: whose calls they are, and the number.
pub fn parse_calls(key: &str) -> Option<(CallsOf, u32)> {
    let name = key.strip_prefix("calls/")?.rsplit('/').next()?;
    let name = name.strip_suffix(".jsonl.gz")?;
    match name.split_once('.') {
        None => Some((CallsOf::parse(name)?, 1)),
        Some((of, number)) => Some((
            CallsOf::parse(of)?,
            canonical(number).filter(|number| *number > 1)?,
        )),
    }
}

/// A number as keys hold it: decimal, without signs or leading zeros.
pub(super) fn canonical(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// `batches/<sync>/<run>/`
pub fn batches_prefix(sync: &SyncName, run: &RunId) -> String {
    format!("batches/{sync}/{run}/")
}

/// `outcomes/<sync>/<run>/<p>-`
pub fn outcomes_of_part(sync: &SyncName, run: &RunId, part: u32) -> String {
    format!("outcomes/{sync}/{run}/{part}-")
}

/// `outcomes/<sync>/<run>/parts/<p>.json`
pub fn part_done(sync: &SyncName, run: &RunId, part: u32) -> String {
    format!("outcomes/{sync}/{run}/parts/{part}.json")
}

/// `outcomes/<sync>/<run>/parts/`
pub fn parts_done_prefix(sync: &SyncName, run: &RunId) -> String {
    format!("outcomes/{sync}/{run}/parts/")
}

/// `state/connections/<name>/dead/<secret version>.json`: TikTok takes this version of the token no more.
pub fn dead_token(destination: &DestinationName, version: &str) -> String {
    format!("state/connections/{destination}/dead/{}.json", in_key(version))
}

/// `state/connections/<name>/denied/<sync>/<secret version>.json`: TikTok takes this version of the token, and not for
/// what this sync does.
pub fn denied_token(destination: &DestinationName, sync: &SyncName, version: &str) -> String {
    format!(
        "state/connections/{destination}/denied/{sync}/{}.json",
        in_key(version)
    )
}

/// The name of a secret's version as a part of a key.
fn in_key(version: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    version.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

/// `wake/<name>.json`
pub fn wake(destination: &DestinationName) -> String {
    format!("wake/{destination}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_hidden_files_are_no_exports() {
        for (path, key, ignored) in [
            ("models/web/", "models/web/a.csv", false),
            ("models/web/", "models/web/day=1/a.csv", false),
            ("models/web/", "models/web/_SUCCESS", true),
            ("models/web/", "models/web/.a.csv.crc", true),
            ("models/web/", "models/web/_temporary/0/a.csv", true),
            ("models/web/", "models/web/day=1/_started_17", true),
            ("models/web/", "models/web/", true),
            ("models/web/", "models/web/day=1/", true),
            ("models/web/", "models/web/a_b.csv", false),
            ("models/web/", "models/web//a.csv", false),
            // What lies in the path itself is what a person named.
            ("models/_web/", "models/_web/a.csv", false),
            ("models/_web", "models/_web/a.csv", false),
            ("models/_web", "models/_web/_a.csv", true),
            ("models/web", "models/web_2.csv", false),
        ] {
            assert_eq!(is_ignored(path, key), ignored, "{path} {key}");
        }
    }

    #[test]
    fn calls_are_read_back_from_their_keys_in_the_order_they_are_made() {
        let (sync, run) = (SyncName::new("web").unwrap(), RunId::new("r1").unwrap());
        let batch = |part, number| CallsOf::Batch { part, number };
        let all = [
            (CallsOf::Audience, 1),
            (batch(0, 2), 1),
            (batch(0, 2), 2),
            (batch(0, 10), 1),
            (batch(1, 0), 1),
            (CallsOf::Look(1_785_585_600), 1),
        ];
        assert!(all.is_sorted());
        for (of, number) in all {
            let key = calls(&sync, &run, of, number);
            assert_eq!(parse_calls(&key), Some((of, number)), "{key}");
            assert!(key.starts_with(&calls_prefix(&sync, &run)));
        }
        assert_eq!(calls(&sync, &run, batch(0, 2), 2), "calls/web/r1/0-2.2.jsonl.gz");
        for key in [
            "0-02.jsonl.gz",
            "0-2.1.jsonl.gz",
            "0-2.json",
            "x.jsonl.gz",
            "look-x.jsonl.gz",
            "look-05.jsonl.gz",
        ] {
            assert_eq!(parse_calls(&format!("calls/web/r1/{key}")), None, "{key}");
        }
    }
}
