"""Stands between Playwright and a released Firefox, which knows most of its commands but not all.

python relay.py FIREFOX ARGUMENTS starts that program, and says where it listens as Firefox would.
What goes by is WebDriver BiDi: JSON through a WebSocket.
"""

import asyncio
import json
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

LISTENING = b"WebDriver BiDi listening on "
LARGEST = 2**30  # bytes of a message
# Sent for every page, whatever it asks for; unknown to Firefox 153. Firefox's preferences, given
# when it starts, have the say instead.
UNKNOWN = {"emulation.setMediaFeaturesOverride"}


class Relay(WebSocketHandler):
    """Passes every command on, and answers those that Firefox does not know: done."""

    firefox: WebSocketClientConnection

    async def open(self) -> None:
        """Connect to Firefox, too."""
        self.firefox = await websocket_connect(
            self.settings["address"], on_message_callback=self.pass_back, max_message_size=LARGEST
        )

    async def on_message(self, message: str | bytes) -> None:
        """Pass a command on."""
        command = json.loads(message)
        if command["method"] in UNKNOWN:
            await self.write_message({"type": "success", "id": command["id"], "result": {}})
        else:
            await self.firefox.write_message(message)

    def pass_back(self, message: str | bytes | None) -> None:
        """Pass an answer back; None is the connection's end."""
        if message is None:
            self.close()
        else:
            self.write_message(message)


async def main(program: str, *arguments: str) -> None:
    """Start Firefox, and a relay before it, for as long as it runs."""
    firefox = await asyncio.create_subprocess_exec(
        program, *arguments, stderr=asyncio.subprocess.PIPE
    )
    assert firefox.stderr
    async for line in firefox.stderr:
        if line.startswith(LISTENING):
            address = line.removeprefix(LISTENING).decode().strip() + "/session"
            tell(listen(address))
        else:
            sys.stderr.buffer.write(line)
    await firefox.wait()


def listen(address: str) -> str:
    """Start the relay to this address; return its own."""
    application = Application(
        [("/session", Relay)], address=address, websocket_max_message_size=LARGEST
    )
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(application).add_sockets(sockets)
    return f"ws://127.0.0.1:{sockets[0].getsockname()[1]}"


def tell(address: str) -> None:
    """Say where the relay listens, in Firefox's words."""
    sys.stderr.buffer.write(LISTENING + address.encode() + b"\n")
    sys.stderr.buffer.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
