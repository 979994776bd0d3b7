"""Makes the documents beside it: responses as products shape them, signed by libraries that
are not ours, and metadata as products publish it.

    pip install signxml==5.2.0 lxml==6.1.3 xmlsec==1.3.17 pysaml2==7.5.5 cryptography==50.0.2
    apt-get install xmlsec1 && npm install saml@4.0.0
    python make.py          # where `node_modules` is

The keys are made anew, and thrown away: nobody can sign another document with them. Private
keys that open encrypted assertions are kept, for the tests need them.
"""

import base64
import datetime
import json
import pathlib
import subprocess
import tempfile

import signxml
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

HERE = pathlib.Path(__file__).resolve().parent
NODE = pathlib.Path.cwd()
SIGN_IN = "https://signin.aws.amazon.com/saml"
ACCOUNT = "111122223333"
NOW = datetime.datetime(2026, 1, 15, 12, 0, 0, tzinfo=datetime.timezone.utc)
DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"


SERVICE = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:amazon:webservices"><SPSSODescriptor protocolSupportEnumeration="{SAMLP}" WantAssertionsSigned="true"><AssertionConsumerService isDefault="true" index="1" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SIGN_IN}"/></SPSSODescriptor></EntityDescriptor>"""


class Key:
    def __init__(self, key, days=3650):
        self.key = key
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.com")])
        begin = NOW - datetime.timedelta(days=4000)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + datetime.timedelta(days=days))
            .sign(key, hashes.SHA256())
        )

    @property
    def pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def certificate_pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def certificate_base64(self):
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()


def rsa_key(bits=2048, **more):
    return Key(rsa.generate_private_key(65537, bits), **more)


def instant(minutes=0):
    return (NOW + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.123Z")


def values(provider):
    role = f"arn:aws:iam::{ACCOUNT}:role"
    trusted = f"arn:aws:iam::{ACCOUNT}:saml-provider/{provider}"
    return [f"{role}/dev,{trusted}", f"{trusted},{role}/ops"]


def response(provider, entity, name="ana@example.com", prefix="saml:", top="", attributes=""):
    """A response, its assertion in the default namespace if the prefix is empty."""
    p = prefix
    ns = f'xmlns:{p[:-1]}="{SAML}"' if p else f'xmlns="{SAML}"'
    q = p or ""
    issuer_ns = f' xmlns="{SAML}"' if not p else ""
    roles = "".join(f"<{q}AttributeValue{attributes}>{value}</{q}AttributeValue>" for value in values(provider))
    return f"""<samlp:Response xmlns:samlp="{SAMLP}" {ns if p else ''} {top} ID="_r{provider}" Version="2.0" IssueInstant="{instant()}" Destination="{SIGN_IN}"><{q}Issuer{issuer_ns}>{entity}</{q}Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><{q}Assertion {ns if not p else ''} ID="_a{provider}" Version="2.0" IssueInstant="{instant()}">
  <{q}Issuer>{entity}</{q}Issuer>
  <{q}Subject>
    <{q}NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{name}</{q}NameID>
    <{q}SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><{q}SubjectConfirmationData Recipient="{SIGN_IN}" NotOnOrAfter="{instant(5)}"/></{q}SubjectConfirmation>
  </{q}Subject>
  <{q}Conditions NotBefore="{instant(-1)}" NotOnOrAfter="{instant(60)}"><{q}AudienceRestriction><{q}Audience>urn:amazon:webservices</{q}Audience></{q}AudienceRestriction></{q}Conditions>
  <{q}AttributeStatement>
    <{q}Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">{roles}</{q}Attribute>
    <{q}Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><{q}AttributeValue>{name}</{q}AttributeValue></{q}Attribute>
  </{q}AttributeStatement>
  <{q}AuthnStatement AuthnInstant="{instant()}" SessionIndex="_s"><{q}AuthnContext><{q}AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</{q}AuthnContextClassRef></{q}AuthnContext></{q}AuthnStatement>
