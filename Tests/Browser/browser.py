# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium with a page that does what the test says and reports what it sees."""

from __future__ import annotations

import base64
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Optional

PAGE = Path(__file__).resolve().parent / "page"
# Where Debian's packages of JavaScript libraries are.
MODULES = "/usr/share/nodejs"
START_TIMEOUT = 60.0
TIMEOUT = 20.0
# How long a question of the page for a command stays open.
POLL = 5.0
TYPES = {".html": "text/html", ".js": "text/javascript"}

Event = dict[str, Any]


class Browser:
    """The browser, the page's web server, and what goes to and fro between them."""

    def __init__(self) -> None:
        self.commands: queue.Queue[Event] = queue.Queue()
        self.events: dict[str, queue.Queue[Event]] = {}
        self.kept: dict[str, list[Event]] = {}
        self.lock = threading.Lock()
        self.folder = tempfile.TemporaryDirectory(prefix="nanomq-browser-", ignore_cleanup_errors=True)
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.bundle = build(Path(self.folder.name))
        self.server = Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"browser": self}))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def start(self) -> None:
        """Starts Chromium and waits until the page runs."""
        host, port = self.server.server_address[:2]
        self.origin = f"http://{host}:{port}"
        command = [program("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        command += ["--no-first-run", "--disable-background-networking", "--disable-extensions"]
        command += [f"--user-data-dir={self.folder.name}/profile", f"{self.origin}/index.html"]
        with open(Path(self.folder.name) / "log", "wb") as log:
            # A session of its own: Chromium is many processes, which end together.
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        ready = self.wait("", "ready", START_TIMEOUT)
        if ready["mqttjs"] != "function":
            raise AssertionError(f"MQTT.js did not load: {ready}")

    def stop(self) -> None:
        """Ends the browser and removes what it has left."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def queue(self, client: str) -> queue.Queue[Event]:
        """The events of a client in the page."""
        with self.lock:
            return self.events.setdefault(client, queue.Queue())

    def tell(self, client: str, do: str, **arguments: Any) -> None:
        """Has the page do something."""
        self.commands.put({"client": client, "do": do, **arguments})

    def wait(self, client: str, name: str, timeout: float = TIMEOUT) -> Event:
        """The client's next event of this name. Others keep for later, but an error is one at once."""
        kept = self.kept.setdefault(client, [])
        for event in kept:
            if event["name"] == name:
                kept.remove(event)
                return event
        while True:
            try:
                event = self.queue(client).get(timeout=timeout)
            except queue.Empty:
                log = (Path(self.folder.name) / "log").read_text(errors="replace")[-1000:]
                seen = [{key: str(value)[:100] for key, value in event.items()} for event in kept[-10:]]
                raise AssertionError(f"no {name!r} of {client!r} in the browser, but {seen}\n{log}") from None
            if event["name"] == name:
                return event
            if event["name"] == "error":
                raise AssertionError(f"the page says {event['text']}")
            kept.append(event)


class Server(ThreadingHTTPServer):
    """The page's web server."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing where the browser has gone, as it does at the end."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Serves the page, hands out commands, takes events."""

    browser: Browser
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The page's files, and its question for a command, which waits for one."""
        if self.path == "/command":
            try:
                self._answer(200, "application/json", json.dumps(self.browser.commands.get(timeout=POLL)).encode())
            except queue.Empty:
                self._answer(204, "", b"")
            return
        name = Path(self.path).name
        file = self.browser.bundle if name == "mqtt.js" else PAGE / name
        if name and file.is_file():
            self._answer(200, TYPES[file.suffix], file.read_bytes())
        else:
            self._answer(404, "text/plain", b"")

    def do_POST(self) -> None:
        """Events, in their order."""
        for event in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
            self.browser.queue(event["client"]).put(event)
        self._answer(204, "", b"")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the tests speak for themselves."""


def program(name: str) -> str:
    """A program's path."""
    path = shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} not found: `make browser` installs it")
    return path


def build(folder: Path) -> Path:
    """Makes one file of MQTT.js and all that it needs."""
    bundle = folder / "mqtt.js"
    command = [program("esbuild"), str(PAGE / "bundle.js"), "--bundle", "--platform=browser", "--log-level=warning"]
    command += ["--define:global=window", f"--inject:{PAGE / 'shim.js'}", f"--alias:ws={PAGE / 'none.js'}"]
    done = subprocess.run(
        [*command, f"--outfile={bundle}"], env={**os.environ, "NODE_PATH": MODULES}, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"MQTT.js cannot be bundled; `make browser` installs what it needs:\n{done.stderr}")
    return bundle


def encode(payload: bytes) -> str:
    """Bytes on their way to the page."""
    return base64.b64encode(payload).decode()


def decode(text: str) -> bytes:
    """Bytes from the page."""
    return base64.b64decode(text)
