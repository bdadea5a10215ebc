//! Policies: read as a naive reader reads them, judged within a budget as it judges without one.

use greatseal_core::error::PolicyFault;
use greatseal_core::limits::POLICY_BYTES;
use greatseal_core::steps::Steps;
use greatseal_token::ucan::Policy;
use greatseal_token::ucan::cbor::{self, Value};

use crate::naive::cbor::Tree;
use crate::naive::policy;

/// More steps than the naive evaluator is asked to follow.
const FOLLOWED: u64 = 50_000;

/// Takes a list of two: a policy, and the arguments.
pub fn check(data: &[u8]) {
    let Ok(Value::List(list)) = cbor::validate(data) else { return };
    let (Some(said), Some(args), 2) = (list.get(0), list.get(1), list.len()) else { return };
    let tree = crate::naive::cbor::read(data).expect("a naive reader takes it");
    let Tree::List(trees) = tree else { unreachable!("it is a list") };
    let naive = policy::read(&trees[0]);
    let policy = match (Policy::decode(said), naive) {
        (Ok(policy), Some(naive)) => {
            judged(&policy, &naive, args, &trees[1]);
            policy
        }
        (Err(_), None) => return,
        (Err(_), Some(_)) if trees[0].write().len() > POLICY_BYTES => return,
        (Ok(_), None) => panic!("a naive reader refuses this policy"),
        (Err(fault), Some(naive)) => panic!("{fault}: a naive reader takes {naive:?}"),
    };
    // Kept, shown, and read again.
    assert_eq!(policy.encoded(), trees[0].write());
    assert!(!policy.to_string().contains('\n'));
    if let Ok(again) = Policy::from_json(&policy.to_json()) {
        assert_eq!(again.len(), policy.len());
    }
}

fn judged(policy: &Policy, naive: &[policy::Says], args: Value<'_>, tree: &Tree) {
    let mut steps = Steps::new(FOLLOWED);
    let answer = policy.holds(args, &mut steps);
    let taken = FOLLOWED - steps.left();
    if let Err(PolicyFault::Steps { .. }) = answer {
        assert_eq!(steps.left(), 0);
    } else {
        let first = naive.iter().position(|says| !says.is_true(tree));
        match answer {
            Ok(()) => assert_eq!(first, None),
            Err(PolicyFault::False { statement }) => assert_eq!(first, Some(statement)),
            Err(other) => panic!("{other}"),
        }
        // Exactly as many steps are enough, and one less is not.
        assert_eq!(policy.holds(args, &mut Steps::new(taken)), answer);
        if let Some(fewer) = taken.checked_sub(1) {
            assert!(matches!(policy.holds(args, &mut Steps::new(fewer)), Err(PolicyFault::Steps { .. })));
        }
    }
}
