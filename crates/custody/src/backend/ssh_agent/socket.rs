//! The agent's socket: who may be at its other end, and talking through it within a deadline.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::error::Quoted;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::wire::{MESSAGE_BYTES, Request};
use crate::custodian::Deadline;
use crate::fault::CustodyFault;

/// Connections that are kept for the next callers.
const KEPT: usize = 16;

/// How long an agent that is not there is looked for: one that is restarted is back by then, and
/// nobody wants to wait longer to hear that there is none.
const RESTART: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The system takes no longer time-outs than it can count; after this one it is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Permission bits of a socket: whoever may write to it may sign.
const OTHERS_WRITE: u32 = 0o022;

/// An agent, and connections to it that are open.
#[derive(Debug)]
pub(super) struct Agent {
    path: PathBuf,
    idle: Mutex<Vec<UnixStream>>,
}

/// Why there is no answer.
enum Trouble {
    /// Nothing was answered: the request may be made again.
    Silent(io::Error),
    /// Final.
    Fault(CustodyFault),
}

impl From<CustodyFault> for Trouble {
    fn from(fault: CustodyFault) -> Self {
        Self::Fault(fault)
    }
}

impl Agent {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    /// Names the agent, for faults.
    pub(super) fn place(&self) -> String {
        format!("the agent at {}", self.path.display())
    }

