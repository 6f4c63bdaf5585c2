"""The examples of docs/lab.md on a laboratory, and what the whole process shares there:
the clock, the ids, connections that are cut.

    lab.py target/debug/casbah
"""

import os
import pathlib
import re
import subprocess
import sys
import time

import requests

import server as casbah
from real_clients import PASSED, Graph, check

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "lab.md"


def examples(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.M | re.S)


def main(binary):
    with casbah.Server(binary, ["--lab"]) as server:
        graph = Graph(server)
        app, secret, roles = graph.register("Integration", ["investigation.manage", "discovery.manage"])
        graph.principal(app["appId"])
        graph.consent(app, roles)
        session = casbah.sign_in(server, casbah.CASBAH_CLI, f"{server.url}/casbah/.default")
        play(server, app, secret, session["access_token"])
    print(f"{len(PASSED)} passed, 0 failed")


def play(server, app, secret, manager):
    def token():
        return casbah.application_token(server, app, secret)

    def call(method, address, bearer, **body):
        return requests.request(method, server.url + address, json=body or None, timeout=30,
                                headers={"Authorization": f"Bearer {bearer}"})

    def lab(method, resource, **body):
        answer = call(method, f"/casbah/v1/lab/{resource}", manager, **body)
        assert answer.ok, (resource, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    environment = dict(os.environ, CASBAH_URL=server.url, CASBAH_CA=server.ca,
                       PATH=f"{pathlib.Path(server.binary).parent}:{os.environ['PATH']}")

    @check("every answer says that this is a laboratory")
    def _():
        for path in ["/healthz", "/api/v1/alerts/", "/portal/", "/nowhere"]:
            answer = requests.get(server.url + path, allow_redirects=False)
            assert answer.headers["casbah-lab"].startswith("on"), (path, answer.headers)

    @check("the example in Python")
    def _():
        program, = examples("python")
        subprocess.run([sys.executable, "-c", program], check=True,
                       env=dict(environment, MANAGER=manager, TOKEN=token()))

    @check("the example of the command line")
    def _():
        _, program = examples("sh")
        began = time.monotonic()
        ended = subprocess.run(["bash", "-euc", program], text=True, capture_output=True,
                               env=dict(environment, CASBAH_TOKEN=manager))
        assert ended.returncode == 0, (ended.stdout, ended.stderr)
        assert time.monotonic() - began > 1.2, "it did not wait"
        assert "Home" in ended.stdout and "frozen" in ended.stdout, ended.stdout

    @check("a connection is cut, before the work or after it")
    def _():
        lab("POST", "reset")
        for kind, name in [("cut", "Not made"), ("lost-answer", "Made")]:
            lab("POST", "faults", path="/api/v1/subnet/create_rule/", kind=kind, times=1)
            try:
                answer = call("POST", "/api/v1/subnet/create_rule/", token(), name=name,
                              category=1, subnets=["192.0.2.0/24"])
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                continue
            raise AssertionError((kind, answer.status_code, answer.text))
        made = call("GET", "/api/v1/subnet/", token()).json()["data"]
        assert [one["name"] for one in made] == ["Made"], made

    @check("the same calls make the same ids after a reset")
    def _():
        tomorrow = int(time.time() + 86_400) * 1_000

        def ids(seed):
            lab("POST", "reset", **seed)
            lab("POST", "clock", set=tomorrow, freeze=True)
            bearer = token()
            made = [call("POST", "/api/v1/subnet/create_rule/", bearer, name=f"Range {number}",
                         category=1, subnets=[f"10.{number}.0.0/16"], tags=["Branch"]).json()
                    for number in range(3)]
            record = call("GET", f"/api/v1/subnet/{made[0]}/", bearer).json()
            assert record["lastModified"] == tomorrow, record
            return made, record["tags"][0]["id"]

        first = ids({})
        assert first == ids({}) and first == ids({"seed": 1}) and first != ids({"seed": 2})
        lab("POST", "reset")
        assert call("GET", "/api/v1/subnet/", token()).json()["data"] == []
        now = lab("GET", "clock")
        assert now["state"] == "system", now

    @check("tokens and links end by the clock, and keys change by it")
    def _():
        bearer = token()

        def link():
            address = "/api/v1/discovery/upload_url/?filename=a&source=SQUID_NATIVE"
            return call("GET", address, token()).json()["url"]

        first, second = link(), link()
        assert requests.put(first, data=b"x").status_code == 201
        lab("POST", "clock", advance=4 * 3600 + 1)
        late = requests.put(second, data=b"x")
        assert late.status_code == 403, late.text
        assert late.headers["x-ms-error-code"] == "AuthenticationFailed", late.headers
        # The file goes with its upload: another may get its id.
        blobs = pathlib.Path(server.directory.name, "data", "uploads", server.tenant)
        assert list(blobs.iterdir())
        lab("POST", "reset")
        assert not list(blobs.iterdir())
        assert requests.put(first, data=b"x").status_code == 403

        lab("POST", "clock", advance=3590)
        assert call("GET", "/api/v1/alerts/", bearer).status_code == 200
        # Five minutes more are for clocks that differ.
        lab("POST", "clock", advance=320)
        assert call("GET", "/api/v1/alerts/", bearer).status_code == 401
        assert call("GET", "/api/v1/alerts/", token()).status_code == 200

        keys = {key["kid"] for key in requests.get(f"{server.url}/common/discovery/keys").json()[
            "keys"]}
        # The manager's own token ends, too.
        lab("POST", "clock", system=True)
        lab("POST", "clock", advance=40 * 86_400)
        assert call("GET", "/api/v1/alerts/", token()).status_code == 200
        later = {key["kid"] for key in requests.get(f"{server.url}/common/discovery/keys").json()[
            "keys"]}
        assert later and later != keys, (keys, later)


if __name__ == "__main__":
    main(sys.argv[1])
