"""Kills the server at random moments while several clients write, starts it again, and
looks whether everything that was answered is there and nothing is there by half.

    kill_loop.py target/release/casbah [ROUNDS] [SEED]

Each round: four clients close and reopen alerts, make, change and delete IP ranges, upload
logs in blocks, and send events, until SIGKILL. What was answered must be there; what was
under way is there wholly or not at all; each change has its record in the audit, and the
audit is intact."""

import base64
import datetime
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import requests

import server as casbah

ALERTS = 24
BATCH = 20
LINES = 60
# A token is good for an hour at least.
ROUNDS_A_TOKEN = 40


class Cut(Exception):
    """The server was killed before it answered."""


class Killed:
    """`casbah serve` on one data directory and one port, however often it is killed."""

    def __init__(self, binary):
        self.binary = str(pathlib.Path(binary).resolve())
        self.directory = tempfile.TemporaryDirectory()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = None

    def start(self):
        start_file = pathlib.Path(self.directory.name, "start.json")
        start_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--lateness", "0",
             "--data-dir", str(pathlib.Path(self.directory.name, "data")),
             "--start-file", str(start_file)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not start_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server did not start again")
            time.sleep(0.02)
        start = json.loads(start_file.read_text())
        self.url, self.ca = start["url"], start["caFile"]
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = self.ca
        if start["administrator"]:
            self.tenant, self.administrator = start["tenantId"], start["administrator"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.directory.cleanup()


class Client:
    """Calls with a person's tokens; one of these a thread."""

    def __init__(self, server, tokens):
        self.server, self.tokens, self.session = server, tokens, requests.Session()

    def call(self, method, path, **options):
        is_casbah = path.startswith(("/casbah/v1/audit", "/casbah/v1/events"))
        resource = "casbah" if is_casbah else "api"
        headers = {"Authorization": f"Bearer {self.tokens[resource]}"}
        try:
            answer = self.session.request(method, self.server.url + path, timeout=60,
                                          headers=headers, **options)
        except requests.RequestException as error:
            raise Cut from error
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def audit(self, action, target):
        query = {"action": action, "target": target, "limit": 1000}
        return self.call("GET", "/casbah/v1/audit", params=query)["data"]


def event(user, number, operation, **more):
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
    moment += datetime.timedelta(seconds=number)
    return {"CreationTime": moment.strftime("%Y-%m-%dT%H:%M:%S"), "ClientIP": "194.25.0.60",
            "Id": f"{user}-{number}", "Operation": operation, "UserId": user, "UserKey": user,
            "UserType": 0, "Version": 1, **more}


def send(client, events):
    body = "\n".join(json.dumps(record) for record in events)
    return client.call("POST", "/casbah/v1/events/microsoft365", data=body.encode())


class Alerts:
    """Closes and reopens alerts, each with a comment that comes once."""

    def __init__(self, client):
        # All at once: what comes after the detector has passed its time counts for nothing.
        send(client, [event(f"victim{person}@contoso.example", number, "UserLoginFailed",
                            RecordType=15, Workload="AzureActiveDirectory", ErrorNumber="50126")
                      for number in range(15) for person in range(ALERTS)])
        deadline = time.monotonic() + 120
        while len(found := self.read(client)) < ALERTS:
            assert time.monotonic() < deadline, f"{len(found)} alerts only"
            time.sleep(0.2)
        # By id: whether it is open and its comment, as it was answered; then what is under way.
        self.known = {name: (True, None) for name in found}
        self.changes = dict.fromkeys(found, 0)
        self.under_way = {}

    @staticmethod
    def read(client):
        data = client.call("POST", "/api/v1/alerts/", json={"limit": 100})["data"]
        return {alert["_id"]: (alert["resolutionStatusValue"] == 0, alert["comment"])
                for alert in data}

    def write(self, client, dice, mark):
        name = dice.choice(sorted(self.known))
        is_open, _ = self.known[name]
        verb = "close_true_positive" if is_open else "reopen"
        self.under_way = {name: (not is_open, mark)}
        answer = client.call("POST", f"/api/v1/alerts/{verb}/", json={
            "filters": {"id": {"eq": [name]}}, "comment": mark})
        assert list(answer.values()) == [1], answer
        self.answered()

    def answered(self):
        for name, state in self.under_way.items():
            self.known[name] = state
            self.changes[name] += 1
        self.under_way = {}

    def check(self, client):
        found = self.read(client)
        for name, state in self.under_way.items():
            if found[name] == state:
                self.answered()
        self.under_way = {}
        assert found == self.known, [
            (name, found.get(name), state) for name, state in self.known.items()
            if found.get(name) != state]
        for name, changes in self.changes.items():
            records = client.audit("alert.", name)
            assert len(records) == changes, (name, changes, records)


class Ranges:
    """Makes ranges with two tags each, moves them, deletes them."""

    def __init__(self):
        self.known, self.ids, self.changes, self.under_way, self.made = {}, {}, {}, {}, 0

    def write(self, client, dice, mark):
        if self.known and dice.random() < 0.5:
            name = dice.choice(sorted(self.known))
            path = f"/api/v1/subnet/{self.ids[name]}/"
            if dice.random() < 0.4:
                self.under_way = {name: None}
                client.call("DELETE", path)
            else:
                self.under_way = {name: self.state(mark)}
                client.call("POST", path + "update_rule/", json=self.body(name, mark))
        else:
            name = mark
            self.under_way = {name: self.state(mark)}
            self.ids[name] = client.call("POST", "/api/v1/subnet/create_rule/",
                                         json=self.body(name, mark))
        self.answered()

    def state(self, mark):
        self.made += 1
        third, fourth = divmod(self.made, 256)
        return (f"10.{third % 256}.{fourth}.0/24", (f"{mark}-one", f"{mark}-two"))

    def body(self, name, mark):
        network, tags = self.under_way[name]
        return {"name": name, "category": 1, "subnets": [network], "tags": list(tags)}

    def answered(self):
        for name, state in self.under_way.items():
            if state is None:
                self.known.pop(name, None)
            else:
                self.known[name] = state
            self.changes[name] = self.changes.get(name, 0) + 1
        self.under_way = {}

    def read(self, client):
        found, skip = {}, 0
        while True:
            page = client.call("POST", "/api/v1/subnet/", json={"skip": skip, "limit": 100})
            for record in page["data"]:
                network, = (subnet["originalString"] for subnet in record["subnets"])
                tags = tuple(sorted(tag["name"] for tag in record["tags"]))
                found[record["name"]] = (network, tags)
                self.ids[record["name"]] = record["_id"]
            skip += len(page["data"])
            if not page["hasNext"]:
                return found

    def check(self, client):
        found = self.read(client)
        touched = set(self.under_way)
        for name, state in list(self.under_way.items()):
            if found.get(name) == state:
                self.answered()
        self.under_way = {}
        assert found == self.known, [
            (name, found.get(name), self.known.get(name)) for name in found | self.known
            if found.get(name) != self.known.get(name)]
        for name in touched:
            if name in self.ids:
                records = client.audit("ip_range.", self.ids[name])
                assert len(records) == self.changes.get(name, 0), (name, self.changes, records)


class Uploads:
    """Uploads Squid logs of a known number of lines in blocks."""

    def __init__(self):
        self.known, self.checked = {}, set()

    def write(self, client, dice, mark):
        link = client.call("GET", "/api/v1/discovery/upload_url/",
                           params={"filename": "access.log", "source": "SQUID_NATIVE"})["url"]
        names = [base64.b64encode(f"block{number}".encode()).decode() for number in range(3)]
        for number, name in enumerate(names):
            self.put(client, link, {"comp": "block", "blockid": name}, self.log(number, mark))
        blocks = "".join(f"<Latest>{name}</Latest>" for name in names)
        self.put(client, link, {"comp": "blocklist"}, f"<BlockList>{blocks}</BlockList>")
        done = client.call("POST", "/api/v1/discovery/done_upload/", json={
            "uploadUrl": link, "inputStreamName": mark, "uploadAsSnapshot": True})
        assert done["success"], done
        self.known[done["uploadId"]] = mark

    @staticmethod
    def log(number, mark):
        now = int(time.time()) - 86_400
        return "".join(
            f"{now + line}.{number:03} 90 10.1.{number}.{line + 1} TCP_MISS/200 1500 GET "
            f"https://www.dropbox.com/{mark}/{line} user{line} HIER_DIRECT/162.125.1.1 text/html\n"
            for line in range(LINES // 3))

    @staticmethod
    def put(client, link, query, body):
        try:
            answer = client.session.put(link, params=query, data=body.encode(), timeout=60)
        except requests.RequestException as error:
            raise Cut from error
        assert answer.status_code == 201, (answer.status_code, answer.text)

    def check(self, client):
        for upload, mark in self.known.items():
            if upload in self.checked:
                continue
            deadline = time.monotonic() + 120
            path = f"/casbah/v1/discovery/uploads/{upload}"
            while (record := client.call("GET", path))["state"] not in ("done", "failed"):
                assert time.monotonic() < deadline, record
                time.sleep(0.05)
            assert record["state"] == "done" and LINES in record.values(), record
            self.checked.add(upload)
        streams = client.call("GET", "/api/v1/discovery/streams/")["streams"]
        names = [stream["displayName"] for stream in streams]
        for mark in self.known.values():
            assert names.count(mark) == 1, (mark, names)


class Events:
    """Sends batches of events, each of a person of its own."""

    def __init__(self):
        self.known, self.under_way, self.checked = set(), None, set()

    def write(self, client, dice, mark):
        self.under_way = f"{mark}@contoso.example"
        answer = send(client, [event(self.under_way, number, "FileAccessed", RecordType=6,
                                     Workload="SharePoint", ObjectId=f"https://c.example/{number}")
                               for number in range(BATCH)])
        assert answer["accepted"] == BATCH, answer
        self.known.add(self.under_way)
        self.under_way = None

    def check(self, client):
        def count(person):
            return client.call("POST", "/api/v1/activities/", json={
                "filters": {"user.username": {"eq": [person]}}, "limit": 1})["total"]
        for person in self.known - self.checked:
            assert count(person) == BATCH, person
        self.checked |= self.known
        if self.under_way:
            found = count(self.under_way)
            assert found in (0, BATCH), (self.under_way, found)
        self.under_way = None


def tokens_of(server):
    return {name: casbah.sign_in(server, casbah.CASBAH_CLI, scope)["access_token"]
            for name, scope in [("api", f"{casbah.CLOUD_APP_SECURITY}/.default"),
                                ("casbah", f"{server.url}/casbah/.default")]}


def write_until_cut(server, tokens, area, dice, mark, failures):
    client, number = Client(server, tokens), 0
    try:
        while True:
            number += 1
            area.write(client, dice, f"{mark}-{number}")
    except Cut:
        pass
    except Exception as error:  # told by the main thread, with the round
        failures.append(error)


def run(binary, rounds, seed):
    dice = random.Random(seed)
    server = Killed(binary)
    writes, began = 0, time.monotonic()
    try:
        server.start()
        tokens = tokens_of(server)
        client = Client(server, tokens)
        areas = {"a": Alerts(client), "r": Ranges(), "u": Uploads(), "e": Events()}
        for number in range(1, rounds + 1):
            failures = []
            threads = [threading.Thread(target=write_until_cut, args=(
                server, tokens, area, random.Random(dice.random()), f"{name}{number}", failures))
                for name, area in areas.items()]
            for thread in threads:
                thread.start()
            time.sleep(dice.uniform(0.02, 1.5))
            server.kill()
            for thread in threads:
                thread.join()
            assert not failures, (number, failures)
            server.start()
            if number % ROUNDS_A_TOKEN == 0:
                tokens.update(tokens_of(server))
            client = Client(server, tokens)
            for area in areas.values():
                area.check(client)
            verified = casbah.command(server, "audit", "verify", CASBAH_TOKEN=tokens["casbah"])
            assert verified["intact"], verified
            if number % 10 == 0:
                print(f"ok   {number} rounds, {time.monotonic() - began:.0f} s", flush=True)
        writes = (sum(areas["a"].changes.values()) + sum(areas["r"].changes.values())
                  + len(areas["u"].known) + len(areas["e"].known))
    finally:
        server.end()
    print(f"{rounds} kills, {writes} answered writes, all there, none by half; seed {seed}, "
          f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 50,
        int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32))