    /// Sends a request and returns the answer without the length before it.
    ///
    /// Each caller has a connection of its own. One that was kept and is closed by now tells of an
    /// agent that was restarted, and another is opened at once.
    pub(super) fn ask(&self, request: &Request, deadline: Deadline) -> Result<Vec<u8>, CustodyFault> {
        let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            deadline.remaining()?;
            let kept = self.idle().pop();
            let was_kept = kept.is_some();
            let answer = kept.map_or_else(|| self.connect(deadline), Ok).and_then(|mut stream| {
                let answer = self.exchange(&mut stream, request, deadline)?;
                let mut idle = self.idle();
                if idle.len() < KEPT {
                    idle.push(stream);
                }
                Ok(answer)
            });
            match answer {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Fault(fault)) => return Err(fault),
                Err(Trouble::Silent(_)) if was_kept => self.idle().clear(),
                Err(Trouble::Silent(error)) => {
                    let left = deadline.remaining().unwrap_or_default().min(RESTART.saturating_sub(began.elapsed()));
                    if left <= pause {
                        return Err(CustodyFault::Unreachable { place: self.place(), message: error.to_string() });
                    }
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<UnixStream>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a connection to a socket of ours.
    ///
    /// Without waiting, because an agent that is stopped lets connections queue up, and connecting
    /// would then hang without a time-out of its own.
    fn connect(&self, deadline: Deadline) -> Result<UnixStream, Trouble> {
        let us = rustix::process::geteuid().as_raw();
        admit(&self.path, us)?;
        let address = SocketAddrUnix::new(&self.path).map_err(io::Error::from);
        let address = address.map_err(|error| self.unreachable(&error))?;
        let open = || {
            let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
            rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
            rustix::io::ioctl_fionbio(&socket, true)?;
            loop {
                match rustix::net::connect(&socket, &address) {
                    Ok(()) => return Ok(socket),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error),
                }
            }
        };
        let mut pause = FIRST_PAUSE;
        let socket = loop {
            match open() {
                Ok(socket) => break socket,
                // Its queue is full.
                Err(rustix::io::Errno::AGAIN) => thread::sleep(pause.min(deadline.remaining()?)),
                Err(error @ (rustix::io::Errno::CONNREFUSED | rustix::io::Errno::NOENT)) => {
                    return Err(Trouble::Silent(error.into()));
                }
                Err(error) => return Err(self.unreachable(&error.into()).into()),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        // The file may have been exchanged since it was looked at; who listens cannot be.
        #[cfg(target_os = "linux")]
        {
            let peer =
                rustix::net::sockopt::socket_peercred(&socket).map_err(|error| self.unreachable(&error.into()))?;
            let owner = peer.uid.as_raw();
            if owner != us {
                return Err(CustodyFault::Owner { path: self.path.clone(), owner, us }.into());
            }
        }
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(false).map_err(|error| self.unreachable(&error))?;
        Ok(stream)
    }

    fn unreachable(&self, error: &io::Error) -> CustodyFault {
        CustodyFault::Unreachable { place: self.place(), message: error.to_string() }
    }

    fn exchange(&self, stream: &mut UnixStream, request: &Request, deadline: Deadline) -> Result<Vec<u8>, Trouble> {
        let mut left = request.bytes();
        while !left.is_empty() {
            stream.set_write_timeout(Some(wait(deadline)?)).map_err(Trouble::Silent)?;
            match stream.write(left) {
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(error) if is_idle(&error) => {}
                Err(error) => return Err(Trouble::Silent(error)),
            }
        }
        let mut length = [0; 4];
        fill(stream, &mut length, deadline)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(1..=MESSAGE_BYTES).contains(&length) {
            let message = Quoted::sentence(&format!("a message of {length} bytes, which no answer has"));
            return Err(CustodyFault::Answer { place: self.place(), message }.into());
        }
        let mut answer = vec![0; length];
        fill(stream, &mut answer, deadline)?;
        Ok(answer)
    }
}

/// Reads until there is no room left; the deadline counts for all of it, however it drips.
fn fill(stream: &mut UnixStream, mut room: &mut [u8], deadline: Deadline) -> Result<(), Trouble> {
    while !room.is_empty() {
        stream.set_read_timeout(Some(wait(deadline)?)).map_err(Trouble::Silent)?;
        match stream.read(room) {
            Ok(0) => {
                let closed = io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection without an answer");
                return Err(Trouble::Silent(closed));
            }
            Ok(read) => room = room.get_mut(read..).unwrap_or_default(),
            Err(error) if is_idle(&error) => {}
            Err(error) => return Err(Trouble::Silent(error)),
        }
    }
    Ok(())
}

/// Returns how long one call may wait; the system would take 0 for no end.
fn wait(deadline: Deadline) -> Result<Duration, CustodyFault> {
    Ok(deadline.remaining()?.clamp(Duration::from_micros(1), LONGEST_WAIT))
}

fn is_idle(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

/// Insists on a socket that is ours and that nobody else may write to.
fn admit(path: &Path, us: u32) -> Result<(), Trouble> {
    let metadata = fs::metadata(path).map_err(Trouble::Silent)?;
    if !metadata.file_type().is_socket() {
        let problem = format!("{} is no socket, so there is no agent behind it", path.display());
        return Err(CustodyFault::Setup { problem }.into());
    }
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS_WRITE != 0 {
        return Err(CustodyFault::Permissions { path: path.into(), mode, allowed: 0o755 }.into());
    }
    if metadata.uid() != us {
        return Err(CustodyFault::Owner { path: path.into(), owner: metadata.uid(), us }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn the_socket_has_to_be_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        let us = rustix::process::geteuid().as_raw();
        assert!(matches!(admit(&path, us), Err(Trouble::Silent(_))));
        let _listener = UnixListener::bind(&path).unwrap();
        for mode in [0o600, 0o700, 0o755, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(admit(&path, us).is_ok(), "{mode:o}");
            let Err(Trouble::Fault(fault)) = admit(&path, us + 1) else { panic!("{mode:o}") };
            assert_eq!(fault, CustodyFault::Owner { path: path.clone(), owner: us, us: us + 1 });
        }
        for mode in [0o660, 0o606, 0o777, 0o622] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let Err(Trouble::Fault(fault)) = admit(&path, us) else { panic!("{mode:o}") };
            assert_eq!(fault, CustodyFault::Permissions { path: path.clone(), mode, allowed: 0o755 });
        }
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(admit(&file, us), Err(Trouble::Fault(CustodyFault::Setup { .. }))));
    }

    /// An agent that takes no connections any more makes nobody wait beyond the deadline.
    #[test]
    fn a_full_queue_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        let _listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let agent = Agent::new(path);
        let mut waiting = Vec::new();
        let fault = loop {
            match agent.connect(Deadline::after(Duration::from_millis(50))) {
                Ok(stream) => waiting.push(stream),
                Err(Trouble::Fault(fault)) => break fault,
                Err(Trouble::Silent(error)) => panic!("{error}"),
            }
        };
        assert_eq!(fault, CustodyFault::Deadline);
        assert!(waiting.len() > 1, "{}", waiting.len());
    }

    /// Bytes that drip in, each within its own time-out, do not add up to more than the deadline.
    #[test]
    fn a_dripping_answer_ends_at_the_deadline() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let drip = thread::spawn(move || {
            while theirs.write_all(b"\0").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let began = Instant::now();
        let mut room = vec![0; 100_000];
        let ended = fill(&mut ours, &mut room, Deadline::after(Duration::from_millis(200)));
        assert!(matches!(ended, Err(Trouble::Fault(CustodyFault::Deadline))));
        assert!(began.elapsed() < Duration::from_secs(10));
        drop(ours);
        drip.join().unwrap();
    }
}
