"""IAM: users, groups, roles and what hangs on them, with AWS's names, limits and errors."""

import json
import re
import urllib.parse

import pytest
import requests

from arnold import ADMIN, MAIN, Keys
from company import allow, make_role, make_user, policy, trust
from test_sts import signed

ANYONE = trust({"AWS": f"arn:aws:iam::{MAIN}:root"})


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


class Noun:
    """What users, groups and roles have in common."""

    def __init__(self, word, prefix, name_max, **create):
        self.word, self.prefix, self.name_max, self.create_more = word, prefix, name_max, create

    def __repr__(self):
        return self.word

    @property
    def title(self):
        return self.word.title()

    def name(self, value):
        return {f"{self.title}Name": value}

    def create(self, iam, value, **more):
        return getattr(iam, f"create_{self.word}")(**self.name(value), **self.create_more, **more)[self.title]

    def call(self, iam, verb, value, **more):
        return getattr(iam, f"{verb}_{self.word}")(**self.name(value), **more)

    def list(self, iam, **more):
        return getattr(iam, f"list_{self.word}s")(**more)


USER = Noun("user", "AIDA", 64)
GROUP = Noun("group", "AGPA", 128)
ROLE = Noun("role", "AROA", 64, AssumeRolePolicyDocument=ANYONE)
NOUNS = pytest.mark.parametrize("noun", [USER, GROUP, ROLE], ids=str)


@NOUNS
def test_it_is_made_read_listed_and_deleted(iam, refused, noun):
    made = noun.create(iam, "alpha", Path="/division/")
    assert made[f"{noun.title}Name"] == "alpha"
    assert made["Path"] == "/division/"
    assert made["Arn"] == f"arn:aws:iam::{MAIN}:{noun.word}/division/alpha"
    assert re.fullmatch(noun.prefix + "[A-Z2-7]{17}", made[f"{noun.title}Id"])
    read = noun.call(iam, "get", "alpha")[noun.title]
    assert read["Arn"] == made["Arn"] and read["CreateDate"] == made["CreateDate"]
    listed = noun.list(iam, PathPrefix="/division/")[f"{noun.title}s"]
    assert [item["Arn"] for item in listed] == [made["Arn"]]
    noun.call(iam, "delete", "alpha")
    with refused("NoSuchEntity", 404, f"The {noun.word} with name alpha cannot be found."):
        noun.call(iam, "get", "alpha")


@NOUNS
def test_names_are_unique_without_regard_to_case(iam, refused, noun):
    noun.create(iam, "Alpha")
    with refused("EntityAlreadyExists", 409, f"{noun.title} with name Alpha already exists."):
        noun.create(iam, "Alpha")
    with refused("EntityAlreadyExists", 409):
        noun.create(iam, "ALPHA", Path="/elsewhere/")


@NOUNS
def test_a_name_used_again_gets_a_new_id(iam, noun):
    first = noun.create(iam, "alpha")[f"{noun.title}Id"]
    noun.call(iam, "delete", "alpha")
    assert noun.create(iam, "alpha")[f"{noun.title}Id"] != first


@NOUNS
def test_what_is_not_there_cannot_be_changed(iam, refused, noun):
    text = f"The {noun.word} with name nobody cannot be found."
    with refused("NoSuchEntity", 404, text):
        noun.call(iam, "delete", "nobody")
    with refused("NoSuchEntity", 404, text):
        getattr(iam, f"list_{noun.word}_policies")(**noun.name("nobody"))
    with refused("NoSuchEntity", 404, text):
        getattr(iam, f"list_attached_{noun.word}_policies")(**noun.name("nobody"))
    with refused("NoSuchEntity", 404, text):
        getattr(iam, f"put_{noun.word}_policy")(
            **noun.name("nobody"), PolicyName="p", PolicyDocument=policy(allow("*"))
        )


@NOUNS
@pytest.mark.parametrize("name", ["with space", "slash/", "", "colon:", "ümlaut", "star*"])
def test_impossible_names_are_refused(arnold, refused, noun, name):
    loose = arnold.client("iam", parameter_validation=False)
    with refused("ValidationError", 400):
        noun.create(loose, name)


