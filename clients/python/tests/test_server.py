"""The client against a running server, whose address and whose pictures the suite gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from infernode_servo import ServoClient, ServoError

URL = os.environ.get("INFERNODE_TEST_URL")
pytestmark = pytest.mark.skipif(URL is None, reason="no server: set INFERNODE_TEST_URL, _TOKEN and _IMAGES")
PROGRAM = Path(__file__).resolve().parents[1] / "infernode_servo.py"


@pytest.fixture
def client():
    return ServoClient(URL, os.environ["INFERNODE_TEST_TOKEN"])


@pytest.fixture
def images():
    folder = Path(os.environ["INFERNODE_TEST_IMAGES"])
    return folder / "goal.jpg", sorted(folder.glob("frame-*.jpg"))


def test_frames_get_velocities_towards_the_goal(client, images, commands):
    goal, frames = images
    truth = json.loads((goal.parent / "velocity.json").read_text())
    session = client.open_session(goal, wait=60, detector="ORB", goalDistance=0.7, gain=1, watchdogMs=60000)
    assert session["goal"]["keypoints"] > 50
    with client.stream(session, commands.append, stale_seconds=60) as stream:
        stream.send(frames[0].read_bytes(), 5_000_000)
        commands.until(len)
        stream.end(None)
    first = commands[0]
    assert first.message["seq"] == 0
    assert first.message["captureTimeUs"] == "5000000"
    assert first.status in ("tracking", "weak")
    cosine = first.velocity @ truth / np.linalg.norm(first.velocity) / np.linalg.norm(truth)
    assert cosine > np.cos(np.radians(40))
    assert commands[-1].status == "ended"
    ended = client.session(session["id"])
    assert (ended["status"], ended["frames"]["answered"]) == ("ended", 1)
    assert 0 < ended["cost"]["captured"] < ended["cost"]["quoted"]


def test_a_connection_that_is_cut_is_opened_again(client, images, commands):
    goal, frames = images
    session = client.open_session(goal, wait=60, detector="ORB", watchdogMs=60000)
    with client.stream(session, commands.append, stale_seconds=60) as stream:
        stream.send(frames[0].read_bytes())
        commands.until(lambda commands: any(command.message for command in commands))
        stream._connection.socket.shutdown(2)
        commands.until(lambda commands: commands[-1].status == "disconnected")
        stream.send(frames[0].read_bytes())
        commands.until(lambda commands: (commands[-1].message or {}).get("seq") == 1)
        stream.end(None)
    assert [command.status for command in commands][1] == "disconnected"
    assert client.session(session["id"])["frames"]["answered"] == 2


def test_the_watchdog_of_the_server_stops_the_camera(client, images, commands):
    goal, frames = images
    session = client.open_session(goal, wait=60, detector="ORB", watchdogMs=20)
    with client.stream(session, commands.append, stale_seconds=60) as stream:
        stream.send(frames[0].read_bytes())
        # On a slow machine the silence may be noticed before the answer, which it does not take back.
        commands.until(lambda commands: any(command.message and "velocity" in command.message for command in commands))
        stream.end(None)
    assert commands[-1].velocity.tolist() == [0] * 6


def test_refusals_say_why(client, images):
    with pytest.raises(ServoError, match="gain") as refused:
        client.open_session(images[0], gain=-1)
    assert refused.value.status == 400
    with pytest.raises(ServoError) as unknown:
        ServoClient(URL, "nonsense").open_session(images[0])
    assert unknown.value.status == 401


def test_the_command_prints_a_line_of_json_for_every_velocity(images):
    goal, frames = images
    options = ["--url", URL, "--goal", str(goal), "--source", "-", "--detector", "ORB", "--stale", "60"]
    run = subprocess.run(
        [sys.executable, PROGRAM, *options, "--record", "--parameters", '{"maxFrames": 5, "watchdogMs": 60000}'],
        input=frames[0].read_bytes(),
        env={**os.environ, "INFERNODE_TOKEN": os.environ["INFERNODE_TEST_TOKEN"]},
        capture_output=True,
    )
    assert run.returncode == 0, run.stderr.decode()
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line.get("seq") for line in lines] == [0, None]
    assert lines[-1]["status"] == "ended"
    assert "key points" in run.stderr.decode()
    assert "recorded as job " in run.stderr.decode()


def test_the_command_says_what_is_wrong(images):
    run = subprocess.run(
        [sys.executable, PROGRAM, "--url", URL, "--goal", "nowhere.jpg", "--source", "-", "--token", "nonsense"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("infernode_servo: ")
    assert "Traceback" not in run.stderr


def test_a_source_that_fails_ends_the_session(client, images):
    goal, _ = images
    run = subprocess.run(
        [sys.executable, PROGRAM, "--url", URL, "--goal", str(goal), "--source", "-", "--detector", "ORB"],
        input=b"no JPEG",
        env={**os.environ, "INFERNODE_TOKEN": os.environ["INFERNODE_TEST_TOKEN"]},
        capture_output=True,
    )
    assert run.returncode == 1
    assert b"standard input holds no JPEG" in run.stderr
    session = run.stderr.decode().removeprefix("session ").partition(":")[0]
    assert client.session(session)["status"] == "ended"
