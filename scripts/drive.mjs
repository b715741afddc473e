// Calls every tool with every argument through the npm SDK, over stdio and over HTTP, on the demo companies. The SDK
// itself checks every structured answer against the tool's output schema. Ends with one line that begins with "ok".
// Usage: drive.mjs PROGRAM (see scripts/drive-npm)
import { readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const calls = JSON.parse(readFileSync(process.argv[3], "utf8"));
const excepted = new Set(["list_attachments cursor"]);
const dig = (value, path) => path.split(".").reduce((part, name) => part?.[name], value);

function must(holds, what) {
  if (!holds) throw new Error(what);
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
      const isKept = typeof value === "string" && value.startsWith("$");
      const settled = isKept ? known[value.slice(1)] : value;
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
  for (const tool of tools) {
    for (const argument of ["", ...Object.keys(tool.inputSchema.properties ?? {})]) {
      const key = `${tool.name} ${argument}`;
      must(driven.has(key) || excepted.has(key), `${key} was never sent`);
    }
    const wrong = await client.callTool({ name: tool.name, arguments: { no_such_argument: 1 } });
    count += 1;
    must(wrong.isError && wrong.content[0].text.includes("no_such_argument"), tool.name);
  }
  for (const prompt of (await client.listPrompts()).prompts) await client.getPrompt({ name: prompt.name });
  for (const resource of (await client.listResources()).resources) await client.readResource({ uri: resource.uri });
  await client.close();
  return [tools.length, count];
}

const program = process.argv[2];
const [tools, stdio] = await drive(new StdioClientTransport({ command: program, args: ["serve", "--demo"] }));
const server = spawn(program, ["serve", "--demo", "--http", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
try {
  const line = (await createInterface({ input: server.stderr })[Symbol.asyncIterator]().next()).value;
  const [, http] = await drive(new StreamableHTTPClientTransport(new URL(/http:\/\/\S+\/mcp/.exec(line)[0])));
  console.log(`ok: ${tools} tools, ${stdio} calls over stdio, ${http} over http`);
} finally {
  server.kill();
}