@NOUNS
def test_names_have_a_longest_length(arnold, refused, noun):
    loose = arnold.client("iam", parameter_validation=False)
    noun.create(loose, "n" * noun.name_max)
    with refused("ValidationError", 400):
        noun.create(loose, "n" * (noun.name_max + 1))


@NOUNS
@pytest.mark.parametrize("path", ["x", "/x", "x/", "", "/" + "p" * 511 + "/", "/ü/"])
def test_impossible_paths_are_refused(arnold, refused, noun, path):
    loose = arnold.client("iam", parameter_validation=False)
    with refused("ValidationError", 400):
        noun.create(loose, "alpha", Path=path)


@NOUNS
def test_lists_come_in_pages_that_miss_nothing(iam, noun):
    names = [f"member-{number:02}" for number in range(7)]
    for name in reversed(names):
        noun.create(iam, name, Path="/pages/")
    pages = list(
        iam.get_paginator(f"list_{noun.word}s").paginate(
            PathPrefix="/pages/", PaginationConfig={"PageSize": 3}
        )
    )
    assert [len(page[f"{noun.title}s"]) for page in pages] == [3, 3, 1]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert [item[f"{noun.title}Name"] for page in pages for item in page[f"{noun.title}s"]] == names


@NOUNS
def test_impossible_pages_are_refused(arnold, refused, noun):
    loose = arnold.client("iam", parameter_validation=False)
    for items in (0, 1001, -1):
        with refused("ValidationError", 400):
            noun.list(loose, MaxItems=items)
    with refused("ValidationError", 400):
        noun.list(loose, Marker="no marker of ours")


@NOUNS
def test_inline_policies_are_put_read_listed_and_deleted(iam, refused, noun):
    noun.create(iam, "alpha")
    document = policy(allow("s3:GetObject", "arn:aws:s3:::b/*"))
    call = lambda verb, **more: getattr(iam, f"{verb}_{noun.word}_policy")(**noun.name("alpha"), PolicyName="p", **more)
    call("put", PolicyDocument=document)
    assert call("get")["PolicyDocument"] == json.loads(document)
    assert getattr(iam, f"list_{noun.word}_policies")(**noun.name("alpha"))["PolicyNames"] == ["p"]
    call("put", PolicyDocument=policy(allow("s3:PutObject")))
    assert call("get")["PolicyDocument"]["Statement"][0]["Action"] == "s3:PutObject"
    with refused("DeleteConflict", 409, "Cannot delete entity, must delete policies first."):
        noun.call(iam, "delete", "alpha")
    call("delete")
    with refused("NoSuchEntity", 404, f"The {noun.word} policy with name p cannot be found."):
        call("get")
    with refused("NoSuchEntity", 404, f"The {noun.word} policy with name p cannot be found."):
        call("delete")


@NOUNS
def test_managed_policies_are_attached_listed_and_detached(iam, refused, noun):
    noun.create(iam, "alpha")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=policy(allow("*")))["Policy"]["Arn"]
    call = lambda verb, policy_arn: getattr(iam, f"{verb}_{noun.word}_policy")(**noun.name("alpha"), PolicyArn=policy_arn)
    listed = lambda: getattr(iam, f"list_attached_{noun.word}_policies")(**noun.name("alpha"))["AttachedPolicies"]
    for _ in range(2):  # attaching what is attached is no mistake
        call("attach", arn)
    call("attach", "arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert sorted(item["PolicyName"] for item in listed()) == ["ReadOnlyAccess", "p"]
    entities = iam.list_entities_for_policy(PolicyArn=arn)[f"Policy{noun.title}s"]
    assert [item[f"{noun.title}Name"] for item in entities] == ["alpha"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    with refused("DeleteConflict", 409, "Cannot delete entity, must detach all policies first."):
        noun.call(iam, "delete", "alpha")
    call("detach", arn)
    assert [item["PolicyName"] for item in listed()] == ["ReadOnlyAccess"]
    with refused("NoSuchEntity", 404):
        call("detach", arn)
    with refused("NoSuchEntity", 404):
        call("attach", f"arn:aws:iam::{MAIN}:policy/absent")


@NOUNS
def test_ten_managed_policies_can_be_attached(iam, refused, noun):
    noun.create(iam, "alpha")
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(allow("*")))["Policy"]["Arn"]
        for number in range(11)
    ]
    attach = getattr(iam, f"attach_{noun.word}_policy")
    for arn in arns[:10]:
        attach(**noun.name("alpha"), PolicyArn=arn)
    with refused("LimitExceeded", 409, f"Cannot exceed quota for PoliciesPer{noun.title}: 10"):
        attach(**noun.name("alpha"), PolicyArn=arns[10])


