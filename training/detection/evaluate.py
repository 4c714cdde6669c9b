"""Mean average precision on scenes that the TypeScript renderer drew: ``python -m detection.evaluate --scenes FOLDER``.

``npm run eval:detection -- --keep FOLDER`` writes such a folder: pictures and ``truth.json``. Average precision is the area
under the precision envelope at an overlap of 0.5, as in PASCAL VOC since 2010.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import torch

from .labels import LABELS
from .network import SIZE, DecodedNetwork, load_network, to_input
from .render import LETTERBOX_GREY

SHIPPED = Path(__file__).resolve().parents[2] / 'models' / 'shapes_detection' / 'model.onnx'
MIN_SCORE, DUPLICATE, MATCH, MOST = 0.01, 0.45, 0.5, 100


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of one box [4] with others [n, 4]; corners."""
    inner = (np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])).clip(0).prod(1)
    area = lambda boxes: (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    return inner / (area(box) + area(others) - inner)


def decode(output: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(corner boxes, scores, labels) of one output [4 + labels, cells], best first, duplicates removed by label."""
    boxes, scores = output[:4].T, output[4:].T
    labels, best = scores.argmax(1), scores.max(1)
    order = np.argsort(-best, kind='stable')
    order = order[best[order] >= MIN_SCORE]
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1)
    kept: list[int] = []
    for n in order:
        rivals = [k for k in kept if labels[k] == labels[n]]
        if not rivals or overlaps(corners[n], corners[rivals]).max() <= DUPLICATE:
            kept.append(int(n))
        if len(kept) == MOST:
            break
    return corners[kept], best[kept], labels[kept]


def letterbox(picture: np.ndarray) -> tuple[np.ndarray, float, int, int]:
    """(image in the network's input size, scale, left, top)."""
    height, width = picture.shape[:2]
    scale = min(SIZE / width, SIZE / height)
    inner = (round(width * scale), round(height * scale))
    left, top = (SIZE - inner[0]) // 2, (SIZE - inner[1]) // 2
    framed = np.full((SIZE, SIZE, 3), LETTERBOX_GREY, np.uint8)
    framed[top:top + inner[1], left:left + inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return framed, scale, left, top


def average_precision(matches: list[tuple[float, bool]], wanted: int) -> float:
    """Area under the precision envelope of (score, correct) pairs."""
    if not wanted:
        return float('nan')
    right = np.array([hit for _, hit in sorted(matches, key=lambda pair: -pair[0])], bool)
    hits = np.cumsum(right)
    recall, precision = hits / wanted, hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(np.concatenate([[0], recall])) * envelope).sum())


def judge(run, folder: Path) -> dict:
    """Average precision by label, their mean, and recall by size at a score of 0.25."""
    matches = {label: [] for label in LABELS}
    wanted = dict.fromkeys(LABELS, 0)
    by_size = {name: [0, 0] for name in ('8-16', '16-32', '32-64', '64-200')}
    scenes = json.loads((folder / 'truth.json').read_text())
    for scene in scenes:
        picture = cv2.imread(str(folder / scene['file']), cv2.IMREAD_COLOR)[..., ::-1]
        framed, scale, left, top = letterbox(picture)
        boxes, scores, labels = decode(run(to_input(framed[None]))[0])
        truth = np.array([[o['box']['x'], o['box']['y'], o['box']['x'] + o['box']['width'], o['box']['y'] + o['box']['height']]
                          for o in scene['objects']], float).reshape(-1, 4) * scale + [left, top, left, top]
        names = np.array([o['label'] for o in scene['objects']])
        taken = np.zeros(len(truth), bool)
        for name in names:
            wanted[name] += 1
        found = np.zeros(len(truth), bool)
        for box, score, label in zip(boxes, scores, labels):
            iou = np.where((names == LABELS[label]) & ~taken, overlaps(box, truth), 0) if len(truth) else np.zeros(1)
            hit = bool(iou.max() >= MATCH)
            if hit:
                taken[iou.argmax()] = True
                found[iou.argmax()] |= score >= 0.25
            matches[LABELS[label]].append((float(score), hit))
        for box, hit in zip(truth, found):
            side = (box[2:] - box[:2]).max()
            key = '8-16' if side < 16 else '16-32' if side < 32 else '32-64' if side < 64 else '64-200'
            by_size[key][0] += hit
            by_size[key][1] += 1
    precisions = {label: round(average_precision(matches[label], wanted[label]), 4) for label in LABELS}
    return {'scenes': len(scenes), 'objects': sum(wanted.values()), 'mAP50': round(float(np.nanmean(list(precisions.values()))), 4), 'labels': precisions,
            'foundAt025': {key: f'{hits}/{all_}' for key, (hits, all_) in by_size.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--scenes', type=Path, required=True)
    parser.add_argument('--checkpoint', type=Path, help='weights of a training run instead of the exported graph')
    parser.add_argument('--network', type=Path, default=SHIPPED)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.checkpoint:
        network = DecodedNetwork(load_network(options.checkpoint)).eval()
        run = lambda pictures: network(torch.from_numpy(pictures)).detach().numpy()
    else:
        session = onnxruntime.InferenceSession(str(options.network), providers=['CPUExecutionProvider'])
        run = lambda pictures: session.run(None, {session.get_inputs()[0].name: pictures})[0]
    print(json.dumps(judge(run, options.scenes)))


if __name__ == '__main__':
    main()
