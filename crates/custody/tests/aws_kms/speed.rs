//! What custody costs over the client's own call, in one run against the same fake.

use std::time::{Duration, Instant};

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use greatseal_core::signature::{Signature, verify};
use greatseal_custody::sign;

use super::fake::REGION;
use super::{ED25519, alone, ready};
use crate::support::{request, soon};

const ROUNDS: usize = 2_000;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Measures and prints; the bar itself is for a quiet machine. The two take turns, so that both
/// meet the same weather.
#[test]
#[ignore = "a measurement: run it on a quiet machine, with --release"]
fn custody_against_the_bare_client() {
    alone("speed::custody_against_the_bare_client", |_| {
        let (fake, pinned, custodian) = ready(ED25519);
        let uri = custodian.describe().unwrap().uri.to_string();
        let arn = uri.split_once("/arn").map(|(_, rest)| format!("arn{rest}")).unwrap();
        let asked = request(&pinned, &"x".repeat(900));
        for wait in [Duration::ZERO, Duration::from_millis(3)] {
            fake.take(wait);
            let rounds = if wait.is_zero() { ROUNDS } else { ROUNDS / 10 };
            // As the SDK's own manual does it: one runtime, on whose thread the call waits.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let client = runtime.block_on(async {
                let shared = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
                    .region(aws_config::Region::new(REGION))
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .load()
                    .await;
                let config = aws_sdk_kms::config::Builder::from(&shared);
                aws_sdk_kms::Client::from_conf(config.endpoint_url(format!("http://{}", fake.address())).build())
            });
            let (mut bare, mut ours, mut verified) = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..rounds {
                let began = Instant::now();
                let answer = runtime.block_on(
                    client
                        .sign()
                        .key_id(&arn)
                        .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
                        .message_type(MessageType::Raw)
                        .message(Blob::new(asked.message()))
                        .send(),
                );
                let took = began.elapsed();
                let bytes: [u8; 64] = answer.unwrap().signature().unwrap().as_ref().try_into().unwrap();
                let began = Instant::now();
                verify(&pinned.public_key(), asked.message(), &Signature::new(bytes)).unwrap();
                let check = began.elapsed();
                let began = Instant::now();
                sign(&*custodian, &asked, soon()).unwrap();
                if round >= rounds / 10 {
                    bare.push(took);
                    verified.push(check);
                    ours.push(began.elapsed());
                }
            }
            let (bare, verified, ours) = (median(bare), median(verified), median(ours));
            let over = (ours.as_secs_f64() - verified.as_secs_f64()) / bare.as_secs_f64() - 1.0;
            println!(
                "service takes {wait:?}: bare {bare:?}, verification {verified:?}, custody {ours:?}: {:.1} % over",
                over * 100.0
            );
        }
    });
}
