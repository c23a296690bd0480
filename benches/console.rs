//! The console on a large store, in a terminal of 120x40, beside no runtime: time to the first frame, keys, rest, memory;
//! where `btm` is installed, its keys and its rest too, interleaved. Its start is not compared: it waits for answers that
//! this terminal does not give.
//!
//! `cargo bench --bench console`; `-- --rows 1000000` for another size of the store behind the first frames.

mod common;
#[path = "common/seed.rs"]
mod seed;

use common::{Folder, Terminal, cpu, load, ms, percentile, resident};
use std::path::{Path, PathBuf};
use std::time::Duration;

struct Size {
    starts: usize,
    keys: usize,
    rest: Duration,
    small: i64,
    large: i64,
}

fn main() {
    let size = if common::is_measuring() {
        let large = std::env::args().skip_while(|arg| arg != "--rows").nth(1).and_then(|n| n.parse().ok());
        Size { starts: 15, keys: 600, rest: Duration::from_secs(20), small: 100_000, large: large.unwrap_or(1_000_000) }
    } else {
        Size { starts: 1, keys: 20, rest: Duration::from_secs(1), small: 1_000, large: 2_000 }
    };
    let folder = Folder::new("console");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (small, large) = (folder.0.join("small.db"), folder.0.join("large.db"));
    runtime.block_on(seed::store(&small, size.small));
    runtime.block_on(seed::store(&large, size.large));
    drop(runtime);
    println!("load at the beginning: {}", load());
    let peer = Peer::find();
    starts(&size, &folder.0, [(&small, size.small), (&large, size.large)]);
    keys(&size, &folder.0, &small, peer.as_ref());
    rest(&size, &folder.0, &small, peer.as_ref());
    println!("load at the end: {}", load());
}

/// `btm`, where it is installed.
struct Peer(String);

impl Peer {
    fn find() -> Option<Self> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&paths).map(|path| path.join("btm")).find(|path| path.is_file());
        if found.is_none() {
            println!("peer not installed: btm");
        }
        found.map(|path| Self(path.display().to_string()))
    }

    fn start(&self, folder: &Path) -> Terminal {
        Terminal::start(&self.0, &["--basic", "--default_widget_type", "proc"], &[], folder)
    }
}

fn console(folder: &Path, store: &Path) -> Terminal {
    let url = format!("sqlite://{}", store.display());
    let mut env = common::environment(folder);
    env.push(("VIRALCORE__VAULT__ENVELOPE_KEY", seed::KEY.to_owned()));
    Terminal::start(common::PROGRAM, &["--store", &url, "console"], &env, folder)
}

/// Until the first whole frame, and until it shows what is in the store.
fn starts(size: &Size, folder: &Path, stores: [(&PathBuf, i64); 2]) {
    println!("\nstart, ms, {} starts                    p50      p95    budget", size.starts);
    let (mut chrome, mut data) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut bytes = 0;
    for round in 0..=size.starts {
        for (n, (store, _)) in stores.iter().enumerate() {
            let mut terminal = console(folder, store);
            let first = terminal.wait("a frame", |terminal| terminal.frames >= 1);
            bytes = terminal.bytes;
            let filled = terminal.wait("data", |terminal| terminal.shows("withdrawals to decide"));
            if round > 0 {
                chrome[n].push(ms(first));
                data[n].push(ms(filled));
            }
        }
    }
    for (n, (_, rows)) in stores.iter().enumerate() {
        let line = |what: &str, times: &[f64], budget: u32| {
            let (p50, p95) = (percentile(times, 50), percentile(times, 95));
            println!("  {what:<24} {rows:>9} rows {p50:>8.1} {p95:>8.1} {budget:>9}");
        };
        line("chrome", &chrome[n], 25);
        line("with data", &data[n], 150);
    }
    println!("  bytes of the first frame                {bytes:>8}");
}

/// Times and bytes of cursor moves that do not scroll.
fn moves(terminal: &mut Terminal, keys: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for n in 0..keys {
        // Down and up again within the screen.
        let key = if n / 15 % 2 == 0 { b"j" } else { b"k" };
        terminal.settle(Duration::from_millis(5));
        let before = terminal.bytes;
        let sent = terminal.send(key);
        let Some(at) = terminal.next(Duration::from_millis(500)) else { continue };
        times.push(ms(at.saturating_duration_since(sent)));
        sizes.push((terminal.bytes - before) as f64);
        std::thread::sleep(Duration::from_millis(7));
    }
    (times, sizes)
}

