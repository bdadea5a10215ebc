//! What succession promises, in figures: how much has to be signed after a loss, and how much stays as it was.

use std::collections::BTreeMap;

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::{Expect, Mode, Statement};

use crate::play::{Play, all, signers};

/// Accounts of the realm, dealt out to its three signing keys in turn.
const ACCOUNTS: usize = 12;
/// Modules of each account.
const MODULES: usize = 4;

const MODES: [Mode; 2] = [Mode::Stateless, Mode::Snapshot];

/// A realm with three signing keys, and accounts with a signing key and modules each.
fn realm() -> Play {
    let mut play = Play::founded(3);
    for account in 0..ACCOUNTS {
        let issuer = signers(3)[account % 3];
        play.list(&format!("L{account}"), issuer, &format!("A{account}"), &[&format!("a{account}")]);
        for module in 0..MODULES {
            let number = account * MODULES + module;
            play.module(&format!("m{number}"), &format!("a{account}"), &format!("M{number}"), 1);
            play.countersign(&format!("m{number}"), &[&format!("M{number}")]);
        }
    }
    play
}

/// Returns the ids of listings, and of modules, that were written between two lengths.
fn tokens(play: &Play, range: std::ops::Range<usize>) -> (Vec<String>, Vec<String>) {
    let (mut listings, mut modules) = (Vec::new(), Vec::new());
    for statement in &play.script.statements()[range] {
        match statement {
            Statement::Account(it) => listings.push(it.id.clone()),
            Statement::Module(it) => modules.push(it.id.clone()),
            Statement::Operator(_)
            | Statement::Endorsement(_)
            | Statement::Countersignature(_)
            | Statement::Revocation(_) => {}
        }
    }
    (listings, modules)
}

/// What was written since a length, by kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    operators: usize,
    endorsements: usize,
    listings: usize,
    countersignatures: usize,
    modules: usize,
    revocations: usize,
}

impl Written {
    fn since(play: &Play, length: usize) -> Self {
        let mut written = Self::default();
        for statement in &play.script.statements()[length..] {
            *match statement {
                Statement::Operator(_) => &mut written.operators,
                Statement::Account(_) => &mut written.listings,
                Statement::Module(_) => &mut written.modules,
                Statement::Endorsement(_) => &mut written.endorsements,
                Statement::Countersignature(_) => &mut written.countersignatures,
                Statement::Revocation(_) => &mut written.revocations,
            } += 1;
        }
        written
    }
}

/// Counts the old statements, and their bytes, that are not byte for byte what they were.
fn changed(before: &Play, after: &Play) -> (usize, usize, usize) {
    let (old, new) = (before.told(Mode::Snapshot), after.told(Mode::Snapshot));
    let (old_stage, new_stage) = (Stage::set(&old), Stage::set(&new));
    let (mut bytes, mut changed) = (0, 0);
    for statement in &old.statements {
        let text = old_stage.text(statement.id()).unwrap();
        bytes += text.len();
        changed += usize::from(new_stage.text(statement.id()) != Some(text));
    }
    (old.statements.len(), bytes, changed)
}

/// Counts how many of some tokens a verifier of a mode allows, whose anchor is the pinned token.
fn allowed(play: &Play, mode: Mode, ids: &[String]) -> usize {
    let told = play.told(mode);
    let stage = Stage::set(&told);
    ids.iter().filter(|id| stage.ask(id).expect == Expect::Allow).count()
}

#[test]
fn an_identity_destroyed_costs_one_operator_token_and_its_endorsements() {
    let before = realm();
    let (listings, modules) = tokens(&before, 0..before.len());
    let every: Vec<String> = listings.iter().chain(&modules).cloned().collect();
    let mut after = before.clone();
    after.succeed(("T1", "T0"), "I2", &signers(3), "I3", &["S1", "S2"]);

    let written = Written::since(&after, before.len());
    assert_eq!(written, Written { operators: 1, endorsements: 2, ..Written::default() });
    let (statements, bytes, changed) = changed(&before, &after);
    assert_eq!(changed, 0);
    println!(
        "identity destroyed: {} operator token, {} endorsements, {} accounts, {} modules; \
         {changed} of {statements} statements ({bytes} bytes) changed; 0 anchors changed",
        written.operators, written.endorsements, written.listings, written.modules
    );
    for mode in MODES {
        // Verifiers that have not heard the news, and verifiers that have, with the anchor that they had.
        assert_eq!(allowed(&before, mode, &every), every.len());
        let verify = allowed(&after, mode, &every);
        assert_eq!(verify, every.len());
        assert_eq!(allowed(&after, mode, &["T1".to_owned()]), 1);
        assert_eq!(allowed(&after, mode, &["T0".to_owned()]), 0);
        println!("  {mode:?}: {verify} of {} accounts and modules verify as they are", every.len());
        // From then on the new identity goes on: the old one has no say that anybody needs.
        let mut later = after.clone();
        later.succeed(("T2", "T1"), "I2", &signers(3), "I3", &["S2", "S3"]);
        assert_eq!(allowed(&later, mode, &every), every.len());
    }
}

