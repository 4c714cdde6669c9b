"""As much of rclpy as the node uses: topics are lists, and nothing runs by itself."""

import threading

calls = []
_stop = threading.Event()


def init(args=None, signal_handler_options=None):
    calls.append(("init", signal_handler_options))


def spin(node):
    while True:
        _stop.wait()
        raise KeyboardInterrupt


def interrupt():
    _stop.set()


def try_shutdown():
    calls.append("shutdown")
