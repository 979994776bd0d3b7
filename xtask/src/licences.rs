//! `cargo xtask licences`: what `deny.toml` says about our dependencies, checked without a
//! network: every licence allowed, nothing banned, nothing from an unknown source.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::command::{Fault, cargo, output, read};

/// Checks all packages that a build of the workspace uses. `cargo tree` is asked, because
/// `cargo metadata` also names packages that no feature in use asks for.
pub(crate) fn run(root: &Path) -> Result<(), Fault> {
    let rules: Rules = toml::from_str(&read(&root.join("deny.toml"))?)
        .map_err(|error| Fault::new(format!("cannot read `deny.toml`: {error}")))?;
    let text = output(cargo(root).args([
        "tree",
        "--workspace",
        "--locked",
        "--edges=normal,build,dev",
        "--prefix=none",
        "--format={p}\t{l}\t",
    ]))?;
    let packages: BTreeSet<Package> = text.lines().filter_map(Package::read).collect();
    if packages.is_empty() {
        return Err(Fault::new("cargo names no dependencies"));
    }
    let findings: Vec<String> = packages
        .iter()
        .flat_map(|package| judge(package, &rules))
        .collect();
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Fault::new(format!(
            "{} dependencies are not welcome",
            findings.len()
        )))
    }
}

/// One dependency, as `cargo tree` writes it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    /// Where it comes from, if not from the public index.
    place: Option<String>,
    licence: String,
}

impl Package {
    /// Reads `name v1.2.3 (place)`, a tab, the licence, a tab; what lies in our own folders
    /// is not a dependency.
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (name, rest) = fields.next()?.split_once(' ')?;
        let place = rest
            .split(" (")
            .skip(1)
            .map(|text| text.trim_end_matches(')'))
            .find(|text| !["proc-macro", "*"].contains(text));
        if place.is_some_and(|place| place.starts_with('/')) {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            place: place.map(str::to_owned),
            licence: fields.next()?.to_owned(),
        })
    }
}

fn judge(package: &Package, rules: &Rules) -> Vec<String> {
    let name = &package.name;
    let mut findings = Vec::new();
    if let Some(place) = &package.place {
        findings.push(format!("{name}: comes from `{place}`"));
    }
    if let Some(ban) = rules.bans.deny.iter().find(|ban| ban.name == *name) {
        findings.push(format!("{name}: is banned: {}", ban.reason));
    }
    let licence = &package.licence;
    match Expression::parse(licence) {
        None => findings.push(format!(
            "{name}: names no licence that can be read: `{licence}`"
        )),
        Some(expression) if !expression.satisfied(&rules.licenses.allow) => {
            findings.push(format!("{name}: `{licence}` is not allowed"));
        }
        Some(_) => {}
    }
    findings
}

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// An SPDX licence expression.
#[derive(Debug, PartialEq)]
enum Expression {
    Licence(String),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

impl Expression {
    /// Reads `text`; the old habit of writing `/` for `OR` is understood too.
    fn parse(text: &str) -> Option<Self> {
        let spaced = text
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        let expression = Self::any(&mut rest)?;
        rest.is_empty().then_some(expression)
    }

    fn any(rest: &mut &[&str]) -> Option<Self> {
        let mut parts = vec![Self::all(rest)?];
        while take(rest, "OR") {
            parts.push(Self::all(rest)?);
        }
        Some(Self::Any(parts))
    }

    fn all(rest: &mut &[&str]) -> Option<Self> {
        let mut parts = vec![Self::one(rest)?];
        while take(rest, "AND") {
            parts.push(Self::one(rest)?);
        }
        Some(Self::All(parts))
    }

    fn one(rest: &mut &[&str]) -> Option<Self> {
        if take(rest, "(") {
            let inner = Self::any(rest)?;
            return take(rest, ")").then_some(inner);
        }
        let mut licence = word(rest)?.to_owned();
        if take(rest, "WITH") {
            licence.push_str(" WITH ");
            licence.push_str(word(rest)?);
        }
        Some(Self::Licence(licence))
    }

    fn satisfied(&self, allowed: &[String]) -> bool {
        match self {
            Self::Licence(name) => allowed.contains(name),
            Self::All(parts) => parts.iter().all(|part| part.satisfied(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.satisfied(allowed)),
        }
    }
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if *first == word => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn word<'a>(rest: &mut &[&'a str]) -> Option<&'a str> {
    let (first, after) = rest.split_first()?;
    if ["(", ")", "AND", "OR", "WITH"].contains(first) {
        return None;
    }
    *rest = after;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn satisfied(text: &str) -> Option<bool> {
        let allowed = [
            "MIT".to_owned(),
            "Apache-2.0".to_owned(),
            "A WITH B".to_owned(),
        ];
        Expression::parse(text).map(|expression| expression.satisfied(&allowed))
    }

    #[test]
    fn dependencies_are_read_as_cargo_tree_writes_them() {
        let place = |line| Package::read(line).map(|package| package.place);
        assert_eq!(place("serde v1.0.0\tMIT\t"), Some(None));
        assert_eq!(
            place("serde_derive v1.0.0 (proc-macro)\tMIT\t (*)"),
            Some(None)
        );
        assert_eq!(place("ours v0.1.0 (/a/b)\tMIT\t"), None);
        let git = Some("https://example.com/x#1".to_owned());
        assert_eq!(
            place("x v1.0.0 (https://example.com/x#1)\tMIT\t"),
            Some(git)
        );
    }

    #[test]
    fn licence_expressions_are_decided_as_spdx_reads_them() {
        for (text, answer) in [
            ("MIT", Some(true)),
            ("GPL-3.0", Some(false)),
            ("MIT/GPL-3.0", Some(true)),
            ("MIT OR GPL-3.0", Some(true)),
            ("MIT AND GPL-3.0", Some(false)),
            ("GPL-3.0 OR MIT AND Apache-2.0", Some(true)),
            ("(GPL-3.0 OR MIT) AND Apache-2.0", Some(true)),
            ("(GPL-3.0 OR MIT) AND ISC", Some(false)),
            ("A WITH B", Some(true)),
            ("A", Some(false)),
            ("", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT Apache-2.0", None),
        ] {
            assert_eq!(satisfied(text), answer, "{text}");
        }
    }
}
