"""Reads the frames of a video; needs opencv-python-headless."""

import cv2


def frames(path: str):
    video = cv2.VideoCapture(path)
    while True:
        found, frame = video.read()
        if not found:
            return
        yield frame
