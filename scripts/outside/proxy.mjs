// Passes each request on to one of several servers in turn: proxy.mjs PORT ORIGIN… It adds a token for clients that cannot
// send one, if there are some in TOKENS, one a line; they take turns too, as a server answers each only so often in a minute.
import { createServer, request as send } from "node:http";
import { argv, env } from "node:process";

const [port, ...origins] = argv.slice(2);
const tokens = env.TOKENS ? env.TOKENS.split("\n") : [];
let turn = 0;

const server = createServer((request, response) => {
  turn += 1;
  const { hostname, port } = new URL(origins[turn % origins.length]);
  const headers = { ...request.headers };
  if (tokens.length) headers.authorization = `Bearer ${tokens[turn % tokens.length]}`;
  const passed = send({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  passed.on("error", () => response.destroy());
  response.on("close", () => passed.destroy());
  request.pipe(passed);
});
server.listen(Number(port), "127.0.0.1");
