"""IAM: what belongs to somebody else, by its marker, its ARN, its id or its code."""

import json

import botocore.exceptions
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from arnold import MAIN, SECOND_ADMIN
from authenticator import new_device, to_a_fresh_step
from company import allow, make_role, make_user, policy, trust


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


def arn(resource):
    return f"arn:aws:iam::{MAIN}:{resource}"


def test_a_marker_leads_nowhere_else(arnold, iam, refused):
    """Markers of another listing or another account are refused or show one's own things only."""
    second = arnold.client("iam", SECOND_ADMIN)
    for number in range(3):
        iam.create_user(UserName=f"main-{number}")
        iam.create_group(GroupName=f"main-{number}")
        second.create_user(UserName=f"second-{number}")
    marker = iam.list_users(MaxItems=1)["Marker"]
    shown = {user["UserName"] for user in iam.list_users(Marker=marker)["Users"]}
    assert shown == {f"main-{number}" for number in range(3)}
    for call, names in ((second.list_users, "Users"), (iam.list_groups, "Groups"), (second.list_groups, "Groups"), (iam.list_roles, "Roles")):
        try:
            answer = call(Marker=marker)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationError"
            continue
        assert f":{MAIN}:user/" not in json.dumps(answer[names], default=str)
        if call.__self__ is second:
            assert f":{MAIN}:" not in json.dumps(answer[names], default=str)
    for odd in ("x", "../..", "A" * 300, "%00", "' OR 1=1 --"):
        with refused("ValidationError", 400):
            iam.list_users(Marker=odd)


def test_whoever_is_elsewhere_gets_at_nothing_by_its_arn(arnold, iam, provider):
    """An administrator of one account is nobody in another, whatever ARN is named."""
    own_policy = iam.create_policy(PolicyName="p", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]["SerialNumber"]
    issuer = iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=["a"])["OpenIDConnectProviderArn"]
    role = make_role(iam, "r", trust({"AWS": arn("user/admin")}), allow("*"))
    job = iam.generate_service_last_accessed_details(Arn=role)["JobId"]
    second = arnold.client("iam", SECOND_ADMIN)
    tags = [{"Key": "by", "Value": "second"}]
    calls = [
        ("get_policy", {"PolicyArn": own_policy}),
        ("get_policy_version", {"PolicyArn": own_policy, "VersionId": "v1"}),
        ("list_policy_versions", {"PolicyArn": own_policy}),
        ("list_entities_for_policy", {"PolicyArn": own_policy}),
        ("create_policy_version", {"PolicyArn": own_policy, "PolicyDocument": policy(allow("*")), "SetAsDefault": True}),
        ("set_default_policy_version", {"PolicyArn": own_policy, "VersionId": "v1"}),
        ("delete_policy", {"PolicyArn": own_policy}),
        ("tag_policy", {"PolicyArn": own_policy, "Tags": tags}),
        ("list_policy_tags", {"PolicyArn": own_policy}),
        ("attach_user_policy", {"UserName": "admin", "PolicyArn": own_policy}),
        ("put_user_permissions_boundary", {"UserName": "admin", "PermissionsBoundary": own_policy}),
        ("enable_mfa_device", {"UserName": "admin", "SerialNumber": device, "AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}),
        ("tag_mfa_device", {"SerialNumber": device, "Tags": tags}),
        ("list_mfa_device_tags", {"SerialNumber": device}),
        ("delete_virtual_mfa_device", {"SerialNumber": device}),
        ("get_open_id_connect_provider", {"OpenIDConnectProviderArn": issuer}),
        ("add_client_id_to_open_id_connect_provider", {"OpenIDConnectProviderArn": issuer, "ClientID": "b"}),
        ("tag_open_id_connect_provider", {"OpenIDConnectProviderArn": issuer, "Tags": tags}),
        ("delete_open_id_connect_provider", {"OpenIDConnectProviderArn": issuer}),
        ("generate_service_last_accessed_details", {"Arn": role}),
        ("get_service_last_accessed_details", {"JobId": job}),
        ("list_policies_granting_service_access", {"Arn": role, "ServiceNamespaces": ["s3"]}),
        ("simulate_principal_policy", {"PolicySourceArn": role, "ActionNames": ["s3:GetObject"]}),
        ("get_context_keys_for_principal_policy", {"PolicySourceArn": role}),
    ]
    before = iam.get_account_authorization_details()
    for operation, parameters in calls:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            getattr(second, operation)(**parameters)
        code = caught.value.response["Error"]["Code"]
        assert code in ("AccessDenied", "NoSuchEntity", "InvalidInput"), f"{operation}: {code}"
        if operation not in ("enable_mfa_device", "delete_policy", "delete_virtual_mfa_device", "delete_open_id_connect_provider"):
            continue
        assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] and iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    after = iam.get_account_authorization_details()
    for details in (before, after):
        details.pop("ResponseMetadata")
        for role in details["RoleDetailList"]:
            role.pop("RoleLastUsed")
    assert before == after
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=issuer)["ClientIDList"] == ["a"]
    for operation, parameters in calls[:4]:
        getattr(iam, operation)(**parameters)


