//! `arnold policy explain`: one decision as a tree that a person can read, or as JSON.

use std::io::{self, IsTerminal, Read as _, Write};
use std::path::PathBuf;

use clap::Args;
use policy::eval::{self, Explained};
use policy::explain::{LayerAnswer, StatementAnswer};
use policy::{Decision, Effect, Layer, Position};
use serde_json::{Value, json};

use crate::Failure;

/// The longest case that is taken, in bytes.
const CASE_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(Args)]
pub(crate) struct ExplainOptions {
    /// A case as `arnold policy eval` takes it; without a file, standard input.
    file: Option<PathBuf>,
    /// Print JSON instead of a tree.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &ExplainOptions) -> Result<(), Failure> {
    let text = read(options)?;
    let explained = eval::explain(&text).map_err(|reason| format!("cannot explain: {reason}"))?;
    let mut out = io::stdout().lock();
    if options.json {
        writeln!(out, "{:#}", as_json(&explained))?;
        return Ok(());
    }
    // https://no-color.org: any value but the empty one.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let paint = Paint {
        colours: !plain && io::stdout().is_terminal(),
    };
    out.write_all(tree(&explained, paint).as_bytes())?;
    Ok(())
}

fn read(options: &ExplainOptions) -> Result<String, Failure> {
    let mut text = String::new();
    let mut take = |from: &mut dyn io::Read| from.take(CASE_BYTES_MAX).read_to_string(&mut text);
    match &options.file {
        None => take(&mut io::stdin().lock())?,
        Some(path) => {
            let opened = std::fs::File::open(path);
            let mut file =
                opened.map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
            take(&mut file)?
        }
    };
    Ok(text)
}

/// Puts colours around words, or does not.
#[derive(Debug, Clone, Copy)]
struct Paint {
    colours: bool,
}

impl Paint {
    fn around(self, code: &str, text: &str) -> String {
        match self.colours {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn green(self, text: &str) -> String {
        self.around("32", text)
    }

    fn red(self, text: &str) -> String {
        self.around("31", text)
    }

    fn yellow(self, text: &str) -> String {
        self.around("33", text)
    }

    fn dim(self, text: &str) -> String {
        self.around("2", text)
    }
}

/// The decision, its reason, and under each layer its statements.
fn tree(explained: &Explained, paint: Paint) -> String {
    let verdict = explained.explanation.verdict;
    let decision = eval::decision_name(verdict.decision);
    let decision = match verdict.decision {
        Decision::Allowed => paint.green(decision),
        Decision::ExplicitDeny | Decision::ImplicitDeny => paint.red(decision),
    };
    let mut text = format!(
        "{decision}: {} on {}\n{}\n",
        printable(&explained.action),
        printable(&explained.resource),
        printable(&reason(explained))
    );
    for layer in &explained.explanation.layers {
        text.push_str(&format!("\n{}\n", heading(layer, paint)));
        let last = layer.statements.len().saturating_sub(1);
        for (number, statement) in layer.statements.iter().enumerate() {
            let branch = if number == last { "└─ " } else { "├─ " };
            text.push_str(branch);
            text.push_str(&statement_line(statement, paint));
            text.push('\n');
        }
        if layer.statements.is_empty() {
            text.push_str(&paint.dim("└─ no statements\n"));
        }
    }
    let missing = &explained.explanation.missing_keys;
    if !missing.is_empty() {
        text.push_str(&format!(
            "\nnot in the request: {}\n",
            paint.yellow(&printable(&missing.join(", ")))
        ));
    }
    text
}

/// Why, in one sentence.
fn reason(explained: &Explained) -> String {
    let verdict = explained.explanation.verdict;
    match (verdict.decision, verdict.layer) {
        (Decision::Allowed, Layer::Always) => {
            format!("{} may always do this", explained.principal)
        }
        (Decision::Allowed, layer) => format!(
            "{} is allowed by the {}",
            explained.principal,
            layer_words(layer)
        ),
        _ => policy::denial_message(
            verdict,
            &explained.principal,
            &explained.action,
            Some(&explained.resource),
        ),
    }
}

fn layer_words(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "identity-based policies",
        Layer::Resource => "resource-based policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policies",
        Layer::ServiceControl => "service control policies",
        Layer::ResourceControl => "resource control policies",
        Layer::VpcEndpoint => "VPC endpoint policy",
        Layer::Trust => "role trust policy",
        Layer::Always => "account itself",
    }
}

fn answer_word(layer: &LayerAnswer) -> &'static str {
    if layer.denies() {
        "denies"
    } else if layer.allows() {
        "allows"
    } else {
        "silent"
    }
}

fn heading(layer: &LayerAnswer, paint: Paint) -> String {
    let level = layer
        .level
        .map_or(String::new(), |level| format!(", level {level}"));
    let answer = match answer_word(layer) {
        word @ "denies" => paint.red(word),
        word @ "allows" => paint.green(word),
        // Nothing is listed of what resource control policies allow: they allow by themselves.
        word => paint.yellow(word),
    };
    format!("{}{level}: {answer}", layer_words(layer.layer))
}

