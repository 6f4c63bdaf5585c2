"""@azure/msal-node and @azure/identity against the real server (conformance/node/clients.mjs).

    node_clients.py target/debug/casbah
"""

import json
import os
import pathlib
import subprocess
import sys

import real_clients
import server as casbah

NODE = pathlib.Path(__file__).resolve().parent / "node"
ROLES = ["investigation.read", "discovery.manage"]


def install():
    """The libraries, once."""
    if not (NODE / "node_modules").exists():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                        "--silent"], cwd=NODE, check=True)


def main(binary):
    install()
    with casbah.Server(binary) as server:
        graph = real_clients.Graph(server)
        app, secret, role_ids = graph.register("Node", ROLES)
        graph.principal(app["appId"])
        graph.consent(app, role_ids)
        certificate = casbah.Certificate()
        graph.add_certificate(app, certificate)
        told = {"url": server.url, "tenant": server.tenant, "appId": app["appId"],
                "secret": secret, "resource": casbah.CLOUD_APP_SECURITY, "roles": ROLES,
                "certificate": {"privateKey": certificate.key, "x5c": certificate.certificate,
                                "thumbprintSha256": certificate.sha256}}
        environment = dict(os.environ, NODE_EXTRA_CA_CERTS=server.ca,
                           CASBAH_TEST=json.dumps(told))
        ended = subprocess.run(["node", "clients.mjs"], cwd=NODE, env=environment)
    raise SystemExit(ended.returncode)


if __name__ == "__main__":
    main(sys.argv[1])
