"""The real Azure CLI against the real server: registers the cloud, signs in as an
application and as a person in a browser, and does with `az ad` and `az rest` what an
administrator does.

    azure_cli.py target/debug/casbah path/to/az
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import jwt

import browser_pages
import real_clients
import server as casbah
from real_clients import PASSED, check

GRAPH = "00000003-0000-0000-c000-000000000000"
GRAPH_ROLES = {
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
}


class Az:
    """The CLI with a configuration of its own."""

    def __init__(self, command, server, directory):
        self.command = command
        self.environment = dict(
            os.environ, AZURE_CONFIG_DIR=directory, REQUESTS_CA_BUNDLE=server.ca,
            AZURE_CORE_INSTANCE_DISCOVERY="false", AZURE_CORE_COLLECT_TELEMETRY="false",
            AZURE_CORE_ONLY_SHOW_ERRORS="true", AZURE_CORE_NO_COLOR="true")

    def run(self, *arguments):
        return subprocess.run([self.command, *arguments, "--output", "json"],
                              env=self.environment, text=True, capture_output=True, timeout=300)

    def __call__(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def fails(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode != 0, (arguments, done.stdout)
        return done.stderr


LOGIN = ("login", "--allow-no-subscriptions", "--tenant")


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def administrator(graph):
    """An application that may register applications and grant roles."""
    app = graph.call("POST", "/applications", 201, displayName="Azure CLI administrator")
    principal = graph.principal(app["appId"])
    resource = graph.principal(GRAPH)
    for role in GRAPH_ROLES.values():
        graph.call("POST", f"/servicePrincipals/{principal['id']}/appRoleAssignments", 201,
                   principalId=principal["id"], resourceId=resource["id"], appRoleId=role)
    secret = graph.call("POST", f"/applications/{app['id']}/addPassword", 200)
    return app, principal, secret["secretText"]


def main(binary, command):
    browser_pages.install()
    with casbah.Server(binary) as server, tempfile.TemporaryDirectory() as directory:
        graph = real_clients.Graph(server)
        az = Az(command, server, directory)
        play(server, graph, az, directory)
        people(server, az)
    print(f"{len(PASSED)} passed, 0 failed")


def federated(az, app_id):
    def command(name, *arguments):
        return az("ad", "app", "federated-credential", name, "--id", app_id, *arguments)

    @check("az ad app federated-credential create, list, show, update and delete")
    def _():
        wanted = {"name": "deploy", "issuer": "https://issuer.example", "subject": "repo:a:ref:b",
                  "description": "made by az", "audiences": ["api://AzureADTokenExchange"]}
        made = command("create", "--parameters", json.dumps(wanted))
        assert {name: made[name] for name in wanted} == wanted, made
        listed = command("list")
        assert [one["id"] for one in listed] == [made["id"]], listed
        for key in (made["id"], "deploy"):
            shown = command("show", "--federated-credential-id", key)
            assert shown["subject"] == wanted["subject"], shown
        changed = {**wanted, "subject": "repo:a:ref:c"}
        command("update", "--federated-credential-id", "deploy", "--parameters",
                json.dumps(changed))
        shown = command("show", "--federated-credential-id", made["id"])
        assert shown["subject"] == "repo:a:ref:c", shown
        command("delete", "--federated-credential-id", made["id"])
        assert command("list") == []


def people(server, az):
    """A person signs in by a browser that the CLI opens, and by a code."""
    person = server.administrator
    upn = person["userPrincipalName"]
    opener = browser_pages.BROWSER / "az_login.mjs"

    def told(done):
        return json.dumps({"upn": upn, "password": person["password"], "done": done})

    def assert_signed_in(account):
        assert account["user"] == {"name": upn, "type": "user"}, account
        assert account["tenantId"] == server.tenant, account
        got = az("account", "get-access-token", "--resource", casbah.CLOUD_APP_SECURITY)
        claims = claims_of(got["accessToken"])
        assert claims["upn"] == upn and "investigation.read" in claims["scp"], claims
        answer = casbah.requests.get(f"{server.url}/api/v1/alerts/", headers={
            "Authorization": f"Bearer {got['accessToken']}"})
        assert answer.status_code == 200, answer.text

    @check("az login as a person in the browser")
    def _():
        # The CLI opens a browser only where it thinks that there is a screen.
        az.environment.update(DISPLAY=":0", BROWSER=f"node {opener} %s &",
                              CASBAH_TEST=told("You have logged into"))
        account, = az(*LOGIN, server.tenant)
        assert_signed_in(account)

    @check("what az ad does for a person")
    def _():
        assert az("ad", "signed-in-user", "show")["userPrincipalName"] == upn
        assert upn in [one["userPrincipalName"] for one in az("ad", "user", "list")]
        made = az("ad", "app", "create", "--display-name", "Made by a person")
        owner, = az("ad", "app", "owner", "list", "--id", made["appId"])
        assert owner["userPrincipalName"] == upn, owner
        az("logout")

    @check("az login as a person with a device's code")
    def _():
        asking = subprocess.Popen(
            [az.command, *LOGIN, server.tenant, "--use-device-code"],
            env=dict(az.environment, AZURE_CORE_ONLY_SHOW_ERRORS="false", PYTHONUNBUFFERED="1"),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        prompt = next(line for line in asking.stderr if "enter the code" in line)
        page, code = re.search(r"(https://\S+) and enter the code (\S+)", prompt).groups()
        subprocess.run(["node", opener, page, code], check=True,
                       env=dict(os.environ, CASBAH_TEST=told("You can close this page")))
        text, problem = asking.communicate(timeout=120)
        assert asking.returncode == 0, problem
        account, = json.loads(text)
        assert_signed_in(account)
        az("logout")


def play(server, graph, az, directory):
    admin_app, admin_principal, secret = administrator(graph)
    root = f"{server.url}/"

    @check("az cloud register and set")
    def _():
        az("cloud", "register", "-n", "Casbah",
           "--endpoint-resource-manager", f"{server.url}/arm",
           "--endpoint-active-directory", server.url,
           "--endpoint-active-directory-resource-id", f"{server.url}/arm",
           "--endpoint-microsoft-graph-resource-id", root)
        az("cloud", "set", "-n", "Casbah")
        shown = az("cloud", "show")
        assert shown["endpoints"]["microsoftGraphResourceId"] == root, shown

    def login(*credential):
        return az("login", "--service-principal", "-u", admin_app["appId"], *credential,
                  "--tenant", server.tenant, "--allow-no-subscriptions")

    @check("az login refuses a wrong secret and says why")
    def _():
        text = az.fails("login", "--service-principal", "-u", admin_app["appId"], "-p", "wrong",
                        "--tenant", server.tenant, "--allow-no-subscriptions")
        assert "AADSTS7000215" in text, text

    @check("az login as a service principal with a secret")
    def _():
        account, = login("-p", secret)
        assert account["tenantId"] == server.tenant, account
        assert account["user"] == {"name": admin_app["appId"], "type": "servicePrincipal"}

    @check("az account show and list")
    def _():
        assert az("account", "show")["tenantId"] == server.tenant
        assert az("account", "list", "--all")[0]["tenantId"] == server.tenant

    @check("az ad app create, and once more without a second one")
    def _():
        app = az("ad", "app", "create", "--display-name", "Made by az")
        again = az("ad", "app", "create", "--display-name", "Made by az")
        assert app["id"] == again["id"] and app["appId"] == again["appId"], (app, again)
        play.app = app

    app = play.app
    app_id = app["appId"]

    @check("az ad app list and show")
    def _():
        named = az("ad", "app", "list", "--display-name", "Made by")
        assert [one["appId"] for one in named] == [app_id], named
        by_id = az("ad", "app", "list", "--app-id", app_id)
        assert [one["id"] for one in by_id] == [app["id"]], by_id
        assert app_id in [one["appId"] for one in az("ad", "app", "list", "--all")]
        for key in [app_id, app["id"]]:
            assert az("ad", "app", "show", "--id", key)["displayName"] == "Made by az"
        text = az.fails("ad", "app", "show", "--id", "00000000-1111-2222-3333-444444444444")
        assert "does not exist" in text, text

    @check("az ad app update")
    def _():
        az("ad", "app", "update", "--id", app_id, "--display-name", "Renamed by az",
           "--web-redirect-uris", "https://app.example/callback",
           "--identifier-uris", f"api://{app_id}", "--sign-in-audience", "AzureADMultipleOrgs")
        shown = az("ad", "app", "show", "--id", f"api://{app_id}")
        assert shown["displayName"] == "Renamed by az", shown
        assert shown["web"]["redirectUris"] == ["https://app.example/callback"], shown
        assert shown["signInAudience"] == "AzureADMultipleOrgs", shown
        az("ad", "app", "update", "--id", app_id, "--set", "isFallbackPublicClient=true")
        assert az("ad", "app", "show", "--id", app_id)["isFallbackPublicClient"] is True

    def token_of(password, client=app_id):
        return casbah.requests.post(
            f"{server.url}/{server.tenant}/oauth2/v2.0/token",
            data={"grant_type": "client_credentials", "client_id": client,
                  "client_secret": password,
                  "scope": f"{casbah.CLOUD_APP_SECURITY}/.default"}).json()

    @check("az ad sp create, list and show")
    def _():
        principal = az("ad", "sp", "create", "--id", app_id)
        assert principal["appId"] == app_id, principal
        shown = az("ad", "sp", "show", "--id", app_id)
        assert shown["id"] == principal["id"], shown
        assert az("ad", "sp", "show", "--id", principal["id"])["appId"] == app_id
        named = az("ad", "sp", "list", "--display-name", "Renamed by")
        assert [one["id"] for one in named] == [principal["id"]], named
        by_name = az("ad", "sp", "list", "--spn", f"api://{app_id}")
        assert [one["id"] for one in by_name] == [principal["id"]], by_name
        assert len(az("ad", "sp", "list", "--all")) > 6
        play.principal = principal

    principal = play.principal

    @check("az ad app credential reset, with and without --append, list and delete")
    def _():
        first = az("ad", "app", "credential", "reset", "--id", app_id)
        second = az("ad", "app", "credential", "reset", "--id", app_id, "--append",
                    "--display-name", "second", "--years", "1")
        assert first["tenant"] == server.tenant and second["appId"] == app_id, second
        listed = az("ad", "app", "credential", "list", "--id", app_id)
        assert len(listed) == 2, listed
        for one in (first, second):
            assert "access_token" in token_of(one["password"]), token_of(one["password"])
        third = az("ad", "app", "credential", "reset", "--id", app_id)
        kept, = az("ad", "app", "credential", "list", "--id", app_id)
        assert kept["hint"] == third["password"][:3], (kept, third)
        assert token_of(second["password"])["error"] == "invalid_client"
        az("ad", "app", "credential", "delete", "--id", app_id, "--key-id", kept["keyId"])
        assert az("ad", "app", "credential", "list", "--id", app_id) == []

    @check("az ad sp credential reset, list and delete")
    def _():
        made = az("ad", "sp", "credential", "reset", "--id", app_id)
        assert "access_token" in token_of(made["password"]), token_of(made["password"])
        kept, = az("ad", "sp", "credential", "list", "--id", app_id)
        az("ad", "sp", "credential", "delete", "--id", app_id, "--key-id", kept["keyId"])
        assert token_of(made["password"])["error"] == "invalid_client"

    roles = {role["value"]: role["id"]
             for role in graph.principal(casbah.CLOUD_APP_SECURITY)["appRoles"]}

    @check("az ad app permission add and list")
    def _():
        for role in ("investigation.read", "discovery.manage"):
            az("ad", "app", "permission", "add", "--id", app_id, "--api",
               casbah.CLOUD_APP_SECURITY, "--api-permissions", f"{roles[role]}=Role")
        one, = az("ad", "app", "permission", "list", "--id", app_id)
        assert one["resourceAppId"] == casbah.CLOUD_APP_SECURITY, one
        asked = sorted(access["id"] for access in one["resourceAccess"])
        assert asked == sorted([roles["investigation.read"], roles["discovery.manage"]]), one

    @check("az ad app permission delete")
    def _():
        az("ad", "app", "permission", "delete", "--id", app_id, "--api",
           casbah.CLOUD_APP_SECURITY, "--api-permissions", roles["discovery.manage"])
        one, = az("ad", "app", "permission", "list", "--id", app_id)
        assert [access["id"] for access in one["resourceAccess"]] == [roles["investigation.read"]]

    @check("consent by az rest, and the token has the role")
    def _():
        made = az("ad", "app", "credential", "reset", "--id", app_id)
        assert "roles" not in claims_of(token_of(made["password"])["access_token"])
        resource = az("ad", "sp", "show", "--id", casbah.CLOUD_APP_SECURITY)["id"]
        url = f"{server.url}/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments"
        body = json.dumps({"principalId": principal["id"], "resourceId": resource,
                           "appRoleId": roles["investigation.read"]})
        given = az("rest", "--method", "post", "--resource", root, "--url", url, "--body", body)
        assert given["principalId"] == principal["id"], given
        text = az.fails("rest", "--method", "post", "--url", url, "--body", body)
        assert "already exists" in text, text
        listed = az("rest", "--method", "get", "--url", url)
        assert [one["id"] for one in listed["value"]] == [given["id"]], listed
        assert claims_of(token_of(made["password"])["access_token"])["roles"] == [
            "investigation.read"]

    @check("az ad app permission grant and list-grants")
    def _():
        az("ad", "app", "permission", "grant", "--id", app_id, "--api",
           casbah.CLOUD_APP_SECURITY, "--scope", "investigation.read")
        grant, = az("ad", "app", "permission", "list-grants", "--id", app_id)
        assert grant["scope"].lower() == "investigation.read", grant

    @check("az ad app owner add, list and remove")
    def _():
        owners = az("ad", "app", "owner", "list", "--id", app_id)
        assert [one["id"] for one in owners] == [admin_principal["id"]], owners
        assert owners[0]["@odata.type"] == "#microsoft.graph.servicePrincipal", owners
        owner = principal["id"]
        for _ in range(2):
            az("ad", "app", "owner", "add", "--id", app_id, "--owner-object-id", owner)
        owners = az("ad", "app", "owner", "list", "--id", app_id)
        assert owner in [one["id"] for one in owners] and len(owners) == 2, owners
        az("ad", "app", "owner", "remove", "--id", app_id, "--owner-object-id", owner)
        assert len(az("ad", "app", "owner", "list", "--id", app_id)) == 1
        assert len(az("ad", "sp", "owner", "list", "--id", app_id)) == 1

    federated(az, app_id)

    @check("directoryObjects/getByIds by az rest")
    def _():
        body = json.dumps({"ids": [app["id"], principal["id"]], "types": ["servicePrincipal"]})
        found = az("rest", "--method", "post", "--resource", root,
                   "--url", f"{server.url}/v1.0/directoryObjects/getByIds", "--body", body)
        one, = found["value"]
        assert one["id"] == principal["id"], found
        assert one["@odata.type"] == "#microsoft.graph.servicePrincipal", found

    @check("az account get-access-token, and its token calls the API")
    def _():
        az("rest", "--method", "post", "--resource", root,
           "--url", f"{server.url}/v1.0/servicePrincipals/{admin_principal['id']}"
           "/appRoleAssignments",
           "--body", json.dumps({
               "principalId": admin_principal["id"],
               "resourceId": graph.principal(casbah.CLOUD_APP_SECURITY)["id"],
               "appRoleId": roles["investigation.read"]}))
        got = az("account", "get-access-token", "--resource", casbah.CLOUD_APP_SECURITY)
        assert got["tenant"] == server.tenant and got["tokenType"] == "Bearer", got
        claims = claims_of(got["accessToken"])
        assert claims["aud"] == casbah.CLOUD_APP_SECURITY, claims
        assert claims["roles"] == ["investigation.read"], claims
        answer = casbah.requests.get(f"{server.url}/api/v1/alerts/", headers={
            "Authorization": f"Bearer {got['accessToken']}"})
        assert answer.status_code == 200, answer.text

    @check("az ad sp delete and az ad app delete")
    def _():
        az("ad", "sp", "delete", "--id", app_id)
        assert az("ad", "sp", "list", "--spn", app_id) == []
        az("ad", "app", "delete", "--id", app_id)
        assert az("ad", "app", "list", "--app-id", app_id) == []
        az.fails("ad", "app", "show", "--id", app_id)

    @check("az login as a service principal with a certificate")
    def _():
        certificate = casbah.Certificate()
        public, both = (os.path.join(directory, name) for name in ("cert.pem", "both.pem"))
        for file, text in [(public, certificate.certificate),
                           (both, certificate.key + certificate.certificate)]:
            with open(file, "w", encoding="utf-8") as opened:
                opened.write(text)
        az("ad", "app", "credential", "reset", "--id", admin_app["appId"],
           "--cert", "@" + public, "--append")
        kept, = az("ad", "app", "credential", "list", "--id", admin_app["appId"], "--cert")
        assert kept["type"] == "AsymmetricX509Cert" and kept["key"] is None, kept
        az("logout")
        account, = login("--certificate", both)
        assert account["tenantId"] == server.tenant, account
        got = az("account", "get-access-token", "--resource", casbah.CLOUD_APP_SECURITY)
        assert claims_of(got["accessToken"])["appidacr"] == "2", got
        # Signed in, the CLI would answer from its cache.
        az("logout")
        stranger = casbah.Certificate()
        with open(both, "w", encoding="utf-8") as opened:
            opened.write(stranger.key + stranger.certificate)
        text = az.fails("login", "--service-principal", "-u", admin_app["appId"],
                        "--certificate", both, "--tenant", server.tenant,
                        "--allow-no-subscriptions")
        assert "AADSTS700027" in text, text

    @check("az logout")
    def _():
        login("-p", secret)
        az("logout")
        az.fails("ad", "app", "list")


if __name__ == "__main__":
    main(*sys.argv[1:])
