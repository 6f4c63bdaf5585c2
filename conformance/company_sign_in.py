"""People sign in through their company's own provider: npm oidc-provider (company/provider.mjs)
with its own pages, driven as a browser would, against the real server and command line.

    company_sign_in.py target/debug/casbah
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import urllib.parse

import jwt
import requests

import server as casbah

COMPANY = pathlib.Path(__file__).resolve().parent / "company"
REDIRECT = "http://localhost:54321"


def check(what, test, *arguments):
    """Runs a test; the first failure ends the run."""
    test(*arguments)
    print(f"ok   {what}", flush=True)


class Provider:
    """oidc-provider on Node, stopped at the end of the block."""

    def __init__(self, server, tls, port, **told):
        self.port, self.told = port, {
            "issuer": f"https://localhost:{port}", "port": port, "clientId": "casbah conformance",
            "clientSecret": "a secret: of & for %", "domain": "casbah.localhost",
            "redirectUri": f"{server.url}/casbah/sign_in/callback",
            "certificate": tls.certificate, "key": tls.key, **told}
        self.url = self.told["issuer"]

    def __enter__(self):
        environment = dict(os.environ, COMPANY_TEST=json.dumps(self.told))
        self.process = subprocess.Popen(["node", "provider.mjs"], cwd=COMPANY, env=environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        for line in self.process.stdout:
            if line.strip() == "ready":
                return self
        raise SystemExit("the provider did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


class Tls:
    """A certificate for localhost and its key, as files."""

    def __init__(self, directory):
        self.key, self.certificate = f"{directory}/key.pem", f"{directory}/certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                        "-keyout", self.key, "-out", self.certificate, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-addext", "basicConstraints=critical,CA:FALSE"],
                       check=True, stderr=subprocess.DEVNULL)


class Browser:
    """A browser, as far as a person's sign-in needs one."""

    def __init__(self, server):
        self.server, self.http = server, requests.Session()

    def get(self, address):
        return self.http.get(address, allow_redirects=False)

    def submit(self, answer, **typed):
        form = casbah.Form(answer.text)
        form.fields.pop("provider", None)
        form.fields.update(typed)
        action = urllib.parse.urljoin(answer.url, form.action)
        return self.http.post(action, data=form.fields, allow_redirects=False)

    def begin(self, segment, **more):
        """The page with the password; the code's verifier is kept for the end."""
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = urllib.parse.urlencode({
            "client_id": casbah.CASBAH_CLI, "response_type": "code", "redirect_uri": REDIRECT,
            "scope": f"openid profile {self.server.url}//.default", "response_mode": "query",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256", **more})
        answer = self.get(f"{self.server.url}/{segment}/oauth2/v2.0/authorize?{query}")
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer

    def press(self, answer, text, **typed):
        """Sends the page's form by the button with this text, and goes where that leads."""
        button = next(found for found in re.findall(r"<button [^>]*>[^<]*", answer.text)
                      if text in found)
        form = casbah.Form(answer.text)
        form.fields.pop("provider", None)
        form.fields.update(typed)
        value = re.search(r'name="provider" value="([^"]*)"', button)
        if value:
            form.fields["provider"] = value.group(1)
        action = re.search(r'formaction="([^"]*)"', button).group(1).replace("&#38;", "&")
        answer = self.http.post(urllib.parse.urljoin(answer.url, action), data=form.fields,
                                allow_redirects=False)
        return self.lead_on(answer)

    def lead_on(self, answer):
        """From the page that leads to the provider to the provider."""
        assert answer.status_code == 200, (answer.status_code, answer.text)
        address = re.search(r'<a class="button" href="([^"]*)"', answer.text).group(1)
        return self.get(address.replace("&#38;", "&"))

    def at_provider(self, answer, name):
        """Signs in and consents at the provider; the first answer of Casbah after that."""
        for _ in range(10):
            if answer.is_redirect:
                target = urllib.parse.urljoin(answer.url, answer.headers["Location"])
                self.last = target
                answer = self.get(target)
                if target.startswith(self.server.url):
                    return answer
                continue
            assert answer.status_code == 200, (answer.status_code, answer.text)
            fields = {"login": name, "password": "any"} if "password" in answer.text else {}
            answer = self.submit(answer, **fields)
        raise AssertionError(f"signing in does not end: {answer.text[:2000]}")

    def token(self, answer):
        """The access token for the code that the client was sent."""
        assert answer.is_redirect, (answer.status_code, answer.text)
        target = answer.headers["Location"]
        assert target.startswith(REDIRECT), target
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))["code"]
        answer = self.http.post(f"{self.server.url}/organizations/oauth2/v2.0/token", data={
            "client_id": casbah.CASBAH_CLI, "grant_type": "authorization_code", "code": code,
            "redirect_uri": REDIRECT, "code_verifier": self.verifier})
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]


