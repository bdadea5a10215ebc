//! The way to a token: threads with sessions, a PIN that is asked for once, and patience.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use greatseal_core::key::Spelled;

use super::link::{Link, Live, Purpose, Target};
use super::pool::Pool;
use super::trouble::Trouble;
use crate::custodian::Deadline;
use crate::fault::CustodyFault;
use crate::passphrase::{Passphrase, PassphraseSource};
use crate::uri::Pkcs11Uri;

/// Pauses before a token that is not reached is looked for again, in milliseconds.
const PAUSES: [u64; 4] = [50, 100, 200, 400];

/// The way to one token, for one custodian.
pub(super) struct Access {
    target: Arc<Target>,
    pool: Pool<Link>,
    source: Arc<dyn PassphraseSource>,
    /// What somebody answered. Kept, because a token that was taken out and put back asks again
    /// and the person is asked only once; a PIN from a file is read again and not kept.
    asked: OnceLock<Result<Arc<Passphrase>, CustodyFault>>,
    asking: Mutex<()>,
}

impl Access {
    /// Reaches nothing yet.
    pub(super) fn new(
        uri: Pkcs11Uri,
        pinned: Option<Spelled>,
        purpose: Purpose,
        source: Arc<dyn PassphraseSource>,
    ) -> Self {
        let crew = Arc::new(AtomicUsize::new(1));
        let target = Arc::new(Target { place: place(&uri), uri, pinned, purpose, crew: Arc::clone(&crew) });
        let linked = Arc::clone(&target);
        let pool = Pool::new(crew, move || Link::new(Arc::clone(&linked)));
        Self { target, pool, source, asked: OnceLock::new(), asking: Mutex::new(()) }
    }

    /// Returns the URI.
    pub(super) fn uri(&self) -> &Pkcs11Uri {
        &self.target.uri
    }

    /// Returns the token, for messages.
    pub(super) fn place(&self) -> &str {
        &self.target.place
    }

    /// Does something in a session; again, after short pauses, while the token is not reached.
    ///
    /// Nobody's typing of a PIN is cut short by the deadline: the clock stands still meanwhile, and
    /// what is done is told until when somebody waits for it.
    pub(super) fn run<R: Send + 'static>(
        &self,
        deadline: Deadline,
        act: impl Fn(&mut Live, Deadline) -> Result<R, Trouble> + Send + Sync + 'static,
    ) -> Result<R, CustodyFault> {
        let act = Arc::new(act);
        let mut deadline = deadline;
        let mut pin = self.asked.get().cloned().transpose()?;
        let mut pauses = PAUSES.into_iter().map(Duration::from_millis);
        loop {
            let (act, given) = (Arc::clone(&act), pin.clone());
            let visit = move |link: &mut Link| link.visit(given.as_deref(), &|live: &mut Live| act(live, deadline));
            let answer = self.pool.run(deadline, visit)?;
            let fault = match answer {
                Ok(answer) => return Ok(answer),
                Err(Trouble::PinWanted) if pin.is_none() => {
                    let left = deadline.remaining()?;
                    pin = Some(self.ask()?);
                    deadline = Deadline::after(left);
                    continue;
                }
                Err(trouble) => trouble.into_fault(self.place()),
            };
            let again = matches!(fault, CustodyFault::Unreachable { .. });
            match pauses.next().filter(|pause| again && deadline.remaining().is_ok_and(|left| left > *pause)) {
                Some(pause) => thread::sleep(pause),
                None => return Err(fault),
            }
        }
    }

    /// Asks for the PIN; of several at once, one asks and all get the answer.
    fn ask(&self) -> Result<Arc<Passphrase>, CustodyFault> {
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        self.asked.get_or_init(|| self.source.pin(&format!("PIN of the {}", self.place())).map(Arc::new)).clone()
    }
}

/// Names a token as its URI does: `token acme (libsofthsm2.so)`.
fn place(uri: &Pkcs11Uri) -> String {
    let marks = uri.token();
    let slot = marks.slot.map(|slot| slot.to_string());
    let module = uri.module_path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let named = [
        ("token", marks.label.as_ref()),
        ("token with serial", marks.serial.as_ref()),
        ("token in slot", slot.as_ref()),
        ("token of model", marks.model.as_ref()),
        ("token by", marks.manufacturer.as_ref()),
    ];
    let token = named.into_iter().find_map(|(word, mark)| mark.map(|mark| format!("{word} {}", mark.escape_debug())));
    format!("{} ({module})", token.unwrap_or_else(|| "token".into()))
}
