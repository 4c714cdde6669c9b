"""Held-out accuracy and confusions: ``python -m classifier.evaluate --pictures 8000 --json held-out.json``.

Runs the exported graph in ONNX Runtime on a stream of images that is not used in training.
"""

import argparse
import json
from datetime import date
from pathlib import Path

import numpy as np
import onnxruntime

from .labels import GROUPS, LABELS
from .network import SIZE, to_input
from .render import draw

SHIPPED = Path(__file__).resolve().parents[2] / 'models' / 'shapes'
NETWORK_FILE = 'model.onnx'
BATCH = 80


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one thread, as in the product."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])


def confusion_matrix(session: onnxruntime.InferenceSession, stream: str, pictures: int) -> tuple[np.ndarray, int]:
    """(counts [true, predicted], number of images whose label is among the best five) over the first images of a
    stream.
    """
    counts, among_five = np.zeros((len(LABELS),) * 2, np.int64), 0
    for first in range(0, pictures, BATCH):
        drawn = [draw(stream, index, SIZE) for index in range(first, min(first + BATCH, pictures))]
        truth = np.array([label for _, label in drawn])
        logits = session.run(None, {session.get_inputs()[0].name: to_input(np.stack([p for p, _ in drawn]))})[0]
        ranked = np.argsort(-logits, axis=1)
        np.add.at(counts, (truth, ranked[:, 0]), 1)
        among_five += int((ranked[:, :5] == truth[:, None]).any(1).sum())
    return counts, among_five


def summarise(counts: np.ndarray, among_five: int) -> dict:
    """Accuracies in per cent, and all confusions, most frequent first."""
    percent = lambda part, whole: round(100 * float(part) / float(whole), 2)
    right, total = np.diag(counts), counts.sum(1)
    groups = {name: [LABELS.index(label) for label in labels] for name, labels in GROUPS.items()}
    confusions = [{'true': LABELS[t], 'answered': LABELS[a], 'count': int(counts[t, a])}
                  for t in range(len(LABELS)) for a in range(len(LABELS)) if t != a and counts[t, a] > 0]
    return {
        'pictures': int(counts.sum()), 'top1': percent(right.sum(), counts.sum()), 'top5': percent(among_five, counts.sum()),
        'groups': {name: percent(right[rows].sum(), total[rows].sum()) for name, rows in groups.items()},
        'labels': {label: percent(right[n], total[n]) for n, label in enumerate(LABELS)},
        'confusions': sorted(confusions, key=lambda row: (-row['count'], row['true'], row['answered'])),
    }


def as_table(counts: np.ndarray) -> str:
    """The confusion matrix as CSV: a row per true label, a column per prediction."""
    rows = [','.join(['true \\ answered', *LABELS])]
    rows += [','.join([label, *map(str, counts[n])]) for n, label in enumerate(LABELS)]
    return '\n'.join(rows) + '\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--network', type=Path, default=SHIPPED / NETWORK_FILE)
    parser.add_argument('--pictures', type=int, default=8000)
    parser.add_argument('--stream', choices=('validation', 'held out'), default='held out')
    parser.add_argument('--json', type=Path, help='output file of the summary')
    parser.add_argument('--table', type=Path, help='output file of the confusion matrix, as CSV')
    options = parser.parse_args()
    counts, among_five = confusion_matrix(open_session(options.network), options.stream, options.pictures)
    summary = {'stream': options.stream, 'date': date.today().isoformat(), **summarise(counts, among_five)}
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + '\n')
    if options.table:
        options.table.write_text(as_table(counts))
    print(json.dumps({key: summary[key] for key in ('pictures', 'top1', 'top5', 'groups')}))
    for row in summary['confusions'][:15]:
        print(f"{row['count']:5d}  {row['true']} taken for {row['answered']}")


if __name__ == '__main__':
    main()
