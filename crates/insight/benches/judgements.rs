//! How often each judgement is right, on worlds of known truth.
//!
//! `cargo bench -p insight --bench judgements -- [PART…] [--worlds 200] [--seed 0] [--save FILE] [--beside FILE]`, where a
//! part is `forecasts`, `agents`, `marks` or `inspectors` (all of them when none is given). `--save` writes the values to a
//! file, `--beside` shows those of such a file as `before` (`benches/judgements-before.tsv` has those from before the judgements
//! were calibrated).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, missing_docs, reason = "a bench prints")]

#[path = "../tests/judgements/agents.rs"]
mod agents;
#[path = "../tests/judgements/forecasts.rs"]
mod forecasts;
#[path = "../tests/judgements/inspectors.rs"]
mod inspectors;
#[path = "../tests/judgements/marks.rs"]
mod marks;
#[expect(dead_code, reason = "tests use more of it")]
#[path = "../tests/judgements/measure.rs"]
mod measure;
#[path = "../tests/judgements/worlds.rs"]
mod worlds;

use std::collections::BTreeMap;

use measure::Line;

type Measure = fn(u64, u64) -> Vec<Line>;
const PARTS: [(&str, Measure); 4] = [
    ("forecasts", forecasts::lines),
    ("agents", agents::lines),
    ("marks", marks::lines),
    ("inspectors", inspectors::lines),
];

/// What `--NAME VALUE` says.
fn option(arguments: &[String], name: &str) -> Option<String> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).cloned()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, usual: u64| option(&arguments, name).map_or(usual, |value| value.parse().unwrap());
    let (worlds, seed) = (number("--worlds", 200), number("--seed", 0));
    let named = |part: &str| arguments.iter().any(|argument| argument == part);
    let any = PARTS.iter().any(|(part, _)| named(part));
    let lines: Vec<Line> = std::thread::scope(|scope| {
        let parts: Vec<_> = PARTS
            .iter()
            .filter(|(part, _)| !any || named(part))
            .map(|(_, measure)| scope.spawn(move || measure(worlds, seed)))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    let before: BTreeMap<(String, String), String> =
        option(&arguments, "--beside").map_or_else(BTreeMap::new, |file| {
            let text = std::fs::read_to_string(file).unwrap();
            let line = |line: &str| {
                let mut parts = line.split('\t').map(str::to_owned);
                Some(((parts.next()?, parts.next()?), parts.next()?))
            };
            text.lines().filter_map(line).collect()
        });
    println!("{worlds} worlds of each kind, seeds from {seed}; ! marks what its bound does not hold");
    println!("{:58} {:40} {:>8} {:>8} {:>6}  must be", "judgement", "world", "before", "now", "error");
    for line in &lines {
        let key = (line.what.to_owned(), line.world.to_owned());
        let before = before.get(&key).map_or("", String::as_str);
        let mark = if line.bound.holds(line.mean.value()) { ' ' } else { '!' };
        let (value, error, bound) = (line.mean.value(), line.mean.standard_error(), line.bound.said());
        println!("{:58} {:40} {before:>8} {value:>8.3} {error:>6.3} {mark}{bound}", line.what, line.world);
    }
    if let Some(file) = option(&arguments, "--save") {
        let text = lines.iter().map(|line| format!("{}\t{}\t{:.3}\n", line.what, line.world, line.mean.value()));
        std::fs::write(file, text.collect::<String>()).unwrap();
    }
}
