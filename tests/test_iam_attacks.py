"""IAM: ways to more rights than one was given, each beside its honest twin."""

import concurrent.futures
import json
import threading

import botocore.auth
import botocore.awsrequest
import botocore.exceptions
import pytest
import requests

from arnold import ADMIN, MAIN, Keys
from authenticator import new_device, to_a_fresh_step
from company import allow, deny, make_role, make_user, policy, trust

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EC2 = trust({"Service": "ec2.amazonaws.com"})


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


def arn(resource, account=MAIN):
    return f"arn:aws:iam::{account}:{resource}"


def signed_form(arnold, keys, form, query="", **headers):
    """Posts a form as it is given, which no client would do, and signs it."""
    request = botocore.awsrequest.AWSRequest(
        "POST",
        f"{arnold.url}/" + (f"?{query}" if query else ""),
        data=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    botocore.auth.SigV4Auth(keys.credentials(), "iam", "us-east-1").add_auth(request)
    prepared = request.prepare()
    return requests.post(prepared.url, data=prepared.body, headers={**dict(prepared.headers), **headers}, timeout=10)


def user_names(iam):
    return {user["UserName"] for user in iam.list_users()["Users"]}


# A delegate who may manage people, within a boundary.


@pytest.fixture
def delegate(arnold, iam):
    """A client of somebody who may do all in IAM that AWS's guide lets a delegate do: nothing to
    whoever is not bounded by `edge`, and nothing to `edge` itself."""
    iam.create_policy(
        PolicyName="edge",
        PolicyDocument=policy(
            allow(["s3:*", "iam:Get*", "iam:List*"]),
            allow(
                ["iam:CreateUser", "iam:CreateRole", "iam:AttachUserPolicy", "iam:DetachUserPolicy",
                 "iam:PutUserPolicy", "iam:PutRolePolicy", "iam:PutUserPermissionsBoundary",
                 "iam:PutRolePermissionsBoundary", "iam:AttachRolePolicy"],
                "*",
                StringEquals={"iam:PermissionsBoundary": arn("policy/edge")},
            ),
            allow(["iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion"]),
            deny(["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:DeletePolicy"], arn("policy/edge")),
            deny(["iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"]),
        ),
    )
    keys = make_user(iam, "delegate", allow("*"))
    iam.put_user_permissions_boundary(UserName="delegate", PermissionsBoundary=arn("policy/edge"))
    make_user(iam, "free")
    make_role(iam, "free", trust({"AWS": arn("user/delegate")}), allow("*"))
    iam.create_group(GroupName="admins")
    iam.attach_group_policy(GroupName="admins", PolicyArn=ADMINISTRATOR)
    iam.create_policy(PolicyName="wide", PolicyDocument=policy(allow("*")))
    return arnold.client("iam", keys)


EDGE = arn("policy/edge")
ESCALATIONS = {
    "a user without a boundary": ("create_user", {"UserName": "new"}),
    "a user within another boundary": ("create_user", {"UserName": "new", "PermissionsBoundary": arn("policy/wide")}),
    "a role without a boundary": ("create_role", {"RoleName": "new", "AssumeRolePolicyDocument": EC2}),
    "a policy for somebody unbounded": ("attach_user_policy", {"UserName": "free", "PolicyArn": ADMINISTRATOR}),
    "an inline policy for somebody unbounded": (
        "put_user_policy", {"UserName": "free", "PolicyName": "p", "PolicyDocument": policy(allow("*"))}),
    "an inline policy for an unbounded role": (
        "put_role_policy", {"RoleName": "free", "PolicyName": "p", "PolicyDocument": policy(allow("*"))}),
    "no boundary any more": ("delete_user_permissions_boundary", {"UserName": "delegate"}),
    "another boundary": (
        "put_user_permissions_boundary", {"UserName": "delegate", "PermissionsBoundary": arn("policy/wide")}),
    "AWS's widest policy as boundary": (
        "put_user_permissions_boundary", {"UserName": "delegate", "PermissionsBoundary": ADMINISTRATOR}),
    "a new version of the boundary": (
        "create_policy_version", {"PolicyArn": EDGE, "PolicyDocument": policy(allow("*")), "SetAsDefault": True}),
    "the boundary deleted": ("delete_policy", {"PolicyArn": EDGE}),
    "keys of somebody else": ("create_access_key", {"UserName": "free"}),
    "a password of somebody else": ("create_login_profile", {"UserName": "free", "Password": "Long-enough-1"}),
    "a place among administrators": ("add_user_to_group", {"GroupName": "admins", "UserName": "delegate"}),
    "rights for a group": ("attach_group_policy", {"GroupName": "admins", "PolicyArn": ADMINISTRATOR}),
    "trust of an unbounded role": (
        "update_assume_role_policy", {"RoleName": "free", "PolicyDocument": trust({"AWS": arn("user/delegate")})}),
    "another name": ("update_user", {"UserName": "delegate", "NewUserName": "free2"}),
}


@pytest.mark.parametrize("way", ESCALATIONS)
def test_a_delegate_does_not_get_out_of_the_boundary(iam, delegate, refused, way):
    operation, parameters = ESCALATIONS[way]
    with refused("AccessDenied", 403) as caught:
        getattr(delegate, operation)(**parameters)
    message = caught.value.response["Error"]["Message"]
    assert "because no permissions boundary allows" in message or "explicit deny in a permissions boundary" in message
    if operation != "delete_policy":  # in use, so that nobody deletes it
        getattr(iam, operation)(**parameters)


def test_a_delegate_does_within_the_boundary_what_is_meant(delegate, refused):
    delegate.create_user(UserName="new", PermissionsBoundary=EDGE)
    delegate.attach_user_policy(UserName="new", PolicyArn=ADMINISTRATOR)
    delegate.put_user_policy(UserName="new", PolicyName="p", PolicyDocument=policy(allow("*")))
    delegate.put_user_permissions_boundary(UserName="new", PermissionsBoundary=EDGE)
    delegate.create_role(RoleName="new", AssumeRolePolicyDocument=EC2, PermissionsBoundary=EDGE)
    made = delegate.create_policy(PolicyName="own", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    delegate.create_policy_version(PolicyArn=made, PolicyDocument=policy(allow("*")), SetAsDefault=True)


def test_a_delegate_s_administrator_is_still_bounded(arnold, iam, delegate, refused):
    """What the delegate makes can do no more than the delegate."""
    delegate.create_user(UserName="new", PermissionsBoundary=EDGE)
    delegate.attach_user_policy(UserName="new", PolicyArn=ADMINISTRATOR)
    keys = arnold.client("iam").create_access_key(UserName="new")["AccessKey"]
    new = arnold.client("iam", Keys.of(keys))
    new.list_users()
    with refused("AccessDenied", 403):
        new.delete_user_permissions_boundary(UserName="new")
    with refused("AccessDenied", 403):
        arnold.client("sts", Keys.of(keys)).assume_role(RoleArn=arn("role/free"), RoleSessionName="session")


# Roles handed to services.


def test_a_role_is_handed_to_a_service_by_whom_passrole_lets(arnold, iam, refused):
    strong = make_role(iam, "strong", EC2, allow("*"))
    weak = make_role(iam, "weak", EC2)
    keys = make_user(
        iam, "ann",
        allow(["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile",
               "cognito-identity:*"]),
        allow("iam:PassRole", weak, StringEquals={"iam:PassedToService": ["ec2.amazonaws.com"]}),
    )
    ann = arnold.client("iam", keys)
    ann.create_instance_profile(InstanceProfileName="i")
    message = (
        f"User: {arn('user/ann')} is not authorized to perform: iam:PassRole on resource: {strong} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    with refused("AccessDenied", 403, message):
        ann.add_role_to_instance_profile(InstanceProfileName="i", RoleName="strong")
    assert iam.get_instance_profile(InstanceProfileName="i")["InstanceProfile"]["Roles"] == []
    ann.add_role_to_instance_profile(InstanceProfileName="i", RoleName="weak")

    # The same role, but for another service than the condition names.
    pools = arnold.client("cognito-identity", keys)
    pool = pools.create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=True)["IdentityPoolId"]
    with refused("AccessDeniedException", 400):
        pools.set_identity_pool_roles(IdentityPoolId=pool, Roles={"unauthenticated": weak})
    iam.put_user_policy(UserName="ann", PolicyName="more", PolicyDocument=policy(allow("iam:PassRole", weak)))
    pools.set_identity_pool_roles(IdentityPoolId=pool, Roles={"unauthenticated": weak})


# Names, paths and tags that look like others.


LOOKALIKES = ["\u0430dmin", "\uff41dmin", "admin\u200b", "adm\u0131n", "\u0661\u0662", "ad\u00adin", "admi\u0144", "\u212aelvin"]


@pytest.mark.parametrize("name", LOOKALIKES)
def test_names_are_ascii(arnold, iam, refused, name):
    sts = arnold.client("sts")
    role = make_role(iam, "plain", trust({"AWS": arn("root")}))
    calls = [
        (iam.create_user, {"UserName": name}),
        (iam.create_group, {"GroupName": name}),
        (iam.create_role, {"RoleName": name, "AssumeRolePolicyDocument": EC2}),
        (iam.create_policy, {"PolicyName": name, "PolicyDocument": policy(allow("s3:*"))}),
        (iam.create_instance_profile, {"InstanceProfileName": name}),
        (iam.create_virtual_mfa_device, {"VirtualMFADeviceName": name}),
        (iam.create_user, {"UserName": "u", "Path": f"/{name}/"}),
        (iam.put_role_policy, {"RoleName": "plain", "PolicyName": name, "PolicyDocument": policy(allow("s3:*"))}),
        (sts.assume_role, {"RoleArn": role, "RoleSessionName": name}),
        (sts.assume_role, {"RoleArn": role, "RoleSessionName": "session", "SourceIdentity": name}),
    ]
    if name == "\uff41dmin":  # \w of a model is ASCII; for paths the model says which characters
        calls = [call for call in calls if "Path" not in call[1]]
    for call, parameters in calls:
        with refused("ValidationError", 400):
            call(**parameters)
    assert user_names(iam) == {"admin"}


def test_a_name_in_other_letters_gives_no_other_rights(arnold, iam, refused):
    """Names are one without regard to case; so is what policies say about them."""
    make_user(iam, "Bob")
    keys = make_user(iam, "ann", allow("iam:*"), deny("iam:*", arn("user/Bob")))
    ann = arnold.client("iam", keys)
    for name in ("Bob", "bob", "BOB"):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            ann.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("*")))
        assert caught.value.response["Error"]["Code"] in ("AccessDenied", "NoSuchEntity")
    assert iam.list_user_policies(UserName="Bob")["PolicyNames"] == []
    iam.put_user_policy(UserName="Bob", PolicyName="p", PolicyDocument=policy(allow("*")))


