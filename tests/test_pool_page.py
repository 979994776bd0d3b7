"""Identity pools as applications use them: a page in Chromium, and AWS Amplify."""

import http.server
import json
import subprocess
import threading

import pytest

from arnold import MAIN, Keys
from company import allow, make_role, trust
from pools import Pool
from provider import NODE

COGNITO = "cognito-identity.amazonaws.com"
PAGE = """<!doctype html>
<title>shop</title>
<button id="sign-in">Sign in</button>
<button id="guest">Look around</button>
<script>window.settings = {settings}</script>
<script type="module" src="/page.js"></script>
"""


def run_node(script, asked):
    """Runs a script with its question and reads the answer."""
    done = subprocess.run(
        ["node", script, json.dumps(asked)], cwd=NODE, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The page's script with the AWS SDK in it."""
    file = tmp_path_factory.mktemp("bundle") / "page.js"
    done = subprocess.run(
        ["node_modules/.bin/esbuild", "page.mjs", "--bundle", "--format=esm", f"--outfile={file}"],
        cwd=NODE, capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return file.read_bytes()


class Site:
    """A web server with the page."""

    def __init__(self, script):
        self.settings = {}
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/page.js":
                    kind, body = "text/javascript", script
                else:
                    kind, body = "text/html", PAGE.replace("{settings}", json.dumps(site.settings)).encode()
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(bundle):
    running = Site(bundle)
    yield running
    running.stop()


def open_pool(arnold, company):
    """A pool for members, each with a prefix of their own, and for guests, who read what is public."""
    iam, cognito = company.iam, arnold.client("cognito-identity")
    company.iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=company.provider_arn, ClientID="page"
    )
    pool = cognito.create_identity_pool(
        IdentityPoolName="shop", AllowUnauthenticatedIdentities=True,
        OpenIdConnectProviderARNs=[company.provider_arn],
    )["IdentityPoolId"]
    bucket = f"arn:aws:s3:::{company.bucket}"
    own = f"home/${{{COGNITO}:sub}}/"

    def role(name, kind, *statements):
        conditions = {
            "StringEquals": {f"{COGNITO}:aud": pool}, "ForAnyValue:StringLike": {f"{COGNITO}:amr": kind},
        }
        trusted = trust({"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity", **conditions)
        return make_role(iam, name, trusted, *statements)

    cognito.set_identity_pool_roles(
        IdentityPoolId=pool,
        Roles={
            "authenticated": role(
                "Member", "authenticated",
                allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/{own}*"),
                allow("s3:ListBucket", bucket, StringLike={"s3:prefix": f"{own}*"}),
            ),
            "unauthenticated": role("Guest", "unauthenticated", allow("s3:GetObject", f"{bucket}/public/*")),
        },
    )
    return pool


def prepare(arnold, company, site):
    company.s3.put_bucket_cors(
        Bucket=company.bucket,
        CORSConfiguration={
            "CORSRules": [{"AllowedOrigins": [site.url], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"]}]
        },
    )
    company.s3.put_object(Bucket=company.bucket, Key="home/neighbour/x", Body=b"not yours")
    site.settings = {
        "issuer": f"http://{company.host}", "client": "page", "host": company.host, "arnold": arnold.url,
        "pool": open_pool(arnold, company), "bucket": company.bucket, "region": "us-east-1",
    }


def test_a_page_signs_somebody_in_and_keeps_to_their_own_prefix(arnold, company, site):
    prepare(arnold, company, site)
    result = run_node("browse.mjs", {"url": f"{site.url}/", "person": "ada"})
    note = f"home/{result['identity']}/note.txt"
    assert (result["put"], result["list"], result["get"]) == ("stored", [note], "from a browser")
    assert result["neighbours"] == ["AccessDenied"] * 3
    stored = company.s3.get_object(Bucket=company.bucket, Key=note)["Body"].read()
    assert stored == b"from a browser"


def test_a_page_lets_a_guest_read_what_is_public_and_no_more(arnold, company, site):
    prepare(arnold, company, site)
    result = run_node("browse.mjs", {"url": f"{site.url}/"})
    assert result["open"] == "contents of public/q1.csv"
    assert result["closed"] == ["AccessDenied"] * 2


def test_amplify_has_a_guests_session_and_keeps_the_identity_when_they_sign_in(arnold, company, provider):
    pool = open_pool(arnold, company)
    token = provider.sign_in("ada")
    said = run_node("amplify.mjs", {"url": arnold.url, "pool": pool, "token": token})
    cognito = arnold.client("cognito-identity", None)
    known = cognito.get_id(IdentityPoolId=pool, Logins={company.host: token})["IdentityId"]
    assert said["guest"]["identity"] == said["member"]["identity"] == known
    for who, role in (("guest", "Guest"), ("member", "Member")):
        arn = arnold.client("sts", Keys.of(said[who])).get_caller_identity()["Arn"]
        assert f":assumed-role/{role}/" in arn


def test_the_sdk_has_credentials_of_an_identity_that_it_knows_or_finds(arnold):
    pool = Pool(arnold)
    logins = pool.login()
    identity = pool.identity(logins)
    chosen = pool.role("Chosen", allow("s3:*"))
    pool.map_roles(
        Type="Rules", AmbiguousRoleResolution="AuthenticatedRole",
        RulesConfiguration={
            "Rules": [
                {"Claim": "sub", "MatchType": "Equals", "Value": "ada", "RoleARN": pool.member},
                {"Claim": "sub", "MatchType": "StartsWith", "Value": "a", "RoleARN": chosen},
            ]
        },
    )
    said = run_node("identity.mjs", {
        "url": arnold.url, "pool": pool.id, "identity": identity, "logins": logins,
        "strangers": pool.login("eve"), "custom": chosen,
    })
    pool.stop()
    for who, role in (("known", "Member"), ("chosen", "Chosen"), ("found", "Member"), ("guest", "Guest")):
        arn = f"arn:aws:sts::{MAIN}:assumed-role/{role}/CognitoIdentityCredentials"
        assert said[who]["arn"] == arn, said[who]
    assert said["known"]["identity"] == said["found"]["identity"] == identity
    assert said["remembered"] == [identity]
    assert said["guest"]["identity"] != identity
    assert said["stranger"] == said["nobody"] == {"refused": "NotAuthorizedException"}
