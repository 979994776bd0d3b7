//! How each service tells of broken constraints.

use facts::{Kind, ServiceFacts, Shape};

use crate::refusal::Refusal;
use crate::validate::lower_first;
use crate::value::{Structure, Value};

/// A shown value is cut after this many characters.
const SHOWN_CHARACTERS_MAX: usize = 10_000;

/// One broken constraint.
pub(crate) struct Violation {
    /// `tags.1.member.key`
    pub(crate) path: String,
    /// The value as AWS shows it; nothing for an absent one.
    pub(crate) value: Option<String>,
    /// Whether the sentence must not show the value.
    pub(crate) hidden: bool,
    /// `Member must …`
    pub(crate) constraint: String,
}

impl Violation {
    fn spell(&self) -> String {
        let value = match &self.value {
            _ if self.hidden => "Value".to_owned(),
            Some(value) => format!("Value '{value}'"),
            None => "Value null".to_owned(),
        };
        format!(
            "{value} at '{}' failed to satisfy constraint: {}",
            self.path, self.constraint
        )
    }
}

/// How a service words its checks.
pub(crate) struct Dialect {
    /// Sentences never show values.
    pub(crate) hides_values: bool,
    /// Patterns are told before lengths.
    pub(crate) pattern_first: bool,
    /// The rules of a list's elements end with the one against null.
    pub(crate) names_null_rule: bool,
    /// Sentences about an enum list its values.
    pub(crate) names_choices: bool,
    /// Some texts are checked by the service, in other words.
    pub(crate) own_sentences: bool,
}

impl Dialect {
    pub(crate) fn of(service: &ServiceFacts) -> Self {
        Self {
            // Observed live: TagUser answers so in 2026; older IAM showed values as STS still does.
            hides_values: service.name == "iam",
            pattern_first: service.name == "sts",
            // Observed live: neither IAM nor STS names it in 2026. Clients of Cognito compare the
            // sentence without it.
            names_null_rule: !matches!(service.name, "iam" | "sts")
                && !service.name.starts_with("cognito"),
            names_choices: service.name != "iam",
            own_sentences: service.name == "iam",
        }
    }
}

/// The refusal that tells of these violations, or says `sentence` instead, in the service's code.
pub(crate) fn refuse(
    service: &ServiceFacts,
    violations: &[Violation],
    sentence: Option<String>,
) -> Refusal {
    let message = sentence.unwrap_or_else(|| {
        let told: Vec<String> = violations.iter().map(Violation::spell).collect();
        let plural = if violations.len() == 1 { "" } else { "s" };
        format!(
            "{} validation error{plural} detected: {}",
            violations.len(),
            told.join("; ")
        )
    });
    match service.name {
        "iam" | "sts" => Refusal::new("ValidationError", 400, message),
        "cognito-idp" => Refusal::new("InvalidParameterException", 400, message),
        "sso" | "sso-oidc" => Refusal::new("InvalidRequestException", 400, message),
        "organizations" => organizations(violations, message),
        "accessanalyzer" => access_analyzer(violations, message),
        "signin" => {
            let mut refusal = Refusal::new("ValidationException", 400, message);
            refusal.fields.insert("error", "INVALID_REQUEST");
            refusal
        }
        _ => Refusal::new("ValidationException", 400, message),
    }
}

/// Organizations gives a reason from its list and a sentence that names nothing.
fn organizations(violations: &[Violation], message: String) -> Refusal {
    let reason = |constraint: &str| match constraint {
        _ if constraint.contains("null") => "INPUT_REQUIRED",
        _ if constraint.contains("enum") => "INVALID_ENUM",
        _ if constraint.contains("length less") => "MAX_LENGTH_EXCEEDED",
        _ if constraint.contains("length greater") => "MIN_LENGTH_EXCEEDED",
        _ if constraint.contains("value less") => "MAX_VALUE_EXCEEDED",
        _ if constraint.contains("value greater") => "MIN_VALUE_EXCEEDED",
        _ if constraint.contains("satisfy constraint") => "INVALID_LIST_MEMBER",
        _ => "INVALID_PATTERN",
    };
    let Some(first) = violations.first() else {
        return Refusal::new("InvalidInputException", 400, message);
    };
    let mut refusal = Refusal::new(
        "InvalidInputException",
        400,
        "You specified an invalid value.",
    );
    refusal.fields.insert("Reason", reason(&first.constraint));
    refusal
}

/// Access Analyzer names the fields beside the sentence.
fn access_analyzer(violations: &[Violation], message: String) -> Refusal {
    let field = |violation: &Violation| {
        let field = Structure::new()
            .with("name", violation.path.as_str())
            .with("message", violation.constraint.as_str());
        Value::Structure(field)
    };
    let mut refusal = Refusal::new("ValidationException", 400, message);
    refusal.fields.insert("reason", "fieldValidationFailed");
    refusal.fields.insert(
        "fieldList",
        violations.iter().map(field).collect::<Vec<_>>(),
    );
    refusal
}

/// A value as Java prints it: `[a, b]`, `{key=value}`, `Tag(key=a, value=null)`.
pub(crate) fn show(shape: &Shape, value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, shape, value);
    match out.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((at, _)) => out.get(..at).unwrap_or_default().to_owned(),
        None => out,
    }
}

fn write(out: &mut String, shape: &Shape, value: &Value) {
    // What lies beyond the cut need not be written.
    if out.len() > 4 * SHOWN_CHARACTERS_MAX {
        return;
    }
    if shape.sensitive {
        out.push_str("***Sensitive Data Redacted***");
        return;
    }
    match (value, &shape.kind) {
        (Value::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
        (Value::Integer(number), _) => out.push_str(&number.to_string()),
        (Value::Float(number), _) => out.push_str(&format!("{number:?}")),
        (Value::String(text), _) => out.push_str(text),
        (Value::Blob(bytes), _) => {
            out.push_str(&format!(
                "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]",
                bytes.len()
            ));
        }
        (Value::Timestamp(moment), _) => out.push_str(&crate::timestamp::iso8601_seconds(*moment)),
        (Value::Document(document), _) => out.push_str(&document.to_string()),
        (Value::List(values), Kind::List(member, _)) => {
            joined(out, ("[", "]"), values.iter(), |out, value| {
                write(out, member, value)
            });
        }
        (Value::Map(pairs), Kind::Map { value: entry, .. }) => {
            joined(out, ("{", "}"), pairs.iter(), |out, (key, value)| {
                out.push_str(key);
                out.push('=');
                write(out, entry, value);
            });
        }
        (Value::Structure(structure), Kind::Structure { members, .. }) => {
            out.push_str(shape.name);
            joined(out, ("(", ")"), members.iter(), |out, member| {
                out.push_str(&lower_first(member.name));
                out.push('=');
                match structure.get(member.name) {
                    Some(value) => write(out, member.shape, value),
                    None => out.push_str("null"),
                }
            });
        }
        // Absent, or not of the shape, which a decoded message never is.
        _ => out.push_str("null"),
    }
}

fn joined<T>(
    out: &mut String,
    (open, close): (&str, &str),
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push_str(open);
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
    out.push_str(close);
}
