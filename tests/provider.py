"""OIDC providers that Arnold is to believe, and one that it is not.

`Provider` is a third party's: the package `oidc-provider` under Node, with a person who signs
in at its page. `Issuer` is ours and says whatever a test wants it to say.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import pathlib
import re
import secrets
import ssl
import subprocess
import threading
import time
import urllib.parse

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NODE = pathlib.Path(__file__).resolve().parent / "node"
APP = "app"
REDIRECT = "https://app.example/callback"


class Provider:
    """The npm package `oidc-provider` on a port of its own."""

    def __init__(self, certificate=None, key=None, authority=None):
        self.authority = authority
        arguments = ["node", "provider.mjs"]
        if certificate:
            arguments += [str(certificate), str(key)]
        self.process = subprocess.Popen(
            arguments, cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        line = self.process.stdout.readline().decode().strip()
        assert line.startswith("listening on "), line
        self.issuer = line.removeprefix("listening on ")

    @property
    def host(self):
        """The name that AWS gives the provider: the issuer without its scheme."""
        return self.issuer.split("://", 1)[1]

    def stop(self):
        self.process.kill()
        self.process.wait()

    def sign_in(self, person, app=APP):
        """Signs `person` in at the provider's own pages and returns the ID token."""
        browser = requests.Session()
        browser.trust_env = False  # else the machine's own authorities would count instead
        if self.authority:
            browser.verify = str(self.authority)
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        page = browser.get(
            f"{self.issuer}/auth",
            params={
                "client_id": app,
                "response_type": "code",
                "scope": "openid email",
                "redirect_uri": REDIRECT,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
                "state": "s",
            },
            allow_redirects=False,
        )
        target = self.through(browser, page, person)
        assert target.startswith(REDIRECT), target
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        answer = browser.post(
            f"{self.issuer}/token",
            data={
                "grant_type": "authorization_code",
                "code": query["code"][0],
                "redirect_uri": REDIRECT,
                "client_id": app,
                "code_verifier": verifier,
            },
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["id_token"]

    def through(self, browser, page, person):
        """Goes through the provider's pages as `person`; returns where they lead in the end."""
        for _ in range(10):
            if page.is_redirect:
                target = urllib.parse.urljoin(page.url, page.headers["location"])
                if not target.startswith(f"{self.issuer}/"):
                    return target
                page = browser.get(target, allow_redirects=False)
            else:
                form = re.search(r'<form[^>]*action="([^"]+)"', page.text).group(1)
                prompt = re.search(r'name="prompt" value="(\w+)"', page.text).group(1)
                answers = {"prompt": prompt, "login": person, "password": "any"}
                page = browser.post(urllib.parse.urljoin(page.url, form), data=answers, allow_redirects=False)
        raise AssertionError("the provider's pages lead nowhere")


def unverified_claims(token):
    """What a token says, whoever signed it."""
    return jwt.decode(token, options={"verify_signature": False})


def _key(algorithm):
    if algorithm.startswith(("RS", "PS")):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    return ec.generate_private_key(curves[algorithm])


class SigningKey:
    """A private key with the name under which its public half is published."""

    def __init__(self, algorithm="RS256", kid=None):
        self.algorithm = algorithm
        self.kid = kid or secrets.token_hex(8)
        self.private = _key(algorithm)

    def public(self):
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        jwk = json.loads(algorithm.to_jwk(self.private.public_key()))
        jwk.pop("key_ops", None)
        return {**jwk, "kid": self.kid, "use": "sig", "alg": self.algorithm}


class Issuer:
    """A web server with a discovery document and keys; tokens are signed here, by the test."""

    def __init__(self, algorithm="RS256", certificate=None, key=None, port=0):
        self.keys = [SigningKey(algorithm)]
        self.published = None
        self.requests = []
        self.posts = []
        self.answers = {}
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                issuer.requests.append(self.path)
                self.respond()

            def do_POST(self):
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                issuer.posts.append((self.path, urllib.parse.parse_qs(form)))
                self.respond()

            def respond(self):
                status, headers, body = issuer.answer(self.path)
                with contextlib.suppress(ConnectionError):
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        scheme = "http"
        if certificate:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.issuer = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self):
        return self.issuer.split("://", 1)[1]

    def answer(self, path):
        """The answer to `GET path`: what the test has put in `answers`, or the usual."""
        if path in self.answers:
            return self.answers[path]
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            },
            "/keys": {"keys": [key.public() for key in self.published or self.keys]},
        }
        if path not in documents:
            return 404, {}, b"not here"
        return 200, {"content-type": "application/json"}, json.dumps(documents[path]).encode()

    def fetches(self, path="/keys"):
        """How often `path` has been asked for."""
        return self.requests.count(path)

    def token(self, key=None, headers=None, **claims):
        """A token with `claims`; a claim that is None is left out."""
        key = key or self.keys[0]
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": APP, "sub": "ada", "iat": now, "exp": now + 600}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(said, key.private, key.algorithm, headers={"kid": key.kid, **(headers or {})})

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
