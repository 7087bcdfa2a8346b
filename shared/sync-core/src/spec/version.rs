//! The mapping's version: a digest that changes when a row may become something else.

use sha2::{Digest, Sha256};

use super::model::{
    CountryRule, EmailRule, EventBlock, EventNameRule, Hashing, MappingSource, MappingTarget, PersonTarget,
    PhoneRule, SyncSpec, SyncType,
};

/// Counts up when the product itself makes something else of the same row and spec, so that the rows count as
/// changed.
const GENERATION: &str = "tideline mapping 1";

/// A digest of everything in the spec that decides what a row becomes: its key, its event names and ids, mappings,
/// hashing, identity rules, Match Booster, the time zone and the texts for "no value". A part of each row's
/// fingerprint.
///
/// Independent of the order of keys, of comments, and of what decides only whether and when a row goes (guards,
/// ages, batch sizes, currencies beyond TikTok's list).
pub fn mapping_version(spec: &SyncSpec) -> [u8; 16] {
    digest(spec, true)
}

/// The same without the event sources and the test event code: what a row's payload is made of. Rows that are sent
/// again keep their payload and get the source of the spec.
pub fn payload_version(spec: &SyncSpec) -> [u8; 16] {
    digest(spec, false)
}

fn digest(spec: &SyncSpec, with_sources: bool) -> [u8; 16] {
    let mut fields = Fields(Sha256::new());
    fields.text(GENERATION);
    fields.text(match spec.kind {
        SyncType::WebEvents => "web_events",
        SyncType::OfflineEvents => "offline_events",
        SyncType::CrmEvents => "crm_events",
        SyncType::CustomAudience => "custom_audience",
    });
    fields.list(&spec.model.primary_key, |fields, column| fields.text(column));
    fields.list(&spec.model.csv.null_values, |fields, text| fields.text(text));
    fields.text(spec.model.time_zone.iana_name().unwrap_or_default());
    fields.list(&spec.events, |fields, block| fields.event(block, with_sources));
    fields.list(&spec.mappings, |fields, mapping| {
        match &mapping.source {
            MappingSource::Column(column) => fields.tagged("column", column),
            MappingSource::Value(value) => fields.tagged("value", value),
        }
        match &mapping.to {
            MappingTarget::Event(target) => fields.tagged("event", target.path()),
            MappingTarget::Person(target) => fields.tagged("person", person(*target)),
        }
    });
    fields.text(match spec.hashing {
        Hashing::Auto => "auto",
        Hashing::AlreadyHashed => "already_hashed",
    });
    match &spec.identity.default_country {
        None => fields.text(""),
        Some(CountryRule::Value(country)) => fields.tagged("value", country.as_str()),
        Some(CountryRule::From(column)) => fields.tagged("column", column),
    }
    fields.list(&spec.identity.email_rules, |fields, rule| {
        fields.text(match rule {
            EmailRule::Plain => "plain",
            EmailRule::NoPlus => "no_plus",
            EmailRule::NoPlusNoDots => "no_plus_no_dots",
        });
    });
    fields.list(&spec.identity.phone_rules, |fields, rule| {
        fields.text(match rule {
            PhoneRule::WithPlus => "with_plus",
            PhoneRule::Digits => "digits",
        });
    });
    if let Some(booster) = &spec.match_booster {
        fields.tagged("match_booster", &booster.identities);
        fields.list(&booster.on, |fields, (own, theirs)| fields.tagged(own, theirs));
        fields.list(&booster.add, |fields, column| {
            fields.tagged(&column.from, person(column.to));
        });
    }
    let digest = fields.0.finalize();
    let mut version = [0; 16];
    version.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    version
}

fn person(target: PersonTarget) -> &'static str {
    match target {
        PersonTarget::Email => "email",
        PersonTarget::Phone => "phone",
        PersonTarget::Gaid => "gaid",
        PersonTarget::Idfa => "idfa",
    }
}

/// Texts with their lengths: no two sequences of fields have the same bytes.
struct Fields(Sha256);

