//! One invocation's requests, one after the other: the driver lets each one go, or makes it fail.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

/// What happens at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The function dies before the request has left.
    DieBefore,
    /// The function dies after the request took effect.
    DieAfter,
    /// The request fails, and nothing happened.
    Fail,
    /// The request takes effect, and its answer is lost.
    LoseAnswer,
    /// A conditional write takes effect; the client asks again by itself and sees 412.
    Refuse,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct State {
    requests: u32,
    plan: Option<(u32, Fault)>,
    one_by_one: bool,
    granted: bool,
    parked: bool,
    dead: bool,
    inside: Vec<Waker>,
    driver: Option<Waker>,
}

/// The requests of one invocation.
#[derive(Debug, Clone, Default)]
pub struct Steps(Arc<Mutex<State>>);

impl Steps {
    /// All requests go by themselves, but for the one that has this number (from 1).
    pub fn with_fault(fault: Option<(u32, Fault)>) -> Self {
        let steps = Self::default();
        steps.state().plan = fault;
        steps
    }

    /// The invocation stops before and after each request, until it is let go on.
    pub fn one_by_one() -> Self {
        let steps = Self::default();
        steps.state().one_by_one = true;
        steps
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no step panics")
    }

    /// How many requests were begun.
    pub fn requests(&self) -> u32 {
        self.state().requests
    }

    /// The fault for the next request that comes.
    pub fn fault_next(&self, fault: Fault) {
        let mut state = self.state();
        state.plan = Some((state.requests + 1, fault));
    }

    /// Lets a parked invocation go on to its next stop.
    pub(crate) fn grant(&self) {
        let mut state = self.state();
        state.granted = true;
        state.parked = false;
        state.inside.drain(..).for_each(Waker::wake);
    }

    /// The invocation is dead: its driver drops it.
    pub(crate) fn kill(&self) {
        let mut state = self.state();
        state.dead = true;
        state.driver.iter().for_each(Waker::wake_by_ref);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Whether the invocation waits for the driver. `driver` is woken when it is killed meanwhile.
    pub(crate) fn is_parked(&self, driver: &Waker) -> bool {
        let mut state = self.state();
        state.driver = Some(driver.clone());
        state.parked
    }

    /// Stops here until the driver lets it go on.
    pub(crate) async fn stop(&self) {
        poll_fn(|context| {
            let mut state = self.state();
            if !state.one_by_one {
                return Poll::Ready(());
            }
            if state.granted {
                state.granted = false;
                return Poll::Ready(());
            }
            state.parked = true;
            state.inside.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Counts a request; the fault that hits it. Does not return where the function dies before it.
    pub(crate) async fn begin(&self) -> Option<Fault> {
        self.stop().await;
        let fault = {
            let mut state = self.state();
            state.requests += 1;
            let number = state.requests;
            state.plan.filter(|(at, _)| *at == number).map(|(_, fault)| fault)
        };
        if fault == Some(Fault::DieBefore) {
            self.die().await;
        }
        fault
    }

    /// The request took effect. Does not return where the function dies after it.
    pub(crate) async fn end(&self, fault: Option<Fault>) {
        if fault == Some(Fault::DieAfter) {
            self.die().await;
        }
        self.stop().await;
    }

    async fn die(&self) {
        self.kill();
        pending::<()>().await;
    }
}
