"""A browser without a screen: what a person's would send, cookies and all, by hand."""

import html
import json
import re
import urllib.parse

import requests

from arnold import eventually


class Browser:
    """One browser at one Arnold. It follows redirects within it and stops before any other."""

    def __init__(self, arnold):
        self.arnold = arnold
        self.session = requests.Session()
        self.session.trust_env = False
        self.page = None

    def go(self, path, method="GET", data=None, **headers):
        """Opens an address; what it leads to within this Arnold is followed."""
        url = urllib.parse.urljoin(self.arnold.url, path)
        sent = {"Accept": "text/html", **headers}
        for _ in range(5):
            self.page = self.session.request(method, url, data=data, headers=sent, allow_redirects=False, timeout=30)
            if self.page.status_code not in (302, 303):
                return self.page
            url = urllib.parse.urljoin(url, self.page.headers["Location"])
            if not url.startswith(f"{self.arnold.url}/"):
                return self.page
            method, data = "GET", None
        raise AssertionError("redirected too often")

    def submit(self, action, origin=None, **fields):
        """Sends the form of the page that goes to `action`, its hidden fields included."""
        forms = re.findall(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", self.page.text, re.S)
        inside = next(inside for found, inside in forms if html.unescape(found) == action)
        hidden = re.findall(r"<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\">", inside)
        data = {name: html.unescape(value) for name, value in hidden}
        data.update(fields)
        origin = origin or self.arnold.url
        site = "same-origin" if origin == self.arnold.url else "cross-site"
        return self.go(action, "POST", data, Origin=origin, **{"Sec-Fetch-Site": site})

    def text(self, element_id):
        """What stands in the element of this id."""
        found = re.search(rf"<(\w+)[^>]* id=\"{element_id}\"[^>]*>(.*?)</\1>", self.page.text, re.S)
        return html.unescape(re.sub(r"<[^>]*>", "", found.group(2))).strip()

    @property
    def words(self):
        """The page as somebody reads it."""
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.page.text)))


def sign_in_token(arnold, keys, **more):
    """What the federation endpoint says to these credentials."""
    session = {
        "sessionId": keys.access_key_id,
        "sessionKey": keys.secret_access_key,
        "sessionToken": keys.session_token,
    }
    parameters = {"Action": "getSigninToken", "Session": json.dumps(session), **more}
    return requests.get(f"{arnold.url}/federation", params=parameters, timeout=30)


def signed_in(arnold, keys, destination="/console/home", **more):
    """A browser that came in by the federation endpoint with these credentials."""
    answer = sign_in_token(arnold, keys, **more)
    assert answer.status_code == 200, answer.text
    browser = Browser(arnold)
    parameters = {
        "Action": "login",
        "Issuer": "https://broker.example/sign-in",
        "Destination": destination,
        "SigninToken": answer.json()["SigninToken"],
    }
    browser.go("/federation?" + urllib.parse.urlencode(parameters))
    return browser


def wait_for(arnold, name, saying=""):
    """The audit events, as soon as one of this name is among them that says this somewhere."""

    def told():
        events = arnold.audit()
        fits = (event["eventName"] == name and saying in json.dumps(event) for event in events)
        return events if any(fits) else None

    return eventually(told)
