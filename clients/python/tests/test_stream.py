"""The stream against a fake server: bytes, newest frame first, and zeros whenever nothing better is known."""

import io
import json
import socket
import struct
import sys
import threading

import numpy as np
import pytest
from websockets.server import ServerProtocol
from websockets.sync.server import serve
from infernode_servo import Command, Frame, ServoClient, ServoError, ServoStream, encode_frame, frames_of, jpegs_of, line_of, main

FORWARD = [0.0, 0.0, 0.1, 0.0, 0.0, 0.0]
ZERO = [0.0] * 6
JPEG = b"\xff\xd8\xff\xe0\x00\x06\xff\xd9\x00\x00\xff\xda\x00\x02\x01\xff\x00\xff\xd0\x02\xff\xd9"


def velocity(seq, value=FORWARD, **more):
    return {"type": "velocity", "seq": seq, "velocity": value, "velocityTool": None, "status": "tracking", **more}


def said(commands):
    return [(command.status, command.velocity.tolist()) for command in commands]


def test_frames_have_the_documented_bytes():
    frame = Frame("gray8", bytes([1, 2, 3, 4, 5, 6]), (2, 3), 1234567890123456789)
    expected = bytes([1, 4, 0, 0, 7, 0, 0, 0]) + (1234567890123456789).to_bytes(8, "little")
    assert encode_frame(frame, 7) == expected + bytes([2, 0, 3, 0, 1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (Frame("jpeg", JPEG, None, -1), "capture_time_us"),
        (Frame("jpeg", JPEG, None, 2**64), "capture_time_us"),
        (Frame("jpeg", JPEG, None, 0.5), "capture_time_us"),
        (Frame("gray8", b"", (65536, 1), 0), "width and height"),
    ],
)
def test_says_what_has_no_room_in_the_header(frame, expected):
    with pytest.raises(ValueError, match=expected):
        encode_frame(frame, 0)


