"""From a package to a right answer in Claude Desktop, as somebody who never saw the program. scripts/new-user runs it."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import sys
import tarfile
import tempfile
import time

from newcomer import SECONDS_MAX, Conversation, Failed, Home, companies, sandbox

# What the machine may take for all of it, in seconds; the rest of five minutes is the person's.
MACHINE_SECONDS_MAX = 20
CLAUDE = ".config/Claude/claude_desktop_config.json"
# Somebody else's entry, which must stay.
OTHERS = '{\n  "mcpServers": {\n    "files": { "command": "npx", "args": ["files"] }\n  }\n}\n'


class Terminal:
    """A person at a terminal: reads what is on it, and types."""

    def __init__(self, command, environment):
        self.seen = ""
        self.process, self.screen = pty.fork()
        if self.process == 0:
            os.execve(command[0], [str(part) for part in command], environment | {"TERM": "xterm-256color"})

    def read(self, seconds):
        if not select.select([self.screen], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.screen, 65536)
        except OSError:
            piece = b""
        self.seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", piece.decode(errors="replace"))
        return bool(piece)

    def answer(self, question, typed):
        """Waits for a question, and types what a person would."""
        end = time.monotonic() + SECONDS_MAX
        while question not in self.seen:
            if time.monotonic() > end or not self.read(1):
                raise Failed(f"nobody asked: {question}\n{self.seen[-2000:]}")
        # A question is drawn in pieces, and again with its answer: only what comes after that counts.
        while select.select([self.screen], [], [], 0.05)[0] and self.read(0):
            pass
        self.seen = ""
        os.write(self.screen, typed.encode())

    def end(self):
        while self.read(SECONDS_MAX):
            if len(self.seen) > 1_000_000:
                break
        _, status = os.waitpid(self.process, 0)
        os.close(self.screen)
        if status != 0:
            raise Failed(f"setup ended with {status}\n{self.seen[-3000:]}")
        return self.seen


def started(home, entry):
    """A client that starts exactly what stands in the assistant's file."""
    return Conversation([entry["command"], *entry["args"]], home.environment | entry.get("env", {})).open()


def entries(home):
    servers = json.loads((home.folder / CLAUDE).read_text(encoding="utf-8"))["mcpServers"]
    if servers.pop("files", None) != {"command": "npx", "args": ["files"]}:
        raise Failed("somebody else's entry is not as it was")
    return servers


def asked(conversation, tool, **arguments):
    result = conversation.call(tool, **arguments)
    text = result["content"][0]["text"]
    if result.get("isError") or "Basis: mirror" not in text or "INCOMPLETE" in text:
        raise Failed(f"{tool}: {text[:1500]}")
    return result["structuredContent"]


def questions(conversation):
    """What owners ask first; how many inspections the scorecard counts."""
    answer = asked(conversation, "inspector_scorecard", period="last_3_months")
    asked(conversation, "agent_analysis", mode="dormant")
    asked(conversation, "prep_briefing")
    return sum(company["whole_company"]["volume"] for company in answer["companies"])


def demo(home, program):
    home.run([program, "setup", "--demo", "--yes"])
    (name, entry), = entries(home).items()
    conversation = started(home, entry)
    found = companies(conversation)
    volume = questions(conversation)
    conversation.close()
    if len(found) != 2 or volume == 0:
        raise Failed(f"{name} answers for {found}, {volume} inspections")
    home.run([program, "setup", "--remove", "--yes"])
    if entries(home):
        raise Failed("an entry stayed")
    return f"{len(found)} companies, {volume} inspections in three months"


def two_companies(home, program, url, keys):
    """The guide, with a key typed for each company."""
    (first, key), (second, other) = sorted(keys.items())
    guide = Terminal([str(program), "setup", "--base-url", url], home.environment)
    guide.answer("key", f"{key}\r")
    guide.answer("What should this company be called?", "\x15" + f"{first}\r")
    guide.answer("In which time zone", "\r")
    guide.answer("Another company?", "y")
    guide.answer("key", f"{other}\r")
    guide.answer("What should this company be called?", "\x15" + f"{second}\r")
    guide.answer("In which time zone", "\r")
    guide.answer("Another company?", "\r")
    guide.answer("Which assistants may ask?", "\r")
    guide.answer("How should the companies stand", "\x1b[B\r")
    guide.answer("Make this change?", "\r")
    said = guide.end()
    if any(value in said for value in keys.values()) or "A first answer" not in said or "All set" not in said:
        raise Failed(f"the guide did not end well:\n{said[-3000:]}")
    if any(value in (home.folder / CLAUDE).read_text(encoding="utf-8") for value in keys.values()):
        raise Failed("a key stands in the assistant's file")
    found = entries(home)
    if sorted(found) != [first, second]:
        raise Failed(f"entries: {sorted(found)}")
    volumes = []
    for name, entry in sorted(found.items()):
        conversation = started(home, entry)
        if companies(conversation) != [name]:
            raise Failed(f"{name} answers for {companies(conversation)}")
        volumes.append(questions(conversation))
        conversation.close()
    if 0 in volumes or volumes[0] == volumes[1]:
        raise Failed(f"volumes: {volumes}")
    return f"an entry each, {volumes[0]} and {volumes[1]} inspections in three months"


def unpacked(home, package):
    if not package.name.endswith(".tar.gz"):
        return package
    with tarfile.open(package) as archive:
        archive.extractall(home.folder, filter="data")
    return home.folder / package.name.removesuffix(".tar.gz") / "spectora-mcp"


def main():
    package = pathlib.Path(sys.argv[1]).resolve()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    service = None
    with tempfile.TemporaryDirectory() as folder:
        home = Home(pathlib.Path(folder) / "home")
        file = home.folder / CLAUDE
        file.parent.mkdir(parents=True)
        file.write_text(OTHERS, encoding="utf-8")
        took = 0.0

        def timed(what, step):
            nonlocal took
            since = time.monotonic()
            said = step()
            seconds = time.monotonic() - since
            took += seconds
            print(f"{seconds:5.1f} s  {what}: {said}", flush=True)
            return said

        try:
            program = timed("installed", lambda: unpacked(home, package))
            timed("setup --demo", lambda: demo(home, program))
            service, url, keys = sandbox(program, home)
            timed("setup", lambda: two_companies(home, program, url, keys))
        except Failed as error:
            print(f"FAILED: {error}")
            return 1
        finally:
            if service is not None:
                service.terminate()
                service.wait()
        print(f"{took:5.1f} s  in all")
        if took > MACHINE_SECONDS_MAX:
            print(f"FAILED: more than {MACHINE_SECONDS_MAX} s")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
