//! Random work on the store and on a plain map: both must always answer the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::samples::Thing;
use crate::{Read, Span, Store, StoreError, Taken};

super::cases![random_work_agrees_with_a_map];

/// Records by scope and id.
type Model = BTreeMap<(String, String), Thing>;

/// One step of a transaction.
#[derive(Debug, Clone)]
enum Step {
    Insert(String, Thing),
    Update(String, Thing),
    Put(String, Thing),
    Delete(String, String),
    Get(String, String),
    Find(String, String),
    Walk(String, String, bool, usize),
}

/// A transaction: its steps, and whether it is given up at the end.
type Work = (Vec<Step>, bool);

fn word() -> impl Strategy<Value = String> {
    // Few enough that steps meet; close enough that borders matter.
    prop::sample::select(vec!["", "a", "a\0", "aa", "ab", "b", "é", "\u{10ffff}"])
        .prop_map(str::to_owned)
}

fn thing() -> impl Strategy<Value = Thing> {
    let groups = prop::collection::vec(word(), 0..3);
    (word(), prop::option::of(word()), groups, any::<u64>()).prop_map(|(id, name, groups, size)| {
        Thing {
            id,
            name,
            groups,
            size,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let scope = || prop::sample::select(vec!["one", "two"]).prop_map(str::to_owned);
    prop_oneof![
        4 => (scope(), thing()).prop_map(|(scope, thing)| Step::Insert(scope, thing)),
        2 => (scope(), thing()).prop_map(|(scope, thing)| Step::Update(scope, thing)),
        2 => (scope(), thing()).prop_map(|(scope, thing)| Step::Put(scope, thing)),
        2 => (scope(), word()).prop_map(|(scope, id)| Step::Delete(scope, id)),
        1 => (scope(), word()).prop_map(|(scope, id)| Step::Get(scope, id)),
        1 => (scope(), word()).prop_map(|(scope, name)| Step::Find(scope, name)),
        3 => (scope(), word(), any::<bool>(), 1..4_usize)
            .prop_map(|(scope, text, exactly, limit)| Step::Walk(scope, text, exactly, limit)),
    ]
}

fn random_work_agrees_with_a_map(store: &Store) {
    let empty = store.snapshot().unwrap();
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let work = prop::collection::vec((prop::collection::vec(step(), 1..8), any::<bool>()), 1..8);
    let outcome = TestRunner::new(config).run(&work, |all| {
        store.reset_to(&empty).unwrap();
        agrees(store, &all)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn agrees(store: &Store, all: &[Work]) -> Result<(), TestCaseError> {
    let mut model = Model::new();
    for (steps, given_up) in all {
        let mut tentative = model.clone();
        let result: Result<(), Stop> = store.transact(|tx| {
            tentative = model.clone();
            for step in steps {
                write(step, tx, &mut tentative)?;
                read(step, tx, &tentative)?;
            }
            if *given_up {
                Err(Stop::GivenUp)
            } else {
                Ok(())
            }
        });
        match result {
            Ok(()) => model = tentative,
            Err(Stop::GivenUp) => {}
            Err(Stop::Wrong(wrong)) => return Err(wrong),
        }
        for step in steps {
            read(step, &store.read(), &model).map_err(Stop::wrong)?;
        }
    }
    Ok(())
}

/// Why a transaction ended early.
enum Stop {
    GivenUp,
    Wrong(TestCaseError),
}

impl Stop {
    fn wrong(self) -> TestCaseError {
        match self {
            Stop::GivenUp => TestCaseError::fail("gave up"),
            Stop::Wrong(wrong) => wrong,
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Wrong(TestCaseError::fail(error.to_string()))
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &Step, store: T, model: T) -> Result<(), Stop> {
    if store == model {
        return Ok(());
    }
    let words = format!("{what:?}: the store says {store:?}, the map {model:?}");
    Err(Stop::Wrong(TestCaseError::fail(words)))
}

fn write(step: &Step, tx: &mut crate::Transaction, model: &mut Model) -> Result<(), Stop> {
    let (scope, thing, known, outcome) = match step {
        Step::Insert(scope, thing) => (scope, thing, Some(false), tx.insert(scope, thing)),
        Step::Update(scope, thing) => (scope, thing, Some(true), tx.update(scope, thing)),
        Step::Put(scope, thing) => (scope, thing, None, tx.put(scope, thing)),
        Step::Delete(scope, id) => {
            let key = (scope.clone(), id.clone());
            let was_there = tx.delete::<Thing>(scope, id)?;
            return same(step, was_there, model.remove(&key).is_some());
        }
        _ => return Ok(()),
    };
    let key = (scope.clone(), thing.id.clone());
    let is_there = model.contains_key(&key);
    let rival = thing.name.is_some()
        && model
            .iter()
            .any(|(other, had)| *other != key && other.0 == *scope && had.name == thing.name);
    let expected = match known {
        Some(false) if is_there => Some(Taken::ID),
        Some(true) if !is_there => Some("missing"),
        _ => rival.then_some("name"),
    };
    if expected.is_none() {
        model.insert(key, thing.clone());
    }
    let refusal = match outcome {
        Ok(()) => None,
        Err(StoreError::Taken(taken)) => Some(taken.index),
        Err(StoreError::Missing { .. }) => Some("missing"),
        Err(other) => return Err(other.into()),
    };
    same(step, refusal, expected)
}

fn read(step: &Step, reader: &impl Read, model: &Model) -> Result<(), Stop> {
    match step {
        Step::Get(scope, id) => {
            let had = model.get(&(scope.clone(), id.clone())).cloned();
            same(step, reader.get(scope, id)?, had)
        }
        Step::Find(scope, name) => {
            let had = model
                .iter()
                .find(|(key, thing)| key.0 == *scope && thing.name.as_ref() == Some(name));
            let had = had.map(|(_, thing)| thing.clone());
            same(step, reader.find(scope, "name", name)?, had)
        }
        Step::Walk(scope, text, exactly, limit) => {
            let span = if *exactly {
                Span::Exactly(text)
            } else {
                Span::Prefix(text)
            };
            let inside = |group: &str| match span {
                Span::Exactly(text) => group == text,
                Span::Prefix(text) => group.starts_with(text),
            };
            let mut had: Vec<_> = model
                .iter()
                .filter(|(key, _)| key.0 == *scope)
                .flat_map(|(_, thing)| thing.groups.iter().map(move |group| (group, thing)))
                .filter(|(group, _)| inside(group))
                .map(|(group, thing)| (group.clone(), thing.id.clone(), thing.clone()))
                .collect();
            had.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
            had.dedup();
            let had: Vec<Thing> = had.into_iter().map(|(_, _, thing)| thing).collect();

            let count = reader.count::<Thing>(scope, "group", span)?;
            same(step, count, had.len() as u64)?;
            let mut walked = Vec::new();
            let mut after: Option<String> = None;
            loop {
                let page = reader.page(scope, "group", span, after.as_deref(), *limit)?;
                walked.extend(page.records);
                after = page.next;
                if after.is_none() {
                    return same(step, walked, had);
                }
            }
        }
        _ => Ok(()),
    }
}
