"""Exports to receivers of others: a webhook whose messages the library `standardwebhooks`
verifies, and receivers of CEF in syslog by UDP, TCP and TLS. All of them fail at first, and
the server starts anew in between.

    exports.py target/debug/casbah
"""

import collections
import datetime
import http.server
import ipaddress
import json
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

import server as casbah

EVENTS = 250


def certificate(directory):
    """A certificate for this machine, which is its own CA: the files of both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256()))
    chain, private = pathlib.Path(directory, "chain.pem"), pathlib.Path(directory, "key.pem")
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
    return chain, private


def tls(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


class Hook:
    """A webhook. It refuses the first message, and says nothing to the second."""

    def __init__(self, files):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.seen += 1
                if hook.seen == 2:
                    self.close_connection = True
                    return
                if hook.seen > 2:
                    hook.taken.append((dict(self.headers), body))
                self.send_response(503 if hook.seen == 1 else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.seen, self.taken = 0, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = tls(files).wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}/in"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def counted(data):
    """Octet counting (RFC 6587)."""
    while data:
        length, data = data.split(b" ", 1)
        yield data[:int(length)]
        data = data[int(length):]


class Syslog:
    """A receiver of syslog. By TCP it drops the first connection, unread."""

    def __init__(self, transport, context=None):
        self.transport, self.context, self.messages = transport, context, []
        is_udp = transport == "udp"
        kind = socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        if is_udp:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.datagrams if is_udp else self.streams, daemon=True).start()

    def datagrams(self):
        while True:
            self.messages.append(self.socket.recv(65536))

    def streams(self):
        self.socket.listen()
        self.socket.accept()[0].close()
        while True:
            stream, _ = self.socket.accept()
            if self.context:
                stream = self.context.wrap_socket(stream, server_side=True)
            data = b""
            while part := stream.recv(1 << 16):
                data += part
            stream.close()
            self.messages.extend(counted(data))


HEADER = re.compile(r"<(\d+)>1 (\S+) (\S+) casbah - (alert|activity) - (CEF:.*)", re.S)
PART = re.compile(r"((?:[^|\\]|\\.)*)\|", re.S)
FIELD = re.compile(r"(\w+)=((?:[^=\\]|\\.)*?)(?= \w+=|$)", re.S)


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), text)


def read(message):
    """A message's kind, the parts of CEF's header, and its fields."""
    _, at, _, kind, line = HEADER.fullmatch(message.decode()).groups()
    datetime.datetime.fromisoformat(at)
    parts, rest = [], line
    for _ in range(7):
        found = PART.match(rest)
        parts.append(unescaped(found[1]))
        rest = rest[found.end():]
    return kind, parts, {name: unescaped(value) for name, value in FIELD.findall(rest)}


def events(count):
    """Failed sign-ins, with whatever must be escaped in their names."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return "\n".join(json.dumps({
        "Id": f"failed-{number}", "RecordType": 15, "Workload": "AzureActiveDirectory",
        "CreationTime": (now - datetime.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S"),
        "Operation": "UserLoginFailed", "UserId": "frida@fabrikam.example", "UserType": 0,
        "UserAgent": f"Agent|{number} a=b\\c \u00fc", "ClientIP": "194.25.0.60"})
        for number in range(count))


def restart(server):
    """The same server again, on the same port and data."""
    server.process.terminate()
    server.process.wait(30)
    arguments = list(server.process.args)
    arguments[arguments.index("--listen") + 1] = f"127.0.0.1:{server.url.rsplit(':', 1)[1]}"
    start = pathlib.Path(arguments[arguments.index("--start-file") + 1])
    start.unlink()
    server.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    casbah.wait("the server does not start again", start.exists)


def main(binary):
    with tempfile.TemporaryDirectory() as directory:
        files = certificate(directory)
        egress = ["--egress-allow", "localhost", "--egress-ca", str(files[0])]
        with casbah.Server(binary, egress) as server:
            play(server, directory, files)


