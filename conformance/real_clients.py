"""Real client libraries against the real server: msal, azure-identity, PyJWT and
azure-storage-blob get tokens, call the API, and verify and upload as they always do;
msal acts for people, too (`people.py`).

    real_clients.py target/debug/casbah
"""

import base64
import json
import sys
import time

import azure.core.exceptions
import azure.identity
import azure.storage.blob
import jwt
import msal
import requests

import api_token
import issuer
import people
import server as casbah

PASSED = []


def check(what):
    """Runs a test at once and counts it; the first failure ends the run."""
    def run(test):
        test()
        PASSED.append(what)
        print(f"ok   {what}", flush=True)
    return run


class Graph:
    """The administrator's calls to the directory."""

    def __init__(self, server):
        answer = casbah.sign_in(server, casbah.CASBAH_CLI,
                                f"openid profile offline_access {server.url}//.default")
        self.base = f"{server.url}/v1.0"
        self.headers = {"Authorization": f"Bearer {answer['access_token']}"}

    def call(self, method, path, status, **body):
        answer = requests.request(method, self.base + path, headers=self.headers,
                                  json=body or None)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def principal(self, app_id):
        found = self.call("GET", f"/servicePrincipals?$filter=appId eq '{app_id}'", 200)["value"]
        return found[0] if found else self.call("POST", "/servicePrincipals", 201, appId=app_id)

    def register(self, name, roles):
        """An application with these roles of Cloud App Security, not yet consented."""
        resource = self.principal(casbah.CLOUD_APP_SECURITY)
        ids = {role["value"]: role["id"] for role in resource["appRoles"]}
        app = self.call("POST", "/applications", 201, displayName=name, requiredResourceAccess=[{
            "resourceAppId": casbah.CLOUD_APP_SECURITY,
            "resourceAccess": [{"id": ids[role], "type": "Role"} for role in roles]}])
        secret = self.call("POST", f"/applications/{app['id']}/addPassword", 200,
                           passwordCredential={"displayName": "test"})
        return app, secret["secretText"], [ids[role] for role in roles]

    def add_certificate(self, app, certificate):
        self.call("POST", f"/applications/{app['id']}/addKey", 200, proof="", keyCredential={
            "key": base64.b64encode(certificate.der).decode(), "type": "AsymmetricX509Cert",
            "usage": "Verify", "displayName": "test"})

    def trust(self, app, name, issued_by, subject):
        return self.call(
            "POST", f"/applications/{app['id']}/federatedIdentityCredentials", 201, name=name,
            issuer=issued_by, subject=subject, audiences=[issuer.AUDIENCE])

    def consent(self, app, role_ids):
        principal = self.principal(app["appId"])["id"]
        resource = self.principal(casbah.CLOUD_APP_SECURITY)["id"]
        for role in role_ids:
            self.call("POST", f"/servicePrincipals/{principal}/appRoleAssignments", 201,
                      principalId=principal, resourceId=resource, appRoleId=role)


def main(binary):
    with issuer.Issuer() as other, casbah.Server(
            binary, ["--egress-allow", "localhost", "--egress-ca", other.ca,
                     "--allow-password-grant"]) as server:
        graph = Graph(server)
        roles = ["investigation.read", "discovery.manage"]
        app, secret, role_ids = graph.register("Conformance", roles)
        graph.principal(app["appId"])
        play(server, graph, app, secret, roles, role_ids, other)
        people.play(check, server, graph)
        api_token.play(check, server)
    print(f"{len(PASSED)} passed, 0 failed")


