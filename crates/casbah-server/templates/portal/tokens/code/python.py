import os

import msal
import requests

app = msal.ConfidentialClientApplication(
    "{{ client }}",
    authority="{{ origin }}/{{ tenant }}",
    client_credential=os.environ["CASBAH_CLIENT_SECRET"],
    # Otherwise the library asks Microsoft about this server.
    instance_discovery=False,
)
answer = app.acquire_token_for_client(["{{ scope }}"])
if "access_token" not in answer:
    raise SystemExit(answer["error_description"])

alerts = requests.get(
    "{{ origin }}/api/v1/alerts/",
    headers={"Authorization": "Bearer " + answer["access_token"]},
    timeout=30,
)
alerts.raise_for_status()
print(alerts.text)
