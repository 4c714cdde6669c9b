"""Between ROS messages and frames of the stream."""

from __future__ import annotations

from typing import Any

import numpy as np
from infernode_servo import Frame, format_of

#: Channels of each encoding, and which of them are red, green and blue.
COLOURS = {
    "rgb8": (3, (0, 1, 2)),
    "bgr8": (3, (2, 1, 0)),
    "rgba8": (4, (0, 1, 2)),
    "bgra8": (4, (2, 1, 0)),
}
GREY = ("mono8", "8UC1")
YUY2 = ("yuv422_yuy2", "yuyv")


def micros_of(stamp: Any) -> int:
    """A time stamp in microseconds."""
    return stamp.sec * 1_000_000 + stamp.nanosec // 1000


def frame_of_image(message: Any) -> Frame:
    """The frame of a ``sensor_msgs/Image``; rows may be padded."""
    width, height, encoding = message.width, message.height, message.encoding
    captured = micros_of(message.header.stamp)
    if encoding in GREY:
        return Frame("gray8", _pixels(message, 1).tobytes(), (width, height), captured)
    if encoding in YUY2:
        return Frame("yuy2", _pixels(message, 2).tobytes(), (width, height), captured)
    if encoding in COLOURS:
        channels, order = COLOURS[encoding]
        pixels = _pixels(message, channels).reshape(height, width, channels)[:, :, list(order)]
        return Frame("rgb24", pixels.tobytes(), (width, height), captured)
    known = ", ".join((*GREY, *YUY2, *COLOURS))
    raise ValueError(f"the image's encoding is {encoding}; known are {known}")


def _pixels(message: Any, channels: int) -> np.ndarray:
    row = message.width * channels
    if message.step < row or len(message.data) < message.step * message.height:
        raise ValueError(f"the image has {len(message.data)} bytes in rows of {message.step}; {row} a row are needed")
    data = np.frombuffer(message.data, dtype=np.uint8, count=message.step * message.height)
    return data.reshape(message.height, message.step)[:, :row]


def frame_of_compressed(message: Any) -> Frame:
    """The frame of a ``sensor_msgs/CompressedImage``; its bytes say the format."""
    data = bytes(message.data)
    return Frame(format_of(data), data, None, micros_of(message.header.stamp))


def camera_info_fields(message: Any) -> dict:
    """A ``sensor_msgs/CameraInfo`` as the field ``cameraInfo`` of a session."""
    roi = message.roi
    return {
        "width": message.width,
        "height": message.height,
        "distortion_model": message.distortion_model,
        "d": [float(value) for value in message.d],
        "k": [float(value) for value in message.k],
        "binning_x": message.binning_x,
        "binning_y": message.binning_y,
        "roi": {"x_offset": roi.x_offset, "y_offset": roi.y_offset, "width": roi.width, "height": roi.height},
    }
