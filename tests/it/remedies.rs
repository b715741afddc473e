//! Every error that a person or a model may see comes with what to do about it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use access::{AccessError, StoreError};
use answers::{AnswerError, Candidate};
use assistants::{ChangeError, EditError};
use domain::RoleError;
use mcp::ToolFailure;
use mirror::MirrorError;
use records::{Hidden, RecordsError};
use spectora::{
    BaseUrlError, ClientBuildError, CorrectionError, Endpoint, ReleaseError, SpectoraError, SpectoraErrorKind,
    Uncounted, Unreached,
};
use spectora_mcp::app::AppError;
use spectora_mcp::config::ConfigError;
use sync::SyncError;

/// This file, which names every kind of every error.
const HERE: &str = include_str!("remedies.rs");

/// Errors that are no messages of their own, with where what to do is said.
const ELSEWHERE: &[(&str, &str)] = &[
    ("PageError", "its sentences end with what to do: they are the page"),
    ("IssuerError", "told to programs, by the codes of OAuth"),
    ("EnvelopeError", "told to Spectora's webhooks, which nobody reads"),
    ("PaintError", "its cases hold errors of the libraries that write files; `remedy` is exhaustive"),
    ("PdfError", "one remedy for all its cases, which need a broken font or library"),
    ("TelemetryError", "its cases need an exporter; `remedy` is exhaustive"),
];

/// Cases that hold an error of the database's own library, which is fenced in: `MirrorError::Sql`, `StoreError::Database`.
/// `remedy` has one text for each.
fn some() -> String {
    "x".to_owned()
}

fn file() -> PathBuf {
    PathBuf::from("/nowhere/x")
}

fn io() -> std::io::Error {
    std::io::ErrorKind::PermissionDenied.into()
}

fn config() -> Vec<String> {
    let naming = domain::Naming::new(
        &[("A".to_owned(), vec!["B".to_owned()]), ("C".to_owned(), vec!["B".to_owned()])].into(),
        &[],
        &[],
    );
    let all = [
        ConfigError::NoCompany,
        ConfigError::Unreadable { path: file(), reason: some() },
        ConfigError::Syntax { path: file(), line: 1, message: some() },
        ConfigError::Backslash { path: file(), line: 1 },
        ConfigError::NoHome,
        ConfigError::ZeroMonths { company: some() },
        ConfigError::Forgotten { path: file(), reason: some() },
        ConfigError::CompanyName("A B".parse::<domain::CompanyName>().unwrap_err()),
        ConfigError::NotAName { place: some() },
        ConfigError::UnknownCompany { given: some(), names: some() },
        ConfigError::WhichCompany { names: some() },
        ConfigError::KeyAsName { variable: some() },
        ConfigError::SameName { name: some(), keys: some() },
        ConfigError::NoKey { company: some() },
        ConfigError::Key { company: some(), reason: some() },
        ConfigError::Zone { company: some(), given: some(), near: some() },
        ConfigError::NoMachineZone { company: some() },
        ConfigError::ZeroRequests { company: some() },
        ConfigError::ZeroBudget { company: some() },
        ConfigError::Naming { company: some(), source: naming.unwrap_err() },
        ConfigError::BadFilterName { given: some() },
        ConfigError::PublicUrl { given: some() },
        ConfigError::Collector { place: some() },
        ConfigError::TrustedProxy { given: some() },
        ConfigError::UpdateAddress { given: some() },
        ConfigError::UnknownPath { given: some(), valid: some() },
        ConfigError::BadPath { name: some(), path: some() },
        ConfigError::Correction(CorrectionError { table: some(), name: some(), known: some() }),
    ];
    all.iter().map(|error| error.remedy().to_owned()).collect()
}

fn unreached() -> [Unreached; 5] {
    [
        Unreached::UnknownHost,
        Unreached::Refused,
        Unreached::Proxy(some()),
        Unreached::Certificate(some()),
        Unreached::Other(some()),
    ]
}

fn releases() -> Vec<ReleaseError> {
    let mut all = vec![
        ReleaseError::Connection(ClientBuildError::NoAuthorities(some())),
        ReleaseError::BrokenOff,
        ReleaseError::TimedOut(Duration::from_secs(1)),
        ReleaseError::Redirected,
        ReleaseError::Refused(404),
        ReleaseError::TooLarge(1),
        ReleaseError::NotUnderstood("x"),
    ];
    all.extend(unreached().into_iter().map(ReleaseError::Unreached));
    all
}

