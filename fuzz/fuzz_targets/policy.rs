//! Whatever text comes in: nothing panics, and fast and slow evaluation agree.
//!
//! As a policy the text is read by every grammar; as a case it is decided by the engine and
//! explained by the second evaluator. `cargo xtask fuzz` runs it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Document, Grammar, PolicySet, eval, statement_spans};

const GRAMMARS: [Grammar; 9] = [
    Grammar::Managed,
    Grammar::Identity,
    Grammar::Trust,
    Grammar::Bucket,
    Grammar::Session,
    Grammar::ServiceControl,
    Grammar::ResourceControl,
    Grammar::VpcEndpoint,
    Grammar::Any,
];

fuzz_target!(|text: &str| {
    statement_spans(text);
    for grammar in GRAMMARS {
        if let Ok(document) = Document::parse(text, grammar) {
            document.context_keys();
            PolicySet::compile([&document]);
        }
    }
    let line = eval::line(text);
    match eval::explain(text) {
        Err(_) => assert!(line.contains("\"error\":"), "{line}"),
        Ok(explained) => {
            let verdict = explained.explanation.verdict;
            let decision = format!("\"decision\":\"{}\"", eval::decision_name(verdict.decision));
            let layer = format!("\"layer\":\"{}\"", eval::layer_name(verdict.layer));
            assert!(line.contains(&decision) && line.contains(&layer), "{line}");
        }
    }
});
