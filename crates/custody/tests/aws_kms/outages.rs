//! Outages, throttling and many callers: every answer is a valid signature or a clear fault.

use std::io::Read;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_custody::{CustodyFault, Deadline, sign};

use super::fake::Mood;
use super::{ED25519, P256, alone, fault_of, open, parse, ready};
use crate::support::{request, soon};

#[test]
fn callers_at_once_do_not_wait_for_each_other() {
    alone("outages::callers_at_once_do_not_wait_for_each_other", |_| {
        let (fake, pinned, custodian) = ready(ED25519);
        fake.take(Duration::from_millis(100));
        thread::scope(|scope| {
            for caller in 0..16 {
                let custodian = &*custodian;
                scope.spawn(move || {
                    for round in 0..4 {
                        sign(custodian, &request(&pinned, &format!("{caller}/{round}")), soon()).unwrap();
                    }
                });
            }
        });
        assert!(fake.busiest() >= 12, "{} at once", fake.busiest());
        // Connections are kept: one for each who was under way at once, not one for each call.
        assert!(fake.connections() <= 24, "{} connections", fake.connections());
    });
}

#[test]
fn connections_are_kept_between_calls() {
    alone("outages::connections_are_kept_between_calls", |_| {
        let (fake, pinned, custodian) = ready(P256);
        for round in 0..20 {
            sign(&*custodian, &request(&pinned, &round.to_string()), soon()).unwrap();
        }
        assert_eq!((fake.connections(), fake.asked().len()), (1, 20));
    });
}

#[test]
fn who_is_throttled_asks_again_for_a_while() {
    alone("outages::who_is_throttled_asks_again_for_a_while", |_| {
        let (fake, pinned, custodian) = ready(ED25519);
        for times in [1, 3, 5] {
            fake.throttle(times);
            sign(&*custodian, &request(&pinned, &times.to_string()), soon()).unwrap();
        }
        fake.throttle(1_000);
        let fault = sign(&*custodian, &request(&pinned, "never"), soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyUnreachable);
        assert!(fault.to_string().contains("throttles us"), "{fault}");
        // Within the deadline, however short.
        let began = Instant::now();
        let fault = sign(&*custodian, &request(&pinned, "never"), Deadline::after(Duration::from_millis(100)));
        assert!(began.elapsed() < Duration::from_secs(10));
        assert!(matches!(fault, Err(CustodyFault::Unreachable { .. } | CustodyFault::Deadline)), "{fault:?}");
    });
}

#[test]
fn final_answers_are_not_asked_for_again() {
    alone("outages::final_answers_are_not_asked_for_again", |_| {
        let (fake, pinned, custodian) = ready(ED25519);
        for code in ["AccessDeniedException", "NotFoundException", "DisabledException", "SomethingElse"] {
            fake.set(Mood::RefusesTo("Sign", code));
            let before = fake.requests();
            assert!(sign(&*custodian, &request(&pinned, ""), soon()).is_err());
            assert_eq!(fake.requests(), before + 1, "{code}");
        }
    });
}

#[test]
fn faults_are_told_in_words() {
    alone("outages::faults_are_told_in_words", |_| {
        for (mood, words) in [
            (Mood::Refuses("AccessDeniedException"), "does not let us sign: AccessDeniedException: in the words"),
            (Mood::Refuses("DisabledException"), "the key is disabled, and has to be enabled"),
            (Mood::Refuses("KMSInvalidStateException"), "waits to be deleted"),
            (Mood::Refuses("NotFoundException"), "has no key arn:aws:kms:"),
            (Mood::Refuses("InvalidKeyUsageException"), "another kind of key"),
            (Mood::Refuses("ThrottlingException"), "throttles us"),
            (Mood::Refuses("SomethingElse"), "answered: SomethingElse: in the words of the fake"),
            (Mood::Says(503, "<html>"), "status 503"),
            (Mood::Says(200, "hello"), "nothing that can be read"),
            (Mood::Drop, "cannot reach AWS KMS at 127.0.0.1:"),
            (Mood::Truncate, "cannot reach AWS KMS at 127.0.0.1:"),
        ] {
            let fault = fault_of(ED25519, mood.clone());
            println!("{mood:?}: {fault}");
            assert!(fault.to_string().contains(words), "{mood:?}: {fault}");
        }
    });
}

