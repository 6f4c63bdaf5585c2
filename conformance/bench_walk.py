"""Walks through all activities of a server of its own, and measures what a record costs, with the
release binary:

    bench_walk.py target/release/casbah [--activities N] [--data-dir DIRECTORY]

The peer reads and decompresses the same records of the same file in the same order by SQL written
by hand, in one process, and writes the same lines into memory (`filters walk` of bench/filters).
The server sends them as NDJSON over TLS to a client that throws them away. Both are measured in
turn, in CPU time of user and system. The server's ratio to the peer must not be above the goal.

A data directory that is named stays; the next run finds it filled.
"""

import argparse
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import bench_token
import real_clients
import server as casbah

# What the server may cost, as a multiple of the peer.
GOAL = 2.0

FILTERS = pathlib.Path(__file__).resolve().parent.parent / "bench/filters"
PATH = "/api/v1/archived_activities/"
NDJSON = "application/x-ndjson"

# One line of so many is read as JSON.
SAMPLE = 1_000

WAYS = {
    "HTTP/1.1": ["--http1.1"],
    "HTTP/2": ["--http2"],
    "HTTP/1.1, zstd": ["--http1.1", "--header", "Accept-Encoding: zstd"],
}

# The one that the goal is for; the others are shown.
JUDGED = "HTTP/1.1"


class Walk:
    """One file, read by both sides."""

    def __init__(self, binary, directory, options):
        self.binary, self.directory, self.options = binary, pathlib.Path(directory), options
        self.account = self.prepare()

    def serve(self):
        return casbah.Server(self.binary, data=self.directory)

    def prepare(self):
        """The tenant and an application that may read, made at the first start."""
        known = self.directory / "bench.json"
        if not known.exists():
            with self.serve() as server:
                graph = real_clients.Graph(server)
                app, secret, role_ids = graph.register("Bench", ["investigation.read"])
                graph.principal(app["appId"])
                graph.consent(app, role_ids)
                account = {"tenant": server.tenant, "appId": app["appId"], "secret": secret}
            known.touch(0o600)
            known.write_text(json.dumps(account))
        return json.loads(known.read_text())

    def filters(self, *arguments):
        return [str(FILTERS / "target/release/filters"), "--file",
                str(self.directory / "casbah.db"), "--tenant", self.account["tenant"],
                *arguments]

    def limit(self):
        records = self.options.records
        return ["--records", str(records)] if records else []

    def fill(self):
        subprocess.run(self.filters("--activities", str(self.options.activities), "--alerts",
                                    str(self.options.alerts), "fill"), check=True)

    def peer(self):
        """CPU seconds and seconds of the peer, its records and bytes."""
        read = subprocess.run(self.filters("walk", *self.limit()), check=True,
                              stdout=subprocess.PIPE)
        read = json.loads(read.stdout)
        return read["cpu_s"], read["wall_s"], read["records"], read["bytes"]

    def ask(self, server, *options, output="/dev/null"):
        """curl, asking for the walk."""
        server.tenant = self.account["tenant"]
        token = casbah.application_token(server, self.account, self.account["secret"])
        query = f"?limit={self.options.records}" if self.options.records else ""
        command = ["curl", "--silent", "--show-error", "--fail", "--cacert", server.ca,
                   "--header", "@-", "--header", f"Accept: {NDJSON}", "--output", output,
                   *options, f"{server.url}{PATH}{query}"]
        asked = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        asked.stdin.write(f"Authorization: Bearer {token}\n".encode())
        asked.stdin.close()
        return asked

    def server(self, server, way):
        """CPU seconds and seconds of the server, and the bytes that came."""
        began, before = time.monotonic(), cpu(server.process.pid)
        asked = self.ask(server, *WAYS[way], "--write-out", "%{size_download}")
        came = int(asked.stdout.read())
        if asked.wait() != 0:
            raise SystemExit("the walk broke off")
        # The server's last bytes are on their way before it has tidied up.
        return cpu(server.process.pid) - before, time.monotonic() - began, came

    def check(self, server):
        """Both sides say the same, line by line; ids fall, so none comes twice."""
        peer = subprocess.Popen(self.filters("walk", "--lines", *self.limit()),
                                stdout=subprocess.PIPE)
        asked = self.ask(server, output="-")
        last, count = (float("inf"), b""), 0
        for count, (ours, theirs) in enumerate(
                itertools.zip_longest(asked.stdout, peer.stdout), 1):
            if ours != theirs:
                raise SystemExit(f"line {count} differs: {ours} {theirs}")
            identity = ours.partition(b'"_id":"')[2].partition(b'"')[0]
            timestamp, _, uuid = identity.partition(b"_")
            place = (int(timestamp), uuid)
            if not place < last:
                raise SystemExit(f"{identity} comes after {last}")
            last = place
            if count % SAMPLE == 1:
                assert json.loads(ours)["_id"].encode() == identity
        if asked.wait() != 0 or peer.wait() != 0:
            raise SystemExit("one side broke off")
        return count


