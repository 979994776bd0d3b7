//! A large set answers as its statements would one by one: the index loses nothing.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of these tests are tests as well"
)]

use policy::{Context, Decision, Document, Grammar, Layers, PolicySet, Principal, Request, decide};
use proptest::prelude::*;

/// A list of one to three texts as JSON, under one of two names.
fn listed(names: [&'static str; 2], texts: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let name = prop_oneof![9 => Just(names[0]), 1 => Just(names[1])];
    (name, prop::collection::vec(texts, 1..4))
        .prop_map(|(name, texts)| format!(r#""{name}":["{}"]"#, texts.join(r#"",""#)))
        .boxed()
}

fn action_pattern() -> BoxedStrategy<String> {
    prop_oneof![
        6 => "s[0-3]:a[0-5]b?",
        3 => "s[0-3]:a[0-5]\\*",
        1 => "(\\*|s\\*:a1|s\\?:\\*|a0)",
    ]
    .boxed()
}

fn resource_pattern() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "arn:aws:s[0-3]:::n[0-9]{1,3}",
        4 => "arn:aws:s[0-3]:::n[0-9]{1,3}/\\*",
        2 => "arn:aws:s[0-3]:::n[0-9]{0,2}\\*(x|y)?",
        2 => "arn:aws:s[0-3]:(r|\\*):(1|\\*):n[0-9]/?\\*?",
        1 => "arn:aws:s[0-3]:::(n1)?\\$\\{k\\}/\\*",
        1 => "(\\*|arn:\\*|arn:aws:s1|x)",
    ]
    .boxed()
}

fn statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof![9 => Just("Allow"), 1 => Just("Deny")];
    let actions = listed(["Action", "NotAction"], action_pattern());
    let resources = listed(["Resource", "NotResource"], resource_pattern());
    (effect, actions, resources).prop_map(|(effect, actions, resources)| {
        format!(r#"{{"Effect":"{effect}",{actions},{resources}}}"#)
    })
}

fn request() -> impl Strategy<Value = (String, String)> {
    let action = "(S|s)[0-4]:A[0-5]b?";
    let resource = prop_oneof![
        9 => "arn:aws:s[0-3]:::n[0-9]{1,3}(/[xy])?",
        2 => "arn:aws:s[0-3]:r:1:n[0-9]/x",
        1 => "(\\*|n1)",
    ];
    (action, resource)
}

fn set(statements: &[String]) -> PolicySet {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    PolicySet::compile([&Document::parse(&text, Grammar::Any).unwrap()])
}

fn answer(set: &PolicySet, action: &str, resource: &str, context: &Context) -> Decision {
    let request = Request {
        principal: &Principal::user("arn:aws:iam::1:user/u", None),
        action,
        resource,
        resource_account: "1",
        context,
    };
    let layers = Layers {
        identity: Some(set),
        ..Layers::default()
    };
    decide(&request, &layers).decision
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_large_set_answers_as_its_statements_together(
        statements in prop::collection::vec(statement(), 1..150),
        requests in prop::collection::vec(request(), 60),
    ) {
        let together = set(&statements);
        let alone: Vec<PolicySet> = statements.chunks(1).map(set).collect();
        let mut context = Context::new();
        context.set("k", "12");
        for (action, resource) in requests {
            let answers = alone.iter().map(|set| answer(set, &action, &resource, &context));
            let expected = answers.fold(Decision::ImplicitDeny, |so_far, next| match (so_far, next) {
                (Decision::ExplicitDeny, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
                (Decision::Allowed, _) | (_, Decision::Allowed) => Decision::Allowed,
                _ => Decision::ImplicitDeny,
            });
            let have = answer(&together, &action, &resource, &context);
            prop_assert_eq!(have, expected, "{} {}", action, resource);
        }
    }
}
