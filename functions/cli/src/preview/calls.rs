//! Events put together into calls, as the batches of a run are cut.

use sync_core::events::{CallBody, CallCutter};
use sync_core::spec::EventBlock;

/// The call of one event block that is being filled.
pub(super) struct OpenCall {
    body: CallBody,
    cutter: CallCutter,
    text: Vec<u8>,
}

impl OpenCall {
    pub(super) fn new(block: &EventBlock) -> Self {
        let body = CallBody::new(block);
        Self {
            cutter: body.cutter(),
            body,
            text: Vec::new(),
        }
    }

    /// Adds an event. Where it does not fit any more, the call before it is given back.
    pub(super) fn add(&mut self, event: &[u8]) -> Option<Vec<u8>> {
        let full = if self.cutter.begins_call(event.len()) {
            self.take()
        } else {
            None
        };
        if self.text.is_empty() {
            self.text.extend_from_slice(self.body.head());
        } else {
            self.text.push(b',');
        }
        self.text.extend_from_slice(event);
        full
    }

    /// The call as far as it is filled; `None` when it is empty.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        if self.text.is_empty() {
            return None;
        }
        self.text.extend_from_slice(CallBody::TAIL.as_bytes());
        Some(std::mem::take(&mut self.text))
    }
}
