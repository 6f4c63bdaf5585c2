"""People in Chromium, against the real server (conformance/browser/sign_in.mjs); the secret
that was made by clicking is then used with msal.

    browser_sign_in.py target/debug/casbah [SCREENSHOTS]
"""

import json
import os
import subprocess
import sys

import msal
import requests

import browser_pages
import real_clients
import server as casbah

BACK = "https://partner.example/back"
PASSWORD = "a good long password"


def consent_link(server, app):
    return (f"{server.url}/common/oauth2/authorize?prompt=consent&client_id={app['appId']}"
            "&response_type=code&sso_reload=true")


def main(binary, screenshots=None):
    browser_pages.install()
    with casbah.Server(binary) as server:
        graph = real_clients.Graph(server)
        other = browser_pages.tenant(server, "Northwind", "northwind.example")
        partner = real_clients.Graph(other)
        links = []
        for name in ("Partner SIEM", "Partner threat feed"):
            app, _, _ = partner.register(name, ["investigation.read"])
            partner.call("PATCH", f"/applications/{app['id']}", 204,
                         signInAudience="AzureADMultipleOrgs", web={"redirectUris": [BACK]})
            links.append(consent_link(server, app))
        third = browser_pages.tenant(server, "Fabrikam", "fabrikam.example")
        domain = server.administrator["userPrincipalName"].split("@")[1]
        reader = graph.call("POST", "/users", 201, accountEnabled=True, displayName="Rita Reader",
                            mailNickname="rita", userPrincipalName=f"rita@{domain}",
                            passwordProfile={"password": PASSWORD,
                                             "forceChangePasswordNextSignIn": False})
        device = requests.post(f"{server.url}/{server.tenant}/oauth2/v2.0/devicecode", data={
            "client_id": casbah.CASBAH_CLI,
            "scope": f"openid {casbah.CLOUD_APP_SECURITY}/.default"}).json()
        told = {
            "url": server.url,
            "people": {
                "admin": {"upn": server.administrator["userPrincipalName"],
                          "password": server.administrator["password"]},
                "reader": {"upn": reader["userPrincipalName"], "password": PASSWORD},
                "other": {"upn": third.administrator["userPrincipalName"],
                          "password": third.administrator["oneTimePassword"]},
            },
            "partner": {"link": links[0], "again": links[1], "back": BACK},
            "device": {"userCode": device["user_code"]},
            "screenshots": screenshots and os.path.abspath(screenshots),
        }
        environment = dict(os.environ, CASBAH_TEST=json.dumps(told))
        ended = subprocess.run(["node", "sign_in.mjs"], cwd=browser_pages.BROWSER,
                               env=environment, stdout=subprocess.PIPE, text=True)
        if ended.returncode:
            raise SystemExit(ended.returncode)
        app = json.loads(ended.stdout)
        client = msal.ConfidentialClientApplication(
            app["client"], app["secret"], authority=f"{server.url}/{app['tenant']}",
            instance_discovery=False)
        answer = client.acquire_token_for_client([f"{casbah.CLOUD_APP_SECURITY}/.default"])
        alerts = requests.get(f"{server.url}/api/v1/alerts/",
                              headers={"Authorization": f"Bearer {answer['access_token']}"})
        assert alerts.status_code == 200, alerts.text
        print("ok   msal reads alerts with the secret that was made by clicking")


if __name__ == "__main__":
    main(*sys.argv[1:])
