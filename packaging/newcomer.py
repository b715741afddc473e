"""A user who has nothing yet: an empty home, a client, and the simulated service to ask."""

import json
import queue
import subprocess
import tempfile
import threading
import time

# What the conversation may take, a cold start of npx and uvx included.
SECONDS_MAX = 60
# The tools that a program over stdio lists with every permission.
TOOLS_MIN = 15


class Home:
    """An empty home, and an environment with nothing but what every session has."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": str(folder.parent)}

    def run(self, command, **more):
        ran = subprocess.run(
            [str(part) for part in command], env=self.environment | more, capture_output=True, text=True, timeout=SECONDS_MAX
        )
        if ran.returncode != 0:
            raise Failed(f"{' '.join(map(str, command))}: {ran.stdout[-1500:]}{ran.stderr[-1500:]}")
        return ran.stdout


class Failed(Exception):
    """What went wrong, for people."""


class Conversation:
    """A client over standard input and output, one JSON object a line."""

    def __init__(self, command, environment):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        self.lines = queue.Queue()
        self.next_id = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def say(self, method, **more):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method} | more) + "\n")
        self.process.stdin.flush()

    def ask(self, method, **params):
        self.next_id += 1
        self.say(method, id=self.next_id, params=params)
        end = time.monotonic() + SECONDS_MAX
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.errors.seek(0)
                raise Failed(f"no answer to {method}: {self.errors.read()[-1500:]}")
            message = json.loads(line)
            if message.get("id") == self.next_id:
                if "error" in message:
                    raise Failed(f"{method}: {message['error']}")
                return message["result"]

    def call(self, tool, **arguments):
        return self.ask("tools/call", name=tool, arguments=arguments)

    def open(self):
        about = self.ask(
            "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "try-packages", "version": "1"}
        )
        self.say("notifications/initialized")
        tools = self.ask("tools/list")["tools"]
        if about["serverInfo"]["name"] != "spectora-mcp" or len(tools) < TOOLS_MIN:
            raise Failed(f"{about['serverInfo']} lists {len(tools)} tools")
        return self

    def close(self):
        # As clients do: close the input, then wait.
        self.process.stdin.close()
        try:
            if self.process.wait(timeout=10) != 0:
                raise Failed(f"it ended with {self.process.returncode}")
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed("it did not end when its input did") from None


def companies(conversation):
    result = conversation.call("list_companies")
    if result.get("isError"):
        raise Failed(result["content"][0]["text"])
    return sorted(row["company"] for row in result["structuredContent"]["items"])


def sandbox(program, home):
    """The simulated service, and the key of each of its companies."""
    process = subprocess.Popen([program, "sandbox", "--inspections", "500"], env=home.environment, stdout=subprocess.PIPE, text=True)
    url, keys, name = "", {}, ""
    while len(keys) < 2:
        line = process.stdout.readline()
        if not line:
            raise Failed("the sandbox does not start")
        words = line.split()
        if line.startswith("A simulated"):
            url = next(word for word in words if word.startswith("http://"))
        elif line.startswith("spectora_"):
            name = words[0]
        elif words[:1] == ["key"]:
            keys[name] = words[1]
    return process, url, keys
