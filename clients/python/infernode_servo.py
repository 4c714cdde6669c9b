"""Live servoing with InferNode: camera frames in, camera velocities out.

As a module::

    client = ServoClient("http://127.0.0.1:3000", token)
    session = client.open_session(goal="goal.jpg", detector="ORB", goalDistance=0.7)
    with client.stream(session, on_command=lambda command: robot.move(command.velocity)) as stream:
        for image in camera:
            stream.send(image)

As a command: ``python3 infernode_servo.py --help``.

Needs ``websockets`` and ``numpy``. OpenCV is used where it is installed, for cameras, videos and pictures that are numpy
arrays in colour. A callback receives zeros whenever nothing better is known: on timeout, a lost connection, an error, the
death of an engine and the end of the session.
"""

from __future__ import annotations

import argparse
import base64
import glob
import http.client
import io
import json
import os
import signal
import struct
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Optional, Union

import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

__all__ = ["Command", "Frame", "ServoClient", "ServoError", "ServoStream", "encode_frame", "session_fields", "sign_in"]

FORMATS = {"jpeg": 1, "png": 2, "webp": 3, "gray8": 4, "rgb24": 5, "yuy2": 6}
VERSION = 1
ZERO = np.zeros(6)
ZERO.setflags(write=False)

#: Longest silence of a request over HTTP: the longest wait for an engine, and setting up a goal.
REQUEST_SECONDS = 120
#: Longest pause between two attempts to connect, seconds.
MAX_RETRY = 1.0
#: Close codes after which another attempt would end the same way: bad token, frame too large, no such session, token
#: expired, replaced by another connection, too many messages.
FINAL_CODES = {1008, 1009, 4400, 4401, 4409, 4429}


class ServoError(Exception):
    """What the server refused, with its problem document where there is one."""

    def __init__(self, message: str, status: Optional[int] = None, problem: Optional[dict] = None):
        super().__init__(message)
        self.status = status
        self.problem = problem or {}

    @property
    def code(self) -> Optional[str]:
        return self.problem.get("code")


@dataclass(frozen=True)
class Command:
    """What the camera is to do now."""

    #: ``[vx, vy, vz, wx, wy, wz]``: m/s and rad/s in the camera's frame (x right, y down, z forward).
    velocity: np.ndarray
    #: The same for the tool; None without ``handEye``.
    velocity_tool: Optional[np.ndarray]
    #: ``tracking``, ``weak``, ``lost``, ``arrived`` of an answer; else ``timeout``, ``interrupted``, ``disconnected``,
    #: ``error`` or ``ended``, all with zeros.
    status: str
    #: The message of the server; None where there is none.
    message: Optional[dict] = None


@dataclass(frozen=True)
class Frame:
    """One picture as it is sent."""

    format: str
    data: bytes
    #: Width and height of raw formats.
    size: Optional[tuple[int, int]] = None
    #: Microseconds of any clock that goes forward; now when left out.
    capture_time_us: Optional[int] = None

    @staticmethod
    def of(image: Union["Frame", bytes, np.ndarray], capture_time_us: Optional[int] = None) -> "Frame":
        """Makes a frame of an encoded picture (JPEG, PNG, WebP) or of pixels: grey ``(h, w)`` or BGR ``(h, w, 3)`` bytes."""
        if isinstance(image, Frame):
            return image
        if isinstance(image, (bytes, bytearray, memoryview)):
            data = bytes(image)
            return Frame(format_of(data), data, None, capture_time_us)
        pixels = np.ascontiguousarray(image)
        if pixels.dtype != np.uint8:
            raise ValueError(f"pixels must be uint8, not {pixels.dtype}")
        height, width = pixels.shape[:2]
        if pixels.ndim == 2:
            return Frame("gray8", pixels.tobytes(), (width, height), capture_time_us)
        if pixels.ndim == 3 and pixels.shape[2] == 3:
            return Frame("rgb24", pixels[:, :, ::-1].tobytes(), (width, height), capture_time_us)
        raise ValueError(f"pixels must have the shape (h, w) or (h, w, 3), not {pixels.shape}")


def format_of(data: bytes) -> str:
    """Format of an encoded picture, from its first bytes."""
    if data[:2] == b"\xff\xd8":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    raise ValueError("the picture is no JPEG, PNG or WebP")


