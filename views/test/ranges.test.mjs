// What has no number of its own beside it in a view's picture: ranges, bands and rules, by the scale of the marks that have one.
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

async function open(tool, args = {}) {
  const result = await program.call(tool, args);
  const host = await Host.open(chromium, { call: program.call });
  await host.show(args, result);
  return { host, told: result.structuredContent.companies[0] };
}

/** Places of marks with a number, as `[number, place]`. */
const marks = (host, selector, place) =>
  host.frame.evaluate(
    ([wanted, name]) =>
      [...document.querySelectorAll(wanted)].map((mark) => [
        Number(mark.dataset.value),
        Number(mark.getAttribute(name)),
      ]),
    [selector, place],
  );

/** The number at a place, by two marks that have one; the others must lie on their line. */
function scaleOf(known) {
  const sorted = known.toSorted((one, other) => one[0] - other[0]);
  const [[v0, p0], [v1, p1]] = [sorted[0], sorted.at(-1)];
  const at = (place) => v0 + ((place - p0) * (v1 - v0)) / (p1 - p0);
  for (const [value, place] of known) assert.ok(Math.abs(at(place) - value) < Math.abs(v1 - v0) / 100, `${value}`);
  return at;
}

const near = (one, other, by, what) => assert.ok(Math.abs(one - other) < by, `${what}: ${one} for ${other}`);

test("the lines of a scorecard are the ranges of its shares, and the rule is the company's share", async () => {
  const { host, told } = await open("inspector_scorecard");
  const shareAt = scaleOf(await marks(host, "circle[data-field=attach]", "cx"));
  const lines = await host.frame.evaluate(() => ({
    ranges: [...document.querySelectorAll("g.row line.range")].map((line) =>
      ["x1", "x2"].map((name) => Number(line.getAttribute(name))),
    ),
    rule: Number(document.querySelector("svg[role=img] line.rule").getAttribute("x1")),
  }));
  told.inspectors.forEach(({ attach }, index) => {
    near(shareAt(lines.ranges[index][0]), attach.low, 0.002, `low of ${index}`);
    near(shareAt(lines.ranges[index][1]), attach.high, 0.002, `high of ${index}`);
  });
  near(shareAt(lines.rule), told.whole_company.attach.count / told.whole_company.attach.of, 0.002, "rule");
  await host.close();
});

test("the bands around a forecast are its ranges, the rule is a busy week, and bars begin at nothing", async () => {
  const { host, told } = await open("capacity_plan");
  const countAt = scaleOf(await marks(host, "circle[data-field=forecast]", "cy"));
  for (const field of ["range_80", "range_95"]) {
    const ends = await host.frame.evaluate((name) => {
      const path = document.querySelector(`path.band.${name}`).getAttribute("d");
      return [...path.matchAll(/[ML]?(-?[\d.]+),(-?[\d.]+)/g)].map(([, , y]) => Number(y));
    }, field);
    // Along the upper end and back along the lower one, each with half a week more at both sides.
    const [high, low] = [
      ends.slice(0, ends.length / 2).slice(1, -1),
      ends
        .slice(ends.length / 2)
        .reverse()
        .slice(1, -1),
    ];
    told.weeks.forEach((week, index) => {
      near(countAt(high[index]), week[field].high, 0.1, `${field} high ${index}`);
      near(countAt(low[index]), week[field].low, 0.1, `${field} low ${index}`);
    });
  }
  const bars = await host.frame.evaluate(() =>
    [...document.querySelectorAll("rect[data-field=booked]")].map((bar) => [
      Number(bar.dataset.value),
      ...["y", "height"].map((name) => Number(bar.getAttribute(name))),
    ]),
  );
  for (const [value, top, height] of bars) {
    near(countAt(top), value, 0.1, "top of a bar");
    near(countAt(top + height), 0, 0.1, "foot of a bar");
  }
  const rule = await host.frame.evaluate(() =>
    Number(document.querySelector("line[data-field=busy_week]").getAttribute("y1")),
  );
  near(countAt(rule), told.busy_week, 0.1, "rule");
  await host.close();
});

test("what is sold and how full inspectors are is drawn as told", async () => {
  const mix = await open("service_mix");
  const shares = await marks(mix.host, ".beside rect[data-field=rate]", "width");
  assert.deepEqual(
    shares.map(([share]) => share),
    [...mix.told.services, ...mix.told.add_ons].map(({ rate }) => rate),
  );
  await mix.host.close();
  const plan = await open("capacity_plan");
  const used = await marks(plan.host, "rect[data-field=utilization]", "width");
  const told = plan.told.inspectors.filter(({ utilization }) => utilization);
  assert.deepEqual(
    used.map(([share]) => share),
    told.map(({ utilization: { count, of, rate } }) => (of ? count / of : rate)),
  );
  const perShare = used.map(([share, width]) => width / share);
  assert.ok(Math.max(...perShare) - Math.min(...perShare) < 1, `${perShare}`);
  await plan.host.close();
});
