"""Health, audit and logs: everything is told, no secret is."""

import datetime
import re
import stat

import pytest
import requests

from arnold import ADMIN, MAIN, ROOT_USER, Arnold, Keys
from company import Company, make_user

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def test_health_is_told_to_everybody(shared):
    answer = requests.get(f"{shared.url}/_arnold/health", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")


@pytest.fixture
def eventful(tmp_path, configuration, provider):
    """A process of its own after a day's work, and the secrets that were in the air."""
    with Arnold(tmp_path, config=configuration) as running:
        company = Company(running, provider.issuer, provider.host)
        token = provider.sign_in("ada")
        session = company.sign_in_to_aws(token)
        made = make_user(company.iam, "ann")
        url = running.client("s3", session).generate_presigned_url(
            "get_object", Params={"Bucket": company.bucket, "Key": "public/q1.csv"}
        )
        assert requests.get(url, timeout=30).status_code == 200
        assert running.client("sts", made).get_caller_identity()["Account"] == MAIN
        with pytest.raises(running.client("iam").exceptions.ClientError):
            running.client("iam", made).list_users()
        wrong = Keys(made.access_key_id, "wrong-secret-wrong-secret-wrong-secret-0")
        with pytest.raises(running.client("iam").exceptions.ClientError):
            running.client("iam", wrong).list_users()
        secrets = {
            "administrator's secret": ADMIN.secret_access_key,
            "root user's secret": ROOT_USER.secret_access_key,
            "made secret": made.secret_access_key,
            "session's secret": session.secret_access_key,
            "session token": session.session_token,
            "id token's signature": token.rsplit(".", 1)[1],
            "presigned signature": re.search(r"[Ss]ignature=([^&]+)", url).group(1),
        }
        running.stop()
        yield running, secrets


def test_neither_audit_nor_log_nor_store_tells_a_secret(eventful):
    arnold, secrets = eventful
    for path in [arnold.log, *(found for found in arnold.data.rglob("*") if found.is_file())]:
        data = path.read_bytes()
        for name, secret in secrets.items():
            assert secret.encode() not in data, f"{name} in {path.name}"


def test_every_call_is_on_record(eventful):
    arnold, _ = eventful
    events = arnold.audit()
    names = [event["eventName"] for event in events]
    for name in ("CreateOpenIDConnectProvider", "AssumeRoleWithWebIdentity", "CreateUser", "GetCallerIdentity"):
        assert name in names, names
    assert len({event["eventID"] for event in events}) == len(events)
    created = next(event for event in events if event["eventName"] == "CreateUser")
    assert created["eventSource"] == "iam.amazonaws.com"
    assert created["userIdentity"]["arn"] == f"arn:aws:iam::{MAIN}:user/admin"
    assert created["userIdentity"]["accountId"] == MAIN
    assert created["requestParameters"]["userName"] == "ann"
    assert created["sourceIPAddress"] == "127.0.0.1"
    assert created["userAgent"].startswith("Boto3/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created["eventTime"])
    denied = next(event for event in events if event["eventName"] == "ListUsers" and "errorCode" in event)
    assert denied["errorCode"] == "AccessDenied"
    federated = next(event for event in events if event["eventName"] == "AssumeRoleWithWebIdentity")
    assert federated["userIdentity"]["type"] == "WebIdentityUser"


def test_the_record_tells_which_keys_somebody_was_given(eventful):
    """As in CloudTrail: what a change was answered is on record, and so are the keys of credentials."""
    arnold, _ = eventful
    events = arnold.audit()

    def told(name, **further):
        found = [event for event in events if event["eventName"] == name and further.items() <= event.items()]
        return found[0]["responseElements"]

    given = told("AssumeRoleWithWebIdentity")
    reads = next(event for event in events if event["eventName"] == "GetObject")
    assert reads["userIdentity"]["accessKeyId"] == given["credentials"]["accessKeyId"]
    assert reads["userIdentity"]["arn"] == given["assumedRoleUser"]["arn"]
    assert given["credentials"]["secretAccessKey"] == HIDDEN
    assert given["credentials"]["sessionToken"] == HIDDEN
    moment = r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M"
    assert re.fullmatch(moment, given["credentials"]["expiration"])
    made = told("CreateUser")["user"]
    assert (made["userName"], made["arn"]) == ("ann", f"arn:aws:iam::{MAIN}:user/ann")
    assert re.fullmatch(moment, made["createDate"])
    assert told("CreateAccessKey")["accessKey"]["secretAccessKey"] == HIDDEN
    # What was only read, and what was refused, is not told.
    assert told("GetCallerIdentity") is None
    assert told("ListUsers", errorCode="AccessDenied") is None


def test_what_lies_in_the_folder_is_for_its_owner_only(eventful):
    arnold, _ = eventful
    for path in arnold.data.rglob("*"):
        if path.is_file() and "key" in path.name:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE(arnold.data.stat().st_mode) & 0o077 == 0


def test_an_answer_carries_the_id_under_which_the_log_knows_it(arnold):
    answer = arnold.client("sts").get_caller_identity()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id)


def test_the_development_aids_are_not_there_without_the_flag(tmp_path):
    with Arnold(tmp_path, dev=False) as running:
        for path, body in (("clock", {"advance": "16m"}), ("reset", None)):
            answer = requests.post(f"{running.url}/_arnold/{path}", json=body, timeout=30)
            assert 400 <= answer.status_code < 500
        assert requests.get(f"{running.url}/_arnold/health", timeout=30).status_code == 200
        running.client("sts").get_caller_identity()
        assert not (running.data / "outbox").exists()


def test_a_reset_empties_the_outbox(shared):
    outbox = shared.data / "outbox"
    (outbox / "letter.txt").write_text("Your code is 123456")
    shared.reset()
    assert list(outbox.iterdir()) == []


def test_a_reset_takes_everything_back_to_the_bootstrap(shared):
    shared.reset()
    iam, s3 = shared.client("iam"), shared.client("s3")
    keys = make_user(iam, "ann")
    s3.create_bucket(Bucket="gone-soon")
    s3.put_object(Bucket="gone-soon", Key="a", Body=b"a")
    shared.advance(86400)
    shared.reset()
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["admin"]
    assert s3.list_buckets()["Buckets"] == []
    with pytest.raises(iam.exceptions.ClientError, match="InvalidClientTokenId"):
        shared.client("sts", keys).get_caller_identity()
    s3.create_bucket(Bucket="gone-soon")
    assert s3.list_objects_v2(Bucket="gone-soon")["KeyCount"] == 0


def test_a_reset_forgets_what_was_used(shared):
    shared.reset()
    iam = shared.client("iam")
    # Nobody has used root's key since; admin's own use is told by the call that asks.
    shared.client("sts", ROOT_USER).get_caller_identity()
    shared.reset()
    used = iam.get_access_key_last_used(AccessKeyId=ROOT_USER.access_key_id)["AccessKeyLastUsed"]
    assert used["ServiceName"] == "N/A" and "LastUsedDate" not in used


def test_a_session_outlives_a_change_of_keys(shared):
    shared.reset()
    keys = Keys.of(shared.client("sts").get_session_token(DurationSeconds=129600)["Credentials"])
    shared.advance(35 * 3600)
    later = Keys.of(shared.client("sts").get_session_token(DurationSeconds=900)["Credentials"])
    for session in (keys, later):
        assert shared.client("sts", session).get_caller_identity()["Arn"].endswith(":user/admin")
    shared.reset()
    assert shared.client("sts", keys).get_caller_identity()


@pytest.mark.parametrize("text, seconds", [("16m", 960), ("1h30m", 5400), ("PT2H", 7200), ("2d", 172800), ("1w", 604800), ("-5m", -300)])
def test_the_clock_moves_by_whatever_reads_as_a_time(shared, text, seconds):
    shared.reset()
    before, after = (
        datetime.datetime.fromisoformat(
            requests.post(f"{shared.url}/_arnold/clock", json={"advance": by}, timeout=10).json()["now"][:19]
        )
        for by in ("0s", text)
    )
    shared.reset()
    assert abs((after - before).total_seconds() - seconds) < 10


@pytest.mark.parametrize("said, is_on", [("1", True), ("true", True), ("yes", True), ("0", False), ("false", False)])
def test_the_flag_may_come_from_the_environment(tmp_path, said, is_on):
    running = Arnold(tmp_path, dev=False)
    running.environment = {"ARNOLD_DEV": said, "ARNOLD_LISTEN": "localhost:0"}
    running.arguments = [word for word in running.arguments if word not in ("--listen", "127.0.0.1:0")]
    with running:
        assert running.url.startswith("http://127.0.0.1:")
        answer = requests.post(f"{running.url}/_arnold/clock", json={"advance": "0s"}, timeout=10)
        assert (answer.status_code == 200) == is_on
