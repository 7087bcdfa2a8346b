//! Ctrl-C and SIGTERM: no further call is begun, those under way are waited for, and the command ends in words.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use runtime::deadline::Deadline;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long calls under way are waited for after the first signal; a second one ends the wait.
const GRACE: Duration = Duration::from_secs(10);

/// Whether the process is to end: shared by all that work in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether somebody asked the process to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Time for work without an end, until the process is to end.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::until_asked(Arc::clone(&self.0))
    }
}

/// Does work until it is done or the process is asked to end; `None`: it was asked, and the work came to no result in time.
/// What is not done goes on with the next command.
pub(crate) async fn until_stopped<T>(
    stop: &Stop,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<Option<T>> {
    let (mut ctrl_c, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return done.map(Some),
        () = either(&mut ctrl_c, &mut terminate) => {}
    }
    stop.ask();
    // When stderr is gone, nobody is left to be told.
    let _ = writeln!(
        std::io::stderr(),
        "stopping: no further call is made, and those under way are waited for; once more ends at once"
    );
    tokio::select! {
        // Work that ends in an error because it was stopped is stopped work.
        done = &mut work => return Ok(done.ok()),
        () = either(&mut ctrl_c, &mut terminate) => {}
        () = tokio::time::sleep(GRACE) => {}
    }
    Ok(None)
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
