//! A spec that has been checked. What these types hold is valid; [`super::read`] is the only way in.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::events::Target;
use crate::names::{AdvertiserId, AudienceId, DestinationName, EventSetId, PixelCode, SyncName};
use crate::values::Currency;

/// One sync, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncSpec {
    /// Its name, also a part of bucket keys.
    pub name: SyncName,
    /// The connection that it sends through.
    pub destination: DestinationName,
    /// What is sent.
    pub kind: SyncType,
    /// What happens to rows that are new, changed or gone.
    pub mode: Mode,
    /// Where its exports come from.
    pub model: Model,
    /// The events that a row makes: one block or several. Empty for audiences.
    pub events: Vec<EventBlock>,
    /// The audience. `None` for events.
    pub audience: Option<Audience>,
    /// Where each field of the payload comes from, in the order of the file.
    pub mappings: Vec<Mapping>,
    /// How identity values are taken.
    pub hashing: Hashing,
    /// Rules for email addresses and phone numbers.
    pub identity: IdentityRules,
    /// Currency codes beyond TikTok's published list.
    pub extra_currencies: Vec<Currency>,
    /// When a run is stopped before it sends.
    pub guards: Guards,
    /// Identity files that add identifiers to the people of an audience.
    pub match_booster: Option<MatchBooster>,
    /// When somebody is told.
    pub alerts: Alerts,
    /// Days for which the live debugger keeps calls.
    pub debugger_keep_days: u16,
    /// Whether the rejected rows themselves (raw data) are kept for correction.
    pub rejected_file: bool,
}

impl SyncSpec {
    /// Whether its events go to TikTok's test page only. A run of it leaves no mark on the state.
    pub fn is_test(&self) -> bool {
        self.events.iter().any(|block| block.test_event_code.is_some())
    }
}

/// The live debugger keeps calls for so many days at most: as long as the batch files, in which their rows lie.
pub const MAX_KEEP_DAYS: u16 = 30;

/// What a sync sends.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SyncType {
    /// Events of a website (`event_source: web`).
    WebEvents,
    /// Events of shops, call centres and the like (`event_source: offline`).
    OfflineEvents,
    /// Events of a CRM (`event_source: crm`).
    CrmEvents,
    /// The people of a custom audience.
    CustomAudience,
}

/// How a sync treats the rows of an export, given what was sent before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Events: keys never accepted before are sent.
    Insert,
    /// Audiences: people are added, nobody is removed.
    Add,
    /// Audiences: the audience is made equal to the export.
    Mirror,
    /// Audiences by file: each export replaces the audience.
    All,
}

/// Where the exports of a sync come from, and how they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The key prefix of the exports, for example `models/web-purchases/`.
    pub path: String,
    /// The primary key's columns, at least one.
    pub primary_key: Vec<String>,
    /// The format; `None`: found by content, the name being a hint.
    pub format: Option<Format>,
    /// How CSV is read.
    pub csv: CsvOptions,
    /// When a run starts.
    pub run_on: RunOn,
    /// The time zone for times without one, an IANA name.
    pub time_zone: jiff::tz::TimeZone,
}

/// A format of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Format {
    /// Comma- or otherwise separated text.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// How CSV is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// One byte between fields; `None`: by the file's name (`.tsv`: tab), else a comma.
    pub delimiter: Option<u8>,
    /// Whether the first row names the columns.
    pub header: bool,
    /// The column names where `header` is false.
    pub columns: Vec<String>,
    /// Texts that mean "no value". Compared with the whole field.
    pub null_values: Vec<String>,
}

/// When a run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOn {
    /// Each file is an export of its own.
    EachFile,
    /// A file of this name completes an export of several files.
    Marker(String),
    /// The schedule starts a run over all files since the last one.
    Schedule,
}

/// The event that a row makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBlock {
    /// Whose event it is.
    pub source: EventSource,
    /// Where the event's name comes from.
    pub name: EventNameRule,
    /// Whether names beyond TikTok's own are allowed (web only).
    pub allow_custom_names: bool,
    /// Whether renamed events go under their new names.
    pub modern_names: bool,
    /// Rows per API call.
    pub batch_size: u16,
    /// Sends the events to TikTok's test page only.
    pub test_event_code: Option<String>,
    /// Events older than this are expired.
    pub max_age: Duration,
    /// Events further ahead than this are refused.
    pub max_future: Duration,
    /// What happens to events out of that range.
    pub when_out_of_range: OutOfRange,
}

/// Whose events: TikTok's `event_source` with its `event_source_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSource {
    /// A website's pixel.
    Web(PixelCode),
    /// An offline event set.
    Offline(EventSetId),
    /// A CRM event set.
    Crm(EventSetId),
}

