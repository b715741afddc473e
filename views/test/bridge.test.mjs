// The page in a host that others wrote: the bridge for hosts that the extension's own package has, which reads each message by its
// own types.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { browser, html } from "./host.mjs";
import { start } from "./program.mjs";

const CONTEXT = { theme: "light", locale: "en-US", timeZone: "America/Denver", displayMode: "inline", platform: "web" };
let program, chromium, script;

before(async () => {
  program = await start();
  chromium = await browser();
  const entry = fileURLToPath(new URL("bridge-host.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "iife", write: false });
  script = outputFiles[0].text;
});
after(async () => {
  await chromium?.close();
  program?.stop();
});

/** The host with the page in it; `said` is what was asked of it, `complaints` what must not be. */
async function open() {
  const page = await chromium.newPage({ viewport: { width: 1024, height: 900 } });
  const host = { page, said: [], complaints: [], opens: {} };
  page.on("request", (request) => host.complaints.push(`asks ${request.url()}`));
  page.on("pageerror", (error) => host.complaints.push(error.message));
  page.on("console", (message) =>
    ["error", "warning"].includes(message.type()) ? host.complaints.push(message.text()) : undefined,
  );
  await page.exposeFunction("tell", (what, params) =>
    what === "error" ? host.complaints.push(params) : host.said.push([what, params]),
  );
  await page.exposeFunction("ask", (what, params) => {
    host.said.push([what, params]);
    return what === "call" ? program.call(params.name, params.arguments) : host.opens;
  });
  await page.setContent("<!doctype html><style>body{margin:0}iframe{width:100%;border:0;display:block}</style>");
  await page.addScriptTag({ content: script });
  await page.evaluate(([source, context]) => window.show(source, context), [html, CONTEXT]);
  host.frame = await (await page.waitForSelector("#view")).contentFrame();
  host.heard = (wanted) => host.said.filter(([what]) => what === wanted).map(([, params]) => params);
  host.show = async (name, args) => {
    const result = await program.call(name, args);
    await page.evaluate(
      async ([input, told]) => {
        await window.bridge.sendToolInput({ arguments: input });
        await window.bridge.sendToolResult(told);
      },
      [args, result],
    );
    await host.frame.waitForSelector("#page[aria-busy=false]");
    return result.structuredContent;
  };
  host.close = async () => {
    await page.context().close();
    assert.deepEqual(host.complaints, []);
  };
  return host;
}

test("the page introduces itself as the bridge expects it", async () => {
  const host = await open();
  const [app, can] = await host.page.evaluate(() => [
    window.bridge.getAppVersion(),
    window.bridge.getAppCapabilities(),
  ]);
  assert.equal(app.name, "spectora-insight");
  assert.deepEqual(can, { availableDisplayModes: ["inline", "fullscreen"] });
  assert.match(await host.frame.locator("#page").innerText(), /Waiting for the answer/);
  await host.close();
});

test("the result of a tool is drawn with its numbers, and the frame gets the height that it needs", async () => {
  const host = await open();
  const { companies } = await host.show("inspector_scorecard", {});
  const drawn = await host.frame.evaluate(() =>
    [...document.querySelector("table[data-list=inspectors]").tBodies[0].rows].map((row) =>
      Object.fromEntries([...row.cells].map((cell) => [cell.dataset.field, JSON.parse(cell.dataset.value ?? "null")])),
    ),
  );
  assert.equal(drawn.length, companies[0].inspectors.length);
  for (const [index, row] of companies[0].inspectors.entries())
    for (const [field, value] of Object.entries(drawn[index])) assert.deepEqual(value ?? undefined, row[field], field);
  const body = () => Math.ceil(document.body.getBoundingClientRect().height);
  await host.frame.waitForFunction(() => innerHeight === Math.ceil(document.body.getBoundingClientRect().height));
  assert.deepEqual(host.heard("size").at(-1), { width: 1024, height: await host.frame.evaluate(body) });
  await host.close();
});

test("another theme of the host is taken", async () => {
  const host = await open();
  await host.show("inspector_scorecard", {});
  const look = () =>
    host.frame.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.body).color]);
  const [light, ink] = await look();
  assert.equal(light, "light");
  await host.page.evaluate((context) => window.bridge.setHostContext({ ...context, theme: "dark" }), CONTEXT);
  await host.frame.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  assert.notEqual((await look())[1], ink);
  await host.close();
});

test("a row asks the program through the bridge, and a link is opened by the host or said to be not", async () => {
  const host = await open();
  const { companies, basis } = await host.show("inspector_scorecard", {});
  const [{ company, inspectors }] = companies;
  await host.frame.locator("tbody .open").first().click();
  await host.frame.waitForSelector(".panel table");
  assert.equal(await host.frame.locator(".panel .found").textContent(), `${inspectors[0].volume} inspections`);
  const { from, to } = basis.period;
  const asked = { company, from, to, inspector: inspectors[0].id, metric: "volume" };
  assert.deepEqual(host.heard("call"), [{ name: "explain", arguments: asked }]);
  const links = async (count) => {
    await host.frame.locator(".panel tbody .open").first().click();
    for (let round = 0; round < 200 && host.heard("link").length < count; round += 1)
      await host.page.waitForTimeout(20);
    assert.match(host.heard("link").at(-1), /^https:\/\/portal\.spectora\.com\//);
  };
  await links(1);
  assert.equal(await host.frame.locator("[role=alert]").count(), 0);
  host.opens = { isError: true };
  await links(2);
  await host.frame.waitForSelector("[role=alert]");
  await host.close();
});

test("a withdrawn question is said, and the end is confirmed", async () => {
  const host = await open();
  await host.page.evaluate(() => window.bridge.sendToolCancelled({ reason: "user action" }));
  await host.frame.getByText("No answer: user action.").waitFor();
  assert.deepEqual(await host.page.evaluate(() => window.bridge.teardownResource({})), {});
  await host.close();
});