def test_an_arn_in_other_letters_gets_around_no_condition(arnold, iam, refused):
    """What a condition looks at is what is attached."""
    own = iam.create_policy(PolicyName="Strong", Path="/Team/", PolicyDocument=policy(allow("*")))["Policy"]["Arn"]
    make_role(iam, "Worker", EC2)
    iam.create_group(GroupName="Workers")
    keys = make_user(
        iam, "ann",
        allow("iam:*"),
        deny(["iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:AttachGroupPolicy"], "*",
             ArnEquals={"iam:PolicyARN": [ADMINISTRATOR, own]}),
        deny(["iam:CreateUser", "iam:PutUserPermissionsBoundary"], "*", StringEquals={"iam:PermissionsBoundary": own}),
        deny("*", [arn("role/Worker"), arn("group/Workers")]),
    )
    ann = arnold.client("iam", keys)
    attach = lambda policy_arn: ann.attach_user_policy(UserName="ann", PolicyArn=policy_arn)
    bound = lambda policy_arn: ann.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=policy_arn)
    for ask in (attach, bound):
        with refused("AccessDenied", 403):
            ask(own)
        for odd in (own.lower(), own.upper(), own.replace("/Team/", "/team/"), own.replace("/Team/", "//Team/"),
                    own.replace("/Team/", "/Team/../Team/"), own.replace(MAIN, "aws"), own.replace("arn:aws:", "arn:aws-cn:"),
                    own.replace("iam::", "iam:us-east-1:"), own + "/", own.replace("/Team", ""), own.replace("Strong", "STRONG")):
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                ask(odd)
            assert caught.value.response["Error"]["Code"] in ("NoSuchEntity", "ValidationError", "InvalidInput", "AccessDenied"), odd
    for odd in (ADMINISTRATOR.lower(), ADMINISTRATOR.replace("::aws:", f"::{MAIN}:"), ADMINISTRATOR.replace("policy/", "policy//")):
        with pytest.raises(botocore.exceptions.ClientError):
            attach(odd)
    assert iam.list_attached_user_policies(UserName="ann")["AttachedPolicies"] == []
    for name in ("Worker", "worker", "WORKER"):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            ann.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(allow("*")))
        assert caught.value.response["Error"]["Code"] in ("AccessDenied", "NoSuchEntity")
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            ann.add_user_to_group(GroupName=f"{name}s", UserName="ann")
        assert caught.value.response["Error"]["Code"] in ("AccessDenied", "NoSuchEntity")
    assert iam.list_role_policies(RoleName="Worker")["PolicyNames"] == []
    assert iam.get_group(GroupName="Workers")["Users"] == []
    # What no condition speaks of is attached.
    attach("arn:aws:iam::aws:policy/ReadOnlyAccess")


