"""An Arnold with an identity broker, whose people are in a directory and at two providers."""

import pathlib

from cryptography.hazmat.primitives.asymmetric import rsa

from arnold import ADMIN, MAIN, Arnold
from company import allow, make_role, make_user, policy, trust
from directory import free_port, group, toml
from saml_idp import SamlIdp, pem

ROLES = {
    "Developer": [allow("s3:ListAllMyBuckets")],
    "Administrator": [allow("*")],
    # The broker's user may not assume it.
    "Forbidden": [allow("*")],
}
# The broker's name at the SAML provider.
ENTITY = "urn:corp:arnold-broker"
LISTS = policy(allow(["s3:ListAllMyBuckets", "s3:CreateBucket"]))


def arn(role):
    return f"arn:aws:iam::{MAIN}:role/{role}"


def grant(name, settings):
    """One `[[broker.sign_in.NAME.grant]]`."""
    return "[" + toml(f"broker.sign_in.{name}.grant", settings).replace("]\n", "]]\n", 1)


class Broker:
    """It keeps its folder, so that the broker's user is there when the broker starts."""

    def __init__(self, folder, directory, provider):
        self.folder = pathlib.Path(folder)
        self.provider = provider
        self.idp = SamlIdp("https://idp.corp.example/saml", page=f"http://localhost:{free_port()}/sso")
        # To which that provider may encrypt.
        self.key_pair = rsa.generate_private_key(65537, 2048)
        # Where `arnold login --saml` listens: responses may be meant for it.
        self.saml_port = free_port()
        with Arnold(self.folder, dev=True) as first:
            iam = first.client("iam", ADMIN)
            self.key = make_user(
                iam, "broker",
                allow(["sts:AssumeRole", "sts:SetSourceIdentity"], [arn("Developer"), arn("Administrator")]),
                allow("sts:GetFederationToken"),
                allow(["s3:ListAllMyBuckets"]),
            )
            user = {"AWS": f"arn:aws:iam::{MAIN}:user/broker"}
            for name, statements in ROLES.items():
                principal = user if name != "Forbidden" else {"AWS": f"arn:aws:iam::{MAIN}:user/admin"}
                make_role(iam, name, trust(principal, ["sts:AssumeRole", "sts:SetSourceIdentity"]), *statements)
        self.arnold = Arnold(self.folder, config=self.configuration(directory), dev=True)
        self.arnold.start()

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return {"file": str(path)}

    def configuration(self, directory):
        developer = {"role_arn": arn("Developer")}
        return "\n".join(
            [
                toml("outbound", {"allow": ["http://127.0.0.1:*"]}),
                toml("saml", {"sign_in_urls": [f"http://127.0.0.1:{self.saml_port}/saml"]}),
                toml("directory.corp", directory.settings()),
                toml(
                    "broker",
                    {
                        "access_key_id": self.key.access_key_id,
                        "secret_access_key": self.secret("broker-secret", self.key.secret_access_key),
                    },
                ),
                toml("broker.sign_in.corp", {"title": "Corp", "directory": "corp", "name_suffix": "@corp"}),
                # Found through two groups between.
                grant("corp", {"groups": [group("staff").upper()], **developer}),
                grant("corp", {"groups": [group("admins")], "role_arn": arn("Administrator")}),
                grant("corp", {"groups": [group("developers")], "role_arn": arn("Forbidden")}),
                grant("corp", {"groups": [group("developers")], "title": "Look around", "federation": True, "policy": LISTS, "duration_s": 900}),
                toml(
                    "broker.sign_in.sso",
                    {
                        "title": "Corp SSO",
                        "issuer": self.provider.issuer,
                        "client_id": "broker",
                        "client_secret": self.secret("client-secret", "broker:secret 1+"),
                        "scopes": ["openid", "email", "groups"],
                        "name_claim": "email",
                        "name_suffix": "@sso",
                    },
                ),
                grant("sso", {"groups": ["developers"], **developer}),
                toml(
                    "broker.sign_in.saml",
                    {
                        "title": "Corp SAML",
                        "metadata_file": self.secret("metadata.xml", self.idp.metadata())["file"],
                        "entity_id": ENTITY,
                        "private_key": self.secret("saml-key", pem(self.key_pair)),
                        "groups_attribute": "memberOf",
                        "name_suffix": "@saml",
                    },
                ),
                grant("saml", {"groups": ["developers"], **developer}),
            ]
        )

    def stop(self):
        self.arnold.stop()

