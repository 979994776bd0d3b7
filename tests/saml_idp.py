"""A SAML identity provider that says whatever a test wants it to say. The library signxml signs
for it, and `cryptography` encrypts: nothing of it is ours but the shape."""

import base64
import datetime
import os

import signxml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from arnold import ClientTime

SIGN_IN = "https://signin.aws.amazon.com/saml"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"


def pem(key):
    """A private key as administrators upload it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def attribute(name, *values):
    inside = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{inside}</saml:Attribute>'


class SamlIdp:
    """An identity provider with a key of its own."""

    def __init__(self, entity="https://idp.example.com/saml", bits=2048, page="https://idp.example.com/sso"):
        self.entity = entity
        self.page = page
        self.key = rsa.generate_private_key(65537, bits)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.com")])
        begin = datetime.datetime(2020, 1, 1)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            # Long over: it is the metadata that is trusted, not the date.
            .not_valid_after(begin + datetime.timedelta(days=365))
            .sign(self.key, hashes.SHA256())
        )

    def certificate_base64(self):
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    def metadata(self, *others, valid_until=None):
        """Metadata with this provider's key, and those of others."""
        keys = "".join(
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>'
            f"{idp.certificate_base64()}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for idp in (self, *others)
        )
        until = f' validUntil="{valid_until}"' if valid_until else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
            f' entityID="{self.entity}"{until}><md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{keys}'
            f'<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            f' Location="{self.page}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
        )

    def document(self, roles, name="ada", more="", minutes_ago=0, **changes):
        """A response that is not signed yet. `changes` are texts by what they replace."""

        def instant(minutes=0):
            now = ClientTime.now() + datetime.timedelta(minutes=minutes - minutes_ago)
            return now.strftime("%Y-%m-%dT%H:%M:%SZ")

        attributes = attribute(ATTRIBUTES + "Role", *roles) + attribute(ATTRIBUTES + "RoleSessionName", name)
        text = f"""<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_{os.urandom(16).hex()}" Version="2.0" IssueInstant="{instant()}" Destination="{SIGN_IN}"><saml:Issuer>{self.entity}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_{os.urandom(16).hex()}" Version="2.0" IssueInstant="{instant()}"><saml:Issuer>{self.entity}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ada-at-work</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="{SIGN_IN}" NotOnOrAfter="{instant(5)}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{instant(-1)}" NotOnOrAfter="{instant(60)}"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{instant()}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{attributes}{more}</saml:AttributeStatement></saml:Assertion></samlp:Response>"""
        for old, new in changes.get("replace", {}).items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def sign(self, document, which="Assertion"):
        """Signs the assertion, or the whole response."""
        tree = etree.fromstring(document)
        element = tree if which == "Response" else tree.find(f"{{{SAML}}}Assertion")
        element.insert(1, etree.Element(f"{{{DS}}}Signature", Id="placeholder", nsmap={"ds": DS}))
        signer = signxml.XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
        signed = signer.sign(element, key=pem(self.key), reference_uri="#" + element.get("ID"))
        if which == "Response":
            return etree.tostring(signed).decode()
        tree.replace(element, signed)
        return etree.tostring(tree).decode()

    def response(self, roles, which="Assertion", **more):
        """A signed response as it is posted."""
        return posted(self.sign(self.document(roles, **more), which))


def posted(document):
    return base64.b64encode(document.encode()).decode()


def encrypted(document, public_key):
    """The document with its assertion encrypted: AES-GCM, the key by RSA-OAEP."""
    tree = etree.fromstring(document)
    assertion = tree.find(f"{{{SAML}}}Assertion")
    key, nonce = AESGCM.generate_key(256), os.urandom(12)
    sealed = base64.b64encode(nonce + AESGCM(key).encrypt(nonce, etree.tostring(assertion), None)).decode()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sealed_key = base64.b64encode(public_key.encrypt(key, oaep)).decode()
    wrapper = f"""<saml:EncryptedAssertion xmlns:saml="{SAML}"><xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/></xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{sealed_key}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{sealed}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"""
    tree.replace(assertion, etree.fromstring(wrapper))
    return etree.tostring(tree).decode()
