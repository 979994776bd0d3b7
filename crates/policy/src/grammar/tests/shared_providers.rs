//! Trust policies that trust providers which everybody shares.

use super::trust;

const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/";
const WEB: &str = "sts:AssumeRoleWithWebIdentity";

fn of(effect: &str, provider: &str, action: &str, condition: &str) -> String {
    let members = format!(
        r#""Principal":{{"Federated":"{provider}"}},"Action":"{action}","Condition":{{{condition}}}"#
    );
    trust(effect, &members)
}

fn allowing(provider: &str, condition: &str) -> String {
    of("Allow", provider, WEB, condition)
}

fn unscoped(provider: &str, key: &str) -> String {
    format!(
        "Trust policy with trusted principal {provider} must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, {key} which is not scoped to all."
    )
}

#[test]
fn a_shared_provider_is_trusted_for_somebody() {
    let refusal = unscoped("gitlab.com", "gitlab.com:sub");
    let gitlab = format!("{ARN}gitlab.com");
    for condition in [
        r#""StringEquals":{"gitlab.com:sub":"project_path:a/b:ref_type:branch:ref:main"}"#,
        r#""StringLike":{"gitlab.com:sub":"project_path:a/*"}"#,
        r#""StringEqualsIgnoreCase":{"GitLab.com:Sub":"a"}"#,
        r#""ForAnyValue:StringEquals":{"gitlab.com:sub":["a","b"]}"#,
        r#""StringLike":{"gitlab.com:sub":"**"}"#,
        r#""StringEquals":{"gitlab.com:sub":[]}"#,
    ] {
        assert_eq!(allowing(&gitlab, condition), "", "{condition}");
    }
    for condition in [
        "",
        r#""StringEquals":{"gitlab.com:aud":"https://gitlab.com"}"#,
        r#""StringLike":{"gitlab.com:sub":"*"}"#,
        r#""StringLike":{"gitlab.com:sub":["project_path:a/*","*"]}"#,
        r#""StringEqualsIfExists":{"gitlab.com:sub":"a"}"#,
        r#""StringNotEquals":{"gitlab.com:sub":"a"}"#,
        r#""Null":{"gitlab.com:sub":"false"}"#,
        r#""StringEquals":{"other.example.com:sub":"a"}"#,
    ] {
        assert_eq!(allowing(&gitlab, condition), refusal, "{condition}");
    }
}

