// Logs in as outside clients do and calls tools: the two npm clients, mcp-remote, and flows that behave as claude.ai,
// Claude Code, ChatGPT and Cursor do. The last are made of the npm SDK; what they are known by is served on loopback in the
// shape of their public documents. Each ends with one line that begins with "ok".
// Usage: login.mjs LASTING SHORT TWO FOLDER, the addresses of three servers (see scripts/drive-login) and a folder for
// files. The access tokens of the second and third live two seconds; the third is two processes. Each part logs in as a
// person of its own, with LOGIN_PASSPHRASE.
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect as connectTo } from "node:net";
import { dirname, join } from "node:path";
import { argv, env, execPath, kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as sdk from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import * as sdkHttp from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as client from "@modelcontextprotocol/client";
import { must, walk } from "./page.mjs";

const [lasting, short, two, folder] = argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const calls = [
  ["list_companies", {}],
  ["inspector_scorecard", { period: "last_month", limit: 1 }],
];

async function call(connected) {
  for (const [name, given] of calls) {
    const result = await connected.callTool({ name, arguments: given });
    must(!result.isError && result.structuredContent, `${name}: ${JSON.stringify(result)}`);
  }
}

// What must be neither in the server's log nor in its file.
function keepSecret(...secrets) {
  for (const secret of secrets) if (secret) appendFileSync(join(folder, "secrets"), `${secret}\n`);
}

function listen(answer) {
  return new Promise((resolve) => {
    const server = createServer(answer);
    server.listen(0, "127.0.0.1", () => resolve({ server, port: server.address().port }));
  });
}

// Plays the client's side: keeps what it is given, and sends its person to the page.
// redirect: the client's address; registered: all it registers, if several; known: a client id it already has;
// method: how it proves itself to /token; ask: changes the address before the person opens it; person, page: who answers the
// page, and how.
class Provider {
  visits = 0;
  given = [];

  constructor({
    redirect,
    registered = [redirect],
    known,
    method = "none",
    name,
    ask = () => {},
    person = "web",
    page = {},
  }) {
    this.redirectUrl = redirect;
    this.clientMetadata = {
      client_name: name,
      redirect_uris: registered,
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: method,
    };
    Object.assign(this, { information: known && { client_id: known }, ask, page: { name: person, ...page } });
  }

  state() {
    return (this.sent = `state-${Math.random().toString(36).slice(2)}`);
  }
  clientInformation() {
    return this.information;
  }
  saveClientInformation(information) {
    this.information = information;
    keepSecret(information.client_secret);
  }
  tokens() {
    return this.given.at(-1);
  }
  saveTokens(tokens) {
    this.given.push(tokens);
    keepSecret(tokens.access_token, tokens.refresh_token);
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  saveDiscoveryState(discovered) {
    this.discovered = discovered;
  }
  discoveryState() {
    return this.discovered;
  }
  async redirectToAuthorization(address) {
    this.visits += 1;
    this.ask(address.searchParams);
    const landed = await walk(address, this.page);
    must(
      `${landed.origin}${landed.pathname}` ===
        `${new URL(this.redirectUrl).origin}${new URL(this.redirectUrl).pathname}`,
      `landed at ${landed}`,
    );
    this.landed = landed.searchParams;
    keepSecret(this.landed.get("code"), this.verifier);
    must(this.landed.get("state") === this.sent, `another state: ${landed}`);
    must(this.landed.get("iss") === address.origin, `another iss: ${landed}`);
  }
}

// The first connection is refused and sends the person to the page; the second has the token.
async function connect({ Client, Transport, options, finish }, origin, provider) {
  const mcp = new URL(`${origin}/mcp`);
  const refused = new Transport(mcp, { authProvider: provider });
  let error;
  await new Client({ name: "login", version: "1.0.0" }, options).connect(refused).catch((caught) => (error = caught));
  must(error, "the server let the client in without a token");
  // A client may wrap the error that says so.
  if (!provider.landed) throw error;
  await finish(refused, provider.landed);
  const connected = new Client({ name: "login", version: "1.0.0" }, options);
  await connected.connect(new Transport(mcp, { authProvider: provider }));
  return connected;
}

const npmSdk = {
  Client: sdk.Client,
  Transport: sdkHttp.StreamableHTTPClientTransport,
  finish: (transport, landed) => transport.finishAuth(landed.get("code")),
};
const npmClient = (mode) => ({
  Client: client.Client,
  Transport: client.StreamableHTTPClientTransport,
  options: { versionNegotiation: { mode } },
  finish: (transport, landed) => transport.finishAuth(landed),
});

async function withListener(work) {
  const came = [];
  const { server, port } = await listen((request, response) => {
    came.push(request.url);
    response.end("ok");
  });
  try {
    const result = await work(port);
    must(came.length > 0, "the browser did not come back to the client");
    return result;
  } finally {
    server.close();
  }
}

// One login and some calls; then as many more as `waits`, each after the access token is over.
async function logIn(
  kind,
  origin,
  waits = 0,
  settings = (port) => ({ redirect: `http://127.0.0.1:${port}/callback`, person: "npm" }),
) {
  return withListener(async (port) => {
    const provider = new Provider({ name: "npm client", ...settings(port) });
    const connected = await connect(kind, origin, provider);
    await call(connected);
    await goOn(() => call(connected), provider, waits);
    await connected.close();
    return provider;
  });
}

async function goOn(again, provider, waits) {
  for (let wait = 0; wait < waits; wait += 1) {
    const had = provider.given.length;
    await sleep(2500);
    await again();
    must(provider.given.length > had, "the client went on without a new token");
  }
  must(provider.visits === 1, `${provider.visits} visits to the page`);
  must(
    provider.given.every((tokens) => tokens.refresh_token),
    "no refresh token",
  );
  const different = new Set(provider.given.map((tokens) => tokens.access_token));
  must(different.size === provider.given.length, "an access token came twice");
}

async function npmClients() {
  const kinds = [
    ["@modelcontextprotocol/sdk", npmSdk],
    ["@modelcontextprotocol/client, 2025 handshake", npmClient("legacy")],
    ["@modelcontextprotocol/client, 2026-07-28", npmClient({ pin: "2026-07-28" })],
    ["@modelcontextprotocol/client, asks which", npmClient("auto")],
  ];
  await allOf(
    kinds.map(([name, kind]) => [
      name,
      async () => {
        await logIn(kind, lasting);
        const { given } = await logIn(kind, short, 2);
        console.log(
          `ok: ${name}: logged in, ${calls.length} tools; refreshed ${given.length - 1} times without a new login`,
        );
      },
    ]),
  );
}

function end(pid) {
  try {
    kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

// mcp-remote is a local server to its client, and opens a browser: page.mjs, which the opener finds in BROWSER.
async function mcpRemote(origin, waits, ...options) {
  const own = mkdtempSync(join(folder, "mcp-remote-"));
  const visits = join(own, "visits");
  const browser = join(own, "xdg-open");
  writeFileSync(visits, "");
  writeFileSync(browser, `#!/bin/sh\nexec "${execPath}" "${join(here, "page.mjs")}" "$1"\n`);
  chmodSync(browser, 0o755);
  // macOS opens addresses with a program of this name.
  writeFileSync(join(own, "open"), readFileSync(browser), { mode: 0o755 });
  const transport = new StdioClientTransport({
    command: execPath,
    args: [join(here, "node_modules/mcp-remote/dist/proxy.js"), `${origin}/mcp`, ...options],
    env: {
      PATH: `${own}:${env.PATH}`,
      HOME: own,
      BROWSER: browser,
      MCP_REMOTE_CONFIG_DIR: own,
      LOGIN_VISITS: visits,
      LOGIN_NAME: "mcp-remote",
      LOGIN_PASSPHRASE: env.LOGIN_PASSPHRASE,
    },
    stderr: "pipe",
  });
  let said = "";
  transport.stderr.on("data", (part) => (said += part));
  const connected = new sdk.Client({ name: "login", version: "1.0.0" });
  let started;
  try {
    const connecting = connected.connect(transport);
    started = transport.pid;
    await connecting;
    await call(connected);
    for (let wait = 0; wait < waits; wait += 1) {
      await sleep(2500);
      await call(connected);
    }
    const lines = readFileSync(visits, "utf8").trim().split("\n");
    must(lines.length === 1 && lines[0], `not one visit to the page: ${lines}`);
  } catch (error) {
    throw new Error(`mcp-remote: ${error.message}\n${readFileSync(visits, "utf8")}${said}`);
  } finally {
    await connected.close();
    // While it waits for its browser it does not end by itself.
    if (started) end(started);
  }
}

const claude = ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"];
const cursor = [
  "https://www.cursor.com/agents/mcp/oauth/callback",
  "cursor://anysphere.cursor-mcp/oauth/callback",
  "http://localhost:8787/callback",
];
const chatgpt = [
  "https://chatgpt.com/connector/oauth/spectora1",
  "https://chatgpt.com/connector_platform_oauth_redirect",
];

// The documents that name clients, in the shape of the public ones, at other addresses.
async function documents() {
  const shape = { grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] };
  const known = {
    "/oauth/mcp-oauth-client-metadata": {
      client_name: "Claude",
      client_uri: "https://claude.ai",
      redirect_uris: claude,
      token_endpoint_auth_method: "none",
    },
    "/oauth/claude-code-client-metadata": {
      client_name: "Claude Code",
      client_uri: "https://claude.ai",
      redirect_uris: ["http://localhost/callback", "http://127.0.0.1/callback"],
      token_endpoint_auth_method: "none",
    },
    "/oauth/spectora1/client.json": {
      client_name: "ChatGPT",
      client_uri: "https://chatgpt.com",
      redirect_uris: chatgpt,
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_methods_supported: ["none", "private_key_jwt"],
      token_endpoint_auth_signing_alg: "RS256",
      jwks_uri: "https://chatgpt.com/oauth/jwks.json",
    },
  };
  const asked = [];
  const { server, port } = await listen((request, response) => {
    asked.push(request.url);
    const found = known[request.url];
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(found ? { client_id: id(request.url), ...found, ...shape } : {}));
  });
  const id = (path) => `http://127.0.0.1:${port}${path}`;
  return { server, id, asked };
}

// Many clients send the head of a request first and its body a little later, and use the connection again after a refusal. A
// server that has not waited for the body must say that the connection is over.
async function lateBody(origin, path) {
  const { hostname, port } = new URL(origin);
  const socket = connectTo(Number(port), hostname);
  let said = "";
  let ended = false;
  socket.on("data", (part) => (said += part));
  socket.on("close", () => (ended = true)).on("error", () => (ended = true));
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });
  const head = `Host: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  socket.write(`POST ${path} HTTP/1.1\r\n${head}\r\n\r\n`);
  const answered = async (tries) => {
    for (let wait = 0; wait < tries && !ended && !said; wait += 1) await sleep(50);
  };
  // Some answer at once, some wait for the body.
  await answered(20);
  socket.write(body);
  await answered(100);
  const first = said;
  must(/^HTTP\/1.1 4\d\d/.test(first), `POST ${path}: ${first}`);
  said = "";
  if (!/^connection: close/im.test(first)) {
    socket.write(`GET /.well-known/oauth-protected-resource HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
    await answered(100);
    const why = "the connection ends after it without a word, and the next request of a client fails";
    must(said.startsWith("HTTP/1.1 200"), `POST ${path}, its body after its head: ${first.split("\r\n")[0]}; ${why}`);
  }
  socket.destroy();
}