@NOUNS
def test_inline_policies_have_a_greatest_size_together(iam, refused, noun):
    noun.create(iam, "alpha")
    put = getattr(iam, f"put_{noun.word}_policy")
    size = {"user": 2048, "group": 5120, "role": 10240}[noun.word]
    bare = policy(allow("s3:GetObject", "arn:aws:s3:::b/")).replace(" ", "")
    fits = bare.replace(":::b/", ":::b/" + "k" * (size - len(bare)))
    put(**noun.name("alpha"), PolicyName="p", PolicyDocument=json.dumps(json.loads(fits), indent=1))
    with refused("LimitExceeded", 409, f"Maximum policy size of {size} bytes exceeded for {noun.word} alpha"):
        put(**noun.name("alpha"), PolicyName="p", PolicyDocument=fits.replace(":::b/", ":::b/k"))
    with refused("LimitExceeded", 409):
        put(**noun.name("alpha"), PolicyName="q", PolicyDocument=bare)


BAD_DOCUMENTS = {
    "no json": "{",
    "no object": "[]",
    "no statement": '{"Version":"2012-10-17"}',
    "unknown version": '{"Version":"2020-01-01","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "unknown effect": policy({"Effect": "Maybe", "Action": "*", "Resource": "*"}),
    "no action": policy({"Effect": "Allow", "Resource": "*"}),
    "no resource": policy({"Effect": "Allow", "Action": "*"}),
    "no vendor": policy(allow("ListUsers")),
    "a principal": policy({**allow("*"), "Principal": "*"}),
    "not an arn": policy(allow("s3:GetObject", "my-bucket/*")),
    "the same sid twice": policy({**allow("*"), "Sid": "A"}, {**allow("*"), "Sid": "A"}),
    "an unknown element": policy({**allow("*"), "Surprise": "x"}),
    "an unknown operator": policy(allow("*", "*", StringAlmost={"aws:username": "a"})),
    "both action and not action": policy({**allow("*"), "NotAction": "s3:*"}),
}


@NOUNS
@pytest.mark.parametrize("name", list(BAD_DOCUMENTS))
def test_malformed_policies_are_refused(iam, refused, noun, name):
    noun.create(iam, "alpha")
    with refused("MalformedPolicyDocument", 400):
        getattr(iam, f"put_{noun.word}_policy")(
            **noun.name("alpha"), PolicyName="p", PolicyDocument=BAD_DOCUMENTS[name]
        )


# Tags


@pytest.mark.parametrize("noun", [USER, ROLE], ids=str)
def test_tags_are_set_changed_listed_and_taken_off(iam, refused, noun):
    noun.create(iam, "alpha", Tags=[{"Key": "Team", "Value": "blue"}])
    noun.call(iam, "tag", "alpha", Tags=[{"Key": "Job", "Value": "dev"}, {"Key": "Team", "Value": "red"}])
    tags = lambda: {
        tag["Key"]: tag["Value"] for tag in getattr(iam, f"list_{noun.word}_tags")(**noun.name("alpha"))["Tags"]
    }
    assert tags() == {"Team": "red", "Job": "dev"}
    assert {tag["Key"] for tag in noun.call(iam, "get", "alpha")[noun.title]["Tags"]} == {"Team", "Job"}
    noun.call(iam, "untag", "alpha", TagKeys=["Team", "Absent"])
    assert tags() == {"Job": "dev"}
    with refused("InvalidInput", 400):
        noun.call(iam, "tag", "alpha", Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])


@pytest.mark.parametrize("noun", [USER, ROLE], ids=str)
def test_fifty_tags_are_the_most(iam, refused, noun):
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    noun.create(iam, "alpha", Tags=tags)
    with refused("LimitExceeded", 409):
        noun.call(iam, "tag", "alpha", Tags=[{"Key": "one more", "Value": "v"}])


# Users


