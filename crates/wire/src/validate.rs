//! Constraints of the model, checked all at once and told in AWS's words.

mod iam;
mod sentence;

use facts::{Kind, OperationFacts, Range, Shape, Text};

use crate::pattern;
use crate::refusal::Refusal;
use crate::value::{Structure, Value};

use self::sentence::{Dialect, show};
pub(crate) use self::sentence::{Violation, refuse};

/// More violations than this are not told: a list of ten thousand wrong values is one mistake.
const VIOLATIONS_MAX: usize = 100;

const PATTERN_RULE: &str = "Member must satisfy regular expression pattern: ";
const ENUM_RULE: &str = "Member must satisfy enum value set";

/// Checks every constraint of the model and reports all violations in one refusal.
pub fn validate(operation: &OperationFacts, input: &Structure) -> Result<(), Refusal> {
    let Some(shape) = operation.input else {
        return Ok(());
    };
    let mut check = Check {
        dialect: Dialect::of(operation.service),
        violations: Vec::new(),
        afterwards: None,
    };
    check.structure(shape, input, &Path::Root);
    match (check.violations.as_slice(), check.afterwards) {
        ([], None) => Ok(()),
        ([], sentence) => Err(refuse(operation.service, &[], sentence)),
        (violations, _) => Err(refuse(operation.service, violations, None)),
    }
}

/// `RoleName` is `roleName` in AWS's sentences.
pub(crate) fn lower_first(name: &str) -> String {
    // Names of the models are ASCII.
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

/// Where a value stands. Spelled out only when there is something to say.
enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Element(&'p Path<'p>, usize),
    Entry(&'p Path<'p>, &'p str),
}

impl Path<'_> {
    fn spell(&self) -> String {
        let (before, name) = match self {
            Self::Root => return String::new(),
            Self::Member(before, name) => (before, lower_first(name)),
            Self::Element(before, at) => (before, format!("{}.member", at + 1)),
            Self::Entry(before, key) => (before, format!("{key}.member")),
        };
        let before = before.spell();
        if before.is_empty() {
            name
        } else {
            format!("{before}.{name}")
        }
    }
}

struct Check {
    dialect: Dialect,
    violations: Vec<Violation>,
    /// What the service checks itself, once the model's constraints hold.
    afterwards: Option<String>,
}

impl Check {
    fn structure(&mut self, shape: &Shape, structure: &Structure, path: &Path<'_>) {
        let Kind::Structure { members, union, .. } = &shape.kind else {
            return;
        };
        for member in *members {
            let path = Path::Member(path, member.name);
            match structure.get(member.name) {
                Some(value) => self.value(member.shape, value, &path),
                None if member.required => self.report(
                    member.shape,
                    None,
                    &path,
                    "Member must not be null".to_owned(),
                ),
                None => {}
            }
        }
        if *union && structure.len() != 1 {
            self.report(
                shape,
                None,
                path,
                "Member must have exactly one member set".to_owned(),
            );
        }
    }

    fn value(&mut self, shape: &Shape, value: &Value, path: &Path<'_>) {
        match (value, &shape.kind) {
            (Value::Structure(structure), _) => self.structure(shape, structure, path),
            (Value::List(values), Kind::List(member, size)) => {
                self.size(shape, value, values.len(), *size, path);
                self.elements(shape, member, value, values.iter(), path, "Member");
                for (at, element) in values.iter().enumerate() {
                    self.nested(member, element, &Path::Element(path, at));
                }
            }
            (
                Value::Map(pairs),
                Kind::Map {
                    key,
                    value: entry,
                    size,
                },
            ) => {
                self.size(shape, value, pairs.len(), *size, path);
                let keys: Vec<Value> = pairs
                    .iter()
                    .map(|(key, _)| Value::from(key.as_str()))
                    .collect();
                self.elements(shape, key, value, keys.iter(), path, "Map keys");
                self.elements(
                    shape,
                    entry,
                    value,
                    pairs.iter().map(|(_, value)| value),
                    path,
                    "Map value",
                );
                for (name, element) in pairs {
                    self.nested(entry, element, &Path::Entry(path, name));
                }
            }
            _ => {
                let own = self
                    .dialect
                    .own_sentences
                    .then(|| iam::sentence(shape))
                    .flatten();
                for constraint in self.broken(shape, value) {
                    match own {
                        Some(sentence) if constraint.starts_with(PATTERN_RULE) => {
                            let field = path.spell();
                            self.afterwards.get_or_insert_with(|| {
                                format!("The specified value for {field} is invalid. {sentence}")
                            });
                        }
                        _ => self.report(shape, Some(value), path, constraint),
                    }
                }
            }
        }
    }

    /// Elements that have paths of their own: those with something inside.
    fn nested(&mut self, shape: &Shape, value: &Value, path: &Path<'_>) {
        let has_inside = !is_scalar(shape);
        if has_inside && *value == Value::Null {
            self.report(shape, None, path, "Member must not be null".to_owned());
        } else if has_inside {
            self.value(shape, value, path);
        }
    }

