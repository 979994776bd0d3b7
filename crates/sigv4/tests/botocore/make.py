"""Writes requests as botocore signs them, for the verifier to agree with.

Usage: make.py > requests.jsonl

Signers are driven directly with awkward requests, and whole clients with what they are asked
most often; the clients' requests are caught before they are sent. Time stands still and
nothing leaves the machine. The access key has no meaning.
"""

import base64
import datetime
import io
import json
import random
from unittest import mock
from urllib.parse import urlsplit

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.compat
import botocore.config
import botocore.credentials

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
ACCESS_KEY_ID = "AKIAQAAAAAAAEXAMPLE2"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEHUaCXVzLWVhc3QtMSJ/+0=/+EXAMPLE//token=="
PLAIN = botocore.credentials.Credentials(ACCESS_KEY_ID, SECRET)
SESSION = botocore.credentials.Credentials(ACCESS_KEY_ID, SECRET, TOKEN)


def write(name, prepared, service, bucket_in_host=None):
    _, host, path, query, _ = urlsplit(prepared.url)
    headers = [[key, value if isinstance(value, str) else value.decode()] for key, value in prepared.headers.items()]
    if not any(key.lower() == "host" for key, _ in headers):
        headers.append(["Host", host])
    body = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    print(json.dumps({
        "name": name, "service": service, "now_s": int(NOW.timestamp()), "secret": SECRET,
        "token": TOKEN if TOKEN in json.dumps(headers) or "oken=" in query.lower() else None,
        "method": prepared.method, "path": path or "/", "query": query, "headers": headers,
        "body": base64.b64encode(body).decode(), "bucket_in_host": bucket_in_host,
    }))


PATHS = ["/", "", "/analyzer/a%20b", "/analyzer/arn%3Aaws%3Ax%2Fy", "/a/./b/../c", "//a//b", "/a/", "/~a-b_c.d", "/%C3%BC", "/a+b", "/a=b;c,d@e!f$g'h(i)*j"]
# Signers for S3 take the path as already encoded, as its client encodes it.
S3_PATHS = [path for path in PATHS if path and "=" not in path and "+" not in path] + ["/bucket/a//b", "/bucket/../x", "/bucket/.", "/bucket/%2F", "/bucket/%F0%9F%98%80", "/bucket/a%2Bb%20c"]
QUERIES = ["", "acl", "acl=", "b=2&a=1", "a=2&a=1", "a=b%20c", "a=b%2Bc", "A=1&a=2&B=3", "a-b=1&a=2&a.b=3", "x=%C3%BC", "x=%E2%82%AC&y=%F0%9F%98%80", "a=b%3Dc", "prefix=a%2Fb&delimiter=%2F&list-type=2", "a=~-_."]


def signers():
    chance = random.Random(20260102)
    for credentials in (PLAIN, SESSION):
        for path in PATHS:
            for query in chance.sample(QUERIES, 4):
                url = f"https://access-analyzer.us-east-1.amazonaws.com{path}" + (f"?{query}" if query else "")
                request = botocore.awsrequest.AWSRequest("GET", url, headers={"X-Thing": "  a   b  c "})
                botocore.auth.SigV4Auth(credentials, "access-analyzer", "eu-west-1").add_auth(request)
                write(f"header {path}?{query}", request.prepare(), "access-analyzer")
                if credentials is SESSION and not query:
                    continue
                request = botocore.awsrequest.AWSRequest("GET", url)
                botocore.auth.SigV4QueryAuth(credentials, "access-analyzer", "eu-west-1", expires=60).add_auth(request)
                write(f"query {path}?{query}", request.prepare(), "access-analyzer")
        for path in S3_PATHS:
            for query in chance.sample(QUERIES, 3):
                url = f"http://127.0.0.1:4566{path}" + (f"?{query}" if query else "")
                body = chance.randbytes(chance.randrange(200))
                request = botocore.awsrequest.AWSRequest("PUT", url, data=body, headers={"Content-Type": "text/plain", "x-amz-meta-a": "b  c"})
                botocore.auth.S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
                write(f"s3 header {path}?{query}", request.prepare(), "s3")
                request = botocore.awsrequest.AWSRequest("GET", url)
                botocore.auth.S3SigV4QueryAuth(credentials, "s3", "us-east-1", expires=604800).add_auth(request)
                write(f"s3 query {path}?{query}", request.prepare(), "s3")


class Caught(Exception):
    pass


def caught(client, call):
    found = []

    def keep(request, **_):
        found.append(request)
        raise Caught

    client.meta.events.register("before-send", keep)
    try:
        call(client)
    except Caught:
        pass
    client.meta.events.unregister("before-send", keep)
    return found[0]


def client(service, credentials=SESSION, endpoint=None, **config):
    return boto3.client(
        service, region_name="us-west-2", endpoint_url=endpoint,
        aws_access_key_id=credentials.access_key, aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=botocore.config.Config(retries={"max_attempts": 0}, **config),
    )


