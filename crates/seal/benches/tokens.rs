//! What it costs to issue a session and to open its token.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic")]

use std::hint::black_box;

use aws::SystemEntropy;
use criterion::{Criterion, criterion_group, criterion_main};
use seal::KeyRing;

/// As much as a session with some tags seals.
const PAYLOAD_BYTES: usize = 400;

fn tokens(bench: &mut Criterion) {
    let ring = KeyRing::new(1_900_000_000, &SystemEntropy);
    let account = "111122223333".parse().unwrap();
    let payload = [7; PAYLOAD_BYTES];
    bench.bench_function("issue a session", |bench| {
        bench.iter(|| {
            black_box(
                ring.issue(account, black_box(&payload), &SystemEntropy)
                    .unwrap(),
            )
        });
    });
    let issued: Vec<_> = (0..1000)
        .map(|_| ring.issue(account, &payload, &SystemEntropy).unwrap())
        .collect();
    let mut next = issued.iter().cycle();
    bench.bench_function("open a token", |bench| {
        bench.iter(|| {
            let issued = next.next().unwrap();
            black_box(
                ring.open(&issued.access_key_id, &issued.session_token)
                    .unwrap(),
            )
        });
    });
}

criterion_group!(benches, tokens);
criterion_main!(benches);
