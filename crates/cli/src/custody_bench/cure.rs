//! Running keys as the cure: each cost of custody with and without them.
//!
//! *Direct*: custody signs every invocation. *Running*: custody signs one delegation to a key in this
//! process's memory, and that key signs the invocations until the next one takes over.
//!
//! The outage is played: a clock that we move, and custody behind a door that is shut for so many of
//! its seconds. Every signature is a real one, by custody or by a running key; only the waiting between
//! them is left out, so the time that signing takes does not count on that clock. The outage begins at
//! the worst moment, when the next running key is due. In a delegation's place custody signs a probe of
//! its size ([`probe`]): a delegation is a link of a chain, and nothing of the kind is signed here.

use std::cell::Cell;
use std::time::Instant;

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::PublicKey;
use greatseal_core::{Cid, Timestamp};
use greatseal_custody::{Custodian, CustodyFault, Deadline, RunningKey, sign};
use greatseal_token::ucan::{self, Delegation, Policy, cbor::MapBuf};
use serde_json::json;

pub(crate) use super::report::Scene;

use super::report::{Issued, Issuing, Rate, Shown};
use super::sample::{CLIENTS, Effort, Times, rate};
use super::yardstick::{Load, join, token};
use crate::custody_check::probe;
use crate::problem::Problem;
use crate::sealed::nonce;

/// Seconds that are played before and after the outage.
const AROUND: u64 = 5;

/// Members of an invocation's payload, as they are built here.
const INVOCATION_CLAIMS: usize = 9;
/// Members of a delegation's payload, as `service rotate` writes it.
const DELEGATION_CLAIMS: usize = 8;

/// Custody behind a door, on a clock that is moved by hand.
struct Door<'a> {
    custodian: &'a dyn Custodian,
    effort: &'a Effort,
    now: Cell<u64>,
    shut: core::ops::Range<u64>,
}

impl Door<'_> {
    /// Has custody sign, unless the door is shut.
    fn sign(&self, request: &SigningRequest) -> Result<greatseal_core::signature::Signature, CustodyFault> {
        if self.shut.contains(&self.now.get()) {
            let message = "an outage that is played".into();
            return Err(CustodyFault::Unreachable { place: "custody".into(), message });
        }
        sign(self.custodian, request, Deadline::after(self.effort.timeout))
    }
}

/// Measures what it takes when custody signs every token.
///
/// # Errors
/// When custody fails without any outage.
pub(super) fn direct(custodian: &dyn Custodian, effort: &Effort, scene: &Scene) -> Result<Issuing, Problem> {
    let (load, own) = (Load::new()?, custodian.describe()?.public_key);
    let issue = |sign: &dyn Fn(&SigningRequest) -> Result<greatseal_core::signature::Signature, CustodyFault>| {
        let request = load.encode(own)?.request();
        Ok::<_, Problem>(join(&request, &sign(&request)?))
    };
    let now = || Deadline::after(effort.timeout);
    let mut times = Times::default();
    let start = Instant::now();
    while effort.goes_on(times.count(), start) {
        times.time(|| issue(&|request| sign(custodian, request, now())))?;
    }
    let rates = CLIENTS.map(|clients| Rate {
        clients,
        per_second: rate(clients, effort.time, || issue(&|request| sign(custodian, request, now())).is_ok()),
    });
    let door = Door { custodian, effort, now: Cell::new(0), shut: AROUND..AROUND + scene.outage_seconds };
    let outage = play(&door, scene, 0, || Ok(issue(&|request| door.sign(request)).is_ok()))?;
    let bytes = load.encode(own)?.request().message().len();
    Ok(Issuing {
        samples: times.count(),
        token_p50_us: times.p50(),
        token_p99_us: times.p99(),
        rates: rates.to_vec(),
        outage,
        shown_per_1000: Shown { statements: 1000, bytes: bytes * 1000, claims: INVOCATION_CLAIMS * 1000 },
    })
}

