"""`arnold import aws` and `arnold export`: a real account's shape, in and out."""

import base64
import json
import os
import pty
import re
import subprocess

import botocore.exceptions
import pytest

from arnold import BINARY, MAIN, Arnold, Keys
from company import allow, policy, trust

ACCOUNT = "123456789012"
ADMIN = Keys("AKIAIMPORTEDADMIN001", "imported-admin-secret-000000000000000001")
BOOTSTRAP = f"""
[[account]]
id = "{ACCOUNT}"
name = "{ACCOUNT}"
administrator = {{ user = "arnold-admin", access_key_id = "{ADMIN.access_key_id}", secret_access_key = "{ADMIN.secret_access_key}" }}
"""


def arn(resource):
    return f"arn:aws:iam::{ACCOUNT}:{resource}"


def statement_of(document):
    """A document as the AWS CLI prints it: decoded."""
    return json.loads(document)


ROLE_IN_PROFILE = {
    "Path": "/service/",
    "RoleName": "Worker",
    "RoleId": "AROAIMPORTEDWORKER01",
    "Arn": arn("role/service/Worker"),
    "CreateDate": "2020-01-02T03:04:05+00:00",
    "AssumeRolePolicyDocument": statement_of(trust({"Service": "ec2.amazonaws.com", "AWS": arn("user/ann")})),
}


