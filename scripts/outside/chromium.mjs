// Runs what the official conformance suite asks of an authorization server, and walks the pages it names in a headless
// Chromium, with clicks and keys. Then the same page for a client on another site, where the browser must let the form end.
// Usage: chromium.mjs ORIGIN CHROMIUM [CONFORMANCE FOLDER] (see scripts/conformance-login); without the suite only the pages
// are walked. The person is in LOGIN_NAME and LOGIN_PASSPHRASE.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { argv, env, getuid } from "node:process";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { must } from "./page.mjs";

const [origin, executablePath, conformance, folder] = argv.slice(2);
const resource = `${origin}/mcp`;

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function register(name, redirect) {
  const response = await fetch(`${origin}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: name,
      redirect_uris: [redirect],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    }),
  });
  const body = await response.text();
  must(response.status === 201, `/register: ${response.status} ${body}`);
  return JSON.parse(body).client_id;
}

// A person without any cookies who opens the address, signs in and allows. The page may be walked with the keys alone.
async function person(browser, address, { keys = false } = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  const opened = await page.goto(address);
  must(opened.ok(), `${address}: ${opened.status()} ${await opened.text()}`);
  await page.locator("[name=name]").fill(env.LOGIN_NAME);
  await page.locator("[name=passphrase]").fill(env.LOGIN_PASSPHRASE);
  const allow = page.locator("[name=decision][value=allow]");
  if (keys) await page.keyboard.press("Enter");
  else
    await page.locator("form:has([name=passphrase]) button, form:has([name=passphrase]) [type=submit]").first().click();
  await allow.waitFor();
  return { context, page, complaints, allow };
}

async function suite(browser) {
  const port = await freePort();
  const client = await register("Conformance", `http://127.0.0.1:${port}/callback`);
  const given = [
    "--url",
    origin,
    "--client-id",
    client,
    "--resource",
    resource,
    "--port",
    `${port}`,
    "--output-dir",
    folder,
  ];
  const running = spawn(conformance, ["authorization", ...given], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => running.on("close", resolve));
  let said = "";
  running.stderr.on("data", (part) => (said += part));
  let visits = 0;
  try {
    for await (const line of createInterface({ input: running.stdout })) {
      said += `${line}\n`;
      if (!line.startsWith(`${origin}/authorize?`)) continue;
      visits += 1;
      const { context, page, complaints, allow } = await person(browser, line);
      await allow.click();
      const done = await Promise.race([
        page
          .getByText("You can close this page")
          .waitFor()
          .then(
            () => true,
            () => false,
          ),
        page.waitForEvent("requestfailed").then(
          (request) => complaints.push(`${request.url()}: ${request.failure().errorText}`),
          () => {},
        ),
      ]);
      must(done && !complaints.length, `the browser does not come to the client: ${complaints}`);
      await context.close();
    }
    must((await ended) === 0, said);
  } catch (error) {
    running.kill();
    throw new Error(`${error.message}\n${said}`);
  }
  must(visits === 1, `${visits} visits to the page: ${said}`);
  const passed = /^Total: (\d+) passed, 0 failed/m.exec(said);
  const granted = /authorization-code-grant: [1-9]\d* passed, 0 failed/.test(said);
  must(passed && granted && !/warn/i.test(said), `not all passed: ${said}`);
  console.log(`ok: authorization server, ${passed[1]} checks passed`);
}

// What such a client would ask for.
async function address(name, redirect) {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: await register(name, redirect),
    redirect_uri: redirect,
    state: "elsewhere",
    code_challenge: createHash("sha256").update(randomBytes(32).toString("base64url")).digest("base64url"),
    code_challenge_method: "S256",
    resource,
  });
  return `${origin}/authorize?${query}`;
}

// Chromium must send the person on to another site or to a program; neither is there, as no name is looked up.
async function elsewhere(browser, redirect) {
  const { context, page, complaints, allow } = await person(browser, await address("Elsewhere", redirect), {
    keys: true,
  });
  const gone = page.waitForEvent("requestfailed", { predicate: (request) => request.isNavigationRequest() });
  await allow.click();
  const request = await gone;
  const [url, { errorText }] = [request.url(), request.failure()];
  must(url.startsWith(`${redirect}?`), `the browser stays at ${url}: ${errorText} ${complaints}`);
  must(
    errorText === (redirect.startsWith("https:") ? "net::ERR_NAME_NOT_RESOLVED" : "net::ERR_ABORTED"),
    `${url}: ${errorText}`,
  );
  must(!complaints.length, `the browser complains: ${complaints}`);
  const sent = new URL(url).searchParams;
  must(sent.get("code") && sent.get("state") === "elsewhere" && sent.get("iss") === origin, url);
  await context.close();
  console.log(`ok: Chromium goes from ${new URL(origin).protocol} on to ${redirect}`);
}

// A client on this machine that listens on IPv6, where the machine has it.
async function sixth(browser) {
  const server = createHttpServer((_, response) => response.end("You are back."));
  const listens = await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(0, "::1", () => resolve(true));
  });
  if (!listens) return;
  try {
    const redirect = `http://[::1]:${server.address().port}/callback`;
    const { context, page, complaints, allow } = await person(browser, await address("IPv6", redirect));
    await allow.click();
    await page
      .getByText("You are back")
      .waitFor({ timeout: 5000 })
      .catch((error) => complaints.push(error.message));
    must(!complaints.length, `the browser does not come to ${redirect}: ${complaints}`);
    await context.close();
  } finally {
    server.close();
  }
  console.log("ok: Chromium goes on to [::1]");
}

const browser = await chromium.launch({
  executablePath,
  // The sandbox does not start for root.
  chromiumSandbox: getuid?.() !== 0,
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE ::1"],
});
let failed = false;
for (const part of [
  ...(conformance ? [suite] : []),
  () => elsewhere(browser, "https://claude.ai/api/mcp/auth_callback"),
  () => elsewhere(browser, "https://chatgpt.com/connector_platform_oauth_redirect"),
  () => elsewhere(browser, "cursor://anysphere.cursor-mcp/oauth/callback"),
  ...(conformance ? [sixth] : []),
]) {
  try {
    await part(browser);
  } catch (error) {
    console.log(`failed: ${error.stack}`);
    failed = true;
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
