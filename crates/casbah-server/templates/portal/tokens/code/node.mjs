import { ConfidentialClientApplication } from "@azure/msal-node";

const client = new ConfidentialClientApplication({
  auth: {
    clientId: "{{ client }}",
    clientSecret: process.env.CASBAH_CLIENT_SECRET,
    authority: "{{ origin }}/{{ tenant }}",
    // With its port; otherwise the library asks Microsoft about this server.
    knownAuthorities: ["{{ host }}"],
  },
});
const { accessToken } = await client.acquireTokenByClientCredential({
  scopes: ["{{ scope }}"],
});

const answer = await fetch("{{ origin }}/api/v1/alerts/", {
  headers: { Authorization: `Bearer ${accessToken}` },
});
if (!answer.ok) {
  throw new Error(`${answer.status}: ${await answer.text()}`);
}
console.log(JSON.stringify(await answer.json(), null, 2));
