// Each answer as the program gives it: its numbers are those of the tables and pictures.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answersOf } from "./asked.mjs";
import { browser, Host } from "./host.mjs";
import { placesOf, start } from "./program.mjs";

let program, chromium, answers;

before(async () => {
  program = await start();
  chromium = await browser();
  answers = await answersOf(program.call);
  for (const [name, { result }] of Object.entries(answers))
    assert.ok(result.structuredContent && !result.isError, `${name}: ${JSON.stringify(result.content)}`);
});

after(async () => {
  await chromium?.close();
  program?.stop();
});

async function open(name, options = {}) {
  const { tool, args, result } = answers[name];
  const host = await Host.open(chromium, { call: program.call, ...options });
  if (options.tellsTool)
    await host.notify("ui/notifications/host-context-changed", {
      toolInfo: { tool: { name: tool, inputSchema: { type: "object" } } },
    });
  await host.show(args, result);
  return host;
}

/** The values in the table of a list, as they stand in the page. */
function tableOf(host, list, caption) {
  return host.frame.evaluate(
    ([wantedList, wantedCaption]) => {
      const tables = [...document.querySelectorAll(`table[data-list="${wantedList}"]`)];
      const table = tables.find((each) => !wantedCaption || each.caption.textContent === wantedCaption);
      return [...(table?.tBodies[0].rows ?? [])].map((row) =>
        Object.fromEntries(
          [...row.cells].map((cell) => [
            cell.dataset.field,
            { value: cell.dataset.value && JSON.parse(cell.dataset.value), text: cell.textContent },
          ]),
        ),
      );
    },
    [list, caption],
  );
}

function bars(host, field) {
  return host.frame.evaluate(
    (wanted) =>
      [...document.querySelectorAll(`svg[role=img] [data-field="${wanted}"]`)].map((mark) =>
        Number(mark.dataset.value),
      ),
    field,
  );
}

/** Every cell that is shown is the tool's. */
async function sameAsTold(host, list, rows) {
  const shown = await tableOf(host, list);
  assert.equal(shown.length, rows.length);
  shown.forEach((cells, index) => {
    for (const [name, { value, text }] of Object.entries(cells)) {
      assert.deepEqual(value, rows[index][name], `${list} ${index} ${name}`);
      if (typeof value === "number" && Number.isInteger(value))
        assert.equal(text.replace(/[^\d-]/g, ""), String(value));
    }
  });
}

async function tab(host, index) {
  const tabs = host.frame.locator("[role=tab]");
  if (await tabs.count()) await tabs.nth(index).click();
  await host.settle();
}

const LISTS = {
  scorecard: "inspectors",
  top: "agents",
  dormant: "agents",
  rising: "agents",
  new: "agents",
  mix: "groups",
  capacity: "weeks",
  quality: "findings",
  briefing: "jobs",
};
for (const [name, list] of Object.entries(LISTS)) {
  test(`${name} shows the numbers of the tool for each company`, async () => {
    const host = await open(name);
    const { companies } = answers[name].result.structuredContent;
    for (const [index, company] of companies.entries()) {
      await tab(host, index);
      await sameAsTold(host, list, company[list]);
    }
    await host.close();
  });
}

test("the marks of the scorecard are the tool's shares and counts", async () => {
  const host = await open("scorecard");
  const [{ inspectors, whole_company: whole }] = answers.scorecard.result.structuredContent.companies;
  assert.deepEqual(
    await bars(host, "attach"),
    inspectors.map(({ attach }) => attach.count / attach.of),
  );
  assert.deepEqual(
    await bars(host, "volume"),
    inspectors.map(({ volume }) => volume),
  );
  const shown = await host.frame.locator(".figures [data-field=attach] .big").textContent();
  assert.equal(shown, `${Math.round((whole.attach.count / whole.attach.of) * 100)}%`);
  // Longer bars are larger numbers, in the same proportion.
  const widths = await host.frame.evaluate(() =>
    [...document.querySelectorAll("rect[data-field=volume]")].map(
      (bar) => bar.getBoundingClientRect().width / Number(bar.dataset.value),
    ),
  );
  assert.ok(Math.max(...widths) - Math.min(...widths) < 0.2, `${widths}`);
  await host.close();
});

test("the marks of the agents are the tool's days, gaps and dollars", async () => {
  const quiet = await open("dormant");
  const [{ agents }] = answers.dormant.result.structuredContent.companies;
  assert.deepEqual(
    await bars(quiet, "days_since"),
    agents.map((agent) => agent.days_since),
  );
  assert.deepEqual(
    await bars(quiet, "usual_gap_days"),
    agents.map((agent) => agent.usual_gap_days),
  );
  await quiet.close();
  const top = await open("top");
  const { companies, combined } = answers.top.result.structuredContent;
  assert.deepEqual(
    await bars(top, "quoted_revenue"),
    companies[0].agents.map((agent) => Number(agent.quoted_revenue)),
  );
  await tab(top, 2);
  await sameAsTold(top, "agents", combined.agents);
  await top.close();
});

test("the marks of the weeks are the tool's bookings and forecasts", async () => {
  const host = await open("capacity");
  const { companies, combined } = answers.capacity.result.structuredContent;
  for (const [index, part] of [...companies, combined].entries()) {
    await tab(host, index);
    assert.deepEqual(
      await bars(host, "booked"),
      part.weeks.map(({ booked }) => booked),
    );
    assert.deepEqual(
      await bars(host, "forecast"),
      part.weeks.map(({ forecast }) => forecast),
    );
    assert.deepEqual(await bars(host, "busy_week"), part.busy_week === undefined ? [] : [part.busy_week]);
  }
  await host.close();
});

