// Every recorded answer and every stored page of a report, light and dark, wide and narrow, looks as it did. UPDATE_PICTURES=yes
// stores how they look now: scripts/views --pictures
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { IN_REPORTS } from "./asked.mjs";
import { browser, Host } from "./host.mjs";
import { Pictures, THEMES, WIDTHS } from "./pictures.mjs";

const ANSWERS = new URL("answers/", import.meta.url);
const PAGES = new URL("../../crates/present/tests/painted/", import.meta.url);
let chromium, pictures;

before(async () => {
  chromium = await browser();
  pictures = await Pictures.open(chromium);
});
after(() => chromium?.close());

/** The names of the files of a folder with an ending. */
function named(folder, ending) {
  const all = readdirSync(folder).filter((file) => file.endsWith(ending));
  assert.ok(all.length > 0, `nothing in ${folder}`);
  return all.map((file) => file.slice(0, -ending.length));
}

/** Compares, unless this machine would draw all letters otherwise. */
function compares(title, what) {
  test(title, async (t) => {
    const obstacle = pictures.obstacle();
    if (obstacle) t.skip(obstacle);
    else await what();
  });
}

async function open(name) {
  const { args, result } = JSON.parse(readFileSync(new URL(`${name}.json`, ANSWERS), "utf8"));
  const host = await Host.open(chromium, { call: () => ({ content: [] }) });
  await host.show(args, result);
  return host;
}

// Those that are there for reports alone look like others.
const answers = named(ANSWERS, ".json").filter((name) => !(name in IN_REPORTS));
// Stored beside the test that paints them: page@scorecard.snap.html
const PAGE = "page@";
const pages = named(PAGES, ".snap.html").map((name) => name.slice(PAGE.length));

for (const name of answers)
  compares(`${name} looks as it did`, async () => {
    const host = await open(name);
    for (const theme of THEMES) {
      await host.notify("ui/notifications/host-context-changed", { theme });
      for (const width of WIDTHS) {
        await host.resize(width);
        await pictures.compare(`${name}-${theme}-${width}`, () => pictures.of(host.page, host.frame));
      }
    }
    await host.close();
  });

for (const name of pages)
  compares(`the page ${name} looks as it did`, () =>
    pictures.compareHtml(`page-${name}`, readFileSync(new URL(`${PAGE}${name}.snap.html`, PAGES), "utf8")),
  );

const SMALL_CHANGES = {
  "one bar has another color": () => {
    const bars = document.querySelectorAll("rect[data-field=volume]");
    bars[bars.length - 1].style.fill = "#1d6f5c";
  },
  "one label is missing": () => {
    [...document.querySelectorAll("svg[role=img] text.name")].at(-1).remove();
  },
  "one bar is a tenth shorter": () => {
    const bars = [...document.querySelectorAll("rect[data-field=volume]")];
    const bar = bars[Math.floor(bars.length / 2)];
    bar.setAttribute("width", String(Number(bar.getAttribute("width")) * 0.9));
  },
  "one number in a table is another": () => {
    const cell = [...document.querySelectorAll("td[data-field=volume]")].at(-1);
    cell.textContent = String(Number(cell.textContent) + 1);
  },
};
for (const [change, make] of Object.entries(SMALL_CHANGES))
  for (const width of WIDTHS)
    compares(`it is found at ${width} pixels that ${change}`, async () => {
      const host = await open("scorecard");
      await host.resize(width);
      assert.equal(
        await pictures.difference(`scorecard-light-${width}`, await pictures.of(host.page, host.frame)),
        undefined,
      );
      await host.frame.evaluate(make);
      const found = await pictures.difference(`scorecard-light-${width}`, await pictures.of(host.page, host.frame));
      assert.match(found.words, /differs in/);
      assert.ok(found.picture.length > 0);
      await host.close();
    });

// A page that stands alone and can be changed here.
const SAMPLE = `<!doctype html><meta name="color-scheme" content="light dark"><body style="font: 16px system-ui">
  <h1>Ten and seven</h1><svg width="300" height="60"><rect width="200" height="20" fill="#1d6f5c" />
  <rect y="30" width="140" height="20" fill="#1d6f5c" /></svg>`;

compares("a page that stands alone is compared, and a shorter bar in it found", async () => {
  await pictures.compareHtml("page-sample", SAMPLE);
  for await (const [name, take] of pictures.ofHtml("page-sample", SAMPLE.replace("140", "126")))
    assert.match((await pictures.difference(name, await take())).words, /differs in/);
});

compares("no picture is stored of what is not drawn", () =>
  pictures.finish([...answers, ...["sample", ...pages].map((name) => `page-${name}`)]),
);