#[test]
fn each_shared_provider_has_its_key() {
    for (provider, key) in [
        ("app.terraform.io", "app.terraform.io:sub"),
        ("api.pulumi.com/oidc", "api.pulumi.com/oidc:aud"),
        (
            "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",
            "sts:RoleSessionName",
        ),
    ] {
        let arn = format!("{ARN}{provider}");
        assert_eq!(allowing(&arn, ""), unscoped(provider, key));
        let condition = format!(r#""StringLike":{{"{key}":"a*"}}"#);
        assert_eq!(allowing(&arn, &condition), "");
    }
    // A company's own is its own affair, also one whose name looks alike.
    for provider in [
        "idp.example.com",
        "gitlab.com/a",
        "gitlab.example.com",
        "sts.windows.net/11111111-4d64-4f8c-a055-5bdaffd5e33d",
    ] {
        assert_eq!(allowing(&format!("{ARN}{provider}"), ""), "", "{provider}");
    }
}

#[test]
fn github_is_trusted_for_a_subject_or_a_workflow() {
    for host in [
        "token.actions.githubusercontent.com",
        "token.actions.githubusercontent.com/octo-corp",
    ] {
        let arn = format!("{ARN}{host}");
        let refusal = unscoped(&arn, &format!("{host}:sub or {host}:job_workflow_ref"));
        let with = |operator: &str, claim: &str, values: &str| {
            allowing(
                &arn,
                &format!(r#""{operator}":{{"{host}:{claim}":{values}}}"#),
            )
        };
        assert_eq!(with("StringLike", "sub", r#""repo:a/b:*""#), "");
        assert_eq!(with("StringEquals", "job_workflow_ref", r#""a/b""#), "");
        assert_eq!(with("StringEquals", "sub", "[]"), "");
        assert_eq!(
            with("StringEquals", "aud", r#""sts.amazonaws.com""#),
            refusal
        );
        for values in [
            r#""*""#,
            r#""*:ref:refs/heads/main""#,
            r#""""#,
            r#"["repo:a/b:*"," "]"#,
        ] {
            assert_eq!(with("StringLike", "sub", values), refusal, "{values}");
        }
        let also_any =
            format!(r#""StringLike":{{"{host}:sub":"repo:a/b:*","{host}:job_workflow_ref":"*"}}"#);
        assert_eq!(allowing(&arn, &also_any), refusal);
    }
}

#[test]
fn cognito_is_trusted_for_a_pool() {
    let cognito = "cognito-identity.amazonaws.com";
    let key = "cognito-identity.amazonaws.com:aud";
    let methods =
        r#""ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}"#;
    let pool = format!(r#""StringEquals":{{"{key}":"us-east-1:p"}}"#);
    assert_eq!(allowing(cognito, &format!("{pool},{methods}")), "");
    let also_any = format!(r#"{pool},"StringLike":{{"{key}":"*"}}"#);
    assert_eq!(allowing(cognito, &also_any), "");
    assert_eq!(
        allowing(cognito, ""),
        "A condition block must be present for the Cognito provider"
    );
    for condition in [
        methods.to_owned(),
        format!(r#""StringLike":{{"{key}":"*"}}"#),
        format!(r#""StringNotEquals":{{"{key}":"us-east-1:p"}}"#),
        format!(r#""StringEqualsIfExists":{{"{key}":"us-east-1:p"}}"#),
    ] {
        assert_eq!(
            allowing(cognito, &condition),
            unscoped(cognito, key),
            "{condition}"
        );
    }
}

#[test]
fn providers_of_applications_are_trusted_for_one() {
    let google = "accounts.google.com";
    let refusal = "Policy trusting accounts.google.com requires a StringEquals condition on an application id";
    for condition in [
        r#""StringEquals":{"accounts.google.com:aud":"1.apps.googleusercontent.com"}"#,
        r#""StringEqualsIgnoreCase":{"accounts.google.com:oaud":["a"]}"#,
        r#""ForAnyValue:StringEquals":{"accounts.google.com:sub":"104029"}"#,
    ] {
        assert_eq!(allowing(google, condition), "", "{condition}");
    }
    for condition in [
        "",
        r#""StringLike":{"accounts.google.com:aud":"1.apps.googleusercontent.com"}"#,
        r#""StringEqualsIfExists":{"accounts.google.com:aud":"a"}"#,
        r#""StringNotEquals":{"accounts.google.com:aud":"a"}"#,
        r#""StringEquals":{"accounts.google.com:email":"a@example.com"}"#,
    ] {
        assert_eq!(allowing(google, condition), refusal, "{condition}");
    }
    let amazon = r#""StringEquals":{"www.amazon.com:app_id":"amzn1.application.a"}"#;
    assert_eq!(allowing("www.amazon.com", amazon), "");
    for (provider, claim) in [("www.amazon.com", "user_id"), ("graph.facebook.com", "id")] {
        let condition = format!(r#""StringEquals":{{"{provider}:{claim}":"a"}}"#);
        let message = format!(
            "Policy trusting {provider} requires a StringEquals condition on an application id"
        );
        assert_eq!(allowing(provider, &condition), message);
    }
}

#[test]
fn only_what_lets_people_in_has_to_say_whom() {
    let gitlab = format!("{ARN}gitlab.com");
    assert_eq!(of("Deny", &gitlab, WEB, ""), "");
    assert_eq!(of("Allow", &gitlab, "sts:TagSession", ""), "");
    assert_ne!(of("Allow", &gitlab, "sts:AssumeRole*", ""), "");
    let spared = |action: &str| {
        trust(
            "Allow",
            &format!(r#""Principal":{{"Federated":"{gitlab}"}},"NotAction":"{action}""#),
        )
    };
    assert_eq!(spared(WEB), "");
    assert_ne!(spared("sts:AssumeRole"), "");
}