def clients():
    role = {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "s+=,.@-"}
    calls = [
        ("sts", "get_caller_identity", {}),
        ("sts", "assume_role", {**role, "Tags": [{"Key": "Ü k", "Value": "v/&="}], "Policy": "{\"a\": \"*\"}"}),
        ("iam", "list_users", {"PathPrefix": "/a/"}),
        ("organizations", "describe_organization", {}),
        ("cognito-idp", "list_user_pools", {"MaxResults": 1}),
        ("cognito-identity", "list_identity_pools", {"MaxResults": 1}),
        ("sso-admin", "list_instances", {}),
        ("identitystore", "list_users", {"IdentityStoreId": "d-1234567890"}),
        ("cloudtrail", "lookup_events", {}),
        ("accessanalyzer", "get_analyzer", {"analyzerName": "a-b_c"}),
        ("accessanalyzer", "list_tags_for_resource", {"resourceArn": "arn:aws:access-analyzer:us-west-2:123456789012:analyzer/a"}),
        ("accessanalyzer", "untag_resource", {"resourceArn": "arn:aws:access-analyzer:us-west-2:123456789012:analyzer/a", "tagKeys": ["z", "a b", "ü"]}),
    ]
    names = {"accessanalyzer": "access-analyzer", "sso-admin": "sso"}
    for service, operation, arguments in calls:
        for credentials in (PLAIN, SESSION):
            for endpoint in (None, "http://localhost:4566", "http://127.0.0.1:4566/"):
                sent = caught(client(service, credentials, endpoint), lambda it: getattr(it, operation)(**arguments))
                write(f"client {service} {operation} {endpoint}", sent, names.get(service, service))
    for method in ("GET", "POST"):
        url = client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod=method)
        prepared = botocore.awsrequest.AWSRequest(method, url).prepare()
        write(f"presigned {method} get_caller_identity", prepared, "sts")


KEYS = ["a", "a b/ü+&=.txt", "x//y", "../z", "~'()*!", "😀", "a%2Fb", "per%cent", "q?m#h"]
STYLES = [("https://s3.us-west-2.amazonaws.com", "virtual"), ("https://s3.us-west-2.amazonaws.com", "path"), ("http://localhost:4566", "path")]


def s3():
    for endpoint, style in STYLES:
        in_host = "bucket-1" if style == "virtual" else None
        for key in KEYS:
            for version in ("s3", "s3v4"):
                for credentials in (PLAIN, SESSION):
                    it = client("s3", credentials, endpoint, signature_version=version, s3={"addressing_style": style})
                    for operation, method, more in [
                        ("get_object", "GET", {}),
                        ("get_object", "GET", {"VersionId": "v 1", "ResponseContentType": "text/html; charset=utf-8", "ResponseContentDisposition": "attachment; filename=\"ü.txt\""}),
                        ("put_object", "PUT", {"ContentType": "image/png", "Metadata": {"a": "b c"}, "ACL": "private"}),
                        ("upload_part", "PUT", {"UploadId": "u/1+", "PartNumber": 3}),
                    ]:
                        url = it.generate_presigned_url(operation, {"Bucket": "bucket-1", "Key": key, **more}, ExpiresIn=600)
                        headers = {"Content-Type": "image/png"} if "ContentType" in more and version == "s3v4" else {}
                        if version == "s3v4" and "Metadata" in more:
                            # Signature Version 4 signs these as headers: the caller must send them.
                            headers |= {"x-amz-meta-a": "b c", "x-amz-acl": "private"}
                        signed = url.lower()
                        headers = {name: value for name, value in headers.items() if name.lower() in signed.split("signedheaders=")[-1]}
                        prepared = botocore.awsrequest.AWSRequest(method, url, headers=headers).prepare()
                        prepared.headers.pop("Content-Length", None)
                        write(f"{version} presigned {style} {operation} {key}", prepared, "s3", in_host)
        for body in (b"", b"hello", b"x" * 3_000):
            for options in ({}, {"request_checksum_calculation": "when_required"}, {"s3": {"payload_signing_enabled": True}}, {"s3": {"payload_signing_enabled": False}}):
                options = {**options, "s3": {**options.get("s3", {}), "addressing_style": style}}
                it = client("s3", SESSION, endpoint, **options)
                sent = caught(it, lambda it: it.put_object(Bucket="bucket-1", Key="a b/c", Body=io.BytesIO(body), ContentType="text/plain", Metadata={"k": "v"}))
                write(f"s3 put_object {style} {len(body)} {options}", sent, "s3", in_host)
        it = client("s3", SESSION, endpoint, s3={"addressing_style": style})
        for operation, arguments in [
            ("list_objects_v2", {"Bucket": "bucket-1", "Prefix": "a/ü +", "Delimiter": "/"}),
            ("get_object_attributes", {"Bucket": "bucket-1", "Key": "k", "ObjectAttributes": ["ETag", "ObjectSize"]}),
            ("copy_object", {"Bucket": "bucket-1", "Key": "k", "CopySource": {"Bucket": "b", "Key": "ü/ +"}}),
            ("delete_objects", {"Bucket": "bucket-1", "Delete": {"Objects": [{"Key": "a"}]}}),
            ("get_object", {"Bucket": "bucket-1", "Key": "k", "Range": "bytes=0-1"}),
            ("create_multipart_upload", {"Bucket": "bucket-1", "Key": "k"}),
        ]:
            sent = caught(it, lambda it: getattr(it, operation)(**arguments))
            write(f"s3 {operation} {style}", sent, "s3", in_host)


with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: NOW.replace(tzinfo=None)), \
        mock.patch("botocore.compat.get_current_datetime", lambda *_, **__: NOW.replace(tzinfo=None)), \
        mock.patch("time.time", lambda: NOW.timestamp()):
    signers()
    clients()
    s3()
