"""Logs in with the OAuth of the Python MCP client and calls tools, then goes on past the life of an access token.

Usage: login.py LASTING SHORT, the addresses of two servers (see scripts/drive-login); the access tokens of the second
live two seconds. The person is in LOGIN_NAME and LOGIN_PASSPHRASE. Ends with one line that begins with "ok".
"""

import asyncio
import html.parser
import http
import os
import sys
import urllib.parse

import httpx2
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

CALLS = [("list_companies", {}), ("inspector_scorecard", {"period": "last_month", "limit": 1})]
LASTING, SHORT = sys.argv[1:]


class Forms(html.parser.HTMLParser):
    """The forms of a page: where each goes and its fields."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append((attrs.get("action", ""), {}))
        elif tag in ("input", "button") and self.forms and "name" in attrs:
            self.forms[-1][1].setdefault(attrs["name"], []).append(attrs.get("value") or "")


class Storage:
    """Keeps the tokens, and all that were ever given."""

    def __init__(self):
        self.client, self.given = None, []

    async def get_tokens(self):
        return self.given[-1] if self.given else None

    async def set_tokens(self, tokens):
        self.given.append(tokens)

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


class Person:
    """The client's own listener on loopback, and the person with a browser who is sent to the page."""

    def __init__(self):
        self.visits = 0

    async def __aenter__(self):
        self.came = asyncio.get_running_loop().create_future()
        self.listener = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.redirect = f"http://127.0.0.1:{self.listener.sockets[0].getsockname()[1]}/callback"
        return self

    async def __aexit__(self, *_):
        self.listener.close()

    async def answer(self, reader, writer):
        target = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()
        if not self.came.done():
            self.came.set_result(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query)))

    async def open(self, address):
        self.visits += 1
        async with httpx2.AsyncClient(follow_redirects=True, timeout=30) as browser:
            response = await browser.get(address)
            for field, typed in [
                ("passphrase", {"name": os.environ["LOGIN_NAME"], "passphrase": os.environ["LOGIN_PASSPHRASE"]}),
                ("decision", {"decision": "allow"}),
            ]:
                forms = [form for form in Forms(response.text).forms if field in form[1]]
                assert forms, (field, response.status_code, str(response.url), response.text)
                action, fields = forms[0]
                hidden = {name: fields[name][0] for name in ("request", "csrf")}
                response = await browser.post(response.url.join(action), data=hidden | typed)
            assert response.status_code == http.HTTPStatus.OK, (response.status_code, response.text)
            assert str(response.url).startswith(self.redirect), response.url

    async def come_back(self):
        came = await asyncio.wait_for(self.came, 30)
        assert "iss" in came and "state" in came, came
        return AuthorizationCodeResult(code=came["code"], state=came["state"], iss=came["iss"])


async def call(session):
    for tool, arguments in CALLS:
        result = await session.call_tool(tool, arguments)
        assert not result.is_error and result.structured_content, (tool, result)


async def log_in(origin, waits):
    storage = Storage()
    async with Person() as person:
        provider = OAuthClientProvider(
            server_url=f"{origin}/mcp",
            client_metadata=OAuthClientMetadata(client_name="Python client", redirect_uris=[person.redirect]),
            storage=storage,
            redirect_handler=person.open,
            callback_handler=person.come_back,
        )
        async with (
            httpx2.AsyncClient(auth=provider, timeout=60) as browser,
            streamable_http_client(f"{origin}/mcp", http_client=browser) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            await call(session)
            for _ in range(waits):
                had = len(storage.given)
                await asyncio.sleep(2.5)
                await call(session)
                assert len(storage.given) > had, "the client went on without a new token"
        assert person.visits == 1, f"{person.visits} visits to the page"
    assert all(tokens.refresh_token for tokens in storage.given), "no refresh token"
    assert len({tokens.access_token for tokens in storage.given}) == len(storage.given), "an access token came twice"
    return len(storage.given) - 1


async def main():
    await log_in(LASTING, 0)
    print(f"ok: logged in, {len(CALLS)} tools; refreshed {await log_in(SHORT, 2)} times without a new login")


asyncio.run(main())
