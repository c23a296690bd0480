//! The loop: waits for input, answers, feeds, deadlines and signals; draws when something visible changed.
//!
//! The thread that calls [`run`] draws and owns the terminal; another one reads it. A terminal that is gone, blocked or
//! closed ends the console, never the runtime.

use crate::effects::Runner;
use crate::export;
use crate::key::{Code, Key};
use crate::message::{Effect, Event, Message, Reason};
use crate::model::{Dirty, Model};
use crate::options::{Exit, Options, RunError};
use crate::terminal::input::{Input, Parser};
use crate::terminal::{Screen, Tty, poll};
use crate::theme::{self, Theme};
use crate::update::{next_deadline, update};
use crate::view;
use app::App;
use domain::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Frames of a feed keep this distance.
const FEED_FRAMES: Duration = Duration::from_millis(33);
/// A lone escape is a key when nothing follows it for so long.
const ESCAPE: Duration = Duration::from_millis(40);
/// Bursts of resizes are one.
const RESIZE: Duration = Duration::from_millis(50);
/// Log lines travel in batches.
const LOG_BATCH: Duration = Duration::from_millis(50);

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
    let _hook = PanicGuard::install(tty.clone(), sender.clone());
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| {
        session(app, &runtime, &options, shutdown, &tty, (sender, &events))
    }));
    tty.restore();
    match ended {
        Ok(exit) => exit,
        Err(panic) => Err(RunError::Screen { report: report(&*panic) }),
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
    let reader = read_input(tty.clone(), stop, clock.clone(), sender.clone());
    let feeds = Feeds::begin(&app, runtime, options, shutdown, sender.clone());
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

/// Reads the terminal on a thread of its own until it or the console is gone.
fn read_input(tty: Tty, stop: io::PipeReader, clock: Clock, events: Sender<Event>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut parser = Parser::default();
        let mut buf = [0; 4 * 1024];
        loop {
            let timeout = parser.is_waiting().then_some(ESCAPE);
            let Ok([terminal, stopped]) = poll::wait([tty.file().as_fd(), stop.as_fd()], timeout) else { break };
            if stopped.gone || stopped.readable {
                return;
            }
            let inputs = match (terminal.readable, terminal.gone) {
                (_, true) => break,
                (true, _) => match tty.read(&mut buf) {
                    Ok(0) => break,
                    Ok(n) => parser.feed(&buf[..n]),
                    Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                        continue;
                    }
                    Err(_) => break,
                },
                (false, false) => parser.rest(),
            };
            let read_at = clock();
            for input in inputs {
                if events.send(event(input, read_at)).is_err() {
                    return;
                }
            }
        }
        // Gone; if nobody listens the console has ended already.
        let _ = events.send(Event::Hangup);
    })
}

fn event(input: Input, read_at: Timestamp) -> Event {
    match input {
        Input::Key(key) => Event::Key { key, read_at },
        Input::Paste(text) if text.is_empty() => Event::Key { key: Key::plain(Code::Delete), read_at },
        Input::Paste(text) => Event::Paste(text),
        Input::Focus(focused) => Event::Focus(focused),
        Input::Wheel(lines) => Event::Wheel(lines),
    }
}

/// The tasks that tell the console what happens elsewhere; ended when dropped.
struct Feeds(Vec<tokio::task::JoinHandle<()>>);

impl Feeds {
    fn begin(
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

type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync>;

/// While it lives, a panic of this thread restores the terminal first; one of another thread is told on screen, because
/// nothing may write over it. The former hook is put back on drop.
struct PanicGuard {
    former: Arc<Hook>,
}

impl PanicGuard {
    fn install(tty: Tty, events: Sender<Event>) -> Self {
        let former: Arc<Hook> = Arc::new(std::panic::take_hook());
        let owner = std::thread::current().id();
        let open = AtomicBool::new(true);
        let next = former.clone();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == owner {
                tty.restore();
                next(info);
            } else {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                tracing::error!(place, "A thread panicked: {}", payload(info.payload()));
                let sent = events.send(Event::Trouble(format!("something failed at {place}; the log has it")));
                open.fetch_and(sent.is_ok(), Ordering::Relaxed);
            }
        }));
        Self { former }
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        // Setting a hook while panicking aborts; the loop above is inside `catch_unwind`, so that this is not.
        if !std::thread::panicking() {
            let former = self.former.clone();
            std::panic::set_hook(Box::new(move |info| former(info)));
        }
    }
}

fn payload(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}

/// Writes what is known of a panic to a file of the operator's own; returns its path.
fn report(panic: &(dyn std::any::Any + Send)) -> String {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let text = payload(panic);
    let path = std::env::temp_dir().join(format!("viralcore-screen-{}.txt", std::process::id()));
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| {
        writeln!(file, "A screen of the console failed: {text}\nThe runtime was not touched.")?;
        writeln!(file, "{}", std::backtrace::Backtrace::force_capture())
    });
    if written.is_ok() { path.display().to_string() } else { format!("nowhere ({text})") }
}
