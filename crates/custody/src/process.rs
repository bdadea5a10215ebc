//! The process that holds keys: nobody beside it reads its memory, and no crash leaves that memory on a disk.
//!
//! Promise: after [`harden_process`] on Linux, no other process without the right to trace every process
//! (`CAP_SYS_PTRACE`, which root has) can attach to this one or read its memory, one of the same user no more than
//! any other; and no core file is written of it, whatever ends it. Gaps: swap, for locking all memory fails
//! under the usual limits; whoever is root; on other systems than Linux, debuggers of the same user.

use std::fmt;

/// What [`harden_process`] has reached; each part as it was read back from the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what could not be had is told here alone"]
pub struct Hardening {
    /// No core file is written when the process crashes.
    pub core_files: Prevention,
    /// No other process of the same user attaches to this one, or reads its memory.
    pub memory: Prevention,
}

/// Whether something is prevented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prevention {
    /// It is in force.
    Set,
    /// The system knows it and refused it, as a sandbox may.
    Refused,
    /// This system has no such setting, or none that is reached from here.
    Absent,
}

impl Hardening {
    /// Says whether everything is in force.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!((self.core_files, self.memory), (Prevention::Set, Prevention::Set))
    }

    /// Says whether the system refused something that it knows.
    #[must_use]
    pub const fn was_refused(&self) -> bool {
        matches!(self.core_files, Prevention::Refused) || matches!(self.memory, Prevention::Refused)
    }
}

/// In words for whoever runs the program: what is missing.
impl fmt::Display for Hardening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = |protection| match protection {
            Prevention::Refused => "the system refused to prevent it",
            Prevention::Absent | Prevention::Set => "this system has no setting against it",
        };
        match (self.core_files, self.memory) {
            (Prevention::Set, Prevention::Set) => {
                f.write_str("other processes cannot read this one's memory, and a crash leaves no core file")
            }
            (Prevention::Set, memory) => {
                write!(f, "other processes of this user can read this one's memory: {}", why(memory))
            }
            (core_files, Prevention::Set) => write!(f, "a crash can leave a core file with keys: {}", why(core_files)),
            (core_files, memory) => write!(
                f,
                "a crash can leave a core file with keys: {}; other processes of this user can read this one's memory: {}",
                why(core_files),
                why(memory)
            ),
        }
    }
}

/// Keeps this process's memory from other processes, and from core files.
///
/// To be called first thing, before any secret is there. It takes effect at once and for all threads, cannot be
/// taken back without a new program, and asks for no rights. The limit on core files is inherited by programs
/// that are started from here; the other half is not, so each that holds keys calls this itself.
pub fn harden_process() -> Hardening {
    Hardening { core_files: no_core_files(), memory: not_dumpable() }
}

#[cfg(unix)]
fn no_core_files() -> Prevention {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    match setrlimit(Resource::Core, none) {
        Ok(()) if getrlimit(Resource::Core) == none => Prevention::Set,
        Ok(()) | Err(_) => Prevention::Refused,
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn not_dumpable() -> Prevention {
    use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};
    match set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        Ok(()) if dumpable_behavior() == Ok(DumpableBehavior::NotDumpable) => Prevention::Set,
        Ok(()) | Err(_) => Prevention::Refused,
    }
}

#[cfg(not(unix))]
fn no_core_files() -> Prevention {
    Prevention::Absent
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn not_dumpable() -> Prevention {
    Prevention::Absent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        use Prevention::{Absent, Refused, Set};
        for (core_files, memory, whole, refused, words) in [
            (Set, Set, true, false, "other processes cannot read"),
            (Set, Absent, false, false, "other processes of this user can read this one's memory: this system has no"),
            (Set, Refused, false, true, "the system refused"),
            (Refused, Set, false, true, "a crash can leave a core file with keys: the system refused"),
            (Absent, Absent, false, false, "; other processes of this user can read"),
        ] {
            let it = Hardening { core_files, memory };
            assert_eq!((it.is_whole(), it.was_refused()), (whole, refused), "{it:?}");
            assert!(it.to_string().contains(words), "{it}");
        }
    }
}
