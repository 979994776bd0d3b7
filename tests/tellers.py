"""Three unmodified clients that tell the same story: AWS CLI, boto3, AWS SDK for JavaScript.

Each teller has the same verbs. What AWS refuses comes back as `Refused` with AWS's code.
"""

import json
import pathlib
import re
import subprocess

import botocore.exceptions

from arnold import Keys

NODE = pathlib.Path(__file__).resolve().parent / "node"


class Refused(Exception):
    """AWS's answer was an error with this code."""

    def __init__(self, code, message=""):
        super().__init__(f"{code}: {message}")
        self.code = code


class Boto3:
    """boto3, the SDK for Python."""

    def __init__(self, arnold):
        self.arnold = arnold

    def _ask(self, service, keys, operation, **parameters):
        try:
            return getattr(self.arnold.client(service, keys), operation)(**parameters)
        except botocore.exceptions.ClientError as error:
            answer = error.response["Error"]
            raise Refused(answer["Code"], answer.get("Message", "")) from error

    def web_identity(self, role, session, token):
        answer = self._ask(
            "sts", None, "assume_role_with_web_identity",
            RoleArn=role, RoleSessionName=session, WebIdentityToken=token, DurationSeconds=900,
        )
        return Keys.of(answer["Credentials"])

    def whoami(self, keys):
        return self._ask("sts", keys, "get_caller_identity")["Arn"]

    def put(self, keys, bucket, key, text):
        self._ask("s3", keys, "put_object", Bucket=bucket, Key=key, Body=text.encode())

    def get(self, keys, bucket, key):
        return self._ask("s3", keys, "get_object", Bucket=bucket, Key=key)["Body"].read().decode()

    def list(self, keys, bucket, prefix):
        answer = self._ask("s3", keys, "list_objects_v2", Bucket=bucket, Prefix=prefix)
        return [found["Key"] for found in answer.get("Contents", [])]

    def presign(self, keys, bucket, key):
        return self.arnold.client("s3", keys).generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=3600
        )

    def pool_identity(self, pool, logins):
        return self._ask("cognito-identity", None, "get_id", IdentityPoolId=pool, Logins=logins)["IdentityId"]

    def pool_credentials(self, identity, logins):
        answer = self._ask(
            "cognito-identity", None, "get_credentials_for_identity", IdentityId=identity, Logins=logins
        )
        return Keys.of(answer["Credentials"])

    def close(self):
        pass


class Cli:
    """`aws`, the command line."""

    def __init__(self, arnold):
        self.arnold = arnold

    def _run(self, keys, *arguments, stdin=None):
        done = self.arnold.cli(*arguments, keys=keys, stdin=stdin)
        if done.returncode != 0:
            found = re.search(r"An error occurred \(([\w.]+)\)[^:]*: ?(.*)", done.stderr)
            assert found, done.stderr
            # `aws s3 cp` begins with HeadObject, whose refusal has no body and so no code.
            code = {"403": "AccessDenied", "404": "NoSuchKey"}.get(found[1], found[1])
            raise Refused(code, found[2])
        return done.stdout

    def web_identity(self, role, session, token):
        answer = self._run(
            None, "sts", "assume-role-with-web-identity", "--role-arn", role,
            "--role-session-name", session, "--web-identity-token", token,
            "--duration-seconds", "900", "--output", "json",
        )
        return Keys.of(json.loads(answer)["Credentials"])

    def whoami(self, keys):
        return self._run(keys, "sts", "get-caller-identity", "--query", "Arn", "--output", "text").strip()

    def put(self, keys, bucket, key, text):
        self._run(keys, "s3", "cp", "-", f"s3://{bucket}/{key}", stdin=text)

    def get(self, keys, bucket, key):
        return self._run(keys, "s3", "cp", f"s3://{bucket}/{key}", "-")

    def list(self, keys, bucket, prefix):
        lines = self._run(keys, "s3", "ls", f"s3://{bucket}/{prefix}").splitlines()
        return [prefix + line.split()[-1] for line in lines]

    def presign(self, keys, bucket, key):
        return self._run(keys, "s3", "presign", f"s3://{bucket}/{key}").strip()

    def pool_identity(self, pool, logins):
        return self._run(
            None, "cognito-identity", "get-id", "--no-sign-request", "--identity-pool-id", pool,
            "--logins", json.dumps(logins), "--query", "IdentityId", "--output", "text",
        ).strip()

    def pool_credentials(self, identity, logins):
        answer = self._run(
            None, "cognito-identity", "get-credentials-for-identity", "--no-sign-request",
            "--identity-id", identity, "--logins", json.dumps(logins), "--output", "json",
        )
        return Keys.of(json.loads(answer)["Credentials"])

    def close(self):
        pass


class Node:
    """The AWS SDK for JavaScript, version 3, in one Node process that takes lines of JSON."""

    def __init__(self, arnold):
        self.process = subprocess.Popen(
            ["node", "teller.mjs"],
            cwd=NODE,
            env={**arnold.cli_environment(None), "ARNOLD_URL": arnold.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, verb, keys=None, **arguments):
        spoken = {"verb": verb, "keys": vars(keys) if keys else None, **arguments}
        self.process.stdin.write(json.dumps(spoken) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "refused" in answer:
            raise Refused(answer["refused"], answer["message"])
        return answer["answer"]

    def web_identity(self, role, session, token):
        return Keys.of(self._ask("web_identity", role=role, session=session, token=token))

    def whoami(self, keys):
        return self._ask("whoami", keys)

    def put(self, keys, bucket, key, text):
        self._ask("put", keys, bucket=bucket, key=key, text=text)

    def get(self, keys, bucket, key):
        return self._ask("get", keys, bucket=bucket, key=key)

    def list(self, keys, bucket, prefix):
        return self._ask("list", keys, bucket=bucket, prefix=prefix)

    def presign(self, keys, bucket, key):
        return self._ask("presign", keys, bucket=bucket, key=key)

    def pool_identity(self, pool, logins):
        return self._ask("pool_identity", pool=pool, logins=logins)

    def pool_credentials(self, identity, logins):
        return Keys.of(self._ask("pool_credentials", identity=identity, logins=logins))

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
