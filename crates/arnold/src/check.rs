//! `arnold policy check`: says what is wrong with policies, for people, editors and CI.

mod plain;
mod sarif;

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use policy_check::{Finding, FindingType, POLICY_BYTES_MAX, PolicyType, check};
use serde_json::json;

use crate::Failure;

/// A file could not be read.
const UNREADABLE: u8 = 2;

#[derive(Args)]
pub(crate) struct CheckOptions {
    /// Files with one policy each; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What the policies are attached to.
    #[arg(long = "type", value_enum, default_value_t = Kind::Identity)]
    kind: Kind,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The least finding that ends in status 1.
    #[arg(long, value_enum, default_value_t = Least::SecurityWarning)]
    fail_on: Least,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Users, groups, roles, permissions boundaries.
    Identity,
    /// Buckets, queues, keys and other resources.
    Resource,
    /// Service control policies.
    Scp,
    /// Resource control policies.
    Rcp,
    /// Roles, as their trust policies.
    Trust,
    /// Sessions.
    Session,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// As `ValidatePolicy` of Access Analyzer answers; several files make a list.
    Json,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
}

#[derive(Clone, Copy, ValueEnum)]
enum Least {
    Suggestion,
    Warning,
    SecurityWarning,
    Error,
}

/// A file and what is to be said about it.
struct Checked {
    name: String,
    text: String,
    findings: Vec<Finding>,
}

pub(crate) fn run(options: &CheckOptions) -> Result<ExitCode, Failure> {
    let mut checked = Vec::new();
    let mut unreadable = false;
    for path in &options.files {
        let name = path.display().to_string();
        match read(path) {
            Ok(text) => checked.push(Checked {
                findings: check(&text, kind(options.kind)),
                name,
                text,
            }),
            Err(error) => {
                eprintln!("arnold: cannot read `{name}`: {error}");
                unreadable = true;
            }
        }
    }
    let mut out = io::stdout().lock();
    match options.format {
        Format::Text => {
            let colours = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
            plain::write(&mut out, &checked, colours)?;
        }
        Format::Json => writeln!(out, "{:#}", as_json(&checked))?,
        Format::Sarif => writeln!(out, "{:#}", sarif::log(&checked))?,
    }
    out.flush()?;
    Ok(status(&checked, options.fail_on, unreadable))
}

fn read(path: &Path) -> io::Result<String> {
    // One byte more than is read: then the check itself says that it is too long.
    let bound = u64::try_from(POLICY_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(bound).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(bound).read_to_end(&mut bytes)?;
    }
    String::from_utf8(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

fn kind(kind: Kind) -> PolicyType {
    match kind {
        Kind::Identity => PolicyType::Identity,
        Kind::Resource => PolicyType::Resource,
        Kind::Scp => PolicyType::ServiceControl,
        Kind::Rcp => PolicyType::ResourceControl,
        Kind::Trust => PolicyType::Trust,
        Kind::Session => PolicyType::Session,
    }
}

fn as_json(checked: &[Checked]) -> serde_json::Value {
    match checked {
        [only] => json!({ "findings": only.findings }),
        many => many
            .iter()
            .map(|one| json!({ "file": one.name, "findings": one.findings }))
            .collect(),
    }
}

fn status(checked: &[Checked], fail_on: Least, unreadable: bool) -> ExitCode {
    let least = match fail_on {
        Least::Suggestion => FindingType::Suggestion,
        Least::Warning => FindingType::Warning,
        Least::SecurityWarning => FindingType::SecurityWarning,
        Least::Error => FindingType::Error,
    };
    let mut findings = checked.iter().flat_map(|one| &one.findings);
    if unreadable {
        ExitCode::from(UNREADABLE)
    } else if findings.any(|finding| finding.finding_type >= least) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
