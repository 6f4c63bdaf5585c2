"""A Casbah server of its own for a test, and an administrator signed in to it."""

import base64
import datetime
import hashlib
import html.parser
import json
import os
import pathlib
import secrets
import subprocess
import tempfile
import time
import urllib.parse

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

CLOUD_APP_SECURITY = "05a65629-4c1b-48c1-a78b-804c4abdd4af"
CASBAH_CLI = "79d1df81-b90e-4fa3-aeb8-9ebb352b544f"


class Server:
    """`casbah serve` in a temporary directory, stopped at the end of the block. With a data
    directory that has been served before, nobody is told its tenant and administrator again."""

    def __init__(self, binary, arguments=(), data=None):
        self.binary = str(pathlib.Path(binary).resolve())
        self.arguments = list(arguments)
        self.data = data

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        data = self.data or pathlib.Path(self.directory.name, "data")
        start_file = pathlib.Path(self.directory.name, "start.json")
        self.process = subprocess.Popen(
            [self.binary, "serve", "--listen", "127.0.0.1:0", "--lateness", "0",
             "--data-dir", str(data), "--start-file", str(start_file), *self.arguments],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not start_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server did not start")
            time.sleep(0.05)
        start = json.loads(start_file.read_text())
        self.url, self.ca, self.tenant = start["url"], start["caFile"], start["tenantId"]
        self.administrator = start["administrator"]
        # Every client library here reads one of these.
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = self.ca
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.directory.cleanup()


def wait(what, found, seconds=90):
    """What `found` answers as soon as it answers something."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return value


def command(server, *arguments, **environment):
    """What the command line answers, read."""
    ended = subprocess.run([server.binary, *arguments, "--url", server.url, "--ca", server.ca,
                            "-o", "json"], env=dict(os.environ, **environment), text=True,
                           capture_output=True)
    assert ended.returncode == 0, (arguments, ended.returncode, ended.stderr)
    return json.loads(ended.stdout) if ended.stdout.strip() else None


class Certificate:
    """A key of 2048 bits with a certificate that it signed itself."""

    def __init__(self):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "conformance")])
        now = datetime.datetime.now(datetime.timezone.utc)
        made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256()))
        self.key = key.private_bytes(serialization.Encoding.PEM,
                                     serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()).decode()
        self.certificate = made.public_bytes(serialization.Encoding.PEM).decode()
        self.der = made.public_bytes(serialization.Encoding.DER)
        self.sha1 = made.fingerprint(hashes.SHA1()).hex()
        self.sha256 = made.fingerprint(hashes.SHA256()).hex()


class Form(html.parser.HTMLParser):
    """The first form of a page: where it goes and what it holds."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields, self.kinds, self._inside = None, {}, {}, False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action, self._inside = attributes.get("action", ""), True
        elif tag in ("input", "button") and self._inside and attributes.get("name"):
            kind = attributes.get("type", "submit" if tag == "button" else "text")
            if kind == "submit" and "submit" in self.kinds.values():
                return
            self.fields[attributes["name"]] = attributes.get("value", "")
            self.kinds[attributes["name"]] = kind

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False


def application_token(server, app, secret):
    """A token for the API of an application that was registered."""
    answer = requests.post(f"{server.url}/{server.tenant}/oauth2/v2.0/token", data={
        "grant_type": "client_credentials", "client_id": app["appId"], "client_secret": secret,
        "scope": f"{CLOUD_APP_SECURITY}/.default"})
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def sign_in(server, client_id, scope, browser=None):
    """Signs the administrator in as a browser would; returns the token answer."""
    browser = browser or requests.Session()
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    redirect, state = "http://localhost:54321", secrets.token_urlsafe(16)
    base = f"{server.url}/{server.tenant}/oauth2/v2.0"
    query = {
        "client_id": client_id, "response_type": "code", "redirect_uri": redirect,
        "scope": scope, "state": state, "response_mode": "query",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    answer = browser.get(f"{base}/authorize", params=query, allow_redirects=False)
    first, new = server.administrator["oneTimePassword"], "a new Passw0rd for the test"
    for _ in range(8):
        if answer.is_redirect:
            target = urllib.parse.urljoin(answer.url, answer.headers["Location"])
            if target.startswith(redirect):
                returned = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
                assert returned["state"] == state, returned
                break
            answer = browser.get(target, allow_redirects=False)
            continue
        assert answer.status_code == 200, (answer.status_code, answer.text)
        form = Form(answer.text)
        for name, kind in form.kinds.items():
            if kind in ("text", "email"):
                form.fields[name] = server.administrator["userPrincipalName"]
            elif kind == "password":
                is_new = any(word in name.lower() for word in ("new", "confirm", "repeat", "again"))
                form.fields[name] = new if is_new else server.administrator.get("password", first)
        if any(word in name.lower() for name in form.kinds for word in ("new", "confirm")):
            server.administrator["password"] = new
        action = urllib.parse.urljoin(answer.url, form.action)
        answer = browser.post(action, data=form.fields, allow_redirects=False)
    else:
        raise AssertionError(f"signing in does not end: {answer.text[:2000]}")
    answer = browser.post(f"{base}/token", data={
        "client_id": client_id, "grant_type": "authorization_code", "code": returned["code"],
        "redirect_uri": redirect, "code_verifier": verifier, "scope": scope,
    })
    assert answer.status_code == 200, answer.text
    return answer.json()
