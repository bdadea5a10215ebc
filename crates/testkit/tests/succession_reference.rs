//! The reference against the labelled histories, against itself on random ones, and against the table "what a thief
//! gets" of `SUCCESSION.md`.

use greatseal_testkit::succession::random::{self, Dice, history, questions, with_stranger};
use greatseal_testkit::succession::readings;
use greatseal_testkit::succession::theft::games::{captures, fates, heals, subsets, takes_listing};
use greatseal_testkit::succession::theft::promises::Theft;
use greatseal_testkit::succession::theft::{IDENTITY, NEXT, Realm, rows};
use greatseal_testkit::succession::{Claim, History, Mode, Operator, Statement, Time, Verdict, answer};
use greatseal_testkit::vectors::Folder;

const MODES: [Mode; 2] = [Mode::Stateless, Mode::Snapshot];

fn allows(history: &History, id: &str) -> bool {
    answer(history, id).is_allow()
}

// The labelled histories.

#[test]
fn every_case_has_its_verdict() {
    let folder = Folder::open("succession");
    assert!(!folder.read("FORMAT.md").is_empty());
    let cases: Vec<History> = folder.json("cases.json");
    assert_eq!(cases.len(), 160);
    let mut wrong = Vec::new();
    let (mut agreeing, mut reasons) = (0, 0);
    for case in &cases {
        for query in &case.queries {
            let verdict = answer(case, &query.id);
            if verdict.expect() != query.expect {
                wrong.push(format!("{} {}: {verdict:?}", case.id, query.id));
            }
            if let Some(reason) = query.reason {
                reasons += 1;
                agreeing += usize::from(verdict == Verdict::Deny(reason));
            }
        }
    }
    println!("reasons that agree: {agreeing} of {reasons}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    folder.assert_all_used();
}

#[test]
fn a_history_survives_being_written_down() {
    for seed in 0..200 {
        let told = random::labelled(history(seed));
        let text = serde_json::to_string(&told).unwrap();
        let read: History = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!(read.now, told.now);
    }
}

#[test]
fn days_are_exact_to_the_second() {
    for seconds in [0, 1, 299, 300, 301, 86_399, 86_400 * 599 + 86_399, 86_400 * 4000 + 1] {
        let time = Time(seconds * Time::SECOND);
        assert_eq!(Time::from(f64::from(time)), time);
    }
}

#[test]
fn numbers_at_the_ends_of_their_range_are_answered() {
    let mut told = theft_of_a_list();
    for (seq, threshold, rev) in [(i64::MAX, i64::MAX, i64::MIN), (i64::MIN, i64::MIN, i64::MAX), (-1, 0, 0)] {
        for statement in &mut told.statements {
            if let Statement::Operator(Operator { claim: Some(Claim::Once(terms)), times, .. }) = statement {
                (terms.seq, terms.threshold) = (seq, threshold);
                times.exp = Some(Time(i64::MAX));
            }
            if let Statement::Module(module) = statement {
                module.rev = rev;
            }
        }
        for now in [Time(i64::MIN), Time(0), Time(i64::MAX)] {
            told.now = now;
            questions(&told).iter().for_each(|id| _ = answer(&told, id));
        }
    }
}

fn theft_of_a_list() -> History {
    rows::a_listing(Realm { signing_keys: 3 }, Mode::Snapshot).remove(0)
}

// What no labelled history asks.

#[test]
fn what_the_texts_say_and_no_case_asks_holds() {
    all_hold(&readings::stated());
}

#[test]
fn what_the_texts_leave_open_is_read_as_it_was() {
    all_hold(&readings::chosen());
}

// Random histories: 20,000 seeds, in four parts so that they run side by side.

#[test]
fn random_histories_hold_part_1() {
    (0..5_000).for_each(holds);
}

#[test]
fn random_histories_hold_part_2() {
    (5_000..10_000).for_each(holds);
}

#[test]
fn random_histories_hold_part_3() {
    (10_000..15_000).for_each(holds);
}

#[test]
fn random_histories_hold_part_4() {
    (15_000..20_000).for_each(holds);
}

/// What holds for every history, whatever happened in it.
fn holds(seed: u64) {
    let told = history(seed);
    let mut dice = Dice::new(seed);
    let mut shuffled = told.clone();
    dice.shuffle(&mut shuffled.supplied);
    let beside = with_stranger(&told, seed);
    let theft = Theft::of(&told);
    for id in questions(&told) {
        let verdict = answer(&told, &id);
        assert_eq!(theft.broken(&told, &id, verdict.expect()), None, "seed {seed}");
        // The rest is slow, and one question in three is enough.
        if dice.below(3) == 0 {
            if told.mode == Mode::Stateless {
                assert_eq!(answer(&shuffled, &id), verdict, "seed {seed}, {id}: the order of what is supplied");
            }
            assert_eq!(answer(&beside, &id).expect(), verdict.expect(), "seed {seed}, {id}: a stranger");
        }
    }
}

// The table, row by row.

/// Holds the histories of a row against the reference, for one to five signing keys and both kinds of verifier.
#[track_caller]
fn row_holds(row: impl Fn(Realm, Mode) -> Vec<History>) {
    for signing_keys in 1..=5 {
        for mode in MODES {
            all_hold(&row(Realm { signing_keys }, mode));
        }
    }
}

#[track_caller]
fn all_hold(told: &[History]) {
    assert!(!told.is_empty());
    for history in told {
        for query in &history.queries {
            let verdict = answer(history, &query.id);
            assert_eq!(verdict.expect(), query.expect, "{}: {} {verdict:?}", history.id, query.id);
        }
    }
}

#[test]
fn an_identity_or_the_next_one_gets_nothing_and_a_quorum_heals() {
    row_holds(rows::one_identity);
}

#[test]
fn under_a_bare_key_its_identity_is_everything() {
    row_holds(rows::identity_under_a_bare_key);
}

#[test]
fn one_signing_key_makes_accounts_until_its_revocation_and_a_successor_heal() {
    row_holds(rows::one_signing_key);
}

#[test]
fn a_quorum_of_signing_keys_strikes_the_others_and_the_pair_heals() {
    row_holds(rows::a_quorum_of_signing_keys);
}

#[test]
fn an_identity_and_a_quorum_capture_and_quorum_with_pair_heals() {
    row_holds(rows::an_identity_and_a_quorum);
}

#[test]
fn both_identities_capture_and_a_quorum_heals() {
    row_holds(rows::both_identities);
}

#[test]
fn both_identities_and_a_quorum_are_the_operator() {
    row_holds(rows::both_identities_and_a_quorum);
}

#[test]
fn an_accounts_only_signing_key_has_its_modules_until_another_is_listed() {
    row_holds(rows::an_accounts_only_signing_key);
}

#[test]
fn a_signing_key_and_the_accounts_side_have_its_listing_until_another_relists() {
    row_holds(rows::a_listing);
}

#[test]
fn any_destroyed_key_or_all_signing_keys_heal_with_one_token() {
    row_holds(rows::destroyed);
}

#[test]
fn exactly_the_named_sets_capture() {
    for signing_keys in 1..=5 {
        let realm = Realm { signing_keys };
        for stolen in subsets(&realm.keys()) {
            let identities = stolen.iter().filter(|key| [IDENTITY, NEXT].contains(&key.as_str())).count();
            let quorum = stolen.len() - identities >= realm.threshold();
            for mode in MODES {
                let captured = captures(realm, &stolen, mode, &allows);
                assert_eq!(captured, identities == 2 || identities == 1 && quorum, "{stolen:?} {mode:?}");
            }
        }
    }
}

#[test]
fn exactly_a_signing_key_with_the_accounts_side_takes_its_listing() {
    let realm = Realm { signing_keys: 3 };
    let keys = ["S1", "S2", "A1", "a1", "a2", "a3", IDENTITY].map(str::to_owned);
    for stolen in subsets(&keys) {
        let count = |letter: char| stolen.iter().filter(|key| key.starts_with(letter)).count();
        let taken = count('S') > 0 && (count('A') > 0 || count('a') >= 2);
        for mode in MODES {
            assert_eq!(takes_listing(realm, &stolen, mode, &allows), taken, "{stolen:?} {mode:?}");
        }
    }
}

#[test]
fn exactly_the_named_fates_leave_an_owner_stuck() {
    for signing_keys in 1..=5 {
        let realm = Realm { signing_keys };
        for fates in fates(realm) {
            let (identities, signers) = fates.split_at(2);
            let lost = identities.iter().filter(|fate| fate.lost()).count();
            let stolen = identities.iter().filter(|fate| fate.stolen()).count();
            let gone = signers.iter().filter(|fate| fate.lost() || fate.stolen()).count();
            let stuck = lost == 2 || (lost == 1 || stolen == 2) && gone > signing_keys - realm.threshold();
            assert_eq!(heals(realm, &fates, &allows), !stuck, "{fates:?}");
        }
    }
}
