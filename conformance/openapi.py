"""`/openapi.json` against the server that answers it: schemathesis calls every operation
with what the document allows and with what it does not, and holds each answer to it. No
answer may be a 5xx, of a status or content that is not described, or outside its schema,
and without a token nothing is answered. At the end every operation must have done what it
is for at least once.

    openapi.py target/debug/casbah [EXAMPLES AN OPERATION]
"""

import base64
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import jsonschema_rs
import requests

import server as casbah
from mcas_clients import events
from real_clients import Graph

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_headers_conformance,response_schema_conformance,unsupported_method,"
          "ignored_auth")


class Caller:
    """Calls as a client that was written after the document, and holds answers to it."""

    def __init__(self, server, tokens):
        self.server, self.tokens = server, tokens
        self.document = requests.get(f"{server.url}/openapi.json").json()
        self.done = collections.Counter([("GET", "/openapi.json")])

    def authorization(self, operation):
        """The last way that the document names: a legacy token where it may be one."""
        scheme = next(iter(operation["security"][-1]))
        return self.tokens[scheme] if scheme == "legacyToken" else f"Bearer {self.tokens[scheme]}"

    def call(self, method, path, status=200, body=None, data=None, headers=None, query=None,
             **names):
        operation = self.document["paths"][path][method.lower()]
        headers = {"Authorization": self.authorization(operation), **(headers or {})}
        response = requests.request(method, self.server.url + path.format(**names), json=body,
                                    data=data, params=query, headers=headers)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        described = operation["responses"][str(status)]
        self.done[method, path] += 1
        if "content" not in described:
            assert not response.content, (method, path, response.text)
            return None
        media_type = response.headers["Content-Type"].split(";")[0]
        schema = described["content"][media_type]["schema"]
        if media_type != "application/json":
            return response.text
        answer = response.json()
        whole = {"components": self.document["components"], "allOf": [schema]}
        jsonschema_rs.Draft202012Validator(whole).validate(answer)
        return answer


def upload(caller, name, snapshot):
    link = caller.call("GET", "/api/v1/discovery/upload_url/",
                       query={"filename": name, "source": "SQUID_NATIVE"})["url"]
    log = "".join(f"{time.time():.3f} 207 10.0.0.{n} TCP_TUNNEL/200 4047 CONNECT "
                  f"www.dropbox.com:443 user{n} HIER_DIRECT/5.6.7.8 -\n" for n in range(1, 60))
    put = requests.put(link, data=log.encode(), headers={"x-ms-blob-type": "BlockBlob"})
    assert put.status_code == 201, put.text
    caller.done["PUT", "/upload/{tenant}/{id}"] += 1
    return caller.call("POST", "/api/v1/discovery/done_upload/", body={
        "uploadUrl": link, "inputStreamName": name, "uploadAsSnapshot": snapshot})


