//! The simulator: its decisions are the engine's; here is what it says about them.

use serde_json::{Value as Json, json};

use super::house::{House, arn, says};

const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalTag/Team":"${aws:username}"}}}}"#;
const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}"#;
const BUCKET: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;

fn results(answer: &Json) -> &[Json] {
    answer["EvaluationResults"].as_array().unwrap()
}

#[test]
fn the_answer_has_the_members_that_aws_sends() {
    let house = House::new();
    let form = [
        ("PolicyInputList.member.1", ALL),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ActionNames.member.2", "s3:DeleteObject"),
    ];
    let answer = house.good("SimulateCustomPolicy", &form);
    assert_eq!(answer["IsTruncated"], false);
    let allowed = json!({
        "EvalActionName": "s3:GetObject",
        "EvalResourceName": "*",
        "EvalDecision": "allowed",
        "MatchedStatements": [{
            "SourcePolicyId": "PolicyInputList.1",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 1, "Column": 38},
            "EndPosition": {"Line": 1, "Column": 84},
        }],
        "MissingContextValues": [],
    });
    assert_eq!(results(&answer)[0], allowed);
    let denied = &results(&answer)[1];
    assert_eq!(denied["EvalDecision"], "explicitDeny");
    let matched = denied["MatchedStatements"].as_array().unwrap();
    assert_eq!(matched.len(), 1);
    assert_eq!(matched[0]["StartPosition"]["Column"], 84);
}

#[test]
fn each_resource_has_its_own_result() {
    let house = House::new();
    let form = [
        ("PolicyInputList.member.1", READ),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ResourceArns.member.1", "arn:aws:s3:::b/o"),
        ("ResourceArns.member.2", "arn:aws:s3:::other/o"),
        (
            "ContextEntries.member.1.ContextKeyName",
            "aws:PrincipalTag/team",
        ),
        ("ContextEntries.member.1.ContextKeyValues.member.1", "ana"),
        ("ContextEntries.member.1.ContextKeyType", "string"),
        ("ContextEntries.member.2.ContextKeyName", "aws:UserName"),
        ("ContextEntries.member.2.ContextKeyValues.member.1", "ana"),
    ];
    let answer = house.good("SimulateCustomPolicy", &form);
    let result = &results(&answer)[0];
    assert_eq!(
        result["EvalResourceName"],
        "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
    );
    assert_eq!(result["EvalDecision"], "implicitDeny");
    assert_eq!(result["EvalDecisionDetails"], json!({}));
    let decisions: Vec<_> = result["ResourceSpecificResults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|on| {
            (
                on["EvalResourceName"].clone(),
                on["EvalResourceDecision"].clone(),
            )
        })
        .collect();
    let expected = [
        (json!("arn:aws:s3:::b/o"), json!("allowed")),
        (json!("arn:aws:s3:::other/o"), json!("implicitDeny")),
    ];
    assert_eq!(decisions, expected);
    let without = house.good("SimulateCustomPolicy", &form[..3]);
    let result = &results(&without)[0];
    assert_eq!(result["EvalResourceName"], "arn:aws:s3:::b/o");
    let missing = json!(["aws:PrincipalTag/Team", "aws:username"]);
    assert_eq!(result["MissingContextValues"], missing);
    let on = &result["ResourceSpecificResults"][0];
    assert_eq!(on["MissingContextValues"], missing);
}

