//! Measures the policy engine, and beside it the `cedar-policy` crate on policies that mean the
//! same, in one run. Run by `cargo xtask bench policy`.
//!
//! Every figure is the least of several rounds: what else the machine does only ever adds.
//! Status 1: a mark was missed.

mod cases;
mod cedar;
mod timing;

use std::process::ExitCode;

use self::timing::{Table, nanoseconds};

// As the `arnold` binary has it: `policy eval` makes and drops many small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut table = Table::default();
    table.head("one decision");
    table.mark(
        "ten statements, two conditions",
        cases::ten_statements(),
        150.0,
    );
    table.mark("the full chain of eight layers", cases::full_chain(), 500.0);
    for (count, mark) in [(10, 150.0), (100, 250.0), (1_000, 250.0), (10_000, 400.0)] {
        table.mark(
            &format!("{count} statements"),
            cases::many_statements(count),
            mark,
        );
    }
    for count in [100, 10_000, 100_000, 1_000_000] {
        table.row(
            &format!("one of {count} principals"),
            cases::many_principals(count),
        );
    }

    table.head("beside cedar-policy 4.14");
    for count in [1, 10, 100, 1_000, 10_000] {
        let (ours, theirs) = (cases::many_statements(count), cedar::many_policies(count));
        table.ratio(&format!("{count} statements"), ours, theirs);
    }

    table.head("2 KB against 2 KB");
    for (name, took) in cases::hostile_patterns() {
        table.mark(name, took, 1_000_000.0);
    }

    table.head("from text to verdict");
    let lines = cases::worked_examples();
    let took = nanoseconds(|| {
        for line in &lines {
            std::hint::black_box(policy::eval::line(line));
        }
    });
    table.mark(
        "one case of `policy eval`",
        took / lines.len() as f64,
        10_000.0,
    );
    table.end()
}
