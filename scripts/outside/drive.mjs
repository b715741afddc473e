// Calls every tool with every argument through the npm SDK, over stdio and over HTTP, on the demo companies. The SDK
// itself checks every structured answer against the tool's output schema. Ends with one line that begins with "ok".
// Usage: drive.mjs CALLS PROGRAM ARGUMENT… (see scripts/drive-npm)
import { readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [file, program, ...served] = process.argv.slice(2);
const calls = JSON.parse(readFileSync(file, "utf8"));
// No call can fill this in: on the demo companies neither the files of one inspection nor the jobs of a day fill a page.
const excepted = new Set(["list_attachments cursor", "prep_briefing cursor"]);
const dig = (value, path) => path.split(".").reduce((part, name) => part?.[name], value);

function must(holds, what) {
  if (!holds) throw new Error(what);
}

// "$name" is what an earlier answer held; "today-30" a day, so that the calls do not grow old.
function settle(value, known) {
  if (typeof value !== "string") return value;
  if (value.startsWith("$")) return known[value.slice(1)];
  const day = /^today([+-]\d+)?$/.exec(value);
  return day ? new Date(Date.now() + Number(day[1] ?? 0) * 86_400_000).toISOString().slice(0, 10) : value;
}

async function drive(transport) {
  const client = new Client({ name: "drive", version: "1.0.0" });
  await client.connect(transport);
  // Listing teaches the client the output schemas that it checks answers by.
  const { tools } = await client.listTools();
  const known = {};
  const driven = new Set();
  let count = 0;
  const names = new Set(tools.map((tool) => tool.name));
  for (const [name, given, keep] of calls) {
    // search and fetch are shown over HTTP only.
    if (!names.has(name)) continue;
    const filled = {};
    for (const [argument, value] of Object.entries(given)) {
      const settled = settle(value, known);
      if (settled !== undefined) filled[argument] = settled;
    }
    const result = await client.callTool({ name, arguments: filled });
    count += 1;
    must(!result.isError, `${name} ${JSON.stringify(filled)}: ${result.content[0]?.text}`);
    must(result.structuredContent, `${name}: no structured content`);
    must(result.content[0].text.trim(), `${name}: no text`);
    for (const argument of ["", ...Object.keys(filled)]) driven.add(`${name} ${argument}`);
    for (const [key, path] of Object.entries(keep ?? {})) known[key] = dig(result.structuredContent, path);
  }
  const missing = tools
    .flatMap((tool) => ["", ...Object.keys(tool.inputSchema.properties ?? {})].map((name) => `${tool.name} ${name}`))
    .filter((key) => !driven.has(key) && !excepted.has(key));
  must(!missing.length, `never sent: ${missing.join(", ")}`);
  for (const tool of tools) {
    const wrong = await client.callTool({ name: tool.name, arguments: { no_such_argument: 1 } });
    count += 1;
    must(wrong.isError && wrong.content[0].text.includes("no_such_argument"), tool.name);
  }
  for (const prompt of (await client.listPrompts()).prompts) await client.getPrompt({ name: prompt.name });
  for (const resource of (await client.listResources()).resources) await client.readResource({ uri: resource.uri });
  await client.close();
  return [tools.length, count];
}

const server = spawn(program, [...served, "--http", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
try {
  const line = (await createInterface({ input: server.stderr })[Symbol.asyncIterator]().next()).value;
  const url = new URL(/http:\/\/\S+\/mcp/.exec(line)[0]);
  const [[tools, stdio], [, http]] = await Promise.all([
    drive(new StdioClientTransport({ command: program, args: served })),
    drive(new StreamableHTTPClientTransport(url)),
  ]);
  console.log(`ok: ${tools} tools, ${stdio} calls over stdio, ${http} over http`);
} finally {
  server.kill();
}
