"""IAM: managed policies with their versions, AWS's own policies, OIDC providers, the account."""

import json
import re

import pytest

from arnold import MAIN, SECOND_ADMIN
from company import allow, deny, make_user, policy


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


def make(iam, name="p", document=None, **more):
    return iam.create_policy(PolicyName=name, PolicyDocument=document or policy(allow("iam:ListUsers")), **more)["Policy"]


# Managed policies


def test_a_policy_is_made_read_listed_and_deleted(iam, refused):
    made = make(iam, Path="/team/", Description="reads", Tags=[{"Key": "k", "Value": "v"}])
    assert made["Arn"] == f"arn:aws:iam::{MAIN}:policy/team/p"
    assert re.fullmatch("ANPA[A-Z2-7]{17}", made["PolicyId"])
    assert (made["DefaultVersionId"], made["AttachmentCount"], made["IsAttachable"]) == ("v1", 0, True)
    read = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert read["Description"] == "reads" and read["Tags"] == [{"Key": "k", "Value": "v"}]
    listed = iam.list_policies(Scope="Local")["Policies"]
    assert [item["Arn"] for item in listed] == [made["Arn"]]
    iam.delete_policy(PolicyArn=made["Arn"])
    with refused("NoSuchEntity", 404):
        iam.get_policy(PolicyArn=made["Arn"])


def test_policy_names_are_unique_without_regard_to_case(iam, refused):
    make(iam, "Alpha")
    text = "A policy called Alpha already exists. Duplicate names are not allowed."
    with refused("EntityAlreadyExists", 409, text):
        make(iam, "Alpha")
    with refused("EntityAlreadyExists", 409):
        make(iam, "ALPHA")


@pytest.mark.parametrize("version", [{}, {"Version": "2008-10-17"}])
def test_a_managed_policy_speaks_the_current_language(iam, refused, version):
    old = json.dumps({**version, "Statement": [allow("iam:ListUsers")]})
    arn = make(iam)["Arn"]
    text = "Policy document must be version 2012-10-17 or greater."
    with refused("MalformedPolicyDocument", 400, text):
        make(iam, "old", old)
    with refused("MalformedPolicyDocument", 400, text):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=old)
    # An inline policy may speak the old one.
    make_user(iam, "ann")
    iam.put_user_policy(UserName="ann", PolicyName="old", PolicyDocument=old)


def test_a_new_version_can_be_made_the_one_that_counts(arnold, iam, refused):
    arn = make(iam)["Arn"]
    keys = make_user(iam, "ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    client = arnold.client("iam", keys)
    client.list_users()

    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("iam:ListRoles")))
    assert second["PolicyVersion"]["VersionId"] == "v2"
    assert not second["PolicyVersion"]["IsDefaultVersion"]
    client.list_users()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    client.list_roles()
    with refused("AccessDenied", 403):
        client.list_users()
    third = iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=policy(allow("iam:ListUsers")), SetAsDefault=True
    )
    assert third["PolicyVersion"]["IsDefaultVersion"]
    client.list_users()
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert {item["VersionId"]: item["IsDefaultVersion"] for item in versions} == {"v1": False, "v2": False, "v3": True}
    read = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert read["Document"] == json.loads(policy(allow("iam:ListRoles")))


def test_a_version_number_is_never_used_twice(iam):
    arn = make(iam)["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("*")))
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    again = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("*")))
    assert again["PolicyVersion"]["VersionId"] == "v3"


def test_a_policy_has_five_versions_at_most(iam, refused):
    arn = make(iam)["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("*")))
    text = (
        "A managed policy can have up to 5 versions. Before you create a new version, "
        "you must delete an existing version."
    )
    with refused("LimitExceeded", 409, text):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("*")))


