"""Trains the classifier: ``python -m classifier.train --out runs/a``; run again with the same folder to resume."""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import torch
import torch.nn.functional as F

import training_loop
from training_loop import command_line, run_trainer, with_budgets

from .network import SIZE, ClassifierNetwork, to_input
from .replay import Replay

FRESH = 16
"""New images per update; drawing costs as much as training, so the rest of a batch is repeated."""
REPLAYED = 24
LABEL_SMOOTHING = 0.05


@dataclass(frozen=True)
class Phase(training_loop.Phase):
    """A training phase with images of one size."""

    warm_up: int = 100
    size: int = field(kw_only=True)


PHASES = (Phase('small pictures', 400, 2e-3, 4e-4, size=48), Phase('full size', 250, 1e-3, 0.0, size=SIZE),
          Phase('again', 110, 6e-4, 0.0, size=SIZE), Phase('once more', 130, 5e-4, 0.0, size=SIZE))
"""The first phase is cheap: images of three quarters of the size take about half the time. The last two phases are
warm restarts.
"""


class Trainer(training_loop.Trainer[Phase]):
    """Trains on batches of new and repeated images."""

    examples, log_every = 'pictures', 200

    def __init__(self, folder: Path, seed: int, phases: tuple[Phase, ...]):
        torch.manual_seed(seed)
        network = ClassifierNetwork().to(memory_format=torch.channels_last)
        super().__init__(folder, seed, phases, network, torch.optim.AdamW(network.parameters(), weight_decay=0.02))
        self.replay = Replay(seed, FRESH, REPLAYED)

    def update(self, phase: Phase, _progress: float) -> dict[str, float]:
        """One update; returns the loss and the share of correct predictions."""
        drawn, labels = self.replay.batch(self.counters['pictures'], phase.size)
        pictures = torch.from_numpy(to_input(drawn)).to(memory_format=torch.channels_last)
        truth = torch.from_numpy(labels)
        self.network.train()
        logits = self.network(pictures)
        loss = F.cross_entropy(logits, truth, label_smoothing=LABEL_SMOOTHING)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.counters['pictures'] += FRESH
        return {'loss': loss.item(), 'right': float((logits.argmax(1) == truth).float().mean())}


def main() -> None:
    options = command_line(__doc__).parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    run_trainer(Trainer(options.out, options.seed, with_budgets(PHASES, options.seconds)), options)


if __name__ == '__main__':
    main()
