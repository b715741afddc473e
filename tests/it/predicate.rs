//! One question, three ways to answer it: the predicate over records, the mirror's SQL, and the service's filters. They
//! must agree on rows in which anything may be missing, doubled or oddly written.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{
    Address, AgentOnInspection, AgentSide, AgentWanted, FixedClock, Inspection, InspectionOrder, InspectionQuery,
    InspectorOnInspection, InspectorWanted, SearchTerms, StatusWanted, Text, fold,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mirror::{Fresh, Mirror, MirrorSettings};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree as _;
use spectora::{Filter as _, InspectionFilter, Verdict};

const NAMES: &[&str] = &[
    "John Smith",
    "Mary Jones",
    "Mary Ann Smith",
    "José O'Neil",
    "小明",
    "Łukasz D'Angelo",
    "Smith-Jones",
    "Ann  MARY",
];
const SOLD: &[&str] = &["Home Inspection", "Radon Test", "Pool, Spa & Deck", "radon (48 h)", "Discount 10%", "¿?"];
const PLACES: &[&str] = &["12 Elm Street", "Elm St. #4", "Denver", "Nuñez, CO", "CO", "80202"];
const ZIPS: &[&str] = &["80202", "80202-1234", "2134", "02134", "K1A 0B6", "k1a 0b6", "8081"];
const WORDS: &[&str] =
    &["mary smith", "smith", "john jones", "o neil", "oneil", "rad", "elm 4", "明", "lukasz", "co", "10"];
const IDS: &[&str] = &["1", "2", "0007", "odd"];
/// Two of them differ by less than a millisecond.
const INSTANTS: &[&str] =
    &["2026-03-08T09:59:59.9994Z", "2026-03-08T10:00:00Z", "2026-03-08T10:00:00.0004Z", "2026-06-01T00:00:00Z"];

fn instant() -> impl Strategy<Value = Timestamp> {
    select(INSTANTS).prop_map(|at| at.parse().unwrap())
}

fn maybe<T: std::fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.6, some)
}

fn seldom<T: std::fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.25, some)
}

fn line(of: &'static [&'static str]) -> impl Strategy<Value = Option<Text>> {
    maybe(select(of)).prop_map(|text| text.and_then(Text::line))
}

fn lines(of: &'static [&'static str]) -> impl Strategy<Value = Vec<Text>> {
    proptest::collection::vec(select(of), 0..3).prop_map(|texts| texts.into_iter().filter_map(Text::line).collect())
}

fn agent() -> impl Strategy<Value = Option<AgentOnInspection>> {
    let of = (maybe(select(IDS)), line(NAMES));
    maybe(of).prop_map(|agent| {
        let (id, name) = agent?;
        Some(AgentOnInspection { id: id.and_then(|id| id.parse().ok()), name, email: None, phone: None })
    })
}

/// No id stands twice in a record: the reading of records sees to that.
fn inspectors() -> impl Strategy<Value = Vec<InspectorOnInspection>> {
    let with_id = (subsequence(IDS, 0..3), proptest::collection::vec(line(NAMES), 3));
    (with_id, lines(NAMES)).prop_map(|((ids, names), without_id)| {
        let known = ids.into_iter().zip(names).map(|(id, name)| (Some(id.parse().unwrap()), name));
        let unknown = without_id.into_iter().map(|name| (None, Some(name)));
        let all = known.chain(unknown).enumerate();
        all.map(|(at, (id, name))| InspectorOnInspection { id, name, primary: at == 0 }).collect()
    })
}

prop_compose! {
    fn inspection()(
        starts_at in maybe(instant()),
        (deleted_at, canceled_at, published_at) in (seldom(instant()), seldom(instant()), seldom(instant())),
        (confirmed, paid) in (maybe(any::<bool>()), maybe(any::<bool>())),
        client_names in lines(NAMES),
        (services, add_ons, not_add_ons) in (lines(SOLD), lines(SOLD), lines(SOLD)),
        (full, street, city, state) in (line(PLACES), line(PLACES), line(PLACES), line(PLACES)),
        zip in line(ZIPS),
        (buying_agent, selling_agent) in (agent(), agent()),
        inspectors in inspectors(),
    ) -> Inspection {
        Inspection {
            id: "1".parse().unwrap(),
            starts_at, deleted_at, canceled_at, published_at, confirmed, paid, client_names, services, add_ons, not_add_ons,
            address: Address { full, street, city, state, zip },
            buying_agent, selling_agent, inspectors,
            slug: None, duration_hours: None, cancel_reason: None, quote: None, order_id: None, template: None,
            agreements_present: None, agreements_signed: None, notes: None, request_notes: None,
            archived_by_inspector: None, client: None, client_2: None, attachments: None, created_at: None,
            updated_at: None, other: serde_json::Map::new(),
        }
    }
}

fn words() -> impl Strategy<Value = Option<SearchTerms>> {
    seldom(select(WORDS)).prop_map(|words| words.and_then(SearchTerms::of))
}

fn inspector_wanted() -> impl Strategy<Value = InspectorWanted> {
    let person = (maybe(select(IDS)), subsequence(NAMES, 0..3)).prop_map(|(id, names)| InspectorWanted::Person {
        id: id.map(|id| id.parse().unwrap()),
        names: names.into_iter().map(fold).collect(),
    });
    let called = select(WORDS).prop_map(|words| InspectorWanted::Called(SearchTerms::of(words).unwrap()));
    prop_oneof![person, called]
}