def encode_frame(frame: Frame, sequence: int) -> bytes:
    """The binary message of a frame, little-endian: version, format, flags, sequence, capture time, [size], picture.

    Raises ValueError for a size or a capture time that the header has no room for.
    """
    captured = time.time_ns() // 1000 if frame.capture_time_us is None else frame.capture_time_us
    try:
        header = struct.pack("<BBHIQ", VERSION, FORMATS[frame.format], 0, sequence, captured)
    except struct.error:
        raise ValueError(f"capture_time_us must be a whole number of 64 bits, not {captured!r}") from None
    if frame.format in ("gray8", "rgb24", "yuy2"):
        if frame.size is None:
            raise ValueError(f"a {frame.format} frame needs its size")
        try:
            header += struct.pack("<HH", *frame.size)
        except struct.error:
            raise ValueError(f"width and height must be whole numbers up to 65535, not {frame.size!r}") from None
    return header + frame.data


def _request(method: str, url: str, token: Optional[str] = None, body: Any = None) -> dict:
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"the address of the server must begin with http:// or https://, not {url}")
    if body is not None:
        try:
            data = json.dumps(body, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise ValueError(f"a field of the request cannot be sent as JSON: {error}") from None
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        problem = _problem(error.read())
        detail = problem.get("detail") or problem.get("message") or error.reason
        raise ServoError(f"{method} {url}: {error.code} {problem.get('code', '')} {detail}", error.code, problem) from None
    except TimeoutError:
        raise ServoError(f"{method} {url}: no answer for {REQUEST_SECONDS} s") from None
    except (OSError, http.client.HTTPException) as error:
        # urllib wraps errors of sending only: a server that stops while it answers raises those of the socket.
        raise ServoError(f"{method} {url}: {getattr(error, 'reason', error)}") from None


def _problem(body: bytes) -> dict:
    try:
        problem = json.loads(body)
        return problem if isinstance(problem, dict) else {}
    except ValueError:
        return {}


def _address(url: str, path: str) -> str:
    return urllib.parse.urljoin(url, path) if "://" in url else f"{url}{path}"


def session_fields(text: str, name: str) -> dict:
    """Fields of a session from JSON text. Raises ValueError, which begins with ``name``, where the text comes from."""
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name} takes a JSON object: {error}") from None
    if not isinstance(fields, dict):
        raise ValueError(f"{name} takes a JSON object, not {text}")
    for own in ("goal", "wait"):
        if own in fields:
            raise ValueError(f"{name} takes the other fields of a session, not {own}")
    return fields


def sign_in(url: str, email: str, password: str) -> str:
    """Access token of an account."""
    return _request("POST", _address(url, "/api/auth/login"), None, {"email": email, "password": password})["token"]


class ServoClient:
    """A server, and who asks."""

    def __init__(self, url: str, token: str):
        self.url = url
        self.token = token

    def open_session(self, /, goal: Union[str, Path, bytes, dict, np.ndarray], wait: float = 0, **fields: Any) -> dict:
        """Opens a session.

        :param goal: a file, an encoded picture of any format that the server reads, pixels, or what the API takes: ``{"mediaId": …, "frame": …}``, ``{"sessionId": …}``
        :param wait: seconds to wait in line for a free engine
        :param fields: as in docs/live-servoing.md: ``detector``, ``intrinsics``, ``goalDistance``, ``gain``, ``limits``, …
        """
        body = {"goal": _goal(goal), **{name: value for name, value in fields.items() if value is not None}}
        query = f"?wait={wait:g}" if wait else ""
        return self._call("POST", query, body)

    def session(self, session_id: str) -> dict:
        return self._call("GET", f"/{session_id}")

    def end_session(self, session_id: str) -> dict:
        """Ends a session and answers it with what was captured."""
        return self._call("DELETE", f"/{session_id}")

    def stream(self, session: dict, on_command: Callable[[Command], None], **options: Any) -> "ServoStream":
        """Opens the stream of a session; see :class:`ServoStream` for the options."""
        options.setdefault("reconnect_seconds", session.get("idleTimeout") or 60)
        url = urllib.parse.urljoin(self.url, session["streamUrl"])
        return ServoStream(url, self.token, on_command, **options)

    def _call(self, method: str, path: str, body: Any = None) -> dict:
        url = _address(self.url, f"/api/servo/sessions{path}")
        return _request(method, url, self.token, body)["session"]


