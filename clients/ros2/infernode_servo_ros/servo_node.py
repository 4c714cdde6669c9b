"""``ros2 run infernode_servo_ros servo``: images in, camera velocity out.

Subscribes to ``image`` (``sensor_msgs/Image``) or ``image/compressed`` (``sensor_msgs/CompressedImage``, with the parameter
``compressed``) and ``camera_info`` (``sensor_msgs/CameraInfo``), publishes ``velocity`` (``geometry_msgs/TwistStamped``) in
the optical frame of the camera, or in the tool's with ``tool_frame``. Zeros are published whenever nothing better is known.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any, Optional

import rclpy
from geometry_msgs.msg import TwistStamped
from infernode_servo import ZERO, Command, ServoClient, ServoError, ServoStream, session_fields, sign_in
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from .messages import camera_info_fields, frame_of_compressed, frame_of_image

#: Seconds between two attempts to open a session.
RETRY_SECONDS = 1.0
#: Seconds without a calibration after which the log says what is missing.
CAMERA_INFO_SECONDS = 5.0
#: Close code of a stream (RFC 6455): the camera's next frames would be as large.
FRAME_TOO_LARGE = 1009

PARAMETERS: dict[str, Any] = {
    "url": "http://127.0.0.1:3000",
    # Else INFERNODE_TOKEN, or `email` with INFERNODE_PASSWORD.
    "token": "",
    "email": "",
    # File of the goal's picture.
    "goal": "",
    "detector": "SIFT",
    # Metres from the goal's camera to the scene; 0: translation in goal distances per second.
    "goal_distance": 0.0,
    # Further fields of the session as JSON.
    "session": "{}",
    "compressed": False,
    # Without it the session gets no calibration but what `session` says.
    "use_camera_info": True,
    # Frame of the tool's velocity, with `handEye` in `session`; empty: the camera's velocity in the images' frame.
    "tool_frame": "",
    "stale_seconds": 1.0,
    # Whether a session that has ended is followed by another one.
    "reopen": True,
}


class ServoNode(Node):
    """One session of live servoing between the topics of a camera and of a velocity controller."""

    def __init__(self) -> None:
        super().__init__("infernode_servo")
        for name, value in PARAMETERS.items():
            self.declare_parameter(name, value)
        self._options = {name: self.get_parameter(name).value for name in PARAMETERS}
        self._frame_id = ""
        self._status: Optional[str] = None
        self._stream: Optional[ServoStream] = None
        self._camera_info: Optional[dict] = None
        self._known = threading.Event()
        self._stopping = threading.Event()
        self._complaint: Optional[str] = None
        self._velocity = self.create_publisher(TwistStamped, "velocity", 1)
        if self._options["compressed"]:
            self.create_subscription(CompressedImage, "image/compressed", self._on_compressed, qos_profile_sensor_data)
        else:
            self.create_subscription(Image, "image", self._on_image, qos_profile_sensor_data)
        if self._options["use_camera_info"]:
            self.create_subscription(CameraInfo, "camera_info", self._on_camera_info, qos_profile_sensor_data)
        else:
            self._known.set()
        # Opening waits for the server, which callbacks must not.
        self._opener = threading.Thread(target=self._serve, name="servo-sessions", daemon=True)
        self._opener.start()

    def _on_camera_info(self, message: Any) -> None:
        if self._camera_info is None:
            self._camera_info = camera_info_fields(message)
            self._known.set()

    def _on_image(self, message: Any) -> None:
        self._send(message, frame_of_image)

    def _on_compressed(self, message: Any) -> None:
        self._send(message, frame_of_compressed)

    def _send(self, message: Any, convert: Any) -> None:
        self._frame_id = message.header.frame_id
        stream = self._stream
        if stream is None:
            return
        try:
            stream.send(convert(message))
        except ValueError as error:
            self._complain(str(error))
        except ServoError:
            # The thread of the sessions has noticed as well.
            pass

    def _serve(self) -> None:
        """One session after the other, until the node stops."""
        started = time.monotonic()
        while not self._stopping.is_set():
            if not self._known.wait(0.1):
                if time.monotonic() - started >= CAMERA_INFO_SECONDS:
                    self._complain("no session yet: nothing came on camera_info; check its remapping, or set use_camera_info to false")
                continue
            try:
                again = self._run_session()
            # Whatever it is: nobody would notice a thread that is gone.
            except Exception as error:
                self._publish(Command(ZERO, None, "disconnected"))
                again = not _is_final(error)
                self._complain(str(error) if again else f"{error}; not tried again: correct it and restart the node")
            if not again:
                return
            self._stopping.wait(RETRY_SECONDS)

    def _run_session(self) -> bool:
        """Opens a session and waits for its end; whether another one is to follow."""
        options = self._options
        fields = {"detector": options["detector"], "goalDistance": options["goal_distance"] or None}
        if self._camera_info is not None:
            fields["cameraInfo"] = self._camera_info
        fields.update(session_fields(options["session"], "the parameter session"))
        if not options["goal"]:
            raise ValueError("the parameter goal is missing: the file of the goal's picture")
        if options["tool_frame"] and fields.get("handEye") is None:
            raise ValueError("the parameter tool_frame needs handEye in the parameter session: without it nothing says how the tool moves")
        client = ServoClient(options["url"], self._token())
        session = client.open_session(options["goal"], wait=30, **fields)
        self.get_logger().info(f"session {session['id']}: {session['goal']['keypoints']} key points in the goal")
        stream = client.stream(session, self._publish, stale_seconds=options["stale_seconds"])
        try:
            self._stream = stream
            while not stream.wait(0.1):
                if self._stopping.is_set():
                    stream.end()
            if stream.error is not None:
                raise stream.error
        finally:
            self._stream = None
            stream.close()
        return bool(options["reopen"])

    def _token(self) -> str:
        token = self._options["token"] or os.environ.get("INFERNODE_TOKEN", "")
        if token:
            return token
        if not self._options["email"]:
            raise ServoError("no account: set the parameter token or email, or INFERNODE_TOKEN", 401)
        return sign_in(self._options["url"], self._options["email"], os.environ.get("INFERNODE_PASSWORD", ""))

    def _publish(self, command: Command) -> None:
        message = TwistStamped()
        message.header.stamp = self._stamp(command)
        tool_frame = self._options["tool_frame"]
        velocity = command.velocity
        if tool_frame:
            velocity = ZERO if command.velocity_tool is None else command.velocity_tool
        message.header.frame_id = tool_frame or self._frame_id
        twist = message.twist
        twist.linear.x, twist.linear.y, twist.linear.z = (float(value) for value in velocity[:3])
        twist.angular.x, twist.angular.y, twist.angular.z = (float(value) for value in velocity[3:])
        self._velocity.publish(message)
        if command.status != self._status:
            self._status = command.status
            self.get_logger().info(f"status: {command.status}")

    def _stamp(self, command: Command) -> Any:
        """The time of the image that a velocity is for; of zeros without one now."""
        now = self.get_clock().now().to_msg()
        captured = (command.message or {}).get("captureTimeUs")
        if captured is not None:
            now.sec, micros = divmod(int(captured), 1_000_000)
            now.nanosec = 1000 * micros
        return now

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            self._complaint = text
            self.get_logger().error(text)

    def stop(self) -> None:
        """Ends the session; the last velocity is zero."""
        self._stopping.set()
        self._opener.join(15)
        self._publish(Command(ZERO, None, "ended"))


def _is_final(error: Exception) -> bool:
    """Whether the same session would be refused again: what the node was given is wrong."""
    if isinstance(error, ServoError):
        status = error.status
        if status == FRAME_TOO_LARGE:
            return True
        # A session or connection that is over is no mistake of the parameters.
        return status is not None and 400 <= status < 500 and status not in (404, 408, 409, 410, 429)
    return True


def main(args: Optional[list[str]] = None) -> None:
    # The context must live until the last velocity is out, so signals end the spinning instead of the context.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    node = ServoNode()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.stop()
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
