//! A service that lies: no lie becomes a signature.

use greatseal_core::Code;
use greatseal_core::error::SignatureFault;
use greatseal_custody::{CustodyFault, sign};

use super::fake::Mood;
use super::{ED25519, P256, alone, ready};
use crate::support::{request, soon};

#[test]
fn no_lie_becomes_a_signature() {
    alone("lies::no_lie_becomes_a_signature", |_| {
        let (fake, pinned, custodian) = ready(ED25519);
        for mood in [Mood::OtherKey, Mood::OtherMessage] {
            fake.set(mood);
            let fault = sign(&*custodian, &request(&pinned, ""), soon()).unwrap_err();
            assert_eq!(fault, CustodyFault::Result(SignatureFault::Invalid));
        }
        for spec in [ED25519, P256] {
            let (fake, pinned, custodian) = ready(spec);
            assert!(sign(&*custodian, &request(&pinned, "first"), soon()).is_ok());
            fake.set(Mood::Previous);
            let fault = sign(&*custodian, &request(&pinned, "second"), soon()).unwrap_err();
            assert_eq!(fault, CustodyFault::Result(SignatureFault::Invalid));
            // A lie does not stick.
            fake.set(Mood::Good);
            assert!(sign(&*custodian, &request(&pinned, "second"), soon()).is_ok());
        }
    });
}

/// A signature of the wrong form is told as an answer, before anybody verifies it.
#[test]
fn a_form_that_is_none_is_told_as_an_answer() {
    alone("lies::a_form_that_is_none_is_told_as_an_answer", |_| {
        for spec in [ED25519, P256] {
            let (fake, pinned, custodian) = ready(spec);
            for body in [
                r#"{"Signature":""}"#,
                r#"{"Signature":"AAAA"}"#,
                r#"{"Signature":"*"}"#,
                r#"{"Signature":7}"#,
                r#"{"Signature":null}"#,
                "[]",
                "null",
                "",
                "{",
            ] {
                fake.set(Mood::Says(200, body));
                let fault = sign(&*custodian, &request(&pinned, ""), soon()).unwrap_err();
                assert_eq!(fault.code(), Code::CustodyAnswer, "{body}: {fault}");
                assert!(fault.to_string().contains("127.0.0.1"), "{fault}");
            }
        }
    });
}
