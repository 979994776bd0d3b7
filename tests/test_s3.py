"""S3: objects as its clients expect them, and every door of a bucket enforced."""

import http.client
import json
import subprocess
import threading

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import pytest
import requests

from arnold import ADMIN, MAIN, SECOND, SECOND_ADMIN
from company import allow, make_user
from provider import NODE

BUCKET = "works"
ARN = f"arn:aws:s3:::{BUCKET}"
OWNER = "x-amz-expected-bucket-owner"


@pytest.fixture
def s3(arnold):
    client = arnold.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def bucket_policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# Objects


def test_an_object_comes_back_as_it_was_put(s3):
    put = s3.put_object(
        Bucket=BUCKET, Key="a/ü b.txt", Body=b"hello", ContentType="text/plain", Metadata={"color": "blue"}
    )
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert put["ServerSideEncryption"] == "AES256"
    read = s3.get_object(Bucket=BUCKET, Key="a/ü b.txt")
    assert read["Body"].read() == b"hello"
    assert (read["ContentType"], read["Metadata"], read["ETag"]) == ("text/plain", {"color": "blue"}, put["ETag"])
    head = s3.head_object(Bucket=BUCKET, Key="a/ü b.txt")
    assert head["ContentLength"] == 5 and head["AcceptRanges"] == "bytes"


def test_a_bucket_is_named_by_the_host_of_http2_too(arnold, s3):
    s3.put_object(Bucket=BUCKET, Key="console/a", Body=b"of the bucket")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy(everybody))
    host = f"{BUCKET}.s3.us-east-1.amazonaws.com"
    asked = subprocess.run(
        ["node", "second.mjs", arnold.url, host, "/console/a"], cwd=NODE, capture_output=True, text=True, timeout=60
    )
    assert json.loads(asked.stdout) == {"status": 200, "body": "of the bucket"}, asked.stderr


def test_what_has_no_type_is_bytes(s3):
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"")
    assert s3.get_object(Bucket=BUCKET, Key="a")["ContentType"] == "binary/octet-stream"


def test_ranges_are_cut_out(s3, refused):
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"0123456789")
    for asked, expected in (("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-2", b"89"), ("bytes=8-99", b"89")):
        part = s3.get_object(Bucket=BUCKET, Key="a", Range=asked)
        assert part["Body"].read() == expected
        assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    with refused("InvalidRange", 416):
        s3.get_object(Bucket=BUCKET, Key="a", Range="bytes=10-")


def test_a_range_goes_on_with_the_same_object_only(arnold, s3):
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"0123456789")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a"})
    head = requests.get(url, timeout=10).headers
    for held, status in (
        (head["ETag"], 206),
        (head["Last-Modified"], 206),
        ('"another"', 200),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 200),
    ):
        answer = requests.get(url, headers={"Range": "bytes=4-", "If-Range": held}, timeout=10)
        expected = b"456789" if status == 206 else b"0123456789"
        assert (answer.status_code, answer.content) == (status, expected), held


def test_a_bucket_may_stand_before_localhost(arnold, s3):
    """As SDKs write it that were given an address with a name."""
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"hello")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a"})
    for version in ("s3", "s3v4"):
        there = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=f"http://localhost:{arnold.port}",
            aws_access_key_id=ADMIN.access_key_id,
            aws_secret_access_key=ADMIN.secret_access_key,
            config=botocore.config.Config(signature_version=version, s3={"addressing_style": "virtual"}),
        )
        url = there.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a"})
        host = f"{BUCKET}.localhost:{arnold.port}"
        assert host in url
        url = url.replace(host, f"127.0.0.1:{arnold.port}")
        assert requests.get(url, headers={"Host": host}, timeout=10).content == b"hello"


@pytest.mark.parametrize("value", ["many", "2147483648", "1.5"])
def test_what_is_no_number_is_named(arnold, s3, value):
    url = arnold.client("s3", signature_version="s3").generate_presigned_url("list_objects_v2", Params={"Bucket": BUCKET})
    answer = requests.get(f"{url}&max-keys={value}", timeout=10)
    assert answer.status_code == 400
    assert "<Message>Provided max-keys not an integer or within integer range</Message>" in answer.text
    assert f"<ArgumentName>max-keys</ArgumentName><ArgumentValue>{value}</ArgumentValue>" in answer.text


