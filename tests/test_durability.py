"""What was acknowledged is there after a power failure; what was not is there whole or not at all."""

import threading

import botocore.exceptions
import pytest

from arnold import ADMIN, BOOTSTRAP, ROOT_USER, Arnold, Keys
from company import allow, policy

WRITERS = 6
ROUNDS = 3


@pytest.fixture
def own(tmp_path):
    """A process for one test, without the development aids."""
    with Arnold(tmp_path, dev=False) as running:
        yield running


class Writer(threading.Thread):
    """Makes users, each with a tag, a policy, a key and an object, until the process dies."""

    def __init__(self, arnold, name):
        super().__init__(name=name)
        self.arnold = arnold
        self.iam = arnold.client("iam", read_timeout=30)
        self.s3 = arnold.client("s3", read_timeout=30)
        self.users, self.keys, self.policies, self.objects = [], {}, [], []

    def run(self):
        number = 0
        try:
            while True:
                user = f"{self.name}-{number}"
                self.iam.create_user(UserName=user, Tags=[{"Key": "made-by", "Value": self.name}])
                self.users.append(user)
                self.iam.put_user_policy(
                    UserName=user, PolicyName="p", PolicyDocument=policy(allow("iam:GetUser"))
                )
                self.policies.append(user)
                self.keys[user] = Keys.of(self.iam.create_access_key(UserName=user)["AccessKey"])
                self.s3.put_object(Bucket="durable", Key=user, Body=user.encode() * 5000)
                self.objects.append(user)
                number += 1
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            pass  # the process has been killed


def test_what_was_acknowledged_survives_kill_9(own):
    own.client("s3").create_bucket(Bucket="durable")
    for number in range(ROUNDS):
        writers = [Writer(own, f"writer-{number}-{each}") for each in range(WRITERS)]
        for writer in writers:
            writer.start()
        # The kill comes in the midst of work: when some writer has come this far.
        while max(len(writer.objects) for writer in writers) < 8:
            writers[0].join(timeout=0.02)
        own.kill()
        for writer in writers:
            writer.join()
        own.start()
        check(own, writers)


def check(arnold, writers):
    iam, s3 = arnold.client("iam"), arnold.client("s3")
    listed = {
        user["UserName"]
        for page in iam.get_paginator("list_users").paginate()
        for user in page["Users"]
    }
    objects = {
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="durable")
        for item in page.get("Contents", [])
    }
    for writer in writers:
        assert set(writer.users) <= listed
        assert set(writer.objects) <= objects
        for user in writer.policies:
            assert iam.list_user_policies(UserName=user)["PolicyNames"] == ["p"]
        for user, keys in list(writer.keys.items())[-3:]:
            assert arnold.client("iam", keys).get_user()["User"]["UserName"] == user
        # Nothing half-made: whoever is there has the tag that came in the same commit.
        for user in (name for name in listed if name.startswith(writer.name + "-")):
            tags = iam.list_user_tags(UserName=user)["Tags"]
            assert tags == [{"Key": "made-by", "Value": writer.name}]
        for key in (name for name in objects if name.startswith(writer.name + "-")):
            assert s3.get_object(Bucket="durable", Key=key)["Body"].read() == key.encode() * 5000


def test_sessions_and_secrets_outlive_a_restart(own):
    sts = own.client("sts")
    session = Keys.of(sts.get_session_token()["Credentials"])
    made = Keys.of(own.client("iam").create_access_key(UserName="admin")["AccessKey"])
    own.stop()
    own.start()
    for keys in (session, made, ADMIN):
        assert own.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/admin")


def test_the_bootstrap_is_applied_once_and_must_not_contradict_what_is_there(own):
    own.client("iam").create_user(UserName="later")
    own.stop()
    own.start()
    assert own.client("iam").get_user(UserName="later")
    own.stop()
    contradiction = BOOTSTRAP.replace(ADMIN.secret_access_key, "x" * 40)
    (own.folder / "bootstrap.toml").write_text(contradiction)
    with pytest.raises(RuntimeError, match="did not start"):
        own.start()
    assert "x" * 40 not in own.log_text()


def test_what_was_taken_from_the_first_administrator_does_not_come_back(own, refused):
    iam = own.client("iam")
    spare = Keys.of(iam.create_access_key(UserName="admin")["AccessKey"])
    own.client("iam", spare).delete_access_key(UserName="admin", AccessKeyId=ADMIN.access_key_id)
    own.client("iam", ROOT_USER).update_user(UserName="admin", NewUserName="boss")
    own.stop()
    own.start()
    with refused("InvalidClientTokenId", 403):
        own.client("sts").get_caller_identity()
    names = [user["UserName"] for user in own.client("iam", spare).list_users()["Users"]]
    assert names == ["boss"]


def test_two_processes_do_not_share_one_folder(own):
    other = Arnold(own.folder, dev=False)
    with pytest.raises(RuntimeError, match="did not start"):
        other.start()
    own.client("sts").get_caller_identity()
