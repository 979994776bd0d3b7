"""S3 spoken by hand: what clients of AWS's own never send, answered as recorded from AWS."""

import base64
import hashlib

import botocore.auth
import botocore.awsrequest
import pytest
import requests

from arnold import ADMIN

BUCKET = "wire"
APP = "https://app.example"
METHOD = "Access-Control-Request-Method"
HEADERS = "Access-Control-Request-Headers"
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
MISSING = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"

TWO_RULES = """<CORSConfiguration>
  <CORSRule><AllowedOrigin>https://app.example</AllowedOrigin>
    <AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
    <AllowedHeader>x-probe-*</AllowedHeader><AllowedHeader>Content-Type</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>17</MaxAgeSeconds></CORSRule>
  <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>DELETE</AllowedMethod><AllowedMethod>GET</AllowedMethod>
    <AllowedHeader>*</AllowedHeader></CORSRule>
</CORSConfiguration>"""
FIRST = {
    "Access-Control-Allow-Origin": APP,
    "Access-Control-Allow-Methods": "GET, PUT",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "ETag",
    "Access-Control-Max-Age": "17",
    "Vary": VARY,
}
SECOND = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "DELETE, GET",
    "Vary": VARY,
}


def digest(body):
    return base64.b64encode(hashlib.md5(body.encode()).digest()).decode()


@pytest.fixture
def send(arnold):
    """Sends a request as it is, signed or by nobody."""

    def send(method, target, headers=None, body="", signed=True):
        url = arnold.url + target
        headers = dict(headers or {})
        if signed:
            request = botocore.awsrequest.AWSRequest(method, url, headers, body.encode())
            botocore.auth.S3SigV4Auth(ADMIN.credentials(), "s3", "us-east-1").add_auth(request)
            headers = dict(request.headers.items())
        return requests.request(method, url, headers=headers, data=body.encode() or None, timeout=30)

    assert send("PUT", f"/{BUCKET}").status_code == 200
    return send


def put(send, subresource, body, **headers):
    named = headers or {"Content-MD5": digest(body)}
    return send("PUT", f"/{BUCKET}?{subresource}", {name.replace("_", "-"): value for name, value in named.items()}, body)


def of_cors(answer):
    names = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
    names |= {"vary": answer.headers["vary"]} if "vary" in answer.headers else {}
    return names


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def rule(inside):
    rest = "<AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
    return f"<CORSConfiguration><CORSRule>{rest}{inside}</CORSRule></CORSConfiguration>"


def test_some_documents_want_a_checksum(send):
    documents = [
        ("PUT", "cors", rule(""), 200),
        ("PUT", "tagging", "<Tagging><TagSet></TagSet></Tagging>", 204),
        ("POST", "delete", "<Delete><Object><Key>a</Key></Object></Delete>", 200),
    ]
    for method, subresource, body, status in documents:
        address = f"/{BUCKET}?{subresource}"
        bare = send(method, address, {}, body)
        assert bare.status_code == 400, subresource
        assert f"<Code>InvalidRequest</Code><Message>{MISSING}</Message>" in bare.text
        assert send(method, address, {"Content-MD5": digest(body)}, body).status_code == status
        sha256 = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert send(method, address, {"x-amz-checksum-sha256": sha256}, body).status_code == status
    enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    assert send("PUT", f"/{BUCKET}?versioning", {}, enabled).status_code == 200
    send("PUT", f"/{BUCKET}/a", {}, "x")
    assert send("PUT", f"/{BUCKET}/a?tagging", {}, "<Tagging><TagSet></TagSet></Tagging>").status_code == 200


def test_a_wrong_digest_of_a_document_is_shown_as_it_came(send):
    body = rule("")
    claimed = "AAAAAAAAAAAAAAAAAAAAAA=="
    wrong = put(send, "cors", body, Content_MD5=claimed)
    assert wrong.status_code == 400
    assert "<Code>BadDigest</Code>" in wrong.text
    assert f"<ExpectedDigest>{claimed}</ExpectedDigest>" in wrong.text
    assert f"<CalculatedDigest>{digest(body)}</CalculatedDigest>" in wrong.text


def test_rules_are_at_most_64_kib(send):
    for size, status in ((65536, 200), (65537, 400)):
        body = rule("")
        body = body.replace("</CORSConfiguration>", " " * (size - len(body)) + "</CORSConfiguration>")
        answer = put(send, "cors", body)
        assert answer.status_code == status
    assert "<Code>MaxMessageLengthExceeded</Code>" in answer.text
    assert "<MaxMessageLengthBytes>65536</MaxMessageLengthBytes>" in answer.text


def test_a_rule_allows_headers_that_can_be(send):
    for header, status in (("x-probe-*", 200), ("*", 200), ("", 200), ("not a header", 400), ("x-*-*", 400)):
        answer = put(send, "cors", rule(f"<AllowedHeader>{header}</AllowedHeader>"))
        assert answer.status_code == status, header
        assert ("<Code>InvalidRequest</Code>" in answer.text) == (status == 400)


