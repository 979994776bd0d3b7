"""Hostile bytes end in a refusal that a client can read, never in a fault, never in silence."""

import contextlib
import random
import re
import socket

import botocore.awsrequest
import botocore.auth
import pytest
import requests

from arnold import ADMIN

ANSWER_SECONDS_MAX = 10


def exchange(arnold, data):
    """Sends raw bytes and returns the status and everything that came back."""
    with socket.create_connection(("127.0.0.1", arnold.port), timeout=ANSWER_SECONDS_MAX) as peer:
        answer = b""
        with contextlib.suppress(OSError):  # refused before everything was said
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while chunk := peer.recv(65536):
                answer += chunk
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return (int(found[1]) if found else None), answer


def http(line, headers="", body=b"", host="127.0.0.1"):
    """A request with a length; what is wrong with it is the caller's business."""
    if isinstance(body, str):
        body = body.encode()
    head = f"{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode("utf-8", "surrogateescape") + body


FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
JSON = "Content-Type: application/x-amz-json-1.1\r\n"
TARGET = "X-Amz-Target: AWSCognitoIdentityService.GetId\r\n"
SCOPE = "AKIAMAINADMIN0000001/20260101/us-east-1/sts/aws4_request"


def authorization(value):
    return f"Authorization: {value}\r\nX-Amz-Date: 20260101T000000Z\r\n"