def test_a_user_is_renamed_and_keeps_id_keys_and_rights(arnold, iam, refused):
    keys = make_user(iam, "before", allow("iam:ListUsers"))
    made = iam.get_user(UserName="before")["User"]["UserId"]
    iam.update_user(UserName="before", NewUserName="after", NewPath="/new/")
    read = iam.get_user(UserName="after")["User"]
    assert (read["UserId"], read["Arn"]) == (made, f"arn:aws:iam::{MAIN}:user/new/after")
    arnold.client("iam", keys).list_users()
    with refused("NoSuchEntity", 404):
        iam.get_user(UserName="before")


def test_a_user_who_names_nobody_reads_himself(arnold, iam):
    keys = make_user(iam, "ann", allow("iam:GetUser"))
    assert arnold.client("iam", keys).get_user()["User"]["UserName"] == "ann"


def test_access_keys_work_are_two_at_most_and_can_be_put_to_sleep(arnold, iam, refused):
    first = make_user(iam, "ann", allow("iam:ListUsers"))
    second = iam.create_access_key(UserName="ann")["AccessKey"]
    assert re.fullmatch("AKIA[A-Z2-7]{16}", second["AccessKeyId"])
    assert len(second["SecretAccessKey"]) == 40
    assert second["Status"] == "Active"
    with refused("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2"):
        iam.create_access_key(UserName="ann")
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert {item["AccessKeyId"] for item in listed} == {first.access_key_id, second["AccessKeyId"]}
    assert all("SecretAccessKey" not in item for item in listed)

    iam.update_access_key(UserName="ann", AccessKeyId=first.access_key_id, Status="Inactive")
    with refused("InvalidClientTokenId", 403):
        arnold.client("iam", first).list_users()
    iam.update_access_key(UserName="ann", AccessKeyId=first.access_key_id, Status="Active")
    arnold.client("iam", first).list_users()
    iam.delete_access_key(UserName="ann", AccessKeyId=first.access_key_id)
    with refused("InvalidClientTokenId", 403, "The security token included in the request is invalid."):
        arnold.client("iam", first).list_users()
    with refused("NoSuchEntity", 404, f"The Access Key with id {first.access_key_id} cannot be found."):
        iam.delete_access_key(UserName="ann", AccessKeyId=first.access_key_id)
    arnold.client("iam", Keys.of(second)).list_users()


def test_a_user_with_keys_or_groups_is_not_deleted(iam, refused):
    keys = make_user(iam, "ann")
    iam.create_group(GroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="ann")
    with refused("DeleteConflict", 409):
        iam.delete_user(UserName="ann")
    iam.remove_user_from_group(GroupName="staff", UserName="ann")
    with refused("DeleteConflict", 409, "Cannot delete entity, must delete access keys first."):
        iam.delete_user(UserName="ann")
    iam.delete_access_key(UserName="ann", AccessKeyId=keys.access_key_id)
    iam.delete_user(UserName="ann")


# Groups


def test_members_of_a_group_have_its_rights_as_long_as_they_are_members(arnold, iam, refused):
    keys = make_user(iam, "ann")
    client = arnold.client("iam", keys)
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="p", PolicyDocument=policy(allow("iam:ListUsers")))
    with refused("AccessDenied", 403):
        client.list_users()
    for _ in range(2):
        iam.add_user_to_group(GroupName="staff", UserName="ann")
    client.list_users()
    assert [user["UserName"] for user in iam.get_group(GroupName="staff")["Users"]] == ["ann"]
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="ann")["Groups"]] == ["staff"]
    with refused("DeleteConflict", 409):
        iam.delete_group(GroupName="staff")
    iam.remove_user_from_group(GroupName="staff", UserName="ann")
    with refused("AccessDenied", 403):
        client.list_users()


def test_a_user_is_in_ten_groups_at_most(iam, refused):
    iam.create_user(UserName="ann")
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{number}", UserName="ann")
    with refused("LimitExceeded", 409, "Cannot exceed quota for GroupsPerUser: 10"):
        iam.add_user_to_group(GroupName="g10", UserName="ann")


def test_a_renamed_group_keeps_members_and_policies(iam):
    iam.create_group(GroupName="old")
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="old", UserName="ann")
    iam.update_group(GroupName="old", NewGroupName="new", NewPath="/p/")
    answer = iam.get_group(GroupName="new")
    assert answer["Group"]["Arn"] == f"arn:aws:iam::{MAIN}:group/p/new"
    assert [user["UserName"] for user in answer["Users"]] == ["ann"]


