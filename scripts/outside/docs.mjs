// Opens every page of the built documents in a headless Chromium: docs.mjs SITE CHROMIUM
import { createReadStream, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import { argv, exit, getuid } from "node:process";
import { chromium } from "playwright-core";

const site = resolve(argv[2]);
const executablePath = argv[3];
const types = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json" };
const server = createServer((request, response) => {
  const path = join(site, normalize(decodeURIComponent(new URL(request.url, "http://x").pathname)));
  if (!path.startsWith(site) || !statSync(path, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" });
  createReadStream(path).pipe(response);
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const made = ["print.html", "toc.html", "404.html"];
const pages = readdirSync(site).filter((name) => name.endsWith(".html") && !made.includes(name));
const browser = await chromium.launch({ executablePath, args: getuid?.() === 0 ? ["--no-sandbox"] : [] });
const wrong = [];

async function look(width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  const page = await context.newPage();
  let name = "";
  page.on("console", (message) => message.type() === "error" && wrong.push(`${name}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`${name}: ${error.message}`));
  page.on("request", (request) => request.url().startsWith(origin) || wrong.push(`${name} asks ${request.url()}`));
  for (name of pages) {
    await page.goto(`${origin}/${name}`, { waitUntil: "load" });
    const headings = await page.locator("main h1").count();
    if (headings !== 1) wrong.push(`${name}: ${headings} first headings`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 1) wrong.push(`${name}: ${over} pixels too wide at ${width}`);
    const broken = await page.evaluate(() => [...document.images].filter((one) => !one.naturalWidth).map((one) => one.src));
    broken.forEach((source) => wrong.push(`${name}: ${source} is not shown`));
  }
  await context.close();
}

await look(1280, "light");
await look(390, "dark");
const page = await browser.newPage();
await page.goto(`${origin}/index.html`);
await page.locator("#mdbook-search-toggle, #search-toggle").first().click();
await page.locator("#mdbook-searchbar, #searchbar").first().pressSequentially("dormant");
const found = page.locator("#mdbook-searchresults li, #searchresults li").first();
await found.waitFor({ timeout: 10_000 }).catch(() => wrong.push("the search finds nothing"));
await browser.close();
server.close();
wrong.forEach((line) => console.log(line));
console.log(wrong.length ? `FAILED: ${wrong.length}` : `ok: Chromium opens ${pages.length} pages, wide and narrow, light and dark; the search finds`);
exit(wrong.length ? 1 : 0);
