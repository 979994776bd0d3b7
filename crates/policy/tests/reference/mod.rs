//! A second evaluator, slow and plain: each function is one of the numbered rules of the
//! case format, read aloud. It shares no code with the engine and knows no index, no
//! compilation and no early exit, so that the two can only agree by being right.

mod matching;

use serde_json::Value;

use self::matching::{Scope, condition_holds, resource_matches, wildcard};

/// The decision of one case.
pub(crate) fn decide(case: &Value) -> &'static str {
    let caller = Caller::of(case);
    let action = text(case, "action").to_lowercase();
    // Rule 1: a signed GetCallerIdentity is always allowed.
    if action == "sts:getcalleridentity" && caller.signed() {
        return "allowed";
    }
    let has_boundary = !case["permissionsBoundary"].is_null();
    let look = |policies: Vec<&Value>, by_principal: bool| {
        Findings::of(case, &caller, &policies, by_principal, has_boundary)
    };
    let own_policies = matches!(caller.kind, "user" | "session" | "federated");
    let own = |field: &str| {
        if own_policies {
            look(list(&case[field]), false)
        } else {
            Findings::default()
        }
    };
    let identity = own("identityPolicies");
    let boundary = own("permissionsBoundary");
    let session = own("sessionPolicies");
    let resource = look(list(&case["resourcePolicy"]), true);
    let endpoint = look(list(&case["vpcEndpointPolicy"]), true);
    // What AWS Organizations says of SCPs and RCPs: service-linked roles are not affected.
    let service_linked = text(case, "roleArn").contains(":role/aws-service-role/")
        || caller.name.contains(":role/aws-service-role/");
    let levels = |field: &str| match case[field].as_array() {
        Some(levels) if !service_linked => levels.clone(),
        _ => vec![],
    };
    let scp_levels = levels("scps");
    let scps: Vec<Findings> = match caller.signed() {
        true => scp_levels
            .iter()
            .map(|level| look(list(level), false))
            .collect(),
        false => vec![],
    };
    let rcp_levels = levels("rcps");
    let rcps: Vec<Findings> = rcp_levels
        .iter()
        .map(|level| look(list(level), true))
        .collect();

    // Rule 1: any deny that applies.
    let mut all = vec![&identity, &boundary, &session, &resource, &endpoint];
    all.extend(scps.iter().chain(&rcps));
    if all.iter().any(|findings| findings.denied) {
        return "explicitDeny";
    }
    // Rule 2: every SCP level, and the endpoint's policy.
    let endpoint_stops = !case["vpcEndpointPolicy"].is_null() && endpoint.ways.is_empty();
    if scps.iter().any(|level| level.ways.is_empty()) || endpoint_stops {
        return "implicitDeny";
    }
    let allowed = if !caller.signed() {
        // Rule 7: services, providers and unsigned callers have the resource policy alone.
        !resource.ways.is_empty()
    } else {
        let identity_allows = !identity.ways.is_empty() || caller.kind == "root";
        let boundary_allows = !has_boundary || !boundary.ways.is_empty() || caller.kind == "root";
        let no_session_policy = list(&case["sessionPolicies"]).is_empty();
        let session_allows = if caller.kind == "root" {
            true
        } else if no_session_policy {
            // Rule 6: a federated user without session policies has nothing of its own.
            caller.kind != "federated"
        } else {
            !session.ways.is_empty()
        };
        if caller.account != text(case, "resourceAccount") {
            // Rule 5: both sides.
            !resource.ways.is_empty() && identity_allows && boundary_allows && session_allows
        } else if caller.kind == "root" {
            true
        } else {
            // Rule 4.
            let has = |way: &str| resource.ways.contains(&way);
            let arn: Vec<&str> = text(case, "resource").splitn(6, ':').collect();
            let is = |service: &str, start: &str| {
                arn.len() == 6 && arn[2] == service && arn[5].starts_with(start)
            };
            // What comes with `AssumeRole` (its tags, its source identity) is decided alike.
            let assumes = [
                "sts:assumerole",
                "sts:assumerolewithsaml",
                "sts:assumerolewithwebidentity",
                "sts:tagsession",
                "sts:setsourceidentity",
            ];
            let exception =
                is("kms", "key/") || (assumes.contains(&action.as_str()) && is("iam", "role/"));
            let identity_counts = !exception || has("account");
            (identity_counts && identity_allows && boundary_allows && session_allows)
                || has("anyone")
                || has("direct")
                || (has("indirect") && boundary_allows && session_allows)
        }
    };
    if allowed { "allowed" } else { "implicitDeny" }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or("")
}

/// A value, an array of values or nothing, as a list.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => vec![],
        Value::Array(values) => values.iter().collect(),
        other => vec![other],
    }
}

fn strings(value: &Value) -> Vec<String> {
    let show = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    list(value).into_iter().map(show).collect()
}

/// Who asks.
struct Caller {
    kind: &'static str,
    name: String,
    account: String,
    role_arn: Option<String>,
}

