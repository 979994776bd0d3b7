"""S3's forms: browsers upload what a signed policy lets them, and nothing else."""

import base64
import hmac
import json
import re
import subprocess

import pytest
import requests

from arnold import ADMIN, Keys, eventually
from company import allow, make_user

BUCKET = "forms"


@pytest.fixture
def s3(arnold):
    client = arnold.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def form(arnold, keys=ADMIN, version="s3v4", key="up/${filename}", fields=None, conditions=None, lives=600):
    """As boto3 makes it: where to send the form, and its fields."""
    client = arnold.client("s3", keys, signature_version=version)
    return client.generate_presigned_post(BUCKET, key, Fields=fields, Conditions=conditions, ExpiresIn=lives)


def send(made, content=b"hello", name="a b.txt", **changes):
    fields = {**made["fields"], **changes}
    fields = {name: value for name, value in fields.items() if value is not None}
    return requests.post(made["url"], data=fields, files={"file": (name, content)}, allow_redirects=False, timeout=30)


def refusal(answer):
    return answer.status_code, re.search("<Code>(.*?)</Code>", answer.text)[1], re.search("<Message>(.*?)</Message>", answer.text)[1]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("of_session", [False, True])
def test_a_form_uploads_what_its_policy_allows(arnold, s3, version, of_session):
    keys = Keys.of(arnold.client("sts").get_session_token()["Credentials"]) if of_session else ADMIN
    wanted = {"Content-Type": "text/plain", "x-amz-meta-from": "form"}
    made = form(arnold, keys, version, fields=wanted, conditions=[{name: value} for name, value in wanted.items()])
    answer = send(made)
    assert answer.status_code == 204, answer.text
    assert answer.headers["Location"] == f"{arnold.url}/{BUCKET}/up/a%20b.txt"
    held = s3.get_object(Bucket=BUCKET, Key="up/a b.txt")
    assert held["Body"].read() == b"hello"
    assert (held["ContentType"], held["Metadata"], held["ETag"]) == ("text/plain", {"from": "form"}, answer.headers["ETag"])


def test_a_large_file_streams_through(arnold, s3):
    content = bytes(range(256)) * 20_000
    assert send(form(arnold, key="large"), content).status_code == 204
    assert s3.get_object(Bucket=BUCKET, Key="large")["Body"].read() == content


SPOILED = {
    "the policy": lambda made: {"policy": base64.b64encode(base64.b64decode(made["fields"]["policy"]).replace(b"up/", b"in/")).decode()},
    "the signature": lambda made: {"x-amz-signature": "0" * 64},
    "the day": lambda made: {"x-amz-credential": made["fields"]["x-amz-credential"].replace("/20", "/19", 1)},
    "the key of another": lambda made: {"x-amz-credential": made["fields"]["x-amz-credential"].replace(ADMIN.access_key_id, "AKIANOBODYNOBODY0000")},
    "no signature": lambda made: {"x-amz-signature": None},
    "no policy": lambda made: {"policy": None},
    "no key": lambda made: {"key": None},
    "another key": lambda made: {"key": "elsewhere"},
    "a field more": lambda made: {"x-amz-meta-more": "1"},
    "another kind": lambda made: {"Content-Type": "text/html"},
    "version 4a": lambda made: {"x-amz-algorithm": "AWS4-ECDSA-P256-SHA256"},
}
REFUSALS = {
    "the policy": (403, "SignatureDoesNotMatch"),
    "the signature": (403, "SignatureDoesNotMatch"),
    "the day": (400, "AuthorizationQueryParametersError"),
    "the key of another": (403, "InvalidAccessKeyId"),
    "no signature": (400, "InvalidArgument"),
    "no policy": (400, "InvalidArgument"),
    "no key": (400, "InvalidArgument"),
    "another key": (403, "AccessDenied"),
    "a field more": (403, "AccessDenied"),
    "another kind": (403, "AccessDenied"),
    "version 4a": (501, "NotImplemented"),
}


@pytest.mark.parametrize("what", list(SPOILED))
def test_what_the_policy_binds_cannot_be_changed(arnold, s3, what):
    made = form(arnold, fields={"Content-Type": "text/plain"}, conditions=[{"Content-Type": "text/plain"}])
    assert send(made).status_code == 204
    s3.delete_object(Bucket=BUCKET, Key="up/a b.txt")
    answer = send(made, **SPOILED[what](made))
    assert refusal(answer)[:2] == REFUSALS[what], answer.text
    assert not s3.list_objects_v2(Bucket=BUCKET).get("Contents")


