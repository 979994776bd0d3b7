//! Conditions: operators, keys, and whether the two and the actions go together.

use catalogue::{Action, ConditionKey, ValueType, condition_key, is_key};

use crate::cursor::{Cursor, Member};
use crate::document::{once, wrong_type};
use crate::report::Report;
use crate::statement::Statement;
use crate::values::{self, Family, Operator};
use crate::variables;

pub(crate) fn check(statement: &Statement<'_>, report: &mut Report<'_>) {
    let Some(block) = &statement.condition else {
        return;
    };
    if !block.is_object() {
        wrong_type(block, "an object", report);
        return;
    }
    let operators = block.members();
    if operators.is_empty() {
        let details = "The Condition is empty and asks for nothing.".to_owned();
        report.suggestion("EMPTY_OBJECT_CONDITION", details, &[block.place()]);
    }
    once(&operators, report);
    for member in &operators {
        operator(statement, member, report);
    }
}

fn operator(statement: &Statement<'_>, member: &Member<'_>, report: &mut Report<'_>) {
    let tests = &member.value;
    if !tests.is_object() {
        wrong_type(tests, "an object", report);
        return;
    }
    let keys = tests.members();
    if keys.is_empty() {
        let details = format!("{} has no key and asks for nothing.", member.name);
        report.suggestion("EMPTY_OBJECT_CONDITION", details, &[tests.place()]);
    }
    once(&keys, report);
    let Some(operator) = Operator::parse(member.name) else {
        let place = [member.place.clone()];
        if values::is_null_if_exists(member.name) {
            let details = "Null asks whether a key exists: IfExists makes no sense with it.";
            report.error("NULL_WITH_IF_EXISTS", details.to_owned(), &place);
        } else {
            let details = format!("There is no condition operator {}.", member.name);
            report.error("INVALID_CONDITION_OPERATOR", details, &place);
        }
        return;
    };
    for key in &keys {
        one(statement, operator, key, report);
    }
}

fn one(
    statement: &Statement<'_>,
    operator: Operator,
    member: &Member<'_>,
    report: &mut Report<'_>,
) {
    let mut texts = Vec::new();
    for value in member.value.items() {
        if value.scalar().is_some() {
            texts.push(value);
        } else {
            wrong_type(&value, "a string, a number or a boolean", report);
        }
    }
    if member.value.is_empty_list() {
        let details = format!("The list of values of {} is empty.", member.name);
        report.suggestion("EMPTY_ARRAY_CONDITION", details, &[member.value.place()]);
    }
    values::check(operator, member, &texts, report);
    if operator.family == Family::String || operator.family == Family::Arn {
        for text in &texts {
            variables::check(statement, text, report);
        }
    }
    let Some(key) = known_key(statement, member, report) else {
        return;
    };
    fitting(operator, key, member, report);
    quantified(statement, operator, key, member, report);
    supported(statement, operator, member, report);
}

/// The key of the catalogue that is meant; a complaint where there should be one.
fn known_key(
    statement: &Statement<'_>,
    member: &Member<'_>,
    report: &mut Report<'_>,
) -> Option<&'static ConditionKey> {
    let name = member.name;
    let place = [member.place.clone()];
    let Some((prefix, _)) = name.split_once(':') else {
        let details = format!("The key {name} lacks its prefix: keys are prefix:name.");
        report.error("INVALID_CONDITION_KEY_FORMAT", details, &place);
        return None;
    };
    if let Some(key) = condition_key(name) {
        return Some(key);
    }
    if name.eq_ignore_ascii_case("aws:ARN") {
        let details = "aws:ARN is old: use aws:PrincipalArn.".to_owned();
        report.warning("DEPRECATED_GLOBAL_CONDITION_KEY", details, &place);
    } else if prefix.eq_ignore_ascii_case("aws") {
        if let Some(stem) = ["aws:PrincipalTag", "aws:RequestTag", "aws:ResourceTag"]
            .into_iter()
            .find(|stem| name.trim_end_matches('/').eq_ignore_ascii_case(stem))
        {
            let details = format!("{stem} needs the tag's key: {stem}/team.");
            report.error("MISSING_TAG_KEY_IN_CONDITION", details, &place);
            return None;
        }
        let known = catalogue::GLOBAL_KEYS.iter().map(ConditionKey::name);
        let hint = crate::actions::similar(known, name)
            .map_or(String::new(), |like| format!(" Did you mean {like}?"));
        let details = format!("There is no global condition key {name}.{hint}");
        report.error("INVALID_GLOBAL_CONDITION_KEY", details, &place);
    } else if let Some(service) = catalogue::service(prefix) {
        let known = service.condition_keys().iter().map(ConditionKey::name);
        let hint = crate::actions::similar(known, name)
            .map_or(String::new(), |like| format!(" Did you mean {like}?"));
        let details = format!("The service {prefix} has no condition key {name}.{hint}");
        report.error("INVALID_SERVICE_CONDITION_KEY", details, &place);
    } else if !prefix.contains('.') && statement.kind != crate::PolicyType::Trust {
        // Providers of OpenID Connect bring keys under their own host names.
        let details = format!("No service {prefix} has condition keys.");
        report.error("INVALID_SERVICE_CONDITION_KEY", details, &place);
    }
    None
}

