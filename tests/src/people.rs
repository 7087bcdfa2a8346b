//! People of an audience, and the sync that they belong to.
//!
//! Identifiers have short names: `e3` is an email address, `p3` a phone number. What is at TikTok or in the state is a
//! hash; here it has its short name again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use sync_core::identity::Sha256Hex;

use crate::front::{Act, ApiCall, Front};

/// An audience that is made equal to each export: two persons in a call, no guards.
pub const MIRROR: &str = "\
destination: acme
type: custom_audience
mode: mirror
model:
  path: models/web/
  primary_key: id
  run_on: each_file
audience:
  advertiser_id: \"7100000000000000001\"
  name: VIP
  via: segment
  persons_per_call: 2
mappings:
  - {from: email, to: email}
  - {from: phone, to: phone}
guards: {min_rows: 0, max_removed_percent: 100, max_rejected_percent: 100}
";

/// The same audience, to which rows are only added.
pub fn add_spec() -> String {
    MIRROR.replace("mode: mirror", "mode: add")
}

/// The same people as files that replace the audience.
pub fn files_spec() -> String {
    MIRROR
        .replace("mode: mirror", "mode: all")
        .replace("via: segment\n  persons_per_call: 2", "via: file_upload")
}

/// How many email addresses have a name that is known again.
const EMAILS: usize = 100;
/// How many phone numbers there are.
const PHONES: usize = 10;

static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let emails = (0..EMAILS).map(|number| format!("e{number}"));
    let phones = (0..PHONES).map(|number| format!("p{number}"));
    emails.chain(phones).map(|name| (hash(&name), name)).collect()
});

/// What an export says for a short name.
fn raw(name: &str) -> String {
    match name.strip_prefix('p') {
        Some(number) => format!("+49170123456{number}"),
        None => format!("{name}@shop.example"),
    }
}

/// The hash that TikTok gets for a short name.
pub fn hash(name: &str) -> String {
    Sha256Hex::of(raw(name).as_bytes()).as_str().to_owned()
}

/// The short name of a hash; a hash that nobody knows stays one.
pub(crate) fn name_of(hash: &str) -> String {
    NAMES.get(hash).cloned().unwrap_or_else(|| hash.to_owned())
}

/// An export of people in the making.
#[derive(Debug, Clone)]
pub struct People(String);

impl Default for People {
    fn default() -> Self {
        Self("id,email,phone\n".to_owned())
    }
}

impl People {
    /// Rows `k<from>` to before `k<to>`, each with the email address of its number.
    pub fn rows(from: usize, to: usize) -> Self {
        (from..to).fold(Self::default(), |people, number| {
            people.row(&format!("k{number}"), &format!("e{number}"))
        })
    }

    /// Adds a row with these identifiers, separated by blanks.
    #[must_use]
    pub fn row(mut self, key: &str, names: &str) -> Self {
        let [emails, phones] = ['e', 'p'].map(|kind| {
            let of_kind = names.split_whitespace().filter(|name| name.starts_with(kind));
            cell(&of_kind.map(raw).collect::<Vec<_>>())
        });
        let _ = writeln!(self.0, "{key},{emails},{phones}");
        self
    }

    /// Adds a row that our own checks reject.
    #[must_use]
    pub fn bad(mut self, key: &str) -> Self {
        let _ = writeln!(self.0, "{key},no address,");
        self
    }

    /// The file.
    pub fn csv(&self) -> &str {
        &self.0
    }
}

fn cell(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [one] => one.clone(),
        several => {
            let quoted: Vec<String> = several.iter().map(|value| format!("\"\"{value}\"\"")).collect();
            format!("\"[{}]\"", quoted.join(","))
        }
    }
}

/// The persons that a row makes: its email addresses and phone numbers pair by position.
pub(crate) fn persons_of(names: &str) -> Vec<BTreeSet<String>> {
    let mut persons: Vec<BTreeSet<String>> = Vec::new();
    for kind in ['e', 'p'] {
        let of_kind = names.split_whitespace().filter(|name| name.starts_with(kind));
        for (at, name) in of_kind.enumerate() {
            if persons.len() == at {
                persons.push(BTreeSet::new());
            }
            persons[at].insert(name.to_owned());
        }
    }
    persons
}

impl ApiCall {
    /// Whether it adds persons to an audience.
    pub fn adds(&self) -> bool {
        self.path == "/segment/mapping/" && String::from_utf8_lossy(&self.body).contains("\"action\":\"add\"")
    }

    /// Whether it removes identifiers from an audience.
    pub fn removes(&self) -> bool {
        self.path == "/segment/mapping/" && !self.adds()
    }

    /// The identifiers of each person in it.
    pub fn persons(&self) -> Vec<BTreeSet<String>> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let rows = body["batch_data"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let ids = |row: &Value| -> BTreeSet<String> {
            let places = row.as_array().map(Vec::as_slice).unwrap_or_default();
            let hashes = places.iter().filter_map(|place| place["id"].as_str());
            hashes.map(name_of).collect()
        };
        rows.iter().map(ids).collect()
    }

    /// A refusal that blames the first person with one of these identifiers; `None` when there is none.
    pub fn refusal(&self, names: &BTreeSet<String>) -> Option<Act> {
        let at = self
            .persons()
            .iter()
            .position(|person| !person.is_disjoint(names))?;
        Some(Act::Answer(
            40002,
            format!("Invalid value for batch_data.{at}.0.id: not hashed as its id type says."),
        ))
    }
}

/// Short names, separated by blanks, as a set.
pub fn names(names: &str) -> BTreeSet<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

/// A TikTok that refuses each call that adds a person with one of these identifiers.
pub fn refuse_adds(poison: &str) -> impl FnMut(&ApiCall) -> Act + Send + 'static + use<> {
    let poison = names(poison);
    move |call| call.refusal(&poison).filter(|_| call.adds()).unwrap_or(Act::Pass)
}

/// Mapping calls that came: whether they add, and whom.
pub type Mapped = Arc<Mutex<Vec<(bool, BTreeSet<String>)>>>;

/// Lets all calls pass, and notes the mapping calls.
pub fn noted(front: &Front) -> Mapped {
    let calls = Mapped::default();
    let noted = calls.clone();
    front.script(move |call| {
        if call.path == "/segment/mapping/" {
            let all = call.persons().into_iter().flatten().collect();
            noted.lock().expect("no script panics").push((call.adds(), all));
        }
        Act::Pass
    });
    calls
}
