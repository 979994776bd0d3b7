//! `cargo xtask tidy`: the repository reads itself.
//!
//! What clippy cannot see: words that must not stay, files that no module includes, files
//! that have grown too long, door plates that are missing. A rule that had to be explained
//! twice in a review belongs here.

mod modules;

use std::path::Path;
use std::process::Command;

use crate::command::{Fault, output};

/// Longer files are asked to be split.
const LINES_MAX: usize = 600;

/// Files that may be longer, how long, and why.
const LONG: &[(&str, usize, &str)] = &[];

/// One word or phrase that must not be in a tracked file.
struct Ban {
    /// Written in two halves, so that this file does not find itself.
    halves: (&'static str, &'static str),
    reason: &'static str,
    applies: fn(&str) -> bool,
}

const BANS: &[Ban] = &[
    Ban {
        halves: ("dbg", "!("),
        reason: "left over from debugging",
        applies: is_rust,
    },
    Ban {
        halves: ("todo", "!("),
        reason: "unfinished",
        applies: is_rust,
    },
    Ban {
        halves: ("unimplemented", "!("),
        reason: "unfinished",
        applies: is_rust,
    },
    Ban {
        halves: ("TO", "DO"),
        reason: "do it, or write it down as an issue",
        applies: is_ours,
    },
    Ban {
        halves: ("FIX", "ME"),
        reason: "fix it, or write it down as an issue",
        applies: is_ours,
    },
    Ban {
        halves: ("#[", "ignore"),
        reason: "a test that does not run proves nothing",
        applies: is_rust,
    },
    Ban {
        halves: ("#[", "allow("),
        reason: "say `#[expect(…, reason = \"…\")]`",
        applies: is_written_rust,
    },
    Ban {
        halves: ("thread::", "sleep"),
        reason: "time is an argument",
        applies: is_written_rust,
    },
    Ban {
        halves: ("time.", "sleep("),
        reason: "wait for what should happen, not for time",
        applies: is_test,
    },
    Ban {
        halves: ("<<<<", "<<< "),
        reason: "an unresolved merge",
        applies: is_text,
    },
    Ban {
        halves: (">>>>", ">>> "),
        reason: "an unresolved merge",
        applies: is_text,
    },
    Ban {
        halves: ("\"resolved\"", ": \"http"),
        reason: "a package lock names no registry",
        applies: is_text,
    },
    Ban {
        halves: ("--index-", "url"),
        reason: "the machine says which registry, not the repository",
        applies: is_text,
    },
    Ban {
        halves: ("/ro", "ot/"),
        reason: "a path of one machine",
        applies: is_text,
    },
    Ban {
        halves: ("/wo", "rk/"),
        reason: "a path of one machine",
        applies: is_text,
    },
    Ban {
        halves: ("/tm", "p/w/"),
        reason: "a path of one machine",
        applies: is_text,
    },
];

/// Reads every tracked file, and those about to be tracked.
pub(crate) fn run(root: &Path) -> Result<(), Fault> {
    let listing = output(
        Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root),
    )?;
    let paths: Vec<&str> = listing
        .lines()
        .filter(|path| root.join(path).is_file())
        .collect();

    let mut findings = Vec::new();
    for path in &paths {
        let Ok(text) = std::fs::read_to_string(root.join(path)) else {
            continue; // pictures, databases and other bytes
        };
        words(path, &text, &mut findings);
        if is_rust(path) {
            door_plate(path, &text, &mut findings);
            length(path, &text, &mut findings);
        }
        // Workspaces of their own: what they bring in is none of ours.
        let apart = ["Cargo.toml", "fuzz/Cargo.toml", "policy-bench/Cargo.toml"];
        if path.ends_with("Cargo.toml") && !apart.contains(path) {
            manifest(path, &text, &mut findings);
        }
    }
    findings.extend(modules::lost(root, &paths));

    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Fault::new(format!("{} things to tidy", findings.len())))
    }
}

fn is_text(path: &str) -> bool {
    // The lock of cargo names the public index in a form that no mirror changes.
    path != "Cargo.lock" && path != "LICENSE"
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// Text that people write here, as opposed to data taken from elsewhere.
fn is_ours(path: &str) -> bool {
    [".rs", ".py", ".mjs", ".js", ".toml", ".md", ".sh"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
}

fn is_generated(path: &str) -> bool {
    path.split('/').any(|part| part == "generated")
}

fn is_written_rust(path: &str) -> bool {
    is_rust(path) && !is_generated(path)
}

fn words(path: &str, text: &str, findings: &mut Vec<String>) {
    for ban in BANS.iter().filter(|ban| (ban.applies)(path)) {
        let word = format!("{}{}", ban.halves.0, ban.halves.1);
        for (number, line) in (1..).zip(text.lines()) {
            if has_word(line, &word) {
                findings.push(format!("{path}:{number}: `{word}`: {}", ban.reason));
            }
        }
    }
}

/// Whether `word` stands in `line`, not as a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        let open_start = word.starts_with(joins) && before.is_some_and(joins);
        let open_end = word.ends_with(joins) && after.is_some_and(joins);
        !open_start && !open_end
    })
}

/// Every file says in its first line what it is; a generated one that it is generated.
fn door_plate(path: &str, text: &str, findings: &mut Vec<String>) {
    let first = text.lines().next().unwrap_or("");
    if !first.starts_with("//! ") {
        findings.push(format!(
            "{path}:1: the file does not say what it is: start it with `//! `"
        ));
    } else if is_generated(path) && !first.to_lowercase().contains("generated by") {
        findings.push(format!(
            "{path}:1: a generated file says so in its first line"
        ));
    }
}

fn length(path: &str, text: &str, findings: &mut Vec<String>) {
    if is_generated(path) || path.contains("/tests/") {
        return;
    }
    let lines = text.lines().count();
    let max = LONG
        .iter()
        .find(|(long, _, _)| long == &path)
        .map_or(LINES_MAX, |(_, max, _)| *max);
    if lines > max {
        findings.push(format!(
            "{path}: {lines} lines, {max} are allowed: split it"
        ));
    }
}

fn manifest(path: &str, text: &str, findings: &mut Vec<String>) {
    if !text.contains("[lints]\nworkspace = true") {
        findings.push(format!(
            "{path}: the lints of the workspace do not apply to it"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_only_as_a_whole_word() {
        assert!(has_word("// TO-DO? no: TODAY", "TODAY"));
        assert!(!has_word("my_print!(", "print!("));
        assert!(has_word("x = print!()", "print!("));
        assert!(!has_word("AUTODOC", "TOD"));
    }

    #[test]
    fn a_file_without_a_door_plate_is_found() {
        let mut findings = Vec::new();
        door_plate("a.rs", "fn main() {}", &mut findings);
        door_plate("generated/b.rs", "//! Shapes.", &mut findings);
        door_plate(
            "generated/c.rs",
            "//! Generated by `cargo xtask facts`.",
            &mut findings,
        );
        assert_eq!(findings.len(), 2, "{findings:?}");
    }

    #[test]
    fn a_file_that_is_too_long_is_found_unless_generated() {
        let text = "\n".repeat(LINES_MAX + 1);
        let mut findings = Vec::new();
        length("a.rs", &text, &mut findings);
        length("generated/a.rs", &text, &mut findings);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}
