"""The node between stubs of rclpy and a running server, whose address and whose pictures the suite gives."""

import json
import os
import threading
from pathlib import Path

import pytest
import rclpy
import rclpy.node
from builtin_interfaces.msg import Time
from infernode_servo_ros import servo_node
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

URL = os.environ.get("INFERNODE_TEST_URL")
pytestmark = pytest.mark.skipif(URL is None, reason="no server: set INFERNODE_TEST_URL, _TOKEN and _IMAGES")


@pytest.fixture
def images():
    return Path(os.environ["INFERNODE_TEST_IMAGES"])


@pytest.fixture
def start(images):
    nodes = []

    def begin(**overrides):
        rclpy.node.overrides = {
            "url": URL,
            "token": os.environ["INFERNODE_TEST_TOKEN"],
            "goal": str(images / "goal.jpg"),
            "detector": "ORB",
            "goal_distance": 0.7,
            "compressed": True,
            "stale_seconds": 60.0,
            "session": json.dumps({"watchdogMs": 60000}),
            **overrides,
        }
        nodes.append(servo_node.ServoNode())
        return nodes[-1]

    yield begin
    for node in nodes:
        node.stop()


def picture(images, seconds=7):
    stamp = Time(sec=seconds, nanosec=250_000_000)
    return CompressedImage(header=Header(stamp=stamp, frame_id="camera_optical"), data=(images / "frame-0.jpg").read_bytes())


def calibration():
    return CameraInfo(width=640, height=480, distortion_model="plumb_bob", d=[0.0] * 5, k=[537.6, 0, 320, 0, 537.6, 240, 0, 0, 1])


def twist(message):
    linear, angular = message.twist.linear, message.twist.angular
    return [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z]


def feed(node, images, condition):
    """Sends pictures as a camera does, until what was published fits."""
    velocity = node.publishers_by_topic["velocity"]
    done = threading.Event()

    def camera():
        while not done.wait(0.05):
            node.subscriptions_by_topic["image/compressed"](picture(images))

    thread = threading.Thread(target=camera)
    thread.start()
    try:
        velocity.until(condition)
    finally:
        done.set()
        thread.join()
    return velocity.messages


def moves(messages):
    return any(any(twist(message)) for message in messages)


def test_images_become_velocities_and_the_last_one_is_zero(start, images):
    node = start()
    node.subscriptions_by_topic["camera_info"](calibration())
    messages = feed(node, images, moves)
    first = next(message for message in messages if any(twist(message)))
    assert (first.header.stamp, first.header.frame_id) == (Time(sec=7, nanosec=250_000_000), "camera_optical")
    node.stop()
    assert twist(messages[-1]) == [0] * 6
    assert "status: ended" in node.logger.lines


def test_the_tools_velocity_has_the_tools_frame(start, images):
    # The camera looks along the tool's z and sits a quarter turn about it.
    hand_eye = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0.1], [0, 0, 0, 1]]
    session = json.dumps({"handEye": hand_eye, "watchdogMs": 60000})
    node = start(tool_frame="flange", session=session, use_camera_info=False)
    messages = feed(node, images, moves)
    assert messages[-1].header.frame_id == "flange"


def test_a_session_that_ends_is_followed_by_another(start, images):
    node = start(use_camera_info=False, session=json.dumps({"maxFrames": 1, "watchdogMs": 60000}))
    opened = lambda: [line for line in node.logger.lines if line.startswith("session ")]
    messages = feed(node, images, lambda _: len(opened()) >= 2)
    assert moves(messages)


def test_says_what_it_waits_for(start, monkeypatch):
    monkeypatch.setattr(servo_node, "CAMERA_INFO_SECONDS", 0.0)
    said = threading.Event()
    monkeypatch.setattr(rclpy.node.Logger, "error", lambda _, text: "camera_info" in text and said.set())
    start()
    assert said.wait(60)


def test_what_the_server_refuses_is_logged_and_the_robot_stands_still(start, images):
    node = start(use_camera_info=False, session=json.dumps({"gain": -1}))
    velocity = node.publishers_by_topic["velocity"]
    velocity.until(len)
    node._opener.join(60)
    assert twist(velocity.messages[-1]) == [0] * 6
    assert any("gain" in line and "not tried again" in line for line in node.logger.lines)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"session": "{"}, "the parameter session takes a JSON object"),
        ({"session": "[1]"}, "the parameter session takes a JSON object"),
        ({"session": '{"goal": {"mediaId": "1"}}'}, "the parameter session takes the other fields"),
        ({"goal": ""}, "the parameter goal is missing"),
        ({"tool_frame": "flange"}, "the parameter tool_frame needs handEye"),
    ],
)
def test_a_wrong_parameter_is_named_and_opens_no_session(start, overrides, expected):
    node = start(use_camera_info=False, **overrides)
    node._opener.join(60)
    assert any(expected in line and "not tried again" in line for line in node.logger.lines), node.logger.lines
    assert not any(line.startswith("session ") for line in node.logger.lines)


def test_whatever_ends_a_stream_is_logged(start, images, monkeypatch):
    publish = servo_node.ServoNode._publish

    def fail(node, command):
        if command.status == "tracking":
            raise RuntimeError("the context is gone")
        publish(node, command)

    monkeypatch.setattr(servo_node.ServoNode, "_publish", fail)
    node = start(use_camera_info=False)
    messages = feed(node, images, len)
    node._opener.join(60)
    assert any("the context is gone" in line and "not tried again" in line for line in node.logger.lines), node.logger.lines
    assert not moves(messages)


def test_an_image_that_cannot_be_a_frame_does_not_end_the_node(start, images):
    node = start(use_camera_info=False)
    feed(node, images, moves)
    node.subscriptions_by_topic["image/compressed"](picture(images, seconds=-1))
    assert any("capture_time_us" in line for line in node.logger.lines)


def test_an_interrupt_stops_the_robot_before_the_context_ends(start, images, monkeypatch):
    start()
    rclpy.interrupt()
    rclpy.calls.clear()
    servo_node.main([])
    node = rclpy.node.nodes[-1]
    assert rclpy.calls == [("init", "no"), "shutdown"]
    assert node.destroyed
    assert twist(node.publishers_by_topic["velocity"].messages[-1]) == [0] * 6