def test_conditions_of_the_reader_are_kept(s3, refused):
    tag = s3.put_object(Bucket=BUCKET, Key="a", Body=b"hello")["ETag"]
    s3.get_object(Bucket=BUCKET, Key="a", IfMatch=tag)
    with refused("PreconditionFailed", 412):
        s3.get_object(Bucket=BUCKET, Key="a", IfMatch='"other"')
    with refused("304"):
        s3.get_object(Bucket=BUCKET, Key="a", IfNoneMatch=tag)
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"again", IfNoneMatch="*")


def test_absent_things_are_absent(s3, refused):
    with refused("NoSuchKey", 404, "The specified key does not exist."):
        s3.get_object(Bucket=BUCKET, Key="absent")
    with refused("NoSuchBucket", 404, "The specified bucket does not exist"):
        s3.get_object(Bucket="absent-bucket", Key="a")
    with refused("404", 404):
        s3.head_object(Bucket=BUCKET, Key="absent")
    s3.delete_object(Bucket=BUCKET, Key="absent")


def test_who_may_not_list_does_not_learn_what_is_absent(arnold, s3, refused):
    keys = make_user(arnold.client("iam"), "ann", allow("s3:GetObject", f"{ARN}/*"))
    with refused("AccessDenied", 403):
        arnold.client("s3", keys).get_object(Bucket=BUCKET, Key="absent")


def test_a_delete_marker_is_told_to_those_who_may_not_read(arnold, s3, refused):
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=BUCKET, Key="item", Body=b"item")["VersionId"]
    marker = s3.delete_object(Bucket=BUCKET, Key="item")["VersionId"]
    nobody_reads = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"{ARN}/*",
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy(nobody_reads))
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=BUCKET, Key="item")
    with refused("404", 404):
        s3.head_object(Bucket=BUCKET, Key="item")
    with refused("MethodNotAllowed", 405):
        s3.get_object(Bucket=BUCKET, Key="item", VersionId=marker)
    denial = (
        f'User: arn:aws:iam::{MAIN}:user/admin is not authorized to perform: s3:GetObjectVersion on resource: "{ARN}/item" '
        "with an explicit deny in a resource-based policy"
    )
    with refused("AccessDenied", 403, denial):
        s3.get_object(Bucket=BUCKET, Key="item", VersionId=version)
    # Who may not list the bucket learns nothing of markers.
    stranger = arnold.client("s3", make_user(arnold.client("iam"), "ann"))
    for more in ({}, {"VersionId": marker}):
        with refused("AccessDenied", 403):
            stranger.get_object(Bucket=BUCKET, Key="item", **more)


@pytest.mark.parametrize("expires", ["Thu, 01 Dec 1994 16:00:00 GMT", "-1", "never"])
def test_expires_comes_back_as_it_was_given(arnold, s3, expires):
    address = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "a"})
    assert requests.put(address, data=b"a", headers={"Expires": expires}, timeout=10).status_code == 200
    address = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a"})
    assert requests.get(address, timeout=10).headers["Expires"] == expires


def test_the_owner_of_a_bucket_is_said_in_one_place(arnold, s3):
    def ask(in_address, in_header):
        request = botocore.awsrequest.AWSRequest(
            "GET",
            f"{arnold.url}/{BUCKET}/a",
            params={OWNER: in_address} if in_address else {},
            headers={OWNER: in_header} if in_header else {},
        )
        botocore.auth.S3SigV4QueryAuth(ADMIN.credentials(), "s3", "us-east-1", expires=60).add_auth(request)
        prepared = request.prepare()
        answer = requests.get(prepared.url, headers=dict(prepared.headers), timeout=10)
        return answer.status_code, "not both" in answer.text

    s3.put_object(Bucket=BUCKET, Key="a", Body=b"a")
    assert ask(MAIN, None) == (200, False)
    assert ask(None, MAIN) == (200, False)
    assert ask(SECOND, None) == (403, False)
    assert ask(MAIN, MAIN) == ask(MAIN, SECOND) == (400, True)


