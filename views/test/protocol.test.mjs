// The messages between the page and its host, one by one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, fits, Host, html } from "./host.mjs";

let chromium;
before(async () => (chromium = await browser()));
after(() => chromium?.close());

const BASIS = { as_of: "2026-11-29T09:45:26Z", source: "mirror", complete: true };
const SCORES = {
  companies: [
    {
      company: "north",
      whole_company: { volume: 40, attach: { rate: 0.5, count: 20, of: 40, low: 0.35, high: 0.65 } },
      inspectors: [
        {
          inspector: "Ada Marsh",
          id: "7",
          volume: 30,
          attach: { rate: 0.6, count: 18, of: 30, low: 0.42, high: 0.75 },
        },
        {
          inspector: "Ben Ortiz",
          id: "8",
          volume: 10,
          attach: { rate: 0.2, count: 2, of: 10, low: 0.06, high: 0.51, small_sample: true },
        },
      ],
    },
  ],
  basis: { ...BASIS, period: { from: "2026-10-01", to: "2026-10-31", timezone: "America/Denver" } },
};
const open = (options) => Host.open(chromium, { call: () => ({ content: [] }), ...options });
const words = (host, selector = "#page") => host.frame.locator(selector).innerText();

test("the page introduces itself, says that it is ready, and then how large it is", async () => {
  const host = await open();
  await host.show({}, { structuredContent: SCORES });
  const said = host.received.map(({ method }) => method);
  assert.deepEqual(said.slice(0, 3), [
    "ui/initialize",
    "ui/notifications/initialized",
    "ui/notifications/size-changed",
  ]);
  assert.equal(host.received[0].params.protocolVersion, "2026-01-26");
  const last = host.received.filter(({ method }) => method === "ui/notifications/size-changed").at(-1);
  assert.equal(
    last.params.height,
    await host.frame.evaluate(() => Math.ceil(document.body.getBoundingClientRect().height)),
  );
  await host.close();
});

test("nothing of an answer is in the page before it comes, and the page asks nobody for anything", async () => {
  assert.doesNotMatch(html, /https?:\/\/(?!www\.w3\.org)/);
  assert.match(
    html,
    /<meta\s+http-equiv="Content-Security-Policy"\s+content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"/,
  );
  const host = await open();
  assert.match(await words(host), /Waiting for the answer/);
  assert.equal(await host.frame.locator("#page").getAttribute("aria-busy"), "true");
  // The policy stops even what a mistake in the page would ask for.
  const stopped = await host.frame.evaluate(() =>
    fetch("https://example.com/").then(
      () => "asked",
      () => "stopped",
    ),
  );
  assert.equal(stopped, "stopped");
  host.complaints.length = 0;
  await host.close();
});

test("only the window that holds the page is listened to", async () => {
  const host = await open();
  const message = {
    jsonrpc: "2.0",
    method: "ui/notifications/tool-result",
    params: { content: [], structuredContent: SCORES },
  };
  await host.frame.evaluate((told) => window.postMessage(told, "*"), message);
  await host.settle();
  assert.match(await words(host), /Waiting/);
  await host.post({ ...message, jsonrpc: "1.0" });
  await host.settle();
  assert.match(await words(host), /Waiting/);
  await host.post(message);
  await host.frame.waitForSelector("table");
  await host.close();
});

test("arguments that are still being written draw nothing", async () => {
  const host = await open();
  await host.notify("ui/notifications/tool-input-partial", { arguments: { period: "last_" } });
  await host.notify("ui/notifications/tool-input", { arguments: { period: "last_month" } });
  await host.settle();
  assert.match(await words(host), /Waiting/);
  await host.close();
});

test("a withdrawn question is said, and a later answer is drawn all the same", async () => {
  const host = await open();
  await host.notify("ui/notifications/tool-cancelled", { reason: "user action" });
  await host.settle();
  assert.match(await words(host), /No answer: user action\./);
  assert.equal(await host.frame.locator("#page").getAttribute("aria-busy"), "false");
  await host.show({}, { structuredContent: SCORES });
  assert.match(await words(host), /Ada Marsh/);
  await host.close();
});

test("the end is confirmed, a ping answered, and an unknown request refused", async () => {
  const host = await open();
  await host.show({}, { structuredContent: SCORES });
  const { result } = await host.request("ui/resource-teardown", {});
  fits("McpUiResourceTeardownResult", result);
  await host.post({ id: "ping-1", method: "ping" });
  assert.deepEqual((await host.heard(({ id }) => id === "ping-1")).result, {});
  await host.post({ id: "odd-1", method: "ui/fly" });
  assert.equal((await host.heard(({ id }) => id === "odd-1")).error.code, -32601);
  await host.close();
});

test("the host's colors, theme and language are taken, also when they change", async () => {
  const host = await open({
    context: {
      styles: { variables: { "--color-background-primary": "rgb(250, 240, 230)", "--font-sans": "monospace" } },
    },
  });
  await host.show({}, { structuredContent: SCORES });
  const look = () =>
    host.frame.evaluate(() => {
      const { backgroundColor, fontFamily, color } = getComputedStyle(document.body);
      return { backgroundColor, fontFamily, color, theme: document.documentElement.dataset.theme };
    });
  const light = await look();
  assert.equal(light.backgroundColor, "rgb(250, 240, 230)");
  assert.equal(light.fontFamily, "monospace");
  assert.equal(light.theme, "light");
  await host.notify("ui/notifications/host-context-changed", {
    theme: "dark",
    locale: "fr-FR",
    styles: { variables: { "--color-background-primary": "rgb(10, 20, 30)" } },
  });
  await host.settle();
  const dark = await look();
  assert.deepEqual([dark.theme, dark.backgroundColor], ["dark", "rgb(10, 20, 30)"]);
  assert.notEqual(dark.color, light.color);
  assert.match(await words(host), /60\s% \(18 of 30\)/);
  await host.close();
});

