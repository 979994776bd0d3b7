//! `cargo xtask fuzz`: feeds what reads outside bytes whatever a fuzzer comes up with, for a while.
//!
//! The compiler's own coverage pass is all that the fuzzer needs, so that any compiler does.
//! There is no unsafe code here for a sanitizer to watch.

use std::path::Path;
use std::process::Command;

use crate::command::{Fault, cargo, output, read, run as run_command};

/// How long to go on with each target when nobody says.
const SECONDS: u32 = 60;

/// What makes the compiler tell the fuzzer where a run has been.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks";

/// Cases that the policy engine begins with, one a line.
const EXAMPLES: &str = "crates/policy/tests/worked-examples.jsonl";

/// Documents that the SAML verifier begins with.
const DOCUMENTS: &str = "crates/saml/tests/documents";

/// What is fuzzed, with the longest input in bytes: a signed response is longer than a policy.
const TARGETS: &[(&str, &str)] = &[("policy", "8192"), ("saml", "16384"), ("webauthn", "4096")];

/// Fuzzes each target for as many seconds as `rest` says.
pub(crate) fn run(root: &Path, rest: &[String]) -> Result<(), Fault> {
    let seconds = match rest {
        [] => SECONDS,
        [seconds] => seconds
            .parse()
            .map_err(|_| Fault::new(format!("`{seconds}` is no number of seconds")))?,
        _ => return Err(Fault::new("say a number of seconds, or nothing")),
    };
    let built = root.join("target").join("fuzz");
    let target = host()?;
    run_command(
        cargo(root)
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(root.join("fuzz").join("Cargo.toml"))
            // Named, so that build scripts are built without the flags.
            .args(["--target", &target])
            .env("CARGO_TARGET_DIR", &built)
            .env("RUSTFLAGS", FLAGS),
    )?;
    for (name, bytes_max) in TARGETS {
        let corpus = built.join("corpus").join(name);
        std::fs::create_dir_all(&corpus).map_err(unwritten)?;
        match *name {
            "saml" => plant_documents(root, &corpus)?,
            "policy" => plant(root, &corpus)?,
            _ => {}
        }
        run_command(
            Command::new(built.join(&target).join("release").join(name))
                .arg(format!("-max_total_time={seconds}"))
                .arg(format!("-max_len={bytes_max}"))
                .arg("-print_final_stats=1")
                .arg(&corpus)
                .current_dir(&built),
        )?;
    }
    Ok(())
}

fn unwritten(error: std::io::Error) -> Fault {
    Fault::new(format!("cannot write the corpus: {error}"))
}

/// Puts the documents of the SAML tests into the corpus.
fn plant_documents(root: &Path, corpus: &Path) -> Result<(), Fault> {
    let folder = root.join(DOCUMENTS);
    let unread =
        |error: std::io::Error| Fault::new(format!("cannot read `{}`: {error}", folder.display()));
    for entry in std::fs::read_dir(&folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let is_document = path
            .extension()
            .is_some_and(|kind| kind == "xml" || kind == "pem");
        if let (true, Some(name)) = (is_document, path.file_name()) {
            std::fs::copy(&path, corpus.join(name)).map_err(unwritten)?;
        }
    }
    Ok(())
}

/// The machine's target, as the compiler calls it.
fn host() -> Result<String, Fault> {
    let told = output(Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Fault::new("rustc does not say its host"))
}

/// Puts the worked examples into the corpus: each case, and each policy of it by itself.
fn plant(root: &Path, corpus: &Path) -> Result<(), Fault> {
    for (number, case) in read(&root.join(EXAMPLES))?.lines().enumerate() {
        std::fs::write(corpus.join(format!("case-{number}")), case).map_err(unwritten)?;
        for (at, _) in case.match_indices("{\"Version\"") {
            let policy = case.get(at..).unwrap_or_default();
            let end = policy.find("}]}").map_or(policy.len(), |end| end + 3);
            let policy = policy.get(..end).unwrap_or_default();
            std::fs::write(corpus.join(format!("policy-{number}-{at}")), policy)
                .map_err(unwritten)?;
        }
    }
    Ok(())
}
