"""IAM's policy simulator: the engine's decisions through AWS's own interface."""

import json

import pytest

from arnold import MAIN, ROOT
from company import allow, deny, make_user, policy

EXAMPLES = [
    json.loads(line)
    for line in (ROOT / "crates" / "policy" / "tests" / "worked-examples.jsonl").read_text().splitlines()
    if line.strip()
]
BEYOND = {"sessionPolicies", "rcps", "vpcEndpointPolicy"}


def is_expressible(case):
    """Whether the simulator can be asked the case: a user or role, a user where a resource's policy names it."""
    kind = case["principal"].split(":")[-1].split("/")[0]
    return not BEYOND & case.keys() and (kind == "user" or (kind == "role" and "resourcePolicy" not in case))


def entries(context):
    """The context as the simulator takes it."""
    return [
        {"ContextKeyName": key, "ContextKeyValues": value, "ContextKeyType": "stringList"}
        if isinstance(value, list)
        else {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in context.items()
    ]


def question(case):
    """The case as the parameters of SimulateCustomPolicy."""
    asked = {
        "PolicyInputList": [json.dumps(document) for document in case.get("identityPolicies", [])],
        "ActionNames": [case["action"]],
        "ResourceArns": [case["resource"]],
        "CallerArn": case["principal"],
        "ResourceOwner": f"arn:aws:iam::{case['resourceAccount']}:root",
        "ContextEntries": entries(case.get("context", {})),
    }
    if "permissionsBoundary" in case:
        asked["PermissionsBoundaryPolicyInputList"] = [json.dumps(case["permissionsBoundary"])]
    if "resourcePolicy" in case:
        asked["ResourcePolicy"] = json.dumps(case["resourcePolicy"])
    if "scps" in case:
        asked["OrderedOrganizationPolicyInputList"] = [
            {"ServiceControlPolicyInputList": [json.dumps(document) for document in level]} for level in case["scps"]
        ]
    return asked


EXPRESSIBLE = [case for case in EXAMPLES if is_expressible(case)]


def test_most_worked_examples_can_be_asked():
    assert len(EXPRESSIBLE) == 29


@pytest.fixture(scope="module")
def simulator(shared):
    shared.reset()
    return shared.client("iam")


@pytest.mark.parametrize("case", EXPRESSIBLE, ids=lambda case: case["id"])
def test_a_worked_example_is_simulated_as_it_is_decided(simulator, case):
    (result,) = simulator.simulate_custom_policy(**question(case))["EvaluationResults"]
    assert result["EvalDecision"] == case["expect"]
    assert result["EvalActionName"] == case["action"]
    assert result["EvalResourceName"] == case["resource"]


def test_every_resource_is_answered_for(arnold):
    answer = arnold.client("iam").simulate_custom_policy(
        PolicyInputList=[policy(allow("s3:GetObject", "arn:aws:s3:::b/*"), deny("s3:GetObject", "arn:aws:s3:::b/x"))],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::b/a", "arn:aws:s3:::b/x"],
    )
    decisions = {
        (result["EvalActionName"], on["EvalResourceName"]): on["EvalResourceDecision"]
        for result in answer["EvaluationResults"]
        for on in result["ResourceSpecificResults"]
    }
    assert decisions == {
        ("s3:GetObject", "arn:aws:s3:::b/a"): "allowed",
        ("s3:GetObject", "arn:aws:s3:::b/x"): "explicitDeny",
        ("s3:PutObject", "arn:aws:s3:::b/a"): "implicitDeny",
        ("s3:PutObject", "arn:aws:s3:::b/x"): "implicitDeny",
    }
    assert [result["EvalDecision"] for result in answer["EvaluationResults"]] == ["explicitDeny", "implicitDeny"]


def test_pages_follow_each_other(arnold):
    pages = arnold.client("iam").get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[policy(allow("s3:*"))],
        ActionNames=[f"s3:Action{n}" for n in range(7)],
        PaginationConfig={"PageSize": 3},
    )
    sizes = [len(page["EvaluationResults"]) for page in pages]
    assert sizes == [3, 3, 1]


def test_a_principal_is_simulated_for_those_who_may_look(arnold, refused):
    iam = arnold.client("iam")
    iam.create_user(UserName="bob")
    keys = make_user(iam, "ann", allow("iam:SimulatePrincipalPolicy", f"arn:aws:iam::{MAIN}:user/bob"))
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=policy(allow("sqs:SendMessage")))
    ann = arnold.client("iam", keys)
    asked = {"PolicySourceArn": f"arn:aws:iam::{MAIN}:user/bob", "ActionNames": ["sqs:SendMessage", "s3:GetObject"]}
    results = ann.simulate_principal_policy(**asked)["EvaluationResults"]
    assert [result["EvalDecision"] for result in results] == ["allowed", "implicitDeny"]
    (matched,) = results[0]["MatchedStatements"]
    assert matched["SourcePolicyId"] == "user_bob_p"
    itself = {**asked, "PolicySourceArn": f"arn:aws:iam::{MAIN}:user/ann"}
    message = (
        f"User: arn:aws:iam::{MAIN}:user/ann is not authorized to perform: iam:SimulatePrincipalPolicy "
        "on resource: user ann because no identity-based policy allows the iam:SimulatePrincipalPolicy action"
    )
    with refused("AccessDenied", 403, message):
        ann.simulate_principal_policy(**itself)