// What the claude.ai family asks for before it logs in, and how each answer must be.
async function discovery(origin) {
  const get = async (path, settings) => fetch(`${origin}${path}`, { redirect: "manual", ...settings });
  const documents = async (paths) => {
    const bodies = [];
    for (const path of paths) {
      const response = await get(path, { headers: { origin: "https://claude.ai" } });
      must(response.status === 200, `${path}: ${response.status}`);
      must(/^application\/json/.test(response.headers.get("content-type")), `${path}: not JSON`);
      must(response.headers.get("access-control-allow-origin"), `${path}: no CORS`);
      bodies.push(await response.json());
    }
    must(new Set(bodies.map((body) => JSON.stringify(body))).size === 1, `not the same: ${paths}`);
    return bodies[0];
  };
  const resource = await documents([
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
  ]);
  must(resource.resource === `${origin}/mcp`, `resource ${resource.resource}`);
  must(resource.authorization_servers.join() === origin, `authorization_servers ${resource.authorization_servers}`);
  const server = await documents([
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/mcp",
    "/mcp/.well-known/openid-configuration",
  ]);
  const wanted = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    client_id_metadata_document_supported: true,
    authorization_response_iss_parameter_supported: true,
  };
  for (const [name, value] of Object.entries(wanted)) {
    must(JSON.stringify(server[name]) === JSON.stringify(value), `${name}: ${JSON.stringify(server[name])}`);
  }
  const holds = (name, ...values) =>
    must(
      values.every((value) => server[name]?.includes(value)),
      `${name}: ${server[name]}`,
    );
  holds("grant_types_supported", "authorization_code", "refresh_token");
  holds("token_endpoint_auth_methods_supported", "none", "client_secret_post", "client_secret_basic");
  must(!server.token_endpoint_auth_methods_supported.includes("private_key_jwt"), "private_key_jwt is advertised");
  for (const path of ["/.well-known/no-such-document", "/.well-known/no-such-document/mcp"]) {
    const missing = await get(path);
    must(
      missing.status === 404 && /^application\/json/.test(missing.headers.get("content-type")),
      `${path}: ${missing.status}`,
    );
  }
  const body = (method) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: {} });
  const json = { "content-type": "application/json" };
  for (const [path, settings] of [
    ["/mcp", { method: "POST", headers: json, body: body("initialize") }],
    ["/mcp/", { method: "POST", headers: json, body: body("initialize") }],
    ["/mcp", { method: "POST", headers: json, body: body("server/discover") }],
    ["/mcp", { method: "POST", headers: json, body: body("tools/list") }],
    ["/mcp", { method: "GET" }],
    ["/mcp", { method: "DELETE" }],
    ["/mcp", { method: "POST", headers: { ...json, authorization: "Bearer no-such-token" }, body: body("tools/list") }],
  ]) {
    const response = await get(path, settings);
    const challenge = response.headers.get("www-authenticate") ?? "";
    const at = `${settings.method} ${path} ${settings.body ?? ""}: ${response.status} ${challenge}`;
    must(response.status === 401, at);
    must(challenge.startsWith("Bearer "), at);
    must(challenge.includes(`resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`), at);
    must(challenge.includes('scope="spectora:read"'), at);
    must(challenge.includes('error="invalid_token"') === Boolean(settings.headers?.authorization), at);
  }
  // Pages anywhere may register and ask for tokens; the tools are for pages on this machine, such as the Inspector.
  const inspector = "http://localhost:6274";
  for (const [path, page] of [
    ["/register", "https://claude.ai"],
    ["/token", "https://claude.ai"],
    ["/mcp", inspector],
  ]) {
    const headers = {
      origin: page,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    };
    const response = await get(path, { method: "OPTIONS", headers });
    const may = response.headers.get("access-control-allow-origin");
    must(response.ok && (may === "*" || may === page), `OPTIONS ${path}: ${response.status} ${may}`);
  }
  const refused = await get("/mcp", {
    method: "POST",
    headers: { ...json, origin: inspector },
    body: body("initialize"),
  });
  const exposed = refused.headers.get("access-control-expose-headers") ?? "";
  must(
    /www-authenticate/i.test(exposed) && /mcp-session-id/i.test(exposed),
    `a page cannot read where to log in: ${exposed}`,
  );
  console.log("ok: the documents, the refusals and the answers to a browser's question before login");
}

