//! Resident memory of the whole program under the demo's load: the runtime alone, and with the console in a terminal.
//!
//! `cargo bench --bench memory`; takes two minutes.

mod common;

use common::{Folder, Terminal, cpu, load, resident};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LOAD: [&str; 4] = ["--population", "30", "--speed", "10"];

fn main() {
    let span = Duration::from_secs(if common::is_measuring() { 60 } else { 2 });
    println!("load at the beginning: {}", load());
    println!("demo, 30 people at ten times their speed, MiB after {span:?}   resident   highest    cpu %   budget 60");
    let folder = Folder::new("memory");
    let mut env = common::environment(&folder.0);
    env.push(("TMPDIR", folder.0.display().to_string()));

    let mut headless = Headless::start(&folder, &env);
    watch("runtime, no console", headless.0.id(), span, || std::thread::sleep(Duration::from_millis(500)));
    headless.stop();

    let args = [&["demo"][..], &LOAD].concat();
    let mut terminal = Terminal::start(common::PROGRAM, &args, &env, &folder.0);
    terminal.wait("a frame", |terminal| terminal.frames >= 1);
    let mut tab = 0;
    watch("console and runtime", terminal.pid, span, || {
        // Somebody who looks at one tab after the other.
        tab = tab % 7 + 1;
        terminal.send(format!("{tab}jjk").as_bytes());
        let until = Instant::now() + Duration::from_millis(500);
        while let left @ 1.. = until.saturating_duration_since(Instant::now()).as_millis() {
            terminal.next(Duration::from_millis(u64::try_from(left).unwrap_or(1)));
        }
    });
    println!("load at the end: {}", load());
}

fn watch(what: &str, pid: u32, span: Duration, mut pause: impl FnMut()) {
    let (began, busy) = (Instant::now(), cpu(pid));
    while began.elapsed() < span {
        pause();
    }
    let percent = (cpu(pid).saturating_sub(busy)).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let (now, highest) = resident(pid);
    assert!(now > 0.0, "{what}: the program has ended");
    println!("  {what:<55} {now:>8.1} {highest:>9.1} {percent:>8.1}");
}

struct Headless(Child);

impl Headless {
    fn start(folder: &Folder, env: &[(&'static str, String)]) -> Self {
        let mut command = Command::new(common::PROGRAM);
        command.arg("demo").args(LOAD).arg("--headless").current_dir(&folder.0);
        command.envs(env.iter().map(|(key, value)| (*key, value.as_str())));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("the program"))
    }

    /// With SIGTERM, so that it tidies up after itself.
    fn stop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

impl Drop for Headless {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
