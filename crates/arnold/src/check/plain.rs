//! Findings for people: where, what, and a caret under the spot.

use std::io::{self, Write};

use policy_check::{Finding, FindingType, Location};

use super::Checked;

/// Characters of a line that are shown around a spot.
const WINDOW: usize = 100;

pub(super) fn write(out: &mut impl Write, checked: &[Checked], colours: bool) -> io::Result<()> {
    for one in checked {
        for finding in &one.findings {
            write_finding(out, one, finding, colours)?;
        }
    }
    let findings = || checked.iter().flat_map(|one| &one.findings);
    let count = |kind| findings().filter(|f| f.finding_type == kind).count();
    if findings().next().is_none() {
        return writeln!(out, "nothing found in {}", files(checked.len()));
    }
    writeln!(
        out,
        "{} errors, {} security warnings, {} warnings, {} suggestions in {}",
        count(FindingType::Error),
        count(FindingType::SecurityWarning),
        count(FindingType::Warning),
        count(FindingType::Suggestion),
        files(checked.len()),
    )
}

fn files(count: usize) -> String {
    if count == 1 {
        "1 file".to_owned()
    } else {
        format!("{count} files")
    }
}

fn write_finding(
    out: &mut impl Write,
    one: &Checked,
    finding: &Finding,
    colours: bool,
) -> io::Result<()> {
    let colour = match finding.finding_type {
        FindingType::Error => "31",
        FindingType::SecurityWarning => "35",
        FindingType::Warning => "33",
        FindingType::Suggestion => "36",
    };
    let paint = |text: &str| {
        if colours {
            format!("\u{1b}[1;{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    let name = harmless(&one.name);
    let place = finding.locations.first().map_or(String::new(), |location| {
        let start = location.span.start;
        format!(":{}:{}", start.line, start.column + 1)
    });
    let kind = paint(&finding.finding_type.to_string());
    let details = harmless(&finding.finding_details);
    let code = finding.issue_code;
    writeln!(out, "{name}{place}: {kind}: {details} [{code}]")?;
    for location in &finding.locations {
        if let Some((line, before, length)) = excerpt(&one.text, location) {
            let number = location.span.start.line;
            let margin = " ".repeat(number.to_string().len());
            let (blank, carets) = (" ".repeat(before), paint(&"^".repeat(length)));
            writeln!(out, " {number} | {line}")?;
            writeln!(out, " {margin} | {blank}{carets}")?;
        }
    }
    writeln!(out)
}

/// The part of a line that shows a place, how far in it is, and how long.
fn excerpt(text: &str, location: &Location) -> Option<(String, usize, usize)> {
    let span = location.span;
    let line = text.lines().nth(span.start.line.checked_sub(1)?)?;
    let width = line.chars().count();
    let end = if span.end.line == span.start.line {
        span.end.column
    } else {
        width
    };
    let from = if width <= WINDOW {
        0
    } else {
        span.start.column.saturating_sub(WINDOW / 4)
    };
    let shown: String = line.chars().skip(from).take(WINDOW).collect();
    let before = span.start.column.saturating_sub(from);
    let length = end.saturating_sub(span.start.column).max(1);
    let length = length.min(WINDOW.saturating_sub(before).max(1));
    Some((harmless(&shown), before, length))
}

/// Without the control characters by which a text could steer a terminal.
fn harmless(text: &str) -> String {
    let shown = |character: char| match character {
        '\t' => ' ',
        other if other.is_control() => '\u{fffd}',
        other => other,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use policy_check::{PolicyType, check};

    use super::*;

    fn shown(text: &str, colours: bool) -> String {
        let checked = [Checked {
            name: "p.json".to_owned(),
            text: text.to_owned(),
            findings: check(text, PolicyType::Identity),
        }];
        let mut out = Vec::new();
        write(&mut out, &checked, colours).unwrap();
        String::from_utf8(out).unwrap()
    }

    const WRONG: &str = r#"{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Action": "s3:GetObjekt",
    "Resource": "arn:aws:s3:::b/*"
  }
}"#;

    #[test]
    fn a_caret_stands_under_the_spot() {
        assert_eq!(
            shown(WRONG, false),
            "p.json:5:15: error: The action s3:GetObjekt does not exist. Did you mean \
             s3:GetObject? [INVALID_ACTION]\n\
             \x205 |     \"Action\": \"s3:GetObjekt\",\n\
             \x20  |               ^^^^^^^^^^^^^^\n\
             \n\
             1 errors, 0 security warnings, 0 warnings, 0 suggestions in 1 file\n"
        );
        assert!(shown(WRONG, true).contains("\u{1b}[1;31merror\u{1b}[0m"));
    }

    #[test]
    fn a_policy_cannot_steer_the_terminal() {
        let hostile = WRONG.replace("GetObjekt", "\\u001b[2J");
        assert!(!shown(&hostile, false).contains('\u{1b}'));
    }

    #[test]
    fn long_lines_are_cut_around_the_spot() {
        let long = WRONG.replace('\n', &" ".repeat(300));
        let text = shown(&long, false);
        assert!(
            text.lines().all(|line| line.chars().count() < 200),
            "{text}"
        );
        assert!(text.contains("\"s3:GetObjekt\""));
    }
}
