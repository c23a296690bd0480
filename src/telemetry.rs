//! Logs: one JSON object a line into `logs/bot.log`, to standard output for `serve`, and to the console's Log tab.
//!
//! Promises: every line of a span that has a correlation id carries it; nothing that looks like a secret is written,
//! and none of our own ever; standard output is left alone unless asked for, because the console owns the terminal;
//! logging neither fails nor panics. Start reading at [`start`].

mod line;
mod redact;
mod rotate;

use domain::Secret;
use line::{Fields, Line};
pub(crate) use redact::Redactor;
use rotate::RotatingFile;
use std::io::{self, Write};
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use ui::LogFeed;

/// Where lines go.
#[derive(Clone, Default)]
pub(crate) struct TelemetryOptions {
    /// The folder of the files; `None` writes none.
    pub(crate) dir: Option<PathBuf>,
    /// A file is full beyond this.
    pub(crate) max_bytes: u64,
    /// How many are kept, the current one included.
    pub(crate) files: u32,
    /// `info`, or by module: `info,app=debug`. The configuration has checked it.
    pub(crate) level: String,
    /// Also to standard output. Never while the console owns the terminal.
    pub(crate) stdout: bool,
    /// Also to the console's Log tab.
    pub(crate) feed: Option<LogFeed>,
    /// Our own secrets, which no line may hold.
    pub(crate) secrets: Vec<Secret>,
}

/// Modules whose details drown everything else, unless the level names them.
const CHATTY: [&str; 9] = ["h2", "hyper", "hyper_util", "mio", "reqwest", "rustls", "sqlx", "teloxide_core", "tower"];

/// Starts logging for the whole process. Fails when the file cannot be opened or logging has been started before.
pub(crate) fn start(options: TelemetryOptions) -> io::Result<()> {
    let layer = build(options)?;
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).map_err(io::Error::other)
}

fn build<S>(options: TelemetryOptions) -> io::Result<impl Layer<S> + use<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let open = |dir: PathBuf| RotatingFile::open(dir.join("bot.log"), options.max_bytes, options.files);
    let file = options.dir.clone().map(open).transpose()?;
    let redactor = Redactor::new(&options.secrets);
    let lines = Lines { redactor, file, stdout: options.stdout, feed: options.feed };
    Ok(lines.with_filter(filter(&options.level)))
}

/// What passes: the chatty modules up to `info`, then the configured level over everything.
fn filter(level: &str) -> Targets {
    let wanted: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let general = wanted.default_level().unwrap_or(LevelFilter::INFO);
    let quiet =
        Targets::new().with_default(general).with_targets(CHATTY.map(|name| (name, general.min(LevelFilter::INFO))));
    wanted.iter().fold(quiet, |all, (name, level)| all.with_target(name, level))
}

/// The layer that writes lines.
struct Lines {
    redactor: Redactor,
    file: Option<RotatingFile>,
    stdout: bool,
    feed: Option<LogFeed>,
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        if let Some(fields) = extensions.get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.add_missing(outer);
            }
        }
        let now = chrono::Utc::now();
        let line = Line::new(now, event.metadata(), &fields, &self.redactor);
        if self.file.is_some() || self.stdout {
            let json = line.json();
            if let Some(file) = &self.file {
                file.write(json.as_bytes());
            }
            if self.stdout {
                // A reader that went away must not stop the runtime.
                let _ = io::stdout().lock().write_all(json.as_bytes());
            }
        }
        if let Some(feed) = &self.feed {
            feed.push(line.for_console());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(options: TelemetryOptions, act: impl FnOnce()) {
        let layer = build(options).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
    }

    #[test]
    fn a_line_is_json_with_the_correlation_id_of_its_span_and_without_secrets() {
        let dir = std::env::temp_dir().join(format!("viralcore-telemetry-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let feed = LogFeed::default();
        let options = TelemetryOptions {
            dir: Some(dir.clone()),
            max_bytes: 1_000_000,
            files: 2,
            level: "info".to_owned(),
            feed: Some(feed.clone()),
            secrets: vec![Secret::new("canary")],
            ..TelemetryOptions::default()
        };
        logged(options, || {
            let outer = tracing::info_span!("update", correlation_id = "0h5r8z6k1p2q3s4t5v6w7x8y9z", user.id = 7);
            let _outer = outer.enter();
            let inner = tracing::info_span!("step", step = tracing::field::Empty);
            inner.record("step", "send");
            let _inner = inner.enter();
            tracing::info!(
                withdrawal.id = 4412,
                amount_minor = 2_500_000_000_i64,
                api_token = "x",
                "Paid to 0690000034, canary"
            );
            tracing::debug!("not at this level");
            tracing::warn!(error = %"line one\nline two", user.id = 8, "Odd");
        });
        let text = std::fs::read_to_string(dir.join("bot.log")).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        let first = &lines[0];
        assert!(text.starts_with("{\"timestamp\":\"20"), "{text}");
        for (name, value) in [
            ("level", serde_json::json!("INFO")),
            ("message", serde_json::json!("Paid to ******0034, [redacted]")),
            ("correlation_id", serde_json::json!("0h5r8z6k1p2q3s4t5v6w7x8y9z")),
            ("withdrawal.id", serde_json::json!(4412)),
            ("amount_minor", serde_json::json!(2_500_000_000_i64)),
            ("api_token", serde_json::json!("[redacted]")),
            ("step", serde_json::json!("send")),
            ("user.id", serde_json::json!(7)),
        ] {
            assert_eq!(first[name], value, "{name}");
        }
        // The event's own field wins over its span's.
        assert_eq!(
            (&lines[1]["user.id"], &lines[1]["error"]),
            (&serde_json::json!(8), &serde_json::json!("line one\nline two"))
        );
        let (shown, _) = feed.since(0);
        assert_eq!(shown.len(), 2);
        assert!(shown[0].text.starts_with("Paid to ******0034, [redacted] withdrawal.id=4412 "), "{}", shown[0].text);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn chatty_modules_are_quiet_unless_they_are_named() {
        let debug = tracing::Level::DEBUG;
        let all = filter("debug");
        assert!(all.would_enable("app::payout", &debug) && !all.would_enable("hyper::proto", &debug));
        let named = filter("debug,hyper=debug");
        assert!(named.would_enable("hyper::proto", &debug) && !named.would_enable("sqlx::query", &debug));
        let one = filter("warn,app=debug");
        assert!(one.would_enable("app::payout", &debug) && !one.would_enable("bot", &tracing::Level::INFO));
        assert!(!filter("error").would_enable("hyper", &tracing::Level::INFO));
    }
}
