//! A commented spec to start from, without an export.

use super::{StartType, audience};

/// The spec's text. It is valid as it is; its ids are the sandbox's.
pub(crate) fn template(kind: StartType, name: &str) -> String {
    let Some(start) = kind.events() else {
        return audience::template(name);
    };
    let (mappings, more) = own(kind);
    let (kind_word, ids, event, size) = (kind.as_str(), start.source_id, start.name, start.batch_size);
    format!(
        r#"# A sync spec of Tideline. Lines that begin with `# ` and a key are choices; CHECK marks what only you know.
# With `tideline schema > sync.schema.json` an editor completes and checks it:
# yaml-language-server: $schema=./sync.schema.json
name: {name}
destination: my-tiktok                        # CHECK: the name of your connection to TikTok
type: {kind_word}
model:
  path: models/{name}/                      # CHECK: the folder of the bucket that the exports go to
  primary_key: event_id                       # a column, or a list of columns; a key is sent once
  # csv: {{delimiter: ",", header: true}}
  # time_zone: UTC                            # for times without a zone
event:
  {ids}   # CHECK: this one is the sandbox's; yours stands in Events Manager
  name: {{value: {event}}}                     # or {{from: column, map: {{order_completed: Purchase}}}}
  batch_size: {size}                            # rows per API call
  # test_event_code: TEST12345                # to TikTok's test page only
  # max_age: 28d                              # older rows are not sent
mappings:                                     # column to field; `tideline preview` shows what comes of it
  - {{from: occurred_at, to: event_time}}
  - {{from: email, to: user.email}}             # normalised and hashed here; hashes go as they are
  - {{from: phone, to: user.phone}}
{mappings}  - {{from: value, to: properties.value}}
  - {{value: EUR, to: properties.currency}}     # or {{from: currency, to: properties.currency}}
# - {{from: items, to: properties.contents}}    # a JSON list in the column
# - {{from: sku, to: "properties.contents[0].content_id"}}
{more}identity:
  default_country: DE                         # CHECK: where national phone numbers belong; or {{from: country}}
# hashing: auto                               # already_hashed refuses what is no SHA-256
# guards: {{min_rows: 1, max_rejected_percent: 50}}   # what stops a run before it sends
"#
    )
}

/// Mappings of the type's own, and commented ones.
fn own(kind: StartType) -> (&'static str, &'static str) {
    match kind {
        StartType::Web => (
            "  - {from: url, to: page.url}                 # its ttclid parameter counts as an identifier\n",
            "# - {from: ip, to: user.ip}                   # with user.user_agent an identifier\n\
             # - {from: user_agent, to: user.user_agent}\n\
             # - {from: ttclid, to: user.ttclid}\n\
             # - {from: customer_id, to: user.external_id}\n",
        ),
        StartType::Offline => ("", "# - {from: channel, to: properties.event_channel}\n"),
        StartType::Crm => (
            "  - {from: lead_id, to: lead.lead_id}\n",
            "# - {from: customer_id, to: user.external_id}\n",
        ),
        StartType::Audience => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_template_is_valid_and_without_warnings() {
        for kind in StartType::value_variants() {
            let text = template(*kind, "my-sync");
            let read = sync_core::spec::read("x.yaml", &text);
            let read = read.unwrap_or_else(|errors| panic!("{kind:?}: {errors}\n{text}"));
            assert_eq!(read.warnings, [], "{kind:?}");
        }
    }
}
