"""Signatures: whatever a signature binds cannot be changed, and nothing passes without one."""

import datetime
import hashlib
import re
import socket
import subprocess

import botocore.auth
import botocore.awsrequest
import pytest
import requests

from arnold import ADMIN, ClientTime, Keys, eventually
from company import allow, make_user


class Call:
    """A signed request that can be spoiled before it is sent."""

    def __init__(self, arnold, keys=ADMIN, service="sts", region="us-east-1", at=None):
        form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        request = botocore.awsrequest.AWSRequest("POST", f"{arnold.url}/", data=form, headers=headers)
        before = ClientTime.offset
        ClientTime.offset += at or datetime.timedelta(0)
        botocore.auth.SigV4Auth(keys.credentials(), service, region).add_auth(request)
        ClientTime.offset = before
        prepared = request.prepare()
        self.url, self.body, self.headers = prepared.url, prepared.body, dict(prepared.headers)

    def send(self):
        answer = requests.post(self.url, data=self.body, headers=self.headers, timeout=10)
        found = re.search("<Code>(.*?)</Code>", answer.text)
        return answer.status_code, found[1] if found else None


def test_a_signed_request_is_answered(arnold):
    assert Call(arnold).send() == (200, None)


SPOILED = {
    "the body": lambda call: setattr(call, "body", call.body.replace("GetCallerIdentity", "GetSessionToken")),
    "a parameter more": lambda call: setattr(call, "body", call.body + "&DurationSeconds=900"),
    "the signature": lambda call: call.headers.update(
        Authorization=re.sub(r"Signature=(.)", lambda found: f"Signature={'1' if found[1] != '1' else '2'}", call.headers["Authorization"])
    ),
    "the path": lambda call: setattr(call, "url", call.url + "x"),
    "the query": lambda call: setattr(call, "url", call.url + "?x=1"),
    "the host": lambda call: call.headers.update(Host="sts.amazonaws.com"),
    "the region of the scope": lambda call: call.headers.update(
        Authorization=call.headers["Authorization"].replace("/us-east-1/", "/eu-west-1/")
    ),
    "the secret": None,
    "a header left out of the signature": lambda call: call.headers.update(
        Authorization=call.headers["Authorization"].replace("content-type;host;x-amz-date", "content-type;x-amz-date")
    ),
}


@pytest.mark.parametrize("what", list(SPOILED))
def test_what_the_signature_binds_cannot_be_changed(arnold, what):
    keys = ADMIN if SPOILED[what] else Keys(ADMIN.access_key_id, "w" * 40)
    call = Call(arnold, keys)
    if SPOILED[what]:
        before = (call.url, call.body, dict(call.headers))
        SPOILED[what](call)
        assert before != (call.url, call.body, call.headers)
    status, code = call.send()
    assert (status, code) in [(403, "SignatureDoesNotMatch"), (400, "IncompleteSignature"), (403, "IncompleteSignature")]


def test_a_key_that_does_not_exist_is_refused(arnold):
    assert Call(arnold, Keys("AKIANOBODYNOBODY0000", "s" * 40)).send() == (403, "InvalidClientTokenId")


@pytest.mark.parametrize("service", ["s3", "iam", "cognito-identity", "nothing"])
def test_a_signature_for_another_service_is_refused(arnold, service):
    call = Call(arnold, service=service)
    assert call.send() == (403, "SignatureDoesNotMatch")
    answer = requests.post(call.url, data=call.body, headers=call.headers, timeout=10)
    assert "Credential should be scoped to correct service: 'sts'." in answer.text


def test_a_presigned_checksum_of_nothing_does_not_count(arnold, bucket):
    """As S3 does it: clients that presign put the checksum of an empty body into the address."""
    url = f"{arnold.url}/{bucket}/checked?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32"
    request = botocore.awsrequest.AWSRequest("PUT", url)
    botocore.auth.S3SigV4QueryAuth(ADMIN.credentials(), "s3", "us-east-1", expires=60).add_auth(request)
    answer = requests.put(request.url, data=b"hello", timeout=10)
    assert answer.status_code == 200, answer.text
    assert requests.put(request.url.replace("AAAAAA", "AAAAAB"), data=b"hello", timeout=10).status_code == 403