def test_parts_without_checksums_are_not_confirmed_by_any(arnold, s3, refused):
    plain = arnold.client("s3", request_checksum_calculation="when_required")
    upload = plain.create_multipart_upload(Bucket=BUCKET, Key="n")["UploadId"]
    ask = {"Bucket": BUCKET, "Key": "n", "UploadId": upload}
    tag = plain.upload_part(**ask, PartNumber=1, Body=b"hello")["ETag"]
    part = {"PartNumber": 1, "ETag": tag}
    for checksum in ({"ChecksumCRC32": "NhCmhg=="}, {"ChecksumCRC64NVME": "M3eFcAZSQlc="}):
        with refused("InvalidPart", 400):
            plain.complete_multipart_upload(**ask, MultipartUpload={"Parts": [{**part, **checksum}]})
    whole = plain.complete_multipart_upload(**ask, MultipartUpload={"Parts": [part]})
    assert whole["ChecksumCRC64NVME"] == "M3eFcAZSQlc="


def test_lists_fold_at_the_delimiter_and_come_in_pages(s3):
    keys = [f"{folder}/{number}" for folder in ("a", "b") for number in range(5)] + ["top"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    folded = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    assert [item["Prefix"] for item in folded["CommonPrefixes"]] == ["a/", "b/"]
    assert [item["Key"] for item in folded["Contents"]] == ["top"]
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 4}))
    assert [len(page["Contents"]) for page in pages] == [4, 4, 3]
    assert [item["Key"] for page in pages for item in page["Contents"]] == keys
    first = s3.list_objects(Bucket=BUCKET, MaxKeys=2)
    assert first["IsTruncated"] and [item["Key"] for item in first["Contents"]] == ["a/0", "a/1"]
    after = s3.list_objects_v2(Bucket=BUCKET, StartAfter="b/3")
    assert [item["Key"] for item in after["Contents"]] == ["b/4", "top"]


def test_many_objects_are_deleted_at_once(s3):
    for key in "abc":
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "absent"}]})
    assert {item["Key"] for item in answer["Deleted"]} == {"a", "b", "absent"}
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1


def test_objects_are_copied(s3):
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"hello", Metadata={"k": "v"})
    s3.copy_object(Bucket=BUCKET, Key="b", CopySource=f"{BUCKET}/a")
    copy = s3.get_object(Bucket=BUCKET, Key="b")
    assert copy["Body"].read() == b"hello" and copy["Metadata"] == {"k": "v"}


