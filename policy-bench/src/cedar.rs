//! Policies of Cedar that mean what [`crate::cases::many_statements`] asks: who, what, which
//! bucket, and two conditions on every tenth.

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use crate::timing::nanoseconds;

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_str(&format!(r#"{kind}::"{id}""#)).expect("the bench writes good ids")
}

fn policies(count: usize) -> PolicySet {
    let policy = |n: usize| {
        let effect = if n % 50 == 49 { "forbid" } else { "permit" };
        let condition = if n % 10 == 0 {
            r#" when { ["red", "blue"].contains(context.team) && context.secure }"#
        } else {
            ""
        };
        format!(
            r#"{effect} (principal == Role::"app", action in [Action::"GetObject", Action::"PutObject"], resource in Bucket::"bucket-{n}"){condition};"#
        )
    };
    let text: Vec<String> = (0..count).map(policy).collect();
    PolicySet::from_str(&text.join("\n")).expect("the bench writes good policies")
}

/// How many nanoseconds one decision over so many policies takes.
pub(crate) fn many_policies(count: usize) -> f64 {
    let policies = policies(count);
    let authorizer = Authorizer::new();
    let asked: Vec<(Request, Entities)> = (0..count)
        .step_by(10)
        .take(100)
        .map(|n| {
            let object = uid("Object", &format!("bucket-{n}/reports/2024/q1.csv"));
            let parents = HashSet::from([uid("Bucket", &format!("bucket-{n}"))]);
            let entity = Entity::new(object.clone(), HashMap::new(), parents)
                .expect("the bench writes good entities");
            let entities = Entities::from_entities([entity], None).expect("there is one");
            let context = Context::from_pairs([
                (
                    "team".to_owned(),
                    RestrictedExpression::new_string("blue".to_owned()),
                ),
                ("secure".to_owned(), RestrictedExpression::new_bool(true)),
            ])
            .expect("two keys");
            let (who, what) = (uid("Role", "app"), uid("Action", "GetObject"));
            let request = Request::new(who, what, object, context, None).expect("no schema");
            (request, entities)
        })
        .collect();
    let mut turns = asked.iter().cycle();
    nanoseconds(|| {
        if let Some((request, entities)) = turns.next() {
            let answer = authorizer.is_authorized(black_box(request), &policies, entities);
            assert_eq!(answer.decision(), Decision::Allow);
        }
    })
}
