"""The programs of the portal's page *Use it from code*, run as they stand there: in sh with
curl, in Python, in Node.js and in Rust. PowerShell and C# are not run.

    snippets.py target/debug/casbah
"""

import datetime
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import requests

import node_clients
import rust_client
import server as casbah

NAME = "'; exit 1 # \"SIEM\""


class Cli:
    """The command line, signed in as the administrator by the browser that it asks for."""

    def __init__(self, server, directory, browser):
        self.server = server
        self.environment = dict(os.environ, HOME=directory, CASBAH_URL=server.url,
                                CASBAH_CA=server.ca)
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            self.environment.pop(name, None)
        login = subprocess.Popen([server.binary, "login", "--no-browser"], text=True,
                                 env=self.environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        address = next(line.strip() for line in login.stderr if "https://" in line)
        assert browser.get(address).status_code == 200
        assert login.wait(30) == 0, login.stderr.read()

    def run(self, *arguments):
        ended = subprocess.run([self.server.binary, *arguments, "-o", "json"], text=True,
                               env=self.environment, capture_output=True)
        assert ended.returncode == 0, (arguments, ended.stderr)
        return json.loads(ended.stdout or "null")


def alert(cli, directory):
    """Failed sign-ins, until they have become an alert."""
    now = datetime.datetime.now(datetime.timezone.utc)
    events = pathlib.Path(directory, "events.jsonl")
    events.write_text("\n".join(json.dumps({
        "Id": f"failed-{count}", "RecordType": 15, "Workload": "AzureActiveDirectory",
        "CreationTime": (now - datetime.timedelta(seconds=count)).strftime("%Y-%m-%dT%H:%M:%S"),
        "Operation": "UserLoginFailed", "UserId": "frida@fabrikam.example", "UserType": 0,
        "ClientIP": "194.25.0.60"}) for count in range(40)))
    cli.run("ingest", "--source", "microsoft365", str(events))
    return casbah.wait("no alert is raised", lambda: cli.run("alerts", "list"))[0]


def code(browser, server, app_id, language):
    page = browser.get(f"{server.url}/portal/tokens/code", params={"app": app_id, "lang": language})
    assert page.status_code == 200, page.text
    return html.unescape(re.search("<pre[^>]*><code>(.*?)</code></pre>", page.text, re.S)[1])


def run(language, program, environment, directory):
    """What the program prints."""
    file = pathlib.Path(directory, f"program-{language}.mjs")
    file.write_text(program)
    command = {
        "curl": ["sh", "-e", str(file)],
        "python": [sys.executable, str(file)],
        "node": ["node", str(file)],
        "rust": ["cargo", "run", "--quiet", "--locked", "--bin", "snippet", "--manifest-path",
                 str(rust_client.MANIFEST)],
    }[language]
    environment = dict(environment, CASBAH_SNIPPET=str(file))
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def main(binary):
    node_clients.install()
    with casbah.Server(binary) as server, tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory, "node_modules").symlink_to(node_clients.NODE / "node_modules")
        browser = requests.Session()
        casbah.sign_in(server, casbah.CASBAH_CLI, "openid", browser)
        cli = Cli(server, directory, browser)
        app_id = cli.run("app", "create", NAME)["appId"]
        cli.run("app", "permission", "add", app_id, "investigation.read")
        cli.run("app", "consent", app_id)
        secret = cli.run("app", "secret", "add", app_id)["secretText"]
        known = alert(cli, directory)
        trusting = dict(os.environ, CURL_CA_BUNDLE=server.ca, NODE_EXTRA_CA_CERTS=server.ca)
        for language in ("curl", "python", "node", "rust"):
            program = code(browser, server, app_id, language)
            environment = dict(trusting, CASBAH_CLIENT_SECRET=secret)
            ended = run(language, program, environment, directory)
            assert ended.returncode == 0, (language, program, ended.stderr)
            answer = json.loads(ended.stdout)
            first = answer if language == "rust" else answer["data"][0]
            assert first["_id"] == known["_id"], (language, answer)
            print(f"ok   {language} lists alerts", flush=True)
            environment["CASBAH_CLIENT_SECRET"] = "wrong"
            ended = run(language, program, environment, directory)
            told = ended.stdout + ended.stderr
            assert ended.returncode != 0 and "AADSTS7000215" in told, (language, told)
            print(f"ok   {language} says why a wrong secret is refused", flush=True)
    print("8 passed, 0 failed")


if __name__ == "__main__":
    main(sys.argv[1])
