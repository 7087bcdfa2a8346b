//! A proposal as YAML.

use super::audience;
use super::key::Key;
use super::propose::Proposal;
use super::text::{Text, printable, scalar};
use super::{EventStart, StartType};
use crate::plural::counted;

/// The spec's text. `name` is the sync's, `file` the export's.
pub(crate) fn write(proposal: &Proposal, name: &str, file: &str) -> String {
    let mut text = Text::default();
    let rows = counted(proposal.rows, "row");
    text.line(&format!(
        "# Proposed by `tideline init` from the header and the first {rows} of {}.",
        printable(file)
    ));
    text.line("# CHECK marks what an export cannot tell.");
    match proposal.kind.events() {
        Some(start) => of_events(&mut text, proposal, &start, name),
        None => of_people(&mut text, proposal, name),
    }
    text.0
}

fn of_events(text: &mut Text, proposal: &Proposal, start: &EventStart, name: &str) {
    text.line(&format!("name: {}", scalar(name)));
    text.noted(
        "destination: my-tiktok",
        Some("CHECK: the name of your connection to TikTok"),
    );
    text.line(&format!("type: {}", proposal.kind.as_str()));
    audience::model(text, name);
    key(
        text,
        &proposal.key,
        "CHECK: what tells rows apart; a key goes once",
    );
    delimiter(text, proposal);
    text.noted("  time_zone: UTC", Some("CHECK: for times without a zone"));
    text.line("event:");
    text.noted(
        &format!("  {}", start.source_id),
        Some("CHECK: this one is the sandbox's; yours stands in Events Manager"),
    );
    event_name(text, proposal, start);
    text.noted(
        &format!("  batch_size: {}", start.batch_size),
        Some("rows per API call"),
    );
    mappings(text, proposal);
    if let Some(country) = &proposal.country {
        text.line("identity:");
        audience::default_country(text, country);
    }
}

fn of_people(text: &mut Text, proposal: &Proposal, name: &str) {
    audience::head(text, name);
    audience::model(text, name);
    key(
        text,
        &proposal.key,
        "CHECK: what tells people apart, and stays the same from export to export",
    );
    delimiter(text, proposal);
    audience::run_on(text);
    audience::audience(text, name);
    mappings(text, proposal);
    audience::identity(text, proposal);
    audience::end(text, &proposal.key);
}

fn delimiter(text: &mut Text, proposal: &Proposal) {
    if let Some(delimiter) = proposal.delimiter {
        let delimiter = if delimiter == b'\t' {
            "\\t".to_owned()
        } else {
            char::from(delimiter).to_string()
        };
        text.line(&format!("  csv: {{delimiter: \"{delimiter}\"}}"));
    }
}

fn mappings(text: &mut Text, proposal: &Proposal) {
    text.line("mappings:");
    for mapping in &proposal.mappings {
        let to = match proposal.kind {
            StartType::Audience => mapping.to.trim_start_matches("user."),
            _ => mapping.to,
        };
        text.mapping(mapping, to);
    }
    if !proposal.left.is_empty() {
        let left: Vec<String> = proposal.left.iter().map(|name| printable(name)).collect();
        text.line(&format!("# Columns that go nowhere: {}", left.join(", ")));
    }
}

fn key(text: &mut Text, key: &Key, check: &str) {
    let note = (!key.sure).then_some(check);
    match key.columns.as_slice() {
        [one] => text.noted(&format!("  primary_key: {}", scalar(one)), note),
        several => {
            let columns: Vec<String> = several.iter().map(|column| scalar(column)).collect();
            text.noted(&format!("  primary_key: [{}]", columns.join(", ")), note);
        }
    }
}

fn event_name(text: &mut Text, proposal: &Proposal, start: &EventStart) {
    let Some(names) = &proposal.names else {
        return text.noted(
            &format!("  name: {{value: {}}}", start.name),
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
