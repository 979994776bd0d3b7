"""No operation forgets to ask: without a policy, nobody does anything anywhere."""

import botocore.exceptions
import pytest

import catalogue
from arnold import MAIN
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
