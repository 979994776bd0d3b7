"""IAM's security tools: authorization details, credential report, last use, access advisor."""

import csv
import io
import json

import pytest

from arnold import MAIN, Keys, eventually
from company import allow, make_role, make_user, policy, trust


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


def test_authorization_details_by_the_cli_are_whole_in_pages_of_any_size(arnold, iam):
    make_user(iam, "ann", allow("s3:GetObject"))
    make_role(iam, "worker", trust({"Service": "ec2.amazonaws.com"}), allow("s3:*"))
    iam.create_group(GroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="ann")
    own = iam.create_policy(PolicyName="own", PolicyDocument=policy(allow("sqs:*")))["Policy"]
    iam.attach_group_policy(GroupName="staff", PolicyArn=own["Arn"])
    whole = arnold.cli_json("iam", "get-account-authorization-details")
    paged = arnold.cli_json("iam", "get-account-authorization-details", "--page-size", "1")
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    assert [whole[name] for name in lists] == [paged[name] for name in lists]
    users = {user["UserName"]: user for user in whole["UserDetailList"]}
    assert set(users) == {"admin", "ann"}
    assert users["ann"]["GroupList"] == ["staff"]
    assert users["ann"]["UserPolicyList"][0]["PolicyDocument"] == json.loads(policy(allow("s3:GetObject")))
    assert "UserPolicyList" not in users["admin"]
    (role,) = whole["RoleDetailList"]
    assert role["AssumeRolePolicyDocument"] == json.loads(trust({"Service": "ec2.amazonaws.com"}))
    assert role["InstanceProfileList"] == []
    told = {one["PolicyName"]: one for one in whole["Policies"]}
    assert told["own"]["AttachmentCount"] == 1
    assert told["own"]["PolicyVersionList"][0]["Document"] == json.loads(policy(allow("sqs:*")))
    assert set(told) == {"own", "AdministratorAccess"}
    filtered = iam.get_account_authorization_details(Filter=["Role"])
    assert [len(filtered[name]) for name in lists] == [0, 0, 1, 0]


def test_the_credential_report_tells_real_use(arnold, iam, refused):
    with refused("ReportNotPresent", 410):
        iam.get_credential_report()
    keys = make_user(iam, "ann", allow("s3:ListAllMyBuckets"))
    arnold.client("s3", keys, region="eu-west-1").list_buckets()
    last = eventually(
        lambda: iam.get_access_key_last_used(AccessKeyId=keys.access_key_id)["AccessKeyLastUsed"].get("LastUsedDate")
    )
    started = iam.generate_credential_report()
    assert started["State"] == "STARTED"
    assert started["Description"] == "No report exists. Starting a new report generation task"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert rows[0]["user"] == "<root_account>"
    assert rows[0]["arn"] == f"arn:aws:iam::{MAIN}:root"
    assert rows[0]["password_enabled"] == "false"
    assert rows[0]["access_key_1_active"] == "true"
    ann = next(row for row in rows if row["user"] == "ann")
    assert ann["access_key_1_last_used_date"] == last.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ann["access_key_1_last_used_region"] == "eu-west-1"
    assert ann["access_key_1_last_used_service"] == "s3"
    assert ann["access_key_2_active"] == "false"
    assert ann["password_last_used"] == "N/A"
    arnold.advance(4 * 3600 + 1)
    with refused("ReportExpired", 410):
        arnold.client("iam").get_credential_report()


def test_a_role_tells_its_last_use(arnold, iam):
    keys = make_user(iam, "ann", allow("sts:AssumeRole"))
    role = make_role(iam, "worker", trust({"AWS": MAIN}), allow("iam:ListUsers"))
    assert iam.get_role(RoleName="worker")["Role"]["RoleLastUsed"] == {}
    session = arnold.client("sts", keys).assume_role(RoleArn=role, RoleSessionName="session")
    arnold.client("iam", Keys.of(session["Credentials"])).list_users()
    used = eventually(lambda: iam.get_role(RoleName="worker")["Role"]["RoleLastUsed"])
    assert used["Region"] == "us-east-1"
    details = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"][0]
    assert details["RoleLastUsed"] == used


def test_access_advisor_tells_what_was_called(arnold, iam, refused):
    keys = make_user(iam, "ann", allow("iam:List*"), allow(["s3:*", "sqs:*"]))
    arnold.client("iam", keys).list_roles()
    with refused("AccessDenied", 403):
        arnold.client("iam", keys).create_user(UserName="x")
    user = iam.get_user(UserName="ann")["User"]["Arn"]

    def told():
        job = iam.generate_service_last_accessed_details(Arn=user, Granularity="ACTION_LEVEL")["JobId"]
        report = iam.get_service_last_accessed_details(JobId=job)
        services = {one["ServiceNamespace"]: one for one in report["ServicesLastAccessed"]}
        return (job, services) if services["iam"].get("LastAuthenticated") else None

    job, services = eventually(told)
    assert list(services) == ["iam", "s3", "sqs"]
    assert services["iam"]["ServiceName"] == "AWS Identity and Access Management (IAM)"
    assert services["iam"]["LastAuthenticatedEntity"] == user
    assert services["sqs"]["TotalAuthenticatedEntities"] == 0
    actions = {one["ActionName"]: one for one in services["iam"]["TrackedActionsLastAccessed"]}
    assert actions["ListRoles"]["LastAccessedEntity"] == user
    assert "LastAccessedTime" not in actions["ListUsers"]
    assert "CreateUser" not in actions
    entities = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="iam")
    (entity,) = entities["EntityDetailsList"]
    assert entity["EntityInfo"]["Type"] == "USER" and entity["EntityInfo"]["Name"] == "ann"
    with refused("NoSuchEntity", 404):
        arnold.client("iam", keys=_second(arnold, iam)).get_service_last_accessed_details(JobId=job)


def _second(arnold, iam):
    """Another administrator of the same account."""
    keys = make_user(iam, "eve")
    iam.attach_user_policy(UserName="eve", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return keys


def test_policies_that_grant_a_service_are_named(iam):
    make_user(iam, "ann", allow("s3:GetObject"))
    user = iam.get_user(UserName="ann")["User"]["Arn"]
    answer = iam.list_policies_granting_service_access(Arn=user, ServiceNamespaces=["s3", "ec2"])
    s3, ec2 = answer["PoliciesGrantingServiceAccess"]
    assert s3["Policies"][0]["PolicyType"] == "INLINE"
    assert s3["Policies"][0]["EntityName"] == "ann"
    assert ec2["Policies"] == []
