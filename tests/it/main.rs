//! The one integration binary: one file an area.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop a test; clippy's exception covers test functions only"
)]

// How the modules of the program may use each other, and which crates are fenced.
mod architecture;
// The daily briefing against plain loops.
mod breakages;
mod briefing;
// Forecasts checked by what came, and the counts beside them by plain loops.
mod bundle;
mod capacity;
// What the built binary does at the shell.
mod cli;
// What a call costs in requests to the service.
mod cost;
// The examples in configs/.
mod configs;
// What is installed from elsewhere, by exact version.
mod dependencies;
// What doctor finds on each kind of service.
mod doctor;
// Files on disk: started over, damaged, exported, and who may read them.
mod drift;
mod files;
// Text from strangers that tries to be more than text.
mod hostile;
// Streamable HTTP, spoken by hand.
mod http;
// Keys put in and taken out, and where they are.
mod keys;
// Logging in over HTTP, as web clients and attackers do it.
mod login;
// Worked-out answers against plain loops over the truth.
mod insight;
// The first minute of a large company: an answer waits for no more than it needs.
mod first_minute;
// What a mirror adds to answers.
mod mirror;
// Every number of the insights against plain loops, over seeds, zones and gaps in the rows.
mod metrics;
// Whose a number is: explained, of those who left, by names that fit several.
mod people;
// One question put to records, to the mirror and to the service.
mod predicate;
mod privacy;
// Several processes on one mirror, and processes that are killed.
mod processes;
// Questions people really ask, each one call, against plain loops.
mod questions;
// What logs may hold, and what standard output may hold while things go wrong.
mod quiet;
// Nothing but GET, and the key to its origin only.
mod read_only;
// `report`: the numbers of the tools, in every form.
mod remedies;
mod report;
// The configuration changes while the program serves.
mod reload;
// Agents' rhythms by plain loops.
mod rhythm;
// What a role may not show is in no answer.
mod roles;
// Whole lives of a mirror, decided by a seed, against all that ever was.
mod simulation;
// What other files share.
mod support;
// How a server starts and ends, whatever its configuration.
mod setup;
mod sloppy;
mod start;
// Spans and numbers that are sent to a collector.
mod telemetry;
// The published surface.
mod surface;
// The mirror against the generated truth, and its cost in calls.
mod sync;
// What is too long, too deep, or no arguments at all.
mod limits;
// Lists of every kind, over all their pages.
mod lists;
mod marks;
// Answers against the generated truth, worked out by plain loops.
mod tools;
// A company stays itself, absence is proven, and what fails stays small.
mod trust;
// Whether there is a newer version, and who is asked that.
mod updates;
// One vocabulary in all answers: whole lists, numbers of one form, names that tell who is meant.
mod views;
mod vocabulary;
// How areas, names and people are told apart, and what is said to distort numbers.
mod names;
