// What comes along with an answer for its pictures: days of referrals and names of companies. And pictures over time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, Host } from "./host.mjs";
import { start } from "./program.mjs";

let program, chromium;
before(async () => ([program, chromium] = await Promise.all([start(), browser()])));
after(async () => {
  await chromium?.close();
  program?.stop();
});

async function open(tool, args, change = (result) => result) {
  const result = change(await program.call(tool, args));
  const host = await Host.open(chromium, { call: program.call });
  await host.show(args, result);
  return { host, answer: result.structuredContent, meta: result._meta };
}

/** The values of the marks of a field, row by row. */
const marks = (host, field) =>
  host.frame.evaluate(
    (wanted) =>
      [...document.querySelectorAll("svg[role=img] g.row")]
        .map((row) => [...row.querySelectorAll(`[data-field="${wanted}"]`)].map((mark) => Number(mark.dataset.value)))
        .filter((values) => values.length > 0),
    field,
  );

test("each referral is a stroke on its day, as the inspections themselves say", async () => {
  const company = "spectora_company1";
  const args = { mode: "dormant", limit: 2, company };
  const { host, answer, meta } = await open("agent_analysis", args);
  const { agents } = answer.companies[0];
  const drawn = await marks(host, "referral");
  assert.equal(drawn.length, agents.length);
  const longest = Math.max(...agents.map(({ days_since: since }) => since)) + 365;
  for (const [index, agent] of agents.entries()) {
    const told = meta["spectora/referrals"][company][agent.id];
    assert.equal(told[0], agent.days_since);
    assert.equal(told.length, agent.referrals_ever);
    assert.deepEqual(
      drawn[index],
      told.filter((ago) => ago <= longest),
    );
    // Counted from the inspections, which the answer does not have.
    const list = { company, agent: agent.id, agent_role: "buying", to: answer.basis.period.to, limit: 100 };
    const { structuredContent: found } = await program.call("list_inspections", list);
    const now = Date.parse(answer.basis.as_of);
    const days = found.items.map(({ starts_at: startsAt }) => Math.round((now - Date.parse(startsAt)) / 86_400_000));
    days.sort((one, other) => one - other);
    // The two are asked a moment apart, and between them a half day may begin.
    const apart = told.slice(0, 50).map((ago, place) => Math.abs(ago - days[place]));
    assert.ok(Math.max(...apart) <= 1, `${told} ${days}`);
  }
  await host.close();
});

test("the days of the agents on the next page come along with it", async () => {
  const { host } = await open("agent_analysis", { mode: "dormant", limit: 3 });
  await host.frame.locator(".more").click();
  await host.frame.waitForFunction(() => document.querySelectorAll("table[data-list=agents] tbody tr").length > 3);
  await host.settle();
  assert.equal((await marks(host, "referral")).length, 6);
  await host.close();
});

test("without what comes along there is the silence alone, under the companies' names in the settings", async () => {
  const { host, answer } = await open("agent_analysis", { mode: "dormant" }, ({ _meta: _, ...result }) => result);
  const { companies } = answer;
  assert.deepEqual(await marks(host, "referral"), []);
  assert.deepEqual(
    (await marks(host, "days_since")).flat(),
    companies[0].agents.map(({ days_since: since }) => since),
  );
  const tabs = await host.frame.locator("[role=tab]").allTextContents();
  assert.deepEqual(tabs.slice(0, 2), [companies[0].company, companies[1].company]);
  await host.close();
});

test("what comes along and is not what it should be is left out", async () => {
  const odd = ({ _meta: _, ...result }) => ({
    ...result,
    _meta: {
      "spectora/referrals": { spectora_company1: { 310190: "x", __proto__: [1] }, spectora_residential: 7 },
      "spectora/companies": { spectora_company1: ["<b>x</b>"], spectora_residential: "   " },
      "spectora/places": [1],
    },
  });
  const { host, answer } = await open("agent_analysis", { mode: "dormant" }, odd);
  assert.deepEqual(await marks(host, "referral"), []);
  const tabs = await host.frame.locator("[role=tab]").allTextContents();
  assert.deepEqual(
    tabs.slice(0, 2),
    answer.companies.map(({ company }) => company),
  );
  await host.close();
});

test("one company alone is named in the heading", async () => {
  const { host, meta } = await open("inspector_scorecard", { company: "spectora_residential" });
  const name = meta["spectora/companies"].spectora_residential;
  assert.equal(await host.frame.locator(".head .name").textContent(), name);
  await host.close();
});

test("months are columns from the earliest on, each as high as its number", async () => {
  const { host, answer } = await open("breakdown", { by: ["month"], measures: ["booked"], period: "last_365_days" });
  const columns = await host.frame.evaluate(() =>
    [...document.querySelectorAll("rect[data-field=booked]")].map((column) => {
      const { left, height } = column.getBoundingClientRect();
      return { left, height, value: Number(column.dataset.value) };
    }),
  );
  const months = [...answer.rows].sort((one, other) => (one.month < other.month ? -1 : 1));
  assert.deepEqual(
    columns.map(({ value }) => value),
    months.map(({ booked }) => booked),
  );
  assert.ok(columns.every(({ left }, index) => index === 0 || left > columns[index - 1].left));
  const shares = columns.filter(({ value }) => value > 20).map(({ height, value }) => height / value);
  assert.ok(Math.max(...shares) - Math.min(...shares) < 0.02, `${shares}`);
  await host.close();
});

test("what follows on the next pages is said with its sums", async () => {
  const { host, answer } = await open("agent_analysis", {});
  const [{ not_shown: rows, referrals_not_shown: referrals }] = answer.companies;
  const said = await host.frame.locator(".following").textContent();
  assert.match(said, new RegExp(`^${rows} more rows follow: referrals ${referrals.toLocaleString("en-US")}, quoted`));
  await host.close();
});
