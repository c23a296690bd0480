//! Panics: the terminal is restored first, the runtime is not touched, and what is known is kept.

use crate::message::Event;
use crate::terminal::Tty;
use std::sync::Arc;
use std::sync::mpsc::Sender;

type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync>;

/// While it lives, a panic of this thread restores the terminal first; one of another thread is told on screen, because
/// nothing may write over it. The former hook is put back on drop.
pub(super) struct PanicGuard {
    former: Arc<Hook>,
}

impl PanicGuard {
    pub(super) fn install(tty: Tty, events: Sender<Event>) -> Self {
        let former: Arc<Hook> = Arc::new(std::panic::take_hook());
        let owner = std::thread::current().id();
        let next = former.clone();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == owner {
                tty.restore();
                next(info);
            } else {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                tracing::error!(place, "A thread panicked: {}", payload(info.payload()));
                // Nobody listens once the console has ended.
                let _ = events.send(Event::Trouble(format!("something failed at {place}; the log has it")));
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
pub(super) fn report(panic: &(dyn std::any::Any + Send)) -> String {
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
