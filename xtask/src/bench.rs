//! `cargo xtask bench`: the benchmarks, never part of the tests.

use std::path::Path;
use std::process::Command;

use crate::command::{Fault, cargo, run as run_command};

/// The packages with benchmarks under `benches/`.
const BENCHED: &[&str] = &["policy", "sigv4", "seal", "store", "cognito"];
/// Whole calls over HTTP.
const HTTP: &str = "http";

/// Runs the benchmarks of all benched packages, or of those named in `rest`.
pub(crate) fn run(root: &Path, rest: &[String]) -> Result<(), Fault> {
    for name in rest {
        if !BENCHED.contains(&name.as_str()) && name != HTTP {
            return Err(Fault::new(format!(
                "nothing to bench is called `{name}`: try one of {}, {HTTP}",
                BENCHED.join(", ")
            )));
        }
    }
    let wanted = |what: &str| rest.is_empty() || rest.iter().any(|name| name == what);
    for package in BENCHED {
        if wanted(package) && root.join("crates").join(package).join("benches").is_dir() {
            run_command(cargo(root).args(["bench", "--package", package, "--benches"]))?;
        }
    }
    if wanted(HTTP) {
        run_http(root)?;
    }
    Ok(())
}

fn run_http(root: &Path) -> Result<(), Fault> {
    let packages = ["--package", "arnold", "--package", "http-bench"];
    run_command(cargo(root).args(["build", "--release"]).args(packages))?;
    let built = root.join("target/release");
    run_command(Command::new(built.join("http-bench")).arg(built.join("arnold")))
}