def _goal(goal: Union[str, Path, bytes, dict, np.ndarray]) -> dict:
    if isinstance(goal, dict):
        return goal
    if isinstance(goal, np.ndarray):
        goal = _encode_png(goal)
    data = goal if isinstance(goal, bytes) else Path(goal).read_bytes()
    # The server recognises the format by the content.
    return {"image": base64.b64encode(data).decode()}


def _encode_png(pixels: np.ndarray) -> bytes:
    encoded, data = _opencv("a goal of pixels").imencode(".png", pixels)
    if not encoded:
        raise ValueError("the goal cannot be encoded")
    return data.tobytes()


def _websocket(url: str) -> str:
    return "ws" + url[4:] if url.startswith("http") else url


def _refusal(error: Optional[BaseException]) -> Optional[InvalidStatus]:
    """The HTTP answer to an upgrade behind an error, which redirects that the library does not follow hide."""
    while error is not None and not isinstance(error, InvalidStatus):
        error = error.__cause__ or error.__context__
    return error


def _opencv(purpose: str) -> Any:
    try:
        import cv2
    except ImportError:
        raise ServoError(f"{purpose} needs OpenCV: pip install opencv-python-headless") from None
    return cv2


class ServoStream:
    """The stream of a session on two threads: the newest frame out, velocities in.

    Of frames that cannot be sent at once only the newest is kept. A lost connection is opened again for
    ``reconnect_seconds``. ``on_command`` is called on the stream's own threads, one call at a time.

    :param stale_seconds: a velocity older than this is replaced by zeros: the network may be gone without a word
    :param silence_seconds: silence of the server, which answers pings, after which the connection counts as lost
    :param on_message: called with everything that the server says
    """

    def __init__(
        self,
        url: str,
        token: str,
        on_command: Callable[[Command], None],
        *,
        reconnect_seconds: float = 60,
        stale_seconds: float = 1.0,
        silence_seconds: float = 5.0,
        on_message: Optional[Callable[[dict], None]] = None,
    ):
        self._url = _websocket(url)
        self._token = token
        self._on_command = on_command
        self._on_message = on_message
        self._reconnect_seconds = reconnect_seconds
        self._stale_seconds = stale_seconds
        self._silence_seconds = silence_seconds
        self._changed = threading.Condition()
        self._commanding = threading.RLock()
        #: The thread that runs ``on_command``, under ``_commanding``.
        self._caller: Optional[threading.Thread] = None
        self._finishing = False
        self._waiting: Optional[bytes] = None
        self._sequence = 0
        #: The connection that is open, and the same once frames may be sent on it.
        self._opened: Any = None
        self._connection: Any = None
        self._ending = False
        self._closed = False
        self._moving_since: Optional[float] = None
        self.dropped = 0
        self.error: Optional[Exception] = None
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), name=f"servo-{work.__name__.strip('_')}", daemon=True)
            for work in (self._receive, self._transmit, self._watch)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, image: Union[Frame, bytes, np.ndarray], capture_time_us: Optional[int] = None) -> int:
        """Sends a frame as soon as there is room for it; returns its sequence number.

        Raises ValueError for what is no frame, and ServoError once the stream is over; ``error`` says why it is.
        """
        frame = Frame.of(image, capture_time_us)
        with self._changed:
            if self._closed:
                if isinstance(self.error, ServoError):
                    raise self.error
                raise ServoError("the stream is closed") from self.error
            sequence = self._sequence
            message = encode_frame(frame, sequence)
            self._sequence = (sequence + 1) % 2**32
            if self._waiting is not None:
                self.dropped += 1
            self._waiting = message
            self._changed.notify_all()
        return sequence

    def end(self, timeout: Optional[float] = 10) -> None:
        """Ends the session and waits until the server has said so."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self.wait(timeout)
        self.close()

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until the stream is over; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed, timeout)

    def close(self) -> None:
        """Closes the connection; the session waits for another one for its idle time."""
        self._finish(None)
        # A callback holds the lock that the other threads need to end, so it cannot wait for them.
        if self._caller is threading.current_thread():
            return
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def __enter__(self) -> "ServoStream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _guard(self, work: Callable[[], None]) -> None:
        """Nobody would notice a thread that is gone: what a callback raises ends the stream, and ``error`` says it."""
        try:
            work()
        except Exception as error:
            self._finish(error)

    # The thread that connects and reads.
    def _receive(self) -> None:
        lost_at = time.monotonic()
        retry = 0.05
        while not self._closed:
            reason = self._converse()
            if self._connected:
                lost_at, retry = time.monotonic(), 0.05
            self._stop("disconnected")
            if time.monotonic() - lost_at > self._reconnect_seconds:
                self._finish(ServoError(f"no connection for {self._reconnect_seconds:g} s: {reason}"))
            with self._changed:
                self._changed.wait_for(lambda: self._closed, retry)
            retry = min(MAX_RETRY, 2 * retry)

    def _converse(self) -> str:
        """One connection until it is lost; returns why."""
        self._connected = False
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            connection = connect(
                self._url,
                additional_headers=headers,
                subprotocols=["infernode.servo.json"],
                max_size=2**20,
                compression=None,
                open_timeout=self._silence_seconds,
                ping_interval=self._silence_seconds / 2,
                ping_timeout=self._silence_seconds / 2,
                close_timeout=self._silence_seconds,
            )
        except Exception as error:
            refusal = _refusal(error)
            if refusal is not None:
                return self._refused(refusal.response)
            if isinstance(error, (OSError, EOFError, InvalidHandshake)):
                return str(error)
            raise
        try:
            with connection:
                with self._changed:
                    # What was closed while the connection was being opened could not close it.
                    if self._closed:
                        return "closed"
                    self._opened = connection
                self._connected = True
                # Redirects that the library follows to another host lose the header.
                connection.send(json.dumps({"type": "authenticate", "token": self._token}))
                for text in connection:
                    if isinstance(text, str):
                        message = json.loads(text)
                        # A server that does not know the sender yet refuses its frames.
                        if message.get("type") == "session":
                            with self._changed:
                                self._connection = connection
                                self._changed.notify_all()
                        self._read(message)
                return "closed"
        except ConnectionClosed as error:
            received = error.rcvd
            if received is not None and received.code in FINAL_CODES:
                self._finish(ServoError(f"closed with {received.code}: {received.reason}", received.code))
            return str(error)
        finally:
            with self._changed:
                self._opened = self._connection = None

    def _refused(self, response: Any) -> str:
        status = response.status_code
        problem = _problem(bytes(response.body or b""))
        location = response.headers.get("Location")
        if 300 <= status < 400 and location:
            # The session lives on another instance. The token is not sent in the clear because a server says so.
            url = _websocket(urllib.parse.urljoin(self._url, location))
            if self._url.startswith("wss:") and not url.startswith("wss:"):
                self._finish(ServoError(f"redirected from wss to {url}", status))
            self._url = url
        elif 400 <= status < 500 and status not in (408, 429):
            detail = problem.get("detail", "")
            self._finish(ServoError(f"refused with {status} {problem.get('code', '')} {detail}", status, problem))
        return f"refused with {status}"

    def _read(self, message: dict) -> None:
        if self._on_message is not None:
            self._on_message(message)
        kind = message.get("type")
        if kind == "velocity":
            tool = message.get("velocityTool")
            velocity = np.array(message["velocity"], dtype=float)
            self._command(
                Command(velocity, None if tool is None else np.array(tool, dtype=float), message["status"], message)
            )
        elif kind in ("timeout", "interrupted", "error"):
            self._stop(kind, message)
        elif kind == "ended":
            self._finish(None, message)

    # The thread that sends.
    def _transmit(self) -> None:
        said_end = None
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closed
                    or (self._connection is not None and (self._waiting is not None or self._ending and said_end is not self._connection))
                )
                if self._closed:
                    return
                connection = self._connection
                message = json.dumps({"type": "end"}) if self._ending else self._waiting
                self._waiting = None
                if self._ending:
                    said_end = connection
            try:
                connection.send(message)
            except ConnectionClosed:
                with self._changed:
                    # The reading thread notices as well and connects again; until then there is nothing to send on.
                    if self._connection is connection:
                        self._connection = None

    # The thread that notices silence.
    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                since = self._moving_since
                rest = None if since is None else since + self._stale_seconds - time.monotonic()
                if rest is None or rest > 0:
                    self._changed.wait(rest)
            with self._commanding:
                since = self._moving_since
                if not self._closed and since is not None and time.monotonic() - since >= self._stale_seconds:
                    self._stop("timeout")

    def _command(self, command: Command) -> None:
        with self._commanding:
            if self._closed:
                return
            self._note(time.monotonic() if command.velocity.any() else None)
            self._call(command)

    def _stop(self, status: str, message: Optional[dict] = None) -> None:
        """Tells the camera to stand still; silence says nothing new to one that does."""
        with self._commanding:
            if self._closed or (status == "timeout" and self._moving_since is None):
                return
            self._note(None)
            self._call(Command(ZERO, None, status, message))

    def _call(self, command: Command) -> None:
        outer, self._caller = self._caller, threading.current_thread()
        try:
            self._on_command(command)
        finally:
            self._caller = outer

    def _note(self, moving_since: Optional[float]) -> None:
        with self._changed:
            self._moving_since = moving_since
            self._changed.notify_all()

    def _finish(self, error: Optional[Exception], message: Optional[dict] = None) -> None:
        with self._commanding:
            # A callback may close the stream when it is told of the end.
            if self._closed or self._finishing:
                return
            self._finishing = True
            try:
                self._stop("ended", message)
            finally:
                with self._changed:
                    self._closed = True
                    self.error = error
                    connection = self._opened
                    self._changed.notify_all()
                if connection is not None:
                    threading.Thread(target=connection.close, daemon=True).start()


# The command.


def frames_of(source: str, rate: Optional[float]) -> Iterator[Frame]:
    """Frames of ``-`` (JPEGs on standard input), a camera's number, pictures (a folder or a pattern) or a video."""
    if source == "-":
        yield from jpegs_of(sys.stdin.buffer)
        return
    files = sorted(glob.glob(os.path.join(source, "*")) if os.path.isdir(source) else glob.glob(source))
    pictures = [name for name in files if name.lower().endswith((".jpg", ".jpeg", ".png", ".webp"))]
    if pictures:
        for index, name in enumerate(pictures):
            yield Frame.of(Path(name).read_bytes(), None if rate is None else round(1e6 * index / rate))
            time.sleep(0 if rate is None else 1 / rate)
        return
    if os.path.isdir(source) or glob.has_magic(source):
        raise ServoError(f"{source} holds no JPEG, PNG or WebP")
    if not source.isdigit() and "://" not in source and not os.path.exists(source):
        raise ServoError(f"{source} does not exist")
    yield from _captured(source, rate)