fn service_kinds() -> Vec<SpectoraErrorKind> {
    let uncounted = [Uncounted::DiskFull, Uncounted::Damaged, Uncounted::Unusable];
    let mut all = vec![
        SpectoraErrorKind::KeyRefused,
        SpectoraErrorKind::KeyWithoutRight,
        SpectoraErrorKind::NotFound { assumed_path: Some("contacts"), in_service_form: false },
        SpectoraErrorKind::NotFound { assumed_path: None, in_service_form: true },
        SpectoraErrorKind::NotFound { assumed_path: None, in_service_form: false },
        SpectoraErrorKind::OtherCompany { expected: some(), found: some() },
        SpectoraErrorKind::RequestRefused { status: 422, detail: some() },
        SpectoraErrorKind::RateLimited { retry_at: None },
        SpectoraErrorKind::RateLimited { retry_at: Some(jiff::Timestamp::UNIX_EPOCH) },
        SpectoraErrorKind::OverBudget { used: 1, budget: 1 },
        SpectoraErrorKind::Unavailable { reason: some() },
        SpectoraErrorKind::NotUnderstood { path: some(), reason: some() },
        SpectoraErrorKind::TooLarge { limit_bytes: 1 },
        SpectoraErrorKind::TimedOut { after: Duration::from_secs(1) },
    ];
    all.extend(uncounted.into_iter().map(SpectoraErrorKind::NotCounted));
    all.extend(unreached().into_iter().map(SpectoraErrorKind::Unreached));
    all
}

fn service(kind: SpectoraErrorKind) -> SpectoraError {
    SpectoraError { endpoint: Endpoint::ALL[0], attempts: 1, kind }
}

fn files() -> Vec<MirrorError> {
    vec![
        MirrorError::Unusable { path: file(), reason: some() },
        MirrorError::Newer { path: file(), found: 2, known: 1 },
        MirrorError::Damaged { path: file(), reason: some() },
        MirrorError::LedgerDamaged { path: file(), reason: some() },
        MirrorError::BeingSynced,
        MirrorError::Busy,
        MirrorError::Closed,
    ]
}

fn program() -> Vec<String> {
    let apps = [
        AppError::BaseUrl(BaseUrlError),
        AppError::Connection(ClientBuildError::NoAuthorities(some())),
        AppError::Client { company: "x".parse().unwrap(), source: ClientBuildError::OddKey },
    ];
    let stores = [
        StoreError::Unusable { path: file(), reason: some() },
        StoreError::Newer { path: file() },
        StoreError::BrokenOff,
    ];
    let accesses = [
        AccessError::Store(StoreError::BrokenOff),
        AccessError::BadName(some()),
        AccessError::Taken { what: "person", name: some() },
        AccessError::ShortPassphrase { min: 1 },
        AccessError::Unknown(some()),
        AccessError::Redirect(some()),
        AccessError::Hash(some()),
    ];
    let edits = [
        EditError::Broken { line: 1, column: 1, reason: some() },
        EditError::NotAList(some()),
        EditError::OtherProgram(some()),
        EditError::Path,
    ];
    let mut changes = vec![
        ChangeError::Read { path: file(), error: io() },
        ChangeError::NotText(file()),
        ChangeError::ChangedMeanwhile(file()),
        ChangeError::Write { path: file(), error: io() },
    ];
    changes.extend(edits.into_iter().map(|error| ChangeError::Edit { path: file(), error }));
    let roles = [RoleError::Unknown { given: some(), known: some() }, RoleError::NoInspector { role: some() }];
    let syncs = [
        SyncError::Service(service(SpectoraErrorKind::KeyRefused)),
        SyncError::Mirror(MirrorError::Busy),
        SyncError::Busy,
        SyncError::OtherCompany,
        SyncError::OverBudget { needed: 2, left: 1 },
    ];
    let mut all: Vec<String> = apps.iter().map(|error| error.remedy().to_owned()).collect();
    all.extend(stores.iter().map(|error| error.remedy().to_owned()));
    all.extend(releases().iter().map(|error| error.remedy().to_owned()));
    all.extend(accesses.iter().map(|error| error.remedy().to_owned()));
    all.extend(changes.iter().map(|error| error.remedy().to_owned()));
    all.extend(roles.iter().map(|error| error.remedy().to_owned()));
    all.extend(syncs.iter().map(SyncError::remedy));
    all.extend(files().iter().map(|error| error.remedy().to_owned()));
    all.extend(service_kinds().into_iter().map(|kind| service(kind).remedy()));
    all
}