test("the map has a dot for each ZIP whose place came along, and without places there are bars", async () => {
  const map = await open("map");
  const { _meta: meta, structuredContent: answer } = answers.map.result;
  const [{ groups }] = answer.companies;
  const places = placesOf(answer);
  assert.deepEqual(Object.keys(meta["spectora/places"]).sort(), Object.keys(places).sort());
  for (const [zip, told] of Object.entries(meta["spectora/places"]))
    for (const [index, degrees] of told.entries()) assert.ok(Math.abs(degrees - places[zip][index]) < 0.0051, zip);
  const known = groups.filter(({ group }) => group in meta["spectora/places"]);
  const dots = await map.frame.evaluate(() =>
    [...document.querySelectorAll("circle.place")].map((dot) => [dot.dataset.zip, Number(dot.dataset.value)]),
  );
  assert.deepEqual(dots.sort(), known.map(({ group, volume }) => [group, volume]).sort());
  await map.close();
  const mix = await open("mix");
  assert.equal(await mix.frame.locator("circle.place").count(), 0);
  assert.deepEqual(
    await bars(mix, "volume"),
    groups.map(({ volume }) => volume),
  );
  await mix.close();
});

test("the breakdown draws the measure that is chosen, and has the others and the total below", async () => {
  const host = await open("breakdown");
  const { rows, totals, companies } = answers.breakdown.result.structuredContent;
  await sameAsTold(host, "rows", rows);
  await sameAsTold(host, "companies", companies);
  assert.deepEqual(
    await bars(host, "booked"),
    rows.map(({ booked }) => booked),
  );
  await host.frame.locator("select").selectOption("quoted_revenue");
  await host.settle();
  assert.deepEqual(
    await bars(host, "quoted_revenue"),
    rows.map((row) => Number(row.quoted_revenue)),
  );
  const total = await host.frame.locator("tfoot tr:last-child td[data-field=booked]").textContent();
  assert.equal(total, String(totals.booked));
  await host.close();
  const two = await open("breakdown-two");
  await sameAsTold(two, "rows", answers["breakdown-two"].result.structuredContent.rows);
  assert.match(await two.frame.locator("tfoot").textContent(), /Others \(\d+ groups\)/);
  await two.close();
});

test("the briefing has each job at its time and warns beside it", async () => {
  const host = await open("briefing");
  const [{ jobs, attention }] = answers.briefing.result.structuredContent.companies;
  const drawn = await host.frame.evaluate(() =>
    [...document.querySelectorAll("rect[data-begins]")]
      .map(({ dataset }) => [Number(dataset.begins), Number(dataset.ends)])
      .sort(),
  );
  const told = jobs.flatMap(({ time, hours, inspectors }) => {
    const [hour, minute] = time.split(":").map(Number);
    return inspectors.map(() => [hour + minute / 60, hour + minute / 60 + hours]);
  });
  assert.deepEqual(drawn, told.sort());
  assert.equal(await host.frame.locator(".attention li").count(), attention.length);
  const [first] = attention;
  const id = /^\S+ (\d+): /.exec(first)[1];
  assert.equal(
    await host.frame.locator(`article[data-id="${id}"] .chip`).first().textContent(),
    first.split(": ")[1].split(", ")[0],
  );
  await host.close();
});

test("the days of a briefing of several stand one after the other", async () => {
  const args = {
    day: answers.briefing.args.day,
    to: new Date(Date.parse(answers.briefing.args.day) + 2 * 86_400_000).toISOString().slice(0, 10),
  };
  const result = await program.call("prep_briefing", args);
  const host = await Host.open(chromium, { call: program.call });
  await host.show(args, result);
  const days = [...new Set(result.structuredContent.companies[0].jobs.map(({ time }) => time.split(" ")[0]))];
  assert.deepEqual(
    await host.frame.locator("figcaption").allTextContents(),
    days.map((day) => `${day}: who is where, and when`),
  );
  await host.close();
});

test("the other answers are shown as tables and pairs", async () => {
  const host = await open("other");
  const { items } = answers.other.result.structuredContent;
  const shown = await tableOf(host, "items");
  assert.deepEqual(
    shown.map(({ what }) => what.value),
    items.map(({ what }) => what),
  );
  await host.close();
});

test("units and days are written as an office in Denver writes them", async () => {
  const host = await open("scorecard");
  const [row] = await tableOf(host, "inspectors");
  const {
    attach,
    hours,
    quoted_revenue: revenue,
  } = answers.scorecard.result.structuredContent.companies[0].inspectors[0];
  assert.equal(row.attach.text, `${Math.round((attach.count / attach.of) * 100)}% (${attach.count} of ${attach.of})`);
  assert.equal(row.hours.text, `${hours} h`);
  assert.equal(
    row.quoted_revenue.text,
    Number(revenue).toLocaleString("en-US", { style: "currency", currency: "USD" }).replace(/\.00$/, ""),
  );
  assert.match(await host.frame.locator(".head p").textContent(), /^[A-Z][a-z]{2} 1 – \d\d, \d{4}, compared with /);
  assert.match(
    await host.frame.locator(".basis").textContent(),
    /^As of [A-Z][a-z]{2} \d+, \d+:\d\d [AP]M M[SD]T, from the local mirror\./,
  );
  assert.equal(await host.frame.locator("table [data-field=id]").count(), 0);
  await host.close();
});

test("a host that tells the tool, and one in another country", async () => {
  const host = await open("scorecard", { tellsTool: true, context: { locale: "de-DE", timeZone: "Europe/Berlin" } });
  const [row] = await tableOf(host, "inspectors");
  assert.match(row.quoted_revenue.text, /^[\d.]+(,\d\d)?\s\$$/);
  assert.match(await host.frame.locator(".basis").textContent(), /(MEZ|MESZ)/);
  await host.close();
});
