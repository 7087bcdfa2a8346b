//! One invocation of a function, moved by the driver from request to request.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use crate::queue::Message;
use crate::steps::Steps;

/// How an invocation ended.
#[derive(Debug)]
pub enum Ended {
    /// The message may go.
    Done,
    /// The message comes back.
    ComeBack,
    /// The handler failed: the message comes back.
    Failed(anyhow::Error),
    /// The function died: the message comes back.
    Died,
}

pub(crate) type Work = Pin<Box<dyn Future<Output = anyhow::Result<bool>>>>;

/// An invocation that has not ended.
pub struct Invocation {
    /// What it works on.
    pub message: Message,
    /// Its requests.
    pub steps: Steps,
    /// When it began, in milliseconds since 1970.
    pub born: i64,
    /// It sleeps until this moment.
    pub asleep: i64,
    pub(crate) work: Work,
}

impl Invocation {
    /// Moves to the next stop; how it ended, when it did.
    pub async fn advance(&mut self) -> Option<Ended> {
        self.steps.grant();
        poll_fn(|context| match self.work.as_mut().poll(context) {
            Poll::Ready(Ok(true)) => Poll::Ready(Some(Ended::Done)),
            Poll::Ready(Ok(false)) => Poll::Ready(Some(Ended::ComeBack)),
            Poll::Ready(Err(error)) => Poll::Ready(Some(Ended::Failed(error))),
            Poll::Pending => {
                let parked = self.steps.is_parked(context.waker());
                if self.steps.is_dead() {
                    Poll::Ready(Some(Ended::Died))
                } else if parked {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                }
            }
        })
        .await
    }
}