#[test]
fn one_signing_key_stolen_is_contained_by_one_revocation_and_one_successor() {
    let before = realm();
    let (listings, modules) = tokens(&before, 0..before.len());
    let mut robbed = before.clone();
    let thiefs: Vec<String> = (0..5).map(|number| format!("Y{number}")).collect();
    thiefs.iter().for_each(|id| _ = robbed.list(id, "S1", &format!("At{id}"), &[]));
    let mut contained = robbed.clone();
    // The sealed revocation, and a successor without the key, as one command writes them.
    contained.revoke_all(&["S1"]).succeed(("T1", "T0"), "I1", &["S2", "S3", "S4"], "I2", &["S2", "S3"]);
    let command = Written::since(&contained, robbed.len());
    assert_eq!(command, Written { operators: 1, endorsements: 2, revocations: 1, ..Written::default() });

    // Under the stolen key every third account has to be listed again; their keys and modules stay.
    let mut healed = contained.clone();
    healed.at(1.0);
    let again: Vec<String> =
        (0..ACCOUNTS).filter(|account| account % 3 == 0).map(|account| again(&mut healed, account)).collect();
    let relisted = Written::since(&healed, contained.len());
    assert_eq!((relisted.listings, relisted.modules, relisted.operators), (ACCOUNTS / 3, 0, 0));
    println!(
        "one signing key stolen: {} revocation, {} operator token, {} endorsements contain it; \
         {} of {ACCOUNTS} accounts listed again, {} modules",
        command.revocations, command.operators, command.endorsements, relisted.listings, relisted.modules
    );
    for mode in MODES {
        assert_eq!(allowed(&robbed, mode, &thiefs), thiefs.len());
        let (his, own) = (allowed(&contained, mode, &thiefs), allowed(&contained, mode, &listings));
        assert_eq!((his, own), (0, ACCOUNTS - ACCOUNTS / 3));
        let verify = allowed(&healed, mode, &modules);
        assert_eq!((allowed(&healed, mode, &again), verify), (again.len(), modules.len()));
        println!(
            "  {mode:?}: {his} of the thief's {} accounts live, {own} accounts untouched, {verify} of {} modules",
            thiefs.len(),
            modules.len()
        );
    }
}

/// Lists an account again with the key that it has, under another signing key.
fn again(play: &mut Play, account: usize) -> String {
    let id = format!("L{account}.again");
    play.list(&id, "S2", &format!("A{account}"), &[&format!("a{account}")]);
    id
}

#[test]
fn one_signing_key_stolen_costs_no_account_where_the_revocation_names_a_log() {
    let before = realm();
    let (listings, modules) = tokens(&before, 0..before.len());
    let every: Vec<String> = listings.iter().chain(&modules).cloned().collect();
    let mut contained = before.clone();
    contained.list("Y", "S1", "At", &[]).revoke_but("S1", all("S1"), before.len(), None);
    for mode in MODES {
        let ids: Vec<&str> = before.script.statements().iter().map(Statement::id).collect();
        contained.prove(&ids);
        assert_eq!(allowed(&contained, mode, &every), every.len());
        assert_eq!(allowed(&contained, mode, &["Y".to_owned()]), 0);
    }
    println!("one signing key stolen, revocation naming a log: 1 revocation, 0 accounts, 0 modules");
}

