// Answers that were made to do harm, or that are not what the page expects. It must neither run nor break, and say what it can.
import assert from "node:assert/strict";
import { env } from "node:process";
import { after, before, test } from "node:test";
import { browser, Host } from "./host.mjs";
import { start } from "./program.mjs";

let program, chromium;
before(async () => {
  program = await start();
  chromium = await browser();
});
after(async () => {
  await chromium?.close();
  program?.stop();
});

const NAMES = [
  '<img src=x onerror="alert(1)"><script>alert(2)</script>',
  '"><svg onload=alert(3)>',
  "\u202Egnp.exe\u202C \u2067right to left\u2069 \u202E",
  "W".repeat(300),
  "a\u0301".repeat(150),
  "👩‍👩‍👧‍👦".repeat(60),
  "مراد الشريف",
  "javascript:alert(4)",
  "</style></script><b>bold</b>",
  "",
];
const BASIS = {
  as_of: "2026-11-29T09:45:26Z",
  source: "mirror",
  complete: false,
  missing: NAMES,
  notes: NAMES,
  period: { from: NAMES[0], to: NAMES[3], timezone: NAMES[2] },
};
const rate = { rate: 0.5, count: 5, of: 10, low: 0.2, high: 0.8 };
const companies = (make) => [NAMES[0], NAMES[3]].map((company) => ({ company, ...make() }));
const answers = {
  inspector_scorecard: companies(() => ({
    whole_company: { volume: 10, attach: rate },
    inspectors: NAMES.map((inspector, at) => ({
      inspector,
      id: inspector,
      volume: at,
      attach: rate,
      cancellation: rate,
    })),
  })),
  agent_analysis: companies(() => ({
    found: 9,
    rule: NAMES[0],
    agents: NAMES.map((agent) => ({
      agent,
      agency: agent,
      id: agent,
      last: agent,
      days_since: 90,
      usual_gap_days: 9,
      referrals_ever: 3,
    })),
  })),
  service_mix: companies(() => ({
    services: NAMES.map((name) => ({ name, ...rate })),
    add_ons: [],
    groups: NAMES.map((group) => ({ group, volume: 4, attach: rate, add_ons: [{ name: group, rate: 0.1 }] })),
  })),
  prep_briefing: companies(() => ({
    jobs_booked: 9,
    attention: NAMES,
    jobs: NAMES.map((name) => ({
      time: "09:30",
      id: name,
      hours: 2,
      inspectors: [name],
      address: name,
      clients: [name],
      services: [name],
      agent: name,
      agent_background: name,
      notes: name,
      portal_link: name,
    })),
  })),
  capacity_plan: companies(() => ({
    model: NAMES[0],
    busy_week: 9,
    weeks: NAMES.map((name) => ({ week_of: name, booked: 3, forecast: 4, range_80: { low: 1, high: 5 } })),
    inspectors: NAMES.map((inspector) => ({ inspector, utilization: rate })),
  })),
  data_quality: companies(() => ({
    findings: NAMES.map((what) => ({ what, count: 1, of: 2, distorts: what, examples: NAMES })),
  })),
  other: companies(() => ({
    anything: NAMES,
    [NAMES[0]]: NAMES[1],
    deep: { deeper: { deepest: NAMES } },
    list: NAMES.map((name) => ({ [name]: name })),
  })),
};
answers.breakdown = undefined;

for (const tool of Object.keys(answers)) {
  test(`${tool}: names that were made to do harm are only shown`, async () => {
    const rows = NAMES.map((name) => ({ agent: name, service: name, booked: 2 }));
    const answer =
      tool === "breakdown"
        ? { rows, adds_up: true, totals: { booked: 2 }, companies: [], basis: BASIS }
        : { companies: answers[tool], basis: BASIS };
    for (const width of [1024, 320]) {
      const host = await Host.open(chromium, {
        width,
        call: () => ({
          content: [],
          structuredContent: { items: [{ id: NAMES[0], inspector: NAMES[2] }], basis: BASIS },
        }),
      });
      await host.show(
        { by: NAMES },
        {
          structuredContent: answer,
          _meta: { "spectora/places": { [NAMES[0]]: ["<b>", {}], [NAMES[3]]: [39, -105], [NAMES[6]]: [39.1, -105.1] } },
        },
      );
      const made = await host.frame.evaluate(
        () =>
          document.querySelectorAll(
            "#page :is(img, script, b:not(.remark b, .attention b), a, iframe, object, [onload], [onerror], [style])",
          ).length,
      );
      assert.equal(made, 0, "the answer has made elements");
      await host.isNoWider();
      const openers = host.frame.locator("tbody .open, .card .plain");
      if ((await openers.count()) > 0) {
        await openers.first().evaluate((button) => button.click());
        await host.frame.waitForSelector(".panel .answer > :not(.loading)");
      }
      if (width === 1024 && ["inspector_scorecard", "prep_briefing"].includes(tool))
        await host.picture(`${env.PICTURES}/hostile-${tool}.png`);
      assert.deepEqual(host.opened, []);
      await host.close();
    }
  });
}