fn answers() -> Vec<String> {
    let someone = || vec![Candidate { name: some(), company: None }];
    let named = |nearest| RecordsError::UnknownName { what: "agent", given: some(), nearest };
    let mut records = vec![
        RecordsError::OtherCompany,
        RecordsError::NoMirror,
        RecordsError::NotRefreshed { why: some(), remedy: None },
        RecordsError::NotRefreshed { why: some(), remedy: Some("wait".to_owned()) },
        named(Vec::new()),
        named(vec![some()]),
        RecordsError::UnknownId { what: "agent", id: some() },
        RecordsError::UnknownId { what: "inspector", id: some() },
        RecordsError::AmbiguousName { what: "agent", given: some(), candidates: vec![some()] },
        RecordsError::TooMuchToSort,
        RecordsError::NotShown { what: Hidden::Money, leave_out: None },
        RecordsError::NotShown { what: Hidden::Money, leave_out: Some("sort") },
        RecordsError::NoOwnWork { inspector: some(), several: false },
        RecordsError::OwnWorkNeedsMirror,
    ];
    records.extend(service_kinds().into_iter().map(|kind| RecordsError::Service(service(kind))));
    records.extend(files().into_iter().map(RecordsError::Mirror));
    let mut all: Vec<AnswerError> = records.into_iter().map(AnswerError::Records).collect();
    all.extend([
        AnswerError::Ambiguous { what: some(), candidates: someone() },
        AnswerError::SeveralPeople { given: some(), candidates: someone() },
        AnswerError::UnknownName { what: some(), kind: "agent", nearest: someone() },
        AnswerError::OtherKind { what: some(), given: some(), argument: "agent" },
        AnswerError::InSeveralCompanies { what: "agent", id: some(), companies: Vec::new() },
        AnswerError::NotFound { what: "agent", id: some(), companies: Vec::new() },
        AnswerError::NotADate { name: "from", given: some() },
        AnswerError::PeriodTwice,
        AnswerError::UnknownPeriod(some()),
        AnswerError::Days(
            domain::DateRange::new(jiff::civil::date(2026, 2, 1), jiff::civil::date(2026, 1, 1)).unwrap_err(),
        ),
    ]);
    all.into_iter().map(|error| ToolFailure::from(error).remedy().to_owned()).collect()
}

/// Words a remedy begins with, or has after a colon or a comma: something to do.
const TO_DO: &[&str] = &[
    "add",
    "ask",
    "change",
    "check",
    "choose",
    "close",
    "copy",
    "correct",
    "delete",
    "did you mean",
    "free",
    "give",
    "install",
    "leave",
    "let",
    "look",
    "make",
    "mend",
    "name",
    "open",
    "put",
    "raise",
    "revoke",
    "run",
    "set",
    "start",
    "take",
    "try",
    "use",
    "wait",
    "write",
    "whoever gave you access must",
    "shows",
];

#[test]
fn every_error_says_what_to_do() {
    let all: Vec<String> = [config(), program(), answers()].concat();
    assert!(100 < all.len());
    for remedy in all {
        let words: Vec<&str> = remedy.split(|c: char| !c.is_alphanumeric()).collect();
        let does = TO_DO.iter().any(|word| match word.split_once(' ') {
            Some(_) => remedy.contains(word),
            None => words.contains(word),
        });
        assert!(does, "nothing to do in: {remedy}");
        assert!(!remedy.ends_with('.') && !remedy.starts_with(char::is_uppercase), "it goes into a sentence: {remedy}");
    }
}

/// The errors of the sources and the cases of each.
fn errors() -> Vec<(String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("crates")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(errors_of(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

fn errors_of(source: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for (start, _) in source.match_indices("thiserror::Error") {
        let rest = &source[start..];
        let Some(at) = rest.find("enum ").filter(|at| !rest[..*at].contains(['{', ';'])) else { continue };
        let name: String = rest[at + 5..].chars().take_while(|c| c.is_alphanumeric()).collect();
        let body = &rest[rest.find('{').unwrap() + 1..];
        let body = &body[..body.find("\n}").unwrap()];
        // The cases stand four blanks in, and begin with a capital letter.
        let cases = body.lines().filter_map(|line| {
            let case = line.strip_prefix("    ")?;
            let name: String = case.chars().take_while(|c| c.is_alphanumeric()).collect();
            name.starts_with(char::is_uppercase).then_some(name)
        });
        found.push((name, cases.collect()));
    }
    found
}

#[test]
fn every_case_of_every_error_is_looked_at() {
    let errors = errors();
    let names: BTreeSet<&str> = errors.iter().map(|(name, _)| name.as_str()).collect();
    assert!(15 <= names.len(), "{names:?}");
    for (elsewhere, _) in ELSEWHERE {
        assert!(names.contains(elsewhere), "{elsewhere} is no error any more");
    }
    for (name, cases) in &errors {
        assert!(!cases.is_empty(), "{name}");
        if ELSEWHERE.iter().any(|(elsewhere, _)| elsewhere == name) {
            continue;
        }
        for case in cases {
            assert!(HERE.contains(&format!("{name}::{case}")), "{name}::{case}: what is to be done then?");
        }
    }
}