def _captured(source: str, rate: Optional[float]) -> Iterator[Frame]:
    cv2 = _opencv("a camera or a video")
    capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
    if not capture.isOpened():
        raise ServoError(f"{source} cannot be opened")
    if not source.isdigit() and rate is None:
        rate = capture.get(cv2.CAP_PROP_FPS) or 30
    index = 0
    started = time.monotonic()
    while True:
        read, image = capture.read()
        if not read:
            return
        encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        if encoded:
            yield Frame("jpeg", data.tobytes(), None, None if rate is None else round(1e6 * index / rate))
        index += 1
        if rate is not None:
            time.sleep(max(0.0, started + index / rate - time.monotonic()))


def jpegs_of(stream: io.BufferedReader) -> Iterator[Frame]:
    """Single JPEGs of a stream that holds one after the other, as FFmpeg's ``-f mjpeg`` writes them."""
    buffer = bytearray()
    position = 0
    while True:
        end = jpeg_end(buffer, position)
        if end > 0:
            yield Frame("jpeg", bytes(buffer[:end]))
            del buffer[:end]
            position = 0
            continue
        position = -end
        part = stream.read1(1 << 16)
        if not part:
            return
        buffer += part


def jpeg_end(buffer: Union[bytes, bytearray], start: int = 0) -> int:
    """End of the first JPEG of a buffer; where it is not complete minus the place to go on at.

    Segments are skipped by their lengths: a thumbnail in a header holds marks of its own.
    """
    position = start or 2
    if len(buffer) >= 2 and buffer[:2] != b"\xff\xd8":
        raise ServoError("standard input holds no JPEG where one should begin")
    while position + 2 <= len(buffer):
        if buffer[position] != 0xFF:
            # Entropy-coded data up to the next marker.
            following = buffer.find(b"\xff", position)
            position = len(buffer) if following < 0 else following
            continue
        marker = buffer[position + 1]
        if marker == 0xD9:
            return position + 2
        if marker == 0xFF:
            position += 1
        elif marker == 0 or 0xD0 <= marker <= 0xD8:
            # A stuffed byte or a restart: the data goes on.
            position += 2
        elif position + 4 > len(buffer):
            break
        else:
            position += 2 + int.from_bytes(buffer[position + 2 : position + 4], "big")
    return -position


