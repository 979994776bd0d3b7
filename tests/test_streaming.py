"""Uploads in signed chunks: every chunk and every trailer is checked before it is believed.

The chunks are signed here once more by the book, so that a mistake of ours cannot agree with
itself. AWS: "Signature calculations for the Authorization header: transferring payload in
multiple chunks".
"""

import base64
import datetime
import hashlib
import hmac
import subprocess
import zlib

import pytest
import requests

import tellers
from arnold import ADMIN, Keys

EMPTY = hashlib.sha256(b"").hexdigest()
BUCKET = "streams"
BODY = bytes(range(256)) * 700
CHUNK = 65536


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Upload:
    """One streamed PUT, whose parts can be spoiled before it is sent."""

    def __init__(self, arnold, kind="AWS4-HMAC-SHA256-PAYLOAD", trailer=False, keys=ADMIN, body=BODY):
        self.arnold, self.keys, self.trailer, self.body = arnold, keys, trailer, body
        self.signed = kind.startswith("AWS4")
        now = datetime.datetime.now(datetime.timezone.utc)
        self.date = now.strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.date[:8]}/us-east-1/s3/aws4_request"
        key = f"AWS4{keys.secret_access_key}".encode()
        for part in self.scope.split("/"):
            key = sign(key, part)
        self.key = key
        self.headers = {
            "content-encoding": "aws-chunked",
            "host": f"127.0.0.1:{arnold.port}",
            "x-amz-content-sha256": f"STREAMING-{kind}{'-TRAILER' if trailer else ''}",
            "x-amz-date": self.date,
            "x-amz-decoded-content-length": str(len(body)),
        }
        if trailer:
            self.headers["x-amz-trailer"] = "x-amz-checksum-crc32"
        if keys.session_token:
            self.headers["x-amz-security-token"] = keys.session_token
        self.seed = self._seed()
        self.chunks = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)] + [b""]
        self.signatures = self._signatures()
        self.checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        self.trailer_signature = self._trailer_signature()

    def _seed(self):
        names = ";".join(sorted(self.headers))
        canonical = "".join(f"{name}:{self.headers[name]}\n" for name in sorted(self.headers))
        request = f"PUT\n/{BUCKET}/a\n\n{canonical}\n{names}\n{self.headers['x-amz-content-sha256']}"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = sign(self.key, f"AWS4-HMAC-SHA256\n{self.date}\n{self.scope}\n{digest}").hex()
        self.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.keys.access_key_id}/{self.scope},"
            f"SignedHeaders={names},Signature={signature}"
        )
        return signature

    def _signatures(self):
        previous, made = self.seed, []
        for chunk in self.chunks:
            text = (
                f"AWS4-HMAC-SHA256-PAYLOAD\n{self.date}\n{self.scope}\n{previous}\n{EMPTY}\n"
                f"{hashlib.sha256(chunk).hexdigest()}"
            )
            previous = sign(self.key, text).hex()
            made.append(previous)
        return made

    def _trailer_signature(self):
        digest = hashlib.sha256(f"x-amz-checksum-crc32:{self.checksum}\n".encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256-TRAILER\n{self.date}\n{self.scope}\n{self.signatures[-1]}\n{digest}"
        return sign(self.key, text).hex()

    def encoded(self):
        pieces = []
        for chunk, signature in zip(self.chunks, self.signatures, strict=True):
            extension = f";chunk-signature={signature}" if self.signed else ""
            end = b"" if not chunk and self.trailer else b"\r\n"
            pieces.append(f"{len(chunk):x}{extension}\r\n".encode() + chunk + end)
        if self.trailer:
            pieces.append(f"x-amz-checksum-crc32:{self.checksum}\r\n".encode())
            if self.signed:
                pieces.append(f"x-amz-trailer-signature:{self.trailer_signature}\r\n".encode())
            pieces.append(b"\r\n")
        return b"".join(pieces)

    def send(self, data=None):
        return requests.put(
            f"{self.arnold.url}/{BUCKET}/a", data=self.encoded() if data is None else data,
            headers=self.headers, timeout=20,
        )


@pytest.fixture
def s3(arnold):
    client = arnold.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


KINDS = {
    "signed": {},
    "signed with a trailer": {"trailer": True},
    "unsigned with a trailer": {"kind": "UNSIGNED-PAYLOAD", "trailer": True},
}
EVERY_KIND = pytest.mark.parametrize("kind", list(KINDS))


def stored(s3):
    return s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])


def refusal(answer, *codes):
    assert 400 <= answer.status_code <= 403, (answer.status_code, answer.text)
    assert any(f"<Code>{code}</Code>" in answer.text for code in codes), answer.text