def test_ids_of_somebody_else_s_credentials_lead_nowhere(arnold, iam):
    """Who may do everything to themselves does nothing to others, whose ids are named."""
    keys = make_user(iam, "ann", allow("iam:*", [arn("user/ann"), arn("mfa/*")]))
    theirs = make_user(iam, "bob")
    ann = arnold.client("iam", keys)
    service = "codecommit.amazonaws.com"
    made = {}
    for name in ("ann", "bob"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
        body = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        made[name] = (
            iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=body)["SSHPublicKey"]["SSHPublicKeyId"],
            iam.create_service_specific_credential(UserName=name, ServiceName=service)["ServiceSpecificCredential"][
                "ServiceSpecificCredentialId"],
            {"ann": keys, "bob": theirs}[name].access_key_id,
        )

    def calls(ids):
        ssh, credential, access_key = ids
        return [
            (ann.get_ssh_public_key, {"SSHPublicKeyId": ssh, "Encoding": "SSH"}, True),
            (ann.update_ssh_public_key, {"SSHPublicKeyId": ssh, "Status": "Active"}, True),
            (ann.reset_service_specific_credential, {"ServiceSpecificCredentialId": credential}, False),
            (ann.update_service_specific_credential, {"ServiceSpecificCredentialId": credential, "Status": "Active"}, False),
            (ann.update_access_key, {"AccessKeyId": access_key, "Status": "Active"}, False),
            (ann.delete_ssh_public_key, {"SSHPublicKeyId": ssh}, True),
            (ann.delete_service_specific_credential, {"ServiceSpecificCredentialId": credential}, False),
        ]

    for call, parameters, needs_name in [*calls(made["bob"]), (ann.delete_access_key, {"AccessKeyId": made["bob"][2]}, False)]:
        names = [{"UserName": "ann"}, {"UserName": "bob"}] + ([] if needs_name else [{}])
        for name in names:
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                call(**parameters, **name)
            # AWS was recorded to tell somebody else's credential for a service in its own way.
            absent = "ValidationError" if "ServiceSpecificCredentialId" in parameters else "NoSuchEntity"
            expected = "AccessDenied" if name.get("UserName") == "bob" else absent
            assert caught.value.response["Error"]["Code"] == expected, (parameters, name)
    assert len(iam.list_ssh_public_keys(UserName="bob")["SSHPublicKeys"]) == 1
    assert len(iam.list_service_specific_credentials(UserName="bob")["ServiceSpecificCredentials"]) == 1
    assert iam.list_access_keys(UserName="bob")["AccessKeyMetadata"][0]["Status"] == "Active"
    for call, parameters, _ in calls(made["ann"]):
        call(**parameters, UserName="ann")


def test_a_device_of_somebody_else_vouches_for_nobody(arnold, iam, refused):
    """A code counts with the device of whoever calls, and with no other."""
    clients = {}
    devices = {}
    to_a_fresh_step(arnold)
    for name in ("ann", "bob"):
        keys = make_user(iam, name, allow(["sts:GetSessionToken", "iam:DeactivateMFADevice", "iam:ResyncMFADevice"], arn(f"user/{name}")))
        iam.put_user_policy(UserName=name, PolicyName="session", PolicyDocument=policy(allow("sts:GetSessionToken")))
        clients[name] = arnold.client("sts", keys)
        devices[name] = new_device(iam, name)
        devices[name].enable(iam, name)
        clients[f"{name}'s iam"] = arnold.client("iam", keys)
    to_a_fresh_step(arnold)
    for serial in (devices["bob"].serial, devices["bob"].serial.upper(), arn("mfa/none"), "GAHT12345678"):
        with refused("AccessDenied", 403):
            clients["ann"].get_session_token(SerialNumber=serial, TokenCode=devices["bob"].code())
    with refused("AccessDenied", 403):
        clients["ann"].get_session_token(SerialNumber=devices["ann"].serial, TokenCode=devices["bob"].code())
    with refused("NoSuchEntity", 404, "MFA Device invalid for user."):
        clients["ann's iam"].deactivate_mfa_device(UserName="ann", SerialNumber=devices["bob"].serial)
    with refused("AccessDenied", 403):
        clients["ann's iam"].deactivate_mfa_device(UserName="bob", SerialNumber=devices["bob"].serial)
    clients["bob"].get_session_token(SerialNumber=devices["bob"].serial, TokenCode=devices["bob"].code())
    clients["ann"].get_session_token(SerialNumber=devices["ann"].serial, TokenCode=devices["ann"].code())
    clients["ann's iam"].deactivate_mfa_device(UserName="ann", SerialNumber=devices["ann"].serial)
