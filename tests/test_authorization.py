"""No operation forgets to ask: without a policy, nobody does anything anywhere."""

import json
import re

import botocore.exceptions
import pytest

import catalogue
from arnold import MAIN, SECOND_ADMIN
from company import deny, make_user
from conftest import MEASURES

# Services and the region that their clients use.
SERVICES = [
    "iam", "sts", "organizations", "sso-admin", "identitystore", "cognito-idp", "cognito-identity",
    "accessanalyzer", "cloudtrail",
]

# AWS lets every authenticated caller do these, whatever the policies say.
FREE_FOR_ALL = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}


# Parameters whose form only the service knows.
KNOWN = {
    "SetIdentityPoolRoles": {"Roles": {"authenticated": f"arn:aws:iam::{MAIN}:role/somebody"}},
}
POOL_ARN = f"arn:aws:cognito-identity:us-east-1:{MAIN}:identitypool/us-east-1:{catalogue.UUID}"


def ask(client, operation, body=None, **fixed):
    """Status and code of the answer to an operation with its least parameters."""
    method = getattr(client, botocore.xform_name(operation.name))
    if operation.service_model.service_name == "cognito-identity":
        fixed["ResourceArn"] = POOL_ARN
    given = {**catalogue.parameters(operation, **fixed), **KNOWN.get(operation.name, {}), **(body or {})}
    try:
        answer = method(**given)
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], None


@pytest.mark.parametrize("service", SERVICES)
def test_a_user_without_policies_is_denied_everything(arnold, service):
    """An operation that is not built may say so instead: it does nothing either way."""
    client = arnold.client(service, make_user(arnold.client("iam"), "nobody"))
    wrong, built, total = [], 0, 0
    for operation in catalogue.operations(service):
        if (service, operation.name) in FREE_FOR_ALL or not catalogue.is_signed(operation):
            continue
        total += 1
        status, code = ask(client, operation)
        if status == 501 and code == "NotImplemented":
            continue
        built += 1
        if code not in ("AccessDenied", "AccessDeniedException") or not 400 <= status <= 403:
            wrong.append(f"{operation.name}: {status} {code}")
    MEASURES.append(f"{service}: {built} of {total} operations built")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("service", SERVICES)
def test_an_explicit_deny_holds_for_administrators_too(arnold, service):
    keys = make_user(arnold.client("iam"), "fallen", deny("*"))
    arnold.client("iam").attach_user_policy(
        UserName="fallen", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    client = arnold.client(service, keys)
    wrong = []
    for operation in catalogue.operations(service):
        if (service, operation.name) in FREE_FOR_ALL or not catalogue.is_signed(operation):
            continue
        status, code = ask(client, operation)
        if code not in ("AccessDenied", "AccessDeniedException", "NotImplemented"):
            wrong.append(f"{operation.name}: {status} {code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("service", SERVICES)
def test_without_a_signature_nothing_is_done(arnold, service):
    client = arnold.client(service, None)
    wrong = []
    for operation in catalogue.operations(service):
        if not catalogue.is_signed(operation):
            continue
        status, code = ask(client, operation)
        refusals = ("MissingAuthenticationToken", "MissingAuthenticationTokenException", "AccessDenied")
        # Without a scope, a path of Access Analyzer is a path of S3's.
        expected = 400 <= status < 500 if service == "accessanalyzer" else 400 <= status <= 403 and code in refusals
        if not expected and status != 501:
            wrong.append(f"{operation.name}: {status} {code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("service", [*SERVICES, "sso", "sso-oidc"])
def test_operations_for_anonymous_callers_refuse_nonsense(arnold, service):
    client = arnold.client(service, None)
    wrong = []
    for operation in catalogue.operations(service):
        if catalogue.is_signed(operation):
            continue
        status, code = ask(client, operation)
        if not 400 <= status < 500 and status != 501:
            wrong.append(f"{operation.name}: {status} {code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("service", SERVICES)
def test_an_administrator_with_absent_things_meets_no_fault_of_ours(arnold, service):
    client = arnold.client(service)
    wrong = []
    for operation in catalogue.operations(service):
        if catalogue.is_signed(operation):
            status, code = ask(client, operation)
            if status >= 500 and status != 501:
                wrong.append(f"{operation.name}: {status} {code}")
    assert not wrong, "\n".join(wrong)


# S3 has a wire of its own and resources that must exist before a refusal proves anything.


def s3_operations():
    # What only other hosts serve (directory buckets, Object Lambda), and a form of twelve years ago.
    elsewhere = {"CreateSession", "ListDirectoryBuckets", "WriteGetObjectResponse", "PutBucketNotification"}
    return [operation for operation in catalogue.operations("s3") if operation.name not in elsewhere]


@pytest.fixture
def bucket(arnold):
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="closed-bucket")
    s3.put_object(Bucket="closed-bucket", Key="abcd", Body=b"secret")
    upload = s3.create_multipart_upload(Bucket="closed-bucket", Key="abcd")["UploadId"]
    return {"Bucket": "closed-bucket", "Key": "abcd", "UploadId": upload, "CopySource": "closed-bucket/abcd"}


# Bodies without which S3 refuses the form before it looks at the caller.
BODIES = {
    "CompleteMultipartUpload": {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "x"}]}},
    "PutObjectLegalHold": {"LegalHold": {"Status": "ON"}},
    "PutObjectRetention": {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2040-01-01T00:00:00Z"}},
}


@pytest.mark.parametrize("who", ["nobody", "anonymous"])
def test_s3_is_closed_to_who_has_no_policy(arnold, bucket, who):
    keys = make_user(arnold.client("iam"), "nobody") if who == "nobody" else None
    client = arnold.client("s3", keys)
    wrong, built = [], 0
    for operation in s3_operations():
        status, code = ask(client, operation, BODIES.get(operation.name), **bucket)
        # HEAD answers have no body, so botocore makes the status the code.
        denied = status == 403 and code in ("AccessDenied", "403")
        built += denied
        # DeleteObjects answers for each object; that the object is there is seen below.
        if not denied and status not in (405, 501) and operation.name != "DeleteObjects":
            wrong.append(f"{operation.name}: {status} {code}")
    assert not wrong, "\n".join(wrong)
    MEASURES.append(f"s3: {built} of {len(s3_operations())} operations built")
    assert arnold.client("s3").get_object(Bucket="closed-bucket", Key="abcd")["Body"].read() == b"secret"


def encoded(client_call):
    """The message that came with a refusal."""
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        client_call()
    return refusal.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-encoded-authorization-message"]


def decoded(sts, message):
    return json.loads(sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])


