"""Every operation that AWS's own models know, with parameters that are just good enough."""

import re

import botocore.session

from arnold import MAIN

SESSION = botocore.session.Session()

UUID = "11111111-2222-4333-8444-555555555555"

# Values that AWS's patterns want, tried in this order until one fits.
CANDIDATES = [
    "abcd", "abcdefghijklmnopqrst", "/", "*", "123456", MAIN, UUID, f"us-east-1:{UUID}", "us-east-1_abcdefghi",
    "https://example.com", "a@example.com", "2026-01-01", "1", "true",
    f"arn:aws:iam::{MAIN}:user/somebody", f"arn:aws:iam::{MAIN}:policy/something",
    "arn:aws:sso:::instance/ssoins-1234567890123456",
    "arn:aws:sso:::permissionSet/ssoins-1234567890123456/ps-1234567890123456",
    f"arn:aws:sso::{MAIN}:application/ssoins-1234567890123456/apl-1234567890123456",
    f"arn:aws:sso::{MAIN}:trustedTokenIssuer/ssoins-1234567890123456/tti-{UUID}",
    "arn:aws:sso::aws:applicationProvider/custom",
    f"arn:aws:access-analyzer:us-east-1:{MAIN}:analyzer/some",
    f"arn:aws:cognito-idp:us-east-1:{MAIN}:userpool/us-east-1_abcdefghi",
    f"arn:aws:cloudtrail:us-east-1:{MAIN}:trail/some",
    f"arn:aws:cloudtrail:us-east-1:{MAIN}:eventdatastore/{UUID}",
    f"arn:aws:lambda:us-east-1:{MAIN}:function:some", f"arn:aws:kms:us-east-1:{MAIN}:key/{UUID}",
    "arn:aws:s3:::some", "o-1234567890", "ou-1234-12345678", "r-1234", "p-12345678", "h-12345678", "car-12345678",
    "d-1234567890", "ssoins-1234567890123456", "rp-12345678", "rt-12345678",
    f"arn:aws:organizations::{MAIN}:account/o-1234567890/{MAIN}",
    f"arn:aws:organizations::{MAIN}:handshake/o-1234567890/invite/h-12345678",
    "us-east-1", "Mozilla/5.0", "awsaccountid", "abcdefghijklmnopqrstuvwxyz012345", "en-US", "sso.amazonaws.com",
    "apl-1234567890123456", "ABCDEFGHIJKLMNOPQRST", "0" * 40, "a.b.c", "a" * 64, "A" * 128, "a" * 256, "a" * 1200,
    "+15555550123", "o-1234567890/r-12345", "arn:aws:iam::aws:policy/ReadOnlyAccess", "authenticated",
    f"us-east-1_{UUID}", "terms-of-use", "import-1234", "tkn" + "a" * 25, f"arn:aws:ses:us-east-1:{MAIN}:identity/a@example.com", "e" * 36,
]

# Members whose form the models do not tell.
NAMED = {
    "PolicyDocument": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "AssumeRolePolicyDocument": (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
        f'"Principal":{{"AWS":"arn:aws:iam::{MAIN}:root"}},"Action":"sts:AssumeRole"}}]}}'
    ),
    "PolicyArn": f"arn:aws:iam::{MAIN}:policy/something",
    "RoleArn": f"arn:aws:iam::{MAIN}:role/somebody",
    "TargetPrincipal": f"arn:aws:iam::{MAIN}:root",
    "OpenIDConnectProviderArn": f"arn:aws:iam::{MAIN}:oidc-provider/example.com",
    "SAMLProviderArn": f"arn:aws:iam::{MAIN}:saml-provider/example",
    "PermissionsBoundary": f"arn:aws:iam::{MAIN}:policy/something",
    "SerialNumber": f"arn:aws:iam::{MAIN}:mfa/somebody",
    "Url": "https://example.com",
    "VersionId": "v1",
    "Path": "/",
    "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
    "Properties": {"a/b": "c"},
}


def operations(service):
    """The models of all operations of a service."""
    model = SESSION.get_service_model(service)
    return [model.operation_model(name) for name in model.operation_names]


def is_signed(operation):
    """Whether a client signs this operation."""
    return operation.auth_type not in ("none", "bearer")


def parameters(operation, **fixed):
    """The required members and no others; `fixed` where the caller knows better."""
    if operation.input_shape is None:
        return {}
    return _structure(operation.input_shape, {**NAMED, **fixed})


def _structure(shape, named):
    return {
        name: named[name] if _fits(named.get(name), shape.members[name]) else _value(shape.members[name], named)
        for name in shape.required_members
    }


def _fits(value, shape):
    if isinstance(value, dict):
        return shape.type_name in ("structure", "map")
    return value is not None and shape.type_name in ("string", "blob")


def _value(shape, named):
    kind = shape.type_name
    if kind == "structure":
        members = _structure(shape, named)
        if not members and shape.members:
            # An empty structure is nothing at all on the query wire, and a union needs a member.
            first = next(iter(shape.members))
            members = {first: _value(shape.members[first], named)}
        return members
    if kind == "list":
        return [_value(shape.member, named) for _ in range(shape.metadata.get("min", 1) or 1)]
    if kind == "map":
        return {_value(shape.key, named): _value(shape.value, named)}
    if kind == "string":
        return _string(shape)
    simple = {"boolean": True, "blob": b"abcd", "timestamp": 1_700_000_000, "float": 1.0, "double": 1.0}
    return simple[kind] if kind in simple else max(1, shape.metadata.get("min", 1))


def _string(shape):
    if shape.enum:
        return shape.enum[0]
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10**9)
    pattern = _python_pattern(shape.metadata.get("pattern"))
    for candidate in [*CANDIDATES, "a" * low]:
        if low <= len(candidate) <= high and (pattern is None or pattern.fullmatch(candidate)):
            return candidate
    raise LookupError(f"no candidate for {shape.name}: {shape.metadata}")


# Java's character classes and what is nearest to them in Python, as parts of a `[…]`.
JAVA_CLASSES = {
    "L": "a-zA-Z", "M": "a", "S": "+", "N": "0-9", "P": "!-/", "Z": " ", "Alnum": "a-zA-Z0-9", "Punct": "!-/",
    "Graph": "!-~", "Print": " -~", "IsAlphabetic": "a-zA-Z", "ASCII": "\\x00-\\x7f",
}


def _python_pattern(text):
    """AWS's patterns are Java's; what Python does not know becomes what is nearest."""
    if text is None:
        return None

    def python(found):
        inside = found.string.rfind("[", 0, found.start()) > found.string.rfind("]", 0, found.start())
        parts = JAVA_CLASSES.get(found[1], "a-z")
        return parts if inside else f"[{parts}]"

    try:
        return re.compile(re.sub(r"\\p\{(\w+)\}", python, text))
    except re.error:
        return re.compile(".*", re.DOTALL)
