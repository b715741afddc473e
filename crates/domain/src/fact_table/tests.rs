use proptest::prelude::*;

use super::*;

/// A row of which anything may be missing, people and words by these few keys.
fn new_fact() -> impl Strategy<Value = NewFact> {
    let edges = || prop_oneof![Just(i64::MIN + 1), Just(-1), Just(0), Just(i64::MAX), any::<i64>()];
    let wide = || proptest::option::of(edges().prop_filter("stands for none", |value| *value != i64::MIN));
    let key = || proptest::option::of(-3_i64..8);
    let word = || proptest::option::of(prop_oneof![0_i64..9, Just(i64::from(u32::MAX) - 1)]);
    let hours = proptest::option::of(prop_oneof![Just(0.0), Just(-0.5), Just(f64::MAX), 0.0..12.0]);
    let flags = (any::<Option<bool>>(), any::<Option<bool>>());
    let when = (edges(), -800_000_i64..800_000, 0_i64..1_440, hours);
    (when, (wide(), wide(), wide(), wide()), (key(), key(), key()), (word(), word(), word()), flags).prop_map(
        |((starts_at, day, minute, hours), instants, people, words, (paid, confirmed))| NewFact {
            pk: 0,
            starts_at,
            day,
            minute,
            hours,
            created_at: instants.0,
            canceled_at: instants.1,
            published_at: instants.2,
            quote: instants.3,
            inspector: people.0,
            buying_agent: people.1,
            selling_agent: people.2,
            zip: words.0,
            city: words.1,
            reason: words.2,
            client: people.2,
            paid,
            confirmed,
            agreements_signed: confirmed,
            ..NewFact::default()
        },
    )
}

proptest! {
    #[test]
    fn a_row_says_what_it_was_given(
        given in proptest::collection::vec(
            (new_fact(), proptest::collection::vec(1_i64..6, 0..4), proptest::collection::vec(-3_i64..8, 0..3)),
            0..12,
        ),
    ) {
        let mut builder = FactTableBuilder::default();
        let mut rows = Vec::new();
        let mut second = FactTableBuilder::default();
        for (pk, (row, sold, assistants)) in (1..).zip(&given) {
            let into = if pk % 3 == 0 { &mut second } else { &mut builder };
            let row = NewFact { pk, sold: into.sold(sold), assistants: into.assistants(assistants), ..*row };
            into.push(&row);
            rows.push((row, sold, assistants));
        }
        builder.absorb(second);
        builder.word(2, Named::AddOn("Radon Test".to_owned()));
        let table = builder.build();
        prop_assert_eq!(table.rows().len(), rows.len());
        prop_assert!(table.rows().is_sorted_by_key(|fact| (fact.starts_at(), fact.pk())));
        let mut clients = HashMap::new();
        for fact in table.rows() {
            let (row, sold, assistants) = rows[usize::try_from(fact.pk() - 1).unwrap()];
            let agent = |number: Option<AgentNumber>| number.map(|number| table.agent_key(number));
            let word = |number: Option<WordNumber>| number.map(WordNumber::key);
            let is = NewFact {
                pk: fact.pk(),
                starts_at: fact.starts_at(),
                day: fact.day(),
                minute: fact.minute().into(),
                hours: fact.hours(),
                created_at: fact.created_at(),
                canceled_at: fact.canceled_at(),
                published_at: fact.published_at(),
                quote: fact.quote(),
                inspector: fact.inspector().map(|number| table.inspector_key(number)),
                buying_agent: agent(fact.buying_agent()),
                selling_agent: agent(fact.selling_agent()),
                zip: word(fact.zip()),
                city: word(fact.city()),
                reason: word(fact.reason()),
                paid: fact.paid(),
                confirmed: fact.confirmed(),
                agreements_signed: fact.agreements_signed(),
                client: row.client,
                // Numbered anew where builders were joined; what they stand for is compared below.
                sold: row.sold,
                assistants: row.assistants,
            };
            prop_assert_eq!(is, row);
            // A table tells clients apart and no more.
            prop_assert_eq!(fact.client().is_some(), row.client.is_some());
            if let Some(number) = fact.client() {
                prop_assert!(number.index() < table.clients_len());
                prop_assert_eq!(*clients.entry(number).or_insert(row.client), row.client);
            }
            prop_assert_eq!(fact.is_canceled(), row.canceled_at.is_some());
            let words: Vec<i64> = table.sold(fact).iter().map(|word| word.key()).collect();
            prop_assert_eq!(&words, sold);
            prop_assert_eq!(table.has_add_on(fact), sold.contains(&2));
            let people: Vec<i64> = table.assistants(fact).iter().map(|one| table.inspector_key(*one)).collect();
            prop_assert_eq!(&people, assistants);
        }
        let keys: Vec<i64> = table.agent_numbers().map(|number| table.agent_key(number)).collect();
        prop_assert!(keys.is_sorted());
        prop_assert!(keys.iter().all(|key| table.agent_by_key(*key).map(|number| table.agent_key(number)) == Some(*key)));
    }
}

#[test]
fn what_has_no_room_becomes_the_nearest_or_unknown() {
    let mut builder = FactTableBuilder::default();
    let row = NewFact { quote: Some(i64::MIN), day: i64::MAX, minute: -1, zip: Some(-1), ..NewFact::default() };
    builder.push(&NewFact { hours: Some(f64::NAN), city: Some(i64::from(u32::MAX)), ..row });
    builder.word(-1, Named::Other("nowhere".to_owned()));
    let table = builder.build();
    let fact = table.rows()[0];
    assert_eq!((fact.quote(), fact.day(), fact.minute()), (Some(i64::MIN + 1), i64::from(i32::MAX), 0));
    assert_eq!((fact.zip(), fact.city(), fact.hours()), (None, None, None));
    assert_eq!(table.words().count(), 0);
    assert!(table.sold(&fact).is_empty() && table.assistants(&fact).is_empty() && table.agent_by_key(7).is_none());
}

#[test]
fn what_is_remembered_is_bounded_and_goes_with_its_rows() {
    let table = FactTable::default();
    table.memo().put("a".to_owned(), Arc::new(1_u64));
    assert_eq!(table.memo().get("a"), Some(Arc::new(1_u64)));
    assert_eq!(table.memo().get::<String>("a"), None, "another type");
    for n in 0..15_u64 {
        assert_eq!(table.memo().get("a"), Some(Arc::new(1_u64)), "what is asked for stays");
        table.memo().put(n.to_string(), Arc::new(n));
    }
    table.memo().put("b".to_owned(), Arc::new(2_u64));
    assert_eq!((table.memo().get::<u64>("0"), table.memo().get("a")), (None, Some(Arc::new(1_u64))));
    assert_eq!(table.only(|_| true).memo().get::<u64>("a"), None);
    assert_eq!(table.clone().memo().get::<u64>("a"), None);
}
