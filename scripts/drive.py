"""Calls every tool with every argument through the Python MCP client, over stdio and over HTTP, on the demo companies.

Every structured answer must satisfy the tool's output schema. Ends with one line that begins with "ok".
Usage: drive.py PROGRAM (see scripts/drive-python)
"""

import asyncio
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

CALLS = json.loads((pathlib.Path(__file__).parent / "calls.json").read_text())
# Arguments no call above can fill in: a page of the files of one inspection is never full on the demo companies.
EXCEPTED = {("list_attachments", "cursor")}


def either(thing, *names):
    """The attribute under whichever of its spellings this version of the client has."""
    for name in names:
        if hasattr(thing, name):
            return getattr(thing, name)
    raise AttributeError(names)


def dig(value, path):
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value.get(part)
        if value is None:
            return None
    return value


async def drive(session):
    await session.initialize()
    tools = (await session.list_tools()).tools
    outputs = {tool.name: either(tool, "outputSchema", "output_schema") for tool in tools}
    inputs = {tool.name: either(tool, "inputSchema", "input_schema") for tool in tools}
    known, driven, count = {}, set(), 0
    for tool, arguments, *keep in CALLS:
        if tool not in outputs:
            # search and fetch are shown over HTTP only.
            continue
        filled = {}
        for name, value in arguments.items():
            if isinstance(value, str) and value.startswith("$"):
                value = known.get(value[1:])
                if value is None:
                    continue
            filled[name] = value
        result = await session.call_tool(tool, filled)
        count += 1
        text = "".join(block.text for block in result.content)
        assert not either(result, "isError", "is_error"), (tool, filled, text)
        structured = either(result, "structuredContent", "structured_content")
        jsonschema.validate(structured, outputs[tool])
        assert text.strip(), (tool, "no text")
        driven |= {(tool, name) for name in filled} | {(tool, "")}
        for name, path in (keep[0] if keep else {}).items():
            known[name] = dig(structured, path)
    for tool, schema in inputs.items():
        for name in ["", *schema.get("properties", {})]:
            assert (tool, name) in driven | EXCEPTED, f"{tool} {name} was never sent"
        wrong = await session.call_tool(tool, {"no_such_argument": 1})
        count += 1
        assert either(wrong, "isError", "is_error"), tool
        assert "no_such_argument" in wrong.content[0].text, tool
    for prompt in (await session.list_prompts()).prompts:
        assert (await session.get_prompt(prompt.name, {})).messages, prompt.name
    for resource in (await session.list_resources()).resources:
        assert (await session.read_resource(resource.uri)).contents, resource.uri
    return len(tools), count


async def main():
    program = sys.argv[1]
    parameters = StdioServerParameters(command=program, args=["serve", "--demo"])
    async with stdio_client(parameters) as (read, write):
        async with ClientSession(read, write) as session:
            tools, calls = await drive(session)
    server = subprocess.Popen([program, "serve", "--demo", "--http", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+/mcp", server.stderr.readline())[0]
        async with streamable_http_client(url) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                again = await drive(session)
    finally:
        server.kill()
        server.wait()
    print(f"ok: {tools} tools, {calls} calls over stdio, {again[1]} over http")


asyncio.run(main())