/// Whether the operator is made for the values that the key has.
fn fitting(operator: Operator, key: &ConditionKey, member: &Member<'_>, report: &mut Report<'_>) {
    let wanted = match key.values() {
        ValueType::String => Family::String,
        ValueType::Numeric => Family::Numeric,
        ValueType::Bool => Family::Bool,
        ValueType::Date => Family::Date,
        ValueType::Arn => Family::Arn,
        ValueType::IpAddress => Family::Address,
        ValueType::Binary => Family::Binary,
    };
    let family = operator.family;
    let is_epoch = wanted == Family::Date && family == Family::Numeric;
    if family == wanted || family == Family::Null || is_epoch {
        return;
    }
    let place = [member.place.clone()];
    let name = member.name;
    let (has, needs) = (family.word(), wanted.word());
    let details = format!("{name} has {needs} values: use an operator for these, not for {has}.");
    if wanted == Family::Arn && family == Family::String {
        if operator.takes_wildcards {
            report.security(
                "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS",
                details,
                &place,
            );
        }
        return;
    }
    // Many keys that hold ARNs or numbers are listed as texts.
    if wanted != Family::String {
        report.warning("TYPE_MISMATCH", details, &place);
    }
}

fn quantified(
    statement: &Statement<'_>,
    operator: Operator,
    key: &ConditionKey,
    member: &Member<'_>,
    report: &mut Report<'_>,
) {
    let name = member.name;
    let place = [member.place.clone()];
    if operator.family == Family::Null {
        if operator.for_all || operator.for_any {
            let details = "Null asks whether the key exists: it needs no ForAnyValue or \
                           ForAllValues."
                .to_owned();
            report.suggestion("NULL_WITH_QUALIFIER", details, &place);
        }
        return;
    }
    if key.is_multivalued() && !operator.for_all && !operator.for_any {
        let details = format!(
            "One request may carry several values of {name}: begin the operator with \
             ForAnyValue: or ForAllValues:."
        );
        report.error("MISSING_QUALIFIER", details, &place);
    }
    if !key.is_multivalued() && operator.for_all && statement.allows == Some(true) {
        let details = format!(
            "ForAllValues holds when a request has no {name} at all, which has one value at \
             most: leave ForAllValues: out."
        );
        report.security("FORALLVALUES_WITH_SINGLE_VALUED_KEY", details, &place);
    }
}

/// Whether requests for the actions carry the key. Only what is certain is told: single
/// actions, and keys of services.
fn supported(
    statement: &Statement<'_>,
    operator: Operator,
    member: &Member<'_>,
    report: &mut Report<'_>,
) {
    let name = member.name;
    let prefix = name.split(':').next().unwrap_or_default();
    let own = |action: &Action| action.prefix().eq_ignore_ascii_case(prefix);
    let is_global = catalogue::GLOBAL_KEYS.iter().any(|key| key.is(name));
    if is_global || operator.if_exists || operator.family == Family::Null {
        return;
    }
    for action in &statement.actions {
        let found = catalogue::expand(action.as_str().unwrap_or_default());
        let [only] = found.as_slice() else {
            continue;
        };
        if own(only) && !carries(only, name) {
            let (full, what) = (only.full_name(), outcome(statement, operator));
            let details = format!("Requests for {full} carry no {name}: {what}.");
            let places = [action.place(), member.place.clone()];
            report.warning("CONDITION_KEY_NOT_IN_REQUEST", details, &places);
        }
    }
}

fn carries(action: &Action, name: &str) -> bool {
    let mut keys = action.condition_keys();
    keys.any(|key| is_key(&key, name))
        || action
            .resource_types()
            .any(|(of, _)| of.condition_keys().any(|key| is_key(&key, name)))
}

/// What becomes of a condition on a key that is never there.
fn outcome(statement: &Statement<'_>, operator: Operator) -> &'static str {
    let holds = operator.for_all || (operator.negated && !operator.for_any);
    match (holds, statement.allows) {
        (true, _) => "the condition always holds for it",
        (false, Some(false)) => "the statement never denies it",
        (false, _) => "the statement never allows it",
    }
}

/// The cursors of the values, for checks that look at each.
pub(crate) fn scalars<'t>(texts: &[Cursor<'t>]) -> Vec<&'t str> {
    texts.iter().filter_map(Cursor::scalar).collect()
}