# Well-formed HTTP: the refusal has a code that a client can read.
REQUESTS = {
    "nothing asked": http("GET /"),
    "an empty form": http("POST /", FORM),
    "a form without an action": http("POST /", FORM, "Version=2011-06-15"),
    "an action without a version": http("POST /", FORM, "Action=AssumeRoleWithWebIdentity"),
    "an unknown version": http("POST /", FORM, "Action=GetCallerIdentity&Version=1999-01-01"),
    "an unknown action": http("POST /", FORM, "Action=Dance&Version=2011-06-15"),
    "an action that is no text": http("POST /", FORM, b"Action=\xff\xfe&Version=2011-06-15"),
    "a form with broken escapes": http("POST /", FORM, "Action=%zz&Version=%2"),
    "a form of only separators": http("POST /", FORM, "&=&=&&==&"),
    "a form with a thousand names": http("POST /", FORM, "&".join(f"a{n}=1" for n in range(1000))),
    "a list with a huge index": http(
        "POST /", FORM, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&PolicyArns.member.4294967296.arn=x"
    ),
    "a list with a negative index": http(
        "POST /", FORM, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&PolicyArns.member.-1.arn=x"
    ),
    "a deep name": http(
        "POST /", FORM, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&" + "a." * 5000 + "b=1"
    ),
    "a number too large": http(
        "POST /", FORM,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x&RoleSessionName=xx"
        "&WebIdentityToken=aaaa&DurationSeconds=99999999999999999999",
    ),
    "a number that is a word": http(
        "POST /", FORM,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x&RoleSessionName=xx"
        "&WebIdentityToken=aaaa&DurationSeconds=soon",
    ),
    "no json where json must be": http("POST /", JSON + TARGET, "{"),
    "a list where an object must be": http("POST /", JSON + TARGET, "[]"),
    "a number where text must be": http("POST /", JSON + TARGET, '{"IdentityPoolId": 7}'),
    "nothing where an object must be": http("POST /", JSON + TARGET, "null"),
    "json that is no text": http("POST /", JSON + TARGET, b'{"IdentityPoolId": "\xff"}'),
    "json a hundred thousand deep": http("POST /", JSON + TARGET, '{"Logins":' * 100_000),
    "lists a hundred thousand deep": http("POST /", JSON + TARGET, "[" * 100_000),
    "json with a lone surrogate": http("POST /", JSON + TARGET, '{"IdentityPoolId": "\\ud800"}'),
    "an unknown target": http("POST /", JSON + "X-Amz-Target: AWSCognitoIdentityService.Dance\r\n", "{}"),
    "a target of no service": http("POST /", JSON + "X-Amz-Target: Nobody.Nothing\r\n", "{}"),
    "an empty target": http("POST /", JSON + "X-Amz-Target: \r\n", "{}"),
    "a target without a dot": http("POST /", JSON + "X-Amz-Target: AWSCognitoIdentityService\r\n", "{}"),
    "two targets": http("POST /", JSON + TARGET + "X-Amz-Target: AWSCognitoIdentityService.GetOpenIdToken\r\n", "{}"),
    "an empty authorization": http("POST /", FORM + authorization("")),
    "an unknown scheme": http("POST /", FORM + authorization("Magic word")),
    "sigv4 without anything": http("POST /", FORM + authorization("AWS4-HMAC-SHA256")),
    "sigv4 with empty parts": http(
        "POST /", FORM + authorization("AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=")
    ),
    "sigv4 with a short scope": http(
        "POST /", FORM + authorization("AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature=00")
    ),
    "sigv4 with a signature of another size": http(
        "POST /", FORM + authorization(f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00")
    ),
    "sigv4 with a signature that is no hex": http(
        "POST /", FORM + authorization(f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature={'z' * 64}")
    ),
    "sigv4 with every part twice": http(
        "POST /",
        FORM + authorization(f"AWS4-HMAC-SHA256 {f'Credential={SCOPE}, SignedHeaders=host, Signature={chr(48) * 64}, ' * 2}"),
    ),
    "sigv4a": http(
        "POST /", FORM + authorization(f"AWS4-ECDSA-P256-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00")
    ),
    "two authorizations": http("POST /", FORM + authorization("AWS4-HMAC-SHA256 a") + authorization("AWS4-HMAC-SHA256 b")),
    "a date that is no date": http(
        "POST /",
        FORM + f"Authorization: AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}\r\n"
        "X-Amz-Date: tomorrow\r\n",
    ),
    "a presigned url without a signature": http("GET /bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256"),
    "a presigned url that never expires": http(
        f"GET /bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={SCOPE.replace('/sts/', '/s3/')}&X-Amz-Date=20260101T000000Z"
        f"&X-Amz-Expires=99999999999&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
    ),
    "a presigned url of version 2 without a key": http("GET /bucket/key?Signature=x&Expires=1"),
    "a presigned url of version 2 with nonsense": http("GET /bucket/key?AWSAccessKeyId=x&Signature=%00&Expires=soon"),
    "a bucket name that leaves its folder": http("GET /..%2f..%2fetc/passwd"),
    "a key that leaves its folder": http("GET /bucket/..%2f..%2f..%2fetc%2fpasswd"),
    "a key with a zero byte": http("GET /bucket/a%00b"),
    "a key that is no text": http("GET /bucket/%ff%fe"),
    "a key of ten thousand characters": http("GET /bucket/" + "k" * 10_000),
    "an unknown subresource": http("GET /bucket?dance"),
    "an unknown method": http("BREW /bucket/key"),
    "xml that is no xml": http("PUT /bucket?versioning", "", "<a"),
    "xml with entities": http(
        "POST /bucket?delete", "",
        '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>',
    ),
    "a path of ten thousand slashes": http("GET /" + "/" * 10_000),
    "an internal page that is not there": http("GET /_arnold/nothing"),
    "a clock that is no clock": http("POST /_arnold/clock", "Content-Type: application/json\r\n", '{"advance": "x"}'),
    "a clock of nonsense": http("POST /_arnold/clock", "Content-Type: application/json\r\n", "{"),
    "an unknown sso path": http("GET /federation/nothing"),
    "an unknown content type": http("POST /", "Content-Type: text/strange\r\n", "Action=GetCallerIdentity"),
}

# Not even HTTP, or not a request that may be answered in full: a refusal or a hang-up.
BYTES = {
    "nothing": b"",
    "noise": bytes(range(256)),
    "a tls hello": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200,
    "no version": b"GET /\r\n\r\n",
    "version 9": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n",
    "a header with a space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\nConnection: close\r\n\r\n",
    "a header with a zero byte": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: \x00\r\n\r\n",
    "a million header bytes": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "ten thousand headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: 1\r\n" * 10_000 + b"\r\n",
    "an endless path": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length that is a word": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a broken chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a chunk of terabytes": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\na",
    "less than was promised": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
    "an unknown transfer coding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: magic\r\n\r\n",
    "http 2 by surprise": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "a connect": b"CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "a whole url": b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
}

CODE = re.compile(
    rb"<Code>[\w.]+</Code>|\"__type\":\s*\"[\w.#]+\"|\"Code\":\s*\"[\w.]+\"|\"code\":\s*\"[\w.]+\"|\"error\":\s*\"[^\"]+\""
    rb"|x-amzn-errortype: \w+",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", list(REQUESTS))
def test_a_malformed_request_is_refused_with_a_code(shared, name):
    status, answer = exchange(shared, REQUESTS[name])
    if status == 302:
        # AWS sends a browser that asks for nothing on to a page.
        assert REQUESTS[name].startswith((b"GET / ", b"POST / ")) and b"Action=" not in REQUESTS[name]
        return
    # 501 is what S3 answers to what it knows and does not do.
    assert status is not None and (400 <= status < 500 or status == 501), answer[:300]
    assert CODE.search(answer), answer[:600]


@pytest.mark.parametrize("name", list(BYTES))
def test_what_is_hardly_http_gets_no_more_than_a_refusal(shared, name):
    status, answer = exchange(shared, BYTES[name])
    assert status is None or 400 <= status < 500 or status == 501, answer[:300]
    assert requests.get(f"{shared.url}/_arnold/health", timeout=30).status_code == 200


def test_a_body_larger_than_aws_takes_is_refused(shared):
    largest = 10_000_000
    status, _ = exchange(shared, http("POST /", FORM, b"a" * (largest + 1)))
    assert status == 413
    status, _ = exchange(shared, http("POST /", FORM, b"Action=Dance&Version=2011-06-15&a=" + b"a" * (largest - 100)))
    assert status in (400, 403)


def signed_request(arnold, service, form):
    """The bytes of a request that is good as it stands."""
    request = botocore.awsrequest.AWSRequest(
        "POST", f"{arnold.url}/", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    botocore.auth.SigV4Auth(ADMIN.credentials(), service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    body = prepared.body if isinstance(prepared.body, bytes) else prepared.body.encode()
    lines = [f"{name}: {value}" for name, value in prepared.headers.items() if name.lower() != "content-length"]
    lines += [f"Host: 127.0.0.1:{arnold.port}", "Connection: close", f"Content-Length: {len(body)}"]
    return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body


def test_a_good_request_with_any_bytes_changed_never_finds_a_fault_of_ours(arnold):
    good = signed_request(arnold, "iam", {"Action": "GetUser", "Version": "2010-05-08", "UserName": "admin"})
    assert exchange(arnold, good)[0] == 200
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(len(data))
            kind = chance.random()
            if kind < 0.6:
                data[at] = chance.randrange(256)
            elif kind < 0.8:
                del data[at : at + chance.randrange(1, 20)]
            else:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 20)))
        status, answer = exchange(arnold, bytes(data))
        assert status is None or status < 500 or status == 501, f"seed {seed}: {bytes(data)!r} -> {answer[:200]!r}"
    assert exchange(arnold, good)[0] == 200
