"""Every listing of IAM that AWS pages: in pages of one it tells what it tells at once."""

import base64
import datetime
import hashlib
import json
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from company import allow, policy, trust
from saml_idp import SamlIdp
from test_iam_people import new_device, to_a_fresh_step

TAGS = [{"Key": "a", "Value": "1"}, {"Key": "bb", "Value": "2"}, {"Key": "ccc", "Value": "3"}]
PEM = serialization.Encoding.PEM
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"

# What is asked, with what, which list is paged, and how many there are at least. The words in
# braces are filled in from what the account below holds.
LISTINGS = {
    "GetGroup": ({"GroupName": "g1"}, "Users", 2),
    "ListAccessKeys": ({"UserName": "u1"}, "AccessKeyMetadata", 2),
    "ListAccountAliases": ({}, "AccountAliases", 1),
    "ListAttachedGroupPolicies": ({"GroupName": "g1"}, "AttachedPolicies", 2),
    "ListAttachedRolePolicies": ({"RoleName": "r1"}, "AttachedPolicies", 2),
    "ListAttachedUserPolicies": ({"UserName": "u1"}, "AttachedPolicies", 2),
    "ListDelegationRequests": ({}, "DelegationRequests", 0),
    "ListGroupPolicies": ({"GroupName": "g1"}, "PolicyNames", 2),
    "ListGroups": ({}, "Groups", 2),
    "ListGroupsForUser": ({"UserName": "u1"}, "Groups", 2),
    "ListInstanceProfileTags": ({"InstanceProfileName": "i1"}, "Tags", 3),
    "ListInstanceProfiles": ({}, "InstanceProfiles", 2),
    "ListInstanceProfilesForRole": ({"RoleName": "r1"}, "InstanceProfiles", 2),
    "ListMFADeviceTags": ({"SerialNumber": "{device}"}, "Tags", 3),
    "ListMFADevices": ({"UserName": "u1"}, "MFADevices", 2),
    "ListOpenIDConnectProviderTags": ({"OpenIDConnectProviderArn": "{oidc}"}, "Tags", 3),
    "ListPolicies": ({"Scope": "Local"}, "Policies", 2),
    "ListPolicyTags": ({"PolicyArn": "{policy}"}, "Tags", 3),
    "ListPolicyVersions": ({"PolicyArn": "{policy}"}, "Versions", 3),
    "ListRolePolicies": ({"RoleName": "r1"}, "PolicyNames", 2),
    "ListRoleTags": ({"RoleName": "r1"}, "Tags", 3),
    "ListRoles": ({}, "Roles", 2),
    "ListSAMLProviderTags": ({"SAMLProviderArn": "{saml}"}, "Tags", 3),
    "ListSSHPublicKeys": ({"UserName": "u1"}, "SSHPublicKeys", 2),
    "ListServerCertificateTags": ({"ServerCertificateName": "s1"}, "Tags", 3),
    "ListServerCertificates": ({}, "ServerCertificateMetadataList", 2),
    "ListServiceSpecificCredentials": ({"UserName": "u1"}, "ServiceSpecificCredentials", 2),
    "ListSigningCertificates": ({"UserName": "u1"}, "Certificates", 2),
    "ListUserPolicies": ({"UserName": "u1"}, "PolicyNames", 2),
    "ListUserTags": ({"UserName": "u1"}, "Tags", 3),
    "ListUsers": ({}, "Users", 3),
    "ListVirtualMFADevices": ({}, "VirtualMFADevices", 3),
    "SimulateCustomPolicy": (
        {"PolicyInputList": [policy(allow("s3:*"))], "ActionNames": ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]},
        "EvaluationResults",
        3,
    ),
    "SimulatePrincipalPolicy": (
        {"PolicySourceArn": "{user}", "ActionNames": ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]},
        "EvaluationResults",
        3,
    ),
    "GetServiceLastAccessedDetails": ({"JobId": "{job}"}, "ServicesLastAccessed", 2),
    "GetServiceLastAccessedDetailsWithEntities": ({"JobId": "{job}", "ServiceNamespace": "iam"}, "EntityDetailsList", 2),
}
# These are paged over several lists, and have tests of their own.
ELSEWHERE = {"GetAccountAuthorizationDetails", "ListEntitiesForPolicy", "ListPoliciesGrantingServiceAccess"}
# Reports on organizations are refused.
REFUSED = {"GetOrganizationsAccessReport"}


def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(private, name):
    """A certificate that vouches for itself, as text."""
    now = datetime.datetime.now(datetime.timezone.utc)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=300))
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(PEM).decode()


def ssh_line(private):
    openssh = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return private.public_key().public_bytes(*openssh).decode()


