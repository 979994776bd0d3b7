//! Measures the hot calls of a running Arnold over loopback HTTP, beside a bare server of the
//! same HTTP library that answers a constant of the same size. Run by `cargo xtask bench http`.
//!
//! The load is signed beforehand, and no two requests are the same. Rounds of both servers
//! take turns, so that whatever else the machine does meets both; what counts is the median
//! of the rounds' ratios. Client and server share the machine's cores.
//!
//! `scale` measures a full account beside an empty one; run by `cargo xtask bench scale`.

mod bare;
mod load;
mod population;
mod requests;
mod scale;
mod subject;

use std::error::Error;
use std::time::Duration;

use self::load::Load;
use self::subject::Subject;

/// How long one server is asked in one round.
const TURN: Duration = Duration::from_millis(450);
/// How many requests a load has: more than a turn can use up.
const LOAD_REQUESTS: usize = 60_000;
/// How many rounds there are.
const ROUNDS: usize = 15;
/// How many starts are timed.
const STARTS: usize = 7;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.as_slice() {
        ["bare", bytes] => runtime.block_on(bare::serve(bytes.parse()?)),
        ["scale", arnold] => runtime.block_on(scale::measure(arnold)),
        [arnold] => runtime.block_on(measure(arnold)),
        _ => Err("usage: http-bench [scale] <the arnold binary>".into()),
    }
}

async fn measure(arnold: &str) -> Outcome<()> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let subject = Subject::start(arnold).await?;
        starts.push(subject.first_answer.as_secs_f64() * 1000.0);
    }
    println!(
        "start to first answer  {:7.1} ms   (mark: under 100)",
        median(&mut starts)
    );

    let subject = Subject::start(arnold).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!(
        "idle memory            {:7.1} MB   (mark: under 50)",
        subject.memory_mb()?
    );

    let company = subject.found_company().await?;
    for (name, mark) in [
        ("GetCallerIdentity", 0.50),
        ("AssumeRole", 0.35),
        ("S3 GET of 1 KiB", 0.30),
    ] {
        let probe = company.load(name, 1, 1)?;
        let answered = probe.once(subject.address).await?;
        let bare = Subject::bare(answered.body_bytes).await?;
        let mut ratios = Vec::new();
        let mut rates = Vec::new();
        for round in 0..ROUNDS {
            // Enough for a turn at a rate that is out of reach.
            let ours = company.load(name, round, LOAD_REQUESTS)?;
            let plain: Load = ours.clone();
            let (first, second) = if round % 2 == 0 {
                let ours = ours.run(subject.address, TURN).await?;
                (ours, plain.run(bare.address, TURN).await?)
            } else {
                let plain = plain.run(bare.address, TURN).await?;
                (ours.run(subject.address, TURN).await?, plain)
            };
            ratios.push(first / second);
            rates.push(first);
        }
        println!(
            "{name:<20} {:9.0} /s   {:.2} of a bare server   (mark: {mark:.2})",
            median(&mut rates),
            median(&mut ratios),
        );
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
