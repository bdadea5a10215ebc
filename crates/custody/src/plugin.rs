//! Programs that serve age recipients and identities: `age-plugin-yubikey` and its like.
//!
//! A plugin is a program in a folder of `$PATH` that is started with pipes on its standard input
//! and output; it never sees a seed, only the key of one file. It may wait for a touch or a PIN as
//! long as it likes, so that it runs on a thread that is left at the deadline.

use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use age::plugin::{Identity, IdentityPluginV1, Recipient, RecipientPluginV1, ResolveError};
use age::secrecy::SecretString;
use age::{Callbacks, DecryptError, EncryptError, Encryptor, NoCallbacks, x25519};
use greatseal_core::error::Quoted;

use crate::custodian::Deadline;
use crate::encrypted;
use crate::fault::CustodyFault;
use crate::passphrase::PassphraseSource;
use crate::recipients;
use crate::seed::Seed;
use crate::wipe::{self, DECRYPTION_STACK};

/// How long plugins may take to encrypt, which needs no person.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens a key file with the identities of plugins; nothing where it is for none of these.
///
/// # Errors
/// [`CustodyFault::Setup`] where a program is missing, [`CustodyFault::Answer`] with what one
/// complains of, [`CustodyFault::Deadline`]; or what is wrong with the file.
pub(crate) fn decrypt(
    bytes: &[u8],
    path: &Path,
    identities: &[Identity],
    ask: &Ask,
    deadline: Deadline,
) -> Result<Option<Seed>, CustodyFault> {
    let mut names: Vec<_> = identities.iter().map(Identity::plugin).collect();
    names.sort_unstable();
    names.dedup();
    let mut complaint = None;
    for name in names {
        let (name, file) = (name.to_owned(), bytes.to_vec());
        let (identities, ask_it) = (identities.to_vec(), ask.clone());
        let opened = within(deadline, move || {
            let plugin = IdentityPluginV1::new(&name, &identities, ask_it).map_err(DecryptError::PluginResolve);
            let opened = encrypted::decryptor(Cursor::new(file)).map(|decryptor| {
                plugin.and_then(|plugin| decryptor.decrypt(std::iter::once(&plugin as &dyn age::Identity)))
            });
            (opened, name)
        })?;
        match opened {
            (Err(refusal), _) => return Err(refusal.of(path)),
            (Ok(Ok(opened)), _) => {
                let seed = encrypted::read_seed(opened);
                wipe::wipe_stack::<DECRYPTION_STACK>();
                return seed.map(Some).map_err(|refusal| refusal.of(path));
            }
            // Perhaps another plugin opens it.
            (Ok(Err(DecryptError::NoMatchingKeys)), _) => {}
            (Ok(Err(error)), name) => {
                complaint = complaint.or(Some(ask.fault().unwrap_or_else(|| undone(&error, &name, path))))
            }
        }
    }
    complaint.map_or(Ok(None), Err)
}

/// Draws a file's key and has it wrapped for each recipient.
///
/// # Errors
/// As for [`decrypt`].
pub(crate) fn encryptor(own: Vec<x25519::Recipient>, plugins: Vec<Recipient>) -> Result<Encryptor, CustodyFault> {
    let made = within(Deadline::after(PATIENCE), move || {
        let mut names: Vec<_> = plugins.iter().map(Recipient::plugin).collect();
        names.sort_unstable();
        names.dedup();
        let served: Result<Vec<_>, _> =
            names.into_iter().map(|name| RecipientPluginV1::new(name, &plugins, &[], NoCallbacks)).collect();
        let served = served.map_err(EncryptError::PluginResolve)?;
        let own = own.iter().map(|recipient| recipient as &dyn age::Recipient);
        Encryptor::with_recipients(own.chain(served.iter().map(|plugin| plugin as &dyn age::Recipient)))
    })?;
    made.map_err(|error| match &error {
        EncryptError::PluginResolve(fault) => unresolved(fault),
        EncryptError::Plugin(errors) => complained(errors.first().map(ToString::to_string), "an age plugin"),
        EncryptError::Io(error) => answered("an age plugin", &error.to_string()),
        EncryptError::IncompatibleRecipients { .. }
        | EncryptError::InvalidRecipientLabels(_)
        | EncryptError::MixedRecipientAndPassphrase
        | EncryptError::MissingRecipients
        | EncryptError::EncryptedIdentities(_)
        | _ => recipients::refused(&error),
    })
}

fn undone(error: &DecryptError, name: &str, path: &Path) -> CustodyFault {
    let program = format!("age-plugin-{name}");
    match error {
        DecryptError::PluginResolve(fault) => unresolved(fault),
        DecryptError::Plugin(errors) => complained(errors.first().map(ToString::to_string), &program),
        // What is long about it is advice to programmers.
        DecryptError::Io(_) => answered(&program, "nothing that is part of the protocol, or it ended"),
        DecryptError::DecryptionFailed
        | DecryptError::ExcessiveWork { .. }
        | DecryptError::InvalidHeader
        | DecryptError::InvalidMac
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys
        | DecryptError::UnknownFormat
        | _ => encrypted::refusal(error).of(path),
    }
}