def line_of(command: Command) -> str:
    """A command as one line of JSON."""
    message = command.message or {}
    known = {
        name: message.get(name)
        for name in ("seq", "matches", "inliers", "error", "confidence", "timingsMs", "skipped")
        if name in message
    }
    if command.status == "error":
        known["error"] = message.get("error")
    tool = None if command.velocity_tool is None else command.velocity_tool.tolist()
    return json.dumps({"status": command.status, "velocity": command.velocity.tolist(), "velocityTool": tool, **known})


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")
    return value


def _arguments(argv: Optional[list[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Sends frames to a session of live servoing and prints a line of JSON for every velocity.",
        epilog="The account: --token or INFERNODE_TOKEN, else --email with INFERNODE_PASSWORD.",
    )
    parser.add_argument("--url", default=os.environ.get("INFERNODE_URL", "http://127.0.0.1:3000"))
    parser.add_argument("--token", default=os.environ.get("INFERNODE_TOKEN"))
    parser.add_argument("--email", default=os.environ.get("INFERNODE_EMAIL"))
    parser.add_argument("--goal", required=True, help="picture of the goal (JPEG, PNG, WebP, HEIC, TIFF, …)")
    parser.add_argument(
        "--source", required=True, help="number of a camera, a video, pictures (folder or pattern), or - for JPEGs on standard input"
    )
    parser.add_argument("--detector", default=None)
    parser.add_argument("--goal-distance", type=float, default=None, help="metres from the goal's camera to the scene")
    parser.add_argument("--intrinsics", default=None, metavar="FX,FY,CX,CY", help="pixels of the goal picture")
    parser.add_argument("--camera-info", default=None, help="YAML or JSON file of a ROS CameraInfo or a calibration")
    parser.add_argument("--rate", type=_positive, default=None, help="frames per second of pictures and videos")
    parser.add_argument("--stale", type=_positive, default=1.0, help="seconds after which an old velocity is replaced by zeros")
    parser.add_argument("--record", action="store_true", help="end the session as a job with plot, video, CSV and ZIP")
    parser.add_argument("--parameters", default="{}", help="further fields of the session as JSON")
    return parser.parse_args(argv)


def _fields(options: argparse.Namespace) -> dict:
    fields: dict = {"detector": options.detector, "goalDistance": options.goal_distance}
    if options.intrinsics:
        values = options.intrinsics.split(",")
        if len(values) != 4:
            raise ValueError(f"--intrinsics takes four numbers FX,FY,CX,CY, not {options.intrinsics!r}")
        fields["intrinsics"] = dict(zip(("fx", "fy", "cx", "cy"), map(float, values)))
    if options.camera_info:
        try:
            fields["cameraInfo"] = Path(options.camera_info).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"--camera-info {options.camera_info} is no text: YAML or JSON is needed") from None
    if options.record:
        fields["record"] = True
    return {**fields, **session_fields(options.parameters, "--parameters")}


def main(argv: Optional[list[str]] = None) -> int:
    options = _arguments(argv)
    interrupted = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: interrupted.set())
    try:
        token = options.token
        if not token:
            if not options.email:
                raise ServoError("no account: set INFERNODE_TOKEN, or give --token or --email")
            token = sign_in(options.url, options.email, os.environ.get("INFERNODE_PASSWORD", ""))
        client = ServoClient(options.url, token)
        session = client.open_session(options.goal, wait=30, **_fields(options))
        print(f"session {session['id']}: {session['goal']['keypoints']} key points", file=sys.stderr)
        answered = threading.Condition()
        last = [-1]

        def show(command: Command) -> None:
            print(line_of(command), flush=True)
            with answered:
                last[0] = max(last[0], (command.message or {}).get("seq", -1))
                answered.notify_all()

        with client.stream(session, show, stale_seconds=options.stale) as stream:
            sent = -1
            try:
                for frame in frames_of(options.source, options.rate):
                    if interrupted.is_set() or stream.wait(0):
                        break
                    try:
                        sent = stream.send(frame)
                    except ServoError:
                        # It ended between the two; `error` says whether that is one.
                        break
                with answered:
                    answered.wait_for(lambda: last[0] >= sent or stream.wait(0), 10)
            finally:
                # A source that fails leaves no session behind.
                stream.end()
            if stream.error:
                raise stream.error
        ended = client.session(session["id"])
        print(f"captured {ended['cost']['captured']} credits", file=sys.stderr)
        if ended.get("jobId"):
            print(f"recorded as job {ended['jobId']}", file=sys.stderr)
        return 0
    except (ServoError, ValueError, OSError) as error:
        print(f"infernode_servo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
