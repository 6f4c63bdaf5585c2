"""Requests as public programs send them, one by one, and what each reads of the answer:
Microsoft's PowerShell module (github.com/microsoft/MCAS), sample scripts, the Power
Platform connector, SOAR and SIEM integrations. Nothing of those programs is run here; each
check says whose request it is.

    mcas_clients.py target/debug/casbah
"""

import base64
import datetime
import json
import re
import sys
import tempfile
import time
import urllib.parse

import requests

import server as casbah
from real_clients import PASSED, Graph, check

ID = "5f06d71dba4289d0602ba5ac"
FORM = "application/x-www-form-urlencoded"
ENVELOPE = {"data": list, "hasNext": bool, "max": int, "total": int, "moreThanTotal": bool}
ALL_ROLES = ["investigation.read", "investigation.manage", "discovery.read",
             "discovery.manage", "settings.read", "settings.manage"]
# Of the two apps, the second has no score.
LOG = "".join("{0:.3f} 207 10.0.0.{1} TCP_TUNNEL/200 4047 CONNECT " + host + ":443 user{1} "
              "HIER_DIRECT/5.6.7.8 -\n" for host in ["www.dropbox.com", "www.netflix.com"])


def events(domain):
    """Sign-ins that fail often enough to be told, an administrator's work, a guest's."""
    begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=3)

    def event(number, operation, user, **more):
        time = begin + datetime.timedelta(seconds=5 * number)
        return {"Id": f"conformance-{number}", "CreationTime": time.strftime("%Y-%m-%dT%H:%M:%S"),
                "Operation": operation, "UserId": user, "UserKey": f"key of {user}",
                "UserType": 0, "ClientIP": "8.8.8.8", "Workload": "AzureActiveDirectory",
                "RecordType": 15, **more}

    key = "3fa9f28b-eb0e-463a-ba7b-8089fe9991e2"
    found = [event(n, "UserLoginFailed", f"ann@{domain}", UserKey=key,
                   LogonError="InvalidUserNameOrPassword") for n in range(60)]
    # Another session of another person, so that there is more than one alert.
    found += [event(100 + n, "UserLoginFailed", f"bob@{domain}",
                    LogonError="InvalidUserNameOrPassword") for n in range(60)]
    found += [event(200 + n, "FileDownloaded", f"zoe_fabrikam.example#EXT#@{domain}",
                    Workload="OneDrive", RecordType=6, UserType=10,
                    UserAgent="Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0",
                    ObjectId=f"https://contoso.example/plan {n}.docx") for n in range(150)]
    found += [event(400, "Update policy.", f"root@{domain}", UserType=2, RecordType=8)]
    return found


def typed(record, fields, what=""):
    """The record has these fields, of these types."""
    for name, kind in fields.items():
        assert name in record, (what, name, record)
        value = record[name]
        is_bool = isinstance(value, bool)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        assert isinstance(value, kinds) and (not is_bool or bool in kinds), (what, name, value)
    return record


def main(binary):
    with casbah.Server(binary) as server:
        graph = Graph(server)
        bearer = casbah.sign_in(server, casbah.CASBAH_CLI,
                                f"{server.url}/casbah/.default")["access_token"]
        made = casbah.command(server, "api-token", "create", "MCAS", CASBAH_TOKEN=bearer)
        domain = server.administrator["userPrincipalName"].split("@")[1]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("\n".join(map(json.dumps, events(domain))))
            file.flush()
            casbah.command(server, "ingest", "--source", "microsoft365", file.name,
                           CASBAH_TOKEN=bearer)
        Clients(server, graph, made["token"], f"ann@{domain}").play()
    print(f"{len(PASSED)} passed, 0 failed")