fn keys(size: &Size, folder: &Path, store: &Path, peer: Option<&Peer>) {
    let mut ours = console(folder, store);
    ours.wait("data", |terminal| terminal.shows("withdrawals to decide"));
    ours.send(b"2");
    ours.wait("rows", |terminal| terminal.shows("Zenith"));
    ours.settle(Duration::from_millis(600));
    let mut theirs = peer.map(|peer| peer.start(folder));
    if let Some(theirs) = &mut theirs {
        theirs.wait("a frame of btm", |terminal| terminal.shows("CPU"));
        theirs.settle(Duration::from_millis(200));
    }
    let (mut our, mut their) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    let parts = 5;
    for _ in 0..parts {
        let (times, sizes) = moves(&mut ours, size.keys / parts / 30 * 30 + 30);
        our.0.extend(times);
        our.1.extend(sizes);
        if let Some(theirs) = &mut theirs {
            let (times, sizes) = moves(theirs, size.keys / parts / 4);
            their.0.extend(times);
            their.1.extend(sizes);
        }
    }
    let rows = size.small;
    println!("\nkeys, {} cursor moves, {rows} rows behind the table     p50      p99   budget", our.0.len());
    println!(
        "  key to bytes, ms                    {:>10.2} {:>8.2}   p50 1",
        percentile(&our.0, 50),
        percentile(&our.0, 99)
    );
    println!(
        "  bytes a move                        {:>10.0} {:>8.0}   300",
        percentile(&our.1, 50),
        percentile(&our.1, 99)
    );
    if !their.0.is_empty() {
        println!(
            "  btm: key to bytes, ms               {:>10.2} {:>8.2}",
            percentile(&their.0, 50),
            percentile(&their.0, 99)
        );
        println!(
            "  btm: bytes a move                   {:>10.0} {:>8.0}",
            percentile(&their.1, 50),
            percentile(&their.1, 99)
        );
        println!(
            "  ours to btm's: p50 {:.2}, p99 {:.2}, bytes {:.2}",
            percentile(&our.0, 50) / percentile(&their.0, 50),
            percentile(&our.0, 99) / percentile(&their.0, 99),
            percentile(&our.1, 50) / percentile(&their.1, 50),
        );
    }
    let before = ours.bytes;
    ours.send(b"j");
    ours.settle(Duration::from_millis(400));
    println!("  a move and the detail that follows it {:>8} bytes", ours.bytes - before);
}

/// Bytes, frames and processor time while nothing happens, on the first screen and on the table.
fn rest(size: &Size, folder: &Path, store: &Path, peer: Option<&Peer>) {
    println!(
        "\nat rest, {:?}                     bytes   frames    cpu %   MiB   highest   budget 0, 0, 0.1, 60",
        size.rest
    );
    let measure = |what: &str, terminal: &mut Terminal| {
        terminal.settle(Duration::from_millis(700));
        let (bytes, frames, busy) = (terminal.bytes, terminal.frames, cpu(terminal.pid));
        let until = std::time::Instant::now() + size.rest;
        while let left @ 1.. = until.saturating_duration_since(std::time::Instant::now()).as_millis() {
            terminal.next(Duration::from_millis(u64::try_from(left).unwrap_or(1)));
        }
        let percent = (cpu(terminal.pid) - busy).as_secs_f64() / size.rest.as_secs_f64() * 100.0;
        let (now, highest) = resident(terminal.pid);
        let (bytes, frames) = (terminal.bytes - bytes, terminal.frames - frames);
        println!("  {what:<28} {bytes:>10} {frames:>8} {percent:>8.3} {now:>6.1} {highest:>8.1}");
    };
    let mut ours = console(folder, store);
    // It opens where it was left.
    ours.wait("rows", |terminal| terminal.shows("Zenith"));
    ours.send(b"1");
    ours.wait("data", |terminal| terminal.shows("withdrawals to decide"));
    measure("overview", &mut ours);
    ours.send(b"2");
    ours.wait("rows", |terminal| terminal.shows("Zenith"));
    measure("withdrawals", &mut ours);
    if let Some(peer) = peer {
        let mut theirs = peer.start(folder);
        theirs.wait("a frame of btm", |terminal| terminal.shows("CPU"));
        measure("btm", &mut theirs);
    }
}
