"""Frames of a video for the peers that read one; needs opencv-python-headless."""

import cv2


def frames(path: str):
    video = cv2.VideoCapture(path)
    while True:
        found, frame = video.read()
        if not found:
            return
        yield frame
