"""The portal in Chromium, against the real server (conformance/browser/pages.mjs).

    browser_pages.py target/debug/casbah [SCREENSHOTS]
"""

import datetime
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
EVENTS = BROWSER.parents[1] / "crates/casbah-detection/fixtures/demo-events.jsonl"


# A name that breaks pages which do not expect it.
HOSTILE = '"><script>alert(1)</script>{{7*7}}'


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


def events():
    """The events of the demonstration, moved by whole days so that the last are of yesterday."""
    records = [json.loads(line) for line in EVENTS.read_text().splitlines()]
    times = [datetime.datetime.fromisoformat(record["CreationTime"]) for record in records]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    moved = today - datetime.timedelta(days=1) - max(times).date()
    for record, at in zip(records, times):
        record["CreationTime"] = (at + moved).isoformat()
        if record.get("SourceFileName") == "offer.pdf":
            record["SourceFileName"] = HOSTILE
        yield json.dumps(record)


def alert(server):
    """An alert of those that the events lead to, as its record names it."""
    answer = casbah.sign_in(server, casbah.CASBAH_CLI, f"{server.url}/casbah/.default")
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    sent = requests.post(f"{server.url}/casbah/v1/events/microsoft365", headers=headers,
                         data="\n".join(events()).encode())
    assert sent.status_code == 200 and sent.json()["rejected"] == 0, sent.text
    answer = casbah.sign_in(server, casbah.CASBAH_CLI, f"{casbah.CLOUD_APP_SECURITY}/.default")
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    detector = f"{server.url}/casbah/v1/detector"
    casbah.wait("the detector does not come to an end",
                lambda: not requests.get(detector, headers=headers).json()["pending"], 120)
    alerts = requests.get(f"{server.url}/api/v1/alerts/", headers=headers).json()
    assert alerts["total"] > 1, alerts
    first = alerts["data"][0]
    return {"id": first["_id"], "url": first["URL"], "title": first["title"]}


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
        names = {"hostile": HOSTILE, "long": "W" * 256}
        named = {what: graph.register(name, ["settings.read"])[0]["id"]
                 for what, name in names.items()}
        app, secret, role_ids = graph.register("Night export", ["investigation.read"])
        graph.consent(app, role_ids)
        told = {"token": token(server, graph), "url": server.url, "named": named,
                "alert": alert(server),
                "client": {"tenant": server.tenant, "id": app["appId"], "secret": secret},
                "userPrincipalName": server.administrator["userPrincipalName"],
                "password": server.administrator["password"],
                "screenshots": screenshots and str(pathlib.Path(screenshots).resolve())}
        environment = dict(os.environ, CASBAH_TEST=json.dumps(told))
        ended = subprocess.run(["node", "pages.mjs"], cwd=BROWSER, env=environment)
    raise SystemExit(ended.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