def who(token):
    return jwt.decode(token, options={"verify_signature": False})["upn"].lower()


def command(server, token, *arguments):
    """`casbah identity-provider …` as the administrator; what it printed, read."""
    return casbah.command(server, "identity-provider", *arguments, CASBAH_TOKEN=token)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def story(server, directory, tls, token, **told):
    """One provider's life, from `add` to `delete`."""
    port, method = free_port(), told["method"]
    domain = server.administrator["userPrincipalName"].split("@")[1]
    with Provider(server, tls, port, domain=domain, **told) as provider:
        secret = pathlib.Path(directory, "secret")
        secret.write_text(provider.told["clientSecret"] + "\n")
        added = command(server, token, "add", "Company ID", "--issuer", provider.url,
                        "--client", provider.told["clientId"], "--client-secret-file", str(secret))
        provider_id = added["id"]
        tested = command(server, token, "test", provider_id)
        assert tested["isGood"] and tested["clientAuthenticationMethod"] == method, tested

        browser = Browser(server)
        answer = browser.press(browser.begin(server.tenant), "Sign in with Company ID")
        answer = browser.at_provider(answer, "admin")
        token_of = browser.token(answer)
        assert who(token_of) == f"admin@{domain}", who(token_of)
        again = browser.get(browser.last)
        assert again.status_code == 403, "the same answer a second time"
        [link] = command(server, token, "links", provider_id)
        assert link["issuerAssignedId"] == "admin", link

        for name in ("nobody", "new-admin"):
            stranger = Browser(server)
            answer = stranger.press(stranger.begin(server.tenant), "Sign in with Company ID")
            answer = stranger.at_provider(answer, name)
            assert answer.status_code == 403, (name, answer.status_code, answer.text)

        command(server, token, "update", provider_id, "--create-people", "on",
                "--domain", domain)
        newcomer = Browser(server)
        page = newcomer.begin("common")
        answer = newcomer.lead_on(newcomer.submit(page, username=f"grace@{domain}",
                                                  password="not the one"))
        answer = newcomer.at_provider(answer, "grace")
        assert who(newcomer.token(answer)) == f"grace@{domain}"

        thief = Browser(server)
        answer = thief.press(thief.begin("common"), "Sign in with your organisation",
                             username=f"grace@{domain}")
        thief.at_provider(answer, "grace")
        victim = Browser(server)
        victim.begin("common")
        assert victim.get(thief.last).status_code == 403, "login CSRF"

        cancelled = Browser(server)
        answer = cancelled.press(cancelled.begin(server.tenant), "Sign in with Company ID")
        page = cancelled.get(urllib.parse.urljoin(answer.url, answer.headers["Location"]))
        abort = re.search(r'href="([^"]*/abort)"', page.text).group(1)
        answer = cancelled.get(urllib.parse.urljoin(page.url, abort))
        while answer.is_redirect:
            answer = cancelled.get(urllib.parse.urljoin(answer.url, answer.headers["Location"]))
        assert answer.status_code == 403 and "access_denied" in answer.text, answer.text
        command(server, token, "delete", provider_id, "--yes")


def main(binary):
    if not (COMPANY / "node_modules").exists():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                        "--silent"], cwd=COMPANY, check=True)
    with tempfile.TemporaryDirectory() as directory:
        tls = Tls(directory)
        egress = ("--egress-allow", "localhost", "--egress-ca", tls.certificate)
        with casbah.Server(binary, egress) as server:
            both = pathlib.Path(directory, "both.pem")
            both.write_text(pathlib.Path(server.ca).read_text()
                            + pathlib.Path(tls.certificate).read_text())
            os.environ["REQUESTS_CA_BUNDLE"] = str(both)
            answer = casbah.sign_in(server, casbah.CASBAH_CLI,
                                    f"openid profile {server.url}//.default")
            for algorithm, method, in_user_info in [
                    ("RS256", "client_secret_basic", False), ("PS256", "client_secret_post", True),
                    ("ES256", "client_secret_basic", True), ("ES384", "client_secret_post", False)]:
                check(f"{algorithm}, {method}, claims in {'UserInfo' if in_user_info else 'tokens'}",
                      lambda: story(server, directory, tls, answer["access_token"],
                                    algorithm=algorithm, method=method,
                                    claimsInUserInfo=in_user_info))
    print("4 passed, 0 failed")


if __name__ == "__main__":
    main(sys.argv[1])
