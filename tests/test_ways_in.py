"""The ways in which people and workloads get credentials from an unmodified AWS CLI or SDK."""

import json
import re
import subprocess

import boto3
import botocore.credentials
import botocore.session
import pytest

import tellers
from arnold import ADMIN, MAIN, Arnold, Keys
from company import allow, make_role, make_user, trust


def test_the_first_start_shows_an_administrator_who_works(tmp_path):
    with Arnold(tmp_path, bootstrap="", dev=False) as running:
        said = "\n".join(running.said)
        keys = Keys(
            re.search(r"AWS_ACCESS_KEY_ID=(\w+)", said)[1], re.search(r"AWS_SECRET_ACCESS_KEY=(\S+)", said)[1]
        )
        assert re.fullmatch("AKIA[A-Z2-7]{16}", keys.access_key_id)
        account = running.client("sts", keys).get_caller_identity()["Account"]
        assert running.client("sts", keys).get_access_key_info(AccessKeyId=keys.access_key_id)["Account"] == account
        running.client("iam", keys).create_user(UserName="second")
        assert keys.secret_access_key not in running.log_text()
        running.stop()
        running.start()
        assert keys.secret_access_key not in "\n".join(running.said)
        assert running.client("sts", keys).get_caller_identity()["Account"] == account


def test_a_workload_with_a_token_file_needs_no_keys(arnold, company, provider, tmp_path):
    token = tmp_path / "token"
    token.write_text(provider.sign_in("ada"))
    workload = {
        "AWS_ROLE_ARN": company.reader,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_SESSION_NAME": "pod",
    }
    done = arnold.cli("s3", "ls", f"s3://{company.bucket}/public/", keys=None, **workload)
    assert done.returncode == 0, done.stderr
    assert "q1.csv" in done.stdout
    who = arnold.cli("sts", "get-caller-identity", "--query", "Arn", "--output", "text", keys=None, **workload)
    assert who.stdout.strip() == f"arn:aws:sts::{MAIN}:assumed-role/Reader/pod"


def test_a_profile_puts_on_a_role_by_itself(arnold, tmp_path):
    iam = arnold.client("iam")
    keys = make_user(iam, "ann", allow("sts:AssumeRole"))
    role = make_role(
        iam, "Worker", trust({"AWS": f"arn:aws:iam::{MAIN}:root"}, StringEquals={"sts:ExternalId": "agreed"}),
        allow("iam:ListUsers"),
    )
    config = tmp_path / "config"
    config.write_text(
        f"[profile base]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
        f"[profile worker]\nrole_arn = {role}\nsource_profile = base\nexternal_id = agreed\nrole_session_name = me\n"
    )
    environment = {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "worker"}
    who = arnold.cli("sts", "get-caller-identity", "--query", "Arn", "--output", "text", keys=None, **environment)
    assert who.stdout.strip() == f"arn:aws:sts::{MAIN}:assumed-role/Worker/me", who.stderr
    assert arnold.cli("iam", "list-users", keys=None, **environment).returncode == 0


def test_boto3_renews_an_assumed_role_by_itself(arnold):
    iam = arnold.client("iam")
    role = make_role(iam, "Worker", trust({"AWS": f"arn:aws:iam::{MAIN}:root"}), allow("iam:ListUsers"))
    source = botocore.session.Session()
    source.set_credentials(ADMIN.access_key_id, ADMIN.secret_access_key)
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        lambda name, **more: source.create_client(name, region_name="us-east-1", endpoint_url=arnold.url, **more),
        source.get_credentials(), role, extra_args={"DurationSeconds": 900},
    )
    session = botocore.session.Session()
    session._credentials = botocore.credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    client = boto3.Session(botocore_session=session).client("iam", region_name="us-east-1", endpoint_url=arnold.url)
    client.list_users()
    first = session.get_credentials().access_key
    arnold.advance(16 * 60)
    client.list_users()
    assert session.get_credentials().access_key != first


@pytest.mark.parametrize("kind", ["token file", "identity pool"])
def test_the_javascript_sdks_own_providers_work(arnold, company, provider, tmp_path, kind):
    token = tmp_path / "token"
    token.write_text(provider.sign_in("ada"))
    arguments = {
        "kind": kind,
        "url": arnold.url,
        "token_file": str(token),
        "role": company.reader,
        "pool": company.pool(),
        "login": company.host,
    }
    done = subprocess.run(
        ["node", "providers.mjs", json.dumps(arguments)],
        cwd=tellers.NODE, env=arnold.cli_environment(None), capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    role = "Reader" if kind == "token file" else "PoolMember"
    assert f":assumed-role/{role}/" in done.stdout


def test_a_folder_goes_up_and_comes_down_again(arnold, tmp_path):
    arnold.client("s3").create_bucket(Bucket="folders")
    up, down = tmp_path / "up", tmp_path / "down"
    (up / "deep").mkdir(parents=True)
    (up / "deep" / "ü b.txt").write_text("hello")
    # Larger than the CLI sends in one piece.
    (up / "big.bin").write_bytes(bytes(range(256)) * 4096 * 12)
    for arguments in ((str(up), "s3://folders/x"), ("s3://folders/x", str(down))):
        done = arnold.cli("s3", "sync", "--quiet", *arguments)
        assert done.returncode == 0, done.stderr
    for name in ("deep/ü b.txt", "big.bin"):
        assert (down / name).read_bytes() == (up / name).read_bytes()
    done = arnold.cli("s3", "rm", "--quiet", "--recursive", "s3://folders")
    assert done.returncode == 0, done.stderr
    assert arnold.cli("s3", "rb", "s3://folders").returncode == 0
