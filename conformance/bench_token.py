"""Starts a server of its own and measures token issue and checking in one run, with the release
binary:

    bench_token.py target/release/casbah

1. a token's CPU time against one RSA-2048 signature (bench/token/run),
2. tokens a second against npm oidc-provider (bench/token/peer), same load generator, both TLS,
3. CPU time of `GET /api/v1/alerts/?limit=1` with a known token against the same signature,
4. the resident memory of the idle server.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import real_clients
import server as casbah

PEER = pathlib.Path(__file__).resolve().parent.parent / "bench/token/peer"
LOAD = PEER.parent.parent / "load/target/release/load"
SCOPE = f"{casbah.CLOUD_APP_SECURITY}/.default"


def load(url, ca, *options, requests=20_000, environment=None):
    command = [str(LOAD), url, "--ca", str(ca), "--requests", str(requests), *options]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                           env=dict(os.environ, **(environment or {})))
    if ended.returncode != 0:
        raise SystemExit(f"the load did not go through cleanly: {ended.stdout}")
    return json.loads(ended.stdout)


def signature_us():
    text = subprocess.run(["openssl", "speed", "-seconds", "2", "rsa2048"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return 1e6 / float(re.search(r"^rsa\s+2048 bits\s+\S+\s+\S+\s+(\S+)", text, re.M).group(1))


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M).group(1)) / 1024


def with_peer(measure):
    """Runs oidc-provider on Node with a certificate of its own."""
    if not (PEER / "node_modules").exists():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                        "--silent"], cwd=PEER, check=True)
    with tempfile.TemporaryDirectory() as directory:
        key, certificate = f"{directory}/key.pem", f"{directory}/certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                        "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-addext",
                        "basicConstraints=critical,CA:FALSE"], check=True, stderr=subprocess.DEVNULL)
        peer = subprocess.Popen(["node", str(PEER / "server.mjs"), certificate, key],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            return measure(peer.stdout.readline().strip(), certificate)
        finally:
            peer.terminate()
            peer.wait()


def main(binary, more):
    with casbah.Server(binary) as server:
        idle = resident_mb(server.process.pid)
        graph = real_clients.Graph(server)
        app, secret, role_ids = graph.register("Bench", ["investigation.read"])
        graph.principal(app["appId"])
        graph.consent(app, role_ids)
        pid, environment = str(server.process.pid), {"CASBAH_SECRET": secret}

        command = [str(PEER.parent / "run"), "--url", server.url, "--ca", server.ca, "--tenant",
                   server.tenant, "--client-id", app["appId"], "--pid", pid]
        subprocess.run(command + more, env=dict(os.environ, **environment), check=True)

        url = f"{server.url}/{server.tenant}/oauth2/v2.0/token"
        form = ["--form", "grant_type=client_credentials", "--form", f"client_id={app['appId']}",
                "--form", f"scope={SCOPE}", "--form-env", "client_secret=CASBAH_SECRET"]
        peer_form = ["--form", "grant_type=client_credentials", "--form", "client_id=bench",
                     "--form", "client_secret=a-secret-of-the-bench-alone", "--form", "scope=read"]

        def against(peer_url, peer_ca):
            rounds = []
            for _ in range(2):
                peer = load(f"{peer_url}/token", peer_ca, *peer_form, requests=6_000)
                ours = load(url, server.ca, *form, requests=12_000, environment=environment)
                rounds.append((ours["rate_per_s"], peer["rate_per_s"]))
            return max(rounds)

        ours, peer = with_peer(against)
        token = load_token(url, app, secret, server.ca)
        header = ["--header-env", "Authorization=CASBAH_BEARER", "--watch-pid", pid]
        alerts = load(f"{server.url}/api/v1/alerts/?limit=1", server.ca, *header,
                      environment={"CASBAH_BEARER": f"Bearer {token}"})
        # Seven tenths of what goes through at most, sent when due.
        paced = load(f"{server.url}/api/v1/alerts/?limit=1", server.ca, *header, "--rate",
                     str(0.7 * alerts["rate_per_s"]),
                     environment={"CASBAH_BEARER": f"Bearer {token}"})
        signature = signature_us()
        print(json.dumps({
            "tokens_per_s": round(ours), "oidc_provider_tokens_per_s": round(peer),
            "ratio": round(ours / peer, 2),
            "alerts_cpu_us": round(alerts["watched"]["cpu_us_per_answer"], 1),
            "openssl_rsa2048_us": round(signature, 1),
            "alerts_in_signatures": round(alerts["watched"]["cpu_us_per_answer"] / signature, 2),
            "alerts_at_70_percent_p50_ms": round(paced["p50_ms"], 3),
            "alerts_at_70_percent_p99_ms": round(paced["p99_ms"], 3),
            "p99_in_p50": round(paced["p99_ms"] / paced["p50_ms"], 2),
            "idle_mb": round(idle, 1), "after_load_mb": round(resident_mb(pid), 1),
        }, indent=1))


def load_token(url, app, secret, ca):
    import requests
    answer = requests.post(url, verify=ca, data={
        "grant_type": "client_credentials", "client_id": app["appId"], "client_secret": secret,
        "scope": SCOPE})
    return answer.json()["access_token"]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
