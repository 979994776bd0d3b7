//! Variables in resources and condition values: `${aws:username}`.

use crate::cursor::Cursor;
use crate::report::Report;
use crate::statement::Statement;

pub(crate) fn check(statement: &Statement<'_>, text: &Cursor<'_>, report: &mut Report<'_>) {
    let mut rest = text.scalar().unwrap_or_default();
    let place = [text.place()];
    while let Some((_, after)) = rest.split_once("${") {
        if !statement.variables {
            let details = "Variables are plain text in the language of 2008. Set \"Version\" to \
                           \"2012-10-17\"."
                .to_owned();
            report.error("VARIABLE_UNSUPPORTED_IN_VERSION", details, &place);
            return;
        }
        let Some((inside, after)) = after.split_once('}') else {
            let details = "A variable begins with ${ and has no closing brace.".to_owned();
            report.error("MISSING_BRACE_IN_VARIABLE", details, &place);
            return;
        };
        rest = after;
        one(inside, &place, report);
    }
}

fn one(inside: &str, place: &[crate::cursor::Place], report: &mut Report<'_>) {
    if inside.is_empty() {
        let details = "The variable ${} is empty.".to_owned();
        report.error("EMPTY_VARIABLE", details, place);
        return;
    }
    let (name, default) = match inside.split_once(',') {
        Some((name, default)) => (name, Some(default.trim())),
        None => (inside, None),
    };
    // `${*}`, `${?}` and `${$}` stand for the characters themselves.
    if ["*", "?", "$"].contains(&name) {
        return;
    }
    if default.is_some_and(|text| {
        let quoted = text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
        !quoted
    }) {
        let details = format!("The default of ${{{inside}}} must stand in single quotes.");
        report.error("MISSING_QUOTE_IN_VARIABLE", details, place);
    }
    // Tag keys may have spaces inside.
    if name.trim() != name || (name.contains(' ') && !name.contains('/')) {
        let details = format!("The variable ${{{inside}}} has a space that belongs to no name.");
        report.error("UNSUPPORTED_SPACE_IN_VARIABLE", details, place);
    }
}
