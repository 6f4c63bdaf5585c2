"""azure-storage-blob uploads a large log in blocks, four at once, through a proxy that
fails some of them; the report then has exactly the numbers of the log, and the server
stays small.

    upload_300mb.py target/release/casbah [MEGABYTES]
"""

import collections
import pathlib
import sys
import tempfile
import time

import azure.storage.blob
import requests

import faults
import server as casbah
from real_clients import Graph

BLOCK = 4 * 1024 * 1024
# How much the server may grow, whatever the log's size: four requests, the parsers'
# buffers and the counts of this log's users and addresses.
MOST_GROWTH_MB = 120
HOSTS = ["www.dropbox.com", "github.com", "app.slack.com", "zoom.us", "www.salesforce.com",
         "drive.google.com", "internal.contoso.example"]


class Usage:
    """What the log says of one host."""

    def __init__(self):
        self.transactions, self.bytes, self.users, self.addresses = 0, 0, set(), set()

    def numbers(self):
        return self.transactions, self.bytes, len(self.users), len(self.addresses)


def write_log(file, megabytes):
    """Writes a native Squid log; what it says, by host."""
    usage = collections.defaultdict(Usage)
    now, number, written = time.time(), 0, 0
    while written < megabytes * 1_000_000:
        lines = []
        for number in range(number, number + 10_000):
            host, user, address = number % 7, number * 7919 % 3001, number * 104_729 % 1997
            size = 100 + number * 31 % 90_001
            at = now - 3600 + number % 3600
            lines.append(
                f"{at:.3f} {number % 60_000:6} 10.9.{address >> 8}.{address & 255} "
                f"TCP_TUNNEL/200 {size} CONNECT {HOSTS[host]}:443 user{user} "
                f"HIER_DIRECT/203.0.113.9 -\n")
            seen = usage[HOSTS[host]]
            seen.transactions += 1
            seen.bytes += size
            seen.users.add(user)
            seen.addresses.add(address)
        number += 1
        text = "".join(lines)
        file.write(text)
        written += len(text)
    file.flush()
    return usage, number


def peak_mb(process):
    """The most memory that the process has had at once."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main(binary, megabytes):
    with casbah.Server(binary) as server, tempfile.NamedTemporaryFile("w+") as log:
        graph = Graph(server)
        app, secret, roles = graph.register("Uploader", ["discovery.manage"])
        graph.principal(app["appId"])
        graph.consent(app, roles)
        token = casbah.application_token(server, app, secret)

        def api(method, path, **options):
            answer = requests.request(method, server.url + path, timeout=60,
                                      headers={"Authorization": f"Bearer {token}"}, **options)
            assert answer.status_code == 200, (method, path, answer.status_code, answer.text)
            return answer.json()

        usage, lines = write_log(log, megabytes)
        link = api("GET", "/api/v1/discovery/upload_url/",
                   params={"filename": "access.log", "source": "SQUID_NATIVE"})["url"]
        before, began = peak_mb(server.process), time.monotonic()
        with faults.Faults(server.url, server.ca, chance=0.2) as proxy:
            blob = azure.storage.blob.BlobClient.from_blob_url(
                proxy.link(link), max_single_put_size=1024, max_block_size=BLOCK,
                retry_policy=azure.storage.blob.LinearRetry(
                    backoff=0, random_jitter_range=0, retry_total=20))
            with open(log.name, "rb") as file:
                blob.upload_blob(file, blob_type="BlockBlob", max_concurrency=4)
            seen = proxy.seen
        blocks = -(-pathlib.Path(log.name).stat().st_size // BLOCK)
        failed = seen["refused"] + seen["cut"] + seen["unheard"]
        assert failed and seen["blocks"] == blocks + failed, (blocks, seen)
        assert seen["lists"] == 2, seen
        uploaded = time.monotonic()
        done = api("POST", "/api/v1/discovery/done_upload/", json={
            "uploadUrl": link, "inputStreamName": "Large", "uploadAsSnapshot": True})
        while (upload := api("GET", f"/casbah/v1/discovery/uploads/{done['uploadId']}"))[
                "state"] not in ("done", "failed"):
            assert time.monotonic() - uploaded < 1800, upload
            time.sleep(0.2)
        read = time.monotonic()
        assert upload["state"] == "done", upload
        assert (upload["lines"], upload["parsed"], upload["bad"]) == (lines, lines, 0), upload
        apps = api("POST", "/cas/api/v1/discovery/discovered_apps/",
                   json={"streamId": done["inputStreamId"], "timeframe": 30})["data"]
        found = {}
        for one in apps:
            host, = [host for host in HOSTS
                     if any(host == domain or host.endswith("." + domain)
                            for domain in one["domainList"])] or [one["name"]]
            found[host] = (one["transactionsCount"], one["trafficTotalBytes"],
                           one["usersCount"], one["ipAddressesCount"])
        expected = {host: seen.numbers() for host, seen in usage.items()}
        unknown = expected.pop("internal.contoso.example")
        assert upload["uncataloguedTransactions"] == unknown[0], upload
        assert found == expected, (found, expected)
        peak = peak_mb(server.process)
        assert peak - before < MOST_GROWTH_MB, (before, peak)
        print(f"ok   {megabytes} MB, {lines} lines in {blocks} blocks: {seen['refused']} refused, "
              f"{seen['cut']} cut, {seen['unheard']} unheard; uploaded in {uploaded - began:.0f} s, "
              f"read in {read - uploaded:.0f} s; the server grew from {before:.0f} to "
              f"{peak:.0f} MB at most")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300)
