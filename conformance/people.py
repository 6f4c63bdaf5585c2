"""msal acts for people: with a device code, and on behalf of a person. The password grant is
asked for as old scripts do: msal looks for a person's realm at port 443, wherever the
authority is, so it can do it only where the server listens there."""

import base64
import json
import urllib.parse
import uuid

import msal
import requests

import server as casbah

ALERTS = f"{casbah.CLOUD_APP_SECURITY}/investigation.read"
PASSWORD = "a good long password"


def claims(token):
    """What a token says; the API checks its signature."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def answer_device(server, browser, user_code, decision):
    """A signed-in browser types the code and answers the question."""
    page = f"{server.url}/common/oauth2/deviceauth"
    asked = browser.get(page)
    for fields in [{"user_code": user_code}, {"decision": decision}]:
        assert asked.status_code == 200, asked.text
        form = casbah.Form(asked.text)
        asked = browser.post(urllib.parse.urljoin(page, form.action),
                             data={**form.fields, **fields})
    return asked


def play(check, server, graph):
    authority = f"{server.url}/{server.tenant}"
    browser = requests.Session()
    casbah.sign_in(server, casbah.CASBAH_CLI, "openid", browser)

    def reads_alerts(token):
        answer = requests.get(f"{server.url}/api/v1/alerts/",
                              headers={"Authorization": f"Bearer {token}"})
        return answer.status_code == 200

    def public(client_id):
        return msal.PublicClientApplication(
            client_id, authority=authority, instance_discovery=False)

    @check("msal signs a device in, and hears when the person declines")
    def _():
        client = public(casbah.CASBAH_CLI)
        flow = client.initiate_device_flow(scopes=[ALERTS])
        assert flow["interval"] == 5 and flow["expires_in"] == 900, flow
        assert flow["user_code"] in flow["message"], flow
        assert "Do you sign in to" in browser.post(
            flow["verification_uri"], data={
                **casbah.Form(browser.get(flow["verification_uri"]).text).fields,
                "user_code": flow["user_code"]}).text
        done = answer_device(server, browser, flow["user_code"], "accept")
        assert done.status_code == 200, done.text
        answer = client.acquire_token_by_device_flow(flow)
        assert reads_alerts(answer["access_token"]), answer
        account, = client.get_accounts()
        assert account["username"] == server.administrator["userPrincipalName"], account
        silent = client.acquire_token_silent([ALERTS], account, force_refresh=True)
        assert reads_alerts(silent["access_token"]), silent
        flow = client.initiate_device_flow(scopes=[ALERTS])
        answer_device(server, browser, flow["user_code"], "decline")
        answer = client.acquire_token_by_device_flow(flow)
        assert answer["error"] == "authorization_declined", answer

    name = f"ada@{server.administrator['userPrincipalName'].split('@')[1]}"
    person = graph.call("POST", "/users", 201, accountEnabled=True, displayName="Ada",
                        mailNickname="ada", userPrincipalName=name, passwordProfile={
                            "password": PASSWORD, "forceChangePasswordNextSignIn": False})
    reader = graph.call("GET", "/roleManagement/directory/roleDefinitions"
                               "?$filter=displayName eq 'Security Reader'", 200)["value"][0]["id"]
    graph.call("POST", "/roleManagement/directory/roleAssignments", 201,
               principalId=person["id"], roleDefinitionId=reader, directoryScopeId="/")

    def by_password(client_id, scope, password=PASSWORD):
        """Version 1, no resource, no secret."""
        answer = requests.post(f"{authority}/oauth2/token", data={
            "grant_type": "password", "client_id": client_id, "username": name,
            "password": password, "scope": scope})
        return answer.json()

    @check("an old script signs a person in by name and password where the server allows it")
    def _():
        answer = by_password(casbah.CASBAH_CLI, ALERTS)
        assert answer["resource"] == casbah.CLOUD_APP_SECURITY, answer
        assert reads_alerts(answer["access_token"]), answer
        wrong = by_password(casbah.CASBAH_CLI, ALERTS, "wrong guess")
        assert wrong["error"] == "invalid_grant" and 50126 in wrong["error_codes"], wrong

    @check("msal acts on behalf of a person as far as was consented")
    def _():
        middle, secret, _roles = graph.register("Middle", [])
        uri = f"api://{middle['appId']}"
        scope = {"id": str(uuid.uuid4()), "value": "use", "type": "User", "isEnabled": True,
                 "adminConsentDisplayName": "Use", "adminConsentDescription": "Use"}
        graph.call("PATCH", f"/applications/{middle['id']}", 204, identifierUris=[uri],
                   api={"oauth2PermissionScopes": [scope]})
        front, _secret, _roles = graph.register("Front", [])
        graph.call("PATCH", f"/applications/{front['id']}", 204, isFallbackPublicClient=True)
        ids = {app["appId"]: graph.principal(app["appId"])["id"] for app in (front, middle)}
        alerts = graph.principal(casbah.CLOUD_APP_SECURITY)["id"]

        def grant(client, resource, value):
            graph.call("POST", "/oauth2PermissionGrants", 201, clientId=ids[client],
                       consentType="AllPrincipals", resourceId=resource, scope=value)

        grant(front["appId"], ids[middle["appId"]], "use")
        token = by_password(front["appId"], f"{uri}/use")["access_token"]

        def on_behalf_of():
            # A refusal is remembered, so each attempt has a client of its own.
            return msal.ConfidentialClientApplication(
                middle["appId"], authority=authority, client_credential=secret,
                instance_discovery=False).acquire_token_on_behalf_of(token, [ALERTS])

        refused = on_behalf_of()
        assert refused["error"] == "invalid_grant" and 65001 in refused["error_codes"], refused
        assert refused["suberror"] == "consent_required", refused
        grant(middle["appId"], alerts, "investigation.read")
        answer = on_behalf_of()
        assert claims(answer["access_token"])["oid"] == person["id"], answer
        assert reads_alerts(answer["access_token"]), answer

    @check("a person who is switched off is nobody any more, also in tokens already issued")
    def _():
        answer = by_password(casbah.CASBAH_CLI, f"{server.url}//User.Read")
        headers = {"Authorization": f"Bearer {answer['access_token']}"}
        me = requests.get(f"{server.url}/v1.0/me", headers=headers)
        assert me.json()["userPrincipalName"] == name, me.text
        graph.call("PATCH", f"/users/{person['id']}", 204, accountEnabled=False)
        client = public(casbah.CASBAH_CLI)
        silent = client.acquire_token_by_refresh_token(answer["refresh_token"], [ALERTS])
        assert 50057 in silent["error_codes"], silent
        me = requests.get(f"{server.url}/v1.0/me", headers=headers)
        assert me.status_code == 401, me.text
