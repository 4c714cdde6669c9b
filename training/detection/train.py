"""Trains the detector: ``python -m detection.train --out runs/a``; run again with the same folder to resume."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import training_loop
from training_loop import command_line, run_trainer, with_budgets

from .backgrounds import Backgrounds
from .loss import detection_loss
from .network import Cells, DetectorNetwork, cells, to_corners, to_input
from .replay import Replay

FRESH, REPLAYED = 3, 13
"""New and repeated scenes per update; drawing a scene costs about as much as training on it."""
MAX_GRADIENT = 10.0


@dataclass(frozen=True)
class Phase(training_loop.Phase):
    """A training phase with scenes of one size."""

    warm_up: int = 50
    size: int = field(kw_only=True)
    finest_only: bool = False
    """Train only the grid of stride 4, at less than half the cost; for weights that were trained without it."""


PHASES = (Phase('small scenes', 2400, 2e-3, 4e-4, size=224), Phase('larger scenes', 1200, 5e-4, 0.0, size=256))
"""Figures have the same sizes in pixels in scenes of every size, so small scenes are equally useful and cheaper."""
GROWING = (Phase('finest grid', 400, 3e-3, 1e-3, size=192, finest_only=True), Phase('all grids', 800, 6e-4, 0.0, size=224))
"""Schedule of a run that starts from weights without the finest grid."""


class Trainer(training_loop.Trainer[Phase]):
    """Trains on batches of new and repeated scenes."""

    examples = 'scenes'

    def __init__(self, folder: Path, seed: int, photos: Path | None, phases: tuple[Phase, ...]):
        torch.manual_seed(seed)
        network = DetectorNetwork().to(memory_format=torch.channels_last)
        matrices = [p for p in network.parameters() if p.ndim > 1]
        vectors = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{'params': matrices, 'weight_decay': 0.03}, {'params': vectors, 'weight_decay': 0.0}]
        super().__init__(folder, seed, phases, network, torch.optim.AdamW(groups))
        self.backgrounds = Backgrounds(seed, photos)
        self.replay = Replay(seed, self.backgrounds, FRESH, REPLAYED)
        self.cells: dict[int, Cells] = {}

    def extra_state(self) -> dict[str, Any]:
        return {'photos': len(self.backgrounds.photos)}

    def update(self, phase: Phase, _progress: float) -> dict[str, float]:
        """One update; returns the losses of boxes and scores."""
        scenes = self.replay.batch(self.counters['scenes'], phase.size)
        pictures = torch.from_numpy(to_input(np.stack([scene.picture for scene in scenes])))
        truths = [(torch.from_numpy(scene.boxes), torch.from_numpy(scene.labels)) for scene in scenes]
        grid = self.cells.setdefault(phase.size, cells(phase.size, phase.size))
        self._choose_layers(phase.finest_only)
        with torch.autocast('cpu', torch.bfloat16):
            distances, logits = self.network(pictures.to(memory_format=torch.channels_last))
        corners = to_corners(distances.float(), grid)
        box_loss, score_loss = detection_loss(corners, logits.float(), grid, truths)
        self.optimiser.zero_grad()
        (box_loss + score_loss).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT)
        self.optimiser.step()
        self.counters['scenes'] += FRESH
        return {'boxLoss': box_loss.item(), 'scoreLoss': score_loss.item()}

    def _choose_layers(self, finest_only: bool) -> None:
        self.network.train(not finest_only)
        self.network.fine.train()
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(not finest_only or name.startswith('fine.'))


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument('--photos', type=Path, help='folder of photographs used as some of the backgrounds')
    parser.add_argument('--grow', action='store_true', help='use the schedule for --start-from weights without the finest grid')
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    phases = with_budgets(GROWING if options.grow else PHASES, options.seconds)
    run_trainer(Trainer(options.out, options.seed, options.photos, phases), options)


if __name__ == '__main__':
    main()
