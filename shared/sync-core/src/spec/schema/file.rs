//! The file as it is written; [`super::super::model`] is what the reader makes of it.
#![expect(
    dead_code,
    reason = "the types exist for their schema: nothing is ever read into them"
)]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::json;

use super::super::model::{EmailRule, Format, Hashing, MAX_KEEP_DAYS, Mode, OutOfRange, PhoneRule, SyncType};
use super::super::read;
use crate::events::FIELDS;

/// A sync: which columns of which exports go to TikTok, as what.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Tideline sync spec")]
pub(super) struct Spec {
    /// The name of the sync: 1 to 64 lower-case letters, digits and dashes. By default the file's stem.
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"))]
    name: Option<String>,
    /// The connection that `tideline connect` made.
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"))]
    destination: String,
    /// What is sent.
    #[schemars(rename = "type")]
    kind: SyncType,
    /// What happens to rows that are new, changed or gone. Events: insert, their default. Audiences have no default.
    mode: Option<Mode>,
    /// Where the exports lie and how they are read.
    model: Model,
    /// The events that a row makes: one block, or a list of blocks for several events of one row.
    event: Option<OneOrList<EventBlock>>,
    /// The custom audience.
    audience: Option<Audience>,
    /// Which column goes where.
    mappings: Vec<Mapping>,
    /// How identity values are taken.
    #[schemars(extend("default" = "auto"))]
    hashing: Option<Hashing>,
    /// Rules for email addresses and phone numbers.
    identity: Option<Identity>,
    /// Currencies.
    currencies: Option<Currencies>,
    /// When a run is stopped before it sends.
    guards: Option<Guards>,
    /// Identity files that add identifiers to the people of an audience.
    match_booster: Option<MatchBooster>,
    /// When somebody is told.
    alerts: Option<Alerts>,
    /// The live debugger, which keeps every API call.
    debugger: Option<Debugger>,
    /// Whether the rejected rows themselves (raw data) are kept for correction.
    #[schemars(extend("default" = true))]
    rejected_file: Option<bool>,
}