def test_an_upload_in_parts_becomes_one_object(s3, refused):
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="big")["UploadId"]
    parts = []
    for number, body in ((1, b"a" * 5 * 1024 * 1024), (2, b"b" * 100)):
        answer = s3.upload_part(Bucket=BUCKET, Key="big", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    assert not s3.list_objects_v2(Bucket=BUCKET).get("Contents")
    assert len(s3.list_parts(Bucket=BUCKET, Key="big", UploadId=upload)["Parts"]) == 2
    done = s3.complete_multipart_upload(Bucket=BUCKET, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-2"')
    assert s3.head_object(Bucket=BUCKET, Key="big")["ContentLength"] == 5 * 1024 * 1024 + 100
    # As recorded from AWS: whoever lost the answer asks again.
    again = s3.complete_multipart_upload(Bucket=BUCKET, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert again["ETag"] == done["ETag"] and "ChecksumType" in done and "ChecksumType" not in again
    s3.abort_multipart_upload(Bucket=BUCKET, Key="big", UploadId=upload)
    assert s3.head_object(Bucket=BUCKET, Key="big")["ETag"] == done["ETag"]
    with refused("NoSuchUpload", 404):
        s3.complete_multipart_upload(Bucket=BUCKET, Key="big", UploadId=upload, MultipartUpload={"Parts": parts[:1]})
    with refused("NoSuchUpload", 404):
        s3.list_parts(Bucket=BUCKET, Key="big", UploadId=upload)


def test_a_damaged_upload_is_refused(s3, refused):
    with refused("BadDigest", 400):
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"hello", ChecksumCRC32="AAAAAA==")
    with refused("BadDigest", 400):
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"hello", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


# Each is the checksum of `hello`.
CHECKSUMS = {
    "CRC32": "NhCmhg==",
    "CRC32C": "mnG7TA==",
    "CRC64NVME": "M3eFcAZSQlc=",
    "SHA1": "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
    "SHA256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
}


@pytest.mark.parametrize("algorithm", list(CHECKSUMS))
def test_checksums_are_checked_kept_and_given_back(s3, refused, algorithm):
    given = {f"Checksum{algorithm}": CHECKSUMS[algorithm]}
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"hello", **given)
    head = s3.head_object(Bucket=BUCKET, Key="a", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == CHECKSUMS[algorithm]
    assert head["ChecksumType"] == "FULL_OBJECT"
    with refused("BadDigest", 400):
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"hellO", **given)


def test_keys_that_look_like_paths_are_only_names(s3):
    for key in ("../up", "a/../b", "/abs", "a//b", "dir/", "dir", ".", "..", "%2e%2e", "a\\b", "x" * 1024):
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert len(listed) == 11
    for key in listed:
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()


def test_writers_of_one_key_leave_one_whole_object(arnold, s3):
    bodies = [bytes([65 + number]) * 200_000 for number in range(8)]
    threads = [
        threading.Thread(target=s3.put_object, kwargs={"Bucket": BUCKET, "Key": "a", "Body": body}) for body in bodies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() in bodies


# Buckets


@pytest.mark.parametrize("name", ["Ab", "UPPER-CASE", "under_score", "a.b..c", "192.168.1.1", "-dash", "x" * 64])
def test_impossible_bucket_names_are_refused(arnold, refused, name):
    client = arnold.client("s3", parameter_validation=False)
    with refused("InvalidBucketName", 400):
        client.create_bucket(Bucket=name)


def test_bucket_names_are_unique_among_all_accounts(arnold, s3, refused):
    with refused("BucketAlreadyExists", 409):
        arnold.client("s3", SECOND_ADMIN).create_bucket(Bucket=BUCKET)


def test_a_bucket_with_objects_is_not_deleted(s3, refused):
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"")
    with refused("BucketNotEmpty", 409, "The bucket you tried to delete is not empty"):
        s3.delete_bucket(Bucket=BUCKET)
    s3.delete_object(Bucket=BUCKET, Key="a")
    s3.delete_bucket(Bucket=BUCKET)
    with refused("NoSuchBucket", 404):
        s3.list_objects_v2(Bucket=BUCKET)


def test_another_account_needs_the_bucket_policy_and_its_own(arnold, s3, refused):
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"a")
    theirs = arnold.client("s3", SECOND_ADMIN)
    with refused("AccessDenied", 403):
        theirs.get_object(Bucket=BUCKET, Key="a")
    s3.put_bucket_policy(
        Bucket=BUCKET,
        Policy=bucket_policy({**allow("s3:GetObject", f"{ARN}/*"), "Principal": {"AWS": f"arn:aws:iam::{SECOND}:root"}}),
    )
    assert theirs.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a"
    powerless = make_user(arnold.client("iam", SECOND_ADMIN), "ann")
    with refused("AccessDenied", 403):
        arnold.client("s3", powerless).get_object(Bucket=BUCKET, Key="a")


def test_a_bucket_policy_alone_suffices_in_its_own_account(arnold, s3, refused):
    keys = make_user(arnold.client("iam"), "ann")
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"a")
    s3.put_bucket_policy(
        Bucket=BUCKET,
        Policy=bucket_policy({**allow("s3:GetObject", f"{ARN}/*"), "Principal": {"AWS": f"arn:aws:iam::{MAIN}:user/ann"}}),
    )
    client = arnold.client("s3", keys)
    client.get_object(Bucket=BUCKET, Key="a")
    with refused("AccessDenied", 403):
        client.put_object(Bucket=BUCKET, Key="a", Body=b"b")


def test_public_access_needs_a_policy_and_no_block(arnold, s3, refused):
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"open")
    public = bucket_policy({**allow("s3:GetObject", f"{ARN}/*"), "Principal": "*"})
    with refused("AccessDenied", 403):
        s3.put_bucket_policy(Bucket=BUCKET, Policy=public)
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=public)
    url = f"{arnold.url}/{BUCKET}/a"
    assert requests.get(url, timeout=30).content == b"open"
    block = {name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)
    assert requests.get(url, timeout=30).status_code == 403


@pytest.mark.parametrize(
    "condition, parameters, allowed",
    [
        ({"StringEquals": {"s3:prefix": "home/"}}, {"Prefix": "home/"}, True),
        ({"StringEquals": {"s3:prefix": "home/"}}, {"Prefix": "other/"}, False),
        ({"StringEquals": {"s3:prefix": "home/"}}, {}, False),
        ({"StringEquals": {"s3:delimiter": "/"}}, {"Delimiter": "/"}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"MaxKeys": 10}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"MaxKeys": 11}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.1"}}, {}, True),
    ],
)
def test_conditions_on_lists(arnold, s3, refused, condition, parameters, allowed):
    keys = make_user(arnold.client("iam"), "ann", allow("s3:ListBucket", ARN, **condition))
    client = arnold.client("s3", keys)
    if allowed:
        client.list_objects_v2(Bucket=BUCKET, **parameters)
    else:
        with refused("AccessDenied", 403):
            client.list_objects_v2(Bucket=BUCKET, **parameters)


