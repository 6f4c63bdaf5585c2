"""Starts a server of its own and measures a token's cost with bench/token/run."""

import os
import subprocess
import sys

import real_clients
import server as casbah

with casbah.Server(sys.argv[1]) as server:
    graph = real_clients.Graph(server)
    app, secret, role_ids = graph.register("Bench", ["investigation.read"])
    graph.principal(app["appId"])
    graph.consent(app, role_ids)
    command = ["bench/token/run", "--url", server.url, "--ca", server.ca, "--tenant",
               server.tenant, "--client-id", app["appId"], "--pid", str(server.process.pid)]
    environment = dict(os.environ, CASBAH_SECRET=secret)
    raise SystemExit(subprocess.run(command + sys.argv[2:], env=environment).returncode)