// A refusal must not break the next request.
async function refusals() {
  const paths = ["/mcp", "/mcp/", "/register", "/token", "/authorize/sign-in", "/no-such-place"];
  await Promise.all(paths.map((path) => lateBody(lasting, path)));
  console.log("ok: a connection can be used again after a refusal");
}

async function alike(name, settings, { origin = lasting, waits = 0, check = () => {} } = {}) {
  const provider = new Provider({ name, ...settings });
  const connected = await connect(npmSdk, origin, provider);
  await call(connected);
  await goOn(() => call(connected), provider, waits);
  await connected.close();
  await check(provider);
  return provider;
}

// The consent page must name who asks and where the browser goes.
const thisComputer = /127\.0\.0\.1|localhost|this computer/i;
const shows = (...texts) => ({
  seen(kind, html) {
    for (const text of texts) {
      const found = text instanceof RegExp ? text.test(html) : html.includes(text);
      must(kind !== "consent" || found, `the consent page does not show ${text}: ${html}`);
    }
  },
});

async function webClients() {
  await discovery(lasting);
  const { server, id, asked } = await documents();
  const host = new URL(id("/")).host;
  try {
    for (const redirect of claude) {
      await alike("Claude", {
        redirect,
        known: id("/oauth/mcp-oauth-client-metadata"),
        // It was seen to ask for all scopes that the server knows.
        ask: (query) => query.set("scope", "spectora:read offline_access"),
        page: shows(thisComputer, new URL(redirect).host),
      });
    }
    console.log("ok: as claude.ai, by its document, at both of its addresses");

    const confidential = (provider) => {
      const { client_secret, client_secret_expires_at, token_endpoint_auth_method } = provider.information;
      must(client_secret && client_secret_expires_at === 0, "no secret that lasts");
      must(token_endpoint_auth_method === "client_secret_post", `another method: ${token_endpoint_auth_method}`);
    };
    await alike(
      "Claude",
      { redirect: claude[0], method: "client_secret_post", page: shows(/unverified/i, "claude.ai") },
      { check: confidential },
    );
    await alike(
      "Claude",
      { redirect: claude[0], method: "client_secret_post" },
      { origin: short, waits: 1, check: confidential },
    );
    await alike("Claude", { redirect: claude[0], method: "client_secret_basic" });
    console.log("ok: as claude.ai, registered with a secret, which it posts");

    for (const name of ["localhost", "127.0.0.1", "localhost"]) {
      await logIn(npmSdk, lasting, 0, (port) => ({
        redirect: `http://${name}:${port}/callback`,
        known: id("/oauth/claude-code-client-metadata"),
        page: shows(thisComputer),
      }));
    }
    console.log("ok: as Claude Code, by its document, at a new port each time");

    for (const redirect of chatgpt) {
      await alike("ChatGPT", {
        redirect,
        known: id("/oauth/spectora1/client.json"),
        // It connects again without a scope.
        ask: (query) => query.delete("scope"),
        page: shows(thisComputer, "chatgpt.com"),
      });
    }
    console.log("ok: as ChatGPT, by its document that would rather sign");

    for (const redirect of cursor.slice(0, 2)) {
      await alike(
        "Cursor",
        { redirect, registered: cursor, page: shows(/unverified/i) },
        {
          check: ({ information }) =>
            must(
              cursor.every((uri) => information.redirect_uris.includes(uri)),
              "not all redirects kept",
            ),
        },
      );
    }
    await alike("Cursor", { redirect: cursor[1], registered: cursor }, { origin: short, waits: 1 });
    console.log("ok: as Cursor, registered with three redirects");
    must(asked.length > 0, "no document was ever asked for");
    must(
      asked.every((path) => path.startsWith("/oauth/")),
      `asked ${host} for ${asked}`,
    );
  } finally {
    server.close();
  }
}