#[test]
fn two_rotations_in_a_row_are_followed_by_a_verifier_that_slept_through_both() {
    let before = realm();
    let mut play = before.clone();
    let mut speaking: BTreeMap<usize, String> = BTreeMap::new();
    let rotations = [("T1", "T0", ["S2", "S3", "S4"], ("", "x")), ("T2", "T1", ["S3", "S4", "S5"], ("x", "y"))];
    for (number, (id, prev, signing, (before, generation))) in rotations.into_iter().enumerate() {
        play.at(90.0 * (number + 1) as f64);
        let had = signers(5)[number..number + 3].to_vec();
        // One operator key goes and one comes; every account's only key is replaced by another.
        play.succeed((id, prev), "I1", &signing, "I2", &had);
        for account in 0..ACCOUNTS {
            // The key that goes is a majority of its listing, so the account's identity stays in its safe.
            let (old, new) = (format!("a{account}{before}"), format!("a{account}{generation}"));
            let listing = format!("L{account}{generation}");
            play.listing(&listing, signing[account % 3], &format!("A{account}"), &[&new]);
            play.countersign(&listing, &[&old, &new]);
            speaking.insert(account, listing);
        }
    }
    let written = Written::since(&play, before.len());
    assert_eq!((written.operators, written.endorsements, written.listings), (2, 6, 2 * ACCOUNTS));
    let (_, _, changed) = changed(&before, &play);
    assert_eq!(changed, 0);
    // Modules are issued by the newest keys; the identities are those of the first day.
    let length = play.len();
    for account in 0..ACCOUNTS {
        play.module(&format!("n{account}"), &format!("a{account}y"), &format!("M{}", account * MODULES), 2);
    }
    let (_, new) = tokens(&play, length..play.len());
    let (old_listings, old_modules) = tokens(&before, 0..before.len());
    let now: Vec<String> = speaking.into_values().collect();
    println!(
        "two rotations of 1 of 3 operator keys and of {ACCOUNTS} account keys: {} operator tokens, {} endorsements, \
         {} listings; 0 identities, 0 anchors changed",
        written.operators, written.endorsements, written.listings
    );
    for mode in MODES {
        assert_eq!(allowed(&play, mode, &["T2".to_owned()]), 1);
        assert_eq!((allowed(&play, mode, &now), allowed(&play, mode, &new)), (ACCOUNTS, ACCOUNTS));
        // Nothing of the keys that were replaced speaks.
        let old: Vec<String> = old_listings.iter().chain(&old_modules).cloned().collect();
        assert_eq!(allowed(&play, mode, &old), 0);
        // Asleep it goes on with what it knew, and shown the last token alone it does not guess.
        assert_eq!(allowed(&before, mode, &old_listings), ACCOUNTS);
        let mut gap = play.clone();
        gap.withhold(&["T1"]);
        assert_eq!(allowed(&gap, mode, &["T2".to_owned()]), 0);
        println!(
            "  {mode:?}: {} of {ACCOUNTS} listings and {} modules of the newest keys verify",
            now.len(),
            new.len()
        );
    }
}

#[test]
fn losses_heal_with_as_many_endorsements_as_the_table_says_and_not_with_one_less() {
    println!("signing keys: endorsements that heal an identity stolen, an identity and a quorum, both identities");
    for signing_keys in 1..=5 {
        let quorum: Vec<&str> = signers(signing_keys).into_iter().take(signing_keys / 2 + 1).collect();
        let both: Vec<&str> = quorum.iter().copied().chain(["I2"]).collect();
        let identity = least(signing_keys, &["I1"], &quorum);
        let captured = least(signing_keys, &[&["I1"], quorum.as_slice()].concat(), &both);
        let pair = least(signing_keys, &["I2"], &quorum);
        assert_eq!((identity, captured, pair), (quorum.len(), quorum.len() + 1, quorum.len()));
        println!("  {signing_keys}: {identity}, {captured}, {pair}");
    }
}

/// Finds how many of some endorsements one token of `I1` needs against a thief's, who endorses with others.
fn least(signing_keys: usize, thiefs: &[&str], owners: &[&str]) -> usize {
    let heals = |count: &usize| {
        let mut play = Play::founded(signing_keys);
        play.succeed(("X", "T0"), "I1", &["Sx"], "I9", thiefs);
        play.succeed(("T1", "T0"), "I1", &signers(signing_keys), "I3", &owners[..*count]);
        MODES.into_iter().all(|mode| allowed(&play, mode, &["T1".to_owned()]) == 1)
    };
    (0..=owners.len()).find(heals).unwrap()
}
