"""CNS servoing as a straightforward Python script: OpenCV decodes, detects, matches and verifies with RANSAC, ONNX
Runtime runs the same network. One thread. Prints one line of JSON.

    python3 benchmarks/peers/cns_pipeline.py --clip samples/approach.mp4 --truth samples/approach.json --detector SIFT \\
        --report FOLDER

It writes the same files as a job: velocities, a plot, twelve match images and a preview video of at most eighty
frames (`cns_report.py`). Needs opencv-python-headless, onnxruntime, numpy and ffmpeg.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from cns_report import Report

MAX_FEATURES, MAX_GOAL_POINTS = 1024, 512
RATIO, INLIER_PIXELS = 0.8, 2.0
LONG_SIDE = 640
HIDDEN_WIDTH = 128


def create_detector(name: str):
    """Detector and matcher norm. AKAZE has no limit on key points; the strongest are selected afterwards."""
    if name == 'SIFT':
        return cv2.SIFT_create(MAX_FEATURES), cv2.NORM_L2
    if name == 'ORB':
        return cv2.ORB_create(MAX_FEATURES), cv2.NORM_HAMMING
    return cv2.AKAZE_create(), cv2.NORM_HAMMING


def detect(detector, grey: np.ndarray, limit: int):
    """Positions [n, 2] and descriptors of the strongest key points."""
    keypoints, descriptors = detector.detectAndCompute(grey, None)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), None
    order = np.argsort([-point.response for point in keypoints])[:limit]
    return np.float32([keypoints[k].pt for k in order]).reshape(-1, 2), descriptors[order]


def match(matcher, goal, current) -> np.ndarray:
    """[k, 2] rows of goal and frame: mutual nearest neighbours that pass the ratio test."""
    if goal is None or current is None or len(current) < 2:
        return np.zeros((0, 2), int)
    there = {best.queryIdx: best.trainIdx for best, second in matcher.knnMatch(goal, current, k=2)
             if best.distance < RATIO * second.distance}
    back = {best.queryIdx: best.trainIdx for best in matcher.match(current, goal)}
    return np.array([(i, j) for i, j in there.items() if back[j] == i], int).reshape(-1, 2)


def clusters(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres [C, 2] and membership [C, N] of the goal's points on the normalised plane."""
    count = len(points) if len(points) <= 16 else max(4, round(0.9 * len(points) ** 0.5))
    criteria = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0)
    cv2.setRNGSeed(1)
    _, labels, _ = cv2.kmeans(points, count, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
    member = (labels.reshape(1, -1) == np.arange(count)[:, None]).astype(np.float32)
    nearest = [np.abs(points - np.median(points[row > 0], 0)).sum(1).argmin() for row in member]
    return points[nearest], member


class Policy:
    """The two graphs of the network; goal features are computed once."""

    def __init__(self, folder: Path, goal: np.ndarray, distance: float):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        open_graph = lambda name: onnxruntime.InferenceSession(
            str(folder / f'{name}.onnx'), options, providers=['CPUExecutionProvider'])
        self.step_graph = open_graph('step')
        center, member = clusters(goal)
        self.feeds = {'tar': goal, 'center': center, 'member': member, 'dist': np.float32([distance])}
        names = ('g_dst', 'g_att', 'g_val')
        inputs = {name: self.feeds[name] for name in ('tar', 'center', 'member')}
        self.feeds |= dict(zip(names, open_graph('goal').run(list(names), inputs), strict=True))
        self.hidden = np.zeros((len(center), HIDDEN_WIDTH), np.float32)

    def __call__(self, current: np.ndarray, visible: np.ndarray) -> np.ndarray:
        feeds = {**self.feeds, 'cur': current, 'vis': visible, 'hidden': self.hidden}
        velocity, self.hidden = self.step_graph.run(['velocity', 'hidden_out'], feeds)
        return velocity


def read_frames(clip: Path):
    """Colour and grey frames, scaled to a long side of LONG_SIDE."""
    video = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    while True:
        there, frame = video.read()
        if not there:
            return
        scale = min(1, LONG_SIDE / max(frame.shape))
        if scale < 1:
            frame = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        yield frame, cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)


