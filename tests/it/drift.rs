//! A service that differs from what is expected: each difference is found, and the corrections make it right without a new
//! release.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use domain::{Clock as _, SystemClock};
use sandbox::{Difference, Profile, Sandbox, SandboxOptions};
use serde_json::Value;

/// What is planted, and the correction that is found for it; none where nothing can be corrected.
const PLANTED: &[(&str, &str, Option<&str>)] = &[
    ("path:contacts=/v2/people", "contacts, path", Some("[api.paths] contacts = \"/v2/people\"")),
    (
        "attribute:inspections.datetime=starts_at",
        "inspections, attributes: datetime",
        Some("[api.attributes.inspections] datetime = \"starts_at\""),
    ),
    (
        "attribute:connections.agency_name=brokerage",
        "connections, attributes: agency_name",
        Some("[api.attributes.connections] agency_name = \"brokerage\""),
    ),
    (
        "type:inspections.quote=cents",
        "inspections, attributes: quote",
        Some("[api.attributes.inspections] quote = { unit = \"cents\" }"),
    ),
    (
        "type:inspections.duration=minutes",
        "inspections, attributes: duration",
        Some("[api.attributes.inspections] duration = { unit = \"minutes\" }"),
    ),
    ("type:inspections.updated_at=epoch", "inspections, attributes: updated_at", None),
    (
        "filter:inspections.datetime_greater_than=starts_after",
        "inspections, filters: datetime_greater_than",
        Some("[api.filters.inspections] datetime_greater_than = \"starts_after\""),
    ),
    ("filter-gone:inspections.zip", "inspections, filters: zip", Some("[api.filters.inspections] zip = false")),
    ("page:first=0", "pages, numbers", Some("[api.paging] first = 0")),
    ("page:max=100", "pages, size", Some("[api.paging] size_max = 100")),
    ("envelope:data=results", "documents, rows", Some("[api.envelope] data = \"results\"")),
    ("envelope:records=total_count", "documents, pages: records", Some("[api.envelope] records = \"total_count\"")),
    ("include-gone:inspections.buyer", "inspections, includes: buyer", None),
    ("sort-gone:inspections.datetime", "inspections, order", None),
];

/// Differences of the whole form, which come together.
const FLAT: &[(&str, &str)] = &[
    ("envelope:flat=true", "documents, attributes"),
    ("envelope:data=items", "documents, rows"),
    ("page:number=page", "pages, parameters: number"),
    ("page:size=per_page", "pages, parameters: size"),
    ("attribute:inspections.canceled_at=cancelled_at", "inspections, attributes: canceled_at"),
    ("type:inspections.paid=yes_no", "inspections, attributes: paid"),
];

async fn sandbox(differences: impl Iterator<Item = &str>, profile: Profile) -> Sandbox {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.inspections = Some(320);
    options.agents_max = Some(15);
    options.profile = profile;
    options.differences = differences.map(|text| text.parse::<Difference>().unwrap()).collect();
    Sandbox::start(options).await.unwrap()
}

/// An office with this service.
struct Office(tempfile::TempDir);

impl Office {
    fn new(sandbox: &Sandbox) -> Self {
        let office = Self(tempfile::tempdir().unwrap());
        let company = &sandbox.companies()[0];
        let settings = format!(
            "# mine\n[companies.{}]\napi_key = \"{}\"\ntimezone = \"America/Denver\"\nrequests_per_minute = 10000\n\n\
             [api]\nbase_url = \"{}\" # keep\n",
            company.name,
            company.api_key,
            sandbox.base_url()
        );
        std::fs::write(office.path(), settings).unwrap();
        office
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("spectora.toml")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spectora-mcp"));
        command.env_clear().env("HOME", self.0.path()).arg("--config").arg(self.path()).args(arguments);
        command.args(["--log-level", "error"]).stdin(Stdio::null()).output().unwrap()
    }