/// Measures what it takes when custody signs one statement for each running key.
///
/// # Errors
/// When custody fails without any outage.
pub(super) fn running(custodian: &dyn Custodian, effort: &Effort, scene: &Scene) -> Result<Issuing, Problem> {
    let (load, own) = (Load::new()?, custodian.describe()?.public_key);
    let key = RunningKey::generate()?;
    let mut times = Times::default();
    let start = Instant::now();
    while effort.goes_on(times.count(), start) {
        times.time(|| token(&load, &key))?;
    }
    let rates =
        CLIENTS.map(|clients| Rate { clients, per_second: rate(clients, effort.time, || token(&load, &key).is_ok()) });
    let due = scene.lifetime_seconds * scene.renew_after_percent / 100;
    // The worst moment: the next key is due, and custody has just gone.
    let door = Door { custodian, effort, now: Cell::new(0), shut: due..due + scene.outage_seconds };
    let mut holding = Holding::first(&door, own)?;
    let outage = play(&door, scene, due.saturating_sub(AROUND), || holding.issue(&door, &load, own, scene, due))?;
    // One statement for each key that a thousand tokens take; the first is one too.
    let seconds = 1000 / scene.tokens_per_second.max(1);
    let statements = usize::try_from(seconds.div_ceil(due.max(1)).max(1)).unwrap_or(usize::MAX);
    let bytes = delegation_bytes(own, key.public_key())?;
    Ok(Issuing {
        samples: times.count(),
        token_p50_us: times.p50(),
        token_p99_us: times.p99(),
        rates: rates.to_vec(),
        outage,
        shown_per_1000: Shown {
            statements,
            bytes: bytes.saturating_mul(statements),
            claims: DELEGATION_CLAIMS.saturating_mul(statements),
        },
    })
}

/// A running key, and since when custody has stood behind it.
struct Holding {
    key: RunningKey,
    since: u64,
}

impl Holding {
    /// Draws the first key at the beginning of the clock.
    fn first(door: &Door<'_>, own: PublicKey) -> Result<Self, Problem> {
        Ok(Self::draw(door, own)?)
    }

    /// Draws a key, and has custody stand behind it.
    fn draw(door: &Door<'_>, own: PublicKey) -> Result<Self, CustodyFault> {
        let key = RunningKey::generate()?;
        let statement = in_the_place_of_a_delegation(own, key.public_key())
            .map_err(|problem| CustodyFault::Unsupported { problem: problem.message().to_owned() })?;
        door.sign(&statement)?;
        Ok(Self { key, since: door.now.get() })
    }

    /// Issues a token, renewing early; says whether there was a key for it.
    fn issue(
        &mut self,
        door: &Door<'_>,
        load: &Load,
        own: PublicKey,
        scene: &Scene,
        due: u64,
    ) -> Result<bool, Problem> {
        let age = door.now.get().saturating_sub(self.since);
        if age >= due {
            match Self::draw(door, own) {
                Ok(next) => *self = next,
                // Tried again with the next token; the old key serves until its end.
                Err(CustodyFault::Unreachable { .. }) if age < scene.lifetime_seconds => {}
                Err(CustodyFault::Unreachable { .. }) => return Ok(false),
                Err(fault) => return Err(fault.into()),
            }
        }
        token(load, &self.key).map(|_| true)
    }
}

/// Plays the clock from a second on until after the outage; counts what was wanted and issued while it lasted.
fn play(
    door: &Door<'_>,
    scene: &Scene,
    from: u64,
    mut issue: impl FnMut() -> Result<bool, Problem>,
) -> Result<Issued, Problem> {
    let mut counted = Issued { wanted: 0, issued: 0 };
    for second in from..door.shut.end + AROUND {
        door.now.set(second);
        for _ in 0..scene.tokens_per_second {
            let issued = issue()?;
            if door.shut.contains(&second) {
                counted.wanted += 1;
                counted.issued += u64::from(issued);
            }
        }
    }
    Ok(counted)
}

