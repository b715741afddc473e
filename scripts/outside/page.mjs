// Walks the sign-in and consent pages as a browser would: opens the address, fills in the forms it finds, keeps cookies,
// follows the redirects. As a program it does so once for one address: page.mjs ADDRESS, with the person in LOGIN_NAME
// and LOGIN_PASSPHRASE; a file named in LOGIN_VISITS gets one line for each walk.
import { appendFileSync } from "node:fs";
import { argv, env } from "node:process";
import { pathToFileURL } from "node:url";

export function must(holds, what) {
  if (!holds) throw new Error(what);
}

const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const plain = (text) =>
  text
    .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&(\w+);/g, (all, name) => entities[name] ?? all);

function attributes(tag) {
  const found = {};
  for (const [, name, double, single, bare] of tag.matchAll(
    /([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g,
  )) {
    found[name.toLowerCase()] ??= plain(double ?? single ?? bare ?? "");
  }
  return found;
}

// The first form that holds a field of this name: where it goes, how, and its fields with their values.
function formWith(html, field) {
  for (const [, opening, inside] of html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)) {
    const fields = [...inside.matchAll(/<(?:input|button)\b([^>]*)>/gi)].map(([, tag]) => attributes(tag));
    if (fields.some(({ name }) => name === field)) return { ...attributes(opening), fields };
  }
  return undefined;
}

// Keeps cookies as a browser does: a name that begins with __Host- asks for Secure, for the path /, and for no domain.
// Loopback counts as secure.
class Cookies {
  kept = new Map();

  take(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...settings] = line.split(";").map((part) => part.trim());
      const has = (name) => settings.find((setting) => setting.toLowerCase().split("=")[0] === name);
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      must(has("httponly"), `a cookie that scripts can read: ${name}`);
      if (name.startsWith("__Host-")) {
        must(
          has("secure") && !has("domain") && /^path=\/$/i.test(has("path") ?? ""),
          `browsers refuse the cookie ${line}`,
        );
      }
      const gone = /^max-age=(0|-\d+)$/i.test(has("max-age") ?? "");
      if (gone) this.kept.delete(name);
      else this.kept.set(name, { value, path: has("path")?.slice(5) || "/" });
    }
  }

  header(url) {
    const sent = [...this.kept].filter(([, { path }]) => url.pathname.startsWith(path));
    return sent.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }
}

// What a page that takes a passphrase must say to the browser, and that the browser will let its form end at the client.
function checkPage(response, html, client) {
  const policy = response.headers.get("content-security-policy") ?? "";
  const rule = (name) =>
    policy
      .split(";")
      .map((part) => part.trim().split(/\s+/))
      .find(([key]) => key === name) ?? [];
  must(rule("frame-ancestors").includes("'none'"), `the page may be framed: ${policy}`);
  must(/no-store/.test(response.headers.get("cache-control") ?? ""), "the page may be stored");
  const referrer =
    response.headers.get("referrer-policy") ?? /<meta[^>]*name="?referrer"?[^>]*>/i.exec(html)?.[0] ?? "";
  must(/no-referrer|same-origin/.test(referrer), `the page tells others its address: ${referrer}`);
  // Chromium takes no address of IPv6 in a policy.
  const ends = rule("form-action").filter((source) => !source.includes("["));
  const origin = client.origin === "null" ? client.protocol : client.origin;
  must(ends.includes("'self'"), `the page's form is blocked: ${policy}`);
  must(ends.includes(origin) || ends.includes(client.protocol), `the redirect to ${origin} is blocked: ${policy}`);
}

// Opens the address and answers all that is asked. Gives where the walk ends: the client's address, which is also opened
// if it is a loopback one, as it is then the client itself that listens there.
// name: the person; decision: "allow" or "deny"; wrong: first try this passphrase; seen: is called with each page.
export async function walk(
  address,
  { name: person = env.LOGIN_NAME, decision = "allow", wrong, seen = () => {} } = {},
) {
  const start = new URL(address);
  const client = new URL(start.searchParams.get("redirect_uri"));
  const cookies = new Cookies();
  let [url, method, body] = [start, "GET", undefined];
  let mistaken = wrong;
  for (let step = 0; step < 12; step += 1) {
    const headers = {
      accept: "text/html,application/xhtml+xml",
      "user-agent": "Mozilla/5.0 page.mjs",
      // An assistant's page sends the person here; the forms are sent by the server's own pages.
      "sec-fetch-site": body ? "same-origin" : "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    if (cookies.header(url)) headers.cookie = cookies.header(url);
    // Of a page that tells nobody its address, browsers say that its form comes from nowhere.
    if (body) Object.assign(headers, { origin: "null", "content-type": "application/x-www-form-urlencoded" });
    const response = await fetch(url, { method, body, headers, redirect: "manual" });
    cookies.take(response);
    const html = await response.text();
    if (response.status >= 300 && response.status < 400) {
      url = new URL(response.headers.get("location"), url);
      [method, body] = ["GET", undefined];
      if (url.origin === start.origin && url.protocol.startsWith("http")) continue;
      const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
      if (loopback) must((await fetch(url)).ok, `the client does not take ${url}`);
      return url;
    }
    must(
      /^text\/html/.test(response.headers.get("content-type") ?? ""),
      `${method} ${url}: no page but ${response.status} ${html}`,
    );
    const [signIn, consent] = [formWith(html, "passphrase"), formWith(html, "decision")];
    const form = signIn ?? consent;
    must(form, `${method} ${url}: ${response.status}, a page with nothing to fill in: ${html}`);
    checkPage(response, html, client);
    seen(signIn ? "sign-in" : "consent", html, response);
    const sent = new URLSearchParams();
    for (const { name, value, type } of form.fields) if (name && type === "hidden") sent.append(name, value ?? "");
    if (signIn) {
      sent.append("name", person);
      sent.append("passphrase", mistaken ?? env.LOGIN_PASSPHRASE);
      mistaken = undefined;
    } else {
      must(
        form.fields.some(({ name, value }) => name === "decision" && value === decision),
        `no button ${decision}`,
      );
      sent.append("decision", decision);
    }
    url = new URL(form.action || url, url);
    [method, body] = [(form.method ?? "get").toUpperCase(), sent.toString()];
    must(method === "POST", "the form puts what is typed into the address");
  }
  throw new Error(`no end of pages at ${address}`);
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  if (env.LOGIN_VISITS) appendFileSync(env.LOGIN_VISITS, `${argv[2]}\n`);
  try {
    await walk(argv[2]);
  } catch (error) {
    // mcp-remote shows nothing of what its browser says.
    if (env.LOGIN_VISITS) appendFileSync(env.LOGIN_VISITS, `failed: ${error.message}\n`);
    throw error;
  }
}
