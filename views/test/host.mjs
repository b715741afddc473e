// A host as the extension for apps describes it: it shows the built page in a sandboxed frame and exchanges messages with it.
// Every message of the page is checked against the schema that the extension's package publishes, and our own ones too.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { env, getuid } from "node:process";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const schema = JSON.parse(readFileSync(require.resolve("@modelcontextprotocol/ext-apps/schema.json"), "utf8"));
/** The rules of axe-core, as a script that is put into a page. */
export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
const compiled = new Map();

/** Fails where a value is not what the schema of this name says. */
export function fits(name, value) {
  if (!compiled.has(name)) compiled.set(name, ajv.compile(schema.$defs[name]));
  const check = compiled.get(name);
  assert.ok(check(value), `${name}: ${ajv.errorsText(check.errors)} in ${JSON.stringify(value).slice(0, 300)}`);
}

const FROM_VIEW = {
  "ui/initialize": "McpUiInitializeRequest",
  "ui/notifications/initialized": "McpUiInitializedNotification",
  "ui/notifications/size-changed": "McpUiSizeChangedNotification",
  "ui/open-link": "McpUiOpenLinkRequest",
};
const FROM_HOST = {
  "ui/notifications/tool-input": "McpUiToolInputNotification",
  "ui/notifications/tool-input-partial": "McpUiToolInputPartialNotification",
  "ui/notifications/tool-result": "McpUiToolResultNotification",
  "ui/notifications/tool-cancelled": "McpUiToolCancelledNotification",
  "ui/notifications/host-context-changed": "McpUiHostContextChangedNotification",
  "ui/resource-teardown": "McpUiResourceTeardownRequest",
};

export const html = readFileSync(new URL("../dist/insight.html", import.meta.url), "utf8");

export function browser() {
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-gpu", "--no-first-run"];
  const sandbox = getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({
    executablePath: env.CHROMIUM,
    headless: true,
    args: [...quiet, ...sandbox, "--host-resolver-rules=MAP * ~NOTFOUND"],
  });
}

// To make a page takes longer than most tests. What is shown sits in a frame that keeps nothing, so that a page can be used
// again once its frame is gone.
const free = new WeakMap();