// Hosted clients ask for new tokens from several machines at once, and say when a person disconnects.
async function bursts() {
  const { given, information } = await alike("Claude", {
    redirect: claude[0],
    method: "client_secret_post",
    person: "bursts",
  });
  const { client_id, client_secret } = information;
  const post = (path, form) =>
    fetch(`${lasting}${path}`, { method: "POST", body: new URLSearchParams({ client_id, client_secret, ...form }) });
  const refresh = async (refresh_token) => {
    const response = await post("/token", { grant_type: "refresh_token", refresh_token, resource: `${lasting}/mcp` });
    const body = await response.text();
    must(response.status === 200, `refresh: ${response.status} ${body}`);
    must(/no-store/.test(response.headers.get("cache-control")), "a token may be stored");
    return JSON.parse(body);
  };
  const status = async ({ access_token }) => {
    const headers = {
      authorization: `Bearer ${access_token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });
    return (await fetch(`${lasting}/mcp`, { method: "POST", headers, body })).status;
  };
  const five = await Promise.all(Array.from({ length: 5 }, () => refresh(given[0].refresh_token)));
  for (const tokens of five) must((await status(tokens)) === 200, "one of five new tokens is not taken");
  // One machine goes on; the answer to another was lost, and it asks with the token before.
  const next = await refresh(five[2].refresh_token);
  const late = await refresh(given[0].refresh_token);
  for (const tokens of [next, late]) must((await status(tokens)) === 200, "a later token is not taken");
  const revoked = await post("/revoke", { token: next.refresh_token, token_type_hint: "refresh_token" });
  must(revoked.status === 200, `/revoke: ${revoked.status} ${await revoked.text()}`);
  for (const tokens of [next, late, given[0]])
    must((await status(tokens)) === 401, "a token outlives its revoked grant");
  const over = await post("/token", { grant_type: "refresh_token", refresh_token: late.refresh_token });
  must(over.status === 400 && (await over.json()).error === "invalid_grant", `refresh after /revoke: ${over.status}`);
  const unknown = await post("/revoke", { token: "no-such-token" });
  must(unknown.status === 200, `/revoke of what is not known: ${unknown.status}`);
  const other = await fetch(`${lasting}/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: "no-such-client", grant_type: "refresh_token", refresh_token: "x" }),
  });
  must(other.status === 401 && (await other.json()).error === "invalid_client", `an unknown client: ${other.status}`);
  console.log("ok: five refreshes at once, a lost answer, and a disconnected client");
}