@pytest.mark.parametrize(
    "headers, allowed",
    [
        ({}, FIRST),
        ({HEADERS: "X-Probe-Z, content-type"}, {**FIRST, "Access-Control-Allow-Headers": "x-probe-z, content-type"}),
        ({HEADERS: ""}, FIRST),
        ({HEADERS: ","}, FIRST),
        ({HEADERS: ", X-Probe-A,,"}, {**SECOND, "Access-Control-Allow-Headers": ", x-probe-a"}),
        ({HEADERS: "X-Other"}, {**SECOND, "Access-Control-Allow-Headers": "x-other"}),
        ({METHOD: "DELETE"}, SECOND),
        ({"Origin": "https://elsewhere.example"}, SECOND),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=invalid"}, FIRST),
    ],
)
def test_a_preflight_is_answered_by_the_first_rule_that_fits(send, headers, allowed):
    assert put(send, "cors", TWO_RULES).status_code == 200
    answer = send("OPTIONS", f"/{BUCKET}/a", {"Origin": APP, METHOD: "GET", **headers}, signed=False)
    assert answer.status_code == 200
    assert of_cors(answer) == lower(allowed)


def test_a_preflight_needs_no_signature(send):
    assert put(send, "cors", TWO_RULES).status_code == 200
    half = f"/{BUCKET}/a?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    answer = send("OPTIONS", half, {"Origin": APP, METHOD: "GET"}, signed=False)
    assert (answer.status_code, of_cors(answer)) == (200, lower(FIRST))
    # The request itself does, and its page may read why it was refused.
    answer = send("GET", half, {"Origin": APP}, signed=False)
    assert answer.status_code == 400 and "<Code>AuthorizationQueryParametersError</Code>" in answer.text
    assert of_cors(answer) == lower(FIRST)


@pytest.mark.parametrize(
    "headers, status, code",
    [
        ({METHOD: "PATCH"}, 403, "AccessForbidden"),
        ({METHOD: "get"}, 400, "BadRequest"),
        ({METHOD: "GET, PUT"}, 400, "BadRequest"),
        ({"Origin": ""}, 400, "BadRequest"),
        ({HEADERS: "Bad Header"}, 400, "BadRequest"),
    ],
)
def test_a_preflight_for_what_cannot_be_is_refused(send, headers, status, code):
    assert put(send, "cors", TWO_RULES).status_code == 200
    answer = send("OPTIONS", f"/{BUCKET}/a", {"Origin": APP, METHOD: "GET", **headers}, signed=False)
    assert answer.status_code == status and f"<Code>{code}</Code>" in answer.text
    assert of_cors(answer) == {}
    if status == 403:
        assert "<Method>PATCH</Method><ResourceType>OBJECT</ResourceType>" in answer.text


@pytest.mark.parametrize(
    "headers, status, allowed",
    [
        ({}, 200, FIRST),
        ({"X-Other": "value"}, 200, FIRST),
        ({HEADERS: "X-Probe-One"}, 200, {**FIRST, "Access-Control-Allow-Headers": "x-probe-one"}),
        ({HEADERS: "X-Other"}, 200, {**SECOND, "Access-Control-Allow-Headers": "x-other"}),
        ({METHOD: "DELETE"}, 200, SECOND),
        ({METHOD: "POST"}, 200, {}),
        ({METHOD: "get"}, 400, {}),
    ],
)
def test_a_request_may_name_what_a_preflight_does(send, headers, status, allowed):
    assert put(send, "cors", TWO_RULES).status_code == 200
    send("PUT", f"/{BUCKET}/a", {}, "x")
    answer = send("GET", f"/{BUCKET}/a", {"Origin": APP, **headers})
    assert (answer.status_code, of_cors(answer)) == (status, lower(allowed))


def test_booleans_are_read_in_any_spelling(send):
    for said, shown in (("true", "true"), ("True", "true"), ("\n1\t", "true"), ("0", "false"), ("", "false"), ("yes", "false")):
        body = f"<s:PublicAccessBlockConfiguration xmlns:s='urn:x'><s:BlockPublicAcls>{said}</s:BlockPublicAcls></s:PublicAccessBlockConfiguration>"
        assert put(send, "publicAccessBlock", body).status_code == 200, said
        assert f"<BlockPublicAcls>{shown}</BlockPublicAcls>" in send("GET", f"/{BUCKET}?publicAccessBlock").text
    twice = "<PublicAccessBlockConfiguration><BlockPublicAcls>1</BlockPublicAcls><BlockPublicAcls>1</BlockPublicAcls></PublicAccessBlockConfiguration>"
    answer = put(send, "publicAccessBlock", twice)
    assert answer.status_code == 400 and "<Code>MalformedXML</Code>" in answer.text
