//! Readiness, asked at most once a second however many ask us, and never waited for longer than a moment.

use app::App;
use app::console::Readiness;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

const FRESH: Duration = Duration::from_secs(1);
/// A store that takes longer to answer one row is not available.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(crate) struct Probe {
    last: Mutex<Option<(Instant, Readiness)>>,
}

impl Probe {
    /// What is known, no older than a second.
    pub(crate) async fn readiness(&self, app: &App) -> Readiness {
        // Whoever comes while one asks waits for that answer, not for a turn to ask as well.
        let mut last = self.last.lock().await;
        if let Some((at, readiness)) = *last
            && at.elapsed() < FRESH
        {
            return readiness;
        }
        let nothing = Readiness { database: false, external: false };
        let readiness = timeout(ANSWER_WITHIN, app.readiness(app.now())).await.unwrap_or(nothing);
        *last = Some((Instant::now(), readiness));
        readiness
    }
}
