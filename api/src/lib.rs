//! Inbound HTTP: health, readiness, metrics, the payout rail's webhooks and the sync of packages.
//!
//! Two addresses: everybody may reach the public one, which counts requests by address; the operators' one serves
//! metrics. Start reading at [`run`], then `routes`.
//!
//! Promises
//! - A webhook is answered 200 only after it was kept; it moves no money by itself.
//! - Whatever arrives, and however slowly, costs a bounded amount of memory and time, and panics nowhere.
//! - Every answer is JSON, except the metrics; an error is `{"error", "code"}`.

mod limit;
mod probe;
mod routes;
mod server;
mod sync;

use app::App;
use domain::Secret;
use domain::bucket::Size;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How the API is set up.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// The public address: webhooks, health. Port 0 takes any free one.
    pub bind: SocketAddr,
    /// The operators' address: metrics.
    pub admin_bind: SocketAddr,
    /// The payout rail's webhook hashes; several while one replaces another. Without one webhooks are refused.
    pub hashes: Vec<Secret>,
    /// What `POST /api/smartvps/sync` is asked with. Without one it is refused for everybody.
    pub sync_token: Option<Secret>,
    /// Requests from one address on the public side.
    pub per_minute: Size,
    /// Proxies whose `X-Forwarded-For` says who asks.
    pub trusted_proxies: Vec<IpAddr>,
}

/// The API with its addresses taken and nothing answered yet.
#[derive(Debug)]
pub struct Api {
    public: TcpListener,
    admin: TcpListener,
    options: ApiOptions,
}

impl Api {
    /// Takes both addresses.
    pub async fn bind(options: ApiOptions) -> io::Result<Self> {
        let (public, admin) = (listen(options.bind).await?, listen(options.admin_bind).await?);
        Ok(Self { public, admin, options })
    }

    /// The public address with its real port.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.public.local_addr()
    }

    /// The operators' address with its real port.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.admin.local_addr()
    }

    /// Answers until `shutdown` says true or its sender is gone; then finishes what has begun, for a few seconds.
    pub async fn run(self, app: App, shutdown: watch::Receiver<bool>) {
        let Self { public, admin, options } = self;
        let trusted = options.trusted_proxies.clone();
        let state = Arc::new(routes::State::new(app, options));
        let (everybody, operators) = (routes::public(Arc::clone(&state)), routes::admin(state));
        let bounds = server::Bounds::default();
        let everybody = server::serve(public, everybody, trusted.clone(), bounds, shutdown.clone());
        let operators = server::serve(admin, operators, trusted, bounds, shutdown);
        tokio::join!(everybody, operators);
    }
}

/// Takes both addresses and answers until `shutdown`.
pub async fn run(app: App, options: ApiOptions, shutdown: watch::Receiver<bool>) -> io::Result<()> {
    Api::bind(options).await?.run(app, shutdown).await;
    Ok(())
}

async fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(at).await.map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {at}: {error}")))
}
