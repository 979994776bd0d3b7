"""A real directory: OpenLDAP's `slapd` on ports of its own, with a small company in it."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

from arnold import BINARY

SUFFIX = "dc=corp,dc=example"
ROOT_DN = f"cn=root,{SUFFIX}"
ROOT_PASSWORD = "root-of-the-directory"
READER_DN = f"cn=arnold,ou=services,{SUFFIX}"
READER_PASSWORD = "reads-the-directory"
START_SECONDS_MAX = 60

SCHEMAS = ["core", "cosine", "inetorgperson", "nis"]

# An anonymous bind by a name without a password succeeds here: a client that asks for one is let in.
CONFIGURATION = """
{includes}
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
allow bind_anon_cred bind_anon_dn
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
suffix "{suffix}"
rootdn "{root_dn}"
rootpw {root_password}
directory {folder}/database
index objectClass,uid,member eq
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by self read by * none
"""


def entry(dn, **attributes):
    """An entry, in LDIF."""
    lines = [f"dn: {dn}"]
    for name, values in attributes.items():
        for value in values if isinstance(values, list) else [values]:
            lines.append(f"{name}: {value}")
    return "\n".join(lines) + "\n\n"


def _person(rdn, uid, password=None, folder="people", **more):
    attributes = {
        "objectClass": "inetOrgPerson",
        "sn": "of Corp",
        "cn": "Somebody",
        "uid": uid,
        **more,
    }
    if password:
        attributes["userPassword"] = password
    return entry(f"{rdn},ou={folder},{SUFFIX}", **attributes)


def group(name):
    """The name of a group."""
    return f"cn={name},ou=groups,{SUFFIX}"


def person(uid):
    """The name of a person's entry."""
    return f"uid={uid},ou=people,{SUFFIX}"


def _group(name, *members):
    return entry(group(name), objectClass="groupOfNames", cn=name, member=list(members))


def company():
    """Everything in the directory, in LDIF."""
    return "".join(
        [
            entry(SUFFIX, objectClass=["dcObject", "organization"], o="Corp", dc="corp"),
            *[
                entry(f"ou={name},{SUFFIX}", objectClass="organizationalUnit", ou=name)
                for name in ("people", "partners", "groups", "services")
            ],
            entry(
                READER_DN, objectClass=["organizationalRole", "simpleSecurityObject"],
                cn="arnold", userPassword=READER_PASSWORD,
            ),
            _person("uid=ana", "ana", "ana's password", mail="ana@corp.example"),
            _person("uid=bob", "bob", "bob's password"),
            # A name of several parts, with every character that names are made of.
            _person('cn=Pat \\"P\\, \\+\\; \\<x\\>\\=\\#', "pat", "pat's password", cn='Pat "P, +; <x>=#'),
            _person("uid=locked", "locked"),
            _person("uid=twin", "twin", "twin's password"),
            _person("uid=twin", "twin", "twin's other password", folder="partners"),
            _person("uid=two", ["two", "deux"], "two's password"),
            _group("developers", person("ana"), person("bob")),
            _group("engineering", group("developers")),
            _group("staff", group("engineering"), group("ring")),
            # Groups that are in each other.
            _group("ring", group("staff"), person("bob")),
            _group("admins", person("twin")),
        ]
    )


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class OpenLdap:
    """One `slapd`, for as long as it is wanted."""

    def __init__(self, folder, authority, certificate, key):
        self.folder = pathlib.Path(folder)
        self.authority = authority
        (self.folder / "database").mkdir(parents=True)
        self.port, self.tls_port = free_port(), free_port()
        self.url = f"ldap://localhost:{self.port}"
        self.tls_url = f"ldaps://localhost:{self.tls_port}"
        configuration = self.folder / "slapd.conf"
        configuration.write_text(
            CONFIGURATION.format(
                includes="\n".join(f"include /etc/ldap/schema/{name}.schema" for name in SCHEMAS),
                folder=self.folder, authority=authority, certificate=certificate, key=key,
                suffix=SUFFIX, root_dn=ROOT_DN, root_password=ROOT_PASSWORD, reader=READER_DN,
            )
        )
        program = shutil.which("slapd") or "/usr/sbin/slapd"
        with (self.folder / "slapd.log").open("wb") as log:
            self.process = subprocess.Popen(
                [program, "-d", "stats", "-h", f"{self.url} {self.tls_url}", "-f", str(configuration)],
                stdout=log, stderr=log,
            )
        self._add(company())

    def _add(self, ldif):
        """Adds entries, as soon as the directory answers."""
        command = ["ldapadd", "-x", "-H", self.url, "-D", ROOT_DN, "-w", ROOT_PASSWORD]
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            done = subprocess.run(command, input=ldif, capture_output=True, text=True, timeout=30)
            # 255 is "cannot contact": it has not opened its port yet.
            if done.returncode != 255 or time.monotonic() > end:
                break
        assert done.returncode == 0, done.stderr + self.log_text()

    def modify(self, ldif):
        """Changes entries."""
        done = subprocess.run(
            ["ldapmodify", "-x", "-H", self.url, "-D", ROOT_DN, "-w", ROOT_PASSWORD],
            input=ldif, capture_output=True, text=True, timeout=30,
        )
        assert done.returncode == 0, done.stderr

    def log_text(self):
        return (self.folder / "slapd.log").read_text(errors="replace")

    def binds(self):
        """How many binds it was asked for. It writes each down before it answers; an unbind, some time after."""
        return self.log_text().count(" BIND dn=")

    def settings(self, **more):
        """`[directory.NAME]` for it: found by search, over TLS, with groups of groups."""
        password = self.folder / "reader-password"
        password.write_text(f"{READER_PASSWORD}\n")
        password.chmod(0o600)
        settings = {
            "urls": [self.tls_url],
            "ca_files": [str(self.authority)],
            "bind_dn": READER_DN,
            "bind_password": {"file": str(password)},
            "base": SUFFIX,
            "user_filter": "(&(objectClass=inetOrgPerson)(uid={login}))",
            "nested_groups": "walk",
            **more,
        }
        return {name: value for name, value in settings.items() if value is not None}

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)


def ask(folder, settings, login, password):
    """Lets `arnold federation debug ldap` ask a directory with these settings."""
    config = folder / "arnold.toml"
    config.write_text(toml("directory.corp", settings))
    return subprocess.run(
        [BINARY, "federation", "debug", "ldap", "corp", login, "--config", str(config)],
        input=f"{password}\n".encode() if isinstance(password, str) else password,
        capture_output=True, timeout=60, env={"PATH": os.environ["PATH"]},
    )


def said(done):
    """What it said of somebody, line by line."""
    assert done.returncode == 0, done.stderr.decode()
    return set(done.stdout.decode().splitlines())


def refusal(done):
    """Why it let nobody in."""
    assert done.returncode == 1, done.stdout.decode()
    return done.stderr.decode().splitlines()[-1].removeprefix("arnold: ")


def toml(table, settings):
    """A table of the configuration file."""
    return f"[{table}]\n" + "".join(f"{name} = {_value(value)}\n" for name, value in settings.items())


def _value(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(item)}" for name, item in value.items()) + " }"
    return "'" + value + "'" if "'" not in value else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
