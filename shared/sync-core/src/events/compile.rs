//! A spec and a header become a mapper: every column is looked up once.

use std::time::Duration;

use super::mapper::{Block, EventKind, EventMapper};
use super::naming::Naming;
use super::people::UserFields;
use super::source::Slot;
use super::sources::Sources;
use super::targets::{Step, Target};
use super::tree::{Growing, Object};
use crate::columns::{ColumnFinder, MissingColumns};
use crate::key::KeyColumns;
use crate::row::Header;
use crate::source::{CountrySource, Source};
use crate::spec::{EventSource, MappingSource, MappingTarget, SyncSpec};
use crate::values::Currencies;

/// The order of an event's members behind `user`.
const ORDER: [&str; 6] = ["properties", "page", "app", "ad", "lead", "limited_data_use"];

impl EventMapper {
    /// Looks up the columns of a spec in the header of an export.
    ///
    /// # Errors
    /// [`MissingColumns`] with all columns that the spec names and the export lacks.
    pub fn new(spec: &SyncSpec, header: &Header) -> Result<Self, MissingColumns> {
        let mut finder = ColumnFinder::new(header);
        let mappings = event_mappings(spec);
        let identities = identity_columns(&mappings);
        let (kind, own) = kind_of(spec);
        let mut mapper = Self {
            key: KeyColumns::new(&spec.model.primary_key, &identities, &mut finder),
            blocks: blocks(spec, &mut finder),
            kind,
            time: None,
            time_zone: spec.model.time_zone.clone(),
            event_id: None,
            event_id_is_personal: false,
            user: UserFields {
                fields: Vec::new(),
                hashing: spec.hashing,
                country: CountrySource::new(spec, &mut finder),
                page_url: None,
            },
            rest: Object::default(),
            lead_id: None,
            value_column: None,
            currencies: Currencies::new(&spec.extra_currencies),
            fingerprint: Vec::new(),
        };
        let mut tree = Growing::default();
        for (source, target) in mappings {
            let source = Source::new(source, target.path(), &mut finder);
            if source.column().is_some() {
                mapper.fingerprint.push(source.clone());
            }
            mapper.notice(&source, target, &identities);
            let slot = Slot::new(source, target, !target.sources().holds(own));
            match target.steps() {
                [Step::Key(top)] if top == "event_time" => mapper.time = Some(slot),
                [Step::Key(top)] if top == "event_id" => mapper.event_id = Some(slot),
                [Step::Key(top), Step::Key(name)] if top == "user" => mapper.user.add(name, slot),
                steps => tree.add(steps, slot),
            }
        }
        mapper.rest = tree.into_object();
        mapper
            .rest
            .members
            .sort_by_key(|member| ORDER.iter().position(|name| *name == member.name));
        let names = mapper
            .blocks
            .iter()
            .filter_map(|block| block.naming.column().cloned().map(Source::Column));
        mapper.fingerprint.extend(names);
        mapper.fingerprint.extend(mapper.user.country.column().cloned());
        finder.finish()?;
        Ok(mapper)
    }

    /// Keeps the sources of the targets that are asked about apart from being written.
    fn notice(&mut self, source: &Source, target: &Target, identities: &[&str]) {
        match target.path() {
            "page.url" if self.kind == EventKind::Web => self.user.page_url = Some(source.clone()),
            "lead.lead_id" => self.lead_id = Some(source.clone()),
            "properties.value" => self.value_column = source.column().map(str::to_owned),
            "event_id" => {
                self.event_id_is_personal = source.column().is_some_and(|name| identities.contains(&name));
            }
            _ => {}
        }
    }
}

fn event_mappings(spec: &SyncSpec) -> Vec<(&MappingSource, &Target)> {
    spec.mappings
        .iter()
        .filter_map(|mapping| match &mapping.to {
            MappingTarget::Event(target) => Some((&mapping.source, target)),
            MappingTarget::Person(_) => None,
        })
        .collect()
}

/// The columns that are mapped to an identity.
fn identity_columns<'s>(mappings: &[(&'s MappingSource, &Target)]) -> Vec<&'s str> {
    let column = |(source, target): &(&'s MappingSource, &Target)| match source {
        MappingSource::Column(name) if target.kind().is_identity() => Some(name.as_str()),
        _ => None,
    };
    mappings.iter().filter_map(column).collect()
}

fn kind_of(spec: &SyncSpec) -> (EventKind, Sources) {
    match spec.events.first().map(|block| &block.source) {
        Some(EventSource::Offline(_)) => (EventKind::Offline, Sources::OFFLINE),
        Some(EventSource::Crm(_)) => (EventKind::Crm, Sources::CRM),
        Some(EventSource::Web(_)) | None => (EventKind::Web, Sources::WEB),
    }
}

fn blocks(spec: &SyncSpec, finder: &mut ColumnFinder<'_>) -> Vec<Block> {
    let several = spec.events.len() > 1;
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    spec.events
        .iter()
        .map(|block| Block {
            naming: Naming::new(block, several, finder),
            max_age: seconds(block.max_age),
            max_future: seconds(block.max_future),
            when_out_of_range: block.when_out_of_range,
        })
        .collect()
}
