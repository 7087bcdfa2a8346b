//! The parts of a custom audience's spec, with its choices in comments.

use super::StartType;
use super::country::DefaultCountry;
use super::key::Key;
use super::propose::Proposal;
use super::text::{Text, scalar};
use crate::plural::counted;

/// TikTok cuts longer names of audiences.
const MAX_NAME: usize = 70;

/// The spec's text, without an export. It is valid as it is; its advertiser account is the sandbox's.
pub(super) fn template(name: &str) -> String {
    let mut text = Text::default();
    text.line("# A sync spec of Tideline. Lines that begin with `# ` and a key are choices; CHECK marks what only you know.");
    text.line("# With `tideline schema > sync.schema.json` an editor completes and checks it:");
    text.line("# yaml-language-server: $schema=./sync.schema.json");
    head(&mut text, name);
    model(&mut text, name);
    text.noted(
        "  primary_key: customer_id",
        Some("a column, or a list of columns: who is who, from export to export"),
    );
    text.line("  # csv: {delimiter: \",\", header: true}");
    run_on(&mut text);
    audience(&mut text, name);
    text.noted(
        "mappings:",
        Some("column to identifier; `tideline preview` shows what comes of it"),
    );
    text.noted(
        "  - {from: email, to: email}",
        Some("normalised and hashed here; hashes go as they are; one or a list"),
    );
    text.line("  - {from: phone, to: phone}");
    text.noted("# - {from: idfa, to: idfa}", Some("Apple's advertising id"));
    text.noted("# - {from: aaid, to: gaid}", Some("Google's advertising id"));
    text.line("identity:");
    text.noted(
        "  default_country: DE",
        Some("CHECK: where national phone numbers belong; or {from: country}"),
    );
    rules(&mut text, false);
    rest(&mut text, "customer_id");
    text.noted(
        "# hashing: auto",
        Some("already_hashed refuses what is no SHA-256"),
    );
    text.0
}

/// `destination`, `type` and `mode`.
pub(super) fn head(text: &mut Text, name: &str) {
    text.line(&format!("name: {}", scalar(name)));
    text.noted(
        "destination: my-tiktok",
        Some("CHECK: the name of your connection to TikTok"),
    );
    text.line(&format!("type: {}", StartType::Audience.as_str()));
    text.noted("mode: add", Some("people are added, and nobody is removed"));
    text.noted(
        "# mode: mirror",
        Some("people who are not in the export any more are removed too"),
    );
    text.noted(
        "# mode: all",
        Some("by files, with via: file_upload: the export replaces the audience, once a day"),
    );
}

/// `model` and its folder.
pub(super) fn model(text: &mut Text, name: &str) {
    text.line("model:");
    text.noted(
        &format!("  path: models/{name}/"),
        Some("CHECK: the folder of the bucket that the exports go to"),
    );
}

/// When a run starts. The default of `add`, named so that `mode` can be changed.
pub(super) fn run_on(text: &mut Text) {
    text.noted(
        "  run_on: each_file",
        Some("each file is a whole export; mirror and all must name this key"),
    );
}

/// `audience`.
pub(super) fn audience(text: &mut Text, name: &str) {
    let name: String = name.chars().take(MAX_NAME).collect();
    text.line("audience:");
    text.noted(
        "  advertiser_id: \"7100000000000000001\"",
        Some("CHECK: this one is the sandbox's; yours stands in TikTok Ads Manager. The first run fixes it"),
    );
    text.noted(
        &format!("  name: {}", scalar(&name)),
        Some("CHECK: the first run makes an audience of this name, and fixes it"),
    );
    text.noted(
        "  # id: \"160000001\"",
        Some("in the place of name: an audience that is there, made by the Segment API"),
    );
    text.noted(
        "  via: segment",
        Some("single calls; for the modes add and mirror"),
    );
    text.noted("  # persons_per_call: 1000", Some("at most 10000"));
    text.noted(
        "  # via: file_upload",
        Some("whole files; for mode all, with the two keys below"),
    );
    text.noted(
        "  # retention_days: 180",
        Some("1 to 365; without it 365 days after the last use"),
    );
    text.noted(
        "  # audience_enhancement: true",
        Some("TikTok looks for more identifiers of the people"),
    );
}

/// `identity`, behind the mappings.
pub(super) fn identity(text: &mut Text, proposal: &Proposal) {
    let Some(country) = &proposal.country else {
        return rules(text, true);
    };
    text.line("identity:");
    default_country(text, country);
    rules(text, false);
}

/// Where national phone numbers belong.
pub(super) fn default_country(text: &mut Text, country: &DefaultCountry) {
    match country {
        DefaultCountry::Column(column) => text.noted(
            &format!("  default_country: {{from: {}}}", scalar(column)),
            Some("where national phone numbers belong"),
        ),
        DefaultCountry::Guess { code, fit, of } => {
            let note = format!(
                "CHECK: {fit} of {} without + belong there",
                counted(*of as u64, "phone number")
            );
            text.noted(&format!("  default_country: {code}"), Some(&note));
        }
    }
}

/// The forms of emails and phones. `alone`: no other key of `identity` is there.
fn rules(text: &mut Text, alone: bool) {
    if alone {
        text.noted(
            "# identity:",
            Some("forms of identifiers; several may match more people"),
        );
    }
    text.noted(
        "  # email_rule: [plain, no_plus, no_plus_no_dots]",
        Some("each form goes as a further person"),
    );
    text.noted(
        "  # phone_rule: [with_plus, digits]",
        Some("the first of each line is the default"),
    );
}

/// `match_booster` and `guards`. `key` is the column that identity files are joined on.
fn rest(text: &mut Text, key: &str) {
    text.line("# More identifiers from a file of your own, found by a column of both:");
    text.line(&format!(
        "# match_booster: {{identities: identities/customers.csv, on: {{{}: customer_id}}, add: [{{from: phone2, to: phone}}, {{from: gaid, to: gaid}}]}}",
        scalar(key)
    ));
    text.noted("guards:", Some("what stops a run before its first call"));
    text.noted("  min_rows: 1", Some("an export with fewer rows"));
    text.noted(
        "  max_removed_percent: 20",
        Some("mirror, all: an export that would remove more of the people"),
    );
    text.noted("  max_rejected_percent: 50", Some("more rows that are rejected"));
}

/// What comes behind the identity rules of a proposal.
pub(super) fn end(text: &mut Text, key: &Key) {
    let key = key.columns.first().map_or("customer_id", String::as_str);
    rest(text, key);
}
