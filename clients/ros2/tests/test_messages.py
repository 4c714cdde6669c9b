"""ROS messages become frames pixel by pixel, whatever their encoding and padding."""

import pytest
from builtin_interfaces.msg import Time
from infernode_servo_ros.messages import camera_info_fields, frame_of_compressed, frame_of_image
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

HEADER = Header(stamp=Time(sec=3, nanosec=5000), frame_id="camera_optical")


def image(encoding, width, height, step, data):
    return Image(header=HEADER, encoding=encoding, width=width, height=height, step=step, data=bytes(data))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (image("mono8", 2, 2, 3, [1, 2, 99, 3, 4, 99]), ("gray8", [1, 2, 3, 4])),
        (image("rgb8", 1, 2, 4, [1, 2, 3, 99, 4, 5, 6, 99]), ("rgb24", [1, 2, 3, 4, 5, 6])),
        (image("bgr8", 1, 1, 3, [1, 2, 3]), ("rgb24", [3, 2, 1])),
        (image("bgra8", 1, 1, 4, [1, 2, 3, 255]), ("rgb24", [3, 2, 1])),
        (image("yuv422_yuy2", 2, 1, 4, [1, 2, 3, 4]), ("yuy2", [1, 2, 3, 4])),
    ],
)
def test_images(message, expected):
    frame = frame_of_image(message)
    assert (frame.format, list(frame.data)) == expected
    assert frame.size == (message.width, message.height)
    assert frame.capture_time_us == 3_000_005


def test_images_that_cannot_be_sent_say_why():
    with pytest.raises(ValueError, match="encoding is 16UC1; known are mono8"):
        frame_of_image(image("16UC1", 1, 1, 2, [0, 0]))
    with pytest.raises(ValueError, match="3 bytes in rows of 3"):
        frame_of_image(image("rgb8", 1, 2, 3, [1, 2, 3]))


def test_compressed_images_go_as_they_are():
    frame = frame_of_compressed(CompressedImage(header=HEADER, format="bgr8; jpeg compressed", data=b"\xff\xd8\xff\xe0"))
    assert (frame.format, frame.data) == ("jpeg", b"\xff\xd8\xff\xe0")


def test_calibrations_keep_their_lens():
    message = CameraInfo(width=640, height=480, distortion_model="plumb_bob", d=[0.1, 0.2, 0, 0, 0], k=[5, 0, 3, 0, 5, 2, 0, 0, 1])
    assert camera_info_fields(message) == {
        "width": 640,
        "height": 480,
        "distortion_model": "plumb_bob",
        "d": [0.1, 0.2, 0, 0, 0],
        "k": [5, 0, 3, 0, 5, 2, 0, 0, 1],
        "binning_x": 0,
        "binning_y": 0,
        "roi": {"x_offset": 0, "y_offset": 0, "width": 0, "height": 0},
    }
