#!/usr/bin/env node
// Starts the program that this system's package carries, with the same arguments, streams and exit code.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `spectora-mcp-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/spectora-mcp${process.platform === "win32" ? ".exe" : ""}`);
} catch {
  console.error(
    `error: the package ${name}, which carries the program for this system, is not installed\n` +
      "hint: install again without --omit=optional; for other ways to get the program see docs/install.md",
  );
  process.exit(2);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// Clients end this process; the program itself must hear of it, or it would stay.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`error: ${program} cannot be started: ${error.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