def test_the_version_that_counts_and_a_policy_in_use_are_not_deleted(iam, refused):
    arn = make(iam)["Arn"]
    with refused("DeleteConflict", 409):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("*")))
    with refused("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    with refused("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=arn)
    iam.detach_user_policy(UserName="ann", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


def test_a_policy_has_6144_characters_at_most_white_ones_not_counted(iam, refused):
    bare = policy(allow("s3:GetObject", "arn:aws:s3:::b/")).replace(" ", "")
    fits = bare.replace(":::b/", ":::b/" + "k" * (6144 - len(bare)))
    make(iam, "fits", json.dumps(json.loads(fits), indent=2))
    with refused("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144"):
        make(iam, "wide", fits.replace(":::b/", ":::b/k"))


def test_policies_of_another_account_cannot_be_attached(arnold, iam, refused):
    theirs = make(arnold.client("iam", SECOND_ADMIN))["Arn"]
    iam.create_user(UserName="ann")
    with refused("NoSuchEntity", 404):
        iam.attach_user_policy(UserName="ann", PolicyArn=theirs)


def test_accounts_do_not_see_each_other(arnold, iam):
    iam.create_user(UserName="ann")
    theirs = arnold.client("iam", SECOND_ADMIN)
    assert [user["UserName"] for user in theirs.list_users()["Users"]] == ["admin"]
    theirs.create_user(UserName="ann")


# AWS's own policies


@pytest.mark.parametrize(
    "name",
    [
        "AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "IAMFullAccess", "IAMReadOnlyAccess",
        "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess",
    ],
)
def test_the_policies_that_people_attach_first_exist(iam, name):
    arn = f"arn:aws:iam::aws:policy/{name}"
    read = iam.get_policy(PolicyArn=arn)["Policy"]
    assert read["PolicyName"] == name.split("/")[-1]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=read["DefaultVersionId"])["PolicyVersion"]["Document"]
    assert document["Version"] == "2012-10-17"


def test_awss_policies_cannot_be_changed(iam, refused):
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    with refused("AccessDenied", 403):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("*")))
    with refused("AccessDenied", 403):
        iam.delete_policy(PolicyArn=arn)


def test_read_only_reads_and_writes_nothing(arnold, iam, refused):
    keys = make_user(iam, "ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    client = arnold.client("iam", keys)
    client.list_users()
    with refused("AccessDenied", 403):
        client.create_user(UserName="other")


# Decisions on resources, tags and names


def test_rights_can_be_given_for_some_users_only(arnold, iam, refused):
    keys = make_user(iam, "ann", allow("iam:*", f"arn:aws:iam::{MAIN}:user/team/*"))
    client = arnold.client("iam", keys)
    client.create_user(UserName="bob", Path="/team/")
    client.delete_user(UserName="bob")
    with refused("AccessDenied", 403):
        client.create_user(UserName="bob")
    with refused("AccessDenied", 403):
        client.create_user(UserName="bob", Path="/team2/")


def test_a_username_variable_lets_everybody_manage_their_own_keys(arnold, iam, refused):
    own = "arn:aws:iam::*:user/${aws:username}"
    keys = make_user(iam, "ann", allow("iam:*AccessKey*", own))
    make_user(iam, "bob")
    client = arnold.client("iam", keys)
    assert client.list_access_keys()["AccessKeyMetadata"][0]["UserName"] == "ann"
    client.create_access_key(UserName="ann")
    with refused("AccessDenied", 403):
        client.create_access_key(UserName="bob")


def test_conditions_on_tags_of_the_request_the_caller_and_the_resource(arnold, iam, refused):
    keys = make_user(
        iam, "ann",
        allow("iam:CreateUser", "*", StringEquals={"aws:RequestTag/team": "${aws:PrincipalTag/team}"}),
        allow("iam:TagUser", "*"),
        allow("iam:DeleteUser", "*", StringEquals={"aws:ResourceTag/team": "blue"}),
    )
    iam.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "blue"}])
    client = arnold.client("iam", keys)
    with refused("AccessDenied", 403):
        client.create_user(UserName="bob")
    with refused("AccessDenied", 403):
        client.create_user(UserName="bob", Tags=[{"Key": "team", "Value": "red"}])
    client.create_user(UserName="bob", Tags=[{"Key": "team", "Value": "blue"}])
    iam.create_user(UserName="eve", Tags=[{"Key": "team", "Value": "red"}])
    client.delete_user(UserName="bob")
    with refused("AccessDenied", 403):
        client.delete_user(UserName="eve")


def test_tags_at_creation_need_the_right_to_tag(arnold, iam, refused):
    keys = make_user(iam, "ann", allow("iam:CreateUser"))
    client = arnold.client("iam", keys)
    client.create_user(UserName="bob")
    with refused("AccessDenied", 403):
        client.create_user(UserName="eve", Tags=[{"Key": "team", "Value": "blue"}])


