"""Exports a checkpoint: ``python -m detection.export --checkpoint runs/a/checkpoint.pt --scenes FOLDER``.

Writes model.onnx (opset 18, batch free), compares it with torch, measures it on the scenes that the TypeScript renderer drew
(``npm run eval:detection -- --keep FOLDER``), and writes manifest.json and training.json beside it.
"""

import argparse
import contextlib
import io
import logging
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from onnx_metadata import remove_traces

from .backgrounds import Backgrounds
from .evaluate import SHIPPED, judge
from .manifest import describe, write_manifest
from .network import SIZE, DecodedNetwork, load_network, to_input
from .render import draw_scene

OPSET = 18
TOLERANCE = 1e-3
"""Tolerance in pixels; single precision keeps seven digits of a box of 200 pixels."""
INPUT, OUTPUT = 'images', 'output0'


def export_graph(network: DecodedNetwork, path: Path) -> None:
    """Writes the graph with embedded weights and a dynamic batch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    network = network.eval().to(memory_format=torch.contiguous_format)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        torch.onnx.export(network, (torch.zeros(2, 3, SIZE, SIZE),), str(path), input_names=[INPUT], output_names=[OUTPUT],
                          dynamic_shapes={'pictures': {0: torch.export.Dim('batch', min=1, max=64)}}, opset_version=OPSET,
                          dynamo=True, external_data=False)
    remove_traces(path)


def check_parity(network: DecodedNetwork, path: Path) -> dict[str, float]:
    """Largest differences between torch and the exported graph, of boxes in pixels and of scores; raises ValueError
    above the tolerance.
    """
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    backgrounds, boxes, scores = Backgrounds(3, None), 0.0, 0.0
    for batch in (1, 3):
        drawn = [draw_scene(np.random.default_rng((3, batch, n)), backgrounds, SIZE).picture for n in range(batch)]
        pictures = to_input(np.stack(drawn))
        with torch.no_grad():
            expected = network(torch.from_numpy(pictures)).numpy()
        answered = session.run([OUTPUT], {INPUT: pictures})[0]
        if answered.shape != expected.shape or not np.isfinite(answered).all():
            raise ValueError(f'a batch of {batch} gives {answered.shape}, finite: {np.isfinite(answered).all()}')
        difference = np.abs(answered - expected)
        boxes, scores = max(boxes, float(difference[:, :4].max())), max(scores, float(difference[:, 4:].max()))
    if not max(boxes, scores) <= TOLERANCE:
        raise ValueError(f'torch and onnxruntime differ by {boxes} pixels and {scores}, the limit is {TOLERANCE}')
    return {'pixels': boxes, 'scores': scores}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--scenes', type=Path, required=True, help='folder of held-out scenes with truth.json')
    parser.add_argument('--out', type=Path, default=SHIPPED.parent)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = DecodedNetwork(load_network(options.checkpoint)).eval()
    path = options.out / SHIPPED.name
    export_graph(network, path)
    difference = check_parity(network, path)
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    result = judge(lambda pictures: session.run([OUTPUT], {INPUT: pictures})[0], options.scenes)
    write_manifest(options.out, describe(options.checkpoint, difference, result), result)
    print(path.stat().st_size, 'bytes, parity', difference, 'mAP50', result['mAP50'])


if __name__ == '__main__':
    main()