prop_compose! {
    fn query()(
        starts in seldom((instant(), instant())),
        statuses in seldom(subsequence(StatusWanted::ALL, 1..4)),
        now in instant(),
        (inspector, own) in (seldom(inspector_wanted()), seldom(inspector_wanted())),
        agent in seldom((select(IDS), seldom(select(vec![AgentSide::Buying, AgentSide::Selling])))),
        (client, service, address) in (words(), words(), words()),
        zip in seldom(select(ZIPS)),
        buyers in seldom(subsequence(IDS, 0..3)),
        (add_on, city) in (seldom(select(SOLD)), seldom(select(PLACES))),
        (paid, confirmed) in (seldom(any::<bool>()), seldom(any::<bool>())),
    ) -> InspectionQuery {
        InspectionQuery {
            starts, statuses: statuses.unwrap_or_default(), now, inspector, own,
            agent: agent.map(|(id, side)| AgentWanted { id: id.parse().unwrap(), side }),
            client, service, address, zip: zip.map(str::to_owned), paid, confirmed,
            buyers: buyers.map(|ids| ids.into_iter().map(|id| id.parse().unwrap()).collect()),
            add_on: add_on.map(fold), city: city.map(fold),
        }
    }
}

fn mirror_of(folder: &std::path::Path, rows: &[Inspection]) -> Arc<Mirror> {
    let mirror = Mirror::open(MirrorSettings {
        folder: folder.to_owned(),
        company: "spectora_company1".parse().unwrap(),
        timezone: TimeZone::get("America/Denver").unwrap(),
        mapping: "1".to_owned(),
        clock: Arc::new(FixedClock(INSTANTS[3].parse().unwrap())),
    })
    .unwrap();
    let fresh: Vec<Fresh<'_, Inspection>> = rows.iter().map(|record| Fresh { record, raw: b"{}" }).collect();
    mirror.write_now(|tx| tx.store_inspections(&fresh, INSTANTS[3].parse().unwrap())).unwrap();
    mirror
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_predicate_the_mirror_and_the_filters_agree(
        mut rows in proptest::collection::vec(inspection(), 30),
        queries in proptest::collection::vec(query(), 25),
    ) {
        for (at, row) in rows.iter_mut().enumerate() {
            // Ids that are no decimals are numbered otherwise in the tables.
            let id = if at % 7 == 3 { format!("x{at}") } else { (at + 1).to_string() };
            row.id = id.parse().unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let mirror = mirror_of(folder.path(), &rows);
        for query in &queries {
            let ids = |holds: &dyn Fn(&Inspection) -> bool| -> BTreeSet<String> {
                rows.iter().filter(|row| holds(row)).map(|row| row.id.to_string()).collect()
            };
            let wanted = ids(&|row| query.holds(row));
            let found = mirror.read_now(|snapshot| snapshot.inspection_ids(query, InspectionOrder::Newest)).unwrap();
            prop_assert_eq!(found.len(), wanted.len());
            prop_assert_eq!(&found.into_iter().collect::<BTreeSet<_>>(), &wanted, "the mirror, {:?}", query);
            let filters = InspectionFilter::of(query);
            let shows_deleted = filters.iter().any(|filter| matches!(filter, InspectionFilter::IncludeDeleted));
            let checked = |row: &Inspection, fits: &dyn Fn(Verdict) -> bool| {
                (shows_deleted || row.deleted_at.is_none()) && filters.iter().all(|filter| fits(filter.check(row)))
            };
            let let_through = ids(&|row| checked(row, &|verdict| !matches!(verdict, Verdict::Fails)));
            prop_assert!(wanted.is_subset(&let_through), "a filter leaves out what is wanted, {:?}", query);
            if InspectionFilter::settle(query) {
                // What has no date is in no list; the service's count of all has it.
                let passed = ids(&|row| row.starts_at.is_some() && checked(row, &|verdict| matches!(verdict, Verdict::Holds)));
                prop_assert!(passed.is_subset(&wanted), "the filters do not settle it, {:?}", query);
            }
        }
    }
}

#[test]
fn the_words_of_a_name_are_of_one_client() {
    let lines = |names: &[&str]| names.iter().filter_map(|name| Text::line(name)).collect::<Vec<_>>();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let base = inspection().new_tree(&mut runner).unwrap().current();
    let row = |id: &str, names: &[&str]| Inspection {
        id: id.parse().unwrap(),
        starts_at: Some(INSTANTS[1].parse().unwrap()),
        deleted_at: None,
        client_names: lines(names),
        ..base.clone()
    };
    let rows =
        [row("1", &["John Smith", "Mary Jones"]), row("2", &["Mary Smith"]), row("3", &["Bob Lee", "Mary A. Smith"])];
    let folder = tempfile::tempdir().unwrap();
    let mirror = mirror_of(folder.path(), &rows);
    let query = InspectionQuery { client: SearchTerms::of("Mary Smith"), ..InspectionQuery::default() };
    let found = mirror.read_now(|snapshot| snapshot.inspection_ids(&query, InspectionOrder::Newest)).unwrap();
    assert_eq!(found, ["3", "2"]);
    assert_eq!(rows.iter().map(|row| query.holds(row)).collect::<Vec<_>>(), [false, true, true]);
}
