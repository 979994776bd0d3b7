//! Collects findings, and turns places in bytes into lines and columns.

use json_text::NotJson;

use crate::cursor::Place;
use crate::finding::{Finding, FindingType, Location, Position, Span};

/// At most so many findings are given: a hostile text must not make a longer answer than it
/// is itself.
const FINDINGS_MAX: usize = 1_000;

pub(crate) struct Report<'t> {
    text: &'t str,
    /// Findings with the byte where the first place begins.
    findings: Vec<(usize, Finding)>,
    /// Where lines begin, in bytes, and how many characters come before.
    lines: Vec<(usize, usize)>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(text: &'t str) -> Report<'t> {
        let mut lines = vec![(0, 0)];
        for (count, (at, character)) in text.char_indices().enumerate() {
            if character == '\n' {
                lines.push((at + 1, count + 1));
            }
        }
        Report {
            text,
            findings: Vec::new(),
            lines,
        }
    }

    pub(crate) fn error(&mut self, code: &'static str, details: String, places: &[Place]) {
        self.add(FindingType::Error, code, details, places);
    }

    pub(crate) fn security(&mut self, code: &'static str, details: String, places: &[Place]) {
        self.add(FindingType::SecurityWarning, code, details, places);
    }

    pub(crate) fn warning(&mut self, code: &'static str, details: String, places: &[Place]) {
        self.add(FindingType::Warning, code, details, places);
    }

    pub(crate) fn suggestion(&mut self, code: &'static str, details: String, places: &[Place]) {
        self.add(FindingType::Suggestion, code, details, places);
    }

    pub(crate) fn unreadable(&mut self, fault: &NotJson) {
        let place = Place::new(Vec::new(), fault.at..fault.at);
        let details = format!("The text is not JSON from here on: {}.", fault.why);
        self.error("JSON_SYNTAX_ERROR", details, &[place]);
    }

    fn add(&mut self, kind: FindingType, code: &'static str, details: String, places: &[Place]) {
        if self.findings.len() >= FINDINGS_MAX {
            return;
        }
        let mut finding = Finding::new(kind, code, details);
        finding.locations = places.iter().map(|place| self.locate(place)).collect();
        let at = places.first().map_or(0, |place| place.bytes.start);
        self.findings.push((at, finding));
    }

    fn locate(&self, place: &Place) -> Location {
        let span = Span {
            start: self.position(place.bytes.start),
            end: self.position(place.bytes.end),
        };
        Location {
            path: place.path.clone(),
            span,
        }
    }

    fn position(&self, byte: usize) -> Position {
        let line = self.lines.partition_point(|(start, _)| *start <= byte);
        let before = line.checked_sub(1).and_then(|at| self.lines.get(at));
        let (start, characters) = before.copied().unwrap_or_default();
        let column = self
            .text
            .get(start..byte)
            .map_or(0, |text| text.chars().count());
        Position {
            line,
            column,
            offset: characters + column,
        }
    }

    /// The findings in the order of the text; at one place what matters most comes first.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        self.findings
            .sort_by_key(|(at, finding)| (*at, std::cmp::Reverse(finding.finding_type)));
        self.findings.into_iter().map(|(_, found)| found).collect()
    }
}