// Each request of the login and after it may come to another process.
async function twoProcesses() {
  const settings = (port) => ({ redirect: `http://127.0.0.1:${port}/callback`, person: "two" });
  await Promise.all([npmSdk, npmClient("auto")].map((kind) => logIn(kind, two, 2, settings)));
  console.log("ok: two processes are one server");
}

async function slips() {
  const slip = await alike("Visual Studio Code", {
    redirect: "https://vscode.dev/redirect",
    page: { wrong: "not the passphrase" },
  });
  must(slip.given.length === 1, "no token after a second try");
  const denied = new Provider({ name: "Denied", redirect: claude[0], page: { decision: "deny" } });
  let refusal;
  await connect(npmSdk, lasting, denied).catch((error) => (refusal = error));
  must(refusal && denied.landed?.get("error") === "access_denied", `denied: ${denied.landed} ${refusal}`);
  must(!denied.landed.has("code") && denied.given.length === 0, "a code in spite of no consent");
  console.log("ok: a passphrase may be mistyped once, and a consent refused");
}

let failed = false;

// All at once, since each mostly waits for tokens to be over. What fails is told; the others go on.
async function allOf(parts) {
  const run = async ([name, part]) => {
    try {
      await part();
    } catch (error) {
      console.log(`failed: ${name}: ${error.stack}${error.cause ? `\n${error.cause.stack ?? error.cause}` : ""}`);
      failed = true;
    }
  };
  await Promise.all(parts.map(run));
}

await allOf([
  ["npm", npmClients],
  [
    "mcp-remote",
    async () => {
      await Promise.all([mcpRemote(lasting, 0), mcpRemote(short, 2), mcpRemote(two, 1, "--protocol", "auto")]);
      console.log(
        `ok: mcp-remote: logged in, ${calls.length} tools; went on past two access tokens without a new login`,
      );
    },
  ],
  ["web", webClients],
  ["refusals", refusals],
  ["bursts", bursts],
  ["two", twoProcesses],
]);
// Last: a wrong passphrase may make the server slow for a while.
await allOf([["slips", slips]]);
process.exit(failed ? 1 : 0);
