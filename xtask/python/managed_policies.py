"""Writes the AWS managed policies down as crates/identity/data/aws-managed-policies.tsv.

The facts come out of two releases of the PyPI package moto, unpacked into folders:

    pip install --no-deps --target NEW moto==5.2.5
    pip install --no-deps --target OLD moto==1.3.14
    python managed_policies.py NEW OLD > crates/identity/data/aws-managed-policies.tsv

NEW has the policies as they are today, OLD has the ids that later releases leave out. A
policy that is younger than OLD gets the id that AWS was seen to give it, or one made of its
ARN, which stays the same.
"""

import ast
import base64
import hashlib
import json
import pathlib
import sys

HEADER = """\
# The policies that AWS manages, as of {latest}: facts from the PyPI package moto 5.2.5,
# ids from moto 1.3.14 where it knows them, or recorded from AWS. Written by
# xtask/python/managed_policies.py.
# ARN, id, version in force, created, updated, description, document; the oldest first."""

# Ids of younger policies, as recorded from AWS.
IDS = {
    "IAMAuditRootUserCredentials": "ANPAZKAPJZG4BDSCREYVS",
    "IAMCreateRootUserPassword": "ANPAZKAPJZG4OEGTN7YT5",
    "IAMDeleteRootUserCredentials": "ANPAZKAPJZG4CX73XKORQ",
    "S3UnlockBucketPolicy": "ANPAZKAPJZG4OALTIPZOF",
    "SQSUnlockQueuePolicy": "ANPAZKAPJZG4HPZI4FDUV",
}

# Few are known word for word, and nothing but GetPolicy shows them.
DESCRIPTIONS = {
    "AdministratorAccess": "Provides full access to AWS services and resources.",
    "AmazonS3FullAccess": "Provides full access to all buckets via the AWS Management Console.",
    "AmazonS3ReadOnlyAccess": "Provides read only access to all buckets via the AWS Management Console.",
    "IAMFullAccess": "Provides full access to IAM via the AWS Management Console.",
    "IAMUserChangePassword": "Provides the ability for an IAM user to change their own password.",
    "IAMReadOnlyAccess": "Provides read only access to IAM via the AWS Management Console.",
    "ReadOnlyAccess": "Provides read-only access to AWS services and resources.",
    "SystemAdministrator": "Grants full access permissions necessary for resources required for application and development operations.",
}


def policies(folder):
    """The policies that the package in this folder carries, by name."""
    source = pathlib.Path(folder, "moto/iam/aws_managed_policies.py").read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "aws_managed_policies_data":
            return json.loads(ast.literal_eval(node.value))
    sys.exit(f"no policies in {folder}")


def made_id(arn):
    """Twenty-one characters, as the ids of younger policies have."""
    digest = base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()
    return "ANPAZ" + digest[:16]


def document(policy):
    """The document on one line, its version first."""
    ordered = {"Version": policy["Document"]["Version"], **policy["Document"]}
    return json.dumps(ordered, separators=(",", ":"), ensure_ascii=True)


def moment(text):
    return text.replace("+00:00", "Z")


def main(new, old):
    known = policies(old)
    lines = []
    latest = ""
    for name, policy in policies(new).items():
        arn = f"arn:aws:iam::aws:policy{policy['Path']}{name}"
        latest = max(latest, moment(policy["UpdateDate"])[:10])
        line = [
            arn,
            known[name]["PolicyId"] if name in known else IDS.get(name) or made_id(arn),
            policy["DefaultVersionId"].removeprefix("v"),
            moment(policy["CreateDate"]),
            moment(policy["UpdateDate"]),
            DESCRIPTIONS.get(name, ""),
            document(policy),
        ]
        assert not any("\t" in field or "\n" in field for field in line), name
        lines.append(line)
    print(HEADER.format(latest=latest))
    for line in sorted(lines, key=lambda line: (line[3], line[0])):
        print("\t".join(line))


main(*sys.argv[1:])
