//! Running other programs, and saying what went wrong when they fail.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a chore did not come to its end, in words for the person who started it.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    /// A fault that says `message`.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The folder of the repository: cargo names it by way of this package's own folder.
pub(crate) fn repository() -> Result<PathBuf, Fault> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| Fault::new("xtask lies in no repository"))
}

/// The cargo that runs us.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // Set by the `cargo run` that started us; they would confuse the cargo that we start.
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs `command` with our own output; anything but success is a fault.
pub(crate) fn run(command: &mut Command) -> Result<(), Fault> {
    let shown = show(command);
    let status = command
        .status()
        .map_err(|error| Fault::new(format!("cannot start `{shown}`: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Fault::new(format!("`{shown}` ended with {status}")))
    }
}

/// Runs `command` and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String, Fault> {
    let shown = show(command);
    let output = command
        .output()
        .map_err(|error| Fault::new(format!("cannot start `{shown}`: {error}")))?;
    if output.status.success() {
        String::from_utf8(output.stdout)
            .map_err(|error| Fault::new(format!("`{shown}` printed no UTF-8: {error}")))
    } else {
        let reason = String::from_utf8_lossy(&output.stderr);
        Err(Fault::new(format!(
            "`{shown}` ended with {}: {}",
            output.status,
            reason.trim()
        )))
    }
}

/// Whether `command` can be started and succeeds; its output is of no interest.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Reads a text file of the repository.
pub(crate) fn read(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path)
        .map_err(|error| Fault::new(format!("cannot read `{}`: {error}", path.display())))
}

fn show(command: &Command) -> String {
    let mut shown = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}
