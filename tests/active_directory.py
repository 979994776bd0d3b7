"""A real Active Directory: a domain controller of Samba's, on an address of its own."""

import base64
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import time

import certificates
from directory import entry

REALM = "corp.example"
SUFFIX = "DC=corp,DC=example"
PEOPLE = f"OU=People,{SUFFIX}"
GROUPS = f"OU=Groups,{SUFFIX}"
ADMINISTRATOR = f"administrator@{REALM}"
ADMINISTRATOR_PASSWORD = "Adm1nistrator-of-corp"
READER_DN = f"CN=arnold,OU=Services,{SUFFIX}"
READER_PASSWORD = "Reads-the-directory-1"
START_SECONDS_MAX = 60
PROVISION_SECONDS_MAX = 300

# Flags of `userAccountControl`.
NORMAL = 0x200
DISABLED = 0x2
# A moment as Active Directory counts: 2020-01-01 in steps of 100 ns since 1601.
EXPIRED = 132223104000000000

OPTIONS = {
    "server services": "ldap",
    "bind interfaces only": "yes",
    "tls enabled": "yes",
    # File systems of containers have no extended attributes.
    "vfs objects": "dfs_samba4 acl_xattr xattr_tdb",
}


def missing():
    """Why there can be no domain controller here, if there can't."""
    if not (shutil.which("samba-tool") and pathlib.Path("/usr/sbin/samba").exists()):
        return "Samba's domain controller is not installed: try `apt-get install samba-ad-dc`"
    if os.geteuid() != 0:
        return "Samba's domain controller listens on ports 389 and 636, which only root may"
    return None


def person(name):
    """The name of a person's entry."""
    return f"CN={name},{PEOPLE}"


def group(name):
    """The name of a group."""
    return f"CN={name},{GROUPS}"


def quoted(password):
    """A password as the attribute `unicodePwd` takes it, for LDIF behind `::`."""
    return base64.b64encode(f'"{password}"'.encode("utf-16-le")).decode()


PAT = person("O'Brien\\, Pat (Sales)")


def _account(dn, name, password, control=NORMAL, **more):
    attributes = {
        "objectClass": "user",
        "sAMAccountName": name,
        "userPrincipalName": f"{name}@{REALM}",
        "unicodePwd:": quoted(password),
        "userAccountControl": control,
        **more,
    }
    return entry(dn, **attributes)


def _group(name, *members):
    return entry(group(name), objectClass="group", sAMAccountName=name, member=list(members))


def company():
    """Everybody in the domain, in LDIF."""
    folders = ("People", "Groups", "Services")
    return "".join(
        [
            *[entry(f"OU={name},{SUFFIX}", objectClass="organizationalUnit") for name in folders],
            _account(READER_DN, "arnold", READER_PASSWORD),
            _account(person("Ana"), "ana", "Ana's-password-1", mail="ana@corp.example"),
            _account(person("Bob"), "bob", "Bob's-password-1"),
            # Named as people are: with a comma in it.
            _account(PAT, "obrien", "Pat's-password-1"),
            _account(person("Gone"), "gone", "Gone's-password-1", NORMAL | DISABLED),
            _account(person("Late"), "late", "Late's-password-1", accountExpires=EXPIRED),
            _account(person("New"), "new", "New's-password-1", pwdLastSet=0),
            # By this number, what is Vic's is found under Mallory's name.
            _account(person("Vic"), "vic", "Vic's-password-1", employeeID="mallory"),
            _account(person("Mallory"), "mallory", "Mallory's-password-1", employeeID="vic"),
            _group("Developers", person("Ana"), PAT),
            _group("Engineering", group("Developers")),
            _group("Staff", group("Engineering"), person("Bob")),
            _group("Admins", person("Vic")),
        ]
    )


def _free_address():
    """An address of this machine on which nobody has a directory."""
    while True:
        address = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
        with socket.socket() as tried:
            if tried.connect_ex((address, 636)) != 0:
                return address


class ActiveDirectory:
    """One domain, for as long as it is wanted."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.address = _free_address()
        self.url = f"ldaps://{self.address}"
        self.authority, certificate, key = certificates.make(self.folder, self.address)
        self._provision(certificate, key)
        with (self.folder / "samba.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "/usr/sbin/samba", "--foreground", "--model=single", "--no-process-group",
                    "--debug-stdout", f"--configfile={self.folder}/etc/smb.conf",
                ],
                stdout=log, stderr=log,
            )
        self._add(company())

    def _provision(self, certificate, key):
        # What is not in the folder of the domain is put there: nothing is shared with the machine.
        options = {
            **OPTIONS,
            "interfaces": f"{self.address}/8",
            "tls keyfile": key,
            "tls certfile": certificate,
            "tls cafile": self.authority,
            "pid directory": self.folder,
            "ncalrpc dir": self.folder / "ncalrpc",
            "log file": self.folder / "samba.log",
            "xattr_tdb:file": self.folder / "xattr.tdb",
            "posix:eadb": self.folder / "eadb.tdb",
        }
        done = subprocess.run(
            [
                "samba-tool", "domain", "provision", "--configfile=/dev/null", "--server-role=dc",
                "--dns-backend=NONE", f"--realm={REALM.upper()}", "--domain=CORP", "--host-name=dc1",
                f"--host-ip={self.address}", f"--adminpass={ADMINISTRATOR_PASSWORD}",
                f"--targetdir={self.folder}",
                *[f"--option={name} = {value}" for name, value in options.items()],
            ],
            capture_output=True, text=True, timeout=PROVISION_SECONDS_MAX, env={"PATH": os.environ["PATH"]},
        )
        assert done.returncode == 0, done.stderr

    def _add(self, ldif):
        """Adds entries, as soon as the directory answers."""
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            done = self.administer("ldapadd", ldif)
            # 255 is "cannot contact": it has not opened its port yet.
            if done.returncode != 255 or time.monotonic() > end:
                break
        assert done.returncode == 0, done.stderr + self.log_text()

    def administer(self, program, ldif):
        """Lets a program of OpenLDAP's work on the domain as its administrator."""
        return subprocess.run(
            [program, "-x", "-H", self.url, "-D", ADMINISTRATOR, "-w", ADMINISTRATOR_PASSWORD],
            input=ldif, capture_output=True, text=True, timeout=30,
            env={"PATH": os.environ["PATH"], "LDAPTLS_CACERT": str(self.authority)},
        )

    def log_text(self):
        return (self.folder / "samba.log").read_text(errors="replace")

    def settings(self, **more):
        """`[directory.NAME]` for it: found by search, with groups of groups."""
        password = self.folder / "reader-password"
        password.write_text(f"{READER_PASSWORD}\n")
        password.chmod(0o600)
        settings = {
            "urls": [self.url],
            "ca_files": [str(self.authority)],
            "bind_dn": READER_DN,
            "bind_password": {"file": str(password)},
            "base": SUFFIX,
            "user_filter": "(&(objectCategory=person)(objectClass=user)(sAMAccountName={login}))",
            "name_attribute": "sAMAccountName",
            "nested_groups": "active_directory",
            **more,
        }
        return {name: value for name, value in settings.items() if value is not None}

    def personal(self, name, **more):
        """The same without an account of ours: people bind by this name and find themselves."""
        return self.settings(bind_dn=None, bind_password=None, user_bind=name, **more)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
