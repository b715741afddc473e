// Each answer as the program gives it, drawn light and dark, narrow and wide: everybody can use it, and nothing is too wide.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { env } from "node:process";
import { after, before, test } from "node:test";
import { answersOf } from "./asked.mjs";
import { browser, Host } from "./host.mjs";
import { start } from "./program.mjs";

const PICTURES = env.PICTURES;
let program, chromium, answers;

before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  program = await start();
  chromium = await browser();
  answers = await answersOf(program.call);
});

after(async () => {
  await chromium?.close();
  program?.stop();
});

const NAMES = [
  "scorecard",
  "scorecard-full",
  "top",
  "dormant",
  "rising",
  "new",
  "agent",
  "mix",
  "map",
  "briefing",
  "capacity",
  "breakdown",
  "breakdown-two",
  "quality",
  "other",
];

for (const name of NAMES) {
  for (const theme of ["light", "dark"]) {
    test(`${name} in ${theme} colors can be read by everybody and asks nobody`, async () => {
      const { args, result } = answers[name];
      const host = await Host.open(chromium, { call: program.call, context: { theme } });
      await host.show(args, result);
      for (const width of [1024, 360, 320]) {
        await host.resize(width);
        if (width !== 320) await host.picture(`${PICTURES}/${name}-${theme}-${width}.png`);
        await host.isNoWider();
        const drawn = await host.frame.locator("svg[role=img] [data-value]").count();
        if (!["quality", "other"].includes(name))
          assert.ok(drawn + (await host.frame.locator("svg[role=img] [data-begins]").count()) > 0, "no picture");
        const unnamed = await host.frame.locator("svg:not([aria-label]):not([aria-hidden])").count();
        assert.equal(unnamed, 0, "a picture says nothing");
        if (width !== 320) await host.isUsable();
      }
      await host.close();
    });
  }
}
