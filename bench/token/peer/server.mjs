// A server of npm oidc-provider that issues RS256 JWTs for client credentials over TLS: the
// peer that token issue is compared with. Prints its URL once it answers.
//
//   node server.mjs CERTIFICATE KEY
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const RESOURCE = "urn:casbah:bench";
const [certificate, key] = process.argv.slice(2);
const jwk = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
server.listen(0, "127.0.0.1", () => {
  const url = `https://localhost:${server.address().port}`;
  const provider = new Provider(url, {
    jwks: { keys: [{ ...jwk, use: "sig", alg: "RS256", kid: "bench" }] },
    clients: [{
      client_id: "bench", client_secret: "a-secret-of-the-bench-alone", redirect_uris: [],
      response_types: [], grant_types: ["client_credentials"],
      token_endpoint_auth_method: "client_secret_post",
    }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        getResourceServerInfo: () => ({
          scope: "read", audience: RESOURCE, accessTokenFormat: "jwt", accessTokenTTL: 3599,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  server.on("request", provider.callback());
  console.log(url);
});