/// Writes the delegation that an identity would sign for a running key, to know its bytes; it is never signed.
fn delegation_bytes(own: PublicKey, running: PublicKey) -> Result<usize, Problem> {
    let until = Some(Timestamp::from_secs(1_800_000_000));
    let (command, subject) = (probe::command()?, Some(probe::nobody()));
    let meta = probe::arguments(&json!({ "greatseal": { "made": 1_790_000_000, "for": "running-key" } }))?;
    let it = Delegation::new(own, running, subject, command, Policy::default(), &nonce::<12>()?, until);
    Ok(ucan::encode(&it.with_meta(meta).into())?.request().message().len())
}

/// Makes a probe of the size of a delegation, within a few bytes.
fn in_the_place_of_a_delegation(own: PublicKey, running: PublicKey) -> Result<SigningRequest, Problem> {
    let wanted = delegation_bytes(own, running)?;
    let no_proofs: [Cid; 0] = [];
    let plain = |padding: &str| -> Result<SigningRequest, Problem> {
        let args: MapBuf = probe::arguments(&json!({ "padding": padding }))?;
        Ok(probe::call(own, &args, &no_proofs)?.request())
    };
    let short = wanted.saturating_sub(plain("")?.message().len());
    plain(&"x".repeat(short))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use greatseal_core::key::Role;
    use greatseal_core::signature::Signature;
    use greatseal_custody::{Description, Examination, Lock, Seed};

    use super::*;

    struct InMemory(Seed);

    impl Custodian for InMemory {
        fn describe(&self) -> Result<Description, CustodyFault> {
            Ok(Description {
                public_key: self.0.nkey().public_key(),
                uri: "ssh-agent:".parse()?,
                lock: Lock::None,
                largest_message: 4096,
                batch: NonZeroUsize::MIN,
            })
        }

        fn sign(&self, request: &SigningRequest, _deadline: Deadline) -> Result<Signature, CustodyFault> {
            self.0.sign(request)
        }

        fn examine(&self, _deadline: Deadline) -> Result<Examination, CustodyFault> {
            Err(CustodyFault::Deadline)
        }
    }

    fn scene(lifetime_seconds: u64) -> Scene {
        Scene { outage_seconds: 30, tokens_per_second: 2, lifetime_seconds, renew_after_percent: 50, clock: "played" }
    }

    const EFFORT: Effort =
        Effort { time: Duration::from_millis(1), samples: 10, opened: 1, timeout: Duration::from_secs(1) };

    #[test]
    fn a_running_key_lives_through_an_outage_of_half_its_life() {
        let custody = InMemory(Seed::generate(Role::User).unwrap());
        let without = direct(&custody, &EFFORT, &scene(60)).unwrap();
        assert_eq!((without.outage.wanted, without.outage.issued), (60, 0));
        for (lifetime, issued) in [(60, 60), (300, 60), (40, 40), (20, 20)] {
            let with = running(&custody, &EFFORT, &scene(lifetime)).unwrap();
            assert_eq!((with.outage.wanted, with.outage.issued), (60, issued), "{lifetime}");
        }
    }

    #[test]
    fn custody_sees_one_statement_instead_of_a_thousand() {
        let custody = InMemory(Seed::generate(Role::User).unwrap());
        let (without, with) = (direct(&custody, &EFFORT, &scene(300)), running(&custody, &EFFORT, &scene(300)));
        let (without, with) = (without.unwrap().shown_per_1000, with.unwrap().shown_per_1000);
        assert_eq!((without.statements, without.claims), (1000, 9000));
        // At two tokens a second a thousand take 500 seconds, and a key is renewed every 150.
        assert_eq!((with.statements, with.claims), (4, 32));
        assert!(with.bytes < without.bytes / 200, "{with:?} {without:?}");
    }

    #[test]
    fn what_stands_for_a_delegation_is_as_large() {
        let (own, running) = (Seed::generate(Role::User).unwrap(), RunningKey::generate().unwrap());
        let own = own.nkey().public_key();
        let stands = in_the_place_of_a_delegation(own, running.public_key()).unwrap().message().len();
        assert!(stands.abs_diff(delegation_bytes(own, running.public_key()).unwrap()) <= 2);
    }
}