#[test]
fn boundaries_and_organizations_have_their_say() {
    let house = House::new();
    let level = |n: usize| {
        format!(
            "OrderedOrganizationPolicyInputList.member.{n}.ServiceControlPolicyInputList.member.1"
        )
    };
    let (first, second) = (level(1), level(2));
    let only_s3 = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let form = [
        ("PolicyInputList.member.1", ALL),
        ("PermissionsBoundaryPolicyInputList.member.1", only_s3),
        (first.as_str(), ALL),
        (second.as_str(), only_s3),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ActionNames.member.2", "iam:GetUser"),
        ("ActionNames.member.3", "s3:DeleteObject"),
    ];
    let answer = house.good("SimulateCustomPolicy", &form);
    let said: Vec<_> = results(&answer)
        .iter()
        .map(|result| {
            json!([
                result["EvalDecision"],
                result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"],
                result["OrganizationsDecisionDetail"]["AllowedByOrganizations"],
            ])
        })
        .collect();
    let expected = [
        json!(["allowed", true, true]),
        json!(["implicitDeny", false, false]),
        json!(["explicitDeny", true, false]),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_resource_policy_of_another_account_needs_both_sides() {
    let house = House::new();
    let bob = arn("user/bob");
    let form = [
        ("PolicyInputList.member.1", ALL),
        ("ResourcePolicy", BUCKET),
        ("CallerArn", bob.as_str()),
        ("ResourceOwner", "arn:aws:iam::444455556666:root"),
        ("ResourceArns.member.1", "arn:aws:s3:::b/o"),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ActionNames.member.2", "s3:PutObject"),
    ];
    let answer = house.good("SimulateCustomPolicy", &form);
    let [get, put] = results(&answer) else {
        panic!("{answer}")
    };
    assert_eq!(get["EvalDecision"], "allowed");
    let both = json!({"IAM Policy": "allowed", "Resource Policy": "allowed"});
    assert_eq!(get["EvalDecisionDetails"], both);
    let ids: Vec<&Json> = get["MatchedStatements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| &statement["SourcePolicyId"])
        .collect();
    assert_eq!(ids, ["ResourcePolicy", "PolicyInputList.1"]);
    assert_eq!(put["EvalDecision"], "implicitDeny");
    let one = json!({"IAM Policy": "allowed", "Resource Policy": "implicitDeny"});
    assert_eq!(put["EvalDecisionDetails"], one);
}

#[test]
fn what_was_not_asked_rightly_is_refused() {
    let house = House::new();
    let base = [
        ("PolicyInputList.member.1", ALL),
        ("ActionNames.member.1", "s3:GetObject"),
    ];
    let session = "arn:aws:sts::111122223333:assumed-role/r/s";
    for (more, message) in [
        (
            vec![("ActionNames.member.2", "s3:*")],
            "Invalid Input Action: s3:*.",
        ),
        (
            vec![("ActionNames.member.2", "GetObject")],
            "The action is invalid since it is missing names",
        ),
        (
            vec![("ResourcePolicy", BUCKET)],
            "Invalid caller - Caller cannot be null or empty.",
        ),
        (
            vec![
                ("ResourcePolicy", BUCKET),
                ("CallerArn", "arn:aws:iam::111122223333:role/r"),
            ],
            "Invalid caller - Caller must be an IAM user in this context.",
        ),
        (
            vec![("CallerArn", session)],
            "Invalid caller - Caller must be an IAM user, role or group in this context.",
        ),
        (
            vec![("ResourceArns.member.1", "bucket")],
            "ResourceNames are not in a valid ARN format: bucket.",
        ),
        (
            vec![
                ("ResourceArns.member.1", "*"),
                ("ResourceArns.member.2", "arn:aws:s3:::b"),
            ],
            "ResourceNames are not in a valid ARN format: *.",
        ),
        (
            vec![("ResourceOwner", "arn:aws:iam::12:root")],
            "Invalid Resource Owner.",
        ),
        (
            vec![
                ("PermissionsBoundaryPolicyInputList.member.1", ALL),
                ("PermissionsBoundaryPolicyInputList.member.2", ALL),
            ],
            "The list of Permissions Boundary policies cannot exceed 1 items.",
        ),
        (
            vec![("PolicyInputList.member.2", "{}")],
            "Syntax errors in policy.",
        ),
        (
            vec![("PolicyInputList.member.2", BUCKET)],
            "Policy document should not specify a principal.",
        ),
        (
            vec![("ResourceHandlingOption", "EC2-VPC-EBS")],
            "Invalid input resource handling options. Action does not support resource handling options: s3:GetObject.",
        ),
    ] {
        let form = [&base[..], &more].concat();
        let refused = house.refused("SimulateCustomPolicy", &form);
        assert_eq!(refused, says("InvalidInput", message));
    }
}

#[test]
fn a_scenario_wants_its_resources() {
    let house = House::new();
    let arn = |kind: &str| format!("arn:aws:ec2:us-east-1:111122223333:{kind}/x-1");
    let kinds = ["instance", "image", "security-group", "network-interface"].map(arn);
    let mut form = vec![
        ("PolicyInputList.member.1", ALL),
        ("ActionNames.member.1", "ec2:RunInstances"),
        ("ResourceHandlingOption", "EC2-VPC-InstanceStore"),
        ("ResourceArns.member.1", kinds[0].as_str()),
        ("ResourceArns.member.2", kinds[1].as_str()),
        ("ResourceArns.member.3", kinds[2].as_str()),
    ];
    let (code, _) = house.refused("SimulateCustomPolicy", &form);
    assert_eq!(code, "InvalidInput");
    form.push(("ResourceArns.member.4", kinds[3].as_str()));
    let answer = house.good("SimulateCustomPolicy", &form);
    assert_eq!(results(&answer)[0]["EvalDecision"], "allowed");
}

#[test]
fn pages_hold_actions() {
    let house = House::new();
    let form = [
        ("PolicyInputList.member.1", ALL),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ActionNames.member.2", "s3:PutObject"),
        ("MaxItems", "1"),
    ];
    let first = house.good("SimulateCustomPolicy", &form);
    assert_eq!(first["IsTruncated"], true);
    let marker = first["Marker"].as_str().unwrap();
    let second = house.good(
        "SimulateCustomPolicy",
        &[&form[..], &[("Marker", marker)]].concat(),
    );
    assert_eq!(second["IsTruncated"], false);
    assert_eq!(results(&second)[0]["EvalActionName"], "s3:PutObject");
}

/// A user in a group, with one policy of every kind.
fn house_with_ana() -> House {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "ana")]);
    house.good("CreateGroup", &[("GroupName", "readers")]);
    house.good(
        "AddUserToGroup",
        &[("GroupName", "readers"), ("UserName", "ana")],
    );
    let allow = |action: &str, resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
        )
    };
    let own = allow("s3:PutObject", "arn:aws:s3:::b/${aws:username}/*");
    house.good(
        "PutUserPolicy",
        &[
            ("UserName", "ana"),
            ("PolicyName", "own"),
            ("PolicyDocument", &own),
        ],
    );
    let shared = allow("sqs:*", "*");
    house.good(
        "PutGroupPolicy",
        &[
            ("GroupName", "readers"),
            ("PolicyName", "shared"),
            ("PolicyDocument", &shared),
        ],
    );
    let managed = house.managed_policy("reading");
    house.good(
        "AttachUserPolicy",
        &[("UserName", "ana"), ("PolicyArn", &managed)],
    );
    house
}