def furnish(caller, domain):
    """Fills the tenant; returns what is there, by the path that names it."""
    lines = "\n".join(map(json.dumps, events(domain)))
    caller.call("POST", "/casbah/v1/events/{source}", data=lines.encode(), source="microsoft365",
                headers={"Content-Type": "application/x-ndjson"})
    there = collections.defaultdict(list)
    for number in range(12):
        made = caller.call("POST", "/api/v1/subnet/create_rule/", body={
            "name": f"Office {number}", "category": 1, "tags": ["Office"], "organization": "ISP",
            "location": {"name": "Berlin", "countryCode": "DE"},
            "subnets": [f"10.{number}.0.0/16", f"2001:db8:{number}::/48"]})
        there["/api/v1/subnet/"].append(made)
        export = caller.call("POST", "/casbah/v1/exports", 201, body={
            "name": f"SIEM {number}", "kind": "syslog", "transport": "udp", "host": "127.0.0.1"})
        there["/casbah/v1/exports/"].append(export["id"])
        caller.call("POST", "/casbah/v1/exports/{id}/disable", id=export["id"])
        token = caller.call("POST", "/casbah/v1/api_tokens", 201, body={"name": f"{number}"})
        there["/casbah/v1/api_tokens/"].append(token["id"])
    caller.call("POST", "/api/v1/subnet/{id}/update_rule/", id=there["/api/v1/subnet/"][0],
                body={"name": "Office 0", "category": 2, "subnets": ["10.0.0.0/17"]})
    caller.call("POST", "/casbah/v1/ip_ranges/built_in", data=b"192.0.2.0/24\n",
                headers={"Content-Type": "text/plain"},
                query={"name": "botnet", "category": "botnet"})
    there["/casbah/v1/ip_ranges/built_in/"] = ["botnet"]
    streams = [upload(caller, f"Log {number}", bool(number)) for number in range(2)]
    there["/casbah/v1/discovery/uploads/"] = [stream["uploadId"] for stream in streams]
    casbah.wait("the logs are not read", lambda: all(
        task["state"] == "done" for task in caller.call("GET", "/casbah/v1/discovery/uploads")[
            "data"]), 60)
    there["/api/v1/governance/"] = there["/casbah/v1/discovery/uploads/"]
    alerts = casbah.wait("no alerts are raised",
                         lambda: caller.call("GET", "/api/v1/alerts/")["data"], 60)
    there["/api/v1/alerts/"] = there["/casbah/v1/alerts/"] = [alert["_id"] for alert in alerts]
    caller.call("POST", "/api/v1/alerts/close_benign/", body={
        "filters": {"id": {"eq": [alerts[0]["_id"], "0" * 24]}}, "comment": "a test",
        "reasonId": 6})
    activities = caller.call("GET", "/api/v1/activities/")["data"]
    ids = [activity["_id"] for activity in activities[:5]]
    there["/api/v1/activities/"] = there["/casbah/v1/activities/"] = ids
    caller.call("POST", "/api/v1/activities/{id}/feedback/", id=ids[0],
                body={"feedbackValue": "1", "feedbackText": "as it should be"})
    for entity in caller.call("GET", "/api/v1/entities/")["data"]:
        key = json.dumps({"id": entity["id"], **{name: entity["appData"][old] for name, old in (
            ("saas", "saas"), ("inst", "instance"))}})
        there["/api/v1/entities/"].append(base64.urlsafe_b64encode(key.encode()).decode())
    apps = caller.call("GET", "/api/v1/discovery/discovered_apps/")["data"]
    there["/api/v1/discovery/discovery_app/"] = [str(app["appId"]) for app in apps]
    report = {"streamId": caller.call("GET", "/api/v1/discovery/streams/")["streams"][0]["_id"]}
    categories = "/api/v1/discovery/discovered_apps/categories/"
    caller.call("GET", categories, query=report)
    caller.call("POST", categories, body=report)
    caller.call("POST", "/api/v1/discovery/discovery_app/{app}/add_tag/",
                app=there["/api/v1/discovery/discovery_app/"][0], body={"tagName": "Looked at"})
    caller.call("POST", "/api/v1/discovery/discovery_app/{app}/remove_tag/",
                app=there["/api/v1/discovery/discovery_app/"][0], body={"tagName": "Looked at"})
    caller.call("GET", "/casbah/v1/audit")
    for path in ("policies", "tags", "user_tags"):
        records = caller.call("GET", f"/api/v1/{path}/")["data"]
        there[f"/api/v1/{path}/"] = [one.get("_id") or one["id"] for one in records]
    there["/casbah/v1/tenants/"] = [
        tenant["id"] for tenant in caller.call("GET", "/casbah/v1/tenants")["data"]]
    caller.call("POST", "/casbah/v1/tenants", 201, body={
        "displayName": "Fabrikam", "defaultDomain": "fabrikam.example"})
    usage = caller.call("GET", "/casbah/v1/apps/usage")["data"]
    there["/casbah/v1/apps/"] = [app["appId"] for app in usage]
    return there


def configuration(document, tokens, there):
    """Half of the values in paths are those of what is there. A long poll does not wait,
    and what is slow by its nature is called less often."""
    text, known = [], {}
    for scheme, token in tokens.items():
        kind = "api_key" if scheme == "legacyToken" else "bearer"
        text.append(f"[auth.openapi.{scheme}]\n{kind} = {json.dumps(token)}\n")
    for start, values in there.items():
        known[start] = f"known{len(known)}"
        text.append(f"[dictionaries.{known[start]}]\nvalues = {json.dumps(values)}\n")
    for path, item in document["paths"].items():
        start = next((start for start in there if path.startswith(start + "{")), None)
        if not start:
            continue
        name = path[len(start) + 1:].split("}")[0]
        binding = f'{{ dictionary = "{known[start]}", probability = 0.5 }}'
        bindings = [f'"path.{name}" = {binding}']
        if path.endswith("/{type}/{id}/"):
            bindings = [f'"path.id" = {binding}', '"path.type" = "ANOMALY_DETECTION"']
        text.append(f"[[operations]]\ninclude-path = {json.dumps(path)}\n"
                    f"parameters = {{ {', '.join(bindings)} }}\n")
    text.append('[[operations]]\ninclude-path-regex = "/changes$"\n'
                'parameters = { "query.wait" = 0 }\n')
    text.append('[[operations]]\ninclude-path = ["/casbah/v1/tenants", "/casbah/v1/keys/rotate"]\n'
                'include-method = "POST"\ngeneration = { max-examples = 3 }\n')
    return "\n".join(text)


