"""Helpers of the tests: a stream's other end that says what a test tells it to, and a log of commands to wait on."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


class Log(list):
    """A list that can be waited on; nothing here depends on the speed of the machine."""

    LIMIT = 120

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()

    def append(self, item) -> None:
        with self.changed:
            super().append(item)
            self.changed.notify_all()

    def until(self, condition) -> "Log":
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), self.LIMIT), f"never came: {list(self)}"
        return self


class FakeServer:
    def __init__(self, port: int = 0) -> None:
        self.frames = Log()
        self.texts = Log()
        self.tokens = Log()
        self.connections = Log()
        self.authorizations = Log()
        self.server = serve(self.handle, "127.0.0.1", port)
        self.port = self.server.socket.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/api/servo/sessions/1/stream"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, connection) -> None:
        self.authorizations.append(connection.request.headers.get("Authorization"))
        connection.send(json.dumps({"type": "session", "session": {}}))
        self.connections.append(connection)
        try:
            for message in connection:
                if isinstance(message, str):
                    text = json.loads(message)
                    (self.tokens if text["type"] == "authenticate" else self.texts).append(text)
                else:
                    self.frames.append(message)
        except ConnectionClosed:
            pass

    def say(self, message: dict) -> None:
        self.connections[-1].send(json.dumps(message))

    def cut(self) -> None:
        """Ends the newest connection without a word."""
        self.connections[-1].socket.shutdown(2)

    def stop(self) -> None:
        self.server.shutdown()
        for connection in self.connections:
            try:
                connection.socket.shutdown(2)
            except OSError:
                pass


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def commands() -> Log:
    return Log()