def test_which_policy_may_be_attached_can_be_conditioned(arnold, iam, refused):
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    keys = make_user(iam, "ann", allow("iam:AttachUserPolicy", "*", ArnEquals={"iam:PolicyARN": read_only}))
    client = arnold.client("iam", keys)
    client.attach_user_policy(UserName="ann", PolicyArn=read_only)
    with refused("AccessDenied", 403):
        client.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def test_new_users_can_be_forced_to_carry_a_boundary(arnold, iam, refused):
    edge = make(iam, "edge")["Arn"]
    keys = make_user(iam, "ann", allow("iam:CreateUser", "*", StringEquals={"iam:PermissionsBoundary": edge}))
    client = arnold.client("iam", keys)
    client.create_user(UserName="bob", PermissionsBoundary=edge)
    with refused("AccessDenied", 403):
        client.create_user(UserName="eve")


def test_an_explicit_deny_beats_every_allow_and_says_so(arnold, iam, refused):
    keys = make_user(iam, "ann", allow("*"), deny("iam:ListRoles"))
    client = arnold.client("iam", keys)
    client.list_users()
    text = (
        f"User: arn:aws:iam::{MAIN}:user/ann is not authorized to perform: iam:ListRoles "
        f"on resource: arn:aws:iam::{MAIN}:role/ with an explicit deny in an identity-based policy"
    )
    with refused("AccessDenied", 403, text):
        client.list_roles()


def test_conditions_on_time_and_address(arnold, iam, refused):
    keys = make_user(
        iam, "ann",
        allow("iam:ListUsers", "*", IpAddress={"aws:SourceIp": "127.0.0.0/8"}),
        allow("iam:ListRoles", "*", IpAddress={"aws:SourceIp": "192.0.2.0/24"}),
        allow("iam:ListGroups", "*", DateLessThan={"aws:CurrentTime": "2001-01-01T00:00:00Z"}),
        allow("iam:ListPolicies", "*", Bool={"aws:SecureTransport": "true"}),
    )
    client = arnold.client("iam", keys)
    client.list_users()
    for call in (client.list_roles, client.list_groups, client.list_policies):
        with refused("AccessDenied", 403):
            call()


# OIDC providers


def test_an_oidc_provider_is_made_read_changed_and_deleted(iam, refused, provider):
    arn = iam.create_open_id_connect_provider(
        Url=provider.issuer, ClientIDList=["a"], ThumbprintList=["0" * 40], Tags=[{"Key": "k", "Value": "v"}]
    )["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{MAIN}:oidc-provider/{provider.host}"
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert read["Url"] == provider.host
    assert (read["ClientIDList"], read["ThumbprintList"]) == (["a"], ["0" * 40])
    assert read["Tags"] == [{"Key": "k", "Value": "v"}]
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["1" * 40])
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (sorted(read["ClientIDList"]), read["ThumbprintList"]) == (["a", "b"], ["1" * 40])
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": arn}]
    with refused("EntityAlreadyExists", 409, f"Provider with url {provider.issuer} already exists."):
        iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=["a"])
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity", 404, f"OpenIDConnect Provider not found for arn {arn}"):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@pytest.mark.parametrize(
    "url, code",
    [
        ("http://example.com", "ValidationError"),
        ("https://example.com:8443", "ValidationError"),
        ("ftp://example.com", "ValidationError"),
        ("https://", "ValidationError"),
        ("example.com", "ValidationError"),
        ("https://user@example.com", "ValidationError"),
        # AWS says "Unknown" of these, and no more.
        ("https://example.com/?q=1", "InvalidInput"),
        ("https://example.com/#q", "InvalidInput"),
    ],
)
def test_an_impossible_address_of_a_provider_is_refused(iam, refused, url, code):
    with refused(code, 400):
        iam.create_open_id_connect_provider(Url=url, ClientIDList=["a"], ThumbprintList=["0" * 40])


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "localhost", "127.0.0.1", "[::1]", "metadata.internal"])
def test_a_provider_inside_our_own_network_is_refused(iam, host):
    with pytest.raises(iam.exceptions.ClientError) as caught:
        iam.create_open_id_connect_provider(Url=f"https://{host}", ClientIDList=["a"])
    assert caught.value.response["Error"]["Code"] in ("ValidationError", "InvalidInput", "OpenIdIdpCommunicationError")
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_a_provider_has_a_hundred_clients_at_most(iam, refused, provider):
    ids = [f"client-{number}" for number in range(100)]
    arn = iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=ids)["OpenIDConnectProviderArn"]
    with refused("LimitExceeded", 409, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one-more")
