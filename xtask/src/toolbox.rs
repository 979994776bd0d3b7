//! What the end-to-end tests need on the machine: Python with pinned packages, Node with
//! pinned packages. Installed once, and again when the pins change.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Fault, output, read, run, succeeds};

/// The installed tools.
pub(crate) struct Toolbox {
    /// The Python of the virtual environment.
    pub(crate) python: PathBuf,
}

/// Installs what is missing and says where it is.
pub(crate) fn install(root: &Path) -> Result<Toolbox, Fault> {
    debian_packages()?;
    let python = python_packages(root)?;
    node_packages(root)?;
    Ok(Toolbox { python })
}

/// Programs that must be there, how to see it, and the Debian package that brings each.
const PROGRAMS: &[(&str, &[&str], &[&str])] = &[
    (
        "python3",
        &["-c", "import venv, ensurepip"],
        &["python3", "python3-venv"],
    ),
    ("node", &["--version"], &["nodejs"]),
    ("npm", &["--version"], &["npm"]),
    ("openssl", &["version"], &["openssl"]),
    (
        "chromium",
        &["--version"],
        &["chromium", "fonts-dejavu-core"],
    ),
    ("ldapadd", &["-VV"], &["ldap-utils"]),
    ("/usr/sbin/slapd", &["-VV"], &["slapd"]),
    (
        "/usr/sbin/samba",
        &["--version"],
        &[
            "samba-ad-dc",
            "samba-ad-provision",
            "samba-dsdb-modules",
            "samba-vfs-modules",
        ],
    ),
];

fn debian_packages() -> Result<(), Fault> {
    let mut missing = Vec::new();
    for (program, arguments, packages) in PROGRAMS {
        if !succeeds(Command::new(program).args(*arguments)) {
            missing.extend_from_slice(packages);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let root_user = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root_user || !succeeds(Command::new("apt-get").arg("--version")) {
        return Err(Fault::new(format!(
            "the end-to-end tests need packages that are not installed: try `apt-get install {}`",
            missing.join(" ")
        )));
    }
    run(Command::new("apt-get").args(["update", "--quiet", "--quiet"]))?;
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "--yes", "--no-install-recommends"])
        .args(&missing))
}

fn python_packages(root: &Path) -> Result<PathBuf, Fault> {
    let environment = root.join(".venv");
    let python = environment.join("bin").join("python");
    let pins = root.join("tests").join("requirements.txt");
    let stamp = environment.join("installed.txt");
    if same(&pins, &stamp)? && succeeds(Command::new(&python).arg("--version")) {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&environment))?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ])
        .arg("--requirement")
        .arg(&pins))?;
    remember(&pins, &stamp)?;
    Ok(python)
}

fn node_packages(root: &Path) -> Result<(), Fault> {
    let folder = root.join("tests").join("node");
    let pins = folder.join("package-lock.json");
    let stamp = folder.join("node_modules").join("installed.json");
    if same(&pins, &stamp)? {
        return Ok(());
    }
    run(Command::new("npm")
        .args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ])
        .current_dir(&folder))?;
    remember(&pins, &stamp)
}

/// Whether what is installed was installed from these very pins.
fn same(pins: &Path, stamp: &Path) -> Result<bool, Fault> {
    let wanted = read(pins)?;
    Ok(std::fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted))
}

fn remember(pins: &Path, stamp: &Path) -> Result<(), Fault> {
    std::fs::copy(pins, stamp)
        .map(|_| ())
        .map_err(|error| Fault::new(format!("cannot write `{}`: {error}", stamp.display())))
}
