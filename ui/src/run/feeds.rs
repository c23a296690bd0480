//! The tasks that tell the console what happens elsewhere.

use crate::message::Event;
use crate::options::Options;
use app::App;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::sync::watch;

/// Log lines travel in batches.
const LOG_BATCH: Duration = Duration::from_millis(50);

/// The tasks that tell the console what happens elsewhere; ended when dropped.
pub(super) struct Feeds(Vec<tokio::task::JoinHandle<()>>);

impl Feeds {
    pub(super) fn begin(
        app: &App,
        runtime: &tokio::runtime::Handle,
        options: &Options,
        mut shutdown: watch::Receiver<bool>,
        events: Sender<Event>,
    ) -> Self {
        let mut changes = app.changes();
        let changed = events.clone();
        let feed = options.log.clone();
        let logged = events.clone();
        let signals = events.clone();
        Self(vec![
            runtime.spawn(async move {
                // A burst is one: the model reads everything anew anyway.
                while changes.changed().await.is_ok() && changed.send(Event::Changed).is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }),
            runtime.spawn(async move {
                let mut watch = feed.watch();
                let mut next = 0;
                loop {
                    let (lines, end) = feed.since(next);
                    next = end;
                    if !lines.is_empty() && logged.send(Event::Log(lines)).is_err() {
                        return;
                    }
                    watch.borrow_and_update();
                    if feed.since(next).0.is_empty() && watch.changed().await.is_err() {
                        return;
                    }
                    tokio::time::sleep(LOG_BATCH).await;
                }
            }),
            runtime.spawn(async move {
                if shutdown.wait_for(|stop| *stop).await.is_ok() {
                    let _ = events.send(Event::Shutdown);
                }
            }),
            runtime.spawn(async move {
                use tokio::signal::unix::{SignalKind, signal};
                let (Ok(mut hangup), Ok(mut resized)) =
                    (signal(SignalKind::hangup()), signal(SignalKind::window_change()))
                else {
                    return;
                };
                loop {
                    let event = tokio::select! {
                        _ = hangup.recv() => Event::Hangup,
                        _ = resized.recv() => Event::Resize(0, 0),
                    };
                    if signals.send(event).is_err() {
                        return;
                    }
                }
            }),
        ])
    }
}

impl Drop for Feeds {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}
