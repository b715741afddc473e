// An issuer of access tokens that others wrote, for a server that takes tokens from one: it listens on loopback, gives one
// token (a JWT) by client credentials, and prints one line of JSON: the issuer's address, its keys' address, the token, and
// the client that it gave it to. It goes on until it is stopped, as the server asks it for its keys.
// Usage: issuer.mjs RESOURCE [ROLE [COMPANY,COMPANY]] (see scripts/issuer). RESOURCE is what the token is for, as in
// http://127.0.0.1:8000/mcp. ISSUER_PORT, TOKEN_SECONDS and TOKEN_SCOPE change the port, the token's life, and its scope.
// More tokens for any resource: POST /token with grant_type=client_credentials, resource and scope, as that client.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { argv, env } from "node:process";
import Provider from "oidc-provider";

const [resource, role = "owner", companies] = argv.slice(2);
if (!resource) {
  console.error("which resource are the tokens for?");
  process.exit(2);
}
const scope = env.TOKEN_SCOPE ?? "spectora:read";
const secret = randomBytes(24).toString("base64url");
const keys = [
  ["RS256", "rsa", { modulusLength: 2048 }],
  ["ES256", "ec", { namedCurve: "P-256" }],
].map(([alg, type, options]) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
  kid: `${alg}-1`,
  use: "sig",
  alg,
}));

const server = createServer();
await new Promise((resolve) => server.listen(Number(env.ISSUER_PORT ?? 0), "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

// It warns about what only concerns an issuer that is not for tests.
console.warn = () => {};
console.info = () => {};
const provider = new Provider(issuer, {
  jwks: { keys },
  scopes: ["openid", "offline_access", "spectora:read"],
  clients: [
    {
      client_id: "outside",
      client_secret: secret,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, indicator) => ({
        scope: "spectora:read",
        audience: indicator,
        accessTokenTTL: Number(env.TOKEN_SECONDS ?? 3600),
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  // What the server may grant by: a role, and the companies if not all.
  extraTokenClaims: () => ({ role, ...(companies ? { companies: companies.split(",") } : {}) }),
});
provider.on("server_error", (_context, error) => console.error(error));
server.on("request", provider.callback());

const answer = await fetch(`${issuer}/token`, {
  method: "POST",
  headers: { authorization: `Basic ${Buffer.from(`outside:${secret}`).toString("base64")}` },
  body: new URLSearchParams({ grant_type: "client_credentials", resource, scope }),
});
const given = await answer.json();
if (!answer.ok) {
  console.error(given);
  process.exit(1);
}
console.log(
  JSON.stringify({
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token: given.access_token,
    client_id: "outside",
    client_secret: secret,
  }),
);