/// Decision and source of the first statement of each action.
fn simulated(house: &House, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let ana = arn("user/ana");
    let form = [
        ("PolicySourceArn", ana.as_str()),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ActionNames.member.2", "s3:PutObject"),
        ("ActionNames.member.3", "sqs:SendMessage"),
        ("ActionNames.member.4", "iam:GetUser"),
        ("ResourceArns.member.1", "arn:aws:s3:::b/ana/x"),
    ];
    let answer = house.good("SimulatePrincipalPolicy", &[&form[..], more].concat());
    let text = |value: &Json| value.as_str().unwrap_or("-").to_owned();
    results(&answer)
        .iter()
        .map(|result| {
            let source = &result["MatchedStatements"][0]["SourcePolicyId"];
            let organizations = &result["OrganizationsDecisionDetail"];
            assert_eq!(organizations["AllowedByOrganizations"], true, "{result}");
            (text(&result["EvalDecision"]), text(source))
        })
        .collect()
}

fn lines(lines: [(&str, &str); 4]) -> Vec<(String, String)> {
    let owned = |(decision, source): (&str, &str)| (decision.to_owned(), source.to_owned());
    lines.map(owned).to_vec()
}

#[test]
fn a_user_is_simulated_with_all_of_its_policies() {
    let house = house_with_ana();
    let expected = lines([
        ("allowed", "reading"),
        ("allowed", "user_ana_own"),
        ("allowed", "group_readers_shared"),
        ("implicitDeny", "-"),
    ]);
    assert_eq!(simulated(&house, &[]), expected);
    let more = [("PolicyInputList.member.1", ALL)];
    assert_eq!(
        simulated(&house, &more)[3],
        ("allowed".to_owned(), "PolicyInputList.1".to_owned())
    );
}

#[test]
fn policies_can_be_left_out() {
    let house = house_with_ana();
    let managed = arn("policy/reading");
    let left_out = |more: &[(&str, &str)]| simulated(&house, more);
    let by_arn = [("PolicyExclusionList.member.1.PolicyArn", managed.as_str())];
    assert_eq!(left_out(&by_arn)[0].0, "implicitDeny");
    let by_name = [
        (
            "PolicyExclusionList.member.1.InlinePolicyIdentifier.PolicyName",
            "shared",
        ),
        (
            "PolicyExclusionList.member.1.InlinePolicyIdentifier.AttachmentType",
            "group",
        ),
        (
            "PolicyExclusionList.member.1.InlinePolicyIdentifier.AttachmentName",
            "readers",
        ),
    ];
    let decisions: Vec<String> = left_out(&by_name).into_iter().map(|(d, _)| d).collect();
    assert_eq!(
        decisions,
        ["allowed", "allowed", "implicitDeny", "implicitDeny"]
    );
    let by_kind = [("PolicyExclusionList.member.1.PolicyType", "inline")];
    let decisions: Vec<String> = left_out(&by_kind).into_iter().map(|(d, _)| d).collect();
    assert_eq!(
        decisions,
        ["allowed", "implicitDeny", "implicitDeny", "implicitDeny"]
    );
}