def test_tags_of_objects_count_in_policies(arnold, s3, refused):
    s3.put_object(Bucket=BUCKET, Key="open", Body=b"", Tagging="class=public")
    s3.put_object(Bucket=BUCKET, Key="closed", Body=b"", Tagging="class=secret")
    keys = make_user(
        arnold.client("iam"), "ann",
        allow("s3:GetObject", f"{ARN}/*", StringEquals={"s3:ExistingObjectTag/class": "public"}),
    )
    client = arnold.client("s3", keys)
    client.get_object(Bucket=BUCKET, Key="open")
    with refused("AccessDenied", 403):
        client.get_object(Bucket=BUCKET, Key="closed")
    s3.put_object_tagging(Bucket=BUCKET, Key="closed", Tagging={"TagSet": [{"Key": "class", "Value": "public"}]})
    client.get_object(Bucket=BUCKET, Key="closed")


def test_a_copy_needs_both_ends(arnold, s3, refused):
    s3.put_object(Bucket=BUCKET, Key="in/a", Body=b"a")
    keys = make_user(
        arnold.client("iam"), "ann",
        allow("s3:GetObject", f"{ARN}/in/*"), allow("s3:PutObject", f"{ARN}/out/*"),
    )
    client = arnold.client("s3", keys)
    client.copy_object(Bucket=BUCKET, Key="out/a", CopySource=f"{BUCKET}/in/a")
    for source, target in (("in/a", "in/b"), ("out/a", "out/b")):
        with refused("AccessDenied", 403):
            client.copy_object(Bucket=BUCKET, Key=target, CopySource=f"{BUCKET}/{source}")


def test_deleting_many_asks_for_each(arnold, s3):
    for key in ("mine/a", "theirs/b"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    keys = make_user(arnold.client("iam"), "ann", allow("s3:DeleteObject", f"{ARN}/mine/*"))
    answer = arnold.client("s3", keys).delete_objects(
        Bucket=BUCKET, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "theirs/b"}]}
    )
    assert [item["Key"] for item in answer["Deleted"]] == ["mine/a"]
    assert [(item["Key"], item["Code"]) for item in answer["Errors"]] == [("theirs/b", "AccessDenied")]


def test_a_malformed_bucket_policy_is_refused(s3, refused):
    for document in (
        "{",
        bucket_policy(allow("s3:GetObject", f"{ARN}/*")),
        bucket_policy({**allow("s3:GetObject", "arn:aws:s3:::another-bucket/*"), "Principal": {"AWS": MAIN}}),
    ):
        with refused("MalformedPolicy", 400):
            s3.put_bucket_policy(Bucket=BUCKET, Policy=document)


def test_cors_is_kept_and_answered(arnold, s3):
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://app.example"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"][0]["AllowedOrigins"] == ["https://app.example"]
    ask = lambda origin: requests.options(
        f"{arnold.url}/{BUCKET}/a",
        headers={"Origin": origin, "Access-Control-Request-Method": "GET"},
        timeout=30,
    )
    good = ask("https://app.example")
    assert good.status_code == 200
    assert good.headers["access-control-allow-origin"] == "https://app.example"
    assert ask("https://evil.example").status_code == 403


def test_a_new_bucket_encrypts_and_blocks_keys_of_callers(s3):
    """As recorded from AWS of a bucket to which nobody said anything of encryption."""
    assert s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"] == [
        {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BucketKeyEnabled": False,
            "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
        }
    ]


def test_a_connection_goes_on_after_requests_without_a_body(arnold, s3):
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"there")
    there = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "kept"})
    gone = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "none"})
    connection = http.client.HTTPConnection("127.0.0.1", arnold.port, timeout=10)
    connection.connect()
    line = connection.sock
    for url, status in ((there, 200), (gone, 404), (there, 200)):
        connection.request("GET", url.removeprefix(arnold.url))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        assert connection.sock is line, "it was closed"
    connection.close()