def test_whoever_is_made_anew_is_not_who_was_trusted(arnold, iam, refused):
    """A deleted principal stands in policies by its id; its name alone gives nothing."""
    keys = make_user(iam, "bob", allow("sts:AssumeRole"))
    before = iam.get_user(UserName="bob")["User"]["UserId"]
    role = make_role(iam, "r", trust({"AWS": arn("user/bob")}))
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="trusting-bob")
    grant = {**allow("s3:ListBucket", "arn:aws:s3:::trusting-bob"), "Principal": {"AWS": arn("user/bob")}}
    s3.put_bucket_policy(Bucket="trusting-bob", Policy=policy(grant))
    arnold.client("sts", keys).assume_role(RoleArn=role, RoleSessionName="session")
    arnold.client("s3", keys).list_objects_v2(Bucket="trusting-bob")

    iam.delete_access_key(UserName="bob", AccessKeyId=keys.access_key_id)
    iam.delete_user_policy(UserName="bob", PolicyName="inline")
    iam.delete_user(UserName="bob")
    keys = make_user(iam, "bob", allow("sts:GetCallerIdentity"))
    shown = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": before}
    shown = json.loads(s3.get_bucket_policy(Bucket="trusting-bob")["Policy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": before}
    with refused("AccessDenied", 403):
        arnold.client("sts", keys).assume_role(RoleArn=role, RoleSessionName="session")
    with refused("AccessDenied", 403):
        arnold.client("s3", keys).list_objects_v2(Bucket="trusting-bob")
    s3.put_bucket_policy(Bucket="trusting-bob", Policy=policy(grant))
    arnold.client("s3", keys).list_objects_v2(Bucket="trusting-bob")
    iam.update_user(UserName="bob", NewUserName="rob")
    shown = json.loads(s3.get_bucket_policy(Bucket="trusting-bob")["Policy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": arn("user/rob")}
    arnold.client("s3", keys).list_objects_v2(Bucket="trusting-bob")
    iam.update_user(UserName="rob", NewUserName="bob")
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust({"AWS": arn("user/bob")}))
    arnold.client("sts", keys).assume_role(RoleArn=role, RoleSessionName="session")
    with refused("MalformedPolicyDocument", 400, f'Invalid principal in policy: "AWS":"{arn("user/carl")}"'):
        iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust({"AWS": arn("user/carl")}))


