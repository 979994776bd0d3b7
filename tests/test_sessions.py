"""What becomes of sessions: revoked by policy, confined to a task, traded in, explained."""

import json
import os
import subprocess
import time

import pytest

from arnold import ADMIN, BINARY, MAIN, SECOND, SECOND_ADMIN, ClientTime, Keys
from company import allow, deny, make_role, make_user, policy, trust
from provider import Issuer

UNLOCK_BUCKET = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"
AUDIT = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
DELETE_CREDENTIALS = "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"


# Revocation, by AWS's own means.


def revoke(moment):
    """The policy that the console attaches to revoke a role's active sessions."""
    return policy(deny("*", DateLessThan={"aws:TokenIssueTime": moment}))


def instant(seconds=0):
    import datetime

    return (ClientTime.now() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_sessions_are_revoked_by_the_time_of_their_issue_at_once(arnold, refused):
    iam, sts = arnold.client("iam"), arnold.client("sts")
    role = make_role(iam, "Worker", trust({"AWS": MAIN}), allow("s3:*"))
    old = Keys.of(sts.assume_role(RoleArn=role, RoleSessionName="old")["Credentials"])
    chained_role = make_role(iam, "Next", trust({"AWS": role}), allow("s3:*"))
    iam.put_role_policy(RoleName="Worker", PolicyName="chain", PolicyDocument=policy(allow("sts:AssumeRole")))
    chained = Keys.of(
        arnold.client("sts", old).assume_role(RoleArn=chained_role, RoleSessionName="chained")["Credentials"]
    )
    for keys in (old, chained):
        arnold.client("s3", keys).list_buckets()
    arnold.advance(10)
    iam.put_role_policy(
        RoleName="Worker", PolicyName="AWSRevokeOlderSessions", PolicyDocument=revoke(instant(-5))
    )
    for _ in range(3):
        with refused("AccessDenied", 403):
            arnold.client("s3", old).list_buckets()
        with refused("AccessDenied", 403):
            arnold.client("sts", old).assume_role(RoleArn=chained_role, RoleSessionName="chained")
    # Who they are needs no permission; other roles' sessions and newer ones go on.
    arnold.client("sts", old).get_caller_identity()
    arnold.client("s3", chained).list_buckets()
    new = Keys.of(sts.assume_role(RoleArn=role, RoleSessionName="new")["Credentials"])
    arnold.client("s3", new).list_buckets()
    # A key of a user has no time of issue: the policy says nothing about it.
    user = make_user(iam, "ann", allow("s3:*"))
    iam.put_user_policy(UserName="ann", PolicyName="revoke", PolicyDocument=revoke(instant(60)))
    arnold.client("s3", user).list_buckets()
    session = Keys.of(arnold.client("sts", user).get_session_token()["Credentials"])
    with refused("AccessDenied", 403):
        arnold.client("s3", session).list_buckets()


# AssumeRoot and its tasks.


@pytest.fixture
def root_sessions(arnold):
    """The organization lets the management account act as its members' root."""
    arnold.client("iam").enable_organizations_root_sessions()
    return arnold


def assume_root(arnold, task, keys=ADMIN, target=SECOND, **more):
    answer = arnold.client("sts", keys).assume_root(
        TargetPrincipal=target, TaskPolicyArn={"arn": task}, **more
    )
    return Keys.of(answer["Credentials"])


def test_a_task_unlocks_a_bucket_and_does_nothing_else(root_sessions, refused):
    arnold = root_sessions
    owner = arnold.client("s3", SECOND_ADMIN)
    owner.create_bucket(Bucket="locked-by-mistake")
    owner.put_object(Bucket="locked-by-mistake", Key="key", Body=b"inside")
    locked = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::locked-by-mistake", "arn:aws:s3:::locked-by-mistake/*"],
    }
    owner.put_bucket_policy(Bucket="locked-by-mistake", Policy=policy(locked))
    with refused("AccessDenied", 403):
        owner.get_object(Bucket="locked-by-mistake", Key="key")
    keys = assume_root(arnold, UNLOCK_BUCKET)
    identity = arnold.client("sts", keys).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (SECOND, f"arn:aws:iam::{SECOND}:root")
    root = arnold.client("s3", keys)
    for forbidden in (
        lambda: root.get_object(Bucket="locked-by-mistake", Key="key"),
        lambda: root.put_object(Bucket="locked-by-mistake", Key="key", Body=b""),
        lambda: root.delete_bucket(Bucket="locked-by-mistake"),
        lambda: arnold.client("iam", keys).create_user(UserName="eve"),
        lambda: arnold.client("iam", keys).list_users(),
        lambda: arnold.client("sts", keys).get_federation_token(Name="eve"),
        lambda: arnold.client("sts", keys).get_session_token(),
    ):
        with refused("AccessDenied", 403):
            forbidden()
    assert "locked-by-mistake" in root.get_bucket_policy(Bucket="locked-by-mistake")["Policy"]
    root.delete_bucket_policy(Bucket="locked-by-mistake")
    assert owner.get_object(Bucket="locked-by-mistake", Key="key")["Body"].read() == b"inside"


def test_an_audit_reads_roots_credentials_and_changes_none(root_sessions, refused):
    arnold = root_sessions
    keys = assume_root(arnold, AUDIT)
    iam = arnold.client("iam", keys)
    assert iam.list_access_keys()["AccessKeyMetadata"] == []
    assert iam.list_mfa_devices()["MFADevices"] == []
    for forbidden in (
        lambda: iam.create_access_key(),
        lambda: iam.list_access_keys(UserName="admin"),
        lambda: iam.delete_user(UserName="admin"),
        lambda: arnold.client("s3", keys).list_buckets(),
    ):
        with refused("AccessDenied", 403):
            forbidden()


def test_a_root_session_ends_after_a_quarter_of_an_hour(root_sessions, refused):
    arnold = root_sessions
    keys = assume_root(arnold, AUDIT, DurationSeconds=900)
    arnold.client("iam", keys).list_access_keys()
    arnold.advance(901)
    with refused("ExpiredToken", 403):
        arnold.client("iam", keys).list_access_keys()


def test_only_the_management_account_acts_as_root_and_only_of_members(arnold, refused):
    with refused("AccessDenied", 403):
        assume_root(arnold, AUDIT)
    arnold.client("iam").enable_organizations_root_sessions()
    assume_root(arnold, AUDIT)
    for keys, target in ((SECOND_ADMIN, MAIN), (SECOND_ADMIN, SECOND), (ADMIN, MAIN), (ADMIN, "999988887777")):
        with refused("AccessDenied", 403):
            assume_root(arnold, AUDIT, keys, target)


# What AWS gives to partners alone.


def test_no_token_is_traded_in_without_a_partner(arnold, refused):
    who = f"User: arn:aws:iam::{MAIN}:user/admin is not authorized to perform: sts:GetDelegatedAccessToken"
    with refused("AccessDenied", 403, who):
        arnold.client("sts").get_delegated_access_token(TradeInToken="a-token-of-nobody")


# A captured token, explained.


@pytest.fixture
def explained(tmp_path):
    """`explained(token, ...)`: what `arnold federation debug oidc` says of a token."""
    issuer = Issuer()
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [key.public() for key in issuer.keys]}))

    def ask(token, client="app", expected=issuer.issuer):
        captured = tmp_path / "token"
        captured.write_text(f"{token}\n")
        return subprocess.run(
            [
                BINARY, "federation", "debug", "oidc", str(captured), "--jwks", str(keys),
                "--issuer", expected, "--client-id", client,
            ],
            capture_output=True, text=True, timeout=30, env={"PATH": os.environ["PATH"]},
        )

    ask.issuer = issuer
    yield ask
    issuer.stop()


def test_the_command_line_explains_a_captured_token(explained):
    issuer = explained.issuer
    tags = {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]}
    good = explained(issuer.token(**{"https://aws.amazon.com/tags": tags}, amr=["pwd"]))
    assert good.returncode == 0, good.stderr
    for line in ("subject", "ada", "session tag team", "blue", "accepted"):
        assert line in good.stdout
    now = int(time.time())
    stranger = Issuer()
    for token, why in (
        (issuer.token(exp=now - 1), "the token expired at"),
        (issuer.token(aud="another"), "holds none of the expected clients"),
        (issuer.token(iss="https://evil.example"), "is not the expected one"),
        (issuer.token(iat=now + 3600), "was issued at"),
        (stranger.token(iss=issuer.issuer), "no fitting key"),
        (stranger.token(headers={"kid": issuer.keys[0].kid}, iss=issuer.issuer), "the signature is wrong"),
        (issuer.token()[:-8], "the signature is"),
        ("a.b", "three parts"),
    ):
        refused = explained(token)
        assert refused.returncode == 1, token
        assert why in refused.stderr, refused.stderr
        assert "the caller sees" in refused.stdout
    stranger.stop()