test("without a theme of the host the system's is taken", async () => {
  const host = await open({ context: { theme: undefined }, colorScheme: "dark" });
  assert.equal(await host.frame.evaluate(() => document.documentElement.dataset.theme), "dark");
  await host.page.emulateMedia({ colorScheme: "light" });
  await host.frame.waitForFunction(() => document.documentElement.dataset.theme === "light");
  await host.close();
});

test("a box of a fixed size is kept, and what is larger is scrolled", async () => {
  const host = await open({ fixed: true, context: { containerDimensions: { width: 420, height: 300 } } });
  await host.page.evaluate(() =>
    Object.assign(document.getElementById("view").style, { width: "420px", height: "300px" }),
  );
  await host.show({}, { structuredContent: SCORES });
  const box = await host.frame.evaluate(() => {
    const root = document.documentElement;
    root.scrollTo(0, 10_000);
    return { width: root.getBoundingClientRect().width, height: root.clientHeight, scrolled: root.scrollTop };
  });
  assert.equal(box.width, 420);
  assert.equal(box.height, 300);
  assert.ok(box.scrolled > 0);
  await host.close();
});

test("nothing moves for those who want nothing to move", async () => {
  for (const [reducedMotion, wanted] of [
    ["reduce", "0s"],
    ["no-preference", "0.12s, 0.12s"],
  ]) {
    const host = await open({ reducedMotion });
    await host.show({}, { structuredContent: SCORES });
    assert.equal(
      await host.frame.evaluate(() => getComputedStyle(document.querySelector(".hit")).transitionDuration),
      wanted,
    );
    await host.close();
  }
});

test("an error is said as the tool says it, and an answer in words alone is shown", async () => {
  const host = await open();
  await host.show({}, { isError: true, content: [{ type: "text", text: "there is no company `south`" }] });
  assert.equal(await words(host, "[role=alert]"), "there is no company `south`");
  await host.show({}, { content: [{ type: "text", text: "All is well." }] });
  assert.match(await words(host), /All is well\./);
  assert.equal(await host.frame.locator("[role=alert]").count(), 0);
  await host.close();
});

test("what is missing is said loudly", async () => {
  const host = await open();
  const basis = {
    ...BASIS,
    complete: false,
    missing: ["north: jobs before 2026-08-18 are still read"],
    notes: ["weeks begin on Sunday"],
  };
  await host.show({}, { structuredContent: { ...SCORES, basis } });
  assert.equal(await words(host, ".incomplete"), "INCOMPLETE: north: jobs before 2026-08-18 are still read");
  assert.equal(await words(host, ".badge"), "Incomplete");
  assert.match(await words(host, ".basis"), /weeks begin on Sunday/);
  await host.close();
});

test("each company may have days of its own", async () => {
  const host = await open();
  const day = (company, from) => ({ company, from, to: from, timezone: "America/Denver" });
  const basis = { ...BASIS, period: { companies: [day("north", "2026-11-28"), day("south", "2026-11-29")] } };
  const south = { ...SCORES.companies[0], company: "south" };
  await host.show({}, { structuredContent: { companies: [...SCORES.companies, south], basis } });
  assert.match(await words(host, ".basis"), /Nov 28, 2026/);
  await host.frame.locator("[role=tab]").nth(1).click();
  assert.match(await words(host, ".basis"), /Nov 29, 2026/);
  await host.close();
});

test("where the host calls no tools and opens no links there are no buttons for it", async () => {
  const host = await open({ capabilities: {} });
  await host.show({}, { structuredContent: { ...SCORES, next_cursor: "more" } });
  assert.equal(await host.frame.locator(".open, .opens, .more").count(), 0);
  assert.equal(await host.frame.locator("button:not(thead button)").count(), 0);
  await host.close();
});

test("ChatGPT's older way: its object is read, its event followed, its way to call tools taken", async () => {
  const source = `<script>window.called = []; window.openai = { theme: "dark", locale: "en-US", toolInput: { period: "last_month" },
    notifyIntrinsicHeight: (height) => (window.height = height),
    openExternal: ({ href }) => (window.href = href),
    callTool: async (name, args) => { window.called.push([name, args]); return { structuredContent: { items: [], total: 0, basis: {} } }; } };</script>`;
  const host = await open({ before: source, answersInitialize: false });
  await host.frame.waitForSelector(".loading");
  assert.equal(await host.frame.evaluate(() => document.documentElement.dataset.theme), "dark");
  await host.frame.evaluate((answer) => {
    window.openai.toolOutput = answer;
    window.dispatchEvent(new CustomEvent("openai:set_globals", { detail: { globals: { toolOutput: answer } } }));
  }, SCORES);
  await host.frame.waitForSelector("table");
  await host.settle();
  assert.ok((await host.frame.evaluate(() => window.height)) > 200);
  await host.frame.locator("tbody .open").first().click();
  await host.frame.waitForSelector(".panel .found");
  const [[name, args]] = await host.frame.evaluate(() => window.called);
  assert.equal(name, "explain");
  assert.deepEqual(args, { company: "north", from: "2026-10-01", to: "2026-10-31", inspector: "7", metric: "volume" });
  assert.equal(await words(host, ".panel .found"), "No inspection is behind it.");
  await host.close();
});