test("a long name is cut with three dots, and is whole in its title", async () => {
  const host = await Host.open(chromium, { call: () => ({ content: [] }) });
  await host.show({}, { structuredContent: { companies: answers.inspector_scorecard, basis: BASIS } });
  const label = await host.frame.evaluate(() =>
    [...document.querySelectorAll("svg .name")].map((each) => each.textContent).find((each) => each.startsWith("WWW")),
  );
  assert.match(label, /^W{5,40}…$/);
  const whole = await host.frame.locator(`bdi[title="${NAMES[3]}"]`).first().getAttribute("title");
  assert.equal(whole, NAMES[3]);
  // Signs made of several characters are cut between, never inside.
  const family = await host.frame.evaluate(() =>
    [...document.querySelectorAll("svg .name")].map((each) => each.textContent).find((each) => each.includes("👩")),
  );
  assert.match(family, /^(👩‍👩‍👧‍👦)+…$/u);
  // A name that turns the direction of writing turns its own alone.
  const turned = await host.frame.evaluate(() =>
    [...document.querySelectorAll("bdi")].every((each) => getComputedStyle(each).unicodeBidi.includes("isolate")),
  );
  assert.ok(turned);
  await host.close();
});

// The same numbers each time, so that what fails fails again.
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % sides;
  };
}

const ODD = [
  null,
  true,
  -1,
  0,
  1e300,
  0.1,
  "",
  "12.50",
  "2026-13-45",
  "99:99",
  NAMES[0],
  [],
  {},
  [null],
  [[1]],
  { rate: "x" },
  { rate: 2, low: 3, high: -1 },
  { rate: 0.5, count: 1, of: 0 },
  [{ name: null }],
];

/** A copy in which some values are others. */
function spoiled(value, roll) {
  if (roll(12) === 0) return ODD[roll(ODD.length)];
  if (Array.isArray(value)) return value.map((each) => spoiled(each, roll));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(() => roll(25) > 0)
      .map(([name, each]) => [name, spoiled(each, roll)]),
  );
}

test("answers with odd values in any place are drawn as far as they go", async () => {
  const asked = [
    ["inspector_scorecard", { detail: "full" }],
    ["agent_analysis", {}],
    ["agent_analysis", { mode: "dormant" }],
    ["service_mix", { detail: "full" }],
    ["prep_briefing", {}],
    ["capacity_plan", {}],
    ["breakdown", { by: ["zip"] }],
    ["data_quality", {}],
  ];
  const host = await Host.open(chromium, { call: () => ({ content: [] }) });
  for (const [tool, args] of asked) {
    const { structuredContent: answer } = await program.call(tool, args);
    for (let seed = 1; seed <= 25; seed += 1) {
      const roll = dice(seed * 7919);
      const structuredContent = Object.fromEntries(
        Object.entries(answer).map(([name, value]) => [name, spoiled(value, roll)]),
      );
      await host.notify("ui/notifications/tool-input", { arguments: args });
      await host.post({ method: "ui/notifications/tool-result", params: { content: [], structuredContent } });
      await host.frame.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
      assert.deepEqual(host.complaints, [], `${tool} with seed ${seed}`);
      assert.ok((await host.frame.locator("h1").count()) === 1, `${tool} with seed ${seed} shows nothing`);
    }
  }
  await host.close();
});

test("a result that is no object, and tools with strange names, are taken calmly", async () => {
  const host = await Host.open(chromium, { call: () => ({ content: [] }) });
  for (const name of ["__proto__", "constructor", "toString"]) {
    await host.notify("ui/notifications/host-context-changed", {
      toolInfo: { tool: { name, inputSchema: { type: "object" } } },
    });
    await host.post({
      method: "ui/notifications/tool-result",
      params: { content: [], structuredContent: { [name]: 1, items: [{ [name]: "x", other: 2 }] } },
    });
    await host.settle();
    assert.equal(await host.frame.locator("h1").count(), 1);
  }
  for (const params of [null, 5, [], { structuredContent: "text" }, { content: "text" }, { structuredContent: [] }])
    await host.post({ method: "ui/notifications/tool-result", params });
  await host.settle();
  assert.equal(await host.frame.locator("h1").count(), 1);
  await host.close();
});
