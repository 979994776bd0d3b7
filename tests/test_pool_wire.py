"""What the 23 operations of identity pools say on the wire: every member that AWS sends, and no other."""

import json

import botocore.auth
import botocore.awsrequest
import botocore.session
import pytest
import requests

from arnold import ADMIN, MAIN, Keys
from company import allow, make_user
from pools import DEVELOPER, TAGGING, Pool, trust_pool

UNSIGNED = ["GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "UnlinkIdentity"]
JSON = "application/x-amz-json-1.1"


@pytest.fixture
def pool(arnold):
    made = Pool(arnold, IdentityPoolTags={"team": "red"})
    yield made
    made.stop()


def ask(arnold, operation, body, keys=ADMIN):
    """The answer's status, headers and JSON; nothing of it has gone through an SDK."""
    headers = {"content-type": JSON, "x-amz-target": f"AWSCognitoIdentityService.{operation}"}
    request = botocore.awsrequest.AWSRequest("POST", f"{arnold.url}/", headers=headers, data=json.dumps(body).encode())
    if keys:
        botocore.auth.SigV4Auth(keys.credentials(), "cognito-identity", "us-east-1").add_auth(request)
    sent = request.prepare()
    answer = requests.post(sent.url, data=sent.body, headers=dict(sent.headers), timeout=10)
    return answer.status_code, answer.headers, answer.json() if answer.content else None


def good(arnold, operation, body, keys=ADMIN):
    status, headers, said = ask(arnold, operation, body, None if operation in UNSIGNED else keys)
    assert (status, headers["content-type"]) == (200, JSON), said
    assert headers["x-amzn-requestid"]
    return said


def members(value):
    """The names of all members, those of lists by their first item."""
    if isinstance(value, dict):
        return {name: members(item) for name, item in value.items()}
    return [members(item) for item in value[:1]] if isinstance(value, list) else type(value).__name__


WHOLE_POOL = {
    "IdentityPoolId": "str", "IdentityPoolName": "str", "AllowUnauthenticatedIdentities": "bool",
    "AllowClassicFlow": "bool", "DeveloperProviderName": "str", "OpenIdConnectProviderARNs": ["str"],
    "IdentityPoolTags": {"team": "str"},
}


def test_each_operation_says_what_its_model_says_and_no_more(arnold, pool):
    ask_pool = {"IdentityPoolId": pool.id}
    arn = f"arn:aws:cognito-identity:us-east-1:{MAIN}:identitypool/{pool.id}"
    logins = pool.login()
    bare = good(arnold, "CreateIdentityPool", {"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": False})
    assert members(bare) == {
        "IdentityPoolId": "str", "IdentityPoolName": "str", "AllowUnauthenticatedIdentities": "bool",
        "IdentityPoolTags": {},
    }
    assert good(arnold, "DescribeIdentityPool", {"IdentityPoolId": bare["IdentityPoolId"]}) == bare
    assert members(good(arnold, "DescribeIdentityPool", ask_pool)) == WHOLE_POOL
    assert members(good(arnold, "UpdateIdentityPool", {**ask_pool, **pool.configuration})) == WHOLE_POOL
    assert members(good(arnold, "ListIdentityPools", {"MaxResults": 60})) == {
        "IdentityPools": [{"IdentityPoolId": "str", "IdentityPoolName": "str"}]
    }
    assert members(good(arnold, "ListIdentityPools", {"MaxResults": 1})).keys() == {"IdentityPools", "NextToken"}
    assert good(arnold, "GetIdentityPoolRoles", {"IdentityPoolId": bare["IdentityPoolId"]}) == {
        "IdentityPoolId": bare["IdentityPoolId"]
    }
    roles = {"authenticated": pool.member, "unauthenticated": pool.guest}
    rule = {"Claim": "sub", "MatchType": "Equals", "Value": "x", "RoleARN": pool.member}
    mappings = {
        pool.issuer.host: {
            "Type": "Rules", "AmbiguousRoleResolution": "AuthenticatedRole", "RulesConfiguration": {"Rules": [rule]},
        },
        pool.other.host: {"Type": "Token", "AmbiguousRoleResolution": "Deny"},
    }
    set_roles = {**ask_pool, "Roles": roles, "RoleMappings": mappings}
    assert good(arnold, "SetIdentityPoolRoles", set_roles) in (None, {})
    assert good(arnold, "GetIdentityPoolRoles", ask_pool) == set_roles

    found = good(arnold, "GetId", {**ask_pool, "Logins": logins, "AccountId": MAIN})
    assert members(found) == {"IdentityId": "str"}
    ada = found["IdentityId"]
    credentials = good(arnold, "GetCredentialsForIdentity", {"IdentityId": ada, "Logins": logins})
    parts = credentials["Credentials"]
    assert credentials.keys() == {"IdentityId", "Credentials"}
    assert parts.keys() == {"AccessKeyId", "SecretKey", "SessionToken", "Expiration"}
    assert isinstance(parts["Expiration"], (int, float)) and parts["AccessKeyId"].startswith("ASIA")
    token = good(arnold, "GetOpenIdToken", {"IdentityId": ada, "Logins": logins})
    assert members(token) == {"IdentityId": "str", "Token": "str"}
    vouched = {**ask_pool, "Logins": {DEVELOPER: "ann"}}
    ann = good(arnold, "GetOpenIdTokenForDeveloperIdentity", vouched)
    assert members(ann) == {"IdentityId": "str", "Token": "str"}
    good(arnold, "GetOpenIdTokenForDeveloperIdentity", {**ask_pool, "Logins": {DEVELOPER: "bob"}})

    identity = {"IdentityId": "str", "Logins": ["str"], "CreationDate": "int", "LastModifiedDate": "int"}
    described = good(arnold, "DescribeIdentity", {"IdentityId": ada})
    assert described.keys() == identity.keys() and described["Logins"] == [pool.issuer.host]
    assert all(isinstance(described[name], (int, float)) for name in ("CreationDate", "LastModifiedDate"))
    listed = good(arnold, "ListIdentities", {**ask_pool, "MaxResults": 60})
    assert listed.keys() == {"IdentityPoolId", "Identities"} and listed["Identities"][0].keys() == identity.keys()
    assert "NextToken" in good(arnold, "ListIdentities", {**ask_pool, "MaxResults": 1})
    users = good(arnold, "LookupDeveloperIdentity", {**ask_pool, "DeveloperUserIdentifier": "ann"})
    assert users == {"IdentityId": ann["IdentityId"], "DeveloperUserIdentifierList": ["ann"]}
    assert good(arnold, "LookupDeveloperIdentity", {**ask_pool, "IdentityId": ada}) == {
        "IdentityId": ada, "DeveloperUserIdentifierList": [],
    }
    merge = {"SourceUserIdentifier": "bob", "DestinationUserIdentifier": "ann", "DeveloperProviderName": DEVELOPER}
    assert good(arnold, "MergeDeveloperIdentities", {**ask_pool, **merge}) == {"IdentityId": ann["IdentityId"]}
    unlink = {
        "IdentityId": ann["IdentityId"], "DeveloperProviderName": DEVELOPER, "DeveloperUserIdentifier": "bob",
    }
    assert good(arnold, "UnlinkDeveloperIdentity", {**ask_pool, **unlink}) in (None, {})

    map_tags = {**ask_pool, "IdentityProviderName": pool.issuer.host}
    nothing = {**map_tags, "UseDefaults": False, "PrincipalTags": {}}
    assert good(arnold, "GetPrincipalTagAttributeMap", map_tags) == nothing
    mapped = {**map_tags, "UseDefaults": False, "PrincipalTags": {"team": "dept"}}
    assert good(arnold, "SetPrincipalTagAttributeMap", mapped) == mapped
    assert good(arnold, "GetPrincipalTagAttributeMap", map_tags) == mapped

    assert good(arnold, "TagResource", {"ResourceArn": arn, "Tags": {"a": "b"}}) == {}
    assert good(arnold, "ListTagsForResource", {"ResourceArn": arn}) == {"Tags": {"team": "red", "a": "b"}}
    assert good(arnold, "UntagResource", {"ResourceArn": arn, "TagKeys": ["a"]}) == {}
    removing = {"IdentityId": ada, "Logins": logins, "LoginsToRemove": [pool.issuer.host]}
    assert good(arnold, "UnlinkIdentity", removing) in (None, {})
    gone = "us-east-1:00000000-0000-4000-8000-000000000000"
    assert good(arnold, "DeleteIdentities", {"IdentityIdsToDelete": [ada, gone]}) == {
        "UnprocessedIdentityIds": [{"IdentityId": gone, "ErrorCode": "AccessDenied"}]
    }
    assert good(arnold, "DeleteIdentityPool", ask_pool) in (None, {})


def test_four_operations_need_no_signature_and_all_others_do(arnold, pool):
    model = botocore.session.get_session().get_service_model("cognito-identity")
    assert len(model.operation_names) == 23
    for operation in model.operation_names:
        status, _, said = ask(arnold, operation, {}, keys=None)
        code = "ValidationException" if operation in UNSIGNED else "MissingAuthenticationTokenException"
        assert (status, said["__type"]) == (400, code), operation
    # Nor does it hurt to sign where nobody asks for it.
    assert ask(arnold, "GetId", {"IdentityPoolId": pool.id})[0] == 200


def test_refusals_have_aws_form_and_are_read_by_pages(arnold, pool):
    absent = "us-east-1:00000000-0000-4000-8000-000000000000"
    sentence = f"IdentityPool '{absent}' not found."
    status, headers, said = ask(arnold, "GetId", {"IdentityPoolId": absent}, keys=None)
    assert (status, said) == (400, {"__type": "ResourceNotFoundException", "message": sentence})
    assert headers["x-amzn-errortype"] == "ResourceNotFoundException:"
    for body, sentence in (
        ({}, "1 validation error detected: Value null at 'identityPoolId' failed to satisfy constraint: Member must not be null"),
        (
            {"IdentityPoolId": "us-east-1_pool"},
            "1 validation error detected: Value 'us-east-1_pool' at 'identityPoolId' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+",
        ),
    ):
        status, _, said = ask(arnold, "GetId", body, keys=None)
        assert (status, said) == (400, {"__type": "ValidationException", "message": sentence})


def test_who_may_do_what_is_asked_about_each_pool(arnold, pool, refused):
    """One action, one pool: neither another action nor another pool goes with it."""
    other = pool.cognito.create_identity_pool(IdentityPoolName="other", AllowUnauthenticatedIdentities=True)
    arn = f"arn:aws:cognito-identity:us-east-1:{MAIN}:identitypool/{pool.id}"
    keys = make_user(pool.iam, "reader", allow(["cognito-identity:DescribeIdentityPool", "cognito-identity:ListIdentities"], arn))
    reader = arnold.client("cognito-identity", keys)
    reader.describe_identity_pool(IdentityPoolId=pool.id)
    reader.list_identities(IdentityPoolId=pool.id, MaxResults=1)
    for attempt in (
        lambda: reader.describe_identity_pool(IdentityPoolId=other["IdentityPoolId"]),
        lambda: reader.get_identity_pool_roles(IdentityPoolId=pool.id),
        lambda: reader.delete_identity_pool(IdentityPoolId=pool.id),
        lambda: reader.list_identity_pools(MaxResults=1),
        lambda: reader.get_open_id_token_for_developer_identity(IdentityPoolId=pool.id, Logins={DEVELOPER: "ann"}),
    ):
        with refused("AccessDeniedException", 400):
            attempt()


def test_a_developers_token_buys_a_role_with_its_tags_by_the_basic_flow(arnold, pool, refused):
    role = pool.role(
        "Basic", allow("s3:ListAllMyBuckets", "*", StringEquals={"aws:PrincipalTag/plan": "gold"}), action=TAGGING
    )
    sts = arnold.client("sts", None)

    def enter(plan):
        _, token = pool.vouch("ann", PrincipalTags={"plan": plan})
        return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ann", WebIdentityToken=token)

    arnold.client("s3", Keys.of(enter("gold")["Credentials"])).list_buckets()
    with refused("AccessDenied", 403):
        arnold.client("s3", Keys.of(enter("free")["Credentials"])).list_buckets()
    pool.iam.update_assume_role_policy(RoleName="Basic", PolicyDocument=trust_pool(pool.id))
    with refused("AccessDenied", 403):
        enter("gold")
    pool.iam.update_assume_role_policy(
        RoleName="Basic", PolicyDocument=trust_pool(pool.id, TAGGING, amr=f"{DEVELOPER}:{pool.id}:bob")
    )
    with refused("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        enter("gold")
