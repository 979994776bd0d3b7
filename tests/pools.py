"""An identity pool whose people sign in at an issuer that says whatever the test wants."""

import re

from arnold import MAIN, Keys
from company import allow, make_role, trust
from provider import APP, Issuer

COGNITO = "cognito-identity.amazonaws.com"
DEVELOPER = "login.shop"
UNMATCHED = "Logins don't match. Please include at least one valid login for this identity or identity pool."
UNSUPPORTED = "Token is not from a supported provider of this identity pool."
MISCONFIGURED = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
TAGGING = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]


def trust_pool(pool, action="sts:AssumeRoleWithWebIdentity", amr="authenticated", **equals):
    """The trust policy of a role of this pool."""
    condition = {"StringEquals": {f"{COGNITO}:aud": pool, **equals}}
    if amr:
        condition["ForAnyValue:StringLike"] = {f"{COGNITO}:amr": amr}
    return trust({"Federated": COGNITO}, action, **condition)


class Pool:
    """A pool with two issuers, a developer provider, guests, and a role for each kind of person."""

    def __init__(self, arnold, keys=None, guests=True, **options):
        self.arnold = arnold
        more = (keys,) if keys else ()
        self.iam = arnold.client("iam", *more)
        self.cognito = arnold.client("cognito-identity", *more)
        self.anonymous = arnold.client("cognito-identity", None)
        self.issuers = [Issuer(), Issuer()]
        self.issuer, self.other = self.issuers
        arns = [
            self.iam.create_open_id_connect_provider(Url=issuer.issuer, ClientIDList=[APP])["OpenIDConnectProviderArn"]
            for issuer in self.issuers
        ]
        self.configuration = {
            "IdentityPoolName": "people", "AllowUnauthenticatedIdentities": guests, "AllowClassicFlow": True,
            "DeveloperProviderName": DEVELOPER, "OpenIdConnectProviderARNs": arns, **options,
        }
        self.id = self.cognito.create_identity_pool(**self.configuration)["IdentityPoolId"]
        self.member = self.role("Member", allow(["s3:ListAllMyBuckets", "iam:ListUsers"]))
        self.guest = self.role("Guest", allow(["s3:ListAllMyBuckets", "iam:ListUsers"]), amr="unauthenticated")
        self.set_roles()

    def stop(self):
        for issuer in self.issuers:
            issuer.stop()

    def role(self, name, *statements, **trusting):
        """A role that trusts the pool."""
        return make_role(self.iam, name, trust_pool(self.id, **trusting), *statements)

    def set_roles(self, mappings=None, **roles):
        roles = roles or {"authenticated": self.member, "unauthenticated": self.guest}
        more = {"RoleMappings": mappings} if mappings else {}
        self.cognito.set_identity_pool_roles(IdentityPoolId=self.id, Roles=roles, **more)

    def map_roles(self, **mapping):
        """Makes this the mapping for people of the issuer."""
        self.set_roles({self.issuer.host: mapping})

    def update(self, **more):
        self.configuration.update(more)
        self.cognito.update_identity_pool(IdentityPoolId=self.id, **self.configuration)

    def login(self, person="ada", **claims):
        return {self.issuer.host: self.issuer.token(sub=person, **claims)}

    def other_login(self, person="ada", **claims):
        return {self.other.host: self.other.token(sub=person, **claims)}

    def identity(self, logins=None):
        return self.anonymous.get_id(IdentityPoolId=self.id, Logins=logins or {})["IdentityId"]

    def credentials(self, identity, logins=None, **more):
        answer = self.anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins or {}, **more)
        assert answer["IdentityId"] == identity
        return Keys.of(answer["Credentials"])

    def enter(self, logins=None, **more):
        """The identity behind logins, and its keys."""
        identity = self.identity(logins)
        return identity, self.credentials(identity, logins, **more)

    def role_of(self, keys):
        """The name of the role whose session the keys are."""
        arn = self.arnold.client("sts", keys).get_caller_identity()["Arn"]
        found = re.fullmatch(rf"arn:aws:sts::{MAIN}:assumed-role/([\w-]+)/CognitoIdentityCredentials", arn)
        return found[1]

    def vouch(self, user, identity=None, **more):
        """Identity and token of a user of the developer's own."""
        logins = {DEVELOPER: user, **more.pop("logins", {})}
        named = {"IdentityId": identity} if identity else {}
        answer = self.cognito.get_open_id_token_for_developer_identity(
            IdentityPoolId=self.id, Logins=logins, **named, **more
        )
        return answer["IdentityId"], answer["Token"]

    def unlink_user(self, identity, user):
        self.cognito.unlink_developer_identity(
            IdentityId=identity, IdentityPoolId=self.id, DeveloperProviderName=DEVELOPER, DeveloperUserIdentifier=user
        )

    def merge(self, source, destination):
        return self.cognito.merge_developer_identities(
            SourceUserIdentifier=source, DestinationUserIdentifier=destination,
            DeveloperProviderName=DEVELOPER, IdentityPoolId=self.id,
        )["IdentityId"]

    def users(self, **asked):
        answer = self.cognito.lookup_developer_identity(IdentityPoolId=self.id, **asked)
        return answer["IdentityId"], answer["DeveloperUserIdentifierList"]