def cpu(pid):
    """Seconds of user and system time of all threads of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(server, seconds=5):
    before = cpu(server.process.pid)
    time.sleep(seconds)
    return (cpu(server.process.pid) - before) / seconds


def measure(walk):
    options = walk.options
    peers, ours, ratios = [], {way: [] for way in WAYS}, {way: [] for way in WAYS}
    with walk.serve() as server:
        print(f"rsa2048 signatures a second: {1e6 / bench_token.signature_us():.0f}")
        if not options.unchecked:
            print(f"{walk.check(server)} lines are those of the peer, and no id comes twice",
                  flush=True)
        print(f"the idle server takes {idle(server):.4f} s CPU a second\n")
        peer = walk.peer()
        for number in range(options.rounds):
            for way in WAYS:
                if way != JUDGED and number >= options.shown_rounds:
                    continue
                took = walk.server(server, way)
                before, peer = peer, walk.peer()
                assert "zstd" in way or took[2] == peer[3], (way, took, peer)
                peers.append(peer)
                ours[way].append(took)
                # The peer ran before and after.
                ratios[way].append(took[0] / statistics.mean([before[0], peer[0]]))
    records = peers[0][2]
    print(f"{records} records of {peers[0][3] / records:.0f} bytes\n")
    print("| | CPU µs a record | ratio | least to most | records a second | bytes a record |")
    print("|---|--:|--:|--:|--:|--:|")

    def show(name, runs, ratio, came):
        each = [1e6 * took[0] / records for took in runs]
        wall = statistics.median(took[1] for took in runs)
        print(f"| {name} | {statistics.median(each):.2f} | {ratio} | {min(each):.2f} to "
              f"{max(each):.2f} | {records / wall:,.0f} | {came / records:.0f} |")

    show("SQL by hand, without a network", peers, "1", peers[0][3])
    for way, runs in ours.items():
        if runs:
            show(f"server, TLS, {way}", runs, f"{statistics.median(ratios[way]):.2f}", runs[0][2])
    ratio = statistics.median(ratios[JUDGED])
    print(f"\n{JUDGED} over TLS: {ratio:.2f} × the peer, the goal is {GOAL}")
    return ratio <= GOAL


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--activities", type=int, default=10_000_000)
    parser.add_argument("--alerts", type=int, default=1_000)
    parser.add_argument("--records", type=int, help="so many of a walk at most")
    parser.add_argument("--data-dir")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shown-rounds", type=int, default=2,
                        help="rounds of what is shown and not judged")
    parser.add_argument("--unchecked", action="store_true", help="measure only")
    options = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path",
                    FILTERS / "Cargo.toml"], check=True)
    with tempfile.TemporaryDirectory() as temporary:
        walk = Walk(options.binary, options.data_dir or temporary, options)
        walk.fill()
        return measure(walk)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