def fuzz(caller, there, examples, directory):
    """Runs schemathesis, which must find nothing, and counts what was done."""
    config = pathlib.Path(directory, "schemathesis.toml")
    config.write_text(configuration(caller.document, caller.tokens, there))
    report = pathlib.Path(directory, "calls.ndjson")
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    ended = subprocess.run([
        program, "--config-file", config, "run", f"{caller.server.url}/openapi.json",
        "--tls-verify", caller.server.ca,
        "--checks", CHECKS, "--phases", "fuzzing", "--exclude-path-regex", "rest}", "--max-examples", examples,
        "--exclude-tag", "Laboratory", "--seed", "7", "--request-timeout", "30", "--request-retries", "2",
        "--continue-on-failure", "--warnings", "off", "--no-color",
        "--report", "ndjson", "--report-ndjson-path", report], cwd=directory)
    if ended.returncode:
        sys.exit(ended.returncode)
    with open(report) as lines:
        for line in lines:
            if finished := json.loads(line).get("ScenarioFinished"):
                recorder = finished["recorder"]
                for called in recorder["interactions"].values():
                    response = called.get("response")
                    if response and 200 <= response["status_code"] < 300:
                        caller.done[tuple(recorder["label"].split(" ", 1))] += 1


def laboratory(caller):
    """What only a laboratory does. It is not fuzzed: answers fail there on purpose."""
    rule = caller.call("POST", "/casbah/v1/lab/faults", 201, body={
        "path": "/api/v1/files/*", "kind": "status", "status": 503})
    caller.call("GET", "/casbah/v1/lab/faults")
    caller.call("DELETE", "/casbah/v1/lab/faults/{id}", id=rule["id"])
    for kind in ("throttled", "slow", "cut", "lost-answer", "expired-token", "duplicated-page"):
        caller.call("POST", "/casbah/v1/lab/faults", 201, body={
            "path": "/api/v1/files/*", "kind": kind})
    caller.call("DELETE", "/casbah/v1/lab/faults")
    caller.call("POST", "/casbah/v1/lab/clock", body={"advance": 60})
    caller.call("GET", "/casbah/v1/lab/clock")
    caller.call("POST", "/casbah/v1/lab/reset", body={"seed": 1})


def check_all_done(caller):
    """Every operation did what it is for, but for those of which there is nothing."""
    missing = []
    for path, item in caller.document["paths"].items():
        for method, operation in item.items():
            is_of_none = "none" in operation["summary"] and "{" in path
            is_of_none |= operation["operationId"].startswith("importGroup")
            if (method.upper(), path) not in caller.done and not is_of_none:
                missing.append(f"{method.upper()} {path}")
    assert not missing, missing
    print(f"{len(caller.done)} operations did what they are for")


def sign_in(server):
    """Tokens of the administrator, by the document's names of them."""
    browser = requests.Session()
    token, casbah_token = (
        casbah.sign_in(server, casbah.CASBAH_CLI, f"{resource}/.default", browser)["access_token"]
        for resource in (casbah.CLOUD_APP_SECURITY, f"{server.url}/casbah"))
    made = casbah.command(server, "api-token", "create", "schemathesis", CASBAH_TOKEN=casbah_token)
    return {"token": token, "casbahToken": casbah_token, "legacyToken": f"Token {made['token']}"}


def main(binary, examples="15"):
    with casbah.Server(binary, ["--egress-allow", "127.0.0.1"]) as server, \
            tempfile.TemporaryDirectory() as directory:
        caller = Caller(server, sign_in(server))
        domain = server.administrator["userPrincipalName"].split("@")[1]
        graph = Graph(server)
        app, _, roles = graph.register("Reader", ["investigation.read"])
        graph.consent(app, roles)
        there = furnish(caller, domain)
        fuzz(caller, there, examples, directory)
    with casbah.Server(binary, ["--lab"]) as server:
        done, caller = caller.done, Caller(server, sign_in(server))
        laboratory(caller)
        caller.done += done
    check_all_done(caller)


if __name__ == "__main__":
    main(*sys.argv[1:])
