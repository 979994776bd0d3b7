//! Commits per second with few and many writers, and reads per second.
//!
//! The folder is where temporary files are: set `TMPDIR` to measure another disk.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark, whose main function is a macro's"
)]

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::{Deserialize, Serialize};
use store::{Exactly, Lookup, Read, Record, Store, StoreError};

const SCOPE: &str = "111122223333";
const READ_FROM: u64 = 20_000;

/// About what a role is.
#[derive(Serialize, Deserialize)]
struct Role {
    id: String,
    name: String,
    path: String,
    document: String,
}

impl Record for Role {
    const KIND: &'static str = "bench.role";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            Lookup::unique("name", &self.name),
            Lookup::many("path", format!("{}{}", self.path, self.name)),
        ]
    }
}

fn role(number: u64) -> Role {
    Role {
        id: format!("AROA{number:017}"),
        name: format!("role-{number}"),
        path: format!("/team-{}/", number % 100),
        document: "d".repeat(600),
    }
}

fn insert(store: &Store, number: u64) {
    let done: Result<(), StoreError> = store.transact(|tx| tx.insert(SCOPE, &role(number)));
    done.expect("the insert commits");
}

/// Time for `commits` inserts by `writers` threads.
fn inserts(store: &Store, next: &AtomicU64, writers: u64, commits: u64) -> Duration {
    let left = AtomicU64::new(commits);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                let take = |left: u64| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok()
                {
                    insert(store, next.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
    });
    began.elapsed()
}

fn commits(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a store");
    let next = AtomicU64::new(0);
    let mut group = criterion.benchmark_group("commits");
    group.sample_size(10).throughput(Throughput::Elements(1));
    for writers in [1, 16, 64] {
        group.bench_function(format!("{writers} writers"), |bencher| {
            bencher.iter_custom(|commits| inserts(&store, &next, writers, commits));
        });
    }
    group.finish();
}

fn reads(criterion: &mut Criterion) {
    let store = Store::in_memory().expect("a store");
    inserts(&store, &AtomicU64::new(0), 64, READ_FROM);
    let numbers = AtomicU64::new(0);
    let some = || role(numbers.fetch_add(7_919, Ordering::Relaxed) % READ_FROM);

    let mut group = criterion.benchmark_group("reads");
    group.throughput(Throughput::Elements(1));
    group.bench_function("get", |bencher| {
        bencher.iter(|| black_box(store.get::<Role>(SCOPE, &some().id)));
    });
    group.bench_function("find", |bencher| {
        bencher.iter(|| black_box(store.read().find::<Role>(SCOPE, "name", &some().name)));
    });
    group.bench_function("page of 100", |bencher| {
        bencher.iter(|| {
            black_box(
                store
                    .read()
                    .page::<Role>(SCOPE, "path", "/team-7/", None, 100),
            )
        });
    });
    group.bench_function("count of 200", |bencher| {
        bencher.iter(|| black_box(store.read().count::<Role>(SCOPE, "path", "/team-7/")));
    });
    group.bench_function("absent", |bencher| {
        let span = Exactly("nothing");
        bencher.iter(|| black_box(store.read().count::<Role>(SCOPE, "path", span)));
    });
    group.bench_function("stamp", |bencher| {
        bencher.iter(|| black_box(store.stamp(SCOPE, Role::KIND, "AROA00000000000000001")));
    });
    group.finish();
}

/// Back to 1,000 records after 3,000 more were added.
fn reset(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a store");
    let next = AtomicU64::new(0);
    inserts(&store, &next, 64, 1_000);
    let snapshot = store.snapshot().expect("a snapshot");
    let mut group = criterion.benchmark_group("reset");
    group.sample_size(10);
    group.bench_function("to 1000 records", |bencher| {
        bencher.iter_custom(|times| {
            (0..times).fold(Duration::ZERO, |sum, _| {
                inserts(&store, &next, 64, 3_000);
                let began = Instant::now();
                store.reset_to(&snapshot).expect("a reset");
                sum + began.elapsed()
            })
        });
    });
    group.finish();
}

criterion_group!(benches, commits, reads, reset);
criterion_main!(benches);
