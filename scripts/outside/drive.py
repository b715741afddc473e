"""Calls every tool with every argument through the Python MCP client, over stdio and over HTTP, on the demo companies.

Every structured answer must satisfy the tool's output schema. Ends with one line that begins with "ok".
Usage: drive.py CALLS PROGRAM ARGUMENT... (see scripts/drive-python)
"""

import asyncio
import datetime
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

CALLS = json.loads(pathlib.Path(sys.argv[1]).read_text())
PROGRAM, *SERVED = sys.argv[2:]
# No call can fill this in: on the demo companies neither the files of one inspection nor the jobs of a day fill a page.
EXCEPTED = {("list_attachments", "cursor"), ("prep_briefing", "cursor")}


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


def settle(value, known):
    """What an earlier answer held for "$name"; a day for "today-30", so that the calls do not grow old."""
    if not isinstance(value, str):
        return value
    if value.startswith("$"):
        return known.get(value[1:])
    if day := re.fullmatch(r"today([+-]\d+)?", value):
        return str(datetime.date.today() + datetime.timedelta(int(day[1] or 0)))
    return value


def validator(schema):
    """Checks answers by a schema; made once, since the schema is itself checked first."""
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    return kind(schema)


async def drive(session):
    await session.initialize()
    tools = (await session.list_tools()).tools
    outputs = {tool.name: validator(either(tool, "outputSchema", "output_schema")) for tool in tools}
    inputs = {tool.name: either(tool, "inputSchema", "input_schema") for tool in tools}
    known, driven, count = {}, set(), 0
    for tool, arguments, *keep in CALLS:
        if tool not in outputs:
            # search and fetch are shown over HTTP only.
            continue
        settled = {name: settle(value, known) for name, value in arguments.items()}
        filled = {name: value for name, value in settled.items() if value is not None}
        result = await session.call_tool(tool, filled)
        count += 1
        text = "".join(block.text for block in result.content)
        assert not either(result, "isError", "is_error"), (tool, filled, text)
        structured = either(result, "structuredContent", "structured_content")
        outputs[tool].validate(structured)
        assert text.strip(), (tool, "no text")
        driven |= {(tool, name) for name in filled} | {(tool, "")}
        for name, path in (keep[0] if keep else {}).items():
            known[name] = dig(structured, path)
    sendable = {(tool, name) for tool, schema in inputs.items() for name in ["", *schema.get("properties", {})]}
    assert sendable <= driven | EXCEPTED, ("never sent", sendable - driven - EXCEPTED)
    for tool in inputs:
        wrong = await session.call_tool(tool, {"no_such_argument": 1})
        count += 1
        assert either(wrong, "isError", "is_error"), tool
        assert "no_such_argument" in wrong.content[0].text, tool
    for prompt in (await session.list_prompts()).prompts:
        assert (await session.get_prompt(prompt.name, {})).messages, prompt.name
    for resource in (await session.list_resources()).resources:
        assert (await session.read_resource(resource.uri)).contents, resource.uri
    return len(tools), count


async def over_stdio():
    async with stdio_client(StdioServerParameters(command=PROGRAM, args=SERVED)) as (read, write):
        async with ClientSession(read, write) as session:
            return await drive(session)


async def over_http(url):
    async with streamable_http_client(url) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            return await drive(session)


async def main():
    server = subprocess.Popen([PROGRAM, *SERVED, "--http", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+/mcp", server.stderr.readline())[0]
        (tools, stdio), (_, http) = await asyncio.gather(over_stdio(), over_http(url))
    finally:
        server.kill()
        server.wait()
    print(f"ok: {tools} tools, {stdio} calls over stdio, {http} over http")


asyncio.run(main())
