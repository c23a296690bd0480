//! Waiting on descriptors: `poll(2)`, the one system call that the standard library lacks.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// What a wait found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// There is something to read.
    pub readable: bool,
    /// The other side is gone.
    pub gone: bool,
}

/// Waits until one of the descriptors has something to read or lost its other side; `None` waits for ever.
pub fn wait<const N: usize>(fds: [BorrowedFd<'_>; N], timeout: Option<Duration>) -> io::Result<[Ready; N]> {
    let mut set = fds.map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    poll(&mut set, timeout)?;
    Ok(set.map(|fd| Ready {
        readable: fd.revents & libc::POLLIN != 0,
        gone: fd.revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0,
    }))
}

/// Waits until the descriptor takes bytes; false when the time was over first.
pub fn writable(fd: BorrowedFd<'_>, timeout: Duration) -> io::Result<bool> {
    let mut set = [libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLOUT, revents: 0 }];
    Ok(poll(&mut set, Some(timeout))? > 0)
}

#[expect(unsafe_code, reason = "poll(2) has no safe wrapper in the standard library")]
fn poll(set: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<i32> {
    let millis = match timeout {
        None => -1,
        // Rounded up, so that a wait of half a millisecond is no busy loop.
        Some(timeout) => i32::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX),
    };
    let count = libc::nfds_t::try_from(set.len()).unwrap_or(0);
    // SAFETY: `set` is a live, exclusive slice of `count` initialised `pollfd`; the kernel writes `revents` only.
    let found = unsafe { libc::poll(set.as_mut_ptr(), count, millis) };
    if found >= 0 {
        return Ok(found);
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::Interrupted { Ok(0) } else { Err(error) }
}
