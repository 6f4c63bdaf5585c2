"""Clients with Microsoft's hosts built in against a laboratory's server: msal and
azure-identity with their defaults, and a hosts file (here: this process's resolver) that
leads them to `casbah serve --host-alias`.

    host_alias.py target/debug/casbah
"""

import base64
import socket
import sys
import time
import urllib.parse

import azure.identity
import jwt
import msal
import requests

import real_clients
import server as casbah
from real_clients import PASSED, check

LOGIN = "login.microsoftonline.com"
API = "contoso.portal.cloudappsecurity.com"
SCOPE = f"{casbah.CLOUD_APP_SECURITY}/.default"


class Hosts:
    """A hosts file for this process, which also leads port 443 to the server's."""

    def __init__(self, server):
        self.port = urllib.parse.urlsplit(server.url).port
        self.asked = set()

    def __enter__(self):
        self.resolve, socket.getaddrinfo = socket.getaddrinfo, self.lead
        return self

    def __exit__(self, *_):
        socket.getaddrinfo = self.resolve

    def lead(self, host, *arguments, **options):
        if not str(host).endswith((".microsoftonline.com", ".cloudappsecurity.com")):
            return self.resolve(host, *arguments, **options)
        self.asked.add(host)
        return self.resolve("127.0.0.1", self.port, type=socket.SOCK_STREAM)


def main(binary):
    names = [LOGIN, "*.portal.cloudappsecurity.com"]
    with casbah.Server(binary, [part for name in names for part in ("--host-alias", name)]) as one:
        graph = real_clients.Graph(one)
        app, secret, role_ids = graph.register("Aliases", ["investigation.read"])
        graph.principal(app["appId"])
        graph.consent(app, role_ids)
        certificate = casbah.Certificate()
        graph.add_certificate(app, certificate)
        with Hosts(one) as hosts:
            play(one, app, secret, certificate)
        assert hosts.asked == {LOGIN, API}, hosts.asked
    with casbah.Server(binary) as other:
        without_aliases(other)
    print(f"{len(PASSED)} passed, 0 failed")


def play(server, app, secret, certificate):
    def client(credential):
        return msal.ConfidentialClientApplication(
            app["appId"], client_credential=credential,
            authority=f"https://{LOGIN}/{server.tenant}")

    def is_good(token):
        # What is issued stays the server's own.
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["iss"] == f"{server.url}/{server.tenant}/", claims
        listed = requests.get(f"https://{API}/api/v1/alerts/",
                              headers={"Authorization": f"Bearer {token}"})
        assert listed.status_code == 200, listed.text

    @check("msal with its defaults is led here, and its token calls a tenant's API host")
    def _():
        asking = client(secret)
        answer = asking.acquire_token_for_client([SCOPE])
        assert "access_token" in answer, answer
        again = asking.acquire_token_for_client([SCOPE])
        assert again["token_source"] == "cache", again
        is_good(answer["access_token"])

    @check("msal with its defaults proves itself with a certificate")
    def _():
        answer = client({"private_key": certificate.key, "thumbprint": certificate.sha1})
        answer = answer.acquire_token_for_client([SCOPE])
        assert "access_token" in answer, answer
        is_good(answer["access_token"])

    @check("an assertion for a host that the server answers for is accepted there")
    def _():
        # As clients that build the endpoint from the host and ask for no metadata.
        endpoint = f"https://{LOGIN}/{server.tenant}/oauth2/v2.0/token"
        answer = requests.post(endpoint, data={
            "grant_type": "client_credentials", "client_id": app["appId"], "scope": SCOPE,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion(app["appId"], endpoint, certificate)}).json()
        assert "access_token" in answer, answer
        is_good(answer["access_token"])

    @check("azure-identity with its defaults is led here")
    def _():
        credential = azure.identity.ClientSecretCredential(server.tenant, app["appId"], secret)
        is_good(credential.get_token(SCOPE).token)
        pem = (certificate.key + certificate.certificate).encode()
        credential = azure.identity.CertificateCredential(
            server.tenant, app["appId"], certificate_data=pem)
        is_good(credential.get_token(SCOPE).token)


def assertion(client_id, audience, certificate):
    now = int(time.time())
    claims = {"aud": audience, "iss": client_id, "sub": client_id, "jti": "one",
              "nbf": now, "exp": now + 300}
    thumbprint = base64.urlsafe_b64encode(bytes.fromhex(certificate.sha1))
    return jwt.encode(claims, certificate.key, algorithm="RS256",
                      headers={"x5t": thumbprint.decode().rstrip("=")})


def without_aliases(server):
    @check("without --host-alias the server has no certificate for such a host")
    def _():
        with Hosts(server):
            try:
                requests.get(f"https://{LOGIN}/common/discovery/keys")
            except requests.exceptions.SSLError:
                return
        raise AssertionError("the server answered for a host that is not its own")


if __name__ == "__main__":
    main(sys.argv[1])
