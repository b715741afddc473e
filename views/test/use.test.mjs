// What a person does with a view: sorts, searches, opens what is behind a number, goes on to the next page, by mouse or keys.
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

async function open(tool, args, options = {}) {
  const result = await program.call(tool, args);
  assert.ok(!result.isError, JSON.stringify(result.content));
  const host = await Host.open(chromium, { call: program.call, ...options });
  await host.show(args, result);
  return { host, answer: result.structuredContent, names: result._meta["spectora/companies"] };
}

const column = (host, list, field) =>
  host.frame.evaluate(
    ([wanted, name]) =>
      [...document.querySelector(`table[data-list="${wanted}"]`).tBodies[0].rows].map((row) =>
        JSON.parse(row.querySelector(`[data-field="${name}"]`).dataset.value ?? "null"),
      ),
    [list, field],
  );
const said = (host) => host.frame.locator("#says").textContent();

test("a click on a head sorts, and the next one turns it round", async () => {
  const { host, answer } = await open("inspector_scorecard", {});
  const head = host.frame.locator("th[data-field=quoted_revenue]");
  const money = answer.companies[0].inspectors
    .map((row) => Number(row.quoted_revenue))
    .sort((one, other) => one - other);
  await head.getByRole("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  assert.deepEqual((await column(host, "inspectors", "quoted_revenue")).map(Number), money.toReversed());
  await head.getByRole("button").press("Enter");
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  assert.deepEqual((await column(host, "inspectors", "quoted_revenue")).map(Number), money);
  assert.equal(await said(host), "Sorted by Quoted revenue, lowest first");
  // A row without a value is last either way.
  for (const _ of [1, 2]) {
    await host.frame.locator("th[data-field=assists] button").click();
    assert.equal((await column(host, "inspectors", "assists")).at(-1), null);
  }
  await host.frame.locator("thead th[data-field=inspector] button").click();
  const names = await column(host, "inspectors", "inspector");
  assert.deepEqual(
    names,
    [...names].sort((one, other) => one.localeCompare(other)),
  );
  assert.equal(await host.frame.locator("[aria-sort]").count(), 1);
  await host.close();
});

test("a long table is searched, a short one has no field for it", async () => {
  const { host, answer } = await open("breakdown", { by: ["zip", "service"] });
  assert.equal(await host.frame.locator("input[type=search]").count(), 1);
  await host.frame.getByLabel("Filter").fill("CONDO");
  const wanted = answer.rows.filter(({ service }) => service.includes("Condo"));
  assert.equal((await column(host, "rows", "zip")).length, wanted.length);
  assert.equal(await said(host), `${wanted.length} of ${answer.rows.length} rows`);
  await host.frame.getByLabel("Filter").fill("no such words");
  assert.ok(await host.frame.getByText("No row has these words.").first().isVisible());
  await host.close();
  const { host: short } = await open("inspector_scorecard", {});
  assert.equal(await short.frame.locator("input[type=search]").count(), 0);
  await short.close();
});

test("a row opens the inspections behind its numbers, and Escape closes them again", async () => {
  const { host, answer } = await open("inspector_scorecard", {});
  const [{ company, inspectors }] = answer.companies;
  const row = host.frame.locator("tbody .open").first();
  await row.focus();
  await host.page.keyboard.press("Enter");
  await host.frame.waitForSelector(".panel table");
  const { from, to } = answer.basis.period;
  assert.deepEqual(host.calls(), [
    { name: "explain", arguments: { company, from, to, inspector: inspectors[0].id, metric: "volume" } },
  ]);
  assert.equal(await host.frame.locator(".panel .found").textContent(), `${inspectors[0].volume} inspections`);
  assert.match(await host.frame.locator(".panel .notes").textContent(), /^volume: /);
  assert.equal(await said(host), `${inspectors[0].volume} found`);
  assert.ok(await host.frame.evaluate(() => document.activeElement.classList.contains("panel")));
  await host.frame.locator(".panel .choice", { hasText: "With add-ons" }).click();
  await host.frame.getByText(`${inspectors[0].attach.count} inspections`).waitFor();
  assert.equal(await host.frame.locator(".panel [aria-pressed=true]").textContent(), "With add-ons");
  await host.isUsable();
  await host.picture(`${env.PICTURES}/panel-light-1024.png`);
  await host.resize(360);
  await host.picture(`${env.PICTURES}/panel-light-360.png`);
  await host.page.keyboard.press("Escape");
  assert.equal(await host.frame.locator(".panel").isVisible(), false);
  assert.equal(await host.frame.evaluate(() => document.activeElement.textContent), inspectors[0].inspector);
  await host.close();
});

test("a mark in a picture opens the same as its row", async () => {
  const { host, answer } = await open("agent_analysis", { mode: "dormant" });
  await host.frame.locator("svg .opens").nth(1).click();
  await host.frame.waitForSelector(".panel table");
  assert.equal(host.calls()[0].arguments.agent, answer.companies[0].agents[1].id);
  await host.close();
});

test("an inspection is opened in Spectora through the host alone", async () => {
  const { host } = await open("inspector_scorecard", {});
  await host.frame.locator("tbody .open").first().click();
  await host.frame.locator(".panel tbody .open").first().click();
  await host.heard(({ method }) => method === "ui/open-link");
  assert.match(host.opened[0], /^https:\/\/portal\.spectora\.com\//);
  await host.close();
});

test("the panel goes on to the next page, and so does the answer itself", async () => {
  const { host, answer } = await open("agent_analysis", { mode: "dormant" });
  const [first] = answer.companies;
  await host.frame.locator("tbody .open").first().click();
  await host.frame.locator(".panel .plain", { hasText: "Show more" }).click();
  await host.frame.waitForFunction(() => document.querySelectorAll(".panel tbody tr").length > 25);
  assert.equal(await host.frame.locator(".panel tbody tr").count(), Math.min(50, first.agents[0].referrals_ever));
  await host.page.keyboard.press("Escape");
  await host.frame.locator(".more").click();
  await host.frame.waitForFunction(() => document.querySelectorAll("table[data-list=agents] tbody tr").length > 10);
  const next = await program.call("agent_analysis", { mode: "dormant", cursor: answer.next_cursor });
  const both = [...first.agents, ...next.structuredContent.companies[0].agents].map(({ agent }) => agent);
  assert.deepEqual(await column(host, "agents", "agent"), both);
  assert.equal(await said(host), "More rows were added");
  await host.close();
});

test("to the last page, without a row twice or left out", async () => {
  const { host, answer } = await open("breakdown", { by: ["zip"], limit: 30 });
  while ((await host.frame.locator(".more").count()) > 0) {
    const before = await host.frame.locator("table[data-list=rows] tbody tr").count();
    await host.frame.locator(".more").click();
    await host.frame.waitForFunction(
      (had) => document.querySelectorAll("table[data-list=rows] tbody tr").length > had,
      before,
    );
  }
  const zips = await column(host, "rows", "zip");
  assert.equal(new Set(zips).size, zips.length);
  const booked = (await column(host, "rows", "booked")).reduce((sum, count) => sum + count, 0);
  assert.equal(booked, answer.totals.booked);
  assert.equal(await host.frame.getByText(/^Others/).count(), 0);
  await host.close();
});

test("what fails can be tried again, and a late answer to another question is not shown", async () => {
  let fails = 1;
  const slow = [];
  const call = async (name, args) => {
    if (args.metric === "canceled") await new Promise((resolve) => slow.push(resolve));
    if (fails > 0) {
      fails -= 1;
      throw new Error("the server is away");
    }
    return program.call(name, args);
  };
  const { host, answer } = await open("inspector_scorecard", {}, { call });
  await host.frame.locator("tbody .open").first().click();
  await host.frame.locator(".panel [role=alert]").waitFor();
  assert.equal(await host.frame.locator(".panel [role=alert]").textContent(), "the server is away");
  await host.frame.locator(".panel .plain", { hasText: "Try again" }).click();
  await host.frame.waitForSelector(".panel table");
  await host.frame.locator(".choice", { hasText: "Canceled" }).click();
  assert.equal(await host.frame.locator(".panel .loading").textContent(), "Loading …");
  await host.frame.locator(".choice", { hasText: "With add-ons" }).click();
  await host.frame.waitForSelector(".panel table");
  slow.forEach((resolve) => resolve());
  await host.settle();
  assert.equal(
    await host.frame.locator(".panel .found").textContent(),
    `${answer.companies[0].inspectors[0].attach.count} inspections`,
  );
  await host.close();
});

test("the error of a tool is shown in its own words", async () => {
  const call = () => ({ isError: true, content: [{ type: "text", text: "you may not see this" }] });
  const { host } = await open("inspector_scorecard", {}, { call });
  await host.frame.locator("tbody .open").first().click();
  await host.frame.getByText("you may not see this").waitFor();
  await host.close();
});

test("arrow keys go from company to company", async () => {
  const { host, answer, names } = await open("inspector_scorecard", {});
  const tabs = host.frame.locator("[role=tab]");
  const companies = answer.companies.map(({ company }) => names[company]);
  assert.deepEqual(await tabs.allTextContents(), [...companies, "All together"]);
  await tabs.first().focus();
  await host.page.keyboard.press("ArrowRight");
  assert.equal(await host.frame.evaluate(() => document.activeElement.textContent), companies[1]);
  assert.equal(await tabs.nth(1).getAttribute("aria-selected"), "true");
  assert.equal((await column(host, "inspectors", "inspector")).length, answer.companies[1].inspectors.length);
  await host.page.keyboard.press("ArrowLeft");
  await host.page.keyboard.press("ArrowLeft");
  assert.equal(await host.frame.evaluate(() => document.activeElement.textContent), "All together");
  assert.match(await host.frame.locator(".figures").textContent(), new RegExp(`Inspections${answer.combined.volume}`));
  await host.close();
});

test("keys alone reach everything, and one sees where they are", async () => {
  const { host } = await open("agent_analysis", {});
  const reachable = await host.frame.evaluate(
    () =>
      [...document.querySelectorAll("button, input, select, summary, [tabindex='0']")].filter(
        (each) => each.tabIndex >= 0 && each.checkVisibility(),
      ).length,
  );
  await host.frame.locator("[role=tab]").first().focus();
  const reached = new Set();
  for (let step = 0; step < reachable + 5; step += 1) {
    const at = await host.frame.evaluate(() => {
      const now = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(now);
      now.dataset.reached ??= String(Math.random());
      return {
        is: now === document.body ? "" : now.dataset.reached,
        outline: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
        what: now.outerHTML.slice(0, 80),
      };
    });
    if (at.is) {
      assert.ok(at.outline, `no focus to see on ${at.what}`);
      reached.add(at.is);
    }
    await host.page.keyboard.press("Tab");
  }
  assert.equal(reached.size, reachable);
  await host.close();
});

// The numbers in a row, and how many inspections stand behind each: what is behind one is shown at once, the others are chosen.
async function behind(host, index, wanted) {
  const row = host.frame.locator("table[data-list]").first().locator("tbody .open").nth(index);
  await row.click();
  // On a busy machine the table may be drawn anew just under the pointer, and the click is lost.
  const isOpen = await host.frame.waitForSelector(".panel .choice, .panel .found", { timeout: 5000 }).catch(() => null);
  if (!isOpen) await row.click();
  for (const [choice, number] of Object.entries(wanted)) {
    const button = host.frame.locator(".panel .choice", { hasText: choice }).first();
    if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
    await host.frame.waitForSelector(".panel .found, .panel [role=alert]");
    const shown = await host.frame.locator(".panel .found, .panel [role=alert]").textContent();
    const count = /^[\d,]+/.exec(shown)?.[0].replace(",", "") ?? shown;
    assert.equal(
      count === "No inspection is behind it." ? 0 : Number(count),
      number,
      `${choice} of row ${index}: ${shown}`,
    );
  }
  await host.page.keyboard.press("Escape");
}

test("as many inspections stand behind each number as it says", async () => {
  const scores = await open("inspector_scorecard", {});
  for (const [index, row] of scores.answer.companies[0].inspectors.entries())
    await behind(scores.host, index, {
      Inspections: row.volume,
      "With add-ons": row.attach.count,
      Canceled: row.cancellation.count,
      ...(row.assists ? { Assists: row.assists } : {}),
    });
  await scores.host.close();
  const top = await open("agent_analysis", { limit: 4 });
  for (const [index, row] of top.answer.companies[0].agents.entries())
    await behind(top.host, index, { Referrals: row.referrals, "Selling side": row.selling_side });
  await top.host.close();
  const quiet = await open("agent_analysis", { mode: "dormant", limit: 3 });
  for (const [index, row] of quiet.answer.companies[0].agents.entries())
    await behind(quiet.host, index, { Referrals: row.referrals_ever });
  await quiet.host.close();
  for (const by of ["zip", "month", "agent"]) {
    const mix = await open("service_mix", { by, limit: 3 });
    const rows = mix.answer.companies[0].groups.filter(({ group }) => !group.startsWith("("));
    for (const [index, row] of rows.entries())
      await behind(mix.host, index, { Inspections: row.volume, "With add-ons": row.attach.count });
    await mix.host.close();
  }
  const plan = await open("capacity_plan", {});
  for (const [index, row] of plan.answer.companies[0].weeks.entries())
    await behind(plan.host, index, { Booked: row.booked });
  await plan.host.close();
  const rows = await open("breakdown", {
    by: ["inspector", "weekday"],
    measures: ["booked", "performed", "canceled"],
    limit: 3,
  });
  for (const [index, row] of rows.answer.rows.entries())
    await behind(rows.host, index, { Booked: row.booked, Performed: row.performed, Canceled: row.canceled });
  await rows.host.close();
});

test("the filters of a question hold for what is behind it", async () => {
  const { host, answer } = await open("inspector_scorecard", { zip: "80202", period: "last_365_days" });
  await behind(host, 0, { Inspections: answer.companies[0].inspectors[0].volume });
  assert.equal(host.calls()[0].arguments.zip, "80202");
  await host.close();
});

test("a job's details are asked for by its id", async () => {
  const day = await program.call("list_inspections", { status: ["upcoming"], sort: "oldest", limit: 1 });
  const [{ starts_at: startsAt }] = day.structuredContent.items;
  const { host, answer, names } = await open("prep_briefing", { day: startsAt.slice(0, 10) });
  const company = answer.companies.find(({ jobs }) => jobs?.length);
  if (answer.companies.length > 1) await host.frame.locator("[role=tab]", { hasText: names[company.company] }).click();
  await host.frame.locator(".card .plain", { hasText: "Details" }).first().click();
  await host.frame.waitForSelector(".panel .pairs");
  const [call] = host.calls();
  assert.equal(call.name, "get_inspection");
  const job = company.jobs.find(({ id }) => id === call.arguments.inspection);
  assert.match(
    await host.frame.locator(".panel .pairs").first().textContent(),
    new RegExp(job.address.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")),
  );
  await host.close();
});
