//! Keys that the service makes, and keys that cannot be brought to it.

use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::{Algorithm, CustodyFault, KeyUri, Placed, generator, importer, look_up, sign};

use super::fake::{Fake, Mood, REGION};
use super::{alone, open, parse, uri};
use crate::support::{Source, around, name, request, soon};

fn generate(fake: &Fake, text: &str, algorithm: Algorithm) -> Result<Placed, CustodyFault> {
    generator(&uri(fake, ""), &around(Source::right())).unwrap().generate(&name(text), algorithm, soon())
}

#[test]
fn a_key_is_made_and_signs() {
    alone("making::a_key_is_made_and_signs", |_| {
        let fake = Fake::start();
        for (text, algorithm, called) in
            [("acme/a", Algorithm::Ed25519, "Ed25519"), ("acme/b", Algorithm::P256, "P-256")]
        {
            fake.asked();
            let placed = generate(&fake, text, algorithm).unwrap();
            assert_eq!(fake.asked(), ["DescribeKey", "CreateKey", "CreateAlias", "GetPublicKey"]);
            assert_eq!(placed.public_key.algorithm(), called);
            // By its ARN, which says the region, and not by the alias.
            let text_of = placed.uri.to_string();
            assert!(text_of.starts_with(&format!("awskms://{}/arn:aws:kms:{REGION}:", fake.address())), "{text_of}");
            assert!(!text_of.contains('?'), "{text_of}");
            let by_alias = uri(&fake, &format!("alias/greatseal/{text}"));
            assert_eq!(look_up(&by_alias, &around(Source::right()), soon()).unwrap(), placed);
            let custodian = open(placed.uri, placed.public_key);
            assert!(sign(&*custodian, &request(&Spelled::Did(placed.public_key), ""), soon()).is_ok());
        }
    });
}

#[test]
fn a_name_that_is_taken_makes_no_key() {
    alone("making::a_name_that_is_taken_makes_no_key", |_| {
        let fake = Fake::start();
        generate(&fake, "acme/a", Algorithm::Ed25519).unwrap();
        fake.asked();
        let fault = generate(&fake, "acme/a", Algorithm::P256).unwrap_err();
        assert_eq!(fault, CustodyFault::Exists { name: name("acme/a") });
        assert_eq!(fake.asked(), ["DescribeKey"]);
        let fault = generator(&uri(&fake, "alias/a"), &around(Source::right())).err().unwrap();
        assert_eq!(fault.code(), Code::CustodyUnsupported);
    });
}

#[test]
fn a_key_that_was_made_is_named_whatever_follows() {
    alone("making::a_key_that_was_made_is_named_whatever_follows", |_| {
        let fake = Fake::start();
        for mood in [
            Mood::RefusesTo("CreateAlias", "AccessDeniedException"),
            Mood::RefusesTo("CreateAlias", "AlreadyExistsException"),
            Mood::RefusesTo("GetPublicKey", "AccessDeniedException"),
        ] {
            fake.set(mood);
            let text = format!("acme/k{}", fake.connections());
            let fault = generate(&fake, &text, Algorithm::Ed25519).unwrap_err();
            assert!(fault.to_string().contains("made arn:aws:kms:"), "{fault}");
        }
        fake.asked();
        fake.set(Mood::RefusesTo("CreateKey", "AccessDeniedException"));
        let fault = generate(&fake, "acme/z", Algorithm::Ed25519).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyDenied);
        assert_eq!(fake.asked(), ["DescribeKey"]);
        fake.set(Mood::Good);
        fake.throttle(2);
        assert!(generate(&fake, "acme/z", Algorithm::Ed25519).is_ok());
    });
}

/// The service takes a moment until all of it knows a new key.
#[test]
fn a_key_that_is_not_known_everywhere_yet_is_waited_for() {
    alone("making::a_key_that_is_not_known_everywhere_yet_is_waited_for", |_| {
        let fake = Fake::start();
        fake.unsettle(3);
        let placed = generate(&fake, "acme/a", Algorithm::Ed25519).unwrap();
        assert_eq!(placed.public_key.algorithm(), "Ed25519");
        assert_eq!(fake.asked().iter().filter(|operation| *operation == "CreateKey").count(), 1);
    });
}

#[test]
fn nothing_is_brought_in() {
    for text in ["awskms:///?region=eu-central-1", "awskms:///alias/a"] {
        let uri: KeyUri = parse(text);
        let fault = importer(&uri, &around(Source::right())).err().unwrap();
        assert_eq!(fault.code(), Code::CustodyUnsupported);
    }
}