/// What stands in the service's place may send without end.
#[test]
fn no_more_is_read_than_an_answer_has() {
    alone("outages::no_more_is_read_than_an_answer_has", |_| {
        let padded = |bytes: usize| -> &'static str {
            format!(r#"{{"Signature":"AAAA","Padding":"{}"}}"#, "x".repeat(bytes)).leak()
        };
        for (bytes, status, words) in [
            (60_000, 200, ""),
            (70_000, 200, "more than 65536 bytes"),
            (10_000_000, 200, "more than 65536 bytes"),
            (10_000_000, 400, "more than 65536 bytes"),
        ] {
            let (fake, pinned, custodian) = ready(ED25519);
            fake.set(Mood::Says(status, padded(bytes)));
            let fault = sign(&*custodian, &request(&pinned, ""), soon()).unwrap_err();
            assert_eq!(fault.code(), Code::CustodyAnswer, "{bytes}: {fault}");
            assert_eq!(fault.to_string().contains("more than"), bytes > 65_536, "{bytes}: {fault}");
            assert!(fault.to_string().contains(words), "{bytes}: {fault}");
            assert_eq!(fake.requests(), 1, "{bytes}");
        }
    });
}

#[test]
fn a_service_that_was_restarted_is_found_again() {
    alone("outages::a_service_that_was_restarted_is_found_again", |_| {
        let (mut fake, pinned, custodian) = ready(ED25519);
        for round in 0..3 {
            sign(&*custodian, &request(&pinned, &round.to_string()), soon()).unwrap();
            fake = fake.restarted();
        }
        fake.stop();
        let fault = sign(&*custodian, &request(&pinned, "away"), soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyUnreachable);
        fake = fake.restarted();
        sign(&*custodian, &request(&pinned, "back"), soon()).unwrap();
        assert_eq!(fake.asked(), ["Sign"; 4]);
    });
}

/// While callers sign, the service is ended, throttles, hangs and comes back.
#[test]
fn an_outage_amid_many_signatures_loses_nothing() {
    alone("outages::an_outage_amid_many_signatures_loses_nothing", |_| {
        let (fake, pinned, custodian) = ready(ED25519);
        let (signed, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|caller| {
                    let (custodian, signed, refused) = (&*custodian, &signed, &refused);
                    scope.spawn(move || {
                        for round in 0..60 {
                            let asked = request(&pinned, &format!("{caller}/{round}"));
                            // What comes back as a signature was verified by `sign`.
                            match sign(custodian, &asked, Deadline::after(Duration::from_millis(500))) {
                                Ok(_) => signed.fetch_add(1, Ordering::SeqCst),
                                Err(CustodyFault::Unreachable { .. } | CustodyFault::Deadline) => {
                                    refused.fetch_add(1, Ordering::SeqCst)
                                }
                                Err(other) => panic!("{other:?}"),
                            };
                            thread::sleep(Duration::from_millis(10));
                        }
                    })
                })
                .collect();
            let mut fake = fake;
            for trouble in 0.. {
                if callers.iter().all(thread::ScopedJoinHandle::is_finished) {
                    break;
                }
                thread::sleep(Duration::from_millis(60));
                match trouble % 4 {
                    0 => fake.throttle(20),
                    1 => fake.set(Mood::Hang),
                    2 => fake.set(Mood::Drop),
                    _ => fake.stop(),
                }
                thread::sleep(Duration::from_millis(60));
                // A fresh one is in a good mood.
                fake = fake.restarted();
            }
        });
        let (signed, refused) = (signed.into_inner(), refused.into_inner());
        println!("{signed} signed, {refused} refused");
        assert_eq!(signed + refused, 480);
        assert!(signed > 100, "{signed}");
    });
}

/// An endpoint that is not told as loopback is spoken to by TLS alone, even where nobody answers it
/// so: not one byte of a request goes out in the clear. The certificate is nobody's; it stands for
/// those that the system trusts.
#[test]
fn elsewhere_nothing_is_said_in_the_clear() {
    alone("outages::elsewhere_nothing_is_said_in_the_clear", |_| {
        let (fake, pinned, custodian) = ready(ED25519);
        let uri = custodian.describe().unwrap().uri.to_string();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The same interface under a name that is not recognised as it.
        let uri = uri.replace(&fake.address().to_string(), &format!("[::ffff:127.0.0.1]:{}", address.port()));
        let custodian = open(parse(&uri), pinned.public_key());
        let listening = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 3];
            stream.read_exact(&mut head).unwrap();
            head
        });
        let fault = sign(&*custodian, &request(&pinned, ""), Deadline::after(Duration::from_secs(5))).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyUnreachable, "{fault}");
        // A handshake of TLS (RFC 8446 section 5.1).
        assert_eq!(listening.join().unwrap()[..2], [0x16, 3]);
    });
}

/// Callers may be on threads of another runtime, where blocking on a second one would panic.
#[test]
fn a_custodian_serves_threads_of_other_runtimes() {
    alone("outages::a_custodian_serves_threads_of_other_runtimes", |_| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (_fake, pinned, custodian) = ready(ED25519);
        runtime.block_on(async move {
            sign(&*custodian, &request(&pinned, ""), soon()).unwrap();
            // It ends there as well.
            drop(custodian);
        });
    });
}