</{q}Assertion></samlp:Response>"""


def find(tree, name):
    return tree if tree.tag.endswith("}" + name) else tree.find(f".//{{*}}{name}")


def with_xmlsec(document, name, key, method=None, digest=None, canonical=None, prefix="ds"):
    """Signs in the library libxmlsec."""
    tree = etree.fromstring(document)
    element = find(tree, name)
    xmlsec.tree.add_ids(tree, ["ID"])
    node = xmlsec.template.create(
        element, canonical or xmlsec.Transform.EXCL_C14N, method or xmlsec.Transform.RSA_SHA256, ns=prefix
    )
    element.insert(1, node)
    reference = xmlsec.template.add_reference(node, digest or xmlsec.Transform.SHA256, uri="#" + element.get("ID"))
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, canonical or xmlsec.Transform.EXCL_C14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(node))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.pem, xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_memory(key.certificate_pem, xmlsec.KeyFormat.PEM)
    context.sign(node)
    return etree.tostring(tree).decode()


def with_xmlsec1(document, name, key):
    """Signs by the command xmlsec1, with a template that lists inclusive prefixes."""
    tree = etree.fromstring(document)
    element = find(tree, name)
    template = f"""<Signature xmlns="{DS}"><SignedInfo><CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><SignatureMethod Algorithm="{MORE}rsa-sha256"/><Reference URI="#{element.get('ID')}"><Transforms><Transform Algorithm="{DS}enveloped-signature"/><Transform Algorithm="{EXCLUSIVE}"><ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="xs #default"/></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature>"""
    element.insert(1, etree.fromstring(template))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "in.xml").write_bytes(etree.tostring(tree))
        (folder / "key.pem").write_text(key.pem)
        (folder / "cert.pem").write_text(key.certificate_pem)
        command = ["xmlsec1", "--sign", "--privkey-pem", "key.pem,cert.pem"]
        for signed in ("protocol:Response", "assertion:Assertion"):
            command += ["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:" + signed]
        subprocess.run([*command, "--output", "out.xml", "in.xml"], cwd=folder, check=True)
        return (folder / "out.xml").read_text()


def with_signxml(document, name, key, algorithm="rsa-sha256", canonical=EXCLUSIVE, digest="sha256"):
    """Signs in the library signxml."""
    tree = etree.fromstring(document)
    element = find(tree, name)
    place = etree.SubElement(element, f"{{{DS}}}Signature", Id="placeholder", nsmap={"ds": DS})
    element.insert(1, place)
    signer = signxml.XMLSigner(signature_algorithm=algorithm, digest_algorithm=digest, c14n_algorithm=canonical)
    signed = signer.sign(element, key=key.pem, cert=key.certificate_pem, reference_uri="#" + element.get("ID"))
    if element is tree:
        return etree.tostring(signed).decode()
    parent = element.getparent()
    parent.replace(element, signed)
    return etree.tostring(tree).decode()


def encrypted(document, key, cipher, gcm_key=None, transport=None):
    """Encrypts the assertion in the library libxmlsec."""
    tree = etree.fromstring(document)
    assertion = find(tree, "Assertion")
    wrapper = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml2": SAML})
    tree.replace(assertion, wrapper)
    wrapper.append(assertion)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(key.pem, xmlsec.KeyFormat.PEM))
    data = xmlsec.template.encrypted_data_create(wrapper, cipher, type=xmlsec.EncryptionType.ELEMENT, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    encrypted_key = xmlsec.template.add_encrypted_key(info, transport or xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(encrypted_key)
    context = xmlsec.EncryptionContext(manager)
    bits = 128 if "128" in cipher.name else 256
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, bits, xmlsec.KeyDataType.SESSION)
    context.encrypt_xml(data, assertion)
    return etree.tostring(tree).decode()


def with_node(key, entity, provider, encryption=None):
    """An assertion of the npm package `saml`, in a response."""
    options = {
        "issuer": entity,
        "recipient": SIGN_IN,
        "audiences": "urn:amazon:webservices",
        "nameIdentifier": "ana@example.com",
        "lifetimeInSeconds": 300,
        "attributes": {
            "https://aws.amazon.com/SAML/Attributes/Role": values(provider),
            "https://aws.amazon.com/SAML/Attributes/RoleSessionName": "ana@example.com",
        },
        "signatureAlgorithm": "rsa-sha256",
        "digestAlgorithm": "sha256",
        "signatureNamespacePrefix": "ds",
    }
    script = """
    const { Saml20 } = require('saml');
    const o = JSON.parse(process.argv[1]);
    o.key = Buffer.from(o.key); o.cert = Buffer.from(o.cert);
    if (o.encryptionCert) { o.encryptionCert = Buffer.from(o.encryptionCert); o.encryptionPublicKey = Buffer.from(o.encryptionPublicKey); }
    const done = (error, text) => { if (error) throw error; process.stdout.write(text); };
    const text = Saml20.create(o, done);
    """
    options |= {"key": key.pem, "cert": key.certificate_pem}
    if encryption:
        public = encryption.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        options |= {
            "encryptionCert": encryption.certificate_pem,
            "encryptionPublicKey": public.decode(),
            "encryptionAlgorithm": "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "keyEncryptionAlgorithm": "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        }
    assertion = subprocess.run(
        ["node", "-e", script, json.dumps(options)], cwd=NODE, check=True, capture_output=True
    ).stdout.decode()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'<samlp:Response xmlns:samlp="{SAMLP}" ID="_rnode" Version="2.0" IssueInstant="{now}"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>'


def with_pysaml2(key, entity, provider, encryption=None, sign_response=False):
    """A response of pysaml2's own identity provider."""
    from saml2.config import IdPConfig
    from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
    from saml2.server import Server

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "key.pem").write_text(key.pem)
        (folder / "cert.pem").write_text(key.certificate_pem)
        configuration = IdPConfig().load(
            {
                "entityid": entity,
                "key_file": str(folder / "key.pem"),
                "cert_file": str(folder / "cert.pem"),
                "xmlsec_binary": "/usr/bin/xmlsec1",
                "metadata": {"inline": [SERVICE]},
                "service": {
                    "idp": {
                        "endpoints": {"single_sign_on_service": [(entity, "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect")]},
                        "signing_algorithm": MORE + "rsa-sha256",
                        "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
                        "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None, "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"}},
                    }
                },
            }
        )
        server = Server(config=configuration)
        identity = {
            "https://aws.amazon.com/SAML/Attributes/Role": values(provider),
            "https://aws.amazon.com/SAML/Attributes/RoleSessionName": ["ana@example.com"],
        }
        more = {}
        if encryption:
            body = "".join(encryption.certificate_pem.splitlines()[1:-1])
            more = {"encrypt_assertion": True, "encrypted_advice_attributes": False, "encrypt_cert_assertion": body, "encrypt_assertion_self_contained": True}
        answer = server.create_authn_response(
            identity,
            in_response_to=None,
            destination=SIGN_IN,
            sp_entity_id="urn:amazon:webservices",
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text="ana@example.com"),
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
            sign_assertion=True,
            sign_response=sign_response,
            **more,
        )
        return str(answer)