def test_pixels_become_raw_frames():
    grey = Frame.of(np.arange(6, dtype=np.uint8).reshape(3, 2))
    assert (grey.format, grey.size, grey.data) == ("gray8", (2, 3), bytes(range(6)))
    blue = Frame.of(np.array([[[255, 1, 2]]], dtype=np.uint8))
    assert (blue.format, blue.size, blue.data) == ("rgb24", (1, 1), bytes([2, 1, 255]))
    with pytest.raises(ValueError, match="uint8"):
        Frame.of(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no JPEG, PNG or WebP"):
        Frame.of(b"GIF89a")


def test_a_stream_of_jpegs_is_cut_where_each_ends():
    class Dribble(io.BytesIO):
        def read1(self, _):
            return self.read(3)

    # The end mark inside the first segment, as thumbnails have it, ends nothing.
    assert [frame.data for frame in jpegs_of(Dribble(JPEG * 3))] == [JPEG] * 3
    with pytest.raises(ServoError, match="no JPEG"):
        list(jpegs_of(io.BytesIO(JPEG + b"nonsense")))


def test_the_last_jpeg_does_not_wait_for_the_next():
    parts = [JPEG, b""]

    class Pipe:
        def read1(self, _):
            assert parts, "asked for more before the frame was handed on"
            return parts.pop(0)

    pipe = Pipe()
    assert next(jpegs_of(pipe)).data == JPEG
    assert parts == [b""]


def test_pictures_of_a_folder_come_in_order(tmp_path):
    for name in ("b.jpg", "a.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(JPEG + name.encode())
    frames = list(frames_of(str(tmp_path), 1e6))
    assert [frame.data[-5:] for frame in frames] == [b"a.jpg", b"b.jpg"]
    assert [frame.capture_time_us for frame in frames] == [0, 1]


@pytest.mark.parametrize(("source", "problem"), [("*.png", "holds no JPEG"), ("", "holds no JPEG"), ("run.mp4", "does not exist")])
def test_a_source_without_frames_is_named(tmp_path, source, problem):
    with pytest.raises(ServoError, match=problem):
        list(frames_of(str(tmp_path / source), None))


def test_sends_the_newest_frame_with_the_token(server, commands):
    with ServoStream(server.url, "secret", commands.append) as stream:
        stream.send(Frame("jpeg", b"1"))
        server.frames.until(lambda frames: len(frames) == 1)
    assert server.authorizations == ["Bearer secret"]
    assert server.frames[0][:8] == struct.pack("<BBHI", 1, 1, 0, 0)


def test_keeps_only_the_newest_frame_until_there_is_a_connection(server, commands):
    stream = ServoStream("ws://127.0.0.1:9", "secret", commands.append)
    try:
        for byte in b"abc":
            stream.send(Frame("jpeg", bytes([byte])))
        stream._url = server.url
        server.frames.until(lambda frames: len(frames) == 1)
        assert server.frames[0][16:] == b"c"
        assert stream.dropped == 2
    finally:
        stream.close()


def test_stops_the_camera_on_timeout_interruption_and_errors(server, commands):
    with ServoStream(server.url, "secret", commands.append):
        server.connections.until(len)
        server.say(velocity(0))
        server.say({"type": "interrupted"})
        server.say({"type": "resumed"})
        server.say(velocity(1, velocityTool=[1, 2, 3, 4, 5, 6]))
        server.say({"type": "timeout", "velocity": ZERO, "status": "timeout", "silentMs": 500})
        server.say(velocity(2))
        server.say({"type": "error", "seq": 3, "error": {"code": "FRAME_MALFORMED"}})
        commands.until(lambda commands: len(commands) == 6)
    moving = ("tracking", FORWARD)
    assert said(commands)[:6] == [moving, ("interrupted", ZERO), moving, ("timeout", ZERO), moving, ("error", ZERO)]
    assert commands[2].velocity_tool.tolist() == [1, 2, 3, 4, 5, 6]
    assert said(commands)[6:] == [("ended", ZERO)]


def test_stops_the_camera_by_itself_when_the_server_has_gone_quiet(server, commands):
    with ServoStream(server.url, "secret", commands.append, stale_seconds=0.02):
        server.connections.until(len)
        server.say(velocity(0))
        commands.until(lambda commands: len(commands) == 2)
    assert said(commands)[1] == ("timeout", ZERO)


def test_a_camera_that_stands_still_is_not_told_so_again(server, commands):
    with ServoStream(server.url, "secret", commands.append, stale_seconds=0.02):
        server.connections.until(len)
        server.say(velocity(0, ZERO, status="lost"))
        server.say({"type": "timeout", "velocity": ZERO, "status": "timeout", "silentMs": 500})
        server.say(velocity(1))
        commands.until(lambda commands: len(commands) == 2)
    assert [command.status for command in commands][:2] == ["lost", "tracking"]


def test_stops_the_camera_when_the_connection_is_lost_and_connects_again(server, commands):
    with ServoStream(server.url, "secret", commands.append) as stream:
        stream.send(Frame("jpeg", b"1"))
        server.frames.until(len)
        server.say(velocity(0))
        commands.until(len)
        server.cut()
        commands.until(lambda commands: len(commands) == 2)
        stream.send(Frame("jpeg", b"2"))
        server.frames.until(lambda frames: len(frames) == 2)
    assert said(commands)[1] == ("disconnected", ZERO)
    assert len(server.connections) == 2
    assert struct.unpack_from("<I", server.frames[1], 4) == (1,)


def test_connects_again_when_the_server_no_longer_answers(commands):
    """Nothing closes the connection: the server takes it and then reads nothing, as behind a cut cable."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections = type(commands)()

    def take():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            protocol = ServerProtocol(subprotocols=["infernode.servo.json"])
            protocol.receive_data(connection.recv(65536))
            protocol.send_response(protocol.accept(protocol.events_received()[0]))
            protocol.send_text(json.dumps(velocity(0)).encode())
            for data in protocol.data_to_send():
                connection.sendall(data)
            connections.append(connection)

    threading.Thread(target=take, daemon=True).start()
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
    with ServoStream(url, "secret", commands.append, silence_seconds=0.1):
        connections.until(lambda connections: len(connections) == 2)
        listener.close()
    assert said(commands)[:2] == [("tracking", FORWARD), ("disconnected", ZERO)]
    for connection in connections:
        connection.close()


def test_closing_does_not_wait_for_a_connection_that_is_being_opened(commands):
    """A source of frames that fails at once closes the stream before the server has answered."""
    asked, answer = threading.Event(), threading.Event()

    def admit(_connection, _request):
        asked.set()
        answer.wait(commands.LIMIT)

    def talk(connection):
        for _ in connection:
            pass

    late = serve(talk, "127.0.0.1", 0, process_request=admit)
    threading.Thread(target=late.serve_forever, daemon=True).start()
    stream = ServoStream(f"ws://127.0.0.1:{late.socket.getsockname()[1]}", "secret", commands.append, silence_seconds=30)
    assert asked.wait(commands.LIMIT)
    closing = threading.Thread(target=stream.close, daemon=True)
    closing.start()
    assert stream.wait(commands.LIMIT)
    answer.set()
    closing.join(commands.LIMIT)
    assert not closing.is_alive()
    late.shutdown()


@pytest.mark.parametrize("status", ["tracking", "disconnected", "ended"])
def test_a_callback_may_close_the_stream(server, commands, status):
    def on_command(command):
        commands.append(command)
        if command.status == status:
            stream.close()

    stream = ServoStream(server.url, "secret", on_command)
    server.connections.until(len)
    server.say(velocity(0))
    commands.until(len)
    if status == "disconnected":
        server.cut()
    if status == "ended":
        server.say({"type": "ended", "session": {}})
    assert stream.wait(commands.LIMIT)
    stream.close()
    for thread in stream._threads:
        thread.join(commands.LIMIT)
        assert not thread.is_alive()
    assert [command.status for command in commands].count("ended") == 1
    assert commands[-1].status == "ended"


def test_a_server_that_stops_while_it_answers_is_an_error_of_the_request():
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up():
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    with pytest.raises(ServoError, match="POST http"):
        ServoClient(f"http://127.0.0.1:{listener.getsockname()[1]}", "secret").open_session(JPEG)
    listener.close()


def test_gives_up_when_the_connection_stays_lost(commands):
    stream = ServoStream("ws://127.0.0.1:9", "secret", commands.append, reconnect_seconds=0)
    assert stream.wait(commands.LIMIT)
    stream.close()
    assert "no connection for 0 s" in str(stream.error)
    with pytest.raises(ServoError):
        stream.send(Frame("jpeg", b"1"))
    assert said(commands)[-1] == ("ended", ZERO)


def test_does_not_insist_where_the_server_will_not_change_its_mind(server, commands):
    with ServoStream(server.url, "secret", commands.append) as stream:
        server.connections.until(len)
        server.connections[0].close(1008, "The token has expired.")
        assert stream.wait(commands.LIMIT)
    assert "1008: The token has expired." in str(stream.error)


def test_ends_with_the_session(server, commands):
    with ServoStream(server.url, "secret", commands.append) as stream:
        server.connections.until(len)
        stream.send(Frame("jpeg", b"1"))
        server.frames.until(len)
        with stream._changed:
            stream._ending = True
            stream._changed.notify_all()
        server.texts.until(len)
        server.say({"type": "ended", "session": {"id": "1"}})
        assert stream.wait(commands.LIMIT)
    assert server.texts == [{"type": "end"}]
    assert stream.error is None
    assert said(commands) == [("ended", ZERO)]


def test_commands_are_lines_of_json():
    command = Command(np.array(FORWARD), None, "tracking", velocity(3, matches=7))
    assert line_of(command) == (
        '{"status": "tracking", "velocity": [0.0, 0.0, 0.1, 0.0, 0.0, 0.0], "velocityTool": null, "seq": 3, "matches": 7}'
    )


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_follows_its_session_to_another_instance(server, commands, scheme):
    def redirect(connection, request):
        response = connection.respond(307, "elsewhere")
        response.headers["Location"] = server.url.replace("ws", scheme, 1)
        return response

    with serve(lambda connection: None, "127.0.0.1", 0, process_request=redirect) as redirecting:
        threading.Thread(target=redirecting.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{redirecting.socket.getsockname()[1]}/api/servo/sessions/1/stream"
        with ServoStream(url, "secret", commands.append) as stream:
            stream.send(Frame("jpeg", b"1"))
            server.frames.until(len)
        redirecting.shutdown()
    assert server.tokens == [{"type": "authenticate", "token": "secret"}]


def test_a_session_that_is_gone_is_not_tried_again(commands):
    def refuse(connection, request):
        response = connection.respond(410, json.dumps({"code": "SERVO_SESSION_ENDED", "detail": "over"}))
        return response

    with serve(lambda connection: None, "127.0.0.1", 0, process_request=refuse) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        stream = ServoStream(f"ws://127.0.0.1:{refusing.socket.getsockname()[1]}/", "secret", commands.append)
        assert stream.wait(commands.LIMIT)
        stream.close()
        refusing.shutdown()
    assert (stream.error.status, stream.error.code) == (410, "SERVO_SESSION_ENDED")


def test_a_callback_that_fails_ends_the_stream(server):
    said = []

    def fail(command):
        said.append(command.status)
        if command.status == "tracking":
            raise RuntimeError("the robot is gone")

    stream = ServoStream(server.url, "secret", fail)
    server.connections.until(len)
    server.say(velocity(0))
    assert stream.wait(120)
    stream.close()
    assert str(stream.error) == "the robot is gone"
    # Those who send are not in the stream's threads: they get the one error that they know.
    with pytest.raises(ServoError):
        stream.send(JPEG)
    assert said == ["tracking", "ended"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--intrinsics", "1,2,3"], "--intrinsics takes four numbers"),
        (["--parameters", "{nonsense"], "--parameters takes a JSON object"),
        (["--parameters", "[1]"], "--parameters takes a JSON object"),
        (["--parameters", '{"goal": {"mediaId": "1"}}'], "--parameters takes the other fields of a session, not goal"),
        (["--parameters", '{"wait": 5}'], "--parameters takes the other fields of a session, not wait"),
        (["--parameters", '{"self": 1}'], "refused"),
        (["--url", "http://127.0.0.1:9"], "refused"),
        (["--url", "127.0.0.1:9"], "must begin with http:// or https://"),
        (["--intrinsics", "1,2,3,nan"], "cannot be sent as JSON"),
        (["--camera-info", sys.executable], "is no text: YAML or JSON is needed"),
    ],
)
def test_the_command_names_the_option_that_is_wrong(arguments, expected, tmp_path, capsys):
    goal = tmp_path / "goal.jpg"
    goal.write_bytes(JPEG)
    given = ["--url", "http://127.0.0.1:9", "--token", "t", "--goal", str(goal), "--source", "-", *arguments]
    assert main(given) == 1
    assert expected in capsys.readouterr().err