fn unresolved(fault: &ResolveError) -> CustodyFault {
    let problem = match fault {
        ResolveError::MissingPlugin { binary_name } => {
            let name = Quoted::sentence(binary_name);
            format!("the program {name} is in no folder of PATH: install it, it serves these age keys")
        }
        ResolveError::InvalidPluginName { name } => format!("{} is no name of a plugin", Quoted::new(name)),
        other => Quoted::sentence(&other.to_string()).to_string(),
    };
    CustodyFault::Setup { problem }
}

/// Takes the plugin's own words out of the sentence around them.
fn complained(sentence: Option<String>, program: &str) -> CustodyFault {
    // Around what it inserts, the library writes marks of direction.
    let sentence = sentence.unwrap_or_default().replace(['\u{2068}', '\u{2069}'], "");
    let words =
        sentence.split_once(": ").map_or_else(|| sentence.trim_start_matches("(internal) "), |(_, words)| words);
    answered(program, words)
}

fn answered(program: &str, message: &str) -> CustodyFault {
    CustodyFault::Answer { place: program.into(), message: Quoted::sentence(message) }
}

/// Passes a plugin's questions on to whoever knows the answers.
#[derive(Clone)]
pub(crate) struct Ask {
    source: Arc<dyn PassphraseSource>,
    /// Why there was no answer, which says more than the plugin's complaint.
    unanswered: Arc<Mutex<Option<CustodyFault>>>,
}

impl Ask {
    pub(crate) fn new(source: Arc<dyn PassphraseSource>) -> Self {
        Self { source, unanswered: Arc::default() }
    }

    fn fault(&self) -> Option<CustodyFault> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Callbacks for Ask {
    fn display_message(&self, message: &str) {
        self.source.tell(&Quoted::sentence(message).to_string());
    }

    fn confirm(&self, _message: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn request_public_string(&self, _description: &str) -> Option<String> {
        None
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        let question = Quoted::sentence(description).to_string();
        match self.source.pin(&question) {
            Ok(answer) => Some(answer.secret()),
            Err(fault) => {
                *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
                None
            }
        }
    }
}

/// Does what may never end on a thread of its own, which is left at the deadline; the programs
/// that it has started are ended then.
fn within<T: Send + 'static>(deadline: Deadline, work: impl FnOnce() -> T + Send + 'static) -> Result<T, CustodyFault> {
    // First, so that no program is started that nobody would end.
    let left = deadline.remaining()?;
    let (done, result) = mpsc::channel();
    let (begun, programs) = mpsc::channel();
    let worker = thread::Builder::new().name("age-plugin".into()).spawn(move || {
        let programs = programs::Programs::of_this_thread();
        let _ = begun.send(programs.clone());
        let _ = done.send(work());
        programs.wait_for();
    });
    worker.map_err(|error| CustodyFault::Setup { problem: format!("no thread for an age plugin: {error}") })?;
    match result.recv_timeout(left) {
        Ok(result) => Ok(result),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            if let Ok(programs) = programs.try_recv() {
                programs.end();
            }
            Err(CustodyFault::Deadline)
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(answered("an age plugin", "something that stopped us")),
    }
}

/// The programs that a thread has started. The protocol's library keeps them to itself, and Linux
/// lists them by thread.
#[cfg(target_os = "linux")]
mod programs {
    use std::fs;
    use std::path::{Path, PathBuf};

    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

    #[derive(Clone)]
    pub(super) struct Programs(Option<PathBuf>);

    impl Programs {
        pub(super) fn of_this_thread() -> Self {
            Self(fs::read_link("/proc/thread-self").ok().map(|thread| Path::new("/proc").join(thread).join("children")))
        }

        fn list(&self) -> Vec<Pid> {
            let list = self.0.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
            list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
        }

        pub(super) fn end(&self) {
            for pid in self.list() {
                let _ = kill_process(pid, Signal::KILL);
            }
        }

        /// Until it is waited for, a program that has ended keeps its place in the system's table.
        pub(super) fn wait_for(&self) {
            for pid in self.list() {
                let _ = waitpid(Some(pid), WaitOptions::empty());
            }
        }
    }
}

/// Elsewhere a plugin that is left ends when it notices that nobody listens.
#[cfg(not(target_os = "linux"))]
mod programs {
    #[derive(Clone)]
    pub(super) struct Programs;

    impl Programs {
        pub(super) fn of_this_thread() -> Self {
            Self
        }
        pub(super) fn end(&self) {}
        pub(super) fn wait_for(&self) {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn nothing_is_started_after_the_deadline() {
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let answer = within(Deadline::after(Duration::ZERO), move || begins.store(true, Ordering::SeqCst));
        assert_eq!(answer, Err(CustodyFault::Deadline));
        thread::sleep(Duration::from_millis(100));
        assert!(!begun.load(Ordering::SeqCst));
        assert_eq!(within(Deadline::after(Duration::from_secs(5)), || 7), Ok(7));
    }
}