impl Fields {
    fn length(&mut self, length: usize) {
        self.0
            .update(u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.update(text);
    }

    fn tagged(&mut self, tag: &str, text: &str) {
        self.text(tag);
        self.text(text);
    }

    fn list<T>(
        &mut self,
        list: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        one: impl Fn(&mut Self, T),
    ) {
        let list = list.into_iter();
        self.length(list.len());
        list.for_each(|element| one(self, element));
    }

    fn event(&mut self, block: &EventBlock, with_source: bool) {
        let source = if with_source { block.source.id() } else { "" };
        self.tagged(block.source.as_str(), source);
        match &block.name {
            EventNameRule::Value(name) => self.tagged("value", name),
            EventNameRule::From { column, map } => {
                self.tagged("column", column);
                self.list(map, |fields, (own, name)| fields.tagged(own, name));
            }
        }
        self.text(if block.allow_custom_names {
            "custom"
        } else {
            "standard"
        });
        self.text(if block.modern_names { "modern" } else { "given" });
        let test = block.test_event_code.as_deref().filter(|_| with_source);
        self.tagged("test", test.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read_with;
    use super::super::report::Report;
    use super::super::samples::{BLOCKS, CRM, FILE_UPLOAD, FULL_AUDIENCE, FULL_WEB, OFFLINE, SEGMENT, WEB};
    use super::*;

    fn version(text: &str) -> [u8; 16] {
        let report = Report::new("web.yaml");
        let spec = read_with(&report, "web.yaml", text, &[]);
        mapping_version(&spec.unwrap_or_else(|| panic!("{}\n{text}", report.into_errors())))
    }

    fn with(sample: &str, old: &str, new: &str) -> [u8; 16] {
        assert!(sample.contains(old), "{old}");
        version(&sample.replacen(old, new, 1))
    }

    #[test]
    fn what_a_row_becomes_changes_it() {
        let mut seen = vec![version(FULL_WEB), version(FULL_AUDIENCE), version(BLOCKS)];
        for (sample, old, new) in [
            (FULL_WEB, "primary_key: event_id", "primary_key: [event_id, shop]"),
            (FULL_WEB, "\"NULL\"]", "]"),
            (FULL_WEB, "time_zone: UTC", "time_zone: Europe/Berlin"),
            (FULL_WEB, "C4A1EXAMPLEPIXEL0001 #", "C4A1EXAMPLEPIXEL0002 #"),
            (FULL_WEB, "{from: event} ", "{value: Purchase} "),
            (FULL_WEB, "{from: event} ", "{from: event, map: {a: Purchase}} "),
            (FULL_WEB, "{from: event} ", "{from: event, map: {b: Purchase}} "),
            (FULL_WEB, "allow_custom_names: false", "allow_custom_names: true"),
            (FULL_WEB, "modern_names: false", "modern_names: true"),
            (
                FULL_WEB,
                "test_event_code: TEST12345",
                "test_event_code: TEST12346",
            ),
            (FULL_WEB, "{from: url, ", "{from: link, "),
            (FULL_WEB, "{value: EUR,", "{value: USD,"),
            (FULL_WEB, "{value: EUR,", "{from: EUR,"),
            (FULL_WEB, "to: page.url", "to: page.referrer"),
            (FULL_WEB, "  - {from: url,         to: page.url}\n", ""),
            (FULL_WEB, "hashing: auto", "hashing: already_hashed"),
            (FULL_WEB, "default_country: DE", "default_country: AT"),
            (FULL_WEB, "default_country: DE", "default_country: {from: DE}"),
            (
                FULL_AUDIENCE,
                "email_rule: [plain, no_plus, no_plus_no_dots]",
                "email_rule: plain",
            ),
            (
                FULL_AUDIENCE,
                "phone_rule: [with_plus, digits]",
                "phone_rule: digits",
            ),
            (
                FULL_AUDIENCE,
                "{from: email, to: email}",
                "{from: email, to: phone}",
            ),
            (FULL_AUDIENCE, "identities/customers.csv", "identities/people.csv"),
            (
                FULL_AUDIENCE,
                "on: {customer_id: customer_id}",
                "on: {customer_id: id}",
            ),
            (FULL_AUDIENCE, "{from: gaid, to: gaid}", "{from: gaid, to: idfa}"),
            (BLOCKS, "{value: ViewContent}", "{value: Lead}"),
        ] {
            let changed = with(sample, old, new);
            assert!(!seen.contains(&changed), "{old} -> {new}");
            seen.push(changed);
        }
    }

    #[test]
    fn what_a_row_does_not_notice_leaves_it() {
        for (old, new) in [
            ("name: web-purchases ", "name: other "),
            ("destination: acme", "destination: other"),
            ("path: models/web-purchases/", "path: models/other/"),
            ("  format: csv\n", ""),
            ("delimiter: \",\", ", ""),
            ("# the connection made by OAuth", "# a comment"),
            ("batch_size: 1000", "batch_size: 10"),
            ("max_age: 28d", "max_age: 7d"),
            ("max_future: 10m", "max_future: 1h"),
            ("when_out_of_range: refuse", "when_out_of_range: warn"),
            ("add: []", "add: [RSD]"),
            ("min_rows: 1,", "min_rows: 100,"),
            ("rejected_file: false\n", ""),
            ("event_id            #", "[event_id] #"),
            ("{from: event} ", "{map: {}, from: event} "),
            ("hashing: auto\n", ""),
        ] {
            assert_eq!(with(FULL_WEB, old, new), version(FULL_WEB), "{old} -> {new}");
        }
        let keys: Vec<&str> = BLOCKS.split_inclusive('\n').collect();
        let turned = [&keys[2..], &keys[..2]].concat().concat();
        assert_eq!(version(&turned), version(BLOCKS));
        let map = with(BLOCKS, "{won: Purchase, new: Lead}", "{new: Lead, won: Purchase}");
        assert_eq!(map, version(BLOCKS));
    }

    #[test]
    fn the_payload_has_no_source() {
        let payload = |text: &str| {
            let spec = read_with(&Report::new("web.yaml"), "web.yaml", text, &[]).unwrap();
            payload_version(&spec)
        };
        let other = FULL_WEB
            .replace("C4A1EXAMPLEPIXEL0001 #", "C4A1EXAMPLEPIXEL0002 #")
            .replace("test_event_code: TEST12345", "test_event_code: TEST12346");
        assert_ne!(other, FULL_WEB);
        assert_eq!(payload(&other), payload(FULL_WEB));
        assert_ne!(
            payload(&FULL_WEB.replace("{from: url, ", "{from: link, ")),
            payload(FULL_WEB)
        );
    }

    /// Snapshots hold fingerprints made with it: a change of this value sends rows of every sync again.
    #[test]
    fn it_is_the_same_in_each_release() {
        for (name, sample, expected) in [
            ("WEB", WEB, "3679c2a44b88d84bf9390c3b7f22bb2c"),
            ("OFFLINE", OFFLINE, "918c6b5d014a0a85d86b4c7d2d6781bd"),
            ("CRM", CRM, "a1a5cb9e08821c4340d3724bc7571d8d"),
            ("SEGMENT", SEGMENT, "7bc8181afe6231a0ed44feff472a4cef"),
            ("FILE_UPLOAD", FILE_UPLOAD, "7bc8181afe6231a0ed44feff472a4cef"),
            ("FULL_WEB", FULL_WEB, "79e7c1a358a4981d3f856f049f5fe66f"),
            ("FULL_AUDIENCE", FULL_AUDIENCE, "a0c49029b1a779d56eba48375fd538f5"),
            ("BLOCKS", BLOCKS, "c81c7ceeb6f1a80ffe4f58097089fee8"),
        ] {
            assert_eq!(const_hex::encode(version(sample)), expected, "{name}");
        }
    }
}