def test_a_policy_ends_and_says_which_condition_fails(arnold, s3):
    made = form(arnold, key="up/x", conditions=[["content-length-range", 3, 5]])
    assert send(made).status_code == 204
    assert refusal(send(made, b"ab"))[:2] == (400, "EntityTooSmall")
    assert refusal(send(made, b"abcdef"))[:2] == (400, "EntityTooLarge")
    denied = refusal(send(made, key="in/x"))
    assert denied == (403, "AccessDenied", 'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "up/x"]')
    assert refusal(send(made, extra="1"))[2] == "Invalid according to Policy: Extra input fields: extra"
    arnold.advance(601)
    assert refusal(send(made)) == (403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    assert [held["Key"] for held in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["up/x"]


def test_a_policy_without_a_bucket_is_good_for_none(arnold, s3):
    """The bucket is a field that every policy has to speak of."""
    made = form(arnold, version="s3")
    policy = json.loads(base64.b64decode(made["fields"]["policy"]))
    policy["conditions"].remove({"bucket": BUCKET})
    text = base64.b64encode(json.dumps(policy).encode())
    signature = base64.b64encode(hmac.new(ADMIN.secret_access_key.encode(), text, "sha1").digest())
    answer = send(made, policy=text.decode(), signature=signature.decode())
    assert refusal(answer) == (403, "AccessDenied", "Invalid according to Policy: Extra input fields: bucket")
    assert send(made).status_code == 204


def test_a_form_brings_tags_to_whoever_may_set_them(arnold, s3):
    document = "<Tagging><TagSet><Tag><Key>0</Key><Value>0</Value></Tag><Tag><Key>1</Key><Value>1</Value></Tag></TagSet></Tagging>"
    tagged = {"fields": {"tagging": document}, "conditions": [{"tagging": document}]}
    assert send(form(arnold, **tagged)).status_code == 204
    held = s3.get_object_tagging(Bucket=BUCKET, Key="up/a b.txt")["TagSet"]
    assert held == [{"Key": "0", "Value": "0"}, {"Key": "1", "Value": "1"}]
    plain = make_user(arnold.client("iam"), "plain", allow("s3:PutObject"))
    assert refusal(send(form(arnold, plain, **tagged)))[:2] == (403, "AccessDenied")
    assert send(form(arnold, plain)).status_code == 204
    assert refusal(send(form(arnold), tagging=document))[2] == "Invalid according to Policy: Extra input fields: tagging"
    broken = {"fields": {"tagging": "0=0"}, "conditions": [{"tagging": "0=0"}]}
    assert refusal(send(form(arnold, **broken)))[:2] == (400, "MalformedXML")


def test_a_session_that_has_ended_uploads_nothing(arnold, s3):
    session = Keys.of(arnold.client("sts").get_session_token(DurationSeconds=900)["Credentials"])
    made = form(arnold, session, lives=3600)
    assert send(made).status_code == 204
    assert refusal(send(made, **{"x-amz-security-token": None}))[:2] == (403, "InvalidAccessKeyId")
    arnold.advance(901)
    assert refusal(send(made))[:2] == (400, "ExpiredToken")


def test_whoever_signed_must_be_allowed_to(arnold, s3):
    iam = arnold.client("iam")
    reader = make_user(iam, "reader", allow("s3:GetObject"))
    writer = make_user(iam, "writer", allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/up/*"))
    assert send(form(arnold, writer)).status_code == 204
    assert refusal(send(form(arnold, reader)))[:2] == (403, "AccessDenied")
    assert refusal(send(form(arnold, writer, key="elsewhere")))[:2] == (403, "AccessDenied")
    bare = {"url": f"{arnold.url}/{BUCKET}", "fields": {"key": "up/anonymous"}}
    assert refusal(send(bare))[:2] == (403, "AccessDenied")

    def told():
        events = [event for event in arnold.audit() if event["eventName"] == "PostObject"]
        return [event for event in events if event["userIdentity"].get("userName") == "writer"]

    uploaded, refused = eventually(lambda: told() if len(told()) == 2 else None)
    assert uploaded["requestParameters"] == {"bucketName": BUCKET, "key": "up/a b.txt"}
    assert "errorCode" not in uploaded and refused["errorCode"] == "AccessDenied"


def test_a_bucket_policy_may_ask_how_an_upload_was_signed(arnold, s3):
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        "Condition": {"StringEquals": {"s3:authType": "POST"}},
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.put_object(Bucket=BUCKET, Key="by-header", Body=b"x")
    assert refusal(send(form(arnold)))[:2] == (403, "AccessDenied")


def test_the_form_says_how_it_is_answered(arnold, s3):
    def answered(**fields):
        return send(form(arnold, key="k & l", fields=fields, conditions=[{name: value} for name, value in fields.items()]))

    assert answered(success_action_status="200").status_code == 200
    assert answered(success_action_status="700").status_code == 204
    told = answered(success_action_status="201")
    assert told.status_code == 201
    assert f"<Bucket>{BUCKET}</Bucket><Key>k &amp; l</Key><ETag>\"5d41402abc4b2a76b9719d911017c592\"</ETag>" in told.text
    onward = answered(success_action_redirect="https://app.example/done?a=1")
    assert onward.status_code == 303
    assert onward.headers["Location"].startswith(f"https://app.example/done?a=1&bucket={BUCKET}&key=k+%26+l&etag=")
    assert answered(success_action_redirect="javascript:alert(1)").status_code == 204


def test_a_page_elsewhere_may_read_the_answer_where_cors_allows_post(arnold, s3):
    rule = {"AllowedMethods": ["POST"], "AllowedOrigins": ["https://app.example"]}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})
    made = form(arnold)
    for origin, allowed in (("https://app.example", "https://app.example"), ("https://evil.example", None)):
        answer = requests.post(
            made["url"], data=made["fields"], files={"file": ("f", b"x")}, headers={"Origin": origin}, timeout=10
        )
        assert answer.status_code == 204
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed


def test_a_form_goes_to_a_bucket_in_the_hosts_name_too(arnold, s3):
    made = form(arnold)
    host = f"{BUCKET}.s3.amazonaws.com"
    answer = requests.post(
        f"{arnold.url}/", data=made["fields"], files={"file": ("f", b"x")}, headers={"Host": host}, timeout=10
    )
    assert answer.status_code == 204, answer.text
    assert answer.headers["Location"] == f"http://{host}/up/f"
    assert s3.get_object(Bucket=BUCKET, Key="up/f")["Body"].read() == b"x"


def test_a_form_goes_to_the_bucket_that_its_policy_names(arnold, s3):
    """However the host is named: over HTTP/2 it is no header."""
    s3.create_bucket(Bucket="victim")
    made = form(arnold, key="x")
    for host, path, status in (("victim.s3.amazonaws.com", "/", 403), ("victim.s3.amazonaws.com", f"/{BUCKET}", 405), (f"{BUCKET}.s3.amazonaws.com", "/", 204)):
        fields = [part for name, value in made["fields"].items() for part in ("-F", f"{name}={value}")]
        command = ["curl", "-s", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}"]
        command += ["--connect-to", f"{host}:80:127.0.0.1:{arnold.port}", *fields, "-F", "file=x", f"http://{host}{path}"]
        assert subprocess.run(command, capture_output=True, check=True, text=True, timeout=30).stdout == str(status)
    assert not s3.list_objects_v2(Bucket="victim").get("Contents")
    assert s3.get_object(Bucket=BUCKET, Key="x")["Body"].read() == b"x"


def test_the_path_adds_nothing_to_the_key(arnold, s3):
    """The key is the form's, and only a bucket takes forms."""
    made = form(arnold, key="up/x")
    for path in (f"/{BUCKET}/in", f"/{BUCKET}%2Fin", f"/{BUCKET}//", "/", f"/{BUCKET}?acl"):
        answer = send({**made, "url": f"{arnold.url}{path}"})
        assert 400 <= answer.status_code < 500, path
    assert not s3.list_objects_v2(Bucket=BUCKET).get("Contents")
    assert send(made).status_code == 204


def test_a_form_makes_nothing_but_an_object(arnold, s3):
    """Fields that would be headers of another operation are none here."""
    s3.put_object(Bucket=BUCKET, Key="secret", Body=b"secret")
    source = {"x-amz-copy-source": f"{BUCKET}/secret"}
    answer = send(form(arnold, key="copy", fields=source, conditions=[source]))
    assert answer.status_code == 204
    assert s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == b"hello"
    assert refusal(send(form(arnold, key="copy"), **{"acl": "public-read"}))[:2] == (403, "AccessDenied")
    public = {"acl": "public-read"}
    answer = send(form(arnold, key="copy", fields=public, conditions=[public]))
    assert refusal(answer)[:2] == (400, "AccessControlListNotSupported")