class Clients:
    def __init__(self, server, graph, token, ann):
        self.server, self.graph, self.token, self.ann = server, graph, token, ann

    def send(self, method, path, status=200, scheme="Token", headers=None, **options):
        headers = {"Authorization": f"{scheme} {self.token}", **(headers or {})}
        answer = requests.request(method, self.server.url + path, headers=headers,
                                  allow_redirects=False, **options)
        assert answer.status_code == status, (method, path, options, answer.status_code,
                                              answer.text)
        return answer

    def post(self, path, body=None, **options):
        return self.send("POST", path, json=body, **options).json()

    def page(self, path, body=None, **options):
        """A list, with the envelope that every client reads."""
        answer = typed(self.post(path, body, **options), ENVELOPE, path)
        limit = int((body or {}).get("limit") or 100)
        assert len(answer["data"]) <= limit, (path, body, len(answer["data"]))
        assert answer["data"] or not answer["hasNext"], (path, body)
        return answer

    def play(self):
        casbah.wait("no alerts are raised", lambda: self.page("/api/v1/alerts/")["total"] >= 2)
        self.powershell_lists()
        self.powershell_filters()
        self.powershell_changes()
        self.powershell_discovery()
        self.scripts()
        self.power_platform()
        self.integrations()
        self.strict_readers()
        self.spellings()
        self.refusals()

    def powershell_lists(self):
        @check("MCAS: the token has the shape that the module checks")
        def _():
            assert re.fullmatch(r"[0-9a-zA-Z=]{64,192}", self.token), self.token

        @check("MCAS: lists posted without a body, or with null, tell their `max`")
        def _():
            for path in ["/api/v1/alerts/", "/api/v1/files/", "/api/v1/activities/"]:
                for options in [{}, {"data": "null", "headers": {"Content-Type":
                                                                 "application/json"}}]:
                    answer = self.send("POST", path, **options).json()
                    assert answer["max"] == 100, answer

        @check("MCAS: all lists are posted, and walked by skip and limit without a record twice")
        def _():
            for path in ["/api/v1/alerts/", "/api/v1/activities/", "/api/v1/files/",
                         "/cas/api/v1/entities/", "/cas/api/v1/subnet/", "/cas/api/v1/policies/",
                         "/cas/api/v1/governance/", "/cas/api/v1/user_tags/"]:
                seen, skip, total = [], 0, None
                while True:
                    answer = self.page(path, {"skip": skip, "limit": 7})
                    seen += [record["_id"] for record in answer["data"]]
                    total = answer["total"]
                    skip += 7
                    if not answer["hasNext"]:
                        break
                assert len(seen) == len(set(seen)) == total, (path, len(seen), total)
            assert self.page("/api/v1/activities/")["total"] == 271

        @check("MCAS: one record of each list is fetched by its id, of the module's form")
        def _():
            for path, form in [("/api/v1/alerts/", "[A-Fa-f0-9]{24}"), ("/api/v1/activities/", ".+"),
                               ("/cas/api/v1/policies/", "[A-Fa-f0-9]{24}")]:
                first = self.page(path, {"limit": 1})["data"][0]
                assert re.fullmatch(form, first["_id"]), first["_id"]
                one = self.send("GET", f"{path}{first['_id']}/").json()
                assert one["_id"] == first["_id"]
            for path in ["/api/v1/files/", "/api/v1/governance/"]:
                self.send("GET", f"{path}{ID}/", 404)

    def powershell_filters(self):
        day = int(time.time() * 1000) - 86_400_000

        @check("MCAS: every filter that Get-MCASActivity builds")
        def _():
            for filters, found in [
                    ({"date": {"gte": day}}, 271), ({"date": {"lte": day}}, 0),
                    ({"date": {"gte_ndays": 2}}, 271),
                    ({"date": {"range": [{"start": day, "end": day + 86_400_000}]}}, 271),
                    ({"user.username": {"eq": self.ann}}, 60),
                    ({"user.username": {"startswith": ["ANN@", "root@"]}}, 61),
                    ({"user.tags": {"eq": ["000000200000000000000000"]}}, 150),
                    ({"user.tags": {"eq": [{"role": 1, "adv": True}]}}, 1),
                    ({"ip.address": {"startswith": "8.8.8."}}, 271),
                    ({"ip.address": {"doesnotstartwith": "8.8.8."}}, 0),
                    ({"ip.category": {"eq": [1, 2, 3]}}, 0),
                    ({"ip.category": {"neq": 1}}, 271),
                    ({"ip.tags": {"eq": "000000290000000000000000"}}, 0),
                    ({"ip.tags": {"neq": ["000000030000000000000000"]}}, 271),
                    ({"location.country": {"eq": ["US"]}}, 271),
                    ({"location.country": {"isset": True}}, 271),
                    ({"location.country": {"isnotset": True}}, 0),
                    ({"device.type": {"eq": ["DESKTOP", "MOBILE", None]}}, 150),
                    ({"userAgent.userAgent": {"contains": ["chrome/120"]}}, 150),
                    ({"userAgent.userAgent": {"ncontains": "chrome"}}, 121),
                    ({"userAgent.tags": {"neq": ["000000010000000000000000"]}}, 271),
                    ({"activity.eventType": {"eq": ["EVENT_CATEGORY_FAILED_LOGIN"]}}, 120),
                    ({"activity.eventActionType": {"neq": "EVENT_CATEGORY_FAILED_LOGIN"}}, 151),
                    ({"activity.actionType": {"eq": "11161:EVENT_AAD_LOGIN:x"}}, 0),
                    ({"activity.type": {"eq": True}}, 1),
                    ({"activity.impersonated": {"eq": True}}, 0),
                    ({"fileSelector": {"eq": ID}}, 0), ({"fileLabels": {"eq": [ID]}}, 0),
                    ({"policy": {"eq": ID}}, 0), ({"service": {"eq": [15600]}}, 150),
                    ({"service": {"neq": 15600}}, 121), ({"source": {"eq": [2]}}, 271),
                    ({"text": {"text": "plan 7"}}, 11)]:
                answer = self.page("/api/v1/activities/", {"filters": filters, "limit": 1})
                assert answer["total"] == found, (filters, answer["total"])

        @check("MCAS: every filter that Get-MCASAlert builds")
        def _():
            alert = self.page("/api/v1/alerts/", {"limit": 1})["data"][0]
            of = {entity["type"]: entity["id"] for entity in alert["entities"]}
            for filters, found in [
                    ({"entity.policy": {"eq": alert["policy"]["id"]}}, 2),
                    ({"entity.service": {"eq": [of["service"]]}}, 2),
                    ({"entity.user": {"eq": of["user"]}}, 1),
                    ({"id": {"eq": alert["_id"]}}, 1), ({"id": {"neq": [alert["_id"]]}}, 1),
                    ({"read": {"eq": False}}, 2), ({"read": {"eq": "True"}}, 0),
                    ({"resolutionStatus": {"eq": [0]}}, 2), ({"risk": {"eq": [9]}}, 0),
                    ({"severity": {"eq": [0, 1, 2, 3]}}, 2), ({"source": {"eq": "0"}}, 2),
                    ({"source": {"eq": ["builtin"]}}, 2), ({"alertOpen": {"eq": ["true"]}}, 2)]:
                answer = self.page("/api/v1/alerts/", {"filters": filters})
                assert answer["total"] == found, (filters, answer["total"])

        @check("MCAS: every filter that Get-MCASFile builds")
        def _():
            for filters in [
                    {"collaborators.users": {"eq": ["a@b.example"]}},
                    {"collaborators.withDomain": {"eq": "b.example"}},
                    {"extension": {"eq": "docx"}}, {"fileLabels": {"eq": ID}},
                    {"fileType": {"eq": [1]}}, {"filename": {"eq": "plan.docx"}},
                    {"filename": {"text": "plan"}}, {"folder": {"eq": True}},
                    {"mimeType": {"eq": "text/plain"}}, {"modifiedDate": {"gte": 1, "lte": 2}},
                    {"owner.username": {"eq": "a@b.example"}},
                    {"policy": {"cabinetmatchedrulesequals": [ID]}},
                    {"quarantined": {"eq": False}}, {"service": {"eq": [15600]}},
                    {"sharing": {"eq": [3, 4]}}, {"trashed": {"eq": True}}]:
                assert self.page("/api/v1/files/", {"filters": filters})["total"] == 0

        @check("MCAS: every filter that Get-MCASAccount builds, `affiliation` being refused")
        def _():
            for filters, found in [
                    ({"domain": {"eq": ["fabrikam.example"]}}, 1),
                    ({"entity": {"eq": [{"id": self.ann, "saas": 11161,
                                         "inst": 0}]}}, 2),
                    ({"isAdmin": {"eq": True}}, 1), ({"service": {"eq": 20893}}, 0),
                    ({"type": {"eq": "user"}}, 4), ({"type": {"eq": [1]}}, 1)]:
                answer = self.page("/cas/api/v1/entities/", {"filters": filters})
                assert answer["total"] == found, (filters, answer["total"])
            body = {"filters": {"affiliation": {"eq": "external"}}}
            self.post("/cas/api/v1/entities/", body, status=400)

    def powershell_changes(self):
        @check("MCAS: an alert is marked, dismissed and reopened by id, and in bulk of 100 ids")
        def _():
            ids = [alert["_id"] for alert in self.page("/api/v1/alerts/")["data"]]
            one = f"/api/v1/alerts/{ids[0]}"
            assert self.send("POST", f"{one}/read/").json()["statusValue"] == 1
            assert self.send("POST", f"{one}/unread/").json()["statusValue"] == 0
            assert self.send("POST", f"{one}/dismiss/").json() == {"dismissed": 1}
            unknown = [f"{number:024x}" for number in range(98)]
            bulk = {"filters": {"id": {"eq": ids + unknown}}, "comment": "bulk"}
            answer = self.post("/api/v1/alerts/dismiss_bulk/", bulk)
            assert answer["dismissed"] == 1, answer
            assert answer["alertsNotFound"] == [ids[0], *unknown], answer
            assert self.post("/api/v1/alerts/reopen/", bulk)["reopened"] == 2
            assert self.post("/api/v1/alerts/resolve/", bulk)["resolved"] == 2
            assert self.post("/api/v1/alerts/reopen/", bulk)["reopened"] == 2

        @check("MCAS: an IP range is made, listed and deleted")
        def _():
            rule = {"name": "Office", "category": 1, "subnets": ["192.0.2.0/24"],
                    "organization": "Contoso", "tags": ["Branch"]}
            made = self.post("/cas/api/v1/subnet/create_rule/", rule)
            assert re.fullmatch("[A-Fa-f0-9]{24}", made), made
            listed = self.page("/cas/api/v1/subnet/", {"skip": 0, "limit": 100})["data"]
            record = next(one for one in listed if one["_id"] == made)
            typed(record, {"name": str, "subnets": list, "location": type(None), "tags": list,
                           "organization": str, "category": int, "lastModified": float,
                           "_tid": int})
            typed(record["subnets"][0], {"mask": int, "address": str, "originalString": str})
            assert record["subnets"][0]["mask"] == 24 + 96
            self.send("DELETE", f"/api/v1/subnet/{made}/")

    def powershell_discovery(self):
        @check("MCAS: block scripts of all seven appliances, older path and newer")
        def _():
            for number in [102, 104, 108, 112, 120, 129, 135]:
                self.send("GET", f"/api/discovery_block_scripts/?format={number}")
                self.send("GET", f"/api/discovery/discovery_block_scripts/?format={number}"
                                 "&type=allowed")

        @check("MCAS and Upload-DiscoveryLogs: a log is put whole, chunked, as a snapshot")
        def _():
            for number, (source, snapshot, chunked) in enumerate([
                    ("SQUID_NATIVE", True, False), ("SQUID_NATIVE", False, True)]):
                path = f"/cas/api/v1/discovery/upload_url/?filename=log{number}.txt&source={source}"
                link = self.send("GET", path).json()
                assert link["provider"] == "azure"
                log = LOG.format(time.time() - 3600, number).encode()
                headers = {} if chunked else {"x-ms-blob-type": "BlockBlob"}
                body = iter([log]) if chunked else log
                put = requests.put(link["url"], data=body, headers=headers)
                assert put.status_code == 201, put.text
                done = {"uploadUrl": link["url"], "inputStreamName": f"Proxy {number}"}
                if snapshot:
                    done["uploadAsSnapshot"] = True
                answer = self.post("/cas/api/v1/discovery/done_upload/", done)
                assert answer["success"] is True and answer["inputStreamId"], answer
            casbah.wait("the logs are not read", lambda: [True, True] == [
                task["status"]["isSuccess"] for task in self.page("/cas/api/v1/governance/")["data"]])

        @check("MCAS: streams, with the fields that the scripts read")
        def _():
            for path in ["/api/discovery/streams/", "/api/v1/discovery/streams/"]:
                streams = self.send("GET", path).json()["streams"]
                assert "Global View" in [stream["displayName"] for stream in streams]
                for stream in streams:
                    typed(stream, {"_id": str, "displayName": str, "streamType": int,
                                   "logFilesHistoryCount": int, "lastDataReceived": (str,
                                                                                     type(None))})

        @check("MCAS, Prism and others: discovered apps, timeframe at the top or in the filters")
        def _():
            streams = self.send("GET", "/api/discovery/streams/").json()["streams"]
            stream = next(one["_id"] for one in streams if one["displayName"] == "Global View")
            path = "/cas/api/v1/discovery/discovered_apps/"
            for body in [
                    {"skip": 0, "limit": 100, "timeframe": 90, "streamId": stream},
                    {"timeFrame": "30", "streamId": stream, "performAsyncTotal": True},
                    {"filters": {"timeframe": "30", "streamId": stream},
                     "sortField": "trafficTotalBytes"},
                    {"timeframe": 7, "streamId": stream,
                     "filters": {"users": {"gt": 0, "lt": 9}, "score": {"eq": [1, 10]}}},
                    {"timeframe": "30", "streamId": stream,
                     "filters": {"user.entity": {"eq": "nobody"}, "score": {"eq": [1, 5]}}}]:
                for app in self.page(path, body)["data"]:
                    typed(app, {"name": str, "appId": int, "trafficTotalBytes": int,
                                "usersCount": int, "ipAddressesCount": int, "category": str})
            # Apps that have no score are left out only where scores are asked for.
            report = {"timeframe": 90, "streamId": stream, "filters": {"users": {"gt": 0, "lt": 9}}}
            for scores, count in [({}, 2), ({"eq": [0, 10]}, 2), ({"eq": [1, 10]}, 1)]:
                report["filters"]["score"] = scores
                found = self.page(path, report)
                assert found["total"] == count, (scores, found)
            totals = self.post(f"{path}categories/", {"streamId": stream})
            assert isinstance(totals, list), totals

        @check("MCAS: what the module lists besides, empty where Casbah has nothing")
        def _():
            for path in ["/cas/api/v1/discovery/data_sources/", "/cas/api/v1/app_permissions/",
                         "/cas/api/v1/discovery/log_collectors/", "/cas/api/reports/"]:
                typed(self.send("GET", path).json(), ENVELOPE)
            tags = self.send("GET", "/cas/api/tags/?enabledOnly=true&sort=name&target=ip").json()
            for tag in tags["data"]:
                typed(tag, {"_id": str, "id": str, "name": str, "target": int})
            filters = {"filters": {"appId": {"eq": 11161}, "status": {"eq": [False, None]},
                                   "type": {"eq": "x"}}}
            assert self.page("/cas/api/v1/governance/", filters)["total"] == 0
            done = {"filters": {"status": {"eq": [True]}}, "sortField": "timestamp",
                    "sortDirection": "desc"}
            assert self.page("/api/v1/governance/", done)["total"] == 2
            # Neither the tags of discovered apps by this path nor the first catalog's form.
            self.send("POST", "/cas/api/v1/discovery/discovered_apps/tags/", 404)
            self.send("GET", "/cas/api/v1/saasdb/", 404)

    def scripts(self):
        @check("Upload-DiscoveryLogs: a v1 token for the API's id, sent as Bearer")
        def _():
            app, secret, roles = self.graph.register("Script", ALL_ROLES)
            self.graph.principal(app["appId"])
            self.graph.consent(app, roles)
            answer = requests.post(f"{self.server.url}/{self.server.tenant}/oauth2/token", data={
                "client_id": app["appId"], "client_secret": secret,
                "grant_type": "client_credentials", "resource": casbah.CLOUD_APP_SECURITY})
            bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            url = f"{self.server.url}/api/discovery_block_scripts/?format=120&type=banned"
            assert requests.get(url, headers=bearer).status_code == 200
            # An application never, with all six roles neither.
            assert requests.get(f"{self.server.url}/api/v1/files/",
                                headers=bearer).status_code == 403

        @check("Sync_Named_Locations: JSON under a form's type, numbers as text, a key twice")
        def _():
            form = {"Content-Type": FORM}
            rule = {"name": "Named", "category": "1", "subnets": ["198.51.100.0/24"]}
            made = self.send("POST", "/api/v1/subnet/create_rule/", data=json.dumps(rule),
                             headers=form).json()
            asked = '{"skip":"0","limit":"100","filters":{"category":{"eq":[1,4]}}}'
            listed = self.send("POST", "/api/v1/subnet/", data=asked, headers=form).json()
            assert made in [one["_id"] for one in listed["data"]], listed
            update = ('{"name":"Named","category":"1","subnets":["198.51.100.0/25"],'
                      '"tags":["first"],"tags":["second"]}')
            answer = self.send("POST", f"/api/v1/subnet/{made}/update_rule/", data=update,
                               headers=form).json()
            assert [tag["name"] for tag in answer["tags"]] == ["second"], answer
            assert self.send("POST", "/api/v1/subnet/").json()["total"] == 1
            self.send("DELETE", f"/api/v1/subnet/{made}/")

        @check("scripts: filters as a form field, isScan as True, a time as text")
        def _():
            body = {"filters": json.dumps({"date": {"gte_ndays": 2}}), "isScan": "True"}
            answer = self.send("POST", "/api/v1/activities/", data=body).json()
            assert len(answer["data"]) == 271 and "nextQueryFilters" not in answer
            body = '{"filters":{"created":{"gte":"%d"}}}' % (time.time() * 1000 - 3_600_000)
            answer = self.send("POST", "/api/v1/activities/", data=body,
                               headers={"Content-Type": FORM}).json()
            assert answer["total"] == 271

    def power_platform(self):
        @check("Power Platform: alerts with the connector's own keys, activities of an entity")
        def _():
            body = {"skip": 0, "limit": 10, "filters": {"resolutionStatus": {"eq": 0}},
                    "sortField": "date", "sortDirection": "desc",
                    "projectedMSFlowFields": ["_id"]}
            assert self.page("/cas/api/v1/alerts/", body)["total"] == 2
            entity = [{"id": self.ann, "saas": 11161, "inst": 0}]
            body = {"filters": {"entity": {"eq": entity}}}
            assert self.page("/cas/api/v1/activities/", body)["total"] == 60

        @check("Power Platform: a policy is fetched by POST, disabled and enabled")
        def _():
            policy = self.page("/cas/api/v1/policies/")["data"][0]["_id"]
            for action, enabled in [("", True), ("disable/", False), ("enable/", True)]:
                answer = self.post(f"/cas/api/v1/policies/{policy}/{action}")
                typed(answer, {"name": str, "description": str, "policyType": str,
                               "alertDailyLimit": type(None),
                               "lastModified": (int, type(None))})
                assert answer["enabled"] is enabled, answer

        @check("Power Platform: an app is sanctioned and banned; flows are not there")
        def _():
            for action in ["set_sanctioned", "set_banned"]:
                self.post(f"/cas/api/v1/discovery/discovery_app/11627/{action}/")
            script = self.send("GET", "/api/discovery_block_scripts/?format=120&type=banned")
            assert ".dropbox.com" in script.text.splitlines(), script.text
            self.send("DELETE", f"/cas/api/v1/ms_flow/{ID}/", 404)
            self.send("POST", "/cas/api/v1/ms_flow/", 405)

    def integrations(self):
        @check("SOAR: lists by GET with a JSON body, with a space after the token")
        def _():
            for path in ["/api/v1/alerts", "/cas/api/v1/alerts/"]:
                body = {"filters": {"alertOpen": {"eq": "True"}, "severity": {"eq": ["0", 1, 2]},
                                    "date": {"gte": 1}}, "limit": "2", "skip": "0",
                        "sortField": "date", "sortDirection": "asc", "service": None}
                answer = self.send("GET", path, json=body, scheme="token",
                                   headers={"Authorization": f"token {self.token} "}).json()
                assert answer["total"] == 2, answer
                times = [alert["timestamp"] for alert in answer["data"]]
                assert times == sorted(times)

        @check("SOAR: alerts are closed in all three ways, with what clients send for a reason")
        def _():
            ids = [alert["_id"] for alert in self.page("/api/v1/alerts/")["data"]]
            for kind, reasons in [("benign", [{"reasonId": 6}, {"reasonID": "2"}, {"reason": ""}]),
                                  ("false_positive", [{"reasonId": None}, {"reasonId": ""},
                                                      {"reasonId": "0"}]),
                                  ("true_positive", [{}, {"reasonId": None}])]:
                for reason in reasons:
                    body = {"filters": {"id": {"eq": ids[:1] + [ID]}}, "comment": "seen",
                            "sendFeedback": "false", "feetbackText": "x", "feedbackText": None,
                            "allowContact": False, "contactEmail": None, **reason}
                    answer = self.post(f"/api/v1/alerts/close_{kind}/", body)
                    assert answer == {f"closed_{kind}": 1, "alertsNotFound": [ID]}, answer
                    closed = self.send("GET", f"/api/v1/alerts/{ids[0]}/").json()
                    typed(closed, {"handledByUser": str, "comment": str, "resolveTime": str})
                    again = {"filters": {"id": {"eq": ids[:1]}}}
                    assert self.post("/api/v1/alerts/reopen/", again) == {"reopened": 1}
            self.post("/cas/api/v1/alerts/resolve/", {"filters": {"id": {"eq": ids[:1]}}})
            self.post("/api/v1/alerts/reopen/", {"filters": {"id": {"eq": ids[:1]}}})

        @check("SOAR: what is read of alerts, activities and entities")
        def _():
            optional = (str, type(None))
            for alert in self.page("/api/v1/alerts/")["data"]:
                typed(alert, {
                    "_id": str, "timestamp": int, "title": str, "description": str,
                    "statusValue": int, "severityValue": int, "resolutionStatusValue": int,
                    "stories": list, "URL": str, "isSystemAlert": bool, "policy": dict,
                    "contextId": str, "threatScore": int, "idValue": int,
                    "handledByUser": optional, "comment": optional, "resolveTime": optional,
                    "evidence": list, "intent": list, "isPreview": bool})
                for entity in alert["entities"]:
                    typed(entity, {"type": str, "id": (str, int), "label": str})
            for record in self.page("/api/v1/activities/")["data"]:
                typed(record, {
                    "_id": str, "timestamp": int, "created": int, "device": dict,
                    "location": dict, "user": dict, "userAgent": dict, "entityData": dict,
                    "severity": str, "appName": str, "appId": int, "saasId": int,
                    "eventTypeName": str, "eventTypeValue": str, "actionType": str,
                    "description": str})
                assert record["device"]["clientIP"] == "8.8.8.8"
                assert record["location"]["countryCode"] == "US"
            for entity in self.page("/api/v1/entities/")["data"]:
                typed(entity, {
                    "_id": str, "id": str, "displayName": str, "email": optional, "type": int,
                    "status": int, "isAdmin": bool, "isExternal": bool, "lastSeen": str,
                    "threatScore": (int, type(None)), "threatScoreHistory": list,
                    "userGroups": list, "username": str, "ii": str})
                assert re.fullmatch(r"\d+\|\d+\|.+", entity["ii"]), entity["ii"]

        @check("STAT: entities with a score, one by base64 without a last slash")
        def _():
            body = {"limit": 10, "filters": {"score": {"isset": True}}, "sortField": "score",
                    "performAsyncTotal": True}
            self.page("/api/v1/entities/", body)
            key = {"id": "3fa9f28b-eb0e-463a-ba7b-8089fe9991e2", "inst": 0, "saas": 11161}
            pk = base64.b64encode(json.dumps(key).encode()).decode()
            answer = self.send("GET", f"/api/v1/entities/{urllib.parse.quote(pk)}").json()
            assert "threatScore" in answer and answer["threatScoreHistory"] == [], answer

        @check("QRadar and the event collector: a walk by nextQueryFilters to its end")
        def _():
            for direction in ["asc", "desc"]:
                filters, seen = {"date": {"range": [{"start": 1.0, "end": 9e12}]}}, []
                while True:
                    answer = self.post("/api/v1/activities/", {
                        "filters": filters, "isScan": True, "limit": 50,
                        "sortDirection": direction})
                    seen += [record["_id"] for record in answer["data"]]
                    if not answer["hasNext"]:
                        assert "nextQueryFilters" not in answer
                        break
                    assert answer["data"], "more is promised"
                    filters = answer["nextQueryFilters"]
                    assert isinstance(filters["date"]["range"][0]["start"], (int, float))
                assert len(seen) == len(set(seen)) == 271, (direction, len(seen))

        @check("Compass: the catalog by a filter in the address, tags of apps")
        def _():
            filters = urllib.parse.quote(json.dumps({"name": {"contains": "dropbox"}}))
            path = f"/cas/api/v1/discovery/app_catalog/?filters={filters}&limit=10"
            for app in typed(self.send("GET", path).json(), ENVELOPE)["data"]:
                typed(app, {"appId": int, "name": str, "domain": (str, type(None))})
            for tag in self.post("/cas/api/v1/discovery/app_tags/"):
                typed(tag, {"name": str, "target": int, "id": str, "appIds": list})
            self.send("POST", "/cas/api/v1/discovery/upload_url/?filename=a&source=SQUID", 405)

        @check("older SOAR scripts: completions, which Casbah has none of")
        def _():
            found = self.send("GET", "/cas/api/v1/autocomplete/entities/?search=ann").json()
            assert typed(found, ENVELOPE)["data"] == [], found

    def strict_readers(self):
        @check("agent-sentinel: lists by GET in the address, each number in its range")
        def _():
            seen, skip = set(), 0
            while True:
                query = {"filters": json.dumps({"alertOpen": {"eq": True}}), "limit": 1,
                         "skip": skip, "sortField": "date", "sortDirection": "desc"}
                answer = self.send("GET", "/api/v1/alerts/", params=query,
                                   headers={"Content-Type": FORM}).json()
                typed(answer, ENVELOPE)
                assert len(answer["data"]) <= 1
                for alert in answer["data"]:
                    assert alert["_id"] not in seen
                    seen.add(alert["_id"])
                    assert alert["severityValue"] in range(4)
                    assert alert["statusValue"] in range(3)
                    assert alert["resolutionStatusValue"] in range(6)
                    assert set(alert["stories"]) <= {0, 1, 2, 3, 4, 5, 7, 8}
                    assert set(alert["intent"]) <= set(range(14))
                    assert all("type" in entity for entity in alert["entities"])
                    assert isinstance(alert["timestamp"], int)
                skip += 1
                if not answer["hasNext"]:
                    break
            assert len(seen) == 2, seen

    def spellings(self):
        @check("all four prefixes, with and without the last slash, by GET and POST, no redirect")
        def _():
            for prefix in ["/api/v1", "/cas/api/v1", "/api", "/cas/api"]:
                for name in ["alerts", "activities", "entities", "subnet", "files", "policies"]:
                    for ending in ["", "/"]:
                        for method in ["GET", "POST"]:
                            answer = self.send(method, f"{prefix}/{name}{ending}").json()
                            typed(answer, ENVELOPE, f"{method} {prefix}/{name}{ending}")

        @check("parameters in the address, as JSON, as a form, as multipart, under any type")
        def _():
            filters, path = {"user.username": {"eq": self.ann}}, "/cas/api/v1/activities/"
            text = json.dumps(filters)
            for options in [
                    {"method": "GET", "params": {"filters": text, "limit": "5"}},
                    {"method": "GET", "json": {"filters": filters, "limit": 5}},
                    {"method": "POST", "json": {"filters": filters, "limit": "5"}},
                    {"method": "POST", "data": {"filters": text, "limit": 5}},
                    {"method": "POST", "files": {"filters": (None, text), "limit": (None, "5")}},
                    {"method": "POST", "data": json.dumps({"filters": filters, "limit": 5}),
                     "headers": {"Content-Type": FORM}},
                    {"method": "POST", "json": {"filters": text, "limit": 5}}]:
                answer = self.send(path=path, **options).json()
                assert (answer["total"], len(answer["data"])) == (60, 5), (options, answer["total"])
            for value in [True, "true", "True", ["true"]]:
                body = {"filters": {"alertOpen": {"eq": value}}}
                assert self.page("/api/v1/alerts/", body)["total"] == 2, value

        @check("Netskope and others: a log wrapped as multipart, done_upload as a form")
        def _():
            path = "/api/v1/discovery/upload_url/?filename=n.log&source=SQUID_NATIVE"
            link = self.send("GET", path).json()["url"]
            put = requests.put(link, files={"file": ("n.log", LOG.format(9, 9))})
            assert put.status_code == 201, put.text
            done = {"uploadUrl": link, "inputStreamName": "Netskope"}
            answer = self.send("POST", "/api/v1/discovery/done_upload/", data=done).json()
            assert answer["success"] is True, answer

        @check("the users of a discovered app, as the discovery clients ask for them")
        def _():
            streams = self.send("GET", "/api/discovery/streams/").json()["streams"]
            stream = next(one["_id"] for one in streams if one["displayName"] == "Global View")
            body = {"appId": 11627, "streamId": stream, "timeframe": "90", "limit": 10, "skip": 0,
                    "sortField": "lastSeen", "sortDirection": "desc"}
            typed(self.post("/cas/api/v1/discovery/app_users/", body), ENVELOPE)

        @check("feedback on an activity is answered as a list, its value as text")
        def _():
            first = self.page("/api/v1/activities/", {"limit": 1})["data"][0]["_id"]
            body = {"feedbackValue": "0", "feedbackText": "a test", "allowContact": False,
                    "contactEmail": None}
            answer = typed(self.post(f"/api/v1/activities/{first}/feedback", body), ENVELOPE)
            assert answer["data"][0] == body, answer

    def refusals(self):
        @check("refusals say what clients look for")
        def _():
            for token in ["x", self.token[1:]]:
                answer = requests.get(f"{self.server.url}/api/v1/alerts/",
                                      headers={"Authorization": f"Token {token}"})
                assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token"})
            body = {"filters": {"lastSeen": {"gte": 1}}}
            answer = self.post("/api/v1/entities/", body, status=400)
            assert answer["detail"] == ("filter validation error: No filter name 'lastSeen' found "
                                        "in metadata entities"), answer
            answer = self.post("/api/v1/alerts/close_benign/", {}, status=400)
            code = answer["filters"][0]["errorMessageCode"]
            assert code == "CONSOLE_FORMS_FIELD_REQUIRED", answer
            body = {"filters": {"id": {"eq": ["<alert_id>"]}}}
            answer = self.post("/api/v1/alerts/", body, status=400)
            assert answer["errors"][0]["error"] == "<alert_id> is not valid", answer


if __name__ == "__main__":
    main(sys.argv[1])