def play(server, directory, files):
    scope = f"{server.url}/casbah/.default"
    bearer = casbah.sign_in(server, casbah.CASBAH_CLI, scope)["access_token"]

    def run(*arguments):
        return casbah.command(server, *arguments, CASBAH_TOKEN=bearer)

    hook = Hook(files)
    receivers = {name: Syslog(name, tls(files) if name == "tls" else None)
                 for name in ("udp", "tcp", "tls")}
    made = run("export", "create", "webhook", "SOAR", hook.url)
    secret, ids = made["secret"], {"webhook": made["id"]}
    for name, receiver in receivers.items():
        made = run("export", "create", "syslog", name, "localhost", "--transport", name,
                   "--port", str(receiver.port))
        assert "secret" not in made, made
        ids[name] = made["id"]
    print("ok   exports are made", flush=True)

    file = pathlib.Path(directory, "events.jsonl")
    file.write_text(events(EVENTS))
    run("ingest", "--source", "microsoft365", str(file))
    casbah.wait("nothing is sent", lambda: hook.seen >= 1)
    restart(server)

    def taken(kind):
        seen = {}
        for headers, body in hook.taken:
            message = json.loads(body)
            if message["type"] == kind:
                seen.setdefault(headers["webhook-id"], message["data"])
        return [record for data in seen.values() for record in data]

    def read_by(name, kind):
        return [one for one in map(read, list(receivers[name].messages)) if one[0] == kind]

    casbah.wait("activities are missing", lambda: len(taken("activities.arrived")) >= EVENTS)
    casbah.wait("alerts are missing", lambda: taken("alerts.changed"))
    activities = [record["_id"] for record in taken("activities.arrived")]
    assert len(activities) == len(set(activities)) == EVENTS, len(activities)
    for headers, body in hook.taken:
        Webhook(secret).verify(body, headers)
        try:
            Webhook(secret).verify(body + b" ", headers)
        except WebhookVerificationError:
            continue
        raise AssertionError("a forged message is believed")
    print("ok   webhook: refused, cut off, started anew; verified and complete", flush=True)

    agents = collections.Counter(f"Agent|{number} a=b\\c \u00fc" for number in range(EVENTS))
    alert = taken("alerts.changed")[0]
    for name in receivers:
        casbah.wait(f"{name}: activities are missing",
                    lambda: len({one[2]["externalId"] for one in read_by(name, "activity")}) >= EVENTS)
        casbah.wait(f"{name}: alerts are missing", lambda: read_by(name, "alert"))
        seen = {one[2]["externalId"]: one for one in read_by(name, "activity")}
        assert list(seen) == activities, f"{name}: another order"
        told = collections.Counter(one[2]["requestClientApplication"] for one in seen.values())
        assert told == agents, (name, told)
        _, parts, fields = read_by(name, "activity")[0]
        assert parts[:3] == ["CEF:0", "Casbah", "SIEM_Agent"], parts
        assert parts[4] == "EVENT_CATEGORY_FAILED_LOGIN", parts
        assert fields["suser"] == "frida@fabrikam.example", fields
        assert fields["dvc"] == "194.25.0.60" and fields["cs5"] == server.tenant, fields
        _, parts, fields = read_by(name, "alert")[0]
        assert parts[4:6] == ["ALERT_SUSPICIOUS_ACTIVITY", alert["policy"]["label"]], parts
        assert fields["externalId"] == alert["_id"], fields
        assert fields["cs1"] == alert["URL"], fields
        print(f"ok   syslog by {name}: every value reads back, in order", flush=True)

    for name, id in ids.items():
        assert run("export", "test", id) == {"sent": True, "error": None}, name
    casbah.wait("no test", lambda: any(json.loads(body).get("test") for _, body in hook.taken))
    for name in receivers:
        casbah.wait(f"{name}: no test",
                    lambda: any(one[2].get("cs6") == "true" for one in read_by(name, "alert")))
    print("ok   tests are marked as such", flush=True)

    shown = run("export", "show", ids["webhook"])
    assert shown["state"] == "running" and shown["sent"] > EVENTS, shown
    assert run("export", "disable", ids["webhook"])["state"] == "disabled"
    for id in ids.values():
        run("export", "delete", id, "--yes")
    assert run("export", "list") == []
    print("ok   exports are shown, switched off and deleted", flush=True)
    print("7 passed, 0 failed")


if __name__ == "__main__":
    main(sys.argv[1])