@pytest.mark.parametrize(
    "resource",
    ["role/r", "role/team//r", "role//team/r", "role/team/../team/r", "role/TEAM/r", "role/team/r/", "role/other/r",
     "role/team/r%00", "role/./team/r", "user/team/r", "assumed-role/team/r"],
)
def test_a_role_is_assumed_by_its_whole_name_alone(arnold, iam, resource):
    good = make_role(iam, "r", trust({"AWS": arn("user/admin")}), Path="/team/")
    make_role(iam, "elsewhere", trust({"AWS": arn("user/admin")}))
    sts = arnold.client("sts")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        sts.assume_role(RoleArn=arn(resource), RoleSessionName="session")
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "ValidationError")
    sts.assume_role(RoleArn=good, RoleSessionName="session")


def test_a_path_does_not_pass_for_a_name(arnold, iam, refused):
    """`user/team/*` is who is in the team's path, not who is called like it."""
    keys = make_user(iam, "ann", allow("iam:*", arn("user/team/*")))
    ann = arnold.client("iam", keys)
    ann.create_user(UserName="bob", Path="/team/")
    for parameters in ({"UserName": "team"}, {"UserName": "bob2"}, {"UserName": "bob2", "Path": "/Team/"}, {"UserName": "bob2", "Path": "/teams/"}):
        with refused("AccessDenied", 403):
            ann.create_user(**parameters)
    # Whoever moves somebody out or in needs leave for both ends.
    with refused("AccessDenied", 403):
        ann.update_user(UserName="bob", NewPath="/")
    make_user(iam, "carl")
    with refused("AccessDenied", 403):
        ann.update_user(UserName="carl", NewPath="/team/")
    ann.update_user(UserName="bob", NewPath="/team/a/")


