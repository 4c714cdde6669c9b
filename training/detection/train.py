"""Trains the detector: ``python -m detection.train --out runs/a``; run again with the same folder to resume."""

import argparse
import json
import math
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from .backgrounds import Backgrounds
from .loss import detection_loss
from .network import DetectorNetwork, cells, to_corners, to_input
from .replay import Replay

FRESH, REPLAYED = 5, 11
"""Scenes of an update that are drawn for it, and that are shown again; drawing a scene costs more than half as much as learning it."""
AVERAGE_DECAY = 0.999
LARGEST_GRADIENT = 10.0
LOG_EVERY = 50
CHECKPOINT_SECONDS = 120


@dataclass(frozen=True)
class Phase:
    """A stretch of training on scenes of one size; its rate falls along half a cosine. It ends by processor time, so
    that a busy machine prolongs it and does not cut it short."""

    name: str
    seconds: float
    size: int
    peak_rate: float
    final_rate: float

    def rate(self, progress: float, update: int) -> float:
        """Learning rate at a share of the phase's time; the first 50 updates warm up."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return min(1.0, (update + 1) / 50) * (self.final_rate + (self.peak_rate - self.final_rate) * cosine)


PHASES = (Phase('small scenes', 2400, 224, 2e-3, 4e-4), Phase('larger scenes', 1200, 256, 5e-4, 0.0))
"""Figures have the same sizes in pixels at every size of a scene, so the small scenes are as good a lesson, for half the cost."""


class Trainer:
    """Network, averaged weights, optimiser and counters; everything a checkpoint holds."""

    def __init__(self, folder: Path, seed: int, photos: Path | None, phases: tuple[Phase, ...]):
        torch.manual_seed(seed)
        self.folder, self.seed, self.phases = folder, seed, phases
        self.backgrounds = Backgrounds(seed, photos)
        self.network = DetectorNetwork().to(memory_format=torch.channels_last)
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        matrices = [p for p in self.network.parameters() if p.ndim > 1]
        vectors = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW([{'params': matrices, 'weight_decay': 0.03}, {'params': vectors, 'weight_decay': 0.0}])
        self.counters = {'phase': 0, 'phase_seconds': 0.0, 'phase_updates': 0, 'updates': 0, 'scenes': 0,
                         'seconds': 0.0, 'resumes': 0}
        self.replay = Replay(seed, self.backgrounds, FRESH, REPLAYED)
        self.cells: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self.stopping = False

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / 'checkpoint.pt'

    def save(self) -> None:
        """Writes the whole state; the rename makes a killed write harmless."""
        state = {'network': self.network.state_dict(), 'average': self.average, 'seed': self.seed,
                 'optimiser': self.optimiser.state_dict(), 'counters': self.counters,
                 'budgets': {phase.name: phase.seconds for phase in self.phases},
                 'photos': len(self.backgrounds.photos), 'random': torch.get_rng_state()}
        part = self.checkpoint_path.with_suffix('.part')
        torch.save(state, part)
        part.rename(self.checkpoint_path)

    def resume(self) -> None:
        """Continues from the folder's checkpoint when there is one."""
        if not self.checkpoint_path.exists():
            return
        state = torch.load(self.checkpoint_path, weights_only=True)
        self.network.load_state_dict(state['network'])
        self.average = state['average']
        if state['seed'] != self.seed:
            raise ValueError(f'the checkpoint was trained with seed {state["seed"]}, not {self.seed}')
        self.optimiser.load_state_dict(state['optimiser'])
        self.counters = {**state['counters'], 'resumes': state['counters']['resumes'] + 1}
        torch.set_rng_state(state['random'])

    def stop(self, *_signal) -> None:
        """Ends the run after the current update, with a checkpoint."""
        self.stopping = True

    def run(self) -> None:
        """Runs the remaining phases."""
        for index in range(self.counters['phase'], len(self.phases)):
            self.run_phase(self.phases[index])
            if not self.stopping:
                self.counters.update(phase=index + 1, phase_seconds=0.0, phase_updates=0)
            self.save()
            if self.stopping:
                return

    def run_phase(self, phase: Phase) -> None:
        """Trains until the phase's time is spent."""
        counters, recent, saved = self.counters, [], time.monotonic()
        while counters['phase_seconds'] < phase.seconds and not self.stopping:
            started = time.process_time()
            rate = phase.rate(counters['phase_seconds'] / phase.seconds, counters['phase_updates'])
            for group in self.optimiser.param_groups:
                group['lr'] = rate
            recent.append(self.update(phase.size))
            seconds = time.process_time() - started
            counters['phase_seconds'] += seconds
            counters['seconds'] += seconds
            counters['phase_updates'] += 1
            if counters['updates'] % LOG_EVERY == 0:
                self._log(phase, recent, rate)
                recent = []
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()

    def update(self, size: int) -> tuple[float, float]:
        """One step on a batch of fresh and replayed scenes: (loss of the boxes, loss of the scores)."""
        scenes = self.replay.batch(self.counters['scenes'], size)
        pictures = torch.from_numpy(to_input(np.stack([scene.picture for scene in scenes])))
        truths = [(torch.from_numpy(scene.boxes), torch.from_numpy(scene.labels)) for scene in scenes]
        centres, strides = self.cells.setdefault(size, cells(size, size))
        self.network.train()
        with torch.autocast('cpu', torch.bfloat16):
            distances, logits = self.network(pictures.to(memory_format=torch.channels_last))
        corners = to_corners(distances.float(), centres, strides)
        box_loss, score_loss = detection_loss(corners, logits.float(), centres, truths)
        self.optimiser.zero_grad()
        (box_loss + score_loss).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.counters['updates'] += 1
        self.counters['scenes'] += FRESH
        self._average_weights()
        return box_loss.item(), score_loss.item()

    @torch.no_grad()
    def _average_weights(self) -> None:
        decay = min(AVERAGE_DECAY, (1 + self.counters['updates']) / (10 + self.counters['updates']))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def _log(self, phase: Phase, recent: list[tuple[float, float]], rate: float) -> None:
        box_loss, score_loss = np.mean(recent, axis=0)
        line = {'phase': phase.name, 'update': self.counters['updates'], 'seconds': round(self.counters['seconds']),
                'scenes': self.counters['scenes'], 'boxLoss': round(float(box_loss), 4),
                'scoreLoss': round(float(score_loss), 4), 'rate': round(rate, 6)}
        with (self.folder / 'log.jsonl').open('a') as log:
            log.write(json.dumps(line) + '\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='folder of checkpoint and log')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--photos', type=Path, help='folder of photographs, a part of the backgrounds')
    parser.add_argument('--seconds', help='processor seconds of each phase, comma-separated, instead of the schedule')
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    phases = PHASES
    if options.seconds:
        budgets = [float(value) for value in options.seconds.split(',')]
        phases = tuple(Phase(p.name, s, p.size, p.peak_rate, p.final_rate) for p, s in zip(PHASES, budgets, strict=True))
    trainer = Trainer(options.out, options.seed, options.photos, phases)
    trainer.resume()
    signal.signal(signal.SIGTERM, trainer.stop)
    signal.signal(signal.SIGINT, trainer.stop)
    trainer.run()


if __name__ == '__main__':
    main()
