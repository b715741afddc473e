// The program itself, asked over standard input and output, as a chat client asks it.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { env } from "node:process";
import { promisify } from "node:util";

/**
 * A new data folder with all of the invented companies. To read them takes long, so it is a copy where MIRRORS names a folder
 * that has been filled before; a copy, since the program brings it up to date.
 */
export async function dataFolder() {
  const folder = mkdtempSync(join(tmpdir(), "spectora-views-"));
  if (env.MIRRORS) cpSync(env.MIRRORS, folder, { recursive: true });
  else await promisify(execFile)(env.PROGRAM, ["sync", "--demo", "--data-dir", folder]);
  return folder;
}

/** Starts the program on its invented companies. */
export async function start() {
  const folder = await dataFolder();
  const given = ["--data-dir", folder, "--log-level", "error"];
  const running = spawn(env.PROGRAM, ["serve", "--demo", ...given], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map();
  createInterface({ input: running.stdout }).on("line", (line) => {
    const message = JSON.parse(line);
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  running.on("error", (error) => waiting.forEach((answer) => answer({ error })));
  let id = 0;
  const send = (message) => running.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const ask = (method, params) => {
    id += 1;
    send({ id, method, params });
    return new Promise((resolve, reject) =>
      waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result))),
    );
  };
  await ask("initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "views", version: "1" },
  });
  send({ method: "notifications/initialized" });
  const call = (name, args = {}) => ask("tools/call", { name, arguments: args });
  const { structuredContent: told } = await call("list_companies");
  assert.ok(
    told.items.every(({ mirror }) => mirror === "complete"),
    "answers would be of a part only",
  );
  return {
    call,
    stop: () => {
      running.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where the ZIP codes of an answer are, from the file that the program has. See scripts/zip-places.py. */
export function placesOf(answer) {
  const bytes = readFileSync(new URL("../../crates/insight/data/zip-places.bin", import.meta.url));
  const known = new Map();
  for (let at = 0; at + 7 <= bytes.length; at += 7) {
    const zip = String(bytes.readUIntBE(at, 3) >> 7).padStart(5, "0");
    known.set(zip, [(bytes.readUInt16BE(at + 3) / 65535) * 180 - 90, (bytes.readUInt16BE(at + 5) / 65535) * 360 - 180]);
  }
  const groups = answer.companies.flatMap((company) => company.groups ?? []);
  return Object.fromEntries(
    groups.filter(({ group }) => known.has(group)).map(({ group }) => [group, known.get(group)]),
  );
}
