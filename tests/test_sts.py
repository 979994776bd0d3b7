"""STS: who may become whom, for how long, with what less."""

import datetime
import json

import pytest
import requests

from arnold import ADMIN, MAIN, ROOT_USER, SECOND, SECOND_ADMIN, Keys
from company import allow, deny, make_role, make_user, policy, role_arn, trust

ACCOUNT = {"AWS": f"arn:aws:iam::{MAIN}:root"}
ASSUME = allow("sts:AssumeRole")


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


@pytest.fixture
def ann(iam):
    """A user who may assume whatever trusts the account."""
    return make_user(iam, "ann", ASSUME)


def become(arnold, keys, name="Worker", session="work", account=MAIN, **more):
    """Assumes a role and returns the whole answer."""
    return arnold.client("sts", keys).assume_role(
        RoleArn=role_arn(name, account), RoleSessionName=session, **more
    )


def whoami(arnold, keys):
    answer = arnold.client("sts", keys).get_caller_identity()
    return answer["Account"], answer["Arn"], answer["UserId"]


# GetCallerIdentity


def test_everybody_learns_who_they_are(arnold, iam, ann):
    user_id = iam.get_user(UserName="ann")["User"]["UserId"]
    assert whoami(arnold, ann) == (MAIN, f"arn:aws:iam::{MAIN}:user/ann", user_id)
    assert whoami(arnold, ROOT_USER) == (MAIN, f"arn:aws:iam::{MAIN}:root", MAIN)
    assert whoami(arnold, SECOND_ADMIN)[:2] == (SECOND, f"arn:aws:iam::{SECOND}:user/admin")

    make_role(iam, "Worker", trust(ACCOUNT), Path="/team/")
    role_id = iam.get_role(RoleName="Worker")["Role"]["RoleId"]
    session = Keys.of(
        arnold.client("sts", ann).assume_role(
            RoleArn=f"arn:aws:iam::{MAIN}:role/team/Worker", RoleSessionName="work"
        )["Credentials"]
    )
    assert whoami(arnold, session) == (MAIN, f"arn:aws:sts::{MAIN}:assumed-role/Worker/work", f"{role_id}:work")


def test_who_one_is_needs_no_permission_and_no_deny_hides_it(arnold, iam):
    keys = make_user(iam, "mute", deny("*"))
    assert whoami(arnold, keys)[1].endswith(":user/mute")


def test_any_region_answers(arnold):
    for region in ("eu-central-1", "ap-southeast-2", "us-west-2"):
        assert arnold.client("sts", region=region).get_caller_identity()["Account"] == MAIN


