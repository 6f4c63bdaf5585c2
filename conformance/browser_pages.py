"""The portal in Chromium, against the real server (conformance/browser/pages.mjs).

    browser_pages.py target/debug/casbah [SCREENSHOTS]
"""

import json
import os
import pathlib
import subprocess
import sys
import types

import requests

import real_clients
import server as casbah

BROWSER = pathlib.Path(__file__).resolve().parent / "browser"


def install():
    """The browser's driver, once."""
    if not (BROWSER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=BROWSER,
                       check=True)


def tenant(server, name, domain):
    """Another tenant of the server, and its administrator."""
    answer = casbah.sign_in(server, casbah.CASBAH_CLI, f"{server.url}/casbah/.default")
    created = requests.post(f"{server.url}/casbah/v1/tenants",
                            headers={"Authorization": f"Bearer {answer['access_token']}"},
                            json={"displayName": name, "defaultDomain": domain})
    assert created.status_code == 201, created.text
    created = created.json()
    return types.SimpleNamespace(url=server.url, tenant=created["id"],
                                 administrator=created["administrator"])


def partner(server, graph):
    """An application of another tenant that this one has consented to."""
    other = tenant(server, "Northwind", "northwind.example")
    app, _, role_ids = real_clients.Graph(other).register(
        "Northwind threat feed", ["discovery.read", "settings.manage"])
    real_clients.Graph(other).call("PATCH", f"/applications/{app['id']}", 204,
                                   signInAudience="AzureADMultipleOrgs")
    graph.consent(app, role_ids)


def token(server, graph):
    """A token of an application, and what it says."""
    role = "investigation.read"
    app, secret, role_ids = graph.register("Token of mine", [role])
    graph.consent(app, role_ids)
    value = casbah.application_token(server, app, secret)
    return {"value": value, "appId": app["appId"], "role": role}


def main(binary, screenshots=None):
    install()
    with casbah.Server(binary) as server:
        graph = real_clients.Graph(server)
        partner(server, graph)
        # Names that break pages which do not expect them.
        names = {"hostile": '"><script>alert(1)</script>{{7*7}}', "long": "W" * 256}
        named = {what: graph.register(name, ["settings.read"])[0]["id"]
                 for what, name in names.items()}
        app, secret, role_ids = graph.register("Night export", ["investigation.read"])
        graph.consent(app, role_ids)
        told = {"token": token(server, graph), "url": server.url, "named": named,
                "client": {"tenant": server.tenant, "id": app["appId"], "secret": secret},
                "userPrincipalName": server.administrator["userPrincipalName"],
                "password": server.administrator["password"],
                "screenshots": screenshots and str(pathlib.Path(screenshots).resolve())}
        environment = dict(os.environ, CASBAH_TEST=json.dumps(told))
        ended = subprocess.run(["node", "pages.mjs"], cwd=BROWSER, env=environment)
    raise SystemExit(ended.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
