//! What a key is made to sign in order to see that it signs: a statement that can do no harm.
//!
//! A probe's signature may leak: it passes through a service, its logs, and whoever listens there. So
//! the statement is an invocation of a UCAN that is worth nothing to anybody, for four reasons, each
//! of which is enough alone:
//!
//! 1. **It ended in the first second of 1970**, so it speaks at no instant of any verifier's clock.
//! 2. **It invokes somebody else's capability and rests on no delegation.** Its subject is a key that
//!    nobody has, and without a chain from the subject an invocation is refused, whatever the time.
//! 3. **It asks for [`COMMAND`]**, which nobody executes and no rule knows; it is no revocation.
//! 4. **It passes nothing on**: an invocation is never a link of anybody's chain.
//!
//! No other kind is as good. A deed has no end: a revocation works for ever, and an endorsement or a
//! countersignature weighs whenever the statement that it names turns up. A wascap token that has
//! expired still replaces older ones about its subject. A delegation is a link. An invocation has
//! also both algorithms, Ed25519 and P-256, so every key can sign one.

use std::sync::LazyLock;

use greatseal_core::issue::{SigningRequest, Unsigned};
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::{Cid, Command, Timestamp};
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::{self, Invocation, UcanEnvelope};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::sealed::nonce;

/// What a probe asks for.
pub(crate) const COMMAND: &str = "/greatseal/custody/probe";

/// The last second in which a probe would speak: the first of 1970.
pub(crate) const ENDED: Timestamp = Timestamp::from_secs(0);

/// Bytes of the nonce: no two probes are alike, so that a place that repeats an answer is found out.
const NONCE: usize = 12;

/// Makes a probe for a key.
///
/// # Errors
/// When this machine gives no randomness.
pub(crate) fn request(key: PublicKey) -> Result<SigningRequest, Problem> {
    let probe =
        Invocation::new(key, nobody(), command()?, arguments(&json!({}))?, &[], &nonce::<NONCE>()?, Some(ENDED));
    Ok(ucan::encode(&probe.into())?.request())
}

/// Makes several.
///
/// # Errors
/// As for [`request`].
pub(crate) fn requests(key: PublicKey, count: usize) -> Result<Vec<SigningRequest>, Problem> {
    (0..count).map(|_| request(key)).collect()
}

/// Makes a probe of the size of a real call: addressed, dated, with arguments and with the names of
/// proofs, of which nobody has any. It is as harmless as any other.
///
/// # Errors
/// As for [`request`].
pub(crate) fn call(key: PublicKey, args: &MapBuf, proofs: &[Cid]) -> Result<Unsigned<UcanEnvelope>, Problem> {
    let call = Invocation::new(key, nobody(), command()?, args.clone(), proofs, &nonce::<NONCE>()?, Some(ENDED));
    Ok(ucan::encode(&call.to(nobody()).made_at(ENDED).into())?)
}

/// Reads arguments.
///
/// # Errors
/// `GS-USAGE` for what is no map.
pub(crate) fn arguments(json: &serde_json::Value) -> Result<MapBuf, Problem> {
    MapBuf::from_json(json).map_err(|fault| Problem::usage(fault.to_string()))
}

/// The command that nobody executes.
///
/// # Errors
/// None for this text.
pub(crate) fn command() -> Result<Command, Problem> {
    Command::parse(COMMAND).map_err(|fault| Problem::usage(fault.to_string()))
}

/// A key that nobody has: the digest of a sentence, for which nobody knows a private half.
pub(crate) fn nobody() -> PublicKey {
    static NOBODY: LazyLock<PublicKey> = LazyLock::new(|| {
        PublicKey::Ed25519(RawKey::new(Sha256::digest(b"greatseal custody probe: this is nobody's key").into()))
    });
    *NOBODY
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use greatseal_core::decide::Candidate;
    use greatseal_core::key::Role;
    use greatseal_core::statement::Kind;
    use greatseal_core::supply::Supply;
    use greatseal_core::view::Audience;
    use greatseal_core::{Anchor, Decision, Policy, View};
    use greatseal_custody::Seed;
    use greatseal_token::ucan::Verifier;

    use super::*;

    #[test]
    fn nobody_can_do_anything_with_a_signed_probe() {
        let seed = Seed::generate(Role::Account).unwrap();
        let own = seed.nkey().public_key();
        let request = request(own).unwrap();
        assert_eq!(request.kind(), Kind::UcanInvocation);
        let signature = seed.sign(&request).unwrap();
        let token = <UcanEnvelope as greatseal_core::issue::Signable>::assemble(request.message(), &signature);
        let decoded = ucan::decode(&token).unwrap();
        assert!(decoded.content().delegation().is_none());
        assert!(decoded.content().invocation().unwrap().revokes().is_none());
        // However generous the verifier: at its own second, under every anchor, for every audience.
        for now in [0, 1, 1_700_000_000] {
            for anchor in [Anchor::Subject, Anchor::Root(own), Anchor::Root(nobody())] {
                let view = View::new(Policy::Relaxed, vec![anchor], Timestamp::from_secs(now));
                let view = view.addressed_to(Audience::Unchecked);
                let target = vec![Candidate::Decoded(decoded.clone())];
                let mut verifier = Verifier::new(NonZeroUsize::MIN);
                let decision = verifier.judge(target, Supply::heap(Vec::new()), &view).into_decision();
                assert!(matches!(decision, Decision::Deny(_)), "{now}");
            }
        }
    }

    #[test]
    fn no_two_are_alike() {
        let own = Seed::generate(Role::Module).unwrap().nkey().public_key();
        let [one, two] = requests(own, 2).unwrap().try_into().unwrap();
        assert_ne!(one.message(), two.message());
        assert_eq!(*one.signer(), own);
    }
}
