// @azure/msal-node and @azure/identity against a running server, which node_clients.py starts:
// the right answer, and what they make of the commonest mistakes.
import assert from "node:assert/strict";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { ClientCertificateCredential, ClientSecretCredential } from "@azure/identity";

const { url, tenant, appId, secret, certificate, resource, roles } = JSON.parse(process.env.CASBAH_TEST);
const scope = `${resource}/.default`;
const UNKNOWN = "00000000-1111-2222-3333-444444444444";
let passed = 0;

async function check(what, test) {
  await test();
  passed += 1;
  console.log(`ok   ${what}`);
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

function msal(changes = {}) {
  const auth = {
    clientId: appId, clientSecret: secret, authority: `${url}/${tenant}`,
    // The port belongs in it; without it the client asks Microsoft who we are.
    knownAuthorities: [new URL(url).host], ...changes,
  };
  return new ConfidentialClientApplication({ auth });
}

const identity = (id = appId, value = secret) => new ClientSecretCredential(tenant, id, value, {
  authorityHost: url, disableInstanceDiscovery: true,
});

const failure = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("no error");
};

await check("msal-node gets a token and finds it in its cache again", async () => {
  const client = msal();
  const first = await client.acquireTokenByClientCredential({ scopes: [scope] });
  assert.deepEqual(claimsOf(first.accessToken).roles.sort(), roles.sort());
  assert.equal(first.fromCache, false);
  const second = await client.acquireTokenByClientCredential({ scopes: [scope] });
  assert.equal(second.fromCache, true);
  assert.equal(second.accessToken, first.accessToken);
});

for (const [what, client, scopes, error, code] of [
  ["a wrong secret", () => msal({ clientSecret: "wrong" }), [scope], "invalid_client", 7000215],
  ["an unknown application", () => msal({ clientId: UNKNOWN }), [scope], "unauthorized_client", 700016],
  ["a scope without .default", () => msal(), [`${resource}/x`], "invalid_scope", 1002012],
]) {
  await check(`msal-node maps ${what} to its usual error`, async () => {
    const told = await failure(client().acquireTokenByClientCredential({ scopes }));
    assert.equal(told.name, "ServerError");
    assert.equal(told.errorCode, error);
    assert.match(told.errorMessage, new RegExp(`AADSTS${code}:`));
    assert.ok(told.correlationId);
  });
}

await check("@azure/identity gets a token", async () => {
  const answer = await identity().getToken(scope);
  assert.equal(claimsOf(answer.token).appid, appId);
  assert.ok(answer.expiresOnTimestamp > Date.now() + 3_000_000);
});

for (const [what, credential, asked, code] of [
  ["a wrong secret", () => identity(appId, "wrong"), scope, 7000215],
  ["an unknown application", () => identity(UNKNOWN), scope, 700016],
  ["a scope without .default", () => identity(), `${resource}/x`, 1002012],
]) {
  await check(`@azure/identity maps ${what} to its usual error`, async () => {
    const told = await failure(credential().getToken(asked));
    // What it makes of every refusal of a token endpoint.
    assert.equal(told.name, "AuthenticationRequiredError");
    assert.match(told.message, new RegExp(`AADSTS${code}:`));
  });
}

await check("msal-node proves itself with a certificate", async () => {
  const { thumbprintSha256, privateKey, x5c } = certificate;
  const client = msal({
    clientSecret: undefined, clientCertificate: { thumbprintSha256, privateKey, x5c },
  });
  const answer = await client.acquireTokenByClientCredential({ scopes: [scope] });
  assert.equal(claimsOf(answer.accessToken).appidacr, "2");
});
await check("@azure/identity proves itself with a certificate", async () => {
  const credential = new ClientCertificateCredential(tenant, appId, {
    certificate: certificate.privateKey + certificate.x5c,
  }, { authorityHost: url, disableInstanceDiscovery: true });
  const answer = await credential.getToken(scope);
  assert.equal(claimsOf(answer.token).appidacr, "2");
});

console.log(`${passed} passed, 0 failed`);
