//! The API calls of a batch: events cut into bodies that TikTok takes.

use super::json::write_string;
use crate::spec::EventBlock;

/// The largest body of a call, in bytes. TikTok publishes no limit; peers stay below 1 MB.
pub const MAX_BODY_BYTES: usize = 1_000_000;

/// The body of the calls of one event block, but for the events: `event_source`, `event_source_id` and, in a test,
/// `test_event_code` (TikTok Events API 2.0, "event/track", top level).
///
/// `partner_name` is not sent: TikTok refuses names that it does not know (code 40063), and knows none of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBody {
    head: Vec<u8>,
    batch_size: usize,
}

impl CallBody {
    /// What comes after the events.
    pub const TAIL: &'static str = "]}";

    /// The calls of this block.
    pub fn new(block: &EventBlock) -> Self {
        let mut head = b"{\"event_source\":".to_vec();
        write_string(&mut head, block.source.as_str());
        head.extend_from_slice(b",\"event_source_id\":");
        write_string(&mut head, block.source.id());
        if let Some(code) = &block.test_event_code {
            head.extend_from_slice(b",\"test_event_code\":");
            write_string(&mut head, code);
        }
        head.extend_from_slice(b",\"data\":[");
        Self {
            head,
            batch_size: usize::from(block.batch_size.max(1)),
        }
    }

    /// A call's body with these events, each the JSON that [`super::EventMapper::map`] made. `out` is emptied first.
    pub fn write<'e>(&self, events: impl IntoIterator<Item = &'e [u8]>, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.head);
        for (i, event) in events.into_iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(event);
        }
        out.extend_from_slice(Self::TAIL.as_bytes());
    }

    /// What comes before the events.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many of the events that follow, given by their sizes in bytes, go into one call: up to the block's batch
    /// size, as long as the body stays within [`MAX_BODY_BYTES`]. At least one, when there is one.
    ///
    /// Cutting a list of events by this, call after call, always gives the same calls.
    pub fn first_call(&self, sizes: impl IntoIterator<Item = usize>) -> usize {
        let mut cutter = self.cutter();
        sizes
            .into_iter()
            .take_while(|size| !cutter.begins_call(*size))
            .count()
    }

    /// A cutter for events that come one by one.
    pub fn cutter(&self) -> CallCutter {
        CallCutter {
            batch_size: self.batch_size,
            most: MAX_BODY_BYTES,
            empty: self.head.len() + 2,
            events: 0,
            bytes: 0,
        }
    }
}

/// Says for event after event whether it still fits into the call that is being filled.
#[derive(Debug, Clone)]
pub struct CallCutter {
    batch_size: usize,
    /// The largest body, in bytes.
    most: usize,
    empty: usize,
    events: usize,
    bytes: usize,
}

impl CallCutter {
    /// A cutter for calls of up to `batch_size` rows and `most` bytes, whose body without rows has `empty` bytes.
    pub fn new(batch_size: usize, empty: usize, most: usize) -> Self {
        Self {
            batch_size: batch_size.max(1),
            most,
            empty,
            events: 0,
            bytes: 0,
        }
    }

    /// Takes the next event, of this size in bytes. True when it does not fit any more: then it is the first of the
    /// next call.
    pub fn begins_call(&mut self, size: usize) -> bool {
        let full = self.events >= self.batch_size || self.bytes + 1 + size > self.most;
        if self.events > 0 && full {
            (self.events, self.bytes) = (1, self.empty + size);
            return true;
        }
        self.bytes = if self.events == 0 {
            self.empty + size
        } else {
            self.bytes + 1 + size
        };
        self.events += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::names::PixelCode;
    use crate::spec::{EventNameRule, EventSource, OutOfRange};

    fn block(batch_size: u16, test_event_code: Option<&str>) -> EventBlock {
        EventBlock {
            source: EventSource::Web(PixelCode::new("PIX\"1").unwrap()),
            name: EventNameRule::Value("Purchase".to_owned()),
            allow_custom_names: false,
            modern_names: false,
            batch_size,
            test_event_code: test_event_code.map(str::to_owned),
            max_age: Duration::from_secs(1),
            max_future: Duration::from_secs(1),
            when_out_of_range: OutOfRange::Refuse,
        }
    }

    #[test]
    fn the_body_names_the_source_and_holds_the_events() {
        let mut out = Vec::new();
        CallBody::new(&block(2, Some("TEST1"))).write([&b"{\"a\":1}"[..], b"{}"], &mut out);
        let expected = r#"{"event_source":"web","event_source_id":"PIX\"1","test_event_code":"TEST1","data":[{"a":1},{}]}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let mut out = Vec::new();
        CallBody::new(&block(2, None)).write([&b"{}"[..]], &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"event_source":"web","event_source_id":"PIX\"1","data":[{}]}"#
        );
    }

    proptest! {
        #[test]
        fn calls_keep_their_bounds_and_are_filled_up(
            sizes in prop::collection::vec(prop_oneof![1..2_000usize, 1..=super::super::MAX_EVENT_BYTES], 0..60),
            batch_size in 1u16..20,
        ) {
            let body = CallBody::new(&block(batch_size, None));
            let bytes = |sizes: &[usize]| {
                let mut out = Vec::new();
                let events: Vec<Vec<u8>> = sizes.iter().map(|&size| vec![b' '; size]).collect();
                body.write(events.iter().map(Vec::as_slice), &mut out);
                out.len()
            };
            let mut rest = &sizes[..];
            let mut calls = Vec::new();
            while !rest.is_empty() {
                let count = body.first_call(rest.iter().copied());
                prop_assert!(count > 0 && count <= usize::from(batch_size));
                prop_assert!(bytes(&rest[..count]) <= MAX_BODY_BYTES);
                if count < rest.len() && count < usize::from(batch_size) {
                    prop_assert!(bytes(&rest[..=count]) > MAX_BODY_BYTES);
                }
                calls.push(count);
                rest = &rest[count..];
            }
            // Coming one by one, they are cut alike.
            let mut cutter = body.cutter();
            let mut one_by_one: Vec<usize> = Vec::new();
            for &size in &sizes {
                if cutter.begins_call(size) || one_by_one.is_empty() {
                    one_by_one.push(0);
                }
                *one_by_one.last_mut().unwrap() += 1;
            }
            prop_assert_eq!(one_by_one, calls);
        }
    }
}
