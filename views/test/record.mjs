// Asks the program on its invented companies, and writes each answer into test/answers/: PROGRAM=… node test/record.mjs
// The pictures that are compared are drawn from these, so that they do not change from day to day.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { argv, env } from "node:process";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { answersOf, IN_REPORTS } from "./asked.mjs";
import { start } from "./program.mjs";

const folder = fileURLToPath(new URL("answers/", import.meta.url));

async function record() {
  const program = await start();
  try {
    const answers = { ...(await answersOf(program.call)), ...(await answersOf(program.call, IN_REPORTS)) };
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const style = await resolveConfig(folder);
    for (const [name, { tool, args, result }] of Object.entries(answers)) {
      const { structuredContent, _meta } = result;
      assert.ok(structuredContent && !result.isError, `${name}: ${JSON.stringify(result.content)}`);
      // The order of the fields is the program's: the page shows what it has no view for in that order.
      const told = JSON.stringify({ tool, args, result: { structuredContent, _meta } });
      writeFileSync(`${folder}${name}.json`, await format(told, { ...style, parser: "json" }));
    }
    console.log(`ok: ${readdirSync(folder).length} answers in ${folder}`);
  } finally {
    program.stop();
  }
}

// The test runner starts every file in its folder.
if (argv[1] === fileURLToPath(import.meta.url) && !env.NODE_TEST_CONTEXT) await record();