    fn size(&mut self, shape: &Shape, value: &Value, length: usize, size: Range, path: &Path<'_>) {
        for constraint in outside(length, size, "length") {
            self.report(shape, Some(value), path, constraint);
        }
    }

    /// Scalars in a list or map are told about as one: whichever breaks what, all rules are named.
    fn elements<'v>(
        &mut self,
        shape: &Shape,
        element: &Shape,
        whole: &Value,
        mut values: impl Iterator<Item = &'v Value>,
        path: &Path<'_>,
        aspect: &str,
    ) {
        if is_scalar(element) && values.any(|value| !self.broken(element, value).is_empty()) {
            let mut rules = rules(element);
            if self.dialect.names_null_rule && aspect != "Map keys" {
                rules.push("Member must not be null".to_owned());
            }
            let verb = if aspect == "Member" {
                "Member must"
            } else {
                aspect
            };
            let must = if aspect == "Member" { "" } else { " must" };
            let constraint = format!("{verb}{must} satisfy constraint: [{}]", rules.join(", "));
            let hide = if element.sensitive { element } else { shape };
            self.report(hide, Some(whole), path, constraint);
        }
    }

    /// The rules of a scalar's shape that the value breaks, in the service's order.
    fn broken(&self, shape: &Shape, value: &Value) -> Vec<String> {
        match (value, &shape.kind) {
            (Value::Null, _) => vec!["Member must not be null".to_owned()],
            (Value::String(text), Kind::String(rules)) => self.broken_text(text, rules),
            (Value::Integer(number), Kind::Integer(range) | Kind::Long(range)) => {
                let low = range
                    .min
                    .filter(|min| *number < *min)
                    .map(|min| bound("value", "greater", min));
                let high = range
                    .max
                    .filter(|max| *number > *max)
                    .map(|max| bound("value", "less", max));
                low.into_iter().chain(high).collect()
            }
            (Value::Blob(bytes), Kind::Blob(size)) => {
                outside(bytes.len(), *size, "length").collect()
            }
            _ => Vec::new(),
        }
    }

    fn broken_text(&self, text: &str, rules: &Text) -> Vec<String> {
        // AWS counts characters, neither bytes nor UTF-16 units.
        let length: Vec<String> = outside(text.chars().count(), rules.length, "length").collect();
        // A text far over its length is not worth matching.
        let endless = rules.length.max.is_some_and(|max| {
            i64::try_from(text.len()).unwrap_or(i64::MAX) > max.max(1024).saturating_mul(8)
        });
        let pattern = rules
            .pattern
            .filter(|pattern| !endless && !pattern::matches(*pattern, text))
            .map(|pattern| format!("{PATTERN_RULE}{}", pattern.text));
        let choice = (!rules.choices.is_empty() && !rules.choices.contains(&text)).then(|| {
            if self.dialect.names_choices {
                enum_rule(rules)
            } else {
                ENUM_RULE.to_owned()
            }
        });
        if self.dialect.pattern_first {
            pattern.into_iter().chain(length).chain(choice).collect()
        } else {
            length.into_iter().chain(pattern).chain(choice).collect()
        }
    }

    fn report(
        &mut self,
        shape: &Shape,
        value: Option<&Value>,
        path: &Path<'_>,
        constraint: String,
    ) {
        if self.violations.len() < VIOLATIONS_MAX {
            let hidden = shape.sensitive || self.dialect.hides_values;
            let value = value.filter(|_| !hidden).map(|value| show(shape, value));
            self.violations.push(Violation {
                path: path.spell(),
                value,
                hidden,
                constraint,
            });
        }
    }
}

fn outside(length: usize, range: Range, what: &str) -> impl Iterator<Item = String> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let low = range
        .min
        .filter(|min| length < *min)
        .map(|min| bound(what, "greater", min));
    let high = range
        .max
        .filter(|max| length > *max)
        .map(|max| bound(what, "less", max));
    low.into_iter().chain(high)
}

fn bound(what: &str, direction: &str, limit: i64) -> String {
    format!("Member must have {what} {direction} than or equal to {limit}")
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(
        shape.kind,
        Kind::Structure { .. } | Kind::List(..) | Kind::Map { .. }
    )
}

fn enum_rule(rules: &Text) -> String {
    format!("{ENUM_RULE}: [{}]", rules.choices.join(", "))
}

/// Every rule of a scalar's shape, as AWS lists them.
fn rules(shape: &Shape) -> Vec<String> {
    let bounds = |range: &Range, what: &str| {
        let high = range.max.map(|max| bound(what, "less", max));
        let low = range.min.map(|min| bound(what, "greater", min));
        high.into_iter().chain(low).collect::<Vec<_>>()
    };
    match &shape.kind {
        Kind::String(text) => {
            let mut rules = bounds(&text.length, "length");
            rules.extend(
                text.pattern
                    .map(|pattern| format!("{PATTERN_RULE}{}", pattern.text)),
            );
            rules.extend((!text.choices.is_empty()).then(|| enum_rule(text)));
            rules
        }
        Kind::Integer(range) | Kind::Long(range) => bounds(range, "value"),
        Kind::Blob(range) => bounds(range, "length"),
        _ => Vec::new(),
    }
}
