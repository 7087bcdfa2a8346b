//! Starts and stops the server.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
    connection::{Line, Lines},
    handler::{Shared, handle},
    state::SandboxState,
};

/// How long open connections may take to end after the stop.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// How a sandbox is started.
#[derive(Debug, Clone, Default)]
pub struct SandboxConfig {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
}

/// The stand-in for TikTok's Business API.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Starts a sandbox on 127.0.0.1, inside the present tokio runtime.
    ///
    /// It answers when this returns, and lives until [`Running::stop`] or until the [`Running`] is dropped.
    /// The error is the one of binding the port.
    pub async fn start(config: SandboxConfig) -> io::Result<Running> {
        let lines = Lines::bind(config.port).await?;
        let port = lines.port()?;
        let state = Arc::new(SandboxState::default());
        let (stop, stopped) = watch::channel(false);
        let shared = Shared {
            state: Arc::clone(&state),
            stopped: stopped.clone(),
        };
        let service = Router::new()
            .fallback(handle)
            .with_state(shared)
            .into_make_service_with_connect_info::<Line>();
        let server = axum::serve(lines, service).with_graceful_shutdown(until_true(stopped));
        let task = tokio::spawn(async move {
            // The error type is there for listeners that can end; this one cannot.
            let _ = server.await;
        });
        Ok(Running {
            port,
            state,
            stop,
            task: Some(task),
        })
    }
}

/// A sandbox that answers; dropping it stops it.
#[derive(Debug)]
pub struct Running {
    port: u16,
    state: Arc<SandboxState>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// The port it answers on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end and without `/open_api/v1.3`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it remembers.
    pub fn state(&self) -> &SandboxState {
        &self.state
    }

    /// Stops accepting, ends hanging calls and waits (2 seconds at most) until the connections are closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(mut task) = self.task.take()
            && timeout(STOP_PATIENCE, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Starts a sandbox, calls `ready` with its address, and serves until SIGTERM or SIGINT.
pub async fn serve_until_signal(config: SandboxConfig, ready: impl FnOnce(&str)) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = Sandbox::start(config).await?;
    ready(&running.url());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}

/// Ends when the value becomes true or its sender is gone.
pub(crate) async fn until_true(mut value: watch::Receiver<bool>) {
    // An error means that nobody can change the value any more, which ends the wait as well.
    let _ = value.wait_for(|&stopped| stopped).await;
}
