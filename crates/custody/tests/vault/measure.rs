//! What our side costs, against the bare call by the same HTTP client in the same run.

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use greatseal_core::key::Spelled;
use greatseal_core::signature::verify;
use greatseal_custody::{sign, sign_batch};
use serde_json::json;

use super::server::{Bao, ROOT, open};
use crate::support::{request, soon};

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Prints the figures; the bar here is wide, because tests run unoptimised and beside others.
#[test]
fn our_side_costs_little() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let custodian = open(&key, &bao.surroundings());
    let pinned = Spelled::Did(key.public_key);
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let url = format!("{}/v1/transit/sign/k", bao.address());
    let bare = |asked: &greatseal_core::issue::SigningRequest| {
        let body = json!({ "input": BASE64.encode(asked.message()), "key_version": 1 }).to_string();
        let mut response =
            agent.post(&url).header("X-Vault-Token", ROOT).content_type("application/json").send(&body).unwrap();
        response.body_mut().read_to_vec().unwrap()
    };
    let timed = |work: &dyn Fn()| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    let (mut ours, mut theirs, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..600 {
        let asked = request(&pinned, &format!("{number:01000}"));
        ours.push(timed(&|| _ = sign(&*custodian, &asked, soon()).unwrap()));
        theirs.push(timed(&|| _ = bare(&asked)));
        let signature = sign(&*custodian, &asked, soon()).unwrap();
        checks.push(timed(&|| verify(&key.public_key, asked.message(), &signature).unwrap()));
    }
    let (ours, theirs, check) = (middle(ours), middle(theirs), middle(checks));
    println!("one signature: ours {ours:?}, the bare call {theirs:?}, one verification {check:?}");
    for size in [10, 100] {
        let requests: Vec<_> = (0..size).map(|number| request(&pinned, &number.to_string())).collect();
        let one = middle((0..50).map(|_| timed(&|| _ = sign_batch(&*custodian, &requests, soon()).unwrap())).collect());
        println!("batches of {size}: {one:?}, {:.0} signatures a second", f64::from(size) / one.as_secs_f64());
    }
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                (0..100).for_each(|round| _ = sign(&*custodian, &request(&pinned, &round.to_string()), soon()).unwrap())
            });
        }
    });
    println!("16 callers: {:.0} signatures a second", 1_600.0 / began.elapsed().as_secs_f64());
    assert!(ours < theirs * 2 + check * 2, "ours {ours:?}, the bare call {theirs:?}, one verification {check:?}");
}