#[test]
fn its_boundary_bounds_the_simulation_too() {
    let house = house_with_ana();
    house.good(
        "PutUserPermissionsBoundary",
        &[
            ("UserName", "ana"),
            ("PermissionsBoundary", &arn("policy/reading")),
        ],
    );
    let decisions: Vec<String> = simulated(&house, &[]).into_iter().map(|(d, _)| d).collect();
    assert_eq!(
        decisions,
        ["allowed", "implicitDeny", "implicitDeny", "implicitDeny"]
    );
    let lifted = [(
        "PolicyExclusionList.member.1.PolicyType",
        "permission-boundary",
    )];
    assert_eq!(simulated(&house, &lifted)[1].0, "allowed");
    let own = [("PermissionsBoundaryPolicyInputList.member.1", ALL)];
    assert_eq!(simulated(&house, &own)[2].0, "allowed");
}

#[test]
fn whoever_is_not_there_is_not_simulated() {
    let house = House::new();
    let refused = |source: &str| {
        house.refused(
            "SimulatePrincipalPolicy",
            &[
                ("PolicySourceArn", source),
                ("ActionNames.member.1", "s3:GetObject"),
            ],
        )
    };
    assert_eq!(
        refused(&arn("user/nobody")),
        says("NoSuchEntity", "The user with name nobody cannot be found.")
    );
    assert_eq!(
        refused(&arn("role/other/path/nobody")),
        says("NoSuchEntity", "The role with name nobody cannot be found.")
    );
    let session = "arn:aws:sts::111122223333:assumed-role/r/s";
    let unclear =
        format!("Invalid Entity Arn: {session} does not clearly define entity type and name.");
    assert_eq!(refused(session), says("InvalidInput", &unclear));
    let elsewhere = "arn:aws:iam::444455556666:user/admin";
    let message = "Invalid Policy Source Arn: caller's account 111122223333 does not have access to policies in account 444455556666";
    assert_eq!(refused(elsewhere), says("InvalidInput", message));
}

#[test]
fn context_keys_are_told_beforehand() {
    let house = house_with_ana();
    let keys = |operation: &str, form: &[(&str, &str)]| {
        house.good(operation, form)["ContextKeyNames"].clone()
    };
    let custom = [
        ("PolicyInputList.member.1", READ),
        ("PolicyInputList.member.2", ALL),
    ];
    assert_eq!(
        keys("GetContextKeysForCustomPolicy", &custom),
        json!(["aws:PrincipalTag/Team", "aws:username"])
    );
    let ana = arn("user/ana");
    let principal = [
        ("PolicySourceArn", ana.as_str()),
        ("PolicyInputList.member.1", READ),
    ];
    assert_eq!(
        keys("GetContextKeysForPrincipalPolicy", &principal),
        json!(["aws:username", "aws:PrincipalTag/Team", "aws:username"])
    );
    // Each policy is told on its own, as it is spelled; one that says nothing has no keys.
    let twice = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Condition":{"Null":{"AWS:username":"true","aws:username":"true"}}}}"#;
    let given = [
        ("PolicyInputList.member.1", twice),
        ("PolicyInputList.member.2", r#"{"Version":"2012-10-17"}"#),
        ("PolicyInputList.member.3", twice),
    ];
    assert_eq!(
        keys("GetContextKeysForCustomPolicy", &given),
        json!([
            "AWS:username",
            "aws:username",
            "AWS:username",
            "aws:username"
        ])
    );
    let spelled = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"${aws:userid, 'x'}/${*}/${?}/${$}"}}"#;
    assert_eq!(
        keys(
            "GetContextKeysForCustomPolicy",
            &[("PolicyInputList.member.1", spelled)]
        ),
        json!(["aws:userid", "*", "?", "$"])
    );
    let odd = r#"{"Statement":{"Effect":"Allow","Condition":{"MadeUp":{"aws:username":"a"}}}}"#;
    assert_eq!(
        house
            .refused(
                "GetContextKeysForCustomPolicy",
                &[("PolicyInputList.member.1", odd)]
            )
            .0,
        "InvalidInput"
    );
    // The boundary counts, and the path of the ARN does not.
    let form = [("PolicyName", "edge"), ("PolicyDocument", READ)];
    house.good("CreatePolicy", &form);
    let edge = arn("policy/edge");
    house.good(
        "PutUserPermissionsBoundary",
        &[("UserName", "ana"), ("PermissionsBoundary", &edge)],
    );
    let elsewhere = arn("user/elsewhere/ana");
    assert_eq!(
        keys(
            "GetContextKeysForPrincipalPolicy",
            &[("PolicySourceArn", elsewhere.as_str())]
        ),
        json!(["aws:username", "aws:PrincipalTag/Team", "aws:username"])
    );
}
