"""Exports a checkpoint: ``python -m classifier.export --checkpoint runs/a/checkpoint.pt``.

Writes model.onnx (opset 18, dynamic batch) and compares it with torch; evaluates it on held-out images; writes
manifest.json, training.json and confusion.csv next to it.
"""

import argparse
import contextlib
import io
import logging
import warnings
from pathlib import Path

import numpy as np
import torch

from onnx_metadata import remove_traces

from .evaluate import NETWORK_FILE, SHIPPED, as_table, confusion_matrix, open_session, summarise
from .manifest import describe, write_manifest
from .network import SIZE, ClassifierNetwork, load_network, to_input
from .render import draw

OPSET = 18
TOLERANCE = 1e-4
INPUT, OUTPUT = 'image', 'logits'


def export_graph(network: ClassifierNetwork, path: Path) -> None:
    """Writes the graph with embedded weights and a dynamic batch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    network = network.eval().to(memory_format=torch.contiguous_format)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        torch.onnx.export(network, (torch.zeros(2, 3, SIZE, SIZE),), str(path), input_names=[INPUT], output_names=[OUTPUT],
                          dynamic_shapes={'pictures': {0: torch.export.Dim('batch', min=1, max=256)}}, opset_version=OPSET,
                          dynamo=True, external_data=False)
    remove_traces(path)


def check_parity(network: ClassifierNetwork, path: Path) -> float:
    """Largest difference between torch and the exported graph over several batch sizes; raises ValueError above the
    tolerance.
    """
    session, worst = open_session(path), 0.0
    for batch in (1, 2, 7, 32):
        pictures = to_input(np.stack([draw('validation', index, SIZE)[0] for index in range(batch)]))
        with torch.no_grad():
            expected = network(torch.from_numpy(pictures)).numpy()
        answered = session.run([OUTPUT], {INPUT: pictures})[0]
        if answered.shape != expected.shape or not np.isfinite(answered).all():
            raise ValueError(f'a batch of {batch} gives {answered.shape}, finite: {np.isfinite(answered).all()}')
        worst = max(worst, float(np.abs(answered - expected).max()))
    if not worst <= TOLERANCE:
        raise ValueError(f'torch and onnxruntime differ by {worst}, the limit is {TOLERANCE}')
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--out', type=Path, default=SHIPPED)
    parser.add_argument('--pictures', type=int, default=8000, help='number of held-out images in the evaluation')
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_network(options.checkpoint)
    path = options.out / NETWORK_FILE
    export_graph(network, path)
    difference = check_parity(network, path)
    counts, among_five = confusion_matrix(open_session(path), 'held out', options.pictures)
    summary = summarise(counts, among_five)
    write_manifest(options.out, describe(options.checkpoint, difference, summary), summary)
    (options.out / 'confusion.csv').write_text(as_table(counts))
    print(path.stat().st_size, 'bytes, parity', difference, 'top1', summary['top1'], 'top5', summary['top5'])


if __name__ == '__main__':
    main()
