"""`arnold credentials`: credentials of a role for programs on this machine."""

import contextlib
import json
import os
import socket
import subprocess
import threading
import urllib.parse

import boto3
import botocore.credentials
import botocore.session
import botocore.utils
import pytest
import requests

from arnold import BINARY, MAIN
from company import allow, make_role, make_user, trust
from tellers import NODE

ROLE = "Worker"
SESSION = f"arn:aws:sts::{MAIN}:assumed-role/{ROLE}/job"


@pytest.fixture
def role(arnold):
    """A role, and the environment of somebody who may put it on."""
    iam = arnold.client("iam")
    keys = make_user(iam, "ann", allow("sts:AssumeRole"))
    arn = make_role(iam, ROLE, trust({"AWS": f"arn:aws:iam::{MAIN}:root"}), allow("iam:ListRoles"))
    return arn, {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": arnold.url, **keys.environment()}


@contextlib.contextmanager
def serving(role):
    """A running `arnold credentials serve`: its address, and what it says to export."""
    arn, environment = role
    process = subprocess.Popen(
        [BINARY, "credentials", "serve", "--listen", "127.0.0.1:0", "--role-arn", arn, "--session-name", "job"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    guard = threading.Timer(30, process.kill)
    guard.start()
    exports, address = {}, None
    for line in process.stdout:
        if line.startswith("export "):
            name, value = line.removeprefix("export ").strip().split("=", 1)
            exports[name] = value
        elif line.startswith("arnold hands out credentials on "):
            address = line.rsplit(" ", 1)[1].strip()
            break
    guard.cancel()
    try:
        assert address is not None
        yield address, exports
    finally:
        process.terminate()
        process.wait(timeout=10)


def who(command, environment, arnold):
    """Who a client is that finds its credentials in this environment alone."""
    plain = arnold.cli_environment(keys=None)
    plain.pop("AWS_EC2_METADATA_DISABLED")
    run = subprocess.run(
        command, env={**plain, **environment}, cwd=NODE, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


CLIENTS = {
    "aws-cli": ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"],
    "javascript": ["node", "chain.mjs"],
}


@pytest.mark.parametrize("client", CLIENTS)
def test_clients_find_a_container_s_credentials(arnold, role, client):
    with serving(role) as (_, exports):
        container = {name: value for name, value in exports.items() if "CONTAINER" in name}
        assert len(container) == 2
        environment = {**container, "AWS_EC2_METADATA_DISABLED": "true"}
        assert who(CLIENTS[client], environment, arnold) == SESSION


@pytest.mark.parametrize("client", CLIENTS)
def test_clients_find_an_instance_s_credentials(arnold, role, client):
    with serving(role) as (_, exports):
        instance = {name: value for name, value in exports.items() if "METADATA" in name}
        assert len(instance) == 1
        assert who(CLIENTS[client], instance, arnold) == SESSION


def test_boto3_s_own_fetchers_take_what_is_served(role, monkeypatch):
    with serving(role) as (address, exports):
        fetcher = botocore.utils.InstanceMetadataFetcher(
            timeout=5, num_attempts=1, config={"ec2_metadata_service_endpoint": f"{address}/", "ec2_metadata_v1_disabled": True}
        )
        instance = botocore.credentials.InstanceMetadataProvider(iam_role_fetcher=fetcher).load()
        assert instance.method == "iam-role" and not instance.refresh_needed()
        region = botocore.utils.InstanceMetadataRegionFetcher(
            timeout=5, num_attempts=1, config={"ec2_metadata_service_endpoint": f"{address}/"}
        )
        assert region.retrieve_region() == "us-east-1"
        container = botocore.credentials.ContainerProvider(environ=exports).load()
        assert container.method == "container-role" and not container.refresh_needed()
        frozen = [found.get_frozen_credentials() for found in (instance, container)]
        # The same for everybody until they are about to end.
        assert frozen[0][:3] == frozen[1][:3]


def test_boto3_uses_a_credential_process(arnold, role, tmp_path, monkeypatch):
    arn, environment = role
    script = tmp_path / "process.sh"
    exports = "\n".join(f"export {name}='{value}'" for name, value in environment.items())
    script.write_text(f"#!/bin/sh\n{exports}\nexec {BINARY} credentials process --role-arn {arn} --session-name job\n")
    script.chmod(0o700)
    config = tmp_path / "config"
    config.write_text(f"[profile worker]\ncredential_process = {script}\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    session = boto3.Session(profile_name="worker", botocore_session=botocore.session.Session())
    client = session.client("sts", endpoint_url=arnold.url)
    assert client.get_caller_identity()["Arn"] == SESSION


def test_a_container_s_credentials_need_the_token(role):
    with serving(role) as (_, exports):
        uri, token = exports["AWS_CONTAINER_CREDENTIALS_FULL_URI"], exports["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        for wrong in ({}, {"Authorization": "x"}, {"Authorization": token + "0"}, {"Authorization": token.upper()}):
            refused = requests.get(uri, headers=wrong, timeout=10)
            assert refused.status_code == 401
            assert set(refused.json()) == {"Code", "Message"}
        given = requests.get(uri, headers={"Authorization": token}, timeout=10)
        assert given.status_code == 200
        assert set(given.json()) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId", "RoleArn"}
        again = requests.get(uri, headers={"Authorization": token}, timeout=10)
        assert again.json() == given.json(), "they are kept until they are about to end"


def test_an_instance_s_credentials_need_a_session_token(role):
    with serving(role) as (address, _):
        roles = f"{address}/latest/meta-data/iam/security-credentials/"
        put = lambda **headers: requests.put(f"{address}/latest/api/token", headers=headers, timeout=10)
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        assert requests.get(roles, timeout=10).status_code == 401
        assert put().status_code == 400
        for bad in ("0", "21601", "x", "-1"):
            assert put(**{"X-aws-ec2-metadata-token-ttl-seconds": bad}).status_code == 400
        # Neither through a proxy nor under a name.
        for header in ("X-Forwarded-For", "Forwarded", "Via"):
            assert put(**ttl, **{header: "10.0.0.1"}).status_code == 403
        assert put(**ttl, Host="evil.example").status_code == 403
        given = put(**ttl)
        assert given.status_code == 200
        assert given.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "60"
        token = {"X-aws-ec2-metadata-token": given.text}
        assert requests.get(roles, headers={"X-aws-ec2-metadata-token": "x"}, timeout=10).status_code == 401
        assert requests.get(roles, headers=token, timeout=10).text == ROLE
        one = requests.get(f"{roles}{ROLE}", headers=token, timeout=10).json()
        assert one["Code"] == "Success" and one["Type"] == "AWS-HMAC"
        assert requests.get(f"{roles}Other", headers=token, timeout=10).status_code == 404
        # A token does not make a proxy welcome.
        assert requests.get(roles, headers={**token, "X-Forwarded-For": "10.0.0.1"}, timeout=10).status_code == 403


def test_answers_travel_one_hop(role):
    """A client that takes only what may still go on hears nothing; one that takes all does."""
    ip_minttl = 21  # <linux/in.h>
    with serving(role) as (address, _):
        place = urllib.parse.urlsplit(address)
        for least, hears in ((1, True), (2, False)):
            with socket.socket() as client:
                client.settimeout(1.5)
                client.setsockopt(socket.IPPROTO_IP, ip_minttl, least)
                try:
                    client.connect((place.hostname, place.port))
                    heard = True
                except TimeoutError:
                    heard = False
            assert heard == hears, least


def test_it_listens_for_this_machine_alone(role):
    arn, environment = role
    run = subprocess.run(
        [BINARY, "credentials", "serve", "--listen", "0.0.0.0:0", "--role-arn", arn],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 1
    assert "can be reached from elsewhere" in run.stderr


def test_a_role_that_is_not_given_is_told(role):
    _, environment = role
    run = subprocess.run(
        [BINARY, "credentials", "process", "--role-arn", f"arn:aws:iam::{MAIN}:role/None"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 1
    assert "cannot assume the role: AccessDenied" in run.stderr
