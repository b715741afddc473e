// The numbers in the pictures of the pages that `report` writes are the tool's, read back from the drawn page.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { env } from "node:process";
import { after, before, test } from "node:test";
import { browser } from "./host.mjs";
import { dataFolder, placesOf } from "./program.mjs";

const COMPANY = "spectora_company1";
let chromium, folder;

before(async () => ([folder, chromium] = await Promise.all([dataFolder(), browser()])));
after(async () => {
  await chromium?.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(...asked) {
  const given = ["--demo", "--data-dir", folder, "--log-level", "error", "--company", COMPANY];
  return execFileSync(env.PROGRAM, [...given, ...asked], { encoding: "utf8", maxBuffer: 1 << 26 });
}

const answer = (tool, ...asked) => JSON.parse(run("call", "--json", tool, ...asked)).companies[0];

/** The page of a report, and what reads the values of marks in its pictures. */
async function draw(...asked) {
  const page = await chromium.newPage();
  await page.setContent(run("report", ...asked, "--format", "html"));
  const values = (picture, marks) =>
    page.evaluate(
      ([at, wanted]) =>
        [...document.querySelectorAll("figure")[at].querySelectorAll(wanted)].map((mark) => Number(mark.dataset.value)),
      [picture, marks],
    );
  return { page, values };
}

/** Where marks are beside their numbers, which must lie on one line. */
async function isInProportion(page, marks, place) {
  const drawn = await page.evaluate(
    ([wanted, name]) =>
      [...document.querySelectorAll(wanted)].map((mark) => [
        Number(mark.dataset.value),
        Number(mark.getAttribute(name)),
      ]),
    [marks, place],
  );
  const [low, high] = [drawn.toSorted((one, other) => one[0] - other[0])].map((all) => [all[0], all.at(-1)])[0];
  const slope = (high[1] - low[1]) / (high[0] - low[0]);
  for (const [value, at] of drawn)
    assert.ok(Math.abs(low[1] + slope * (value - low[0]) - at) < 0.6, `${value} at ${at}`);
}

test("the dots of the scorecard are the inspectors' add-on rates, the lines their ranges, the rule the company's", async () => {
  const told = answer("inspector_scorecard");
  const { page, values } = await draw("scorecard");
  assert.deepEqual(
    await values(0, "circle.dot"),
    told.inspectors.map(({ attach }) => attach.rate),
  );
  await isInProportion(page, "circle.dot", "cx");
  // Ends of the ranges, by the dots' own scale.
  const ends = await page.evaluate(() => {
    const [first, ...others] = [...document.querySelectorAll("circle.dot")];
    const other = others.find((dot) => dot.dataset.value !== first.dataset.value);
    const [[v0, x0], [v1, x1]] = [first, other].map((dot) => [
      Number(dot.dataset.value),
      Number(dot.getAttribute("cx")),
    ]);
    const share = (x) => v0 + ((Number(x) - x0) * (v1 - v0)) / (x1 - x0);
    const lines = [...document.querySelectorAll("line.range")];
    return {
      ranges: lines.map((line) => [share(line.getAttribute("x1")), share(line.getAttribute("x2"))]),
      rule: share(document.querySelector("line.rule").getAttribute("x1")),
    };
  });
  told.inspectors.forEach(({ attach }, at) => {
    assert.ok(Math.abs(ends.ranges[at][0] - attach.low) < 0.002 && Math.abs(ends.ranges[at][1] - attach.high) < 0.002);
  });
  assert.ok(Math.abs(ends.rule - told.whole_company.attach.rate) < 0.002, `${ends.rule}`);
  await page.close();
});

test("the bars and strokes of quiet agents are their gaps, silences and referrals", async () => {
  const told = answer("agent_analysis", "mode=dormant", "limit=20");
  const { page, values } = await draw("agents", "mode=dormant", "limit=20");
  assert.deepEqual(
    await values(0, "rect.bar"),
    told.agents.map((agent) => agent.usual_gap_days),
  );
  assert.deepEqual(
    await values(0, "rect.pale"),
    told.agents.map((agent) => agent.days_since),
  );
  // As many strokes in an agent's row as referrals ever; the first one is the last referral.
  const rows = await page.evaluate(() => {
    const found = new Map();
    for (const stroke of document.querySelectorAll("line.sent")) {
      const top = stroke.getAttribute("y1");
      found.set(top, [...(found.get(top) ?? []), Number(stroke.dataset.value)]);
    }
    return [...found.values()];
  });
  assert.deepEqual(
    rows.map((days) => [days.length, Math.min(...days)]),
    told.agents.map((agent) => [agent.referrals_ever, agent.days_since]),
  );
  await isInProportion(page, "line.sent", "x1");
  await page.close();
});

test("the dots of the map are the inspections of ZIP codes, where these are", async () => {
  const told = answer("service_mix", "limit=100");
  const places = placesOf({ companies: [told] });
  const { page, values } = await draw("mix");
  const known = told.groups.filter(({ group }) => group in places);
  const sorted = (numbers) => numbers.toSorted((one, other) => one - other);
  assert.deepEqual(sorted(await values(0, "circle.spot")), sorted(known.map(({ volume }) => volume)));
  // As large in area as in number.
  const areas = await page.evaluate(() =>
    [...document.querySelectorAll("circle.spot")].map(
      (spot) => Number(spot.getAttribute("r")) ** 2 / spot.dataset.value,
    ),
  );
  assert.ok(Math.max(...areas) / Math.min(...areas) < 1.1, `${areas}`);
  // North is up and east is right.
  const drawn = await page.evaluate(() =>
    [...document.querySelectorAll("circle.spot")].map((spot) => [
      spot.textContent.slice(0, 5),
      Number(spot.getAttribute("cx")),
      Number(spot.getAttribute("cy")),
    ]),
  );
  const by = (axis) => drawn.toSorted((one, other) => one[axis] - other[axis]).map(([zip]) => zip);
  const of = (zips, axis) => zips.map((zip) => places[zip][axis]);
  const [east, south] = [of(by(1), 1), of(by(2), 0)];
  east.slice(1).forEach((degrees, at) => assert.ok(degrees >= east[at] - 0.01));
  south.slice(1).forEach((degrees, at) => assert.ok(degrees <= south[at] + 0.01));
  await page.close();
});

test("the picture of the weeks has the tool's bookings, forecasts and ranges", async () => {
  const told = answer("capacity_plan");
  const { page, values } = await draw("capacity");
  assert.deepEqual(
    await values(0, "rect.bar"),
    told.weeks.map(({ booked }) => booked),
  );
  assert.deepEqual(
    await values(0, "circle.dot"),
    told.weeks.map(({ forecast }) => forecast),
  );
  await isInProportion(page, "figure:first-of-type circle.dot", "cy");
  // The bands by the dots' own scale, from the left along the upper end and back along the lower one.
  for (const [band, field] of [
    ["likely", "range_80"],
    ["sure", "range_95"],
  ]) {
    const ends = await page.evaluate((name) => {
      const dots = [...document.querySelectorAll("figure:first-of-type circle.dot")];
      const [[v0, y0], [v1, y1]] = [dots[0], dots.find((dot) => dot.dataset.value !== dots[0].dataset.value)].map(
        (dot) => [Number(dot.dataset.value), Number(dot.getAttribute("cy"))],
      );
      const points = document.querySelector(`polygon.${name}`).getAttribute("points").split(" ");
      return points.map((point) => v0 + ((Number(point.split(",")[1]) - y0) * (v1 - v0)) / (y1 - y0));
    }, band);
    const wanted = [
      ...told.weeks.map((week) => week[field].high),
      ...told.weeks.map((week) => week[field].low).reverse(),
    ];
    wanted.forEach((value, at) =>
      assert.ok(Math.abs(ends[at] - value) < 0.4, `${band} ${at}: ${ends[at]} for ${value}`),
    );
  }
  const used = told.inspectors.filter(({ utilization }) => utilization);
  assert.deepEqual(
    await values(1, "circle.dot"),
    used.map(({ utilization }) => utilization.rate),
  );
  await page.close();
});

test("the Monday letter of two companies on a working day has room on one sheet of US Letter", async () => {
  const stored = new URL("../../crates/present/tests/painted/page@monday.snap.html", import.meta.url);
  const page = await chromium.newPage({ viewport: { width: Math.floor((8.5 - 2 * 0.6) * 96), height: 900 } });
  await page.emulateMedia({ media: "print" });
  await page.setContent(readFileSync(stored, "utf8"));
  const rows = await page.locator("section:last-of-type tbody tr").count();
  assert.ok(rows > 4, "a day without jobs shows nothing");
  const height = await page.evaluate(() => document.body.getBoundingClientRect().height);
  assert.ok(height <= (11 - 2 * 0.5) * 96, `${height} pixels of 960`);
  await page.close();
});
