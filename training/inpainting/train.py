"""Trains the network: ``python -m inpainting.train --photos FOLDER --out runs/a --seconds 1200``.

Seconds are processor time, so that the schedule does not depend on the load of the machine; with ``--until`` the
decay of the learning rate also ends at that time, regardless of the processor time used. Run again with the same
folder to resume, with more seconds to continue.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import training_loop
from training_loop import Phase, command_line, run_trainer, with_budgets

from .masks import random_mask
from .network import CELL, InpaintingNetwork, push_pull
from .photos import load_training_photos, random_crop

PEAK_RATE, FINAL_RATE = 1.5e-3, 2e-5
PHASES = (Phase('all', 1200, PEAK_RATE, FINAL_RATE, warm_up=100),)
CLIP_NORM = 0.5
SQUARE_WEIGHT, BAND_WEIGHT, MAX_SAMPLE_WEIGHT = 4.0, 0.3, 3.0
EASY_UPDATES = 300
SHAPES = ((128, 12), (160, 8), (192, 6))
EASY_SHAPE = (96, 10)
"""(side of the crops, crops per batch)"""


def hole_loss(difference: Tensor, hole: Tensor) -> Tensor:
    """L1 + squared + three Laplacian bands over the hole; normalised per hole, so that small holes count as much as
    large ones.
    """
    area = hole.sum((1, 2, 3), keepdim=True)
    weighted = difference * (area.mean() / (area + 1)).clamp(max=MAX_SAMPLE_WEIGHT)
    values = hole.sum() * 3
    return (weighted.abs().sum() + SQUARE_WEIGHT * (difference * weighted).sum()) / values \
        + BAND_WEIGHT * _bands(weighted, values)


def _bands(difference: Tensor, values: Tensor) -> Tensor:
    total = torch.zeros(())
    for _ in range(3):
        low = F.avg_pool2d(difference, 2)
        up = F.interpolate(low, scale_factor=2, mode='bilinear', align_corners=False)
        total = total + (difference - up).abs().sum() / values
        difference, values = low, values / 4
    return total / 3


class Trainer(training_loop.Trainer[Phase]):
    """Trains on random crops of photos with random holes, in one phase."""

    examples, log_every = 'crops', 100

    def __init__(self, folder: Path, photos: list[np.ndarray], seed: int, phases: tuple[Phase, ...]):
        torch.manual_seed(seed)
        network = InpaintingNetwork().to(memory_format=torch.channels_last)
        super().__init__(folder, seed, phases, network, torch.optim.Adam(network.parameters(), betas=(0.9, 0.99)))
        self.photos, self.random = photos, np.random.default_rng(seed)

    def extra_state(self) -> dict[str, Any]:
        return {'photos': len(self.photos), 'photo_random': self.random.bit_generator.state}

    def restore_extra(self, state: dict[str, Any]) -> None:
        self.random.bit_generator.state = state['photo_random']

    def batch(self) -> tuple[Tensor, Tensor]:
        """Crops [N,3,S,S] in 0..1 and holes [N,1,S,S]."""
        easy = self.counters['updates'] < EASY_UPDATES
        size, count = EASY_SHAPE if easy else SHAPES[self.random.integers(len(SHAPES))]
        crops = np.stack([random_crop(self.photos, size, self.random) for _ in range(count)])
        holes = np.stack([random_mask(size, self.random, only_thin=easy) for _ in range(count)])
        image = torch.from_numpy(crops.astype(np.float32) / 255).permute(0, 3, 1, 2)
        return image.contiguous(memory_format=torch.channels_last), torch.from_numpy(holes.astype(np.float32))[:, None]

    def update(self, _phase: Phase, _progress: float) -> dict[str, float]:
        """One update; returns the mean absolute error in the hole of the network and of push-pull."""
        image, hole = self.batch()
        with torch.no_grad():
            fill = push_pull(image, hole)
            smooth = F.pixel_shuffle(fill.pixels, CELL)
        residual = F.pixel_shuffle(self.network.residual(image, hole, fill), CELL)
        difference = (smooth + residual - image) * hole
        self.optimiser.zero_grad(set_to_none=True)
        hole_loss(difference, hole).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimiser.step()
        self.counters['crops'] += len(image)
        values = hole.sum() * 3
        return {'l1': (difference.detach().abs().sum() / values).item(),
                'pushPullL1': (((smooth - image) * hole).abs().sum() / values).item()}


def main() -> None:
    parser = command_line(__doc__, seed=7)
    parser.add_argument('--photos', type=Path, required=True, help='folder of photos; 60 of them are held out')
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    photos = load_training_photos(options.photos)
    run_trainer(Trainer(options.out, photos, options.seed, with_budgets(PHASES, options.seconds)), options)


if __name__ == '__main__':
    main()