@pytest.mark.parametrize("key", ["protected", "Protected", "PROTECTED"])
def test_a_tag_in_other_letters_is_the_same_tag(arnold, iam, refused, key):
    keys = make_user(
        iam, "ann",
        allow("iam:*"),
        deny("iam:*", "*", StringEquals={"aws:ResourceTag/protected": "yes"}),
        deny(["iam:TagUser", "iam:CreateUser"], "*", StringEquals={"aws:RequestTag/protected": "no"}),
    )
    ann = arnold.client("iam", keys)
    iam.create_user(UserName="bob", Tags=[{"Key": key, "Value": "yes"}])
    with refused("AccessDenied", 403):
        ann.delete_user(UserName="bob")
    iam.create_user(UserName="carl")
    with refused("AccessDenied", 403):
        ann.tag_user(UserName="carl", Tags=[{"Key": key, "Value": "no"}])
    with refused("AccessDenied", 403):
        ann.create_user(UserName="dan", Tags=[{"Key": "x", "Value": "no"}, {"Key": key, "Value": "no"}])
    ann.tag_user(UserName="carl", Tags=[{"Key": "x", "Value": "no"}])
    ann.delete_user(UserName="carl")


def test_two_tags_that_differ_in_letters_are_refused(iam, refused):
    with refused("InvalidInput", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive."):
        iam.create_user(UserName="bob", Tags=[{"Key": "team", "Value": "a"}, {"Key": "TEAM", "Value": "b"}])
    iam.create_user(UserName="bob", Tags=[{"Key": "team", "Value": "a"}, {"Key": "team2", "Value": "b"}])


def test_a_value_that_stands_for_others_is_taken_by_its_letters(arnold, iam, refused):
    """What a variable holds is never a pattern; and no tag can hold one."""
    with refused("ValidationError", 400):
        iam.create_user(UserName="eve", Tags=[{"Key": "team", "Value": "*"}])
    keys = make_user(iam, "ann", allow("iam:TagUser", arn("user/${aws:PrincipalTag/team}")))
    ann = arnold.client("iam", keys)
    for name in ("a", "a.b"):
        iam.create_user(UserName=name)
    iam.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "a.b"}])
    ann.tag_user(UserName="a.b", Tags=[{"Key": "x", "Value": "y"}])
    with refused("AccessDenied", 403):
        ann.tag_user(UserName="a", Tags=[{"Key": "x", "Value": "y"}])
    iam.untag_user(UserName="ann", TagKeys=["team"])
    for name in ("a", "a.b", "ann"):
        with refused("AccessDenied", 403):
            ann.tag_user(UserName=name, Tags=[{"Key": "x", "Value": "y"}])


# Text that tries to be more than text.


INJECTIONS = [
    "</Description><Arn>arn:aws:iam::aws:root</Arn><Description>",
    "]]><!-- &amp;lt; &#x41; --><![CDATA[",
    '","Arn":"x","a":"',
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "line\n{\"eventName\":\"Forged\"}\nline",
    "%3C/Description%3E%0A${aws:username}",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_comes_back_as_text(arnold, iam, text):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2, Description=text)
    role = iam.get_role(RoleName="r")["Role"]
    assert role["Description"] == text and role["Arn"] == arn("role/r")
    (listed,) = [role for role in iam.list_roles()["Roles"] if role["RoleName"] == "r"]
    assert listed["Description"] == text
    made = iam.create_policy(PolicyName="p", PolicyDocument=policy(allow("s3:*")), Description=text)["Policy"]
    assert iam.get_policy(PolicyArn=made["Arn"])["Policy"]["Description"] == text
    answer = signed_form(arnold, ADMIN, "Action=GetRole&Version=2010-05-08&RoleName=r", Accept="application/json")
    assert answer.json()["GetRoleResponse"]["GetRoleResult"]["Role"]["Description"] == text
    assert not [event for event in arnold.audit() if event.get("eventName") == "Forged"]


def test_of_a_parameter_given_twice_what_is_asked_for_is_done(arnold, iam):
    """Leave is asked for the same value that is acted on."""
    keys = make_user(iam, "ann", allow("iam:*", arn("user/mine")))
    for name in ("mine", "yours"):
        iam.create_user(UserName=name)
    ask = "Action=TagUser&Version=2010-05-08&Tags.member.1.Key=by&Tags.member.1.Value=ann"
    refusal = signed_form(arnold, keys, f"{ask}&UserName=yours&UserName=mine")
    assert (refusal.status_code, "AccessDenied" in refusal.text) == (403, True)
    assert signed_form(arnold, keys, f"{ask}&UserName=mine&UserName=yours").status_code == 200
    assert iam.list_user_tags(UserName="yours")["Tags"] == []
    assert iam.list_user_tags(UserName="mine")["Tags"] == [{"Key": "by", "Value": "ann"}]


