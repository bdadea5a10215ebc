//! `greatseal key move`: a signing key's job goes from one custody to another.

use clap::Args;
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::key::Role;
use greatseal_custody::KeyUri;
use serde_json::json;

use super::place;
use crate::clock;
use crate::command::request;
use crate::desk::{Desk, Job, Moving, Outcome, Stage};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::own;
use crate::secrets::{Custody, InRealm};

/// Moves a signing key's job to another key, in another device or service, step by step.
///
/// Both keys are listed, what the old one signed is signed anew, and only then is the old one listed
/// no more: at no moment is a valid token refused. Each run does the next step; between them the
/// realm's folder is published. The identity stays.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal key move payments-signing-1 payments-signing-2 --at \"pkcs11:token=acme?module-path=/usr/lib/softhsm/libsofthsm2.so\"\n  greatseal key move payments-signing-1 payments-signing-2\n  greatseal key move payments-signing-1 payments-signing-2 --confirm payments-signing-1\n\nThe last step needs --confirm: what was not signed anew by then is refused from then on."
)]
pub(crate) struct Move {
    /// The signing key that is to end: the operator's, an account's, or a signing principal of the root.
    old: String,
    /// The key that takes its place.
    new: String,
    /// Make the new key in this place, if it is not there yet: a key URI without a key.
    #[arg(long, value_name = "URI")]
    at: Option<KeyUri>,
    /// Repeat the old key's name for the last step.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// In the last step, let the operator's old key go although fewer than a quorum of those listed beside it stay,
    /// as where it was the only one.
    #[arg(long)]
    replace_all: bool,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(super) fn run(order: &Move, format: Format) -> Result<Exit, Problem> {
    let now = clock::now()?;
    let role = {
        let realm = crate::realm::Realm::open(order.realm.start())?;
        realm.key(&realm.name(&order.old)?)?.role().unwrap_or(Role::User)
    };
    if let Some(confirm) = &order.confirm
        && *confirm != order.old
    {
        return Err(Problem::usage(format!("--confirm {confirm}: this is not the key's name"))
            .hint(format!("Nothing was unlisted. If you mean it: `--confirm {}`.", order.old)));
    }
    {
        // Nothing is made for a move that cannot be.
        let desk = order.custody.desk(&order.realm, now)?;
        let new = desk.realm.name(&order.new)?;
        if desk.realm.key(&new).is_err() {
            desk.must_sign_for_somebody(&desk.realm.name(&order.old)?)?;
        }
    }
    place::make_unless_known(&order.new, role, order.at.as_ref(), &order.custody, &order.realm)?;
    let mut desk = order.custody.desk(&order.realm, now)?;
    let (old, new) = (desk.realm.name(&order.old)?, desk.realm.name(&order.new)?);
    let before = desk.moving(&old, &new).map_err(|problem| match desk.realm.key(&new) {
        Ok(_) => problem,
        Err(unknown) => unknown.hint(format!(
            "Make it in its place: `greatseal key move {} {} --at URI`, or `greatseal key create {} --role {role}`.",
            order.old, order.new, order.new
        )),
    })?;
    let before = Moving { replace_all: order.replace_all, ..before };
    let last = before.stage == Stage::Unlist;
    let done = before.stage == Stage::Done || last && order.confirm.is_none();
    if !done && let Outcome::Waiting(waiting) = desk.carry_on(&before).map_err(|problem| only_one(problem, order))? {
        return Ok(request::tell_waiting(&desk, &waiting, format));
    }
    let after = if done { before } else { desk.moving(&old, &new)? };
    tell(&desk, &after, order, format);
    Ok(Exit::Ok)
}

/// Says what helps an operator with few signing keys.
fn only_one(problem: Problem, order: &Move) -> Problem {
    if problem.code() != Code::OperatorQuorum {
        return problem;
    }
    let (old, new) = (&order.old, &order.new);
    problem.hint(format!(
        "List a third key first: `greatseal operator signing-key add KEY`, then the same again. Or leave {new} alone: \
         `greatseal key move {old} {new} --confirm {old} --replace-all`; both endorse it, so verifiers follow."
    ))
}

/// The steps, each with the stage after which it is done.
const STEPS: [(&str, &str, Stage); 3] = [
    ("list", "both keys are listed", Stage::List),
    ("sign", "what the old key signed is signed anew", Stage::SignAnew),
    ("unlist", "the old key is listed no more", Stage::Unlist),
];

fn tell(desk: &Desk, moving: &Moving, order: &Move, format: Format) {
    let Moving { job, old, new, stage, children, replace_all: _ } = moving;
    // Modules are files that only their owner knows.
    let unknown = matches!(job, Job::Account(_)) && *stage == Stage::Unlist;
    let stage = if unknown { &Stage::SignAnew } else { stage };
    let state = |of: Stage| match of.cmp(stage) {
        core::cmp::Ordering::Less => "done",
        core::cmp::Ordering::Equal => "next",
        core::cmp::Ordering::Greater => "later",
    };
    let for_whom = match job {
        Job::Operator => "the operator".to_owned(),
        Job::Account(account) => format!("the account {account}"),
        Job::Root => "the root".to_owned(),
    };
    let next = next(desk, moving, order);
    let steps: Vec<_> = STEPS.iter().map(|(name, _, of)| json!({ "step": name, "state": state(*of) })).collect();
    let object = json!({
        "old": old.0.as_str(),
        "new": new.0.as_str(),
        "for": for_whom,
        "steps": steps,
        "done": *stage == Stage::Done,
        "left": children.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "next": next,
    });
    output::answer(format, &object, || {
        let mut text = format!("moving {} to {}, for {for_whom}\n", desk.realm.show(&old.1), desk.realm.show(&new.1));
        for (_, words, of) in STEPS {
            text += &format!("  {:<6} {words}\n", state(of));
        }
        for child in children {
            text += &format!("  still on the old key: {child}\n");
        }
        text += "\n  Next:\n";
        for line in &next {
            text += &format!("    {line}\n");
        }
        text
    });
}

/// Says what a person does next, a line each.
fn next(desk: &Desk, moving: &Moving, order: &Move) -> Vec<String> {
    let (old, new) = (&order.old, &order.new);
    let again = format!("greatseal key move {old} {new}");
    let publish = "publish the realm's folder, and wait until every verifier has it".to_owned();
    match (moving.stage, &moving.job) {
        (Stage::List, _) => vec![again],
        (Stage::SignAnew, Job::Root) => vec![
            publish,
            format!("verifiers that mandate the separation are told of {}", moving.new.1.public_key()),
            again,
        ],
        (Stage::SignAnew, Job::Operator | Job::Account(_)) => vec![publish, again],
        (Stage::Unlist, Job::Account(account)) => vec![
            publish,
            format!("greatseal module reissue FILE... --account {} --by {new} --out FOLDER", own(account)),
            "put those files where the old ones are".into(),
            format!("{again} --confirm {old}"),
        ],
        (Stage::Unlist, Job::Root) => vec![
            publish,
            "bring the new delegations to the services that hold the old ones: greatseal delegation list".into(),
            format!("{again} --confirm {old}"),
        ],
        (Stage::Unlist, Job::Operator) => vec![publish, format!("{again} --confirm {old}")],
        (Stage::Done, job) => {
            let mut lines = vec![publish];
            let at_hand = desk.ring.has(&moving.old.1.public_key()).unwrap_or(false);
            // An account's older listing that comes to life again would bring the key back with it. An operator's key
            // is never revoked for this: verifiers that slept need its endorsements.
            if matches!(job, Job::Account(_)) {
                lines.push(match (at_hand, desk.sealed.is_kept(&moving.old.0)) {
                    (true, _) => format!("greatseal revoke key {old} --confirm {old}"),
                    (false, true) => format!("greatseal key sealed publish {old} --confirm {old}"),
                    (false, false) => format!("greatseal revoke key {old} --by {old} --confirm {old}"),
                });
            }
            // Of a key that is kept elsewhere there is nothing here to end.
            lines.push(if at_hand {
                format!("greatseal key retire {old} --confirm {old}")
            } else {
                format!("destroy the private half of {old} where it is")
            });
            lines
        }
    }
}