def details():
    """An account as `aws iam get-account-authorization-details` prints it, made by hand."""
    reading = statement_of(policy(allow("s3:GetObject", "arn:aws:s3:::reports/*")))
    wide = statement_of(policy(allow(["s3:*", "sqs:SendMessage", "iam:Get*", "iam:List*"])))
    return {
        "UserDetailList": [
            {
                "Path": "/",
                "UserName": "ann",
                "UserId": "AIDAIMPORTEDANN00001",
                "Arn": arn("user/ann"),
                "CreateDate": "2019-12-18T19:10:08+00:00",
                "GroupList": ["staff", "Auditors"],
                "AttachedManagedPolicies": [],
                "Tags": [{"Key": "team", "Value": "red"}],
            },
            {
                "Path": "/people/blue/",
                "UserName": "Bob",
                "UserId": "AIDAIMPORTEDBOB00001",
                "Arn": arn("user/people/blue/Bob"),
                "CreateDate": "2021-02-03T04:05:06+00:00",
                "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": wide}],
                "GroupList": [],
                "AttachedManagedPolicies": [
                    {"PolicyName": "IAMReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}
                ],
                "PermissionsBoundary": {
                    "PermissionsBoundaryType": "Policy",
                    "PermissionsBoundaryArn": arn("policy/bounds/Reading"),
                },
                "Tags": [],
            },
        ],
        "GroupDetailList": [
            {
                "Path": "/",
                "GroupName": "Auditors",
                "GroupId": "AGPAIMPORTEDAUDIT001",
                "Arn": arn("group/Auditors"),
                "CreateDate": "2019-12-18T19:10:08+00:00",
                "GroupPolicyList": [
                    {"PolicyName": "look", "PolicyDocument": statement_of(policy(allow("iam:List*")))},
                    {"PolicyName": "read", "PolicyDocument": reading},
                ],
                "AttachedManagedPolicies": [],
            },
            {
                "Path": "/",
                "GroupName": "staff",
                "GroupId": "AGPAIMPORTEDSTAFF001",
                "Arn": arn("group/staff"),
                "CreateDate": "2019-12-18T19:10:08+00:00",
                "GroupPolicyList": [],
                "AttachedManagedPolicies": [{"PolicyName": "Reading", "PolicyArn": arn("policy/bounds/Reading")}],
            },
        ],
        "RoleDetailList": [
            {
                "Path": "/",
                "RoleName": "Orphan",
                "RoleId": "AROAIMPORTEDORPHAN01",
                "Arn": arn("role/Orphan"),
                "CreateDate": "2018-01-02T03:04:05+00:00",
                # Whom it trusted is gone, so AWS shows the id.
                "AssumeRolePolicyDocument": statement_of(trust({"AWS": "AIDAIMPORTEDGONE0001"})),
                "InstanceProfileList": [],
                "RolePolicyList": [],
                "AttachedManagedPolicies": [],
                "Tags": [],
                "RoleLastUsed": {},
            },
            {
                "Path": "/",
                "RoleName": "People",
                "RoleId": "AROAIMPORTEDPEOPLE01",
                "Arn": arn("role/People"),
                "CreateDate": "2020-01-02T03:04:05+00:00",
                "AssumeRolePolicyDocument": statement_of(
                    trust({"Federated": arn("saml-provider/okta")}, "sts:AssumeRoleWithSAML")
                ),
                "InstanceProfileList": [],
                "RolePolicyList": [],
                "AttachedManagedPolicies": [],
                "PermissionsBoundary": {
                    "PermissionsBoundaryType": "Policy",
                    "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
                },
                "Tags": [{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": ""}],
                "RoleLastUsed": {},
            },
            {
                **ROLE_IN_PROFILE,
                "InstanceProfileList": [
                    {
                        "Path": "/",
                        "InstanceProfileName": "WorkerProfile",
                        "InstanceProfileId": "AIPAIMPORTEDPROFILE1",
                        "Arn": arn("instance-profile/WorkerProfile"),
                        "CreateDate": "2020-01-02T03:04:06+00:00",
                        "Roles": [ROLE_IN_PROFILE],
                    }
                ],
                "RolePolicyList": [
                    {"PolicyName": "in", "PolicyDocument": statement_of(policy(allow("sqs:SendMessage")))}
                ],
                "AttachedManagedPolicies": [
                    {"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
                    {"PolicyName": "Reading", "PolicyArn": arn("policy/bounds/Reading")},
                ],
                "Tags": [],
                "RoleLastUsed": {"LastUsedDate": "2024-05-06T07:08:09+00:00", "Region": "eu-west-1"},
            },
        ],
        "Policies": [
            {
                "PolicyName": "Reading",
                "PolicyId": "ANPAIMPORTEDREADING1",
                "Arn": arn("policy/bounds/Reading"),
                "Path": "/bounds/",
                "DefaultVersionId": "v3",
                "AttachmentCount": 2,
                "PermissionsBoundaryUsageCount": 1,
                "IsAttachable": True,
                "CreateDate": "2020-01-29T21:24:20+00:00",
                "UpdateDate": "2020-01-29T23:23:12+00:00",
                "PolicyVersionList": [
                    {
                        "Document": wide,
                        "VersionId": "v4",
                        "IsDefaultVersion": False,
                        "CreateDate": "2020-01-30T23:23:12+00:00",
                    },
                    {
                        "Document": reading,
                        "VersionId": "v3",
                        "IsDefaultVersion": True,
                        "CreateDate": "2020-01-29T23:23:12+00:00",
                    },
                ],
            }
        ],
    }


OIDC = {"OpenIDConnectProviderList": [{"Arn": arn("oidc-provider/login.example.com/realm")}]}
SAML = {
    "SAMLProviderList": [
        {
            "Arn": arn("saml-provider/okta"),
            "ValidUntil": "2120-01-02T03:04:05+00:00",
            "CreateDate": "2020-01-02T03:04:05+00:00",
        }
    ]
}
REPORT = "\n".join(
    [
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
        "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
        "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
        "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
        "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,"
        "cert_2_active,cert_2_last_rotated",
        f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2018-01-01T00:00:00+00:00,not_supported,"
        "2023-01-01T00:00:00+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,"
        "false,N/A,false,N/A",
        f"ann,{arn('user/ann')},2019-12-18T19:10:08+00:00,true,2024-01-01T00:00:00+00:00,"
        "2022-01-01T00:00:00+00:00,N/A,true,true,2022-01-01T00:00:00+00:00,2024-02-01T00:00:00+00:00,us-east-1,iam,"
        "true,2023-01-01T00:00:00+00:00,N/A,N/A,N/A,true,2022-01-01T00:00:00+00:00,false,N/A",
        f"Bob,{arn('user/people/blue/Bob')},2021-02-03T04:05:06+00:00,false,N/A,N/A,N/A,false,false,N/A,N/A,N/A,N/A,"
        "false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
    ]
)


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.fixture
def files(tmp_path):
    """The answers of the AWS CLI in files, and a folder for what they become."""
    answers = {
        "details": details(),
        "report": {"Content": base64.b64encode(REPORT.encode()).decode(), "ReportFormat": "text/csv"},
        "oidc": OIDC,
        "saml": SAML,
    }
    paths = {}
    for name, answer in answers.items():
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(answer))
    return tmp_path / "data", paths


def exported(data, *more):
    """What `arnold export` prints."""
    done = run("export", "--data", data, *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_real_account_comes_in_and_goes_out_the_same(files):
    data, paths = files
    brought = run("import", "aws", "--data", data, *paths.values())
    assert brought.returncode == 0, brought.stderr
    said = [line.strip() for line in brought.stdout.splitlines()]
    for line in (
        "2 users",
        "2 groups",
        "3 roles",
        "1 instance profiles",
        "1 managed policies",
        "1 OpenID Connect providers",
        "1 SAML providers",
        "3 times of last use",
        "1 passwords: AWS does not give them out",
        "2 access keys: AWS does not give them out",
        "2 users' MFA devices: AWS does not give them out",
        "1 signing certificates: AWS does not give them out",
    ):
        assert line in said, line
    out, given = exported(data, "--account", ACCOUNT), details()
    for name in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
        assert out[name] == given[name]
    assert out["Policies"][0] == given["Policies"][0]
    # As AWS does, those of AWS's policies that are in use are told too, with their documents.
    theirs = {one["PolicyName"]: one for one in out["Policies"][1:]}
    assert set(theirs) == {"ReadOnlyAccess", "IAMReadOnlyAccess"}
    assert theirs["ReadOnlyAccess"]["AttachmentCount"] == 1
    assert theirs["ReadOnlyAccess"]["PermissionsBoundaryUsageCount"] == 1
    assert exported(data, "--listing", "oidc-providers") == OIDC
    assert exported(data, "--listing", "saml-providers") == SAML


def test_what_went_out_comes_in_the_same(files, tmp_path):
    data, paths = files
    assert run("import", "aws", "--data", data, *paths.values()).returncode == 0
    out = exported(data)
    again = tmp_path / "again.json"
    again.write_text(json.dumps(out))
    other = tmp_path / "other"
    assert run("import", "aws", "--data", other, again).returncode == 0
    assert exported(other) == out


def test_the_report_is_taken_as_people_save_it(files, tmp_path):
    data, paths = files
    paths["report"].write_text(REPORT)
    brought = run("import", "aws", "--data", data, *paths.values())
    assert brought.returncode == 0, brought.stderr
    assert "3 times of last use" in brought.stdout


def test_what_came_in_decides(files, tmp_path):
    data, paths = files
    assert run("import", "aws", "--data", data, *paths.values()).returncode == 0
    with Arnold(tmp_path, bootstrap=BOOTSTRAP) as arnold:
        assert arnold.data == data
        iam = arnold.client("iam", ADMIN)
        user = iam.get_user(UserName="ann")["User"]
        assert user["UserId"] == "AIDAIMPORTEDANN00001"
        assert user["PasswordLastUsed"].isoformat() == "2024-01-01T00:00:00+00:00"
        role = iam.get_role(RoleName="Worker")["Role"]
        assert role["AssumeRolePolicyDocument"] == ROLE_IN_PROFILE["AssumeRolePolicyDocument"]
        assert role["RoleLastUsed"]["Region"] == "eu-west-1"
        profile = iam.get_instance_profile(InstanceProfileName="WorkerProfile")["InstanceProfile"]
        assert [one["RoleName"] for one in profile["Roles"]] == ["Worker"]
        # Trust and the groups' policies decide.
        keys = Keys.of(iam.create_access_key(UserName="ann")["AccessKey"])
        session = arnold.client("sts", keys).assume_role(RoleArn=role["Arn"], RoleSessionName="job")
        assert session["AssumedRoleUser"]["AssumedRoleId"] == "AROAIMPORTEDWORKER01:job"
        assert arnold.client("iam", keys).list_users()["Users"]
        # Who may do this? Bob's own policy allows it, his boundary does not.
        asked = {"ActionNames": ["s3:GetObject", "sqs:SendMessage"], "ResourceArns": ["arn:aws:s3:::reports/q1"]}
        results = iam.simulate_principal_policy(PolicySourceArn=arn("user/people/blue/Bob"), **asked)
        decisions = {one["EvalActionName"]: one["EvalDecision"] for one in results["EvaluationResults"]}
        assert decisions == {"s3:GetObject": "allowed", "sqs:SendMessage": "implicitDeny"}
        # A provider without metadata lets nobody in, until it is given some.
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            arnold.client("sts", None).assume_role_with_saml(
                RoleArn=arn("role/People"), PrincipalArn=arn("saml-provider/okta"), SAMLAssertion="PHg+"
            )
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
        # What the running server answers is what an export prints.
        # Version 1 of the AWS CLI prints moments as they come, version 2 with their offset.
        answered = arnold.cli_json("iam", "get-account-authorization-details", keys=ADMIN)
        answered = json.loads(re.sub(r'(:\d\d)Z"', r'\1+00:00"', json.dumps(answered)))
        busy = run("export", "--data", data, "--account", ACCOUNT)
        assert busy.returncode == 1, "a server runs on the folder"
    out = exported(data)
    for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        assert answered[name] == out[name]


def test_pages_without_the_last_one_are_refused(files):
    data, paths = files
    paths["details"].write_text(json.dumps({**details(), "IsTruncated": True, "Marker": "x"}))
    refused = run("import", "aws", "--data", data, *paths.values())
    assert refused.returncode == 1
    assert "the last page is missing" in refused.stderr
    assert not data.exists()


def test_of_a_bad_file_nothing_comes_in(files, tmp_path):
    data, paths = files
    spoilt = {
        "document": lambda all: all["RoleDetailList"][2]["RolePolicyList"][0].update(PolicyDocument={"Statement": 3}),
        "group": lambda all: all["UserDetailList"][0].update(GroupList=["none"]),
        "id": lambda all: all["UserDetailList"][0].update(UserId="ann"),
        "account": lambda all: all["GroupDetailList"][0].update(Arn=f"arn:aws:iam::{MAIN}:group/staff"),
        "version": lambda all: all["Policies"][0].update(DefaultVersionId="v9"),
        "date": lambda all: all["RoleDetailList"][0].update(CreateDate="yesterday"),
        "arn": lambda all: all["UserDetailList"][0].update(Path="/elsewhere/"),
        "trust": lambda all: all["RoleDetailList"][0].update(AssumeRolePolicyDocument="%7B"),
        "profile": lambda all: all["RoleDetailList"][2]["InstanceProfileList"][0].update(InstanceProfileId="x"),
        "tags": lambda all: all["UserDetailList"][0].update(Tags=[{"Key": "a", "Value": ""}] * 2),
        "boundary": lambda all: all["UserDetailList"][1]["PermissionsBoundary"].update(PermissionsBoundaryArn="x"),
        "member": lambda all: all["UserDetailList"][0].pop("UserId"),
        "report": lambda all: all["UserDetailList"].pop(0),
        "twins": lambda all: all["UserDetailList"].append(
            {**all["UserDetailList"][0], "UserId": "AIDAIMPORTEDANN00002", "UserName": "ANN", "Arn": arn("user/ANN")}
        ),
    }
    for name, spoil in spoilt.items():
        broken = details()
        spoil(broken)
        paths["details"].write_text(json.dumps(broken))
        refused = run("import", "aws", "--data", data, *paths.values())
        assert refused.returncode == 1, name
        assert refused.stderr.startswith("arnold: "), name
        assert not (data / "store.sqlite").exists() or name == "twins", name
    nothing = run("export", "--data", data, "--account", ACCOUNT)
    assert "there is no account" in nothing.stderr
    paths["details"].write_text(json.dumps(details()))
    assert run("import", "aws", "--data", data, *paths.values()).returncode == 0
    before = exported(data)
    twice = run("import", "aws", "--data", data, *paths.values())
    assert twice.returncode == 1
    assert "nothing was brought in" in twice.stderr
    assert exported(data) == before


def on_a_terminal(*arguments, until):
    """Runs the binary on a terminal; ends it by force as soon as it shows `until`. What it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while until not in shown:
        try:
            shown += os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
    process.kill()
    process.wait()
    os.close(ours)
    return shown.decode(errors="replace")


def crowd(size):
    """The account with many more users."""
    many = details()
    many["UserDetailList"] += [
        {
            "Path": "/crowd/",
            "UserName": f"user-{number}",
            "UserId": f"AIDACROWD{number:011d}".translate(str.maketrans("0189", "ABCD")),
            "Arn": arn(f"user/crowd/user-{number}"),
            "CreateDate": "2021-02-03T04:05:06+00:00",
            "GroupList": ["staff"],
            "AttachedManagedPolicies": [],
            "Tags": [],
        }
        for number in range(size)
    ]
    return many


def test_a_terminal_sees_how_far_it_is(files):
    data, paths = files
    shown = on_a_terminal("import", "aws", "--data", data, *paths.values(), until=b"certificates: AWS does not")
    assert re.search(r"reading \[#*.*\] [0-9]+/4", shown), shown
    assert re.search(r"writing \[#*.*\] [0-9]+/[0-9]+", shown), shown
    assert "2 users" in shown
    # A pipe sees the summary alone.
    assert run("import", "aws", "--data", data.with_name("other"), *paths.values()).stderr == ""


def test_killed_in_the_midst_it_brought_in_all_or_nothing(files):
    data, paths = files
    paths["details"].write_text(json.dumps(crowd(1_500)))
    on_a_terminal("import", "aws", "--data", data, paths["details"], until=b"writing")
    killed = run("export", "--data", data, "--account", ACCOUNT)
    if killed.returncode == 0:
        assert len(json.loads(killed.stdout)["UserDetailList"]) == 1_502
    else:
        assert "there is no account" in killed.stderr or "cannot" in killed.stderr, killed.stderr
        brought = run("import", "aws", "--data", data, paths["details"])
        assert brought.returncode == 0, brought.stderr
        assert "1502 users" in [line.strip() for line in brought.stdout.splitlines()]
