//! `cargo xtask models`: takes the facts out of botocore's models.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The models that our services are built from.
pub(crate) const SERVICES: &[&str] = &[
    "accessanalyzer",
    "cloudtrail",
    "cognito-identity",
    "cognito-idp",
    "iam",
    "identitystore",
    "organizations",
    "signin",
    "sso",
    "sso-admin",
    "sso-oidc",
    "sts",
];

/// Raising this is how new operations arrive: run `models`, `facts`, then read the difference.
const BOTOCORE: &str = "botocore==1.44.5";

/// Writes `models/*.json`, and the codecs' test vectors, with botocore in a virtual environment.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    if !args.is_empty() {
        return Err("usage: cargo xtask models".into());
    }
    let root = root();
    let environment = root.join("target/xtask/botocore");
    let python = environment.join("bin/python");
    if !python.exists() {
        call(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&environment),
        )?;
    }
    call(Command::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        BOTOCORE,
    ]))?;
    let script = |name: &str| root.join("xtask/python").join(name);
    call(
        Command::new(&python)
            .arg(script("models.py"))
            .arg(root.join("models"))
            .args(SERVICES),
    )?;
    let vectors = root.join("crates/wire/tests/botocore");
    call(
        Command::new(&python)
            .arg(script("vectors.py"))
            .arg(vectors)
            .args(SERVICES),
    )
}

fn call(command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|e| format!("cannot start {command:?}: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} failed: {status}"))
    }
}

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned()
}