def play(server, graph, app, secret, roles, role_ids, other):
    authority = f"{server.url}/{server.tenant}"
    scope = f"{casbah.CLOUD_APP_SECURITY}/.default"

    def msal_client(credential=secret, client_id=app["appId"]):
        return msal.ConfidentialClientApplication(
            client_id, authority=authority, client_credential=credential,
            instance_discovery=False)

    def claims_of(token):
        keys = jwt.PyJWKClient(f"{authority}/discovery/v2.0/keys",
                               ssl_context=__import__("ssl").create_default_context(
                                   cafile=server.ca))
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key.key, algorithms=["RS256"],
                          audience=casbah.CLOUD_APP_SECURITY, issuer=f"{authority}/")

    def api(method, path, token, **options):
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, server.url + path, headers=headers, **options)

    @check("before consent a token has no roles")
    def _():
        answer = msal_client().acquire_token_for_client([scope])
        assert "roles" not in claims_of(answer["access_token"]), answer

    graph.consent(app, role_ids)

    @check("msal gets a token that PyJWT verifies against our keys")
    def _():
        answer = msal_client().acquire_token_for_client([scope])
        claims = claims_of(answer["access_token"])
        assert sorted(claims["roles"]) == sorted(roles), claims
        assert claims["tid"] == server.tenant and claims["appid"] == app["appId"], claims
        assert claims["idtyp"] == "app" and "scp" not in claims, claims

    @check("azure-identity gets a token, and its token calls the API")
    def _():
        credential = azure.identity.ClientSecretCredential(
            server.tenant, app["appId"], secret, authority=server.url,
            disable_instance_discovery=True)
        token = credential.get_token(scope).token
        for path in ["/api/v1/alerts/", "/api/alerts", "/cas/api/v1/alerts/", "/cas/api/alerts/"]:
            answer = api("GET", path, token, params={"limit": 1})
            assert answer.status_code == 200, (path, answer.text)
            body = answer.json()
            assert body["data"] == [] and body["hasNext"] is False and body["max"] == 100, body

    certificate = casbah.Certificate()
    graph.add_certificate(app, certificate)

    @check("msal proves itself with a certificate, by SHA-1 and RS256 and by SHA-256 and PS256")
    def _():
        for credential, algorithm in [
            ({"private_key": certificate.key, "thumbprint": certificate.sha1}, "RS256"),
            ({"private_key": certificate.key, "public_certificate": certificate.certificate},
             "PS256"),
        ]:
            client = msal_client(credential=credential)
            answer = client.acquire_token_for_client([scope])
            assert claims_of(answer["access_token"])["appidacr"] == "2", (algorithm, answer)
            # The library sends one assertion for minutes.
            again = client.acquire_token_for_client([f"{casbah.CLOUD_APP_SECURITY}//.default"])
            assert "access_token" in again, (algorithm, again)

    @check("azure-identity proves itself with a certificate, and a stranger's is refused")
    def _():
        def credential(pem):
            return azure.identity.CertificateCredential(
                server.tenant, app["appId"], certificate_data=pem.encode(),
                authority=server.url, disable_instance_discovery=True)
        token = credential(certificate.key + certificate.certificate).get_token(scope).token
        assert claims_of(token)["appidacr"] == "2"
        stranger = casbah.Certificate()
        try:
            credential(stranger.key + stranger.certificate).get_token(scope)
        except azure.core.exceptions.ClientAuthenticationError as error:
            assert "AADSTS700027" in str(error), error
        else:
            raise AssertionError("a stranger's certificate was accepted")

    subject = "system:serviceaccount:siem:reader"
    trusted = graph.trust(app, "cluster", other.url, subject)

    def workload(**changes):
        return azure.identity.WorkloadIdentityCredential(
            tenant_id=server.tenant, client_id=app["appId"], authority=server.url,
            token_file_path=other.token_file(**{"subject": subject, **changes}),
            disable_instance_discovery=True)

    @check("azure-identity proves a workload with its cluster's token, and msal too")
    def _():
        assert claims_of(workload().get_token(scope).token)["appidacr"] == "2"
        client = msal_client(credential={"client_assertion": lambda: other.token(subject)})
        answer = client.acquire_token_for_client([scope])
        assert claims_of(answer["access_token"])["appidacr"] == "2", answer

    @check("azure-identity hears why another workload's token is refused")
    def _():
        def refused(code, **changes):
            try:
                workload(**changes).get_token(scope)
            except azure.core.exceptions.ClientAuthenticationError as error:
                assert code in str(error), (code, error)
            else:
                raise AssertionError(f"{changes} was accepted")
        refused("AADSTS700213", subject="system:serviceaccount:other:reader")
        refused("AADSTS700212", aud="api://other")
        refused("AADSTS700211", iss="https://issuer.example")
        refused("AADSTS700024", exp=int(time.time()) - 900)
        path = f"/applications/{app['id']}/federatedIdentityCredentials/{trusted['id']}"
        graph.call("DELETE", path, 204)
        refused("AADSTS70025")

    @check("the v1 endpoint answers strings, as PowerShell's sample expects them")
    def _():
        answer = requests.post(f"{authority}/oauth2/token", data={
            "grant_type": "client_credentials", "client_id": app["appId"],
            "client_secret": secret, "resource": casbah.CLOUD_APP_SECURITY})
        body = answer.json()
        assert answer.status_code == 200 and body["expires_in"] == "3599", body
        assert body["resource"] == casbah.CLOUD_APP_SECURITY, body
        assert abs(int(body["expires_on"]) - time.time() - 3599) < 400, body
        claims_of(body["access_token"])

    @check("a wrong secret, an unknown application and a wrong scope are what clients expect")
    def _():
        wrong = msal_client(credential="wrong").acquire_token_for_client([scope])
        assert wrong["error"] == "invalid_client", wrong
        assert "AADSTS7000215" in wrong["error_description"], wrong
        unknown = msal_client(client_id="00000000-1111-2222-3333-444444444444")
        unknown = unknown.acquire_token_for_client([scope])
        assert unknown["error"] == "unauthorized_client" and 700016 in unknown["error_codes"]
        scoped = msal_client().acquire_token_for_client([casbah.CLOUD_APP_SECURITY + "/x"])
        assert scoped["error"] == "invalid_scope" and 1002012 in scoped["error_codes"], scoped
        credential = azure.identity.ClientSecretCredential(
            server.tenant, app["appId"], "wrong", authority=server.url,
            disable_instance_discovery=True)
        try:
            credential.get_token(scope)
        except azure.core.exceptions.ClientAuthenticationError as error:
            assert "AADSTS7000215" in str(error), error
        else:
            raise AssertionError("a wrong secret was accepted")

    token = msal_client().acquire_token_for_client([scope])["access_token"]

    @check("what the token does not allow is refused")
    def _():
        answer = api("POST", "/api/v1/subnet/create_rule/", token,
                     json={"name": "x", "category": 1, "subnets": ["10.0.0.0/8"]})
        assert answer.status_code == 403 and answer.reason == "Forbidden", answer.text
        assert answer.json()["detail"] == "Insufficient role based permissions", answer.text
        answer = api("GET", "/api/v1/alerts/", "x" + token)
        assert answer.status_code == 401 and answer.json() == {"detail": "Invalid token"}

    @check("azure-storage-blob uploads a log in blocks, and it becomes a report")
    def _():
        link = api("GET", "/api/v1/discovery/upload_url/", token,
                   params={"filename": "access.log", "source": "SQUID_NATIVE"}).json()
        assert link["provider"] == "azure", link
        now = time.time()
        log = "".join(
            f"{now - line:.3f} 120 10.0.0.{line % 50} TCP_TUNNEL/200 {1000 + line} CONNECT "
            f"www.dropbox.com:443 user{line % 7} HIER_DIRECT/1.2.3.4 -\n" for line in range(20_000))
        blob = azure.storage.blob.BlobClient.from_blob_url(
            link["url"], max_single_put_size=64 * 1024, max_block_size=256 * 1024,
            connection_verify=server.ca)
        blob.upload_blob(log.encode(), blob_type="BlockBlob", max_concurrency=4)
        done = api("POST", "/api/v1/discovery/done_upload/", token, json={
            "uploadUrl": link["url"], "inputStreamName": "Conformance", "uploadAsSnapshot": True})
        done = done.json()
        assert done["success"] is True, done
        again = api("POST", "/api/v1/discovery/done_upload/", token, json={
            "uploadUrl": link["url"], "inputStreamName": "Conformance"})
        assert again.status_code == 400, again.text
        for _ in range(200):
            upload = api("GET", f"/casbah/v1/discovery/uploads/{done['uploadId']}", token).json()
            if upload["state"] in ("done", "failed"):
                break
            time.sleep(0.1)
        assert upload["state"] == "done" and upload["parsed"] == 20_000, upload
        apps = api("POST", "/cas/api/v1/discovery/discovered_apps/", token, json={
            "streamId": done["inputStreamId"], "timeframe": 30}).json()["data"]
        assert len(apps) == 1 and apps[0]["usersCount"] == 7, apps
        assert apps[0]["ipAddressesCount"] == 50 and apps[0]["transactionsCount"] == 20_000

    @check("bad input is refused clearly and harms nothing")
    def _():
        for body in ["{", "[]", '{"filters": ' + "[" * 100 + "]" * 100 + "}",
                     '{"filters": {"severity": {"eq": "high"}}}', '{"limit": -1}']:
            answer = api("POST", "/api/v1/alerts/", token, data=body)
            assert answer.status_code == 400, (body, answer.text)
            assert answer.json()["errors"], answer.text
        answer = api("POST", "/api/v1/entities/", token,
                     json={"filters": {"lastSeen": {"gte": 1}}})
        expected = "filter validation error: No filter name 'lastSeen' found in metadata entities"
        assert answer.json()["detail"] == expected, answer.text
        assert api("GET", "/api/v1/alerts/", token).status_code == 200

    @check("taking a role back ends it, also in tokens already issued")
    def _():
        principal = graph.principal(app["appId"])["id"]
        path = f"/servicePrincipals/{principal}/appRoleAssignments"
        for assignment in graph.call("GET", path, 200)["value"]:
            graph.call("DELETE", f"{path}/{assignment['id']}", 204)
        casbah.wait("the role still counts after six seconds",
                    lambda: api("GET", "/api/v1/alerts/", token).status_code == 403, 6)


if __name__ == "__main__":
    main(sys.argv[1])