    fn drift(&self, more: &[&str]) -> (Vec<Value>, String) {
        let output = self.run(&[&["doctor", "--drift", "--json"], more].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let mut documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let report = documents.next().unwrap().unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(report["companies"][0]["requests"].as_u64().is_some_and(|requests| requests <= 120), "{report}");
        (report["companies"][0]["differences"].as_array().unwrap().clone(), text)
    }

    /// Answers to questions that need everything, without when they were given.
    fn answers(&self) -> String {
        let read = self.run(&["sync", "--full"]);
        assert!(read.status.success(), "{read:?}");
        let questions: &[&[&str]] = &[
            &["call", "inspector_scorecard", "period=last_3_months"],
            &["call", "list_inspections", "status=canceled", "limit=40"],
            &["call", "list_inspections", "status=published", "limit=60", "period=last_3_months"],
            &["call", "list_agents", "limit=20"],
            &["call", "list_clients", "limit=20"],
            &["call", "agent_analysis"],
            &["call", "service_mix", "period=last_3_months"],
        ];
        let mut all = String::new();
        for question in questions {
            let output = self.run(question);
            assert!(output.status.success(), "{question:?}: {output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            let steady = text.lines().filter(|line| !line.starts_with("Basis:") && !line.starts_with("More:"));
            all.extend(steady.flat_map(|line| [line, "\n"]));
        }
        all
    }
}

/// Everything about people and places that the service has.
fn personal(sandbox: &Sandbox) -> Vec<String> {
    let truth = sandbox.truth();
    let company = &truth.companies[0];
    let agents = company
        .agents
        .iter()
        .flat_map(|agent| [agent.email.clone(), agent.last_name.clone(), Some(agent.phone.clone())]);
    let agents = agents.flatten();
    let clients = company.clients.iter().filter_map(sandbox::ClientRow::email);
    let all: Vec<String> = agents.chain(clients).filter(|text| 4 < text.len()).collect();
    assert!(60 < all.len());
    all
}

#[track_caller]
fn check_same(one: &str, other: &str) {
    let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert_eq!(differs, None);
    assert_eq!(one.lines().count(), other.lines().count());
}

fn looked(planted: Sandbox, plain: Sandbox) {
    let (office, other) = (Office::new(&planted), Office::new(&plain));
    let (found, text) = office.drift(&["--write"]);
    for (_, about, correction) in PLANTED {
        let one = found.iter().find(|one| one["about"] == *about).unwrap_or_else(|| panic!("{about}: {text}"));
        assert_eq!(one["correction"].as_str(), *correction, "{one}");
        assert!(!one["means"].as_str().unwrap().is_empty() && !one["came"].as_str().unwrap().is_empty(), "{one}");
    }
    assert_eq!(found.len(), PLANTED.len(), "{text}");
    for personal in personal(&planted) {
        assert!(!text.contains(&personal), "{personal} is told");
    }
    let settings = std::fs::read_to_string(office.path()).unwrap();
    assert!(
        settings.contains("# mine") && settings.contains("# keep") && settings.contains("[api.envelope]"),
        "{settings}"
    );
    assert!(Path::new(&format!("{}.backup", office.path().display())).is_file());
    // By the corrections only what none can be made for is left.
    let left: Vec<String> = office.drift(&[]).0.iter().map(|one| one["about"].as_str().unwrap().to_owned()).collect();
    let none: Vec<&str> = PLANTED.iter().filter(|planted| planted.2.is_none()).map(|planted| planted.1).collect();
    assert_eq!(left.len(), none.len(), "{left:?}");
    assert!(none.iter().all(|about| left.iter().any(|left| left == about)), "{left:?}");
    check_same(&office.answers(), &other.answers());
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_differences_are_found_and_corrected_without_a_release() {
    let planted = sandbox(PLANTED.iter().map(|planted| planted.0), Profile::Full).await;
    let plain = sandbox(std::iter::empty(), Profile::Full).await;
    tokio::task::spawn_blocking(|| looked(planted, plain)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_form_of_everything_is_found_too() {
    let planted = sandbox(FLAT.iter().map(|planted| planted.0), Profile::Full).await;
    let plain = sandbox(std::iter::empty(), Profile::Full).await;
    let done = tokio::task::spawn_blocking(move || {
        let office = Office::new(&planted);
        let (found, text) = office.drift(&["--write"]);
        for (_, about) in FLAT {
            assert!(found.iter().any(|one| one["about"] == *about), "{about}: {text}");
        }
        check_same(&office.answers(), &Office::new(&plain).answers());
        // The service as it is expected has no difference, and an attribute that was read under another name before is read
        // again from what is stored.
        let usual = Office::new(&plain);
        assert_eq!(usual.drift(&[]).0, Vec::<Value>::new());
        assert_eq!(usual.run(&["doctor", "--drift"]).status.code(), Some(0));
        let wrong = std::fs::read_to_string(usual.path()).unwrap() + "[api.attributes.inspections]\ndatetim = \"x\"\n";
        std::fs::write(usual.path(), wrong).unwrap();
        let refused = String::from_utf8(usual.run(&["sync"]).stderr).unwrap();
        assert!(
            refused.contains("`datetim` under [api.attributes.inspections]") && refused.contains("--drift"),
            "{refused}"
        );
    });
    done.await.unwrap();
}

/// A correction holds for what was stored before it: no request is needed for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_holds_for_what_is_stored_already() {
    let planted = sandbox(["attribute:inspections.published_at=report_published_at"].into_iter(), Profile::Full).await;
    let done = tokio::task::spawn_blocking(move || {
        let office = Office::new(&planted);
        let count = |office: &Office| {
            let output = office.run(&["call", "list_inspections", "status=published", "limit=1"]);
            String::from_utf8(output.stdout).unwrap().lines().next().unwrap().to_owned()
        };
        assert!(office.run(&["sync"]).status.success());
        assert!(count(&office).starts_with('0'), "{}", count(&office));
        let before = planted.log().len();
        let corrected = std::fs::read_to_string(office.path()).unwrap()
            + "[api.attributes.inspections]\npublished_at = \"report_published_at\"\n";
        std::fs::write(office.path(), corrected).unwrap();
        let after = count(&office);
        assert!(!after.starts_with('0') && after.contains(" of "), "{after}");
        assert!(planted.log().len() <= before + 4, "what changed is asked for, and no more");
    });
    done.await.unwrap();
}