@pytest.fixture
def account(arnold):
    """An account that holds several of everything; the ids that listings are asked by."""
    to_a_fresh_step(arnold)
    iam = arnold.client("iam")
    document = policy(allow(["iam:*", "s3:*"]))
    policies = [
        iam.create_policy(PolicyName=name, PolicyDocument=document, Tags=TAGS)["Policy"]["Arn"] for name in ("p1", "p2")
    ]
    for _ in range(2):
        iam.create_policy_version(PolicyArn=policies[0], PolicyDocument=document)
    users = [iam.create_user(UserName=name, Tags=TAGS)["User"]["Arn"] for name in ("u1", "u2", "u3")]
    ec2 = trust({"Service": "ec2.amazonaws.com"})
    for name in ("r1", "r2"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=ec2, Tags=TAGS)
    for name in ("g1", "g2"):
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, UserName="u1")
    iam.add_user_to_group(GroupName="g1", UserName="u2")
    for noun, name in (("user", "u1"), ("role", "r1"), ("group", "g1")):
        who = {f"{noun.capitalize()}Name": name}
        for arn in policies:
            getattr(iam, f"attach_{noun}_policy")(PolicyArn=arn, **who)
        for inline in ("one", "two"):
            getattr(iam, f"put_{noun}_policy")(PolicyName=inline, PolicyDocument=document, **who)
    iam.attach_user_policy(UserName="u2", PolicyArn=policies[0])
    for name in ("i1", "i2"):
        iam.create_instance_profile(InstanceProfileName=name, Tags=TAGS)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="r1")
    iam.create_account_alias(AccountAlias="listings")
    for _ in range(2):
        iam.create_access_key(UserName="u1")
        iam.create_service_specific_credential(UserName="u1", ServiceName="codecommit.amazonaws.com")
    for name in ("s1", "s2"):
        private = key()
        pem = private.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        body = certificate(private, name)
        iam.upload_server_certificate(
            ServerCertificateName=name, CertificateBody=body, PrivateKey=pem.decode(), Tags=TAGS
        )
        signing = iam.upload_signing_certificate(UserName="u1", CertificateBody=body)["Certificate"]
        sha1 = hashlib.sha1(ssl.PEM_cert_to_DER_cert(body)).digest()
        assert signing["CertificateId"] == base64.b32encode(sha1).decode()
        iam.upload_ssh_public_key(UserName="u1", SSHPublicKeyBody=ssh_line(private))
    devices = [new_device(iam, name) for name in ("phone", "tablet", "spare")]
    iam.tag_mfa_device(SerialNumber=devices[0].serial, Tags=TAGS)
    for device in devices[:2]:
        device.enable(iam, "u1")
    oidc = iam.create_open_id_connect_provider(
        Url="https://login.example.com", ClientIDList=["app"], ThumbprintList=["a" * 40], Tags=TAGS
    )
    saml = iam.create_saml_provider(Name="idp", SAMLMetadataDocument=SamlIdp().metadata(), Tags=TAGS)
    job = iam.generate_service_last_accessed_details(Arn=policies[0])["JobId"]
    return {
        "policy": policies[0],
        "user": users[0],
        "device": devices[0].serial,
        "oidc": oidc["OpenIDConnectProviderArn"],
        "saml": saml["SAMLProviderArn"],
        "job": job,
    }


def test_every_listing_comes_in_pages_of_any_size(arnold, account):
    iam = arnold.client("iam")
    for operation, (asked, member, least) in LISTINGS.items():
        filled = json.loads(json.dumps(asked))
        for name, value in filled.items():
            if isinstance(value, str):
                filled[name] = value.format_map(account)
        ask = getattr(iam, iam_method(iam, operation))
        whole = ask(**filled)
        truncated = "isTruncated" if operation == "ListDelegationRequests" else "IsTruncated"
        assert whole.get(truncated) is False and "Marker" not in whole, operation
        assert len(whole[member]) >= least, (operation, whole[member])
        pages, marker = [], {}
        while True:
            page = ask(MaxItems=1, **filled, **marker)
            assert len(page[member]) <= 1, operation
            pages += page[member]
            assert (page.get(truncated) is True) == ("Marker" in page), operation
            if "Marker" not in page:
                break
            marker = {"Marker": page["Marker"]}
        assert pages == whole[member], operation


def iam_method(client, operation):
    """What boto3 calls an operation."""
    names = client.meta.method_to_api_mapping
    return next(method for method, api in names.items() if api == operation)


def test_no_listing_is_forgotten(arnold):
    model = arnold.client("iam").meta.service_model
    paged = {
        name
        for name in model.operation_names
        if (shape := model.operation_model(name).input_shape) is not None and "Marker" in shape.members
    }
    assert paged == set(LISTINGS) | ELSEWHERE | REFUSED