def metadata(entity, keys, shape):
    """What this product publishes, with these keys."""

    def descriptor(key, use="signing", prefix=""):
        p = prefix
        use = f' use="{use}"' if use else ""
        return f'<{p}KeyDescriptor{use}><KeyInfo xmlns="{DS}"><X509Data><X509Certificate>{key.certificate_base64}</X509Certificate></X509Data></KeyInfo></{p}KeyDescriptor>'

    sso = "".join(
        f'<{{p}}SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{entity}/sso"/>'
        for binding in ("HTTP-Redirect", "HTTP-POST")
    )
    md = "urn:oasis:names:tc:SAML:2.0:metadata"
    protocol = f'protocolSupportEnumeration="{SAMLP}"'
    if shape == "adfs":
        # A signature over the whole, descriptions for WS-Federation and as service provider beside.
        signing = "".join(descriptor(key) for key in keys)
        federation = f'<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/200512">{signing}<fed:TokenTypesOffered><fed:TokenType Uri="urn:oasis:names:tc:SAML:2.0:assertion"/></fed:TokenTypesOffered></RoleDescriptor>'
        sp = f'<SPSSODescriptor WantAssertionsSigned="true" {protocol}>{descriptor(keys[0], "encryption")}<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{entity}/ls/" index="0" isDefault="true"/></SPSSODescriptor>'
        idp = f'<IDPSSODescriptor {protocol}>{descriptor(keys[0], "encryption")}{signing}<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>{sso.replace("{p}", "")}<Attribute Name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="E-Mail Address" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/></IDPSSODescriptor>'
        return with_xmlsec(f'<EntityDescriptor ID="_adfs" entityID="{entity}" xmlns="{md}">{federation}{sp}{idp}<ContactPerson contactType="support"/></EntityDescriptor>', "EntityDescriptor", keys[0])
    if shape == "entra":
        return f'<?xml version="1.0" encoding="utf-8"?><EntityDescriptor ID="_entra" entityID="{entity}" xmlns="{md}"><IDPSSODescriptor {protocol}>{"".join(descriptor(key) for key in keys)}<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{entity}/saml2"/>{sso.replace("{p}", "")}</IDPSSODescriptor></EntityDescriptor>'
    if shape == "keycloak":
        return f'<md:EntityDescriptor xmlns="{md}" xmlns:md="{md}" xmlns:saml="{SAML}" xmlns:ds="{DS}" entityID="{entity}"><md:IDPSSODescriptor WantAuthnRequestsSigned="true" {protocol}>{"".join(descriptor(key, prefix="md:") for key in keys)}<md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="{entity}/resolve" index="0"/>{sso.replace("{p}", "md:")}</md:IDPSSODescriptor></md:EntityDescriptor>'
    if shape == "google":
        return f'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<md:EntityDescriptor xmlns:md="{md}" entityID="{entity}" validUntil="2030-11-29T08:25:15.000Z">\n  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" {protocol}>\n    {"".join(descriptor(key, prefix="md:") for key in keys)}\n    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>\n{sso.replace("{p}", "md:")}\n  </md:IDPSSODescriptor>\n</md:EntityDescriptor>'
    if shape == "shibboleth":
        lines = "".join(descriptor(key, use=None) for key in keys).replace("<X509Certificate>", "<X509Certificate>\n").replace("</X509Certificate>", "\n</X509Certificate>")
        return f'<EntityDescriptor xmlns="{md}" xmlns:ds="{DS}" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" entityID="{entity}"><IDPSSODescriptor protocolSupportEnumeration="{SAMLP} urn:oasis:names:tc:SAML:1.1:protocol urn:mace:shibboleth:1.0"><Extensions><shibmd:Scope regexp="false">example.com</shibmd:Scope><!-- filled in by hand --></Extensions>{lines}<SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="{entity}/Shibboleth/SSO"/>{sso.replace("{p}", "")}</IDPSSODescriptor><AttributeAuthorityDescriptor protocolSupportEnumeration="{SAMLP}">{lines}<AttributeService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="{entity}/query"/></AttributeAuthorityDescriptor></EntityDescriptor>'
    assert shape == "okta"
    return f'<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor entityID="{entity}" xmlns:md="{md}"><md:IDPSSODescriptor WantAuthnRequestsSigned="false" {protocol}>{"".join(descriptor(key, prefix="md:") for key in keys)}<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>{sso.replace("{p}", "md:")}</md:IDPSSODescriptor></md:EntityDescriptor>'


