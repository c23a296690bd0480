//! The loop: waits for input, answers, feeds, deadlines and signals; draws when something visible changed.
//!
//! The thread that calls [`run`] draws and owns the terminal; another one reads it. A terminal that is gone, blocked or
//! closed ends the console, never the runtime.

mod feeds;
mod input;
mod panics;

use crate::effects::Runner;
use crate::export;
use crate::message::{Effect, Event, Message, Reason};
use crate::model::{Dirty, Model};
use crate::options::{Exit, Options, RunError};
use crate::terminal::{Screen, Tty};
use crate::theme::{self, Theme};
use crate::update::{next_deadline, update};
use crate::view;
use app::App;
use domain::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, IsTerminal};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Frames of a feed keep this distance.
const FEED_FRAMES: Duration = Duration::from_millis(33);
/// Bursts of resizes are one.
const RESIZE: Duration = Duration::from_millis(50);

type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Runs the console on this thread until the operator leaves, the terminal is gone or `shutdown` says so.
pub fn run(
    app: App,
    runtime: tokio::runtime::Handle,
    options: Options,
    shutdown: watch::Receiver<bool>,
) -> Result<Exit, RunError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(RunError::NoTerminal);
    }
    let tty = Tty::open()?;
    let (sender, events) = channel();
    let _hook = panics::PanicGuard::install(tty.clone(), sender.clone());
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| {
        session(app, &runtime, &options, shutdown, &tty, (sender, &events))
    }));
    tty.restore();
    match ended {
        Ok(exit) => exit,
        Err(panic) => Err(RunError::Screen { report: panics::report(&*panic) }),
    }
}

fn session(
    app: App,
    runtime: &tokio::runtime::Handle,
    options: &Options,
    shutdown: watch::Receiver<bool>,
    tty: &Tty,
    (sender, events): (Sender<Event>, &Receiver<Event>),
) -> Result<Exit, RunError> {
    let clock: Clock = options.clock.clone();
    let size = size().unwrap_or((80, 24));
    let model = Model::new(options, theme(options), size, clock());
    let screen = Screen::enter(tty.clone(), size)?;
    let mut console = Console { model, screen, clock: clock.clone(), exit: None, last_frame: None, resize_at: None };
    // The first frame comes before any data is asked for.
    console.draw()?;
    let (stop, stopped) = io::pipe()?;
    let reader = input::read_input(tty.clone(), stop, clock.clone(), sender.clone());
    let feeds = feeds::Feeds::begin(&app, runtime, options, shutdown, sender.clone());
    let reasons = app.reject_reasons().iter().map(|r| Reason { code: r.code.clone(), text: r.text.clone() });
    let reasons = Event::Reasons(reasons.collect());
    let runner = Runner {
        app,
        runtime: runtime.clone(),
        actor: options.actor.clone(),
        clock,
        passphrase: options.passphrase_check.clone(),
        answers: sender,
    };
    let exit = console.serve(events, &runner, reasons);
    drop(feeds);
    drop(stopped);
    // The reader ends as its pipe closes; a key pressed from now on belongs to the shell.
    let _ = reader.join();
    Ok(exit)
}

/// The window's size, if the terminal knows one.
fn size() -> Option<(u16, u16)> {
    crossterm::terminal::size().ok().filter(|(width, height)| *width > 0 && *height > 0)
}

fn theme(options: &Options) -> Theme {
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let locale = [var("LC_ALL"), var("LC_CTYPE"), var("LANG")].into_iter().find(|v| !v.is_empty()).unwrap_or_default();
    let lower = locale.to_lowercase();
    let unicode = lower.contains("utf-8") || lower.contains("utf8");
    let glyphs = if unicode { theme::UNICODE } else { theme::ASCII };
    let rich = var("TERM").contains("256color") || !var("COLORTERM").is_empty();
    let by_terminal = if !var("NO_COLOR").is_empty() || var("TERM") == "dumb" {
        "mono"
    } else if rich {
        "dark"
    } else {
        "16"
    };
    let name = options.theme.as_deref().filter(|_| by_terminal != "mono").unwrap_or(by_terminal);
    Theme::named(name, glyphs).or_else(|| Theme::named(by_terminal, glyphs)).unwrap_or_else(|| Theme::plain(glyphs))
}

