//! `cargo xtask bench`: the benchmarks, never part of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Fault, cargo, run as run_command};

/// The packages with benchmarks under `benches/`.
const BENCHED: &[&str] = &["sigv4", "seal", "store", "cognito"];
/// The policy engine, beside another.
const POLICY: &str = "policy";
/// Whole calls over HTTP.
const HTTP: &str = "http";
/// A full account beside an empty one.
const SCALE: &str = "scale";

/// Runs the benchmarks of all benched packages, or of those named in `rest`.
pub(crate) fn run(root: &Path, rest: &[String]) -> Result<(), Fault> {
    for name in rest {
        let alone = [POLICY, HTTP, SCALE];
        if !BENCHED.contains(&name.as_str()) && !alone.contains(&name.as_str()) {
            return Err(Fault::new(format!(
                "nothing to bench is called `{name}`: try one of {}, {}",
                BENCHED.join(", "),
                alone.join(", ")
            )));
        }
    }
    let wanted = |what: &str| rest.is_empty() || rest.iter().any(|name| name == what);
    for package in BENCHED {
        if wanted(package) && root.join("crates").join(package).join("benches").is_dir() {
            run_command(cargo(root).args(["bench", "--package", package, "--benches"]))?;
        }
    }
    if wanted(POLICY) {
        let manifest = root.join("policy-bench").join("Cargo.toml");
        let built = root.join("target").join("policy-bench");
        run_command(
            cargo(root)
                .env("CARGO_TARGET_DIR", built)
                .args(["run", "--release", "--locked", "--manifest-path"])
                .arg(manifest),
        )?;
    }
    if wanted(HTTP) {
        run_http(root, &[])?;
    }
    if wanted(SCALE) {
        run_http(root, &[SCALE])?;
    }
    Ok(())
}

fn run_http(root: &Path, mode: &[&str]) -> Result<(), Fault> {
    let packages = ["--package", "arnold", "--package", "http-bench"];
    run_command(cargo(root).args(["build", "--release"]).args(packages))?;
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let built = target.map_or_else(|| root.join("target"), PathBuf::from);
    let built = built.join("release");
    run_command(
        Command::new(built.join("http-bench"))
            .args(mode)
            .arg(built.join("arnold")),
    )
}
