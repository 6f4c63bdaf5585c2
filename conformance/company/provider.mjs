// A company's provider: npm oidc-provider over TLS, with its own pages for sign-in. Whoever types
// a name is that person; the address is verified unless the name begins with "new-". It answers
// on the port that COMPANY_TEST says and prints a line once it does.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const told = JSON.parse(process.env.COMPANY_TEST);
const pair = told.algorithm.startsWith("ES")
  ? generateKeyPairSync("ec", { namedCurve: told.algorithm === "ES384" ? "P-384" : "P-256" })
  : generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = pair.privateKey.export({ format: "jwk" });

const provider = new Provider(told.issuer, {
  jwks: { keys: [{ ...jwk, use: "sig", alg: told.algorithm, kid: "company" }] },
  clients: [{
    client_id: told.clientId, client_secret: told.clientSecret,
    redirect_uris: [told.redirectUri], response_types: ["code"],
    grant_types: ["authorization_code"], token_endpoint_auth_method: told.method,
    id_token_signed_response_alg: told.algorithm,
  }],
  clientAuthMethods: [told.method],
  enabledJWA: { idTokenSigningAlgValues: [told.algorithm] },
  // By the standard, claims of scopes are in UserInfo where there is an access token, too.
  conformIdTokenClaims: told.claimsInUserInfo,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  cookies: { keys: ["of the conformance test alone"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, name: `The ${id}`, email: `${id}@${told.domain}`,
      email_verified: !id.startsWith("new-"),
    }),
  }),
});
provider.proxy = false;
const options = { cert: readFileSync(told.certificate), key: readFileSync(told.key) };
createServer(options, provider.callback()).listen(told.port, "127.0.0.1", () => {
  console.log("ready");
});
