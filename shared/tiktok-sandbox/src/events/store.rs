//! Accepted events, without those that TikTok would drop as seen.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{events::row::EventFacts, settings::EventSource};

/// TikTok remembers an event for 48 hours from its first arrival.
const DEDUPLICATION_MS: i64 = 48 * 3600 * 1000;

/// An accepted event, as `GET /_sandbox/events` lists it.
#[derive(Debug, Clone, Serialize)]
pub struct EventRecord {
    /// `web`, `offline`, `crm` or `app`.
    pub event_source: EventSource,
    /// The pixel code, event set id or app id.
    pub event_source_id: Box<str>,
    /// The event's name as it came.
    pub event: Box<str>,
    /// The id for deduplication; events without one are never dropped.
    pub event_id: Option<Box<str>>,
    /// Unix seconds.
    pub event_time: i64,
    /// Whether it came with a test event code; TikTok does not count such events.
    pub test: bool,
    /// The code it came with.
    pub test_event_code: Option<Box<str>>,
    /// How often it came within 48 hours of the first.
    pub received: u64,
    /// The event as first received, byte for byte; none when bodies are not kept.
    pub body: Option<Box<RawValue>>,
    #[serde(skip)]
    first_received_ms: i64,
}

/// One call's source and test code, common to its events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'call> {
    pub(crate) source: EventSource,
    pub(crate) source_id: &'call str,
    pub(crate) test_event_code: Option<&'call str>,
}

/// All accepted events.
#[derive(Debug, Default)]
pub(crate) struct EventStore {
    events: Vec<EventRecord>,
    /// Where the latest event with this source id, name, event id and test flag lies.
    by_key: HashMap<Box<str>, usize>,
}

impl EventStore {
    pub(crate) fn all(&self) -> &[EventRecord] {
        &self.events
    }

    /// Keeps an event, or counts it at the one it repeats.
    pub(crate) fn receive(
        &mut self,
        origin: Origin<'_>,
        facts: EventFacts,
        body: Option<Box<RawValue>>,
        now_ms: i64,
    ) {
        let test = origin.test_event_code.is_some();
        if let Some(event_id) = &facts.event_id {
            let kind = if test { "test" } else { "counted" };
            let key = [kind, origin.source_id, &facts.event, event_id].join("\0");
            let position = self.by_key.entry(key.into()).or_insert(usize::MAX);
            if let Some(seen) = self.events.get_mut(*position)
                && now_ms - seen.first_received_ms < DEDUPLICATION_MS
            {
                seen.received += 1;
                return;
            }
            *position = self.events.len();
        }
        self.events.push(EventRecord {
            event_source: origin.source,
            event_source_id: origin.source_id.into(),
            event: facts.event,
            event_id: facts.event_id,
            event_time: facts.event_time,
            test,
            test_event_code: origin.test_event_code.map(Into::into),
            received: 1,
            body,
            first_received_ms: now_ms,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600 * 1000;

    fn receive(store: &mut EventStore, test_event_code: Option<&str>, event_id: Option<&str>, now_ms: i64) {
        let origin = Origin {
            source: EventSource::Web,
            source_id: "PIXEL",
            test_event_code,
        };
        let facts = EventFacts {
            event: "Purchase".into(),
            event_id: event_id.map(Into::into),
            event_time: 1,
        };
        store.receive(origin, facts, None, now_ms);
    }

    fn received(store: &EventStore) -> Vec<u64> {
        store.all().iter().map(|event| event.received).collect()
    }

    #[test]
    fn forty_eight_hours_count_from_the_first_arrival() {
        let mut store = EventStore::default();
        for at in [0, 47 * HOUR, 48 * HOUR, 49 * HOUR] {
            receive(&mut store, None, Some("order-1"), at);
        }
        assert_eq!(received(&store), [2, 2]);
    }

    #[test]
    fn test_events_and_events_without_an_id_stand_apart() {
        let mut store = EventStore::default();
        receive(&mut store, Some("TEST1"), Some("order-1"), 0);
        receive(&mut store, None, Some("order-1"), 0);
        receive(&mut store, None, None, 0);
        receive(&mut store, None, None, 0);
        assert_eq!(received(&store), [1, 1, 1, 1]);
        assert_eq!(store.all().iter().filter(|event| event.test).count(), 1);
    }
}
