//! The pages of OAuth, served by this process: the function's own handler behind a port of this machine.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::response::Response;
use oauth_callback::{Context, handle};
use runtime::http::HttpRequest;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What the browser still fetches after the last page.
const LINGER: Duration = Duration::from_millis(500);

struct Pages {
    ctx: Context,
    shown: mpsc::Sender<()>,
}

/// Opens a port of this machine.
pub(crate) async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("the pages cannot be served on port {port}: name a free one with --port"))
}

/// Serves the pages until the page of success was shown (`true`), or the time is over.
pub(crate) async fn serve(listener: TcpListener, ctx: Context, time: Duration) -> anyhow::Result<bool> {
    let (shown, mut seen) = mpsc::channel(1);
    let pages = Arc::new(Pages { ctx, shown });
    let router = Router::new().fallback(answer).with_state(pages);
    tokio::select! {
        served = std::future::IntoFuture::into_future(axum::serve(listener, router)) => {
            served.context("serving the pages")?;
            Ok(false)
        }
        _ = seen.recv() => {
            tokio::time::sleep(LINGER).await;
            Ok(true)
        }
        () = tokio::time::sleep(time) => Ok(false),
    }
}

async fn answer(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let cookies = request.headers().get_all(COOKIE).into_iter();
    let asked = HttpRequest::new(
        request.method().as_str(),
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
        cookies.filter_map(|value| value.to_str().ok()),
    );
    let answer = handle(&pages.ctx, &asked, jiff::Timestamp::now().as_second()).await;
    if asked.path() == "/oauth/done" && answer.status == 200 {
        let _ = pages.shown.try_send(());
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    for cookie in &answer.cookies {
        response = response.header(SET_COOKIE, cookie);
    }
    // Statuses, names and values are our own.
    response.body(Body::from(answer.body)).unwrap_or_default()
}