def test_a_refused_signature_leaves_an_event(arnold, bucket):
    url = arnold.client("s3", Keys(ADMIN.access_key_id, "w" * 40)).generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "some/key"}
    )
    assert requests.get(url, timeout=10).status_code == 403
    def refused(event):
        return event.get("errorCode") == "SignatureDoesNotMatch" and event["eventName"] == "GetObject"

    found = eventually(lambda: [event for event in arnold.audit() if refused(event)])
    assert len(found) == 1
    assert found[0]["eventSource"] == "s3.amazonaws.com"
    assert found[0]["requestParameters"] == {"bucketName": bucket, "key": "some/key"}
    assert found[0]["userIdentity"]["type"] == "Unknown"


@pytest.mark.parametrize("minutes, good", [(-14, True), (14, True), (-16, False), (16, False), (-525600, False)])
def test_a_signature_lives_a_quarter_of_an_hour_before_and_after(arnold, minutes, good):
    status, code = Call(arnold, at=datetime.timedelta(minutes=minutes)).send()
    assert (status, code) == ((200, None) if good else (403, "SignatureDoesNotMatch"))


def test_no_signature_is_said_in_awss_words(arnold):
    form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    answer = requests.post(arnold.url, data=form, timeout=10)
    assert answer.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text
    assert "Request is missing Authentication Token" in answer.text


# S3 in all the ways in which its clients sign


@pytest.fixture
def bucket(arnold):
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="signed-bucket")
    s3.put_object(Bucket="signed-bucket", Key="a b/ü+&=.txt", Body=b"hello")
    return "signed-bucket"


KEY = "a b/ü+&=.txt"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_reads_and_nothing_in_it_can_be_changed(arnold, bucket, version):
    client = arnold.client("s3", signature_version=version)
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": KEY}, ExpiresIn=600)
    assert requests.get(url, timeout=10).content == b"hello"
    assert requests.put(url, data=b"x", timeout=10).status_code == 403
    assert requests.get(url.replace("a%20b", "a%20c"), timeout=10).status_code == 403
    assert requests.get(re.sub(r"(Expires=)(\d)", r"\g<1>9\2", url), timeout=10).status_code in (400, 403)
    assert requests.get(url + "&response-content-type=text/html", timeout=10).status_code == 403
    arnold.advance(700)
    late = requests.get(url, timeout=10)
    assert late.status_code == 403 and "<Code>AccessDenied</Code>" in late.text and "Request has expired" in late.text


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_of_a_session_needs_its_token(arnold, bucket, version):
    session = Keys.of(arnold.client("sts").get_session_token()["Credentials"])
    client = arnold.client("s3", session, signature_version=version)
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": KEY}, ExpiresIn=600)
    assert requests.get(url, timeout=10).content == b"hello"
    bare = re.sub(r"[&?]x-amz-security-token=[^&]+", "", url, flags=re.IGNORECASE)
    assert bare != url
    assert requests.get(bare, timeout=10).status_code in (400, 403)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_upload_writes_just_its_object(arnold, bucket, version):
    client = arnold.client("s3", signature_version=version)
    url = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "up"}, ExpiresIn=600)
    assert requests.put(url, data=b"uploaded", timeout=10).status_code == 200
    assert arnold.client("s3").get_object(Bucket=bucket, Key="up")["Body"].read() == b"uploaded"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_of_buckets_work_too(arnold, bucket, version):
    client = arnold.client("s3", signature_version=version)
    url = client.generate_presigned_url("list_objects_v2", Params={"Bucket": bucket, "Prefix": "a"})
    assert "<KeyCount>1</KeyCount>" in requests.get(url, timeout=10).text
    assert requests.get(f"{url}&versions", timeout=10).status_code == 403
    url = client.generate_presigned_url("get_bucket_location", Params={"Bucket": bucket})
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url.replace("location", "versioning"), timeout=10).status_code == 403


def told(arnold, head):
    """The answer's bytes to a head that no client library would send."""
    with socket.create_connection(("127.0.0.1", arnold.port), timeout=10) as peer:
        peer.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: peer.recv(65536), b""))


@pytest.mark.parametrize("way", ["http/1.0", "http/1.1", "http/2"])
def test_a_presigned_url_reads_in_its_own_bucket_only(arnold, bucket, way):
    """Version 2 does not bind the host: it must not lead to a bucket that nobody signed."""
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="victim")
    s3.put_object(Bucket="victim", Key=f"{bucket}/x", Body=b"secret")
    s3.put_object(Bucket=bucket, Key="x", Body=b"signed")
    url = arnold.client("s3", signature_version="s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"})
    path = url.removeprefix(arnold.url)
    answers = []
    for host in ("victim.s3.amazonaws.com", "s3.amazonaws.com"):
        if way == "http/2":
            there = f"{host}:80:127.0.0.1:{arnold.port}"
            command = ["curl", "-s", "-i", "--http2-prior-knowledge", "--connect-to", there, f"http://{host}{path}"]
            answers.append(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)
        else:
            answers.append(told(arnold, f"GET http://{host}{path} {way.upper()}\r\n"))
    astray, good = answers
    assert b"SignatureDoesNotMatch" in astray and b"secret" not in astray
    assert good.endswith(b"signed")


