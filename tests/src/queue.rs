//! The queues of both functions: messages come at least once, in any order, and come back when they are not done.

use sync_core::run::Wake;

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// An object was created, as this version.
    Created(Wake, String),
    /// The schedule's.
    Housekeeping,
}

impl Asked {
    /// Whether it is for `deliver`.
    pub fn is_batch(&self) -> bool {
        matches!(self, Self::Created(Wake::Batch(_), _))
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it asks for.
    pub asked: Asked,
    /// How often it came.
    pub receives: u32,
    /// When it can be seen, in milliseconds since 1970.
    pub visible: i64,
}

/// Both queues, and the dead letters of both.
#[derive(Debug, Default)]
pub struct Queue {
    /// What waits, in the order of arrival.
    pub messages: Vec<Message>,
    /// What came too often.
    pub dead_letters: Vec<Message>,
}

impl Queue {
    /// A new message.
    pub fn send(&mut self, asked: Asked) {
        self.messages.push(Message {
            asked,
            receives: 0,
            visible: 0,
        });
    }

    /// The first message that can be seen; it counts as received.
    pub fn receive(&mut self, now: i64) -> Option<Message> {
        let at = self.messages.iter().position(|message| message.visible <= now)?;
        Some(self.take(at))
    }

    /// Takes the message at a place; it counts as received.
    pub fn take(&mut self, at: usize) -> Message {
        let mut message = self.messages.remove(at);
        message.receives += 1;
        message
    }

    /// A message was not done: it is seen again at `visible`, or becomes a dead letter.
    pub fn back(&mut self, mut message: Message, visible: i64) {
        let most = if message.asked.is_batch() { 5 } else { 10 };
        if message.receives >= most {
            self.dead_letters.push(message);
        } else {
            message.visible = visible;
            self.messages.push(message);
        }
    }

    /// When the next message can be seen.
    pub fn next_visible(&self) -> Option<i64> {
        self.messages.iter().map(|message| message.visible).min()
    }

    /// Dead letters wait again, as fresh messages.
    pub fn redrive(&mut self) {
        for message in std::mem::take(&mut self.dead_letters) {
            self.send(message.asked);
        }
    }
}
