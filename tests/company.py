"""A small company in the management account: what the story and the refusals are told on."""

import json
import secrets

from arnold import MAIN, Keys
from provider import APP


def allow(action, resource="*", **condition):
    """One statement that allows."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def deny(action, resource="*", **condition):
    """One statement that denies."""
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def policy(*statements):
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal, action="sts:AssumeRole", **condition):
    """A trust policy for one principal."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return policy(statement)


def make_user(iam, name, *statements):
    """A user with these statements inline, and the keys to sign as that user."""
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    return Keys.of(iam.create_access_key(UserName=name)["AccessKey"])


def make_role(iam, name, trust_policy, *statements, **options):
    """A role with these statements inline; returns its ARN."""
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **options)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    return arn


class Company:
    """An OIDC provider, roles for its people, a bucket of reports and an identity pool."""

    def __init__(self, arnold, issuer_url, host, **provider):
        self.arnold = arnold
        self.host = host
        self.iam = arnold.client("iam")
        self.s3 = arnold.client("s3")
        self.bucket = f"demo-reports-{secrets.token_hex(4)}"
        self.provider_arn = self.iam.create_open_id_connect_provider(
            Url=issuer_url, ClientIDList=[APP], **provider
        )["OpenIDConnectProviderArn"]
        self.s3.create_bucket(Bucket=self.bucket)
        for key in ("public/q1.csv", "public/q2.csv", "secret/plan.txt"):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=f"contents of {key}".encode())
        self.reader = self.role_for_people("Reader", *self.reading("public/"))

    def reading(self, prefix):
        """Statements that allow to read and list what is under `prefix`."""
        bucket = f"arn:aws:s3:::{self.bucket}"
        return (
            allow("s3:GetObject", f"{bucket}/{prefix}*"),
            allow("s3:ListBucket", bucket, StringLike={"s3:prefix": f"{prefix}*"}),
        )

    def trust_people(self, **more):
        """The trust policy for whoever signed in to the company's app."""
        return trust(
            {"Federated": self.provider_arn},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={f"{self.host}:aud": APP, **more},
        )

    def role_for_people(self, name, *statements, **options):
        """A role that people of the provider may put on."""
        return make_role(self.iam, name, self.trust_people(), *statements, **options)

    def pool(self):
        """An identity pool that gives every person a prefix of their own; returns its id."""
        cognito = self.arnold.client("cognito-identity")
        pool = cognito.create_identity_pool(
            IdentityPoolName="people",
            AllowUnauthenticatedIdentities=False,
            OpenIdConnectProviderARNs=[self.provider_arn],
        )["IdentityPoolId"]
        bucket = f"arn:aws:s3:::{self.bucket}"
        own = "home/${cognito-identity.amazonaws.com:sub}/"
        role = make_role(
            self.iam,
            "PoolMember",
            trust(
                {"Federated": "cognito-identity.amazonaws.com"},
                "sts:AssumeRoleWithWebIdentity",
                **{
                    "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
                    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
                },
            ),
            allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/{own}*"),
            allow("s3:ListBucket", bucket, StringLike={"s3:prefix": f"{own}*"}),
        )
        cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role})
        return pool

    def sign_in_to_aws(self, token, role=None, seconds=900, session="ada"):
        """Exchanges a token for a session of `role`, which is `Reader` if not said."""
        answer = self.arnold.client("sts", keys=None).assume_role_with_web_identity(
            RoleArn=role or self.reader,
            RoleSessionName=session,
            WebIdentityToken=token,
            DurationSeconds=seconds,
        )
        return Keys.of(answer["Credentials"])


def role_arn(name, account=MAIN):
    """The ARN of a role without a path."""
    return f"arn:aws:iam::{account}:role/{name}"