fn statement_line(statement: &StatementAnswer, paint: Paint) -> String {
    let effect = match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    let sid = statement
        .sid
        .as_deref()
        .filter(|sid| !sid.is_empty())
        .map_or(String::new(), |sid| format!(" \"{}\"", printable(sid)));
    let place = statement.span.map_or(String::new(), |span| {
        format!(" at {}:{}", span.opens.line, span.opens.column)
    });
    let origin = format!(
        "{}, statement {}{place}",
        statement.source, statement.number
    );
    let outcome = match (statement.applies(), statement.effect) {
        (true, Effect::Allow) => paint.green("applies"),
        (true, Effect::Deny) => paint.red("applies"),
        (false, _) => paint.dim(&printable(&why_not(statement))),
    };
    format!("{effect}{sid} ({origin}): {outcome}")
}

/// What keeps a statement from applying: the first of caller, action, resource that it is
/// not about, or every condition that does not hold.
fn why_not(statement: &StatementAnswer) -> String {
    if !statement.about_caller {
        return "not about this caller".to_owned();
    }
    if !statement.about_action {
        return "not about this action".to_owned();
    }
    if !statement.about_resource {
        return "not about this resource".to_owned();
    }
    let unmet = statement.conditions.iter().filter(|c| !c.holds);
    let unmet = unmet.map(|condition| {
        let absent = if condition.present { "" } else { " (absent)" };
        format!("{} {}{absent}", condition.operator, condition.key)
    });
    format!("unmet: {}", unmet.collect::<Vec<_>>().join(", "))
}

/// Text of a policy's author, safe to print: no control character reaches the terminal.
fn printable(text: &str) -> String {
    let shown = |character: char| match character.is_control() {
        true => '\u{fffd}',
        false => character,
    };
    text.chars().map(shown).collect()
}

fn as_json(explained: &Explained) -> Value {
    let explanation = &explained.explanation;
    json!({
        "id": explained.id,
        "principal": explained.principal,
        "action": explained.action,
        "resource": explained.resource,
        "decision": eval::decision_name(explanation.verdict.decision),
        "layer": eval::layer_name(explanation.verdict.layer),
        "reason": reason(explained),
        "layers": explanation.layers.iter().map(layer_json).collect::<Vec<_>>(),
        "missingKeys": explanation.missing_keys,
    })
}

fn layer_json(layer: &LayerAnswer) -> Value {
    json!({
        "layer": eval::layer_name(layer.layer),
        "level": layer.level,
        "answer": answer_word(layer),
        "statements": layer.statements.iter().map(statement_json).collect::<Vec<_>>(),
    })
}

fn statement_json(statement: &StatementAnswer) -> Value {
    let place = |position: Position| json!({"line": position.line, "column": position.column});
    let conditions = statement.conditions.iter().map(|condition| {
        json!({
            "operator": condition.operator,
            "key": condition.key,
            "present": condition.present,
            "holds": condition.holds,
        })
    });
    json!({
        "policy": statement.source,
        "statement": statement.number,
        "sid": statement.sid,
        "effect": match statement.effect { Effect::Allow => "Allow", Effect::Deny => "Deny" },
        "start": statement.span.map(|span| place(span.opens)),
        "end": statement.span.map(|span| place(span.ends)),
        "applies": statement.applies(),
        "caller": statement.about_caller,
        "action": statement.about_action,
        "resource": statement.about_resource,
        "conditions": conditions.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = r#"{"id":"c","principal":"arn:aws:iam::111122223333:user/ana","action":"s3:GetObject",
"resource":"arn:aws:s3:::b/o","resourceAccount":"111122223333",
"identityPolicies":[{"Version":"2012-10-17","Statement":[
  {"Sid":"Read","Effect":"Allow","Action":"s3:Get*","Resource":"*"},
  {"Sid":"Office\u001b[31m","Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},
  {"Effect":"Allow","Action":"iam:*","Resource":"*"}]}],
"permissionsBoundary":{"Statement":[]}}"#;

    #[test]
    fn the_tree_says_what_applies_and_what_does_not() {
        let explained = eval::explain(CASE).unwrap();
        let expected = r#"explicitDeny: s3:GetObject on arn:aws:s3:::b/o
User: arn:aws:iam::111122223333:user/ana is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/o with an explicit deny in an identity-based policy

identity-based policies: denies
├─ Allow "Read" (identityPolicies[0], statement 1 at 4:3): applies
├─ Deny "Office�[31m" (identityPolicies[0], statement 2 at 5:3): applies
└─ Allow (identityPolicies[0], statement 3 at 6:3): not about this action

permissions boundary: silent
└─ no statements

not in the request: aws:SourceIp
"#;
        assert_eq!(tree(&explained, Paint { colours: false }), expected);
    }

    #[test]
    fn colours_are_around_words_only() {
        let explained = eval::explain(CASE).unwrap();
        let coloured = tree(&explained, Paint { colours: true });
        assert!(coloured.starts_with("\u{1b}[31mexplicitDeny\u{1b}[0m: "));
    }

    #[test]
    fn json_holds_the_same() {
        let shown = as_json(&eval::explain(CASE).unwrap());
        assert_eq!(shown["decision"], "explicitDeny");
        assert_eq!(shown["layer"], "identity");
        assert_eq!(shown["missingKeys"], json!(["aws:SourceIp"]));
        let statement = &shown["layers"][0]["statements"][1];
        assert_eq!(statement["start"], json!({"line": 5, "column": 3}));
        assert_eq!(statement["conditions"][0]["operator"], "NotIpAddress");
        assert_eq!(statement["conditions"][0]["present"], false);
    }
}