def test_answers_come_as_json_for_who_accepts_json(arnold, iam, ann):
    sent = signed(arnold, ann, "sts", {"Action": "GetCallerIdentity", "Version": "2011-06-15"}, accept="application/json")
    answer = requests.request(**sent, timeout=10).json()
    result = answer["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
    assert result["Arn"] == f"arn:aws:iam::{MAIN}:user/ann"


def signed(arnold, keys, service, form, accept=None, region="us-east-1"):
    """A signed query request as arguments for `requests.request`."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if accept:
        headers["Accept"] = accept
    request = AWSRequest("POST", arnold.url + "/", data=form, headers=headers)
    SigV4Auth(keys.credentials(), service, region).add_auth(request)
    prepared = request.prepare()
    return {"method": "POST", "url": prepared.url, "data": prepared.body, "headers": dict(prepared.headers)}


# AssumeRole: both sides


def test_a_role_that_trusts_the_account_needs_the_users_own_permission_too(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT))
    become(arnold, ann)
    bob = make_user(iam, "bob")
    text = (
        f"User: arn:aws:iam::{MAIN}:user/bob is not authorized to perform: sts:AssumeRole "
        f"on resource: {role_arn('Worker')} because no identity-based policy allows the sts:AssumeRole action"
    )
    with refused("AccessDenied", 403, text):
        become(arnold, bob)


def test_a_role_that_names_the_user_needs_no_permission_of_the_user(arnold, iam):
    bob = make_user(iam, "bob")
    make_role(iam, "Worker", trust({"AWS": f"arn:aws:iam::{MAIN}:user/bob"}))
    become(arnold, bob)


def test_a_role_that_trusts_another_is_refused(arnold, iam, ann, refused):
    make_user(iam, "bob")
    make_role(iam, "Worker", trust({"AWS": f"arn:aws:iam::{MAIN}:user/bob"}))
    with refused("AccessDenied", 403):
        become(arnold, ann)


def test_a_role_that_does_not_exist_is_refused_like_one_that_does_not_trust(arnold, ann, refused):
    with refused("AccessDenied", 403):
        become(arnold, ann, "Nobody")


def test_a_role_of_another_account_needs_both_sides(arnold, iam, ann, refused):
    theirs = arnold.client("iam", SECOND_ADMIN)
    make_role(theirs, "Open", trust({"AWS": "*"}))
    make_role(theirs, "Partner", trust(ACCOUNT))
    make_role(theirs, "Closed", trust({"AWS": f"arn:aws:iam::{SECOND}:root"}))
    bob = make_user(iam, "bob")
    for name in ("Open", "Partner"):
        become(arnold, ann, name, account=SECOND)
        with refused("AccessDenied", 403):
            become(arnold, bob, name, account=SECOND)
    with refused("AccessDenied", 403):
        become(arnold, ann, "Closed", account=SECOND)


def test_the_root_user_puts_on_no_role(arnold, iam, refused):
    make_role(iam, "Worker", trust(ACCOUNT))
    with refused("AccessDenied", 403, "Roles may not be assumed by root accounts."):
        become(arnold, ROOT_USER)


def test_an_external_id_must_be_the_agreed_one(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT, StringEquals={"sts:ExternalId": "agreed"}))
    become(arnold, ann, ExternalId="agreed")
    for wrong in ({}, {"ExternalId": "other"}):
        with refused("AccessDenied", 403):
            become(arnold, ann, **wrong)


# How long


def test_a_session_lives_as_long_as_asked_and_then_no_more(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT), allow("iam:ListUsers"))
    answer = become(arnold, ann, DurationSeconds=900)
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 840 < left.total_seconds() <= 901
    session = Keys.of(answer["Credentials"])
    arnold.client("iam", session).list_users()
    arnold.advance(840)
    whoami(arnold, session)
    arnold.advance(60)
    with refused("ExpiredToken", 403, "The security token included in the request is expired"):
        whoami(arnold, session)
    with refused("ExpiredToken", 403):
        arnold.client("iam", session).list_users()


def test_a_session_longer_than_the_role_allows_is_refused(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT), MaxSessionDuration=7200)
    become(arnold, ann, DurationSeconds=7200)
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    with refused("ValidationError", 400, text):
        become(arnold, ann, DurationSeconds=7201)
    with refused("ValidationError", 400):
        become(arnold, ann, DurationSeconds=43201)
    with refused("ValidationError", 400):
        arnold.client("sts", ann, parameter_validation=False).assume_role(
            RoleArn=role_arn("Worker"), RoleSessionName="work", DurationSeconds=899
        )


def test_a_role_put_on_by_a_role_lives_an_hour_at_most(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT), ASSUME)
    make_role(iam, "Next", trust(ACCOUNT), MaxSessionDuration=7200)
    session = Keys.of(become(arnold, ann)["Credentials"])
    become(arnold, session, "Next", DurationSeconds=3600)
    text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    with refused("ValidationError", 400, text):
        become(arnold, session, "Next", DurationSeconds=3601)


# With what less: session policies and boundaries


def test_a_session_policy_takes_away_and_never_gives(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT), allow(["iam:ListUsers", "iam:ListRoles"]))
    narrow = policy(allow(["iam:ListUsers", "iam:ListGroups"]))
    answer = become(arnold, ann, Policy=narrow)
    assert answer["PackedPolicySize"] > 0
    client = arnold.client("iam", Keys.of(answer["Credentials"]))
    client.list_users()
    with refused("AccessDenied", 403):
        client.list_roles()
    with refused("AccessDenied", 403):
        client.list_groups()


def test_managed_session_policies_add_up(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT), allow("iam:*"))
    arns = [
        {"arn": iam.create_policy(PolicyName=name, PolicyDocument=policy(allow(action)))["Policy"]["Arn"]}
        for name, action in (("users", "iam:ListUsers"), ("roles", "iam:ListRoles"))
    ]
    client = arnold.client("iam", Keys.of(become(arnold, ann, PolicyArns=arns)["Credentials"]))
    client.list_users()
    client.list_roles()
    with refused("AccessDenied", 403):
        client.list_groups()


def test_a_boundary_bounds_the_sessions_of_its_role(arnold, iam, ann, refused):
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=policy(allow("iam:ListUsers")))["Policy"]["Arn"]
    make_role(iam, "Worker", trust(ACCOUNT), allow("iam:*"), PermissionsBoundary=boundary)
    client = arnold.client("iam", Keys.of(become(arnold, ann)["Credentials"]))
    client.list_users()
    with refused("AccessDenied", 403):
        client.list_roles()


def test_permissions_are_read_at_every_call(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT))
    client = arnold.client("iam", Keys.of(become(arnold, ann)["Credentials"]))
    with refused("AccessDenied", 403):
        client.list_users()
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=policy(allow("iam:ListUsers")))
    client.list_users()
    iam.delete_role_policy(RoleName="Worker", PolicyName="p")
    with refused("AccessDenied", 403):
        client.list_users()


def test_a_malformed_session_policy_is_refused(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT))
    for document in ("{", "[]", '{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}'):
        with refused("MalformedPolicyDocument", 400):
            become(arnold, ann, Policy=document)


# Tags and source identity


def tagging(*actions):
    return trust(ACCOUNT, ["sts:AssumeRole", *actions])


def test_session_tags_need_their_own_permission_and_speak_in_policies(arnold, iam, ann, refused):
    iam.put_user_policy(UserName="ann", PolicyName="tag", PolicyDocument=policy(allow("sts:TagSession")))
    make_role(iam, "Plain", trust(ACCOUNT))
    make_role(
        iam, "Worker", tagging("sts:TagSession"),
        allow("iam:ListUsers", "*", StringEquals={"aws:PrincipalTag/team": "blue"}),
    )
    blue, red = ([{"Key": "team", "Value": value}] for value in ("blue", "red"))
    with refused("AccessDenied", 403):
        become(arnold, ann, "Plain", Tags=blue)
    arnold.client("iam", Keys.of(become(arnold, ann, Tags=blue)["Credentials"])).list_users()
    with refused("AccessDenied", 403):
        arnold.client("iam", Keys.of(become(arnold, ann, Tags=red)["Credentials"])).list_users()


def test_a_session_tag_overrides_the_roles_own_tag(arnold, iam, ann, refused):
    iam.put_user_policy(UserName="ann", PolicyName="tag", PolicyDocument=policy(allow("sts:TagSession")))
    make_role(
        iam, "Worker", tagging("sts:TagSession"),
        allow("iam:ListUsers", "*", StringEquals={"aws:PrincipalTag/team": "blue"}),
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    arnold.client("iam", Keys.of(become(arnold, ann)["Credentials"])).list_users()
    red = become(arnold, ann, Tags=[{"Key": "Team", "Value": "red"}])
    with refused("AccessDenied", 403):
        arnold.client("iam", Keys.of(red["Credentials"])).list_users()


def test_transitive_tags_follow_along_the_chain(arnold, iam, ann, refused):
    iam.put_user_policy(UserName="ann", PolicyName="tag", PolicyDocument=policy(allow("sts:TagSession")))
    make_role(iam, "Worker", tagging("sts:TagSession"), allow(["sts:AssumeRole", "sts:TagSession"]))
    make_role(
        iam, "Next", tagging("sts:TagSession"),
        allow("iam:ListUsers", "*", StringEquals={"aws:PrincipalTag/team": "blue"}),
        allow("iam:ListRoles", "*", StringEquals={"aws:PrincipalTag/job": "dev"}),
    )
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "job", "Value": "dev"}]
    first = Keys.of(become(arnold, ann, Tags=tags, TransitiveTagKeys=["team"])["Credentials"])
    second = arnold.client("iam", Keys.of(become(arnold, first, "Next")["Credentials"]))
    second.list_users()
    with refused("AccessDenied", 403):
        second.list_roles()
    with refused("InvalidParameterValue", 400):
        become(arnold, first, "Next", Tags=[{"Key": "team", "Value": "red"}])


def test_impossible_tags_are_refused(arnold, iam, ann, refused):
    make_role(iam, "Worker", tagging("sts:TagSession"))
    twice = [{"Key": "team", "Value": "a"}, {"Key": "TEAM", "Value": "b"}]
    with refused("InvalidParameterValue", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive."):
        become(arnold, ann, Tags=twice)
    text = "The specified transitive tag key must be included in the requested tags."
    with refused("InvalidParameterValue", 400, text):
        become(arnold, ann, Tags=twice[:1], TransitiveTagKeys=["other"])
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
    with refused("ValidationError", 400):
        become(arnold, ann, Tags=many)


def test_a_source_identity_is_set_once_and_stays(arnold, iam, ann, refused):
    iam.put_user_policy(
        UserName="ann", PolicyName="source", PolicyDocument=policy(allow("sts:SetSourceIdentity"))
    )
    own = tagging("sts:SetSourceIdentity")
    make_role(iam, "Plain", trust(ACCOUNT))
    make_role(iam, "Worker", own, allow(["sts:AssumeRole", "sts:SetSourceIdentity"]))
    make_role(iam, "Next", own, allow("iam:ListUsers", "*", StringEquals={"aws:SourceIdentity": "ann"}))
    with refused("AccessDenied", 403):
        become(arnold, ann, "Plain", SourceIdentity="ann")
    answer = become(arnold, ann, SourceIdentity="ann")
    assert answer["SourceIdentity"] == "ann"
    first = Keys.of(answer["Credentials"])
    second = become(arnold, first, "Next")
    assert second["SourceIdentity"] == "ann"
    arnold.client("iam", Keys.of(second["Credentials"])).list_users()
    with refused("AccessDenied", 403):
        become(arnold, first, "Plain")
    with refused("ValidationError", 400, "The source identity is already set for this assume role session"):
        become(arnold, first, "Next", SourceIdentity="other")


# What ends a session before its time


def test_a_deleted_role_takes_its_sessions_along_even_if_made_again(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT))
    session = Keys.of(become(arnold, ann)["Credentials"])
    whoami(arnold, session)
    iam.delete_role(RoleName="Worker")
    for _ in range(2):
        with refused("InvalidClientTokenId", 403, "The security token included in the request is invalid."):
            whoami(arnold, session)
        if not iam.list_roles(PathPrefix="/")["Roles"]:
            make_role(iam, "Worker", trust(ACCOUNT))


def test_an_edited_trust_policy_ends_no_session(arnold, iam, ann):
    make_role(iam, "Worker", trust(ACCOUNT))
    session = Keys.of(become(arnold, ann)["Credentials"])
    iam.update_assume_role_policy(
        RoleName="Worker", PolicyDocument=trust({"AWS": f"arn:aws:iam::{MAIN}:user/admin"})
    )
    whoami(arnold, session)


def test_a_session_token_that_was_touched_is_refused(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT))
    good = Keys.of(become(arnold, ann)["Credentials"])
    token = good.session_token
    middle = len(token) // 2
    swapped = "A" if token[middle] != "A" else "B"
    for wrong in (token[:-4], token[: middle] + swapped + token[middle + 1:], "x", None, token + "AAAA"):
        touched = Keys(good.access_key_id, good.secret_access_key, wrong)
        with refused("InvalidClientTokenId", 403):
            whoami(arnold, touched)


def test_a_session_token_belongs_to_its_own_key(arnold, iam, ann, refused):
    make_role(iam, "Worker", trust(ACCOUNT))
    one, two = (Keys.of(become(arnold, ann)["Credentials"]) for _ in range(2))
    with refused("InvalidClientTokenId", 403):
        whoami(arnold, Keys(one.access_key_id, one.secret_access_key, two.session_token))


# GetSessionToken and GetFederationToken


def test_get_session_token_gives_a_user_a_session_without_iam(arnold, iam, refused):
    keys = make_user(iam, "carl", allow("*"))
    make_role(iam, "Worker", trust(ACCOUNT))
    session = Keys.of(arnold.client("sts", keys).get_session_token(DurationSeconds=900)["Credentials"])
    assert whoami(arnold, session)[1] == f"arn:aws:iam::{MAIN}:user/carl"
    arnold.client("s3", session).list_buckets()
    become(arnold, session)
    with refused("InvalidClientTokenId", 403):
        arnold.client("iam", session).list_users()
    with refused("AccessDenied", 403, "Cannot call GetSessionToken with session credentials"):
        arnold.client("sts", session).get_session_token()
    with refused("AccessDenied", 403, "Cannot call GetFederationToken with session credentials"):
        arnold.client("sts", session).get_federation_token(Name="guest")


def test_get_session_token_lives_twelve_hours_and_an_hour_for_the_root_user(arnold, iam):
    for keys, hours in ((ADMIN, 12), (ROOT_USER, 1)):
        credentials = arnold.client("sts", keys).get_session_token()["Credentials"]
        left = credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
        assert abs(left.total_seconds() - hours * 3600) < 60


def test_a_federated_user_has_what_both_policies_allow(arnold, iam, refused):
    keys = make_user(iam, "carl", allow(["s3:*", "sts:GetFederationToken"]))
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="federated-bucket")
    s3.put_object(Bucket="federated-bucket", Key="a", Body=b"a")
    narrow = policy(allow(["s3:GetObject", "iam:ListUsers"]))
    answer = arnold.client("sts", keys).get_federation_token(Name="guest", Policy=narrow)
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{MAIN}:guest",
        "Arn": f"arn:aws:sts::{MAIN}:federated-user/guest",
    }
    session = Keys.of(answer["Credentials"])
    assert whoami(arnold, session) == (MAIN, f"arn:aws:sts::{MAIN}:federated-user/guest", f"{MAIN}:guest")
    theirs = arnold.client("s3", session)
    theirs.get_object(Bucket="federated-bucket", Key="a")
    with refused("AccessDenied", 403):
        theirs.put_object(Bucket="federated-bucket", Key="b", Body=b"b")
    with refused("InvalidClientTokenId", 403):
        arnold.client("iam", session).list_users()

    without = arnold.client("sts", keys).get_federation_token(Name="bare")
    assert without.get("PackedPolicySize", 0) == 0
    with refused("AccessDenied", 403):
        arnold.client("s3", Keys.of(without["Credentials"])).get_object(Bucket="federated-bucket", Key="a")


def test_the_account_is_read_from_the_key_id(arnold, iam):
    made = iam.create_access_key(UserName="admin")["AccessKey"]["AccessKeyId"]
    assert arnold.client("sts").get_access_key_info(AccessKeyId=made)["Account"] == MAIN


# Constraints of the model, in AWS's words


def test_broken_constraints_are_named_in_awss_words(arnold, ann, refused):
    loose = arnold.client("sts", ann, parameter_validation=False)
    text = (
        "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )
    with refused("ValidationError", 400, text):
        loose.assume_role(RoleArn=role_arn("Worker"), RoleSessionName="a b")
    with refused("ValidationError", 400, "arn:aws:iam::1:x/not-a-role is invalid"):
        loose.assume_role(RoleArn="arn:aws:iam::1:x/not-a-role", RoleSessionName="session")


def test_unknown_operations_are_unknown(arnold, ann):
    sent = signed(arnold, ann, "sts", {"Action": "MakeCoffee", "Version": "2011-06-15"})
    answer = requests.request(**sent, timeout=10)
    assert answer.status_code == 400
    assert "<Code>InvalidAction</Code>" in answer.text
    assert "Could not find operation MakeCoffee for version 2011-06-15" in answer.text
    assert json.dumps(answer.headers["x-amzn-RequestId"])
