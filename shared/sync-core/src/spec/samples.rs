//! Specs for tests: the smallest of each type, and ones with every key.

pub(super) const WEB: &str = "\
destination: acme
type: web_events
model:
  path: models/web/
  primary_key: id
event:
  pixel_code: C4A1EXAMPLEPIXEL0001
  name: {value: Purchase}
mappings:
  - {from: at, to: event_time}
  - {from: email, to: user.email}
";

pub(super) const OFFLINE: &str = "\
destination: acme
type: offline_events
model:
  path: models/shops/
  primary_key: id
event:
  event_set_id: \"7300000000000000001\"
  name: {value: Purchase}
mappings:
  - {from: at, to: event_time}
  - {from: email, to: user.email}
";

pub(super) const CRM: &str = "\
destination: acme
type: crm_events
model:
  path: models/crm/
  primary_key: id
event:
  event_set_id: \"7300000000000000001\"
  name: {value: Lead}
mappings:
  - {from: at, to: event_time}
  - {from: lead, to: lead.lead_id}
";

pub(super) const SEGMENT: &str = "\
destination: acme
type: custom_audience
mode: add
model:
  path: models/vip/
  primary_key: id
audience:
  advertiser_id: \"7100000000000000001\"
  name: VIP buyers
  via: segment
mappings:
  - {from: email, to: email}
";

pub(super) const FILE_UPLOAD: &str = "\
destination: acme
type: custom_audience
mode: all
model:
  path: models/vip/
  primary_key: id
  run_on: schedule
audience:
  advertiser_id: \"7100000000000000001\"
  id: \"160000001\"
  via: file_upload
mappings:
  - {from: email, to: email}
";

/// The documented sample as a sync of web events: every key that such a sync may have.
pub(super) const FULL_WEB: &str = r#"# yaml-language-server: $schema=./sync.schema.json
name: web-purchases                # default: the file's stem. Lower-case letters, digits, dashes
destination: acme                  # the connection made by OAuth
type: web_events                   # web_events | offline_events | crm_events | custom_audience
mode: insert                       # insert (events; their default) | add | mirror | all (audiences; no default)
model:
  path: models/web-purchases/      # exports under this prefix belong to this sync
  primary_key: event_id            # one column, or a list of columns
  format: csv
  csv: {delimiter: ",", header: true, columns: [], null_values: ["", "\\N", "NULL"]}
  run_on: each_file                # each_file | {marker: _SUCCESS} | schedule
  time_zone: UTC                   # for times without a zone
event:
  pixel_code: C4A1EXAMPLEPIXEL0001 # web_events; opaque text
  name: {from: event}              # {value: Purchase} | {from: column, map: {order_completed: Purchase}}
  allow_custom_names: false
  modern_names: false              # true: CompletePayment goes as Purchase, SubmitForm as Lead
  batch_size: 1000
  test_event_code: TEST12345       # a warning in every report
  max_age: 28d                     # default 28d
  max_future: 10m                  # default 10m
  when_out_of_range: refuse
mappings:
  - {from: timestamp,   to: event_time}
  - {from: email,       to: user.email}
  - {from: phone,       to: user.phone}
  - {from: customer_id, to: user.external_id}
  - {from: url,         to: page.url}
  - {from: value,       to: properties.value}
  - {value: EUR,        to: properties.currency}
  - {from: items,       to: properties.contents}       # a JSON array in the column
  - {from: sku,         to: "properties.contents[0].content_id"}
hashing: auto
identity:
  default_country: DE              # for national phone numbers; or {from: country_column}
  email_rule: plain
  phone_rule: with_plus
currencies: {add: []}              # beyond TikTok's published list
guards: {min_rows: 1, max_removed_percent: 20, max_rejected_percent: 50}
rejected_file: false
"#;

/// The keys of the documented sample that are not for web events, or not built yet.
pub(super) const FULL_AUDIENCE: &str = r#"name: vip
destination: acme
type: custom_audience
mode: mirror
model:
  path: models/vip/
  primary_key: [shop, customer_id]
  format: parquet
  run_on: {marker: _SUCCESS}
audience:
  advertiser_id: "7100000000000000001"
  name: VIP buyers
  via: segment
  persons_per_call: 1000
mappings:
  - {from: email, to: email}
  - {from: aaid,  to: aaid}
identity:
  default_country: {from: country_column}
  email_rule: [plain, no_plus, no_plus_no_dots]
  phone_rule: [with_plus, digits]
match_booster: {identities: identities/customers.csv, on: {customer_id: customer_id}, add: [{from: phone2, to: phone}, {from: gaid, to: gaid}]}
alerts: {rejected_percent: 5, no_export_for: 26h}
debugger: {keep_days: 7}
"#;

/// A list of event blocks, a map of names, and files without a header.
pub(super) const BLOCKS: &str = r#"destination: acme
type: crm_events
model:
  path: models/crm/
  primary_key: id
  csv: {header: false, columns: [id, at, lead, state], delimiter: "\t", null_values: []}
event:
  - event_set_id: "7300000000000000001"
    name: {from: state, map: {won: Purchase, new: Lead}}
    test_event_code: TEST1
  - event_set_id: "7300000000000000002"
    name: {value: ViewContent}
    allow_custom_names: true
    modern_names: true
    batch_size: 7
    test_event_code: TEST1
    max_age: 7d
    max_future: 1h
    when_out_of_range: warn
mappings:
  - {from: at, to: event_time}
  - {from: lead, to: lead.lead_id}
hashing: already_hashed
"#;