def test_of_two_actions_one_is_asked_for_and_done(arnold, iam):
    keys = make_user(iam, "ann", allow("iam:ListUsers"))
    iam.create_user(UserName="bob")
    for form in (
        "Action=ListUsers&Version=2010-05-08&UserName=bob&Action=DeleteUser",
        "Action=DeleteUser&Version=2010-05-08&UserName=bob&Action=ListUsers",
    ):
        signed_form(arnold, keys, form)
        signed_form(arnold, keys, form, query="Action=ListUsers&Version=2010-05-08")
        signed_form(arnold, keys, form, query="Action=DeleteUser&UserName=bob&Version=2010-05-08")
    assert "bob" in user_names(iam)
    assert signed_form(arnold, keys, "Action=ListUsers&Version=2010-05-08").status_code == 200


# Many at once.


def at_once(calls):
    """Runs the calls at the same moment; tells which succeeded and the codes of the others."""
    gate = threading.Barrier(len(calls))

    def one(call):
        gate.wait()
        try:
            call()
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return None

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(one, calls))
    return answers.count(None), {answer for answer in answers if answer}


def test_a_race_does_not_go_beyond_a_quota(arnold, iam):
    iam.create_user(UserName="u")
    for number in range(14):
        iam.create_group(GroupName=f"g{number}")
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(allow("s3:*")))
    races = [
        (10, [lambda n=n: iam.add_user_to_group(GroupName=f"g{n}", UserName="u") for n in range(14)]),
        (10, [lambda n=n: iam.attach_user_policy(UserName="u", PolicyArn=arn(f"policy/p{n}")) for n in range(14)]),
        (2, [lambda: iam.create_access_key(UserName="u") for _ in range(8)]),
        (4, [lambda: iam.create_policy_version(PolicyArn=arn("policy/p0"), PolicyDocument=policy(allow("*"))) for _ in range(8)]),
        (1, [lambda n=n: iam.create_user(UserName="Twin" if n % 2 else "tWIN") for n in range(8)]),
        (1, [lambda: iam.create_account_alias(AccountAlias="one-alias") for _ in range(1)]),
    ]
    for most, calls in races:
        done, codes = at_once(calls)
        assert done == most
        assert codes <= {"LimitExceeded", "EntityAlreadyExists"}
    assert len(iam.list_groups_for_user(UserName="u")["Groups"]) == 10
    assert len(iam.list_attached_user_policies(UserName="u")["AttachedPolicies"]) == 10
    assert len(iam.list_policy_versions(PolicyArn=arn("policy/p0"))["Versions"]) == 5


def test_who_is_deleted_while_being_given_things_is_whole_or_gone(iam):
    for number in range(6):
        name = f"u{number}"
        iam.create_user(UserName=name)
        done, codes = at_once([
            lambda: iam.create_access_key(UserName=name),
            lambda: iam.delete_user(UserName=name),
            lambda: iam.create_login_profile(UserName=name, Password="Long-enough-1"),
        ])
        assert codes <= {"DeleteConflict", "NoSuchEntity"}
        there = name in user_names(iam)
        assert done == (2 if there else 1)
        # A new user of the name starts with nothing.
        if not there:
            iam.create_user(UserName=name)
            assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"] == []


def test_a_code_is_spent_once_however_many_ask_at_once(arnold, iam):
    keys = make_user(iam, "ann", allow("sts:GetSessionToken"))
    app = new_device(iam)
    to_a_fresh_step(arnold)
    app.enable(iam, "ann")
    sts = arnold.client("sts", keys)

    def ask(code):
        return lambda: sts.get_session_token(SerialNumber=app.serial, TokenCode=code)

    # Of the codes that enabled the device the second is spent, and the first is good once, as recorded from AWS.
    assert at_once([ask(app.code())] * 2) == (0, {"AccessDenied"})
    assert at_once([ask(app.code(-1))] * 2) == (1, {"AccessDenied"})
    to_a_fresh_step(arnold)
    assert at_once([ask(app.code())] * 8) == (1, {"AccessDenied"})
