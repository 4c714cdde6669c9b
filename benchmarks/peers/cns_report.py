"""Output of the Python pipeline, as a straightforward script: OpenCV draws, FFmpeg encodes."""

import csv
import json
import subprocess
import zipfile
from pathlib import Path

import cv2
import numpy as np

IMAGES, PREVIEW_FRAMES = 12, 80
PREVIEW_WIDTH, CAPTION_HEIGHT, PLOT_HEIGHT = 640, 24, 150
MAX_LINES, PREVIEW_LINES = 150, 60
COLOURS = ((91, 73, 209), (87, 139, 46), (176, 108, 43))


def side_by_side(goal: np.ndarray, current: np.ndarray, pairs, most: int) -> np.ndarray:
    """Both images with lines between matches."""
    height = max(len(goal), len(current))
    canvas = np.zeros((height, goal.shape[1] + current.shape[1], 3), np.uint8)
    canvas[:len(goal), :goal.shape[1]] = goal
    canvas[:len(current), goal.shape[1]:] = current
    stride = max(1, -(-len(pairs[0]) // most))
    for k, (a, b) in enumerate(zip(pairs[0][::stride], pairs[1][::stride], strict=True)):
        ends = tuple(map(int, a)), (int(b[0]) + goal.shape[1], int(b[1]))
        cv2.line(canvas, *ends, COLOURS[k % 3], 1, cv2.LINE_AA)
    return canvas


def plot(records: list[dict], width: int, height: int) -> np.ndarray:
    """Translation left, rotation right."""
    canvas = np.full((height, width, 3), 255, np.uint8)
    values = np.array([[0] * 6 if r['velocity'] is None else r['velocity'] for r in records])
    for half in range(2):
        part = values[:, 3 * half:3 * half + 3]
        reach = max(1e-6, np.abs(part).max())
        x = (half + np.linspace(0.05, 0.95, len(part))) * width / 2
        for k in range(3):
            y = height / 2 - part[:, k] / reach * 0.4 * height
            cv2.polylines(canvas, [np.int32(np.stack([x, y], 1))], False, COLOURS[k], 1, cv2.LINE_AA)
    return canvas


class Report:
    """Files of one job in a folder, and their ZIP."""

    def __init__(self, folder: Path, fps: float):
        self.folder, self.fps = folder, fps

    def write(self, records: list[dict], goal: np.ndarray, images) -> None:
        """`images` are (image, (goal points, current points)) of every record."""
        listed = [{**r, 'velocity': None if r['velocity'] is None else [float(v) for v in r['velocity']]}
                  for r in records]
        (self.folder / 'result.json').write_text(json.dumps(listed, indent=1))
        with open(self.folder / 'velocities.csv', 'w', newline='') as file:
            csv.writer(file).writerows([k, r['inliers'], *(r['velocity'] or [])] for k, r in enumerate(listed))
        cv2.imwrite(str(self.folder / 'velocity.png'), plot(records, 1000, 900))
        self._images(records, goal, images)
        with zipfile.ZipFile(self.folder / 'result.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self.folder.iterdir()):
                if path.suffix != '.zip':
                    archive.write(path, path.name)

    def _images(self, records: list[dict], goal: np.ndarray, images) -> None:
        kept = set(np.linspace(0, len(records) - 1, IMAGES).round().astype(int))
        stride = -(-len(records) // PREVIEW_FRAMES)
        strip = plot(records, PREVIEW_WIDTH, PLOT_HEIGHT)
        encoder = None
        for index, (image, pairs) in enumerate(images):
            if index in kept:
                drawn = side_by_side(goal, image, pairs, MAX_LINES)
                cv2.imwrite(str(self.folder / f'frame-{index:06}.jpg'), drawn, [cv2.IMWRITE_JPEG_QUALITY, 90])
            if index % stride:
                continue
            frame = self._preview_frame(goal, image, pairs, (records, index, strip))
            encoder = encoder or self._encoder(frame)
            encoder.stdin.write(frame.tobytes())
        encoder.stdin.close()
        encoder.wait()

    @staticmethod
    def _preview_frame(goal, image, pairs, place) -> np.ndarray:
        records, index, strip = place
        scale = PREVIEW_WIDTH / 2 / goal.shape[1]
        small = [cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for part in (goal, image)]
        drawn = side_by_side(*small, (pairs[0] * scale, pairs[1] * scale), PREVIEW_LINES)
        caption = np.zeros((CAPTION_HEIGHT, PREVIEW_WIDTH, 3), np.uint8)
        cv2.putText(caption, f"frame {index}: {records[index]['inliers']} matches agree", (8, 17),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255))
        marked = strip.copy()
        for half in range(2):
            x = round((half + 0.05 + 0.9 * index / max(1, len(records) - 1)) * PREVIEW_WIDTH / 2)
            cv2.line(marked, (x, 0), (x, PLOT_HEIGHT), (42, 32, 26), 2)
        return np.concatenate([drawn, caption, marked])

    def _encoder(self, frame: np.ndarray) -> subprocess.Popen:
        size = f'{frame.shape[1]}x{frame.shape[0]}'
        return subprocess.Popen(
            ['ffmpeg', '-v', 'error', '-threads', '1', '-f', 'rawvideo', '-pix_fmt', 'bgr24', '-s', size, '-r',
             str(min(25, self.fps)), '-i', 'pipe:0', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '25', '-pix_fmt',
             'yuv420p', '-threads', '1', '-movflags', '+faststart', '-y', str(self.folder / 'preview.mp4')],
            stdin=subprocess.PIPE)