CASES = []


def case(name, document, shape, entity, keys, **more):
    (HERE / f"{name}.xml").write_text(document)
    (HERE / f"{name}.metadata.xml").write_text(metadata(entity, keys, shape))
    issued = etree.fromstring(document.encode()).get("IssueInstant")
    moment = datetime.datetime.strptime(issued[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    CASES.append({"name": name, "now": int(moment.timestamp()) + 10, "provider": name.split("-")[-1], **more})


def main():
    old, new, expired = rsa_key(), rsa_key(3072), rsa_key(days=365)
    p256, p384, p521 = (Key(ec.generate_private_key(curve())) for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1))
    opens = rsa_key()
    (HERE / "decryption-key.pem").write_text(opens.pem)

    adfs = "http://adfs.example.com/adfs/services/trust"
    case("xmlsec1-adfs", with_xmlsec1(response("adfs", adfs, prefix=""), "Assertion", old), "adfs", adfs, [new, old])
    entra = "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
    case("libxmlsec-entra", with_xmlsec(response("entra", entra, prefix=""), "Assertion", expired, prefix=None), "entra", entra, [expired, new])
    okta = "http://www.okta.com/exk1"
    typed = ' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string"'
    both = with_signxml(response("okta", okta, prefix="saml2:", attributes=typed), "Assertion", old)
    case("signxml-okta", with_xmlsec(both, "Response", old), "okta", okta, [old])
    keycloak = "https://keycloak.example.com/realms/main"
    case("libxmlsec-keycloak", with_xmlsec(response("keycloak", keycloak), "Response", new, digest=xmlsec.Transform.SHA512, method=xmlsec.Transform.RSA_SHA512, prefix="dsig"), "keycloak", keycloak, [new])
    google = "https://accounts.google.com/o/saml2?idpid=C01abc"
    case("pysaml2-google", with_pysaml2(old, google, "google"), "google", google, [old])
    case("pysaml2-both-google", with_pysaml2(old, google, "google", sign_response=True), "google", google, [old])
    shibboleth = "https://shibboleth.example.com/idp/shibboleth"
    signed = with_xmlsec(response("shibboleth", shibboleth, prefix="saml2:"), "Assertion", old)
    case("libxmlsec-cbc-shibboleth", encrypted(signed, opens, xmlsec.Transform.AES128), "shibboleth", shibboleth, [old], encrypted=True)
    case("libxmlsec-gcm-shibboleth", encrypted(signed, opens, xmlsec.Transform.AES256_GCM), "shibboleth", shibboleth, [old], encrypted=True)
    plain = response("shibboleth", shibboleth, prefix="saml2:")
    whole = with_xmlsec(encrypted(plain, opens, xmlsec.Transform.AES256), "Response", old)
    case("libxmlsec-whole-shibboleth", whole, "shibboleth", shibboleth, [old], encrypted=True)
    case("libxmlsec-rsa15-shibboleth", encrypted(signed, opens, xmlsec.Transform.AES256, transport=xmlsec.Transform.RSA_PKCS1), "shibboleth", shibboleth, [old], encrypted=True, refusal="EncryptionAlgorithm")
    case("pysaml2-encrypted-google", with_pysaml2(old, google, "google", encryption=opens), "google", google, [old], encrypted=True, refusal="EncryptionAlgorithm")
    node = "https://idp.example.com/node"
    case("node-okta", with_node(old, node, "okta"), "okta", node, [old])
    case("node-encrypted-okta", with_node(old, node, "okta", encryption=opens), "okta", node, [old], encrypted=True)

    ecdsa = "https://idp.example.com/ecdsa"
    for name, key, method in (("p256", p256, xmlsec.Transform.ECDSA_SHA256), ("p384", p384, xmlsec.Transform.ECDSA_SHA384), ("p521", p521, xmlsec.Transform.ECDSA_SHA512)):
        case(f"libxmlsec-{name}-okta", with_xmlsec(response("okta", ecdsa), "Assertion", key, method=method), "okta", ecdsa, [key])
    case("signxml-p256-okta", with_signxml(response("okta", ecdsa), "Response", p256, algorithm="ecdsa-sha256"), "okta", ecdsa, [p256])
    for name in ("sha256-rsa-MGF1", "sha512-rsa-MGF1"):
        case(f"signxml-{name}-okta", with_signxml(response("okta", okta), "Assertion", old, algorithm=name), "okta", okta, [old])
    case("libxmlsec-inclusive-okta", with_xmlsec(response("okta", okta, top='xmlns:unused="urn:unused" xml:lang="en"'), "Assertion", old, canonical=xmlsec.Transform.C14N), "okta", okta, [old])
    sha1 = with_xmlsec(response("okta", okta), "Assertion", old, method=xmlsec.Transform.RSA_SHA1, digest=xmlsec.Transform.SHA1)
    case("libxmlsec-sha1-okta", sha1, "okta", okta, [old], refusal="Sha1")
    case("libxmlsec-sha1-allowed-okta", sha1, "okta", okta, [old], sha1=True)
    small = rsa_key(1024)
    case("libxmlsec-rsa1024-okta", with_xmlsec(response("okta", okta), "Assertion", small), "okta", okta, [small])
    case("libxmlsec-other-key-okta", with_xmlsec(response("okta", okta), "Assertion", new), "okta", okta, [old], refusal="WrongSignature")
    odd = response("okta", okta, name="ana&amp;&#38;&lt;@example.com").replace("<saml:Subject>", "<!-- c --><saml:Subject a='\t\"&#9;&#10;&#13;' b=\"'\">\r\n&#13;")
    odd = odd.replace('RoleSessionName"><saml:AttributeValue>ana&amp;&#38;&lt;@example.com', 'RoleSessionName"><saml:AttributeValue>ana@example.com')
    case("libxmlsec-characters-okta", with_xmlsec(odd, "Assertion", old), "okta", okta, [old], subject="ana&&<@example.com")

    (HERE / "cases.json").write_text(json.dumps(CASES, indent=1) + "\n")


if __name__ == "__main__":
    main()
