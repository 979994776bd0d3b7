//! `cargo xtask bench`: the benchmarks, never part of the tests.

use std::path::Path;

use crate::command::{Fault, cargo, run as run_command};

/// The packages with criterion benchmarks under `benches/`.
const BENCHED: &[&str] = &["policy", "sigv4", "seal", "store"];

/// Runs the benchmarks of all benched packages, or of those named in `rest`.
pub(crate) fn run(root: &Path, rest: &[String]) -> Result<(), Fault> {
    for name in rest {
        if !BENCHED.contains(&name.as_str()) {
            return Err(Fault::new(format!(
                "nothing to bench is called `{name}`: try one of {}",
                BENCHED.join(", ")
            )));
        }
    }
    for package in BENCHED {
        let wanted = rest.is_empty() || rest.iter().any(|name| name == package);
        if wanted && root.join("crates").join(package).join("benches").is_dir() {
            run_command(cargo(root).args(["bench", "--package", package, "--benches"]))?;
        }
    }
    Ok(())
}
