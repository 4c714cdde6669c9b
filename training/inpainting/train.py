"""Trains the network: ``python -m inpainting.train --photos FOLDER --out runs/a --seconds 1200``.

Seconds are of processor time, so that the schedule is the same on a busy machine; with ``--until``
the decay of the rate also ends at that hour, however little of the processor there was. Run again
with the same folder to resume, with more seconds to go on.
"""

import argparse
import copy
import json
import math
import signal
import time
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .masks import random_mask
from .network import CELL, InpaintingNetwork, push_pull
from .photos import load_training_photos, random_crop

PEAK_RATE, FINAL_RATE = 1.5e-3, 2e-5
WARM_UP, AVERAGE_DECAY, CLIP_NORM = 100, 0.999, 0.5
SQUARE_WEIGHT, BAND_WEIGHT, MOST_SAMPLE_WEIGHT = 4.0, 0.3, 3.0
EASY_UPDATES = 300
SHAPES = ((128, 12), (160, 8), (192, 6))
EASY_SHAPE = (96, 10)
"""(side of the crops, crops in a batch)"""
LOG_EVERY, CHECKPOINT_SECONDS = 100, 60


def hole_loss(difference: Tensor, hole: Tensor) -> Tensor:
    """L1 + squared + three Laplacian bands over the hole; small holes weigh more, as they matter as much."""
    area = hole.sum((1, 2, 3), keepdim=True)
    weighted = difference * (area.mean() / (area + 1)).clamp(max=MOST_SAMPLE_WEIGHT)
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


class Trainer:
    """Network, averaged weights, optimiser and counters; everything a checkpoint holds."""

    def __init__(self, folder: Path, photos: list[np.ndarray], seed: int):
        torch.manual_seed(seed)
        self.folder, self.photos, self.seed = folder, photos, seed
        self.random = np.random.default_rng(seed)
        self.network = InpaintingNetwork().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network)
        self.optimiser = torch.optim.Adam(self.network.parameters(), PEAK_RATE, betas=(0.9, 0.99))
        self.updates, self.seconds, self.resumes, self.stopping = 0, 0.0, 0, False
        self.progress = 0.0

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / 'checkpoint.pt'

    def resume(self) -> None:
        """Goes on from the folder's checkpoint, if it has one."""
        if not self.checkpoint_path.exists():
            return
        state = torch.load(self.checkpoint_path, weights_only=False)
        self.network.load_state_dict(state['network'])
        self.average.load_state_dict(state['average'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.random.bit_generator.state = state['random']
        self.updates, self.seconds, self.resumes = state['updates'], state['seconds'], state['resumes'] + 1
        self.progress = state['progress']

    def save(self) -> None:
        """Writes the checkpoint beside its place and moves it there, so that a kill leaves the old one."""
        partial = self.checkpoint_path.with_suffix('.partial')
        torch.save({'network': self.network.state_dict(), 'average': self.average.state_dict(),
                    'optimiser': self.optimiser.state_dict(), 'random': self.random.bit_generator.state,
                    'updates': self.updates, 'seconds': self.seconds, 'resumes': self.resumes, 'seed': self.seed,
                    'progress': self.progress, 'photos': len(self.photos)}, partial)
        partial.replace(self.checkpoint_path)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Crops [N,3,S,S] in 0..1 and holes [N,1,S,S]."""
        easy = self.updates < EASY_UPDATES
        size, count = EASY_SHAPE if easy else SHAPES[self.random.integers(len(SHAPES))]
        crops = np.stack([random_crop(self.photos, size, self.random) for _ in range(count)])
        holes = np.stack([random_mask(size, self.random, only_thin=easy) for _ in range(count)])
        image = torch.from_numpy(crops.astype(np.float32) / 255).permute(0, 3, 1, 2)
        return image.contiguous(memory_format=torch.channels_last), torch.from_numpy(holes.astype(np.float32))[:, None]

    def update(self, rate: float) -> tuple[float, float]:
        """One step; returns the mean absolute error in the hole of the network and of push-pull."""
        image, hole = self.batch()
        with torch.no_grad():
            fill = push_pull(image, hole)
            smooth = F.pixel_shuffle(fill.pixels, CELL)
        residual = F.pixel_shuffle(self.network.residual(image, hole, fill), CELL)
        difference = (smooth + residual - image) * hole
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        self.optimiser.zero_grad(set_to_none=True)
        hole_loss(difference, hole).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimiser.step()
        self.updates += 1
        self._blend()
        values = hole.sum() * 3
        return (difference.detach().abs().sum() / values).item(), (((smooth - image) * hole).abs().sum() / values).item()

    def _blend(self) -> None:
        decay = min(AVERAGE_DECAY, (self.updates + 1) / (self.updates + 10))
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)

    def run(self, budget: float, until: float = math.inf) -> None:
        """Trains until `budget` processor seconds have been spent in all or the clock shows `until`, with a cosine decay."""
        sums, saved, last = np.zeros(2), self.seconds, time.process_time()
        begun, before = time.time(), 0.0 if until == math.inf else self.progress
        self.progress = max(self.seconds / budget, before)
        while self.progress < 1 and not self.stopping:
            cosine = 0.5 * (1 + math.cos(math.pi * self.progress))
            rate = (FINAL_RATE + (PEAK_RATE - FINAL_RATE) * cosine) * min(1.0, (self.updates + 1) / WARM_UP)
            sums += self.update(rate)
            now = time.process_time()
            self.seconds, last = self.seconds + now - last, now
            waited = (time.time() - begun) / (until - begun)
            self.progress = max(self.seconds / budget, before + (1 - before) * waited)
            if self.updates % LOG_EVERY == 0:
                self._log(sums / LOG_EVERY, rate)
                sums[:] = 0
            if self.seconds - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = self.seconds
        self.save()

    def _log(self, errors: np.ndarray, rate: float) -> None:
        line = {'update': self.updates, 'seconds': round(self.seconds), 'l1': round(float(errors[0]), 5),
                'pushPullL1': round(float(errors[1]), 5), 'ratio': round(float(errors[0] / errors[1]), 4), 'rate': round(rate, 7)}
        with (self.folder / 'log.jsonl').open('a') as file:
            file.write(json.dumps(line) + '\n')
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--photos', type=Path, required=True, help='folder of photos; 60 of them are left out')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--seconds', type=float, default=1200)
    parser.add_argument('--until', type=datetime.fromisoformat, help='ends at this hour at the latest')
    parser.add_argument('--seed', type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(options.out, load_training_photos(options.photos), options.seed)
    trainer.resume()

    def stop(*_: object) -> None:
        trainer.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    trainer.run(options.seconds, options.until.timestamp() if options.until else math.inf)


if __name__ == '__main__':
    main()
