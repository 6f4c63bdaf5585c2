"""A change of IP ranges reaches the activities that are there, although the server is
killed in the middle, again and again; and nothing else waits for it.

    ip_ranges.py target/debug/casbah [EVENTS [DATABASE]]

DATABASE is that of an empty PostgreSQL database; without it SQLite is used.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import requests

import server as casbah
from real_clients import Graph

# Of the built-in documentation networks (RFC 5737): half of the events come from one.
OFFICE, ELSEWHERE = "198.51.100.", "203.0.113."


class Server(casbah.Server):
    """One that is killed and started again on its data."""

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        port = self.url.rsplit(":", 1)[1]
        self.process = subprocess.Popen(
            [self.binary, "serve", "--listen", f"127.0.0.1:{port}", "--lateness", "0",
             "--data-dir", str(pathlib.Path(self.directory.name, "data")), *self.arguments],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/healthz", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise SystemExit("the server did not start again")


def events(count):
    for number in range(count):
        address = (OFFICE if number % 2 else ELSEWHERE) + str(number // 2 % 200)
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 86_400 + number))
        yield json.dumps({
            "Id": f"00000000-0000-4000-8000-{number:012x}", "CreationTime": at, "RecordType": 6,
            "Operation": "FileAccessed", "Workload": "SharePoint", "UserType": 0, "Version": 1,
            "OrganizationId": "5c1f0a52-6c6e-4b6e-9d0b-2f2b7f1c9a10",
            "UserId": f"user{number % 50}@contoso.example", "UserKey": f"key{number % 50}",
            "ClientIP": address, "ObjectId": f"https://contoso.sharepoint.example/{number}"})


def main(binary, count="12000", database=None):
    count = int(count)
    # The job must be slow enough to be killed in; a debug build is.
    with Server(binary, ["--database", database] if database else []) as server:
        graph = Graph(server)
        app, secret, roles = graph.register("Ranges", ["investigation.manage"])
        graph.principal(app["appId"])
        graph.consent(app, roles)
        token = casbah.application_token(server, app, secret)
        session = casbah.sign_in(server, casbah.CASBAH_CLI, f"{server.url}/casbah/.default")

        def api(method, path, **body):
            answer = requests.request(method, server.url + path, json=body or None, timeout=60,
                                      headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, (method, path, answer.status_code, answer.text)
            return answer.json()

        def found(**filters):
            return api("POST", "/api/v1/activities/", filters=filters, limit=1)

        def state():
            return api("GET", "/casbah/v1/ip_ranges/enrichment")

        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(event + "\n" for event in events(count))
            file.flush()
            with open(file.name, "rb") as body:
                sent = requests.post(
                    f"{server.url}/casbah/v1/events/microsoft365", data=body, timeout=600,
                    headers={"Authorization": f"Bearer {session['access_token']}"})
        assert sent.status_code == 200 and sent.json()["accepted"] == count, sent.text
        some = found()["data"][0]["_id"]
        began = time.monotonic()
        api("POST", "/api/v1/subnet/create_rule/", name="Office", category="1",
            subnets=[OFFICE + "0/24"], organization="Contoso")
        kills, slowest, last = 0, 0.0, -1
        while (now := state())["pending"]:
            assert now["done"] >= last, (last, now)
            last = now["done"]
            asked = time.monotonic()
            api("POST", f"/api/v1/activities/{some}/feedback", feedbackValue="0")
            slowest = max(slowest, time.monotonic() - asked)
            if kills < 3 and now["done"] > kills * count // 10:
                server.kill()
                server.restart()
                kills += 1
                # Another change of ranges meanwhile, which concerns no activity.
                api("POST", "/api/v1/subnet/create_rule/", name=f"Lab {kills}", category="other",
                    subnets=[f"2001:db8:{kills}::/48"])
            time.sleep(0.02)
        assert kills, "all was done before the server could be killed: use more EVENTS"
        office = found(**{"ip.category": {"eq": 1}, "location.organizations": {"eq": "Contoso"}})
        assert office["total"] == min(count // 2, 10_000), office["total"]
        assert found(**{"ip.address": {"startswith": ELSEWHERE},
                        "ip.category": {"neq": 0}})["total"] == 0
        record = office["data"][0]["location"]
        assert record["categoryValue"] == "CORPORATE_IP", record
        assert state()["done"] == count // 2, state()
        print(f"ok   {count // 2} of {count} activities enriched anew through {kills} kills in "
              f"{time.monotonic() - began:.1f} s; the slowest write beside it took "
              f"{slowest * 1000:.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
