//! Random histories with thieves before the real verifier: a hundred thousand with model signatures, five hundred
//! with real ones. Ten million are `random-histories 10000000`.
#![allow(clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and says what it did")]

use greatseal_testkit::agreement::{differ, history, questions};
use greatseal_testkit::model::Model;
use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::random::{self, Dice};
use greatseal_testkit::succession::theft::promises::Theft;
use greatseal_testkit::succession::{Expect, History, Mode};
use greatseal_testkit::vectors::Folder;

/// Histories of one part, so that parts run side by side.
const PART: u64 = 12_500;

/// Holds the verifier against the reference on some seeds, with model signatures.
#[track_caller]
fn part(number: u64) {
    let mut model = Model::default();
    let (mut queries, mut captures) = (0, 0);
    for seed in number * PART..(number + 1) * PART {
        let told = history(seed);
        let questions = questions(&told, seed, 3);
        let theft = Theft::of(&told);
        queries += questions.len();
        captures += usize::from(theft.captures());
        let mut scene = model.play(&told);
        if let Some(difference) = differ(&told, &questions, &theft, |query| scene.ask(query).expect) {
            panic!("seed {seed}: {difference:?}");
        }
    }
    println!("{PART} histories, {queries} queries, {captures} thieves who could capture");
}

#[test]
fn verifier_and_reference_agree_part_1() {
    part(0);
}

#[test]
fn verifier_and_reference_agree_part_2() {
    part(1);
}

#[test]
fn verifier_and_reference_agree_part_3() {
    part(2);
}

#[test]
fn verifier_and_reference_agree_part_4() {
    part(3);
}

#[test]
fn verifier_and_reference_agree_part_5() {
    part(4);
}

#[test]
fn verifier_and_reference_agree_part_6() {
    part(5);
}

#[test]
fn verifier_and_reference_agree_part_7() {
    part(6);
}

#[test]
fn verifier_and_reference_agree_part_8() {
    part(7);
}

/// Every question about some histories, asked with real signatures; model signatures change no answer.
#[test]
fn verifier_and_reference_agree_with_real_signatures() {
    let mut model = Model::default();
    for seed in 1_000_000..1_000_500 {
        let told = history(seed);
        let (stage, mut scene) = (Stage::set(&told), model.play(&told));
        let questions = random::questions(&told);
        let asked = differ(&told, &questions, &Theft::of(&told), |query| {
            let real = stage.ask(query).expect;
            assert_eq!(scene.ask(query).expect, real, "seed {seed}, {query}: model and real signatures");
            real
        });
        assert!(asked.is_none(), "seed {seed}: {asked:?}");
    }
}

/// Neither the order of what is supplied nor what a stranger says, who stole nothing, changes an answer.
#[test]
fn order_and_strangers_change_no_answer_of_the_verifier() {
    let mut model = Model::default();
    for seed in 2_000_000..2_004_000 {
        let told = history(seed);
        let mut shuffled = told.clone();
        Dice::new(seed).shuffle(&mut shuffled.supplied);
        let beside = random::with_stranger(&told, seed);
        let questions = questions(&told, seed, 4);
        let mut answers = |told: &History| -> Vec<Expect> {
            let mut scene = model.play(told);
            questions.iter().map(|query| scene.ask(query).expect).collect()
        };
        let plain = answers(&told);
        assert_eq!(answers(&beside), plain, "seed {seed}: a stranger, {questions:?}");
        if told.mode == Mode::Stateless {
            assert_eq!(answers(&shuffled), plain, "seed {seed}: the order, {questions:?}");
        }
    }
}

#[test]
fn model_signatures_answer_every_labelled_history() {
    let folder = Folder::open("succession");
    let cases: Vec<History> = folder.json("cases.json");
    let mut model = Model::default();
    for case in &cases {
        let mut scene = model.play(case);
        for query in &case.queries {
            assert_eq!(scene.ask(&query.id).expect, query.expect, "{} {}", case.id, query.id);
        }
    }
    assert_eq!(cases.len(), 160);
}