@pytest.mark.parametrize("options", [
    {},
    {"s3": {"payload_signing_enabled": True, "addressing_style": "path"}},
    {"s3": {"payload_signing_enabled": False, "addressing_style": "path"}},
    {"request_checksum_calculation": "when_required"},
], ids=["default", "signed payload", "unsigned payload", "no checksum"])
def test_uploads_pass_in_every_way_of_signing_the_body(arnold, bucket, options):
    client = arnold.client("s3", **options)
    body = b"b" * 300_000
    client.put_object(Bucket=bucket, Key="big", Body=body)
    assert client.get_object(Bucket=bucket, Key="big")["Body"].read() == body


def test_a_body_that_is_not_the_one_that_was_signed_is_refused(arnold, bucket):
    request = botocore.awsrequest.AWSRequest("PUT", f"{arnold.url}/{bucket}/x", data=b"right")
    botocore.auth.S3SigV4Auth(ADMIN.credentials(), "s3", "us-east-1").add_auth(request)
    prepared = request.prepare()
    headers = dict(prepared.headers)
    headers["X-Amz-Content-SHA256"] = headers.get("X-Amz-Content-SHA256", "")
    answer = requests.put(prepared.url, data=b"wrong", headers=headers, timeout=10)
    if headers["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD":
        pytest.fail("the test signs no payload")
    assert answer.status_code == 400 and "XAmzContentSHA256Mismatch" in answer.text
    assert not arnold.client("s3").list_objects_v2(Bucket=bucket, Prefix="x").get("Contents")


@pytest.mark.parametrize("method, status", [("GET", 200), ("HEAD", 200), ("DELETE", 204)])
def test_no_body_counts_as_a_body_too(arnold, bucket, method, status):
    """The hash of something else is not the hash of nothing, even where nothing is read."""
    arnold.client("s3").put_object(Bucket=bucket, Key="x", Body=b"x")
    for body, expected in ((b"something", 400), (b"", status)):
        request = botocore.awsrequest.AWSRequest(method, f"{arnold.url}/{bucket}/x", data=body)
        signer = botocore.auth.S3SigV4Auth(ADMIN.credentials(), "s3", "us-east-1")
        request.context["payload_signing_enabled"] = True
        signer.add_auth(request)
        answer = requests.request(method, request.url, headers=dict(request.headers), timeout=10)
        assert answer.status_code == expected, answer.text
        if method == "GET" and expected == 400:
            assert "<Code>XAmzContentSHA256Mismatch</Code>" in answer.text
            assert f"<S3ComputedContentSHA256>{hashlib.sha256().hexdigest()}</S3ComputedContentSHA256>" in answer.text


def test_s3_names_its_own_refusals(arnold, bucket, refused):
    nobody = Keys("AKIANOBODYNOBODY0000", "s" * 40)
    with refused("InvalidAccessKeyId", 403):
        arnold.client("s3", nobody).list_buckets()
    with refused("SignatureDoesNotMatch", 403) as caught:
        arnold.client("s3", Keys(ADMIN.access_key_id, "w" * 40)).list_buckets()
    told = caught.value.response["Error"]
    assert told["AWSAccessKeyId"] == ADMIN.access_key_id
    assert told["CanonicalRequest"].startswith("GET\n/\n")
    assert told["StringToSign"].endswith(hashlib.sha256(told["CanonicalRequest"].encode()).hexdigest())
    assert bytes.fromhex(told["StringToSignBytes"]).decode() == told["StringToSign"]
    keys = make_user(arnold.client("iam"), "ann", allow("s3:ListBucket"))
    with refused("AccessDenied", 403):
        arnold.client("s3", keys).list_buckets()
    ClientTime.offset += datetime.timedelta(minutes=20)
    try:
        with refused("RequestTimeTooSkewed", 403):
            arnold.client("s3", keys).list_objects_v2(Bucket=bucket)
    finally:
        ClientTime.offset -= datetime.timedelta(minutes=20)
