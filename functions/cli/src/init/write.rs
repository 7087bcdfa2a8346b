//! A proposal as YAML.

use std::fmt::Write as _;

use super::country::DefaultCountry;
use super::key::Key;
use super::propose::{Mapping, Proposal, Source};
use crate::plural::counted;

/// Where the notes begin.
const NOTES: usize = 52;

/// The spec's text. `name` is the sync's, `file` the export's.
pub(crate) fn write(proposal: &Proposal, name: &str, file: &str) -> String {
    let mut text = Text::default();
    let kind = proposal.kind;
    let rows = counted(proposal.rows, "row");
    text.line(&format!(
        "# Proposed by `tideline init` from the header and the first {rows} of {}.",
        printable(file)
    ));
    text.line("# CHECK marks what an export cannot tell.");
    text.line(&format!("name: {}", scalar(name)));
    text.noted(
        "destination: my-tiktok",
        Some("CHECK: the name of your connection to TikTok"),
    );
    text.line(&format!("type: {}", kind.as_str()));
    text.line("model:");
    text.noted(
        &format!("  path: models/{name}/"),
        Some("CHECK: the folder of the bucket that the exports go to"),
    );
    key(&mut text, &proposal.key);
    if let Some(delimiter) = proposal.delimiter {
        let delimiter = if delimiter == b'\t' {
            "\\t".to_owned()
        } else {
            char::from(delimiter).to_string()
        };
        text.line(&format!("  csv: {{delimiter: \"{delimiter}\"}}"));
    }
    text.noted("  time_zone: UTC", Some("CHECK: for times without a zone"));
    text.line("event:");
    text.noted(
        &format!("  {}", kind.source_id()),
        Some("CHECK: this one is the sandbox's; yours stands in Events Manager"),
    );
    event_name(&mut text, proposal);
    text.noted(
        &format!("  batch_size: {}", kind.batch_size()),
        Some("rows per API call"),
    );
    text.line("mappings:");
    for mapping in &proposal.mappings {
        text.mapping(mapping);
    }
    if !proposal.left.is_empty() {
        let left: Vec<String> = proposal.left.iter().map(|name| printable(name)).collect();
        text.line(&format!("# Columns that go nowhere: {}", left.join(", ")));
    }
    match &proposal.country {
        None => {}
        Some(DefaultCountry::Column(column)) => {
            text.line("identity:");
            text.noted(
                &format!("  default_country: {{from: {}}}", scalar(column)),
                Some("where national phone numbers belong"),
            );
        }
        Some(DefaultCountry::Guess { code, fit, of }) => {
            text.line("identity:");
            let note = format!(
                "CHECK: {fit} of {} without + belong there",
                counted(*of as u64, "phone number")
            );
            text.noted(&format!("  default_country: {code}"), Some(&note));
        }
    }
    text.0
}

fn key(text: &mut Text, key: &Key) {
    let note = (!key.sure).then_some("CHECK: what tells rows apart; a key goes once");
    match key.columns.as_slice() {
        [one] => text.noted(&format!("  primary_key: {}", scalar(one)), note),
        several => {
            let columns: Vec<String> = several.iter().map(|column| scalar(column)).collect();
            text.noted(&format!("  primary_key: [{}]", columns.join(", ")), note);
        }
    }
}

fn event_name(text: &mut Text, proposal: &Proposal) {
    let Some(names) = &proposal.names else {
        let name = if proposal.kind == super::StartType::Crm {
            "Lead"
        } else {
            "Purchase"
        };
        return text.noted(
            &format!("  name: {{value: {name}}}"),
            Some("CHECK: the event that each row stands for"),
        );
    };
    if names.map.is_empty() && names.unknown.is_empty() {
        return text.line(&format!("  name: {{from: {}}}", scalar(&names.column)));
    }
    text.line("  name:");
    text.line(&format!("    from: {}", scalar(&names.column)));
    if !names.map.is_empty() {
        text.noted("    map:", Some("CHECK: your names and TikTok's"));
    }
    for (own, name) in &names.map {
        text.line(&format!("      {}: {name}", scalar(own)));
    }
    for own in &names.unknown {
        text.line(&format!(
            "      # {}: ViewContent   CHECK: without a name of TikTok's, its rows are refused",
            scalar(own)
        ));
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn noted(&mut self, line: &str, note: Option<&str>) {
        match note {
            None => self.line(line),
            // Writing to a `String` never fails.
            Some(note) => {
                let _ = writeln!(self.0, "{line:<NOTES$} # {note}");
            }
        }
    }

    fn mapping(&mut self, mapping: &Mapping) {
        let source = match &mapping.source {
            Source::Column(column) => format!("from: {}", scalar(column)),
            Source::Value(value) => format!("value: {}", scalar(value)),
        };
        let to = if mapping.to.contains('[') {
            scalar(mapping.to)
        } else {
            mapping.to.to_owned()
        };
        let check = mapping.check.map(|check| format!("CHECK: {check}"));
        self.noted(&format!("  - {{{source}, to: {to}}}"), check.as_deref());
    }
}

/// A text as YAML: plain where nothing can be mistaken, else in quotes.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// A text in a comment: it ends no line.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