# Roles


def test_a_role_tells_all_about_itself(iam):
    made = make_role(iam, "worker", ANYONE, Description="works", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="worker")["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(ANYONE)
    assert (role["Arn"], role["Description"], role["MaxSessionDuration"]) == (made, "works", 7200)
    iam.update_role(RoleName="worker", Description="rests", MaxSessionDuration=3600)
    role = iam.get_role(RoleName="worker")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("rests", 3600)
    iam.update_role_description(RoleName="worker", Description="again")
    assert iam.get_role(RoleName="worker")["Role"]["Description"] == "again"


@pytest.mark.parametrize(
    "document",
    [
        "{",
        policy(allow("sts:AssumeRole")),
        policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Resource": "*"}),
        policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}),
        policy({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MAIN}:user/absent"}, "Action": "sts:AssumeRole"}),
        policy({"Effect": "Allow", "Principal": {"AWS": "nonsense"}, "Action": "sts:AssumeRole"}),
    ],
    ids=["no json", "no principal", "a resource", "an action of s3", "an absent user", "no principal's form"],
)
def test_malformed_trust_policies_are_refused(iam, refused, document):
    with refused("MalformedPolicyDocument", 400):
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document)
    make_role(iam, "worker", ANYONE)
    with refused("MalformedPolicyDocument", 400):
        iam.update_assume_role_policy(RoleName="worker", PolicyDocument=document)


def test_session_durations_have_bounds(arnold, refused):
    loose = arnold.client("iam", parameter_validation=False)
    for seconds in (3599, 43201):
        with refused("ValidationError", 400):
            make_role(loose, "worker", ANYONE, MaxSessionDuration=seconds)


# Boundaries


@pytest.mark.parametrize("noun", [USER, ROLE], ids=str)
def test_a_boundary_is_put_shown_and_taken_off(iam, refused, noun):
    arn = iam.create_policy(PolicyName="edge", PolicyDocument=policy(allow("iam:*")))["Policy"]["Arn"]
    noun.create(iam, "alpha")
    put = getattr(iam, f"put_{noun.word}_permissions_boundary")
    put(**noun.name("alpha"), PermissionsBoundary=arn)
    shown = noun.call(iam, "get", "alpha")[noun.title]["PermissionsBoundary"]
    assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    with refused("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=arn)
    getattr(iam, f"delete_{noun.word}_permissions_boundary")(**noun.name("alpha"))
    assert "PermissionsBoundary" not in noun.call(iam, "get", "alpha")[noun.title]
    with refused("NoSuchEntity", 404):
        put(**noun.name("alpha"), PermissionsBoundary=f"arn:aws:iam::{MAIN}:policy/absent")


def test_a_boundary_bounds_its_user(arnold, iam, refused):
    arn = iam.create_policy(PolicyName="edge", PolicyDocument=policy(allow("iam:ListUsers")))["Policy"]["Arn"]
    keys = make_user(iam, "ann", allow(["iam:ListUsers", "iam:ListRoles"]))
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    client = arnold.client("iam", keys)
    client.list_users()
    with refused("AccessDenied", 403, re.compile("because no permissions boundary allows the iam:ListRoles action")):
        client.list_roles()


# The wire


def test_policy_documents_are_percent_encoded_on_the_wire(arnold, iam):
    make_role(iam, "worker", ANYONE)
    sent = signed(arnold, ADMIN, "iam", {"Action": "GetRole", "Version": "2010-05-08", "RoleName": "worker"})
    answer = requests.request(**sent, timeout=10)
    document = re.search("<AssumeRolePolicyDocument>(.*?)</AssumeRolePolicyDocument>", answer.text).group(1)
    assert document == urllib.parse.quote(ANYONE, safe="-_.~")
    assert answer.headers["content-type"].startswith("text/xml")
    assert 'xmlns="https://iam.amazonaws.com/doc/2010-05-08/"' in answer.text


def test_several_broken_constraints_are_told_at_once(arnold, refused):
    loose = arnold.client("iam", parameter_validation=False)
    with refused("ValidationError", 400, re.compile("^3 validation errors detected: ")):
        loose.list_users(MaxItems=0, Marker="")
