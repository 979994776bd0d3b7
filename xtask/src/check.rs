//! `cargo xtask test`: everything that must hold before a change is handed over.
//!
//! Three parts, from cheap to dear: `lint` reads the code, `unit` runs the tests in it,
//! `e2e` drives the built binary with real clients. A failed step does not hide the ones
//! after it: all are run, and the failed ones are named at the end.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::command::{Fault, cargo, run as run_command};
use crate::{actions, end_to_end, facts, licences, tidy};

/// Runs the parts named in `rest`, or all; what follows `--` is handed to pytest.
pub(crate) fn run(root: &Path, rest: &[String]) -> Result<(), Fault> {
    let mut parts = rest;
    let mut pytest: &[String] = &[];
    if let Some(at) = rest.iter().position(|argument| argument == "--") {
        let (before, after) = rest.split_at(at);
        parts = before;
        pytest = after.get(1..).unwrap_or_default();
    }
    for part in parts {
        if !["lint", "unit", "e2e"].contains(&part.as_str()) {
            return Err(Fault::new(format!(
                "no part of the tests is called `{part}`: try `lint`, `unit` or `e2e`"
            )));
        }
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);

    let mut report = Report::default();
    if wanted("lint") {
        lint(root, &mut report);
    }
    if wanted("unit") {
        report.step("unit tests", || {
            run_command(cargo(root).args(["test", "--workspace", "--quiet", "--locked"]))
        });
    }
    if wanted("e2e") {
        report.step("end-to-end tests", || end_to_end::run(root, pytest));
    }
    report.end()
}

fn lint(root: &Path, report: &mut Report) {
    report.step("format", || {
        run_command(cargo(root).args(["fmt", "--all", "--check"]))
    });
    report.step("tidy", || tidy::run(root));
    report.step("licences", || licences::run(root));
    report.step("generated facts", || {
        facts::run(&["--check".to_owned()]).map_err(Fault::new)
    });
    report.step("actions", || actions::run(root, &["--check".to_owned()]));
    report.step("clippy", || {
        run_command(cargo(root).args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--locked",
            "--",
            "--deny",
            "warnings",
        ]))
    });
}

/// What was run, how long it took, and what failed.
#[derive(Default)]
struct Report {
    steps: Vec<(&'static str, Duration, Result<(), Fault>)>,
}

impl Report {
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<(), Fault>) {
        eprintln!("== {name}");
        let start = Instant::now();
        let outcome = work();
        if let Err(fault) = &outcome {
            eprintln!("{fault}");
        }
        self.steps.push((name, start.elapsed(), outcome));
    }

    fn end(self) -> Result<(), Fault> {
        eprintln!("==");
        let mut failed = Vec::new();
        for (name, took, outcome) in &self.steps {
            let word = if outcome.is_ok() { "ok" } else { "FAILED" };
            eprintln!("{name:<20} {:>7.1} s  {word}", took.as_secs_f64());
            if outcome.is_err() {
                failed.push(*name);
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Fault::new(format!("failed: {}", failed.join(", "))))
        }
    }
}
