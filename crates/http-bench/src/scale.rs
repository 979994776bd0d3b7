//! A full account beside an empty one, and beside one of a quarter of its size.
//!
//! The hot calls must not feel how much there is; what tells everything must take four times
//! as long for four times as much, and no longer. Servers take turns in every round, and what
//! counts is the median of the rounds' ratios.

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::population::Size;
use crate::subject::Subject;
use crate::{Outcome, median};

const FULL: Size = Size {
    users: 5000,
    // One more is the load's own.
    roles: 4999,
    policies: 1500,
};
const QUARTER: Size = Size {
    users: FULL.users / 4,
    roles: FULL.roles / 4,
    policies: FULL.policies / 4,
};
/// How many times as much the full one holds.
const TIMES: f64 = 4.0;

/// How long one server is asked in one round.
const TURN: Duration = Duration::from_millis(200);
/// How many requests a load has: more than a turn can use up.
const LOAD_REQUESTS: usize = 10_000;
/// How many rounds the hot calls are measured.
const ROUNDS: usize = 15;
/// How often everything is listed.
const LISTINGS: usize = 5;
/// How many reports are made: each needs a server that has none yet.
const REPORTS: usize = 3;

/// Listings whose pages are turned to the end.
const LISTED: &[(&str, &str)] = &[
    ("ListUsers", "MaxItems=1000"),
    ("ListRoles", "MaxItems=1000"),
    ("ListPolicies", "Scope=Local&MaxItems=1000"),
    ("GetAccountAuthorizationDetails", "MaxItems=1000"),
];

/// Fills accounts and measures.
pub(crate) async fn measure(arnold: &str) -> Outcome<()> {
    let began = Instant::now();
    let full = filled(arnold, FULL)?;
    println!(
        "import of {} users, {} roles, {} policies {:7.1} s",
        FULL.users,
        FULL.roles,
        FULL.policies,
        began.elapsed().as_secs_f64()
    );
    let quarter = filled(arnold, QUARTER)?;
    hot_calls(arnold, &full).await?;
    listings(arnold, &full, &quarter).await?;
    reports(arnold, &full, &quarter).await
}

fn filled(arnold: &str, size: Size) -> Outcome<TempDir> {
    let folder = tempfile::tempdir()?;
    size.bring_into(arnold, folder.path())?;
    Ok(folder)
}

/// A server over a copy of what was brought into a folder.
async fn served(arnold: &str, filled: &TempDir) -> Outcome<Subject> {
    let folder = tempfile::tempdir()?;
    copy(&filled.path().join("data"), &folder.path().join("data"))?;
    Subject::start_in(arnold, folder).await
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            std::fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

async fn hot_calls(arnold: &str, full: &TempDir) -> Outcome<()> {
    let empty = Subject::start(arnold).await?;
    let full = served(arnold, full).await?;
    let in_empty = empty.found_company().await?;
    let in_full = full.found_company().await?;
    for name in [
        "GetCallerIdentity",
        "AssumeRole",
        "S3 GET of 1 KiB",
        "GetUser",
    ] {
        let mut ratios = Vec::new();
        let mut rates = Vec::new();
        for round in 0..ROUNDS {
            let plain = in_empty.load(name, round, LOAD_REQUESTS)?;
            let ours = in_full.load(name, round, LOAD_REQUESTS)?;
            let (rate, beside) = if round % 2 == 0 {
                let rate = ours.run(full.address, TURN).await?;
                (rate, plain.run(empty.address, TURN).await?)
            } else {
                let beside = plain.run(empty.address, TURN).await?;
                (ours.run(full.address, TURN).await?, beside)
            };
            ratios.push(rate / beside);
            rates.push(rate);
        }
        println!(
            "{name:<32} {:9.0} /s   {:.2} of an empty account's   (mark: 0.90)",
            median(&mut rates),
            median(&mut ratios),
        );
    }
    Ok(())
}

async fn listings(arnold: &str, full: &TempDir, quarter: &TempDir) -> Outcome<()> {
    let full = served(arnold, full).await?;
    let quarter = served(arnold, quarter).await?;
    for (action, asked) in LISTED {
        let mut ratios = Vec::new();
        let mut times = Vec::new();
        for _ in 0..LISTINGS {
            let small = turn_pages(&quarter, action, asked).await?;
            let large = turn_pages(&full, action, asked).await?;
            ratios.push(large / small / TIMES);
            times.push(large);
        }
        tell(action, &mut times, &mut ratios);
    }
    Ok(())
}

/// Seconds that it takes to turn all pages.
async fn turn_pages(subject: &Subject, action: &str, asked: &str) -> Outcome<f64> {
    let began = Instant::now();
    let mut marker = String::new();
    loop {
        let body = format!("Action={action}&Version=2010-05-08&{asked}{marker}");
        let answer = subject.ask_iam(&body).await?;
        let Some((_, rest)) = answer.rsplit_once("<Marker>") else {
            return Ok(began.elapsed().as_secs_f64());
        };
        let (next, _) = rest.split_once("</Marker>").ok_or("an open marker")?;
        marker = format!("&Marker={next}");
    }
}

async fn reports(arnold: &str, full: &TempDir, quarter: &TempDir) -> Outcome<()> {
    let mut ratios = Vec::new();
    let mut times = Vec::new();
    for _ in 0..REPORTS {
        let small = report(&served(arnold, quarter).await?).await?;
        let large = report(&served(arnold, full).await?).await?;
        ratios.push(large / small / TIMES);
        times.push(large);
    }
    tell("credential report", &mut times, &mut ratios);
    Ok(())
}

/// Seconds that it takes to make and to fetch a report.
async fn report(subject: &Subject) -> Outcome<f64> {
    let began = Instant::now();
    for action in ["GenerateCredentialReport", "GetCredentialReport"] {
        let body = format!("Action={action}&Version=2010-05-08");
        subject.ask_iam(&body).await?;
    }
    Ok(began.elapsed().as_secs_f64())
}

fn tell(what: &str, times: &mut [f64], ratios: &mut [f64]) {
    println!(
        "{what:<32} {:9.3} s    {:.2} of a quarter's time for each item   (mark: 1.20)",
        median(times),
        median(ratios),
    );
}