def processor_seconds() -> float:
    """Processor time of this process and its terminated children."""
    uses = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in uses)


def servo(clip: Path, truth: dict, detector_name: str, models: Path, folder: Path) -> dict:
    """Runs the clip; returns figures of the frame stage, which draws no images, and of the whole job."""
    job_start, job_processor = time.perf_counter(), processor_seconds()
    detector, norm = create_detector(detector_name)
    matcher = cv2.BFMatcher(norm)
    k = truth['intrinsics']
    goal_image, goal_grey = next(both for index, both in enumerate(read_frames(clip)) if index == truth['goalFrame'])
    # As in the product, frames have the size of the intrinsics, up to LONG_SIDE.
    scale = goal_grey.shape[1] / truth['width']
    focal, centre = np.float32([k['fx'], k['fy']]) * scale, np.float32([k['cx'], k['cy']]) * scale
    goal, goal_descriptors = detect(detector, goal_grey, MAX_GOAL_POINTS)
    policy = Policy(models / 'cns', (goal - centre) / focal, truth['goalDistance'])
    stages = dict.fromkeys(('detect', 'match', 'network'), 0.0)
    records, pairs_of = [], []
    start, processor = time.perf_counter(), processor_seconds()
    for _, grey in read_frames(clip):
        begin = time.perf_counter()
        points, descriptors = detect(detector, grey, MAX_FEATURES)
        detected = time.perf_counter()
        pairs = match(matcher, goal_descriptors, descriptors)
        if len(pairs) >= 8:
            _, mask = cv2.findFundamentalMat(goal[pairs[:, 0]], points[pairs[:, 1]], cv2.FM_RANSAC, INLIER_PIXELS,
                                             0.999, 5000)
            pairs = pairs[:0] if mask is None else pairs[mask[:, 0] > 0]
        matched = time.perf_counter()
        velocity = None
        if len(pairs) >= 3:
            current, visible = np.zeros_like(goal), np.zeros(len(goal), np.float32)
            current[pairs[:, 0]] = (points[pairs[:, 1]] - centre) / focal
            visible[pairs[:, 0]] = 1
            velocity = policy(current, visible)
        records.append({'velocity': velocity, 'inliers': len(pairs)})
        pairs_of.append((goal[pairs[:, 0]], points[pairs[:, 1]]))
        end = time.perf_counter()
        for name, seconds in zip(stages, (detected - begin, matched - detected, end - matched), strict=True):
            stages[name] += seconds
    frames = len(records)
    seconds, processor = time.perf_counter() - start, processor_seconds() - processor
    images = (image for image, _ in read_frames(clip))
    Report(folder, truth['fps']).write(records, goal_image, zip(images, pairs_of, strict=True))
    job_seconds, job_processor = time.perf_counter() - job_start, processor_seconds() - job_processor
    return {'framesPerSecond': frames / seconds, 'processorMs': 1000 * processor / frames,
            'jobFramesPerSecond': frames / job_seconds, 'jobProcessorMs': 1000 * job_processor / frames,
            'inliers': sum(record['inliers'] for record in records) / frames,
            'lost': sum(record['velocity'] is None for record in records),
            'peakMegabytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            'stageMs': {name: 1000 * value / frames for name, value in stages.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--clip', type=Path, required=True)
    parser.add_argument('--truth', type=Path, required=True)
    parser.add_argument('--detector', choices=('SIFT', 'ORB', 'AKAZE'), required=True)
    parser.add_argument('--report', type=Path, required=True, help='an existing folder to write to')
    parser.add_argument('--models', type=Path, default=Path(__file__).resolve().parents[2] / 'models')
    options = parser.parse_args()
    cv2.setNumThreads(1)
    truth = json.loads(options.truth.read_text())
    print(json.dumps(servo(options.clip, truth, options.detector, options.models, options.report)))


if __name__ == '__main__':
    main()