def test_an_authorization_message_says_why_to_those_who_may_decode_it(arnold):
    iam, sts = arnold.client("iam"), arnold.client("sts")
    keys = make_user(iam, "curious", deny("iam:ListUsers"))
    user_id = iam.get_user(UserName="curious")["User"]["UserId"]
    curious = arnold.client("iam", keys)

    told = decoded(sts, encoded(curious.list_users))
    assert told["allowed"] is False and told["explicitDeny"] is True
    (statement,) = told["matchedStatements"]["items"]
    assert statement["effect"] == "DENY"
    assert statement["actions"] == {"items": [{"value": "iam:ListUsers"}]}
    assert statement["principals"] == {"items": [{"value": user_id}]}
    principal = {"id": user_id, "name": "curious", "arn": f"arn:aws:iam::{MAIN}:user/curious"}
    assert told["context"]["principal"] == principal
    assert told["context"]["action"] == "iam:ListUsers"
    conditions = {item["key"]: item["values"]["items"] for item in told["context"]["conditions"]["items"]}
    assert conditions["aws:username"] == [{"value": "curious"}]
    assert conditions["aws:SourceIp"] == [{"value": "127.0.0.1"}]

    implicit = decoded(sts, encoded(lambda: curious.get_role(RoleName="nobody")))
    assert implicit["explicitDeny"] is False and implicit["matchedStatements"] == {"items": []}
    assert implicit["context"]["resource"] == f"arn:aws:iam::{MAIN}:role/nobody"
    # The JSON protocol's refusals carry one too.
    pools = arnold.client("cognito-identity", keys)
    pool = decoded(sts, encoded(lambda: pools.list_identity_pools(MaxResults=1)))
    assert pool["context"]["action"] == "cognito-identity:ListIdentityPools"


def test_whoever_was_refused_cannot_read_why(arnold, refused):
    keys = make_user(arnold.client("iam"), "curious")
    message = encoded(arnold.client("iam", keys).list_users)
    assert "curious" not in message and len(message) < 8192
    why = re.compile("because no identity-based policy allows the sts:DecodeAuthorizationMessage action$")
    with refused("AccessDenied", 403, why):
        arnold.client("sts", keys).decode_authorization_message(EncodedMessage=message)


def test_only_whole_messages_of_ones_own_account_decode_and_not_for_ever(arnold, refused):
    keys = make_user(arnold.client("iam"), "curious")
    message = encoded(arnold.client("iam", keys).list_users)
    sts = arnold.client("sts")
    middle = len(message) // 2
    flipped = message[:middle] + ("A" if message[middle] != "A" else "B") + message[middle + 1:]
    for wrong in ["x", message[:-1], message + "A", message + "\n", flipped, message.lower()]:
        with refused("InvalidAuthorizationMessageException", 400, "Message is not valid"):
            sts.decode_authorization_message(EncodedMessage=wrong)
    with refused("InvalidAuthorizationMessageException", 400, "Message is not valid"):
        arnold.client("sts", SECOND_ADMIN).decode_authorization_message(EncodedMessage=message)
    assert decoded(sts, message)["context"]["action"] == "iam:ListUsers"
    arnold.advance(25 * 3600)
    with refused("InvalidAuthorizationMessageException", 400, "Message is not valid"):
        sts.decode_authorization_message(EncodedMessage=message)
