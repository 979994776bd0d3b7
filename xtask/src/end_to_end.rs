//! The end-to-end tests: the built binary, and real clients let loose on it.
//!
//! Hundreds of processes share a few cores here, so a test may fail for want of time. A file
//! of tests that fails is run once more by itself: what fails twice is a failure, and what
//! fails once is named at the end, so that nobody takes it for steady.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::command::{Fault, cargo, output, run as run_command};
use crate::toolbox;

/// More failed tests than this are no accident: they get no second run.
const SECOND_RUN_TESTS_MAX: usize = 4;

/// Builds the binary and runs the tests, or those that `arguments` to pytest choose. The
/// development profile is used, so that the dependencies compiled for the unit tests serve
/// here too.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<(), Fault> {
    let tools = toolbox::install(root)?;
    // The whole workspace, because a single package would ask for other features of the
    // dependencies and compile them again.
    run_command(cargo(root).args(["build", "--workspace", "--bins", "--quiet", "--locked"]))?;
    let built = built(root)?;
    let memory = built.join("pytest");
    // What an earlier run remembers is not what this one saw.
    forget(&memory)?;
    let pytest = |arguments: &[String]| {
        let mut command = Command::new(&tools.python);
        command
            .env("ARNOLD_BINARY", built.join("debug").join("arnold"))
            .current_dir(root.join("tests"))
            .args(["-m", "pytest", "-o"])
            .arg(format!("cache_dir={}", memory.display()))
            .args(arguments);
        run_command(&mut command)
    };
    let Err(first) = pytest(arguments) else {
        return Ok(());
    };
    let failed = failed(&memory)?;
    if failed.is_empty() || failed.len() > SECOND_RUN_TESTS_MAX {
        return Err(first);
    }
    eprintln!("{first}\nThe files of the failed tests are run once more.");
    let files: BTreeSet<String> = failed.iter().map(|test| file_of(test)).collect();
    pytest(&files.into_iter().collect::<Vec<_>>())?;
    for test in failed {
        eprintln!("UNSTEADY, failed once and passed once: {test}");
    }
    Ok(())
}

/// The tests that failed, as pytest remembers them.
fn failed(memory: &Path) -> Result<Vec<String>, Fault> {
    let file = memory.join("v/cache/lastfailed");
    let Ok(text) = std::fs::read_to_string(&file) else {
        // A run that came to no test remembers none.
        return Ok(Vec::new());
    };
    let tests: BTreeMap<String, Value> = serde_json::from_str(&text)
        .map_err(|error| Fault::new(format!("cannot read {}: {error}", file.display())))?;
    Ok(tests.into_keys().collect())
}

/// `test_story.py` of `test_story.py::test_a_person_signs_in[cli]`.
fn file_of(test: &str) -> String {
    let file = test.split_once("::").map_or(test, |(file, _)| file);
    file.to_owned()
}

fn forget(memory: &Path) -> Result<(), Fault> {
    match std::fs::remove_dir_all(memory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::new(format!(
            "cannot remove {}: {error}",
            memory.display()
        ))),
        _ => Ok(()),
    }
}

/// The folder that cargo builds in.
fn built(root: &Path) -> Result<PathBuf, Fault> {
    let text =
        output(cargo(root).args(["metadata", "--format-version=1", "--no-deps", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Fault::new(format!("cannot read what cargo says: {error}")))?;
    metadata
        .get("target_directory")
        .and_then(Value::as_str)
        .map(PathBuf::from)
        .ok_or_else(|| Fault::new("cargo does not say where it builds"))
}
