//! Each judgement holds what it says, on worlds of known truth: the bench `judgements` prints the table of all of them; here
//! it is held on fewer worlds. A line fails where its value lies more than three standard errors beyond its bound.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod agents;
mod forecasts;
mod inspectors;
mod marks;
mod measure;
mod worlds;

use measure::Line;

/// Worlds of each kind.
const WORLDS: u64 = 60;
/// The first one's seed.
const SEED: u64 = 50_000;

#[track_caller]
fn hold(lines: &[Line]) {
    assert!(!lines.is_empty());
    let broken = lines.iter().filter(|line| !line.bound.may_hold(&line.mean)).map(|line| {
        let (value, error) = (line.mean.value(), line.mean.standard_error());
        format!("{}, {}: {value:.3} (error {error:.3}), must be {}", line.what, line.world, line.bound.said())
    });
    let broken: Vec<String> = broken.collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn forecasts_hold() {
    // There are many kinds, and each of these companies has every model tried on its past.
    hold(&forecasts::lines(WORLDS / 3, SEED));
}

#[test]
fn agents_hold() {
    hold(&agents::lines(WORLDS, SEED));
}

#[test]
fn marks_hold() {
    hold(&marks::lines(WORLDS, SEED));
}

#[test]
fn inspectors_hold() {
    hold(&inspectors::lines(WORLDS, SEED));
}