/// One, or a list.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum OneOrList<T> {
    One(T),
    List(#[schemars(length(min = 1))] Vec<T>),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Model {
    /// The folder of the exports in the bucket: models/<model>/.
    #[schemars(regex(pattern = "^models/[^/]"))]
    path: String,
    /// The column, or list of columns, that tells rows apart.
    primary_key: OneOrList<String>,
    /// The format. By default found by content, the file's name being a hint.
    format: Option<Format>,
    /// How CSV is read.
    csv: Option<Csv>,
    /// When a run starts. Default `each_file` for the modes insert and add; mirror and all must name it.
    run_on: Option<RunOn>,
    /// The time zone of times without one, by its IANA name.
    #[schemars(extend("default" = "UTC"))]
    time_zone: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Csv {
    /// One character between fields. By default a comma, in .tsv files a tab.
    delimiter: Option<String>,
    /// Whether the first row names the columns.
    #[schemars(extend("default" = true))]
    header: Option<bool>,
    /// The names of the columns where header is false.
    #[schemars(extend("default" = json!([])))]
    columns: Option<Vec<String>>,
    /// Texts that mean "no value", compared with the whole field.
    #[schemars(extend("default" = read::NULL_VALUES))]
    null_values: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
enum RunOn {
    /// By itself.
    Word(RunOnWord),
    /// A file of this name completes an export of several files.
    Marker {
        /// The name of the file, such as _SUCCESS.
        marker: String,
    },
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum RunOnWord {
    /// Each file is an export of its own.
    EachFile,
    /// The schedule starts a run over all files since the last one.
    Schedule,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct EventBlock {
    /// The code of the website's pixel (`web_events`).
    pixel_code: Option<String>,
    /// The id of the event set, in quotes (`offline_events`, `crm_events`).
    event_set_id: Option<String>,
    /// Where the event's name comes from.
    name: EventName,
    /// Whether names beyond TikTok's own are allowed (not for `offline_events`).
    #[schemars(extend("default" = false))]
    allow_custom_names: Option<bool>,
    /// Whether renamed events go under their new names: `CompletePayment` as Purchase, `SubmitForm` as Lead.
    #[schemars(extend("default" = false))]
    modern_names: Option<bool>,
    /// Rows per API call. Default 1 for web and CRM (at most 1000), 100 for offline (at most 100).
    #[schemars(range(min = 1, max = 1000))]
    batch_size: Option<u16>,
    /// Sends the events to TikTok's test page only.
    test_event_code: Option<String>,
    /// Events older than this are expired.
    #[schemars(extend("default" = "28d", "pattern" = DURATION))]
    max_age: Option<String>,
    /// Events further ahead than this are refused.
    #[schemars(extend("default" = "10m", "pattern" = DURATION))]
    max_future: Option<String>,
    /// What happens to events out of that range.
    #[schemars(extend("default" = "refuse"))]
    when_out_of_range: Option<OutOfRange>,
}

/// A whole number and a unit: days, hours, minutes or seconds.
const DURATION: &str = "^[0-9]+[dhms]$";

#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
enum EventName {
    /// The same name for each row.
    Value {
        /// The name, such as Purchase.
        value: String,
    },
    /// The name stands in a column.
    From {
        /// The column.
        from: String,
        /// Your own names to TikTok's. A name that the map does not hold is taken as it is.
        map: Option<BTreeMap<String, String>>,
    },
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Audience {
    /// The id of the advertiser account that owns the audience, in quotes.
    advertiser_id: String,
    /// The name of an audience that the first run makes.
    name: Option<String>,
    /// The id of an existing audience, in quotes.
    id: Option<String>,
    /// TikTok's way in.
    via: Way,
    /// People per API call (segment).
    #[schemars(range(min = 1, max = 10_000), extend("default" = read::DEFAULT_PERSONS_PER_CALL))]
    persons_per_call: Option<u16>,
    /// Days that people stay (`file_upload`).
    #[schemars(range(min = 1, max = 365))]
    retention_days: Option<u16>,
    /// TikTok's own match enhancement (`file_upload`).
    #[schemars(rename = "audience_enhancement", extend("default" = false))]
    enhancement: Option<bool>,
    /// Whether files of one id type begin with a header (`file_upload`); those of several always do.
    #[schemars(extend("default" = false))]
    file_header: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Way {
    /// The Segment API: single adds and removals (modes add, mirror).
    Segment,
    /// Whole files (mode all).
    FileUpload,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Mapping {
    /// A column of the export.
    from: Option<String>,
    /// The same value for each row.
    value: Option<Constant>,
    /// Where it goes: a field of the event, or an identifier of a person (email, phone, gaid, idfa).
    #[schemars(transform = suggest_targets)]
    to: String,
}

/// A constant, taken as it is written.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Constant {
    Text(String),
    Number(f64),
    Boolean(bool),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Identity {
    /// The country of national phone numbers, by its two letters, or the column that holds it.
    default_country: Option<Country>,
    /// The forms of an email address. Events are always plain; in audiences each form of a list goes as a further
    /// identifier.
    #[schemars(extend("default" = "plain"))]
    email_rule: Option<OneOrList<EmailRule>>,
    /// The forms of a phone number. Events are always `with_plus`.
    #[schemars(extend("default" = "with_plus"))]
    phone_rule: Option<OneOrList<PhoneRule>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
enum Country {
    /// Two letters (ISO 3166-1), such as DE.
    Value(String),
    /// In a column.
    From {
        /// The column.
        from: String,
    },
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Currencies {
    /// Codes that are taken beyond TikTok's published list.
    #[schemars(extend("default" = json!([])))]
    add: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Guards {
    /// Fewer rows in the export stop the run.
    #[schemars(range(min = 0), extend("default" = read::DEFAULT_GUARDS.min_rows))]
    min_rows: Option<u64>,
    /// More removals, in percent, stop the run (modes mirror, all).
    #[schemars(range(min = 0, max = 100), extend("default" = read::DEFAULT_GUARDS.max_removed_percent))]
    max_removed_percent: Option<f64>,
    /// More rejections, in percent of the rows of the export without the expired ones, stop the run.
    #[schemars(range(min = 0, max = 100), extend("default" = read::DEFAULT_GUARDS.max_rejected_percent))]
    max_rejected_percent: Option<f64>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct MatchBooster {
    /// A file or folder under identities/ in the bucket.
    #[schemars(regex(pattern = "^identities/[^/]"))]
    identities: String,
    /// Columns of the export with their columns of the identity files.
    #[schemars(extend("minProperties" = 1))]
    on: BTreeMap<String, String>,
    /// What is added.
    #[schemars(length(min = 1))]
    add: Vec<BoosterColumn>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct BoosterColumn {
    /// A column of the identity files.
    from: String,
    /// The identifier that it holds.
    to: PersonTarget,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum PersonTarget {
    /// Email address.
    Email,
    /// Phone number.
    Phone,
    /// Google's advertising id.
    Gaid,
    /// Apple's advertising id.
    Idfa,
    /// Another name of gaid.
    Aaid,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Alerts {
    /// More rejections than this, in percent of the rows of a run.
    #[schemars(range(min = 0, max = 100))]
    rejected_percent: Option<f64>,
    /// No export for longer than this.
    #[schemars(extend("pattern" = DURATION))]
    no_export_for: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Debugger {
    /// Days for which calls are kept.
    #[schemars(range(min = 1, max = MAX_KEEP_DAYS), extend("default" = read::DEFAULT_KEEP_DAYS))]
    keep_days: Option<u16>,
}

/// Completion offers the fields that TikTok lists; other properties are as valid.
fn suggest_targets(schema: &mut schemars::Schema) {
    let targets: Vec<String> = FIELDS
        .iter()
        .map(|field| field.path.replace("[]", "[0]"))
        .collect();
    schema.remove("type");
    schema.insert("anyOf".to_owned(), json!([{"enum": targets}, {"type": "string"}]));
}