@EVERY_KIND
def test_a_good_stream_is_stored(arnold, s3, kind):
    answer = Upload(arnold, **KINDS[kind]).send()
    assert answer.status_code == 200, answer.text
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() == BODY


@EVERY_KIND
def test_a_session_streams_too(arnold, s3, kind):
    keys = Keys.of(arnold.client("sts").get_session_token()["Credentials"])
    answer = Upload(arnold, keys=keys, **KINDS[kind]).send()
    assert answer.status_code == 200, answer.text


@EVERY_KIND
def test_an_empty_stream_is_an_empty_object(arnold, s3, kind):
    answer = Upload(arnold, body=b"", **KINDS[kind]).send()
    assert answer.status_code == 200, answer.text
    assert s3.head_object(Bucket=BUCKET, Key="a")["ContentLength"] == 0


@pytest.mark.parametrize("at", [0, 1, -2])
@pytest.mark.parametrize("kind", ["signed", "signed with a trailer"])
def test_a_changed_chunk_is_refused(arnold, s3, kind, at):
    upload = Upload(arnold, **KINDS[kind])
    chunk = upload.chunks[at]
    upload.chunks[at] = chunk[:-1] + bytes([chunk[-1] ^ 1])
    refusal(upload.send(), "SignatureDoesNotMatch")
    assert not stored(s3)


@pytest.mark.parametrize("kind", ["signed", "signed with a trailer"])
def test_chunks_in_another_order_are_refused(arnold, s3, kind):
    upload = Upload(arnold, **KINDS[kind])
    for row in (upload.chunks, upload.signatures):
        row[0], row[1] = row[1], row[0]
    refusal(upload.send(), "SignatureDoesNotMatch")
    assert not stored(s3)


@pytest.mark.parametrize("kind", ["signed", "signed with a trailer"])
def test_a_stream_without_its_last_chunk_is_refused(arnold, s3, kind):
    upload = Upload(arnold, **KINDS[kind])
    upload.chunks.pop()
    upload.signatures.pop()
    refusal(upload.send(), "IncompleteBody", "SignatureDoesNotMatch", "InvalidRequest", "MalformedTrailerError")
    assert not stored(s3)


@EVERY_KIND
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_length_that_is_not_the_one_promised_is_refused(arnold, s3, kind, difference):
    upload = Upload(arnold, **KINDS[kind])
    right = upload.encoded()
    other = Upload(arnold, body=BODY[:difference] if difference < 0 else BODY + b"x", **KINDS[kind])
    upload.chunks, upload.headers = other.chunks, {**upload.headers}
    # The chunks of `other` in the envelope of `upload`, chained to its own seed signature.
    upload.signatures = upload._signatures()
    upload.checksum = other.checksum
    upload.trailer_signature = upload._trailer_signature()
    assert upload.encoded() != right
    refusal(upload.send(), "IncompleteBody", "InvalidRequest", "BadDigest")
    assert not stored(s3)


@pytest.mark.parametrize("kind", ["signed with a trailer", "unsigned with a trailer"])
def test_a_trailer_that_is_wrong_is_refused(arnold, s3, kind):
    upload = Upload(arnold, **KINDS[kind])
    upload.checksum = "AAAAAA=="
    refusal(upload.send(), "SignatureDoesNotMatch", "BadDigest")
    upload.trailer_signature = upload._trailer_signature()
    refusal(upload.send(), "BadDigest")
    assert not stored(s3)


def test_a_trailer_that_is_missing_is_refused(arnold, s3):
    upload = Upload(arnold, trailer=True)
    whole = upload.encoded()
    at = whole.index(b"x-amz-checksum-crc32")
    refusal(upload.send(whole[:at] + b"\r\n"), "MalformedTrailerError", "IncompleteBody", "SignatureDoesNotMatch", "InvalidRequest")
    assert not stored(s3)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"zz\r\n", b"-1\r\n\r\n", b"ffffffffffffffffffff;chunk-signature=0\r\n", b"5;chunk-signature=\r\nhello\r\n", b"\r\n" * 100],
)
def test_what_is_no_stream_is_refused(arnold, s3, garbage):
    answer = Upload(arnold).send(garbage)
    assert 400 <= answer.status_code <= 403, answer.text
    assert "<Code>" in answer.text
    assert not stored(s3)


def test_the_javascript_sdk_streams_what_it_does_not_know_the_end_of(arnold, s3):
    program = """
        import { Readable } from 'node:stream';
        import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
        const body = Buffer.alloc(200000, 'a');
        const s3 = new S3Client({ forcePathStyle: true, maxAttempts: 1 });
        await s3.send(new PutObjectCommand({
          Bucket: 'streams', Key: 'a', Body: Readable.from([body]), ContentLength: body.length,
        }));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-"], input=program, cwd=tellers.NODE,
        env=arnold.cli_environment(), capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a" * 200_000
