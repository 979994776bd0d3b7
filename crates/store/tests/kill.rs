//! `kill -9` while many write: whatever was acknowledged is there, nothing is half-made.
//!
//! The test runs itself again as a child that writes as fast as it can and says what was
//! acknowledged; the parent kills it in the middle, opens the folder and looks.

#![allow(clippy::unwrap_used, reason = "a test and its helpers")]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, thread};

use serde::{Deserialize, Serialize};
use store::{Exactly, Lookup, Read, Record, Store, StoreError};

const SCOPE: &str = "main";
const FOLDER: &str = "STORE_TEST_KILL_FOLDER";
const ROUND: &str = "STORE_TEST_KILL_ROUND";
const ROUNDS: u32 = 6;
const WRITERS: u32 = 8;
const LINES: u32 = 3;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: String,
}

impl Record for Order {
    const KIND: &'static str = "kill.order";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::many("all", "")]
    }
}

/// A part of an order, written together with it.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    order: String,
    number: u32,
    text: String,
}

impl Record for Line {
    const KIND: &'static str = "kill.line";

    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(format!("{}/{}", self.order, self.number))
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            Lookup::unique("name", format!("name of {}", self.id())),
            Lookup::many("order", &self.order),
        ]
    }
}

/// How many commits there were: of one writer, or of all.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Tally {
    id: String,
    commits: u64,
}

impl Record for Tally {
    const KIND: &'static str = "kill.tally";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::many("all", "")]
    }
}

fn count_up(tx: &mut store::Transaction, id: &str) -> Result<(), StoreError> {
    let mut tally: Tally = tx.get(SCOPE, id)?.unwrap_or_default();
    tally.id = id.to_owned();
    tally.commits += 1;
    tx.put(SCOPE, &tally)
}

fn place(tx: &mut store::Transaction, order: &str) -> Result<(), StoreError> {
    for number in 0..LINES {
        tx.insert(
            SCOPE,
            &Line {
                order: order.to_owned(),
                number,
                text: "x".repeat(200),
            },
        )?;
    }
    let id = order.to_owned();
    tx.insert(SCOPE, &Order { id })
}

fn cancel(tx: &mut store::Transaction, order: &str) -> Result<(), StoreError> {
    for line in tx.all::<Line>(SCOPE, "order", Exactly(order))? {
        assert!(tx.delete::<Line>(SCOPE, &line.id())?);
    }
    assert!(tx.delete::<Order>(SCOPE, order)?);
    Ok(())
}

/// Writes until somebody ends the process.
fn write(store: &Store, round: &str, writer: u32) -> Result<(), StoreError> {
    let tally = format!("writer {round}.{writer}");
    for turn in 0_u32.. {
        let order = format!("{round}.{writer}.{turn}");
        store.transact(|tx| {
            count_up(tx, &tally)?;
            // Some of it contended, most of it not, as in life.
            if turn % 8 == 0 {
                count_up(tx, "everybody")?;
            }
            place(tx, &order)
        })?;
        acknowledge("placed", &order);

        if turn % 4 == 3 {
            store.transact(|tx| {
                count_up(tx, &tally)?;
                cancel(tx, &order)
            })?;
            acknowledge("cancelled", &order);
        }
    }
    Ok(())
}

fn acknowledge(what: &str, order: &str) {
    let line = format!("\n{what} {order} .\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

#[test]
fn child_writes_until_killed() {
    let (Ok(folder), Ok(round)) = (env::var(FOLDER), env::var(ROUND)) else {
        return;
    };
    let store = Store::open(Path::new(&folder)).unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, round) = (&store, &round);
            scope.spawn(move || write(store, round, writer).unwrap());
        }
    });
}

/// What the children were told.
#[derive(Default)]
struct Told {
    placed: BTreeSet<String>,
    cancelled: BTreeSet<String>,
}

/// Runs a child, kills it after it has said `enough` lines, and hears it out.
fn run_and_kill(folder: &Path, round: u32, enough: u64, told: &mut Told) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["child_writes_until_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());

    let mut heard = 0;
    for line in stdout.lines() {
        let line = line.unwrap();
        // The last line may have been cut off by the kill; whole ones end in a full stop.
        let mut words = line.split(' ');
        let (Some(what), Some(order), Some(".")) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        match what {
            "placed" => told.placed.insert(order.to_owned()),
            "cancelled" => told.cancelled.insert(order.to_owned()),
            _ => continue,
        };
        heard += 1;
        if heard == enough {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(heard >= enough, "the child ended by itself after {heard}");
}

/// Checks the folder against what was told; gives back how many orders there are.
fn check(folder: &Path, told: &Told) -> usize {
    let store = Store::open(folder).unwrap();
    let reader = store.read();

    let orders: Vec<Order> = reader.all(SCOPE, "all", "").unwrap();
    let orders: BTreeSet<String> = orders.into_iter().map(|order| order.id).collect();
    for order in told.placed.difference(&told.cancelled) {
        // Its cancellation may have been under way, and done, but never told.
        let turn: u32 = order.rsplit('.').next().unwrap().parse().unwrap();
        assert!(orders.contains(order) || turn % 4 == 3, "{order} is lost");
    }
    for order in &told.cancelled {
        assert!(!orders.contains(order), "{order} is back");
    }

    for order in &orders {
        let lines: Vec<Line> = reader.all(SCOPE, "order", Exactly(order)).unwrap();
        assert_eq!(lines.len(), LINES as usize, "{order} is half-made");
        for line in lines {
            let name = format!("name of {}", line.id());
            let by_name: Option<Line> = reader.find(SCOPE, "name", &name).unwrap();
            assert_eq!(by_name.map(|line| line.order), Some(order.clone()));
        }
    }
    let lines = reader.count::<Line>(SCOPE, "order", "").unwrap();
    assert_eq!(lines, orders.len() as u64 * u64::from(LINES));

    let tallies: Vec<Tally> = reader.all(SCOPE, "all", "").unwrap();
    let commits = tallies
        .iter()
        .filter(|tally| tally.id != "everybody")
        .map(|tally| tally.commits)
        .sum::<u64>();
    assert!(commits >= (told.placed.len() + told.cancelled.len()) as u64);
    assert_eq!(reader.counter(SCOPE).unwrap(), commits);
    orders.len()
}

/// Looks beneath the store: each lookup that a record says it has is in the table, and
/// no other.
fn check_tables(folder: &Path) {
    let raw = rusqlite::Connection::open(folder.join("store.sqlite")).unwrap();
    let sound: String = raw
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");

    let mut records = raw
        .prepare("SELECT kind, id, json_array_length(CAST(lookups AS TEXT)) FROM records")
        .unwrap();
    let records = records
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    let expected: BTreeSet<(String, String, i64)> = records.map(Result::unwrap).collect();

    let mut lookups = raw
        .prepare("SELECT kind, id, count(*) FROM lookups GROUP BY kind, id")
        .unwrap();
    let lookups = lookups
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert_eq!(
        lookups.map(Result::unwrap).collect::<BTreeSet<_>>(),
        expected
    );
}

#[test]
fn a_killed_process_loses_nothing_acknowledged_and_leaves_nothing_half_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    let mut kept = 0;
    for round in 0..ROUNDS {
        let enough = 20 + RandomState::new().hash_one(round) % 400;
        run_and_kill(folder.path(), round, enough, &mut told);
        let now = check(folder.path(), &told);
        assert!(now > kept, "round {round}");
        kept = now;
        check_tables(folder.path());
    }
}