impl Caller {
    fn of(case: &Value) -> Caller {
        let name = text(case, "principal").to_owned();
        let parts: Vec<&str> = name.splitn(6, ':').collect();
        let kind = match parts.as_slice() {
            [_, _, "iam", _, _, "root"] => "root",
            [_, _, "iam", _, _, rest] if rest.starts_with("user/") => "user",
            [_, _, "iam", _, _, rest] if rest.starts_with("role/") => "session",
            [_, _, "sts", _, _, rest] if rest.starts_with("assumed-role/") => "session",
            [_, _, "sts", _, _, rest] if rest.starts_with("federated-user/") => "federated",
            [_, _, "iam", ..] => "provider",
            _ if name == "*" => "anonymous",
            _ if name == "cognito-identity.amazonaws.com" => "provider",
            _ if name.ends_with(".amazonaws.com") => "service",
            _ => "provider",
        };
        Caller {
            account: parts.get(4).copied().unwrap_or("").to_owned(),
            role_arn: case["roleArn"].as_str().map(str::to_owned),
            kind,
            name: name.clone(),
        }
    }

    fn signed(&self) -> bool {
        matches!(self.kind, "root" | "user" | "session" | "federated")
    }

    /// Rule 3: in which way one listed principal names the caller.
    fn named(&self, kind: &str, value: &str) -> Option<&'static str> {
        match kind {
            "*" => Some("anyone"),
            "AWS" if value == "*" => Some("anyone"),
            "Service" if self.kind == "service" && value == self.name => Some("direct"),
            "Federated" if self.kind == "provider" && value == self.name => Some("direct"),
            "AWS" if self.signed() => self.named_aws(value),
            _ => None,
        }
    }

    fn named_aws(&self, value: &str) -> Option<&'static str> {
        let partition = self.name.split(':').nth(1).unwrap();
        let root = format!("arn:{partition}:iam::{}:root", self.account);
        if value == self.account || value == root {
            return Some("account");
        }
        let is_role = self.kind == "session" && self.name.contains(":role/");
        if value == self.name {
            return Some(if is_role { "indirect" } else { "direct" });
        }
        match (self.kind, &self.role_arn) {
            ("session", Some(role)) => (value == role).then_some("indirect"),
            ("session", None) if !is_role => {
                let role = self.name.split('/').nth(1).unwrap();
                let start = format!("arn:aws:iam::{}:role/", self.account);
                let same = value.starts_with(&start) && value.rsplit('/').next() == Some(role);
                same.then_some("indirect")
            }
            ("federated", Some(user)) => (value == user).then_some("indirect"),
            ("federated", None) => {
                let user = self.name.split('/').nth(1).unwrap();
                let start = format!("arn:aws:iam::{}:user/", self.account);
                let same = value.starts_with(&start) && value.rsplit('/').next() == Some(user);
                same.then_some("indirect")
            }
            _ => None,
        }
    }
}

/// What the policies of one layer say.
#[derive(Default)]
struct Findings {
    denied: bool,
    ways: Vec<&'static str>,
}

impl Findings {
    fn of(
        case: &Value,
        caller: &Caller,
        policies: &[&Value],
        by_principal: bool,
        has_boundary: bool,
    ) -> Findings {
        let mut findings = Findings::default();
        for policy in policies {
            let scope = Scope {
                variables: policy["Version"] == "2012-10-17",
                context: &case["context"],
            };
            for statement in list(&policy["Statement"]) {
                let deny = statement["Effect"] == "Deny";
                let ways = match by_principal {
                    true => principal_ways(statement, caller, deny, has_boundary),
                    false => vec!["anyone"],
                };
                if ways.is_empty() || !applies(case, statement, &scope) {
                    continue;
                }
                match deny {
                    true => findings.denied = true,
                    false => findings.ways.extend(ways),
                }
            }
        }
        findings
    }
}

fn principal_ways(
    statement: &Value,
    caller: &Caller,
    deny: bool,
    has_boundary: bool,
) -> Vec<&'static str> {
    let ways = |element: &Value| -> Vec<&'static str> {
        match element {
            Value::String(_) => caller.named("*", "*").into_iter().collect(),
            Value::Object(map) => map
                .iter()
                .flat_map(|(kind, values)| strings(values).into_iter().map(move |v| (kind, v)))
                .filter_map(|(kind, value)| caller.named(kind, &value))
                .collect(),
            _ => vec![],
        }
    };
    if !statement["Principal"].is_null() {
        return ways(&statement["Principal"]);
    }
    let spared = &statement["NotPrincipal"];
    if !spared.is_null() && deny && (has_boundary || ways(spared).is_empty()) {
        return vec!["anyone"];
    }
    vec![]
}

/// Rules 8 and 9: action, resource, conditions.
fn applies(case: &Value, statement: &Value, scope: &Scope<'_>) -> bool {
    let action = text(case, "action").to_lowercase();
    let resource = text(case, "resource");
    let any_action = |element: &Value| {
        strings(element)
            .iter()
            .any(|pattern| wildcard(&pattern.to_lowercase(), &action))
    };
    let any_resource = |element: &Value| {
        strings(element)
            .iter()
            .any(|pattern| resource_matches(pattern, resource, scope))
    };
    let action_fits = match &statement["NotAction"] {
        Value::Null => any_action(&statement["Action"]),
        except => !any_action(except),
    };
    let resource_fits = match (&statement["Resource"], &statement["NotResource"]) {
        (Value::Null, Value::Null) => true,
        (Value::Null, except) => !any_resource(except),
        (only, _) => any_resource(only),
    };
    let denies = statement["Effect"] == "Deny";
    let mut conditions_hold = true;
    if let Value::Object(block) = &statement["Condition"] {
        for (operator, tests) in block {
            for (key, values) in tests.as_object().unwrap() {
                conditions_hold &= condition_holds(operator, key, &strings(values), scope, denies);
            }
        }
    }
    action_fits && resource_fits && conditions_hold
}
