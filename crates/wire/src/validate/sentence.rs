//! How each service tells of broken constraints.

use facts::ServiceFacts;

use crate::refusal::Refusal;
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
}

impl Dialect {
    pub(crate) fn of(service: &ServiceFacts) -> Self {
        Self {
            // Observed live: TagUser answers so in 2026; older IAM showed values as STS still does.
            hides_values: service.name == "iam",
            pattern_first: service.name == "sts",
            // Clients of Cognito compare the sentence without it.
            names_null_rule: !service.name.starts_with("cognito"),
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

/// A value as Java prints it: `[a, b]`, `{key=value}`.
pub(crate) fn show(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    match out.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((at, _)) => out.get(..at).unwrap_or_default().to_owned(),
        None => out,
    }
}

fn write(out: &mut String, value: &Value) {
    // What lies beyond the cut need not be written.
    if out.len() > 4 * SHOWN_CHARACTERS_MAX {
        return;
    }
    let mut first = true;
    let mut separate = |out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
    };
    match value {
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&format!("{number:?}")),
        Value::String(text) => out.push_str(text),
        Value::Blob(bytes) => {
            out.push_str(&format!(
                "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]",
                bytes.len()
            ));
        }
        Value::Timestamp(moment) => out.push_str(&crate::timestamp::iso8601_seconds(*moment)),
        Value::Document(document) => out.push_str(&document.to_string()),
        Value::Null => out.push_str("null"),
        Value::List(values) => {
            out.push('[');
            for value in values {
                separate(out);
                write(out, value);
            }
            out.push(']');
        }
        Value::Map(pairs) => {
            out.push('{');
            for (key, value) in pairs {
                separate(out);
                out.push_str(key);
                out.push('=');
                write(out, value);
            }
            out.push('}');
        }
        Value::Structure(structure) => {
            out.push('{');
            for (name, value) in structure.iter() {
                separate(out);
                out.push_str(name);
                out.push('=');
                write(out, value);
            }
            out.push('}');
        }
    }
}
