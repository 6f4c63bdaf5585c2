"""The azure_identity crate against the real server (conformance/rust).

    rust_client.py target/debug/casbah
"""

import os
import pathlib
import subprocess
import sys

import real_clients
import server as casbah

MANIFEST = pathlib.Path(__file__).resolve().parent / "rust/Cargo.toml"


def main(binary):
    with casbah.Server(binary) as server:
        graph = real_clients.Graph(server)
        app, secret, role_ids = graph.register("Rust", ["investigation.read"])
        graph.principal(app["appId"])
        graph.consent(app, role_ids)
        environment = dict(
            os.environ, AZURE_AUTHORITY_HOST=server.url, SSL_CERT_FILE=server.ca,
            CASBAH_TENANT_ID=server.tenant, CASBAH_CLIENT_ID=app["appId"],
            CASBAH_CLIENT_SECRET=secret, CASBAH_RESOURCE=casbah.CLOUD_APP_SECURITY)
        ended = subprocess.run(["cargo", "run", "--quiet", "--locked", "--manifest-path",
                                str(MANIFEST)], env=environment)
    raise SystemExit(ended.returncode)


if __name__ == "__main__":
    main(sys.argv[1])