async function emptyPage(browser) {
  if (!free.has(browser)) free.set(browser, []);
  const known = free.get(browser).pop();
  if (known) return known;
  const page = await browser.newPage();
  const complain = (told) => page.host?.complaints.push(told);
  page.on("request", (request) => complain(`asks ${request.url()}`));
  page.on("pageerror", (error) => complain(error.message));
  page.on("console", (message) => message.type() === "error" && complain(message.text()));
  page.on("dialog", (dialog) => {
    complain(`says ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.exposeBinding("hear", (_, message) => page.host?.hear(message));
  await page.setContent("<!doctype html><style>body{margin:0}iframe{width:100%;border:0;display:block}</style>");
  return page;
}

/** The published schema wants every color at once, and takes no box of a fixed size, both unlike the types it is made from. */
function loose({ styles: _, containerDimensions: __, ...context }) {
  return context;
}

/** What a host tells if nothing else is asked for. */
const CAPABILITIES = { serverTools: {}, openLinks: {} };
const CONTEXT = { theme: "light", locale: "en-US", timeZone: "America/Denver", displayMode: "inline", platform: "web" };

export class Host {
  received = [];
  sent = [];
  complaints = [];
  opened = [];
  lastId = 0;

  /** `call` answers the page's calls of tools; `before` stands in the page before its own script. */
  constructor(page, { capabilities = CAPABILITIES, context = {}, call, answersInitialize = true, fixed }) {
    Object.assign(this, { page, capabilities, context: { ...CONTEXT, ...context }, call, answersInitialize, fixed });
  }

  static async open(
    browser,
    { width = 1024, colorScheme = "light", reducedMotion = "reduce", before = "", fixed = false, ...rest } = {},
  ) {
    const page = await emptyPage(browser);
    const host = new Host(page, { ...rest, fixed });
    page.host = host;
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion });
    await page.evaluate(
      ([source, fixed]) => {
        const view = document.createElement("iframe");
        Object.assign(view, { id: "view", title: "View", sandbox: "allow-scripts", srcdoc: source });
        window.listener = (event) => {
          if (event.source !== view.contentWindow) return;
          if (event.data?.method === "ui/notifications/size-changed" && !fixed)
            view.style.height = `${event.data.params.height}px`;
          window.hear(event.data);
        };
        window.addEventListener("message", window.listener);
        document.body.append(view);
      },
      [html.replace("<title>", () => `${before}<title>`), fixed],
    );
    host.frame = await (await page.waitForSelector("#view")).contentFrame();
    if (host.answersInitialize) await host.heard((message) => message.method === "ui/notifications/initialized");
    else await host.frame.waitForSelector("#page");
    return host;
  }

  async hear(message) {
    this.received.push(message);
    try {
      assert.equal(message.jsonrpc, "2.0");
      const { jsonrpc: _, id, ...said } = message;
      if (!said.method) return;
      assert.equal(id !== undefined, !said.method.startsWith("ui/notifications/"), `an id with ${said.method}`);
      if (said.method in FROM_VIEW) fits(FROM_VIEW[said.method], said);
      else {
        assert.equal(said.method, "tools/call");
        assert.deepEqual(Object.keys(said.params), ["name", "arguments"]);
      }
      await this.answer(id, said);
    } catch (error) {
      // What is said while the page goes cannot be answered any more.
      if (!this.isClosing) this.complaints.push(error.message);
    }
  }

  async answer(id, { method, params }) {
    if (method === "ui/initialize" && this.answersInitialize) {
      const result = {
        protocolVersion: params.protocolVersion,
        hostInfo: { name: "Test host", version: "1.0.0" },
        hostCapabilities: this.capabilities,
        hostContext: this.context,
      };
      fits("McpUiInitializeResult", { ...result, hostContext: loose(this.context) });
      await this.post({ id, result });
    }
    if (method === "ui/open-link") {
      this.opened.push(params.url);
      await this.post({ id, result: {} });
    }
    if (method === "tools/call") {
      try {
        await this.post({ id, result: await this.call(params.name, params.arguments) });
      } catch (error) {
        await this.post({ id, error: { code: -32603, message: error.message } });
      }
    }
  }

  async post(message) {
    this.sent.push(message);
    await this.page.evaluate((told) => document.getElementById("view").contentWindow.postMessage(told, "*"), {
      jsonrpc: "2.0",
      ...message,
    });
  }

  async notify(method, params) {
    fits(FROM_HOST[method], { method, params: method.endsWith("changed") ? loose(params) : params });
    await this.post({ method, params });
  }

  async request(method, params) {
    fits(FROM_HOST[method], { method, params });
    this.lastId += 1;
    const id = `host-${this.lastId}`;
    await this.post({ id, method, params });
    return this.heard((message) => message.id === id);
  }

  /** Shows the answer of a tool, and waits until it is drawn. */
  async show(args, result) {
    await this.notify("ui/notifications/tool-input", { arguments: args });
    await this.notify("ui/notifications/tool-result", { content: [], ...result });
    await this.frame.waitForSelector("#page[aria-busy=false]");
    await this.settle();
  }

  /** Waits until the pictures are drawn and the frame has the height that the page asked for. */
  async settle() {
    await this.frame.evaluate(async (asksForHeight) => {
      let before, same;
      for (let round = 0; round < 100 && !(same >= 3); round += 1) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const { height } = document.body.getBoundingClientRect();
        const now = `${innerWidth} ${innerHeight} ${height} ${document.querySelectorAll("svg *").length}`;
        same = now === before && (!asksForHeight || innerHeight === Math.ceil(height)) ? same + 1 : 0;
        before = now;
      }
    }, this.answersInitialize && !this.fixed);
  }

  async resize(width) {
    await this.page.setViewportSize({ width, height: 900 });
    await this.frame.waitForFunction((wanted) => innerWidth === wanted, width);
    await this.settle();
  }

  /** Fails on whatever axe-core knows to keep people out. */
  async isUsable() {
    if (!(await this.frame.evaluate(() => "axe" in window))) await this.frame.evaluate(axe);
    const found = await this.frame.evaluate(async () => {
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
    });
    assert.deepEqual(found, []);
  }

  /** Fails where something is wider than the page, and says what. */
  async isNoWider() {
    const wide = await this.frame.evaluate(() => {
      const room = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= room) return [];
      const all = [...document.querySelectorAll("body *")].filter(
        (each) => !each.parentElement.closest(".scroller, .tabs") && each.getBoundingClientRect().right > room,
      );
      return all
        .slice(-6)
        .map((each) => `${each.outerHTML.slice(0, 120)} ends at ${each.getBoundingClientRect().right} of ${room}`);
    });
    assert.deepEqual(wide, []);
  }

  /** The whole view as a picture. What is outside the window is not painted, so the window is made as high. */
  async picture(path) {
    const { width, height } = await this.page.locator("#view").boundingBox();
    await this.page.setViewportSize({ width, height: Math.ceil(height) });
    await this.settle();
    await this.page.locator("#view").screenshot({ path });
  }

  async heard(wanted) {
    for (let round = 0; round < 400; round += 1) {
      const found = this.received.find(wanted);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(
      `the page did not say it; it said ${this.received.map(({ method }) => method).join(", ")}; ${this.complaints.join("; ")}`,
    );
  }

  calls() {
    return this.received.filter(({ method }) => method === "tools/call").map(({ params }) => params);
  }

  /** Ends it, and fails where the page did what it must not. */
  async close() {
    this.isClosing = true;
    await this.page.evaluate(() => {
      window.removeEventListener("message", window.listener);
      document.getElementById("view").remove();
    });
    this.page.host = undefined;
    free.get(this.page.context().browser()).push(this.page);
    assert.deepEqual(this.complaints, []);
  }
}
