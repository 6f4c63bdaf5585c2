"""A legacy API token, made by the command line and sent as programs that know nothing else
send it: Microsoft's PowerShell module (github.com/microsoft/MCAS) posts lists to /api/v1 with
`Token`, SOAR integrations get them under /cas/api/v1 with the query as a JSON body."""

import requests

import server as casbah


def play(check, server):
    bearer = casbah.sign_in(server, casbah.CASBAH_CLI,
                            f"{server.url}/casbah/.default")["access_token"]
    is_open = {"filters": {"alertOpen": {"eq": True}}, "limit": 10, "skip": 0}

    def asked(method, path, authorization, query):
        return requests.request(method, f"{server.url}{path}", json=query,
                                headers={"Authorization": authorization})

    @check("a legacy API token is made, used as old programs do, listed and revoked")
    def _():
        made = casbah.command(server, "api-token", "create", "Old SOAR", CASBAH_TOKEN=bearer)
        token = made["token"]
        assert made["state"] == "Generated" and len(token) == 96, made
        for method, path, scheme, query in [
                ("POST", "/api/v1/alerts/", "Token", is_open),
                ("GET", "/cas/api/v1/alerts/", "Token", is_open),
                ("POST", "/cas/api/v1/activities/", "token", {})]:
            answer = asked(method, path, f"{scheme} {token} ", query)
            assert answer.status_code == 200, (path, answer.text)
            assert {"data", "hasNext", "total"} <= set(answer.json()), answer.text
        assert asked("GET", "/casbah/v1/audit", f"Token {token}", {}).status_code == 401
        alerts = casbah.command(server, "alerts", "list", CASBAH_API_TOKEN=token)
        assert alerts == [], alerts
        listed, = casbah.command(server, "api-token", "list", CASBAH_TOKEN=bearer)
        assert listed["state"] == "Active" and "token" not in listed, listed
        casbah.command(server, "api-token", "revoke", listed["id"], "--yes", CASBAH_TOKEN=bearer)
        refused = asked("GET", "/api/v1/alerts/", f"Token {token}", {})
        assert (refused.status_code, refused.json()) == (401, {"detail": "Invalid token"})