struct Console {
    model: Model,
    screen: Screen,
    clock: Clock,
    exit: Option<Exit>,
    last_frame: Option<Instant>,
    resize_at: Option<Instant>,
}

impl Console {
    fn draw(&mut self) -> io::Result<()> {
        let (width, height) = self.model.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = view::draw(&self.model, &mut buf);
        let written = self.screen.draw(buf, cursor)?;
        if written > 0 {
            self.last_frame = Some(Instant::now());
        }
        self.model.dirty = Dirty::No;
        Ok(())
    }

    /// The loop itself. A terminal that fails ends it as a hang-up.
    fn serve(&mut self, events: &Receiver<Event>, runner: &Runner, reasons: Event) -> Exit {
        self.take(reasons, runner);
        self.take(Event::Start, runner);
        loop {
            if self.exit.is_some() || self.model.dirty == Dirty::Now || self.feed_frame_due() {
                let drawn = self.draw();
                if let Some(exit) = self.exit {
                    return exit;
                }
                if drawn.is_err() {
                    return Exit::Hangup;
                }
            }
            match events.recv_timeout(self.patience()) {
                Ok(event) => self.take(event, runner),
                Err(RecvTimeoutError::Timeout) => self.timeout(runner),
                // Cannot be: the runner holds a sender.
                Err(RecvTimeoutError::Disconnected) => return Exit::Hangup,
            }
            while let Ok(event) = events.try_recv() {
                self.take(event, runner);
            }
        }
    }

    /// How long nothing will happen by itself.
    fn patience(&self) -> Duration {
        let now = (self.clock)();
        let model = next_deadline(&self.model).map(|at| at.since(now));
        let frame = (self.model.dirty == Dirty::Feed)
            .then(|| self.since_frame().map_or(Duration::ZERO, |since| FEED_FRAMES.saturating_sub(since)));
        let resize = self.resize_at.map(|at| at.saturating_duration_since(Instant::now()));
        [model, frame, resize].into_iter().flatten().min().unwrap_or(Duration::from_secs(3_600))
    }

    fn since_frame(&self) -> Option<Duration> {
        self.last_frame.map(|at| at.elapsed())
    }

    fn feed_frame_due(&self) -> bool {
        self.model.dirty == Dirty::Feed && self.since_frame().is_none_or(|since| since >= FEED_FRAMES)
    }

    fn timeout(&mut self, runner: &Runner) {
        if self.resize_at.is_some_and(|at| at <= Instant::now()) {
            self.resize_at = None;
            if let Some((width, height)) = size() {
                self.apply(Event::Resize(width, height), runner);
            }
        }
        self.apply(Event::Tick, runner);
    }

    fn take(&mut self, event: Event, runner: &Runner) {
        if let Event::Resize(..) = event {
            self.resize_at.get_or_insert(Instant::now() + RESIZE);
            return;
        }
        self.apply(event, runner);
    }

    fn apply(&mut self, event: Event, runner: &Runner) {
        let message = Message { at: (self.clock)(), event };
        for effect in update(&mut self.model, message) {
            match effect {
                Effect::Exit(exit) => self.exit = Some(exit),
                Effect::Repaint => {
                    self.screen.repaint();
                    self.model.dirty = Dirty::Now;
                }
                Effect::Copy(text) => self.copy(&text),
                Effect::Mouse(on) => {
                    let text = if on { "\x1b[?1000h\x1b[?1006h" } else { "\x1b[?1006l\x1b[?1000l" };
                    self.send(text);
                }
                // What the next session needs is kept before the process may end.
                other if self.model.leaving => runner.finish(other),
                other => runner.begin(other),
            }
        }
    }

    fn copy(&mut self, text: &str) {
        let tmux = std::env::var_os("TMUX").is_some();
        let screen = !tmux && std::env::var_os("STY").is_some();
        self.send(&export::osc52(text, tmux, screen));
    }

    fn send(&mut self, text: &str) {
        if self.screen.send(text).is_err() {
            self.exit = Some(Exit::Hangup);
        }
    }
}
