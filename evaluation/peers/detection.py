"""Detections of Python's onnxruntime with an independent decoder in numpy: a JSON job on stdin, JSON out.

In:  {"networks": [{"file": ONNX file, "decoder": "yunet" | "ssd_stm", "labels": [name], "threshold": t, "iou": i}],
     "images": [PNG]}
Out: [[[{"label", "score", "box": [x, y, width, height]}]]], by network and image, in pixels of the image.

Needs numpy, pillow, onnxruntime.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image


def open_session(file: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=['CPUExecutionProvider'])


def resized(image: Image.Image, width: int, height: int) -> Image.Image:
    """Resizes along x, then y, or y first when the width grows; the order affects intermediate rounding."""
    first = (image.width, height) if image.height > height and width > image.width else (width, image.height)
    return image.resize(first, Image.Resampling.BILINEAR).resize((width, height), Image.Resampling.BILINEAR)


def yunet_input(image: Image.Image, side: int):
    """BGR 0..255 in a letterbox of black; (tensor, function from boxes of the input to boxes of the image)."""
    scale = min(side / image.width, side / image.height)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    left, top = (side - width) // 2, (side - height) // 2
    frame = np.zeros((side, side, 3), np.float32)
    frame[top:top + height, left:left + width] = np.asarray(resized(image, width, height))
    ratio = np.array([image.width / width, image.height / height] * 2)
    return frame[..., ::-1].transpose(2, 0, 1)[None].copy(), lambda boxes: (boxes - [left, top, left, top]) * ratio


def run_yunet(session: onnxruntime.InferenceSession, image: Image.Image):
    """(corner boxes [n, 4], scores [n, 1]) in pixels of the image."""
    side = session.get_inputs()[0].shape[-1]
    tensor, undo = yunet_input(image, side)
    names = [output.name for output in session.get_outputs()]
    out = dict(zip(names, session.run(None, {session.get_inputs()[0].name: tensor})))
    boxes, scores = [], []
    for stride in (8, 16, 32):
        count = side // stride
        rows, columns = np.divmod(np.arange(count * count), count)
        raw = out[f'bbox_{stride}'][0].astype(float)
        centre = (np.stack([columns, rows], 1) + raw[:, :2]) * stride
        half = np.exp(raw[:, 2:]) * stride / 2
        boxes.append(np.concatenate([centre - half, centre + half], 1))
        both = np.clip(out[f'cls_{stride}'][0], 0, 1).astype(float) * np.clip(out[f'obj_{stride}'][0], 0, 1)
        scores.append(np.sqrt(both))
    return undo(np.concatenate(boxes)), np.concatenate(scores)


def run_ssd_stm(session: onnxruntime.InferenceSession, image: Image.Image):
    """The same for the SSD of the STM32 model zoo: stretched RGB from -1 to 1, offsets of corners, background first."""
    side = session.get_inputs()[0].shape[-1]
    pixels = np.asarray(resized(image, side, side), float)
    # In double precision: a difference in the last digit is enough to swap two boxes with nearly equal scores.
    tensor = (pixels / 127.5 - 1).astype(np.float32).transpose(2, 0, 1)[None].copy()
    scores, offsets, anchors = session.run(['classes_softmax', 'bboxes_concat', 'anchors_concat'],
                                           {session.get_inputs()[0].name: tensor})
    anchors, offsets = anchors[0].astype(float), offsets[0].astype(float)
    sides = np.tile(anchors[:, 2:] - anchors[:, :2], 2)
    boxes = (anchors + offsets * sides) * ([image.width, image.height] * 2)
    return boxes, scores[0, :, 1:].astype(float)


def without_duplicates(boxes: np.ndarray, scores: np.ndarray, iou: float) -> np.ndarray:
    """Indices of the kept boxes, best first."""
    order, kept = np.argsort(-scores, kind='stable'), []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        low, high = np.maximum(boxes[best, :2], boxes[order, :2]), np.minimum(boxes[best, 2:], boxes[order, 2:])
        inner = np.clip(high - low, 0, None).prod(1)
        order = order[inner / (areas[best] + areas[order] - inner) <= iou]
    return np.array(kept, int)


def detect(run, network: dict, image: Image.Image) -> list[dict]:
    boxes, scores = run(image)
    boxes = np.clip(boxes, 0, [image.width, image.height] * 2)
    found = []
    for column, label in enumerate(network['labels']):
        chosen = (scores[:, column] >= network['threshold']) & (boxes[:, 2:] > boxes[:, :2]).all(1)
        kept_boxes, kept_scores = boxes[chosen], scores[chosen, column]
        for n in without_duplicates(kept_boxes, kept_scores, network['iou']):
            left, top, right, bottom = kept_boxes[n].tolist()
            found.append({'label': label, 'score': float(kept_scores[n]), 'box': [left, top, right - left, bottom - top]})
    return sorted(found, key=lambda one: -one['score'])


DECODERS = {'yunet': run_yunet, 'ssd_stm': run_ssd_stm}


def main() -> None:
    job = json.load(sys.stdin)
    images = [Image.open(file).convert('RGB') for file in job['images']]
    answer = []
    for network in job['networks']:
        session = open_session(network['file'])
        run = lambda image: DECODERS[network['decoder']](session, image)
        answer.append([detect(run, network, image) for image in images])
    json.dump(answer, sys.stdout)


if __name__ == '__main__':
    main()
