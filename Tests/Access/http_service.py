# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""A web service that is asked about access: it keeps what it was asked, and answers as it is told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Optional

HOST = "127.0.0.1"
TIMEOUT = 20.0


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


Answer = Callable[[Request], Optional[int]]


class Service:
    """A server on a free port; `answer` gives the status, or None to leave the request without one."""

    def __init__(self, tls: Optional[ssl.SSLContext] = None, port: int = 0) -> None:
        self.answer: Answer = lambda _: 200
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._open: list[socket.socket] = []
        self._at_once = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with service._lock:
                    service._open.append(self.connection)

            def do_GET(self) -> None:
                self.handle_one()

            def do_POST(self) -> None:
                self.handle_one()

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, body)
                with service._lock:
                    service.requests.append(request)
                    service._at_once += 1
                    service.most_at_once = max(service.most_at_once, service._at_once)
                status = service.answer(request)
                with service._lock:
                    service._at_once -= 1
                if status is None:
                    service._ended.wait()
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "2")
                if status in (301, 302, 307):
                    self.send_header("Location", "/redirected")
                self.end_headers()
                self.wfile.write(b"no")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that goes away in the middle is none."""

        self._server = Server((HOST, port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many there have been."""
        return len(self._open)

    def take(self) -> list[Request]:
        """What has been asked since the last time."""
        with self._lock:
            taken, self.requests = self.requests, []
        return taken

    def stop(self) -> None:
        """Ends it with all connections, also of requests that have no answer."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._server.shutdown()
            self._server.server_close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(TIMEOUT)
