// The pages that `report` writes: usable by everybody in light and dark, on a phone and on a desk, and with the tool's numbers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { env } from "node:process";
import { after, before, test } from "node:test";
import { axe, browser } from "./host.mjs";
import { dataFolder } from "./program.mjs";

const { PICTURES, PROGRAM } = env;
let chromium, folder;

before(async () => {
  folder = await dataFolder();
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(...asked) {
  const given = ["--demo", "--data-dir", folder, "--log-level", "error", "--company", "spectora_company1"];
  return execFileSync(PROGRAM, [...given, ...asked], { encoding: "utf8", maxBuffer: 1 << 26 });
}

const REPORTS = [
  ["scorecard"],
  ["agents", "limit=20"],
  ["agents", "mode=dormant", "limit=20"],
  ["mix"],
  ["briefing"],
  ["capacity"],
  ["quality"],
  ["monday"],
];

for (const asked of REPORTS) {
  test(`the page of ${asked.join(" ")} can be used by everybody`, async () => {
    const html = run("report", ...asked, "--format", "html");
    const page = await chromium.newPage({ viewport: { width: 1024, height: 900 } });
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.setContent(html);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1024, 360]) {
        await page.setViewportSize({ width, height: 900 });
        const name = `report-${asked.join("-").replace(/[^a-z-]/g, "-")}-${colorScheme}-${width}.png`;
        await page.screenshot({ path: join(PICTURES, name), fullPage: true });
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wider <= 0, `${wider} pixels wider than ${width}`);
        assert.deepEqual(await complaints(page), []);
      }
    }
    assert.deepEqual(requests, []);
    await page.context().close();
  });
}

/** What axe-core knows to keep people out. The page forbids scripts to itself, so it is put in from outside. */
async function complaints(page) {
  const session = await page.context().newCDPSession(page);
  const evaluate = (expression) =>
    session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  const { result: known } = await evaluate("'axe' in window");
  if (!known.value) await session.send("Runtime.evaluate", { expression: axe });
  const { result } = await evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)}`)))",
  );
  await session.detach();
  return JSON.parse(result.value);
}

test("a page that keeps people out is found", async () => {
  const page = await chromium.newPage();
  await page.setContent(run("report", "quality", "--format", "html").replace('<html lang="en">', "<html>"));
  assert.match((await complaints(page)).join(), /html-has-lang/);
  await page.close();
});

test("the numbers in the pictures and tables of a page are the tool's", async () => {
  const page = await chromium.newPage();
  const told = JSON.parse(run("call", "--json", "capacity_plan")).companies[0];
  await page.setContent(run("report", "capacity", "--format", "html"));
  const values = (selector) =>
    page.evaluate(
      (wanted) => [...document.querySelectorAll(wanted)].map((mark) => Number(mark.dataset.value)),
      `figure:first-of-type ${selector}`,
    );
  assert.deepEqual(
    await values("rect.bar"),
    told.weeks.map(({ booked }) => booked),
  );
  assert.deepEqual(
    await values("circle.dot"),
    told.weeks.map(({ forecast }) => forecast),
  );
  const likely = await page.evaluate(() => {
    const head = [...document.querySelectorAll("table:first-of-type th")].map((cell) => cell.textContent);
    const rows = [...document.querySelector("table").tBodies[0].rows];
    return rows.map((row) => row.cells[head.indexOf("Likely")].textContent);
  });
  assert.deepEqual(
    likely,
    told.weeks.map(({ range_80: { low, high } }) => `${low}–${high}`),
  );
  await page.close();
});