impl EventSource {
    /// TikTok's `event_source`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Web(_) => "web",
            Self::Offline(_) => "offline",
            Self::Crm(_) => "crm",
        }
    }

    /// TikTok's `event_source_id`.
    pub fn id(&self) -> &str {
        match self {
            Self::Web(id) => id.as_str(),
            Self::Offline(id) | Self::Crm(id) => id.as_str(),
        }
    }
}

/// Where an event's name comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventNameRule {
    /// The same name for each row, checked when the spec was read, and the new one with `modern_names`.
    Value(String),
    /// The value of a column, through the map where it holds the value.
    From {
        /// The column.
        column: String,
        /// The company's own names to TikTok's, which are checked, and the new ones with `modern_names`.
        map: BTreeMap<String, String>,
    },
}

/// What happens to an event that is too old or too far ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum OutOfRange {
    /// It is not sent.
    Refuse,
    /// It is sent, with a warning.
    Warn,
}

/// A custom audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// The advertiser account that owns it.
    pub advertiser_id: AdvertiserId,
    /// An existing audience, or a name to make one under.
    pub audience: AudienceRef,
    /// TikTok's way in.
    pub via: Via,
}

/// Which audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudienceRef {
    /// An existing one.
    Id(AudienceId),
    /// One that the first run makes.
    Name(String),
}

/// TikTok's way into an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// The Segment API: single adds and removals.
    Segment {
        /// People per API call, 1 to 10,000.
        persons_per_call: u16,
    },
    /// Whole files.
    FileUpload {
        /// Days that people stay, 1 to 365; `None`: TikTok's default.
        retention_days: Option<u16>,
        /// TikTok's own match enhancement.
        audience_enhancement: bool,
        /// Whether files of one id type begin with a header; those of several always do.
        file_header: bool,
    },
}

/// Where one field comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// A column, or the same value for each row.
    pub source: MappingSource,
    /// Where it goes.
    pub to: MappingTarget,
}

/// The source of a mapped value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingSource {
    /// A column of the export.
    Column(String),
    /// A constant, as the text that a column would hold.
    Value(String),
}

/// Where a mapped value goes.
#[derive(Debug, Clone, PartialEq)]
pub enum MappingTarget {
    /// A field of an event.
    Event(Target),
    /// An identifier of a person.
    Person(PersonTarget),
}

/// An identifier of a person in an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PersonTarget {
    /// Email address.
    Email,
    /// Phone number.
    Phone,
    /// Google's advertising id (`AAID` in the Segment API).
    Gaid,
    /// Apple's advertising id.
    Idfa,
}

/// How identity values are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, schemars::JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Hashing {
    /// Exactly 64 hexadecimal digits are taken as hashed; anything else is normalised and hashed.
    #[default]
    Auto,
    /// Anything but 64 hexadecimal digits is refused.
    AlreadyHashed,
}

/// Rules for identity values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRules {
    /// The country of national phone numbers.
    pub default_country: Option<CountryRule>,
    /// The forms of an email address (audiences; events are always plain). At least one.
    pub email_rules: Vec<EmailRule>,
    /// The forms of a phone number (audiences; events are always with plus). At least one.
    pub phone_rules: Vec<PhoneRule>,
}

/// Where the country of national phone numbers comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CountryRule {
    /// The same for each row.
    Value(crate::identity::Country),
    /// The value of a column.
    From(String),
}

/// A form of an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum EmailRule {
    /// Trimmed and lower-cased.
    Plain,
    /// What follows a `+` before the `@` goes too.
    NoPlus,
    /// And the dots before the `@`.
    NoPlusNoDots,
}

/// A form of a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum PhoneRule {
    /// E.164 with its plus.
    WithPlus,
    /// E.164 without it.
    Digits,
}

/// When a run is stopped before it sends anything (more).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guards {
    /// Fewer rows in the export stop the run.
    pub min_rows: u64,
    /// More removals, in percent of the snapshot, stop the run (`mirror`, `all`).
    pub max_removed_percent: f64,
    /// More rejections, in percent of the rows, stop the run.
    pub max_rejected_percent: f64,
}

/// Identity files that add identifiers to the people of an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchBooster {
    /// The key or prefix of the files, for example `identities/customers.csv`.
    pub identities: String,
    /// Columns of the export with their columns of the identity files. At least one.
    pub on: BTreeMap<String, String>,
    /// What is added. At least one.
    pub add: Vec<BoosterColumn>,
}

/// An identifier that Match Booster adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoosterColumn {
    /// The column of the identity files.
    pub from: String,
    /// What it holds.
    pub to: PersonTarget,
}

/// When somebody is told about a sync.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Alerts {
    /// More rejections than this, in percent of the rows of a run.
    pub rejected_percent: Option<f64>,
    /// No export for longer than this.
    pub no_export_for: Option<Duration>,
}
