"""Trains the classifier: ``python -m classifier.train --out runs/a``; run again with the same folder to resume."""

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
import torch.nn.functional as F

from .network import SIZE, ClassifierNetwork, to_input
from .render import draw
from .replay import Replay

FRESH = 16
"""Pictures of an update that are drawn for it; drawing costs as much as learning, so the others are shown again."""
REPLAYED = 24
LABEL_SMOOTHING = 0.05
AVERAGE_DECAY = 0.999
LOG_EVERY = 200
CHECKPOINT_SECONDS = 60


@dataclass(frozen=True)
class Phase:
    """A stretch of training on pictures of one size; its rate falls along half a cosine. It ends by processor time, so
    that a busy machine prolongs it and does not cut it short."""

    name: str
    seconds: float
    size: int
    peak_rate: float
    final_rate: float

    def rate(self, progress: float, update: int) -> float:
        """Learning rate at a share of the phase's time; the first 100 updates warm up."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return min(1.0, (update + 1) / 100) * (self.final_rate + (self.peak_rate - self.final_rate) * cosine)


PHASES = (Phase('small pictures', 400, 48, 2e-3, 4e-4), Phase('full size', 250, SIZE, 1e-3, 0.0),
          Phase('again', 110, SIZE, 6e-4, 0.0), Phase('once more', 130, SIZE, 5e-4, 0.0))
"""The first phase is cheap: pictures of three quarters of the size cost about half the time. The last two
are warm restarts."""


class Trainer:
    """Network, averaged weights, optimiser and counters; everything a checkpoint holds."""

    def __init__(self, folder: Path, seed: int, phases: tuple[Phase, ...]):
        torch.manual_seed(seed)
        self.folder, self.seed, self.phases = folder, seed, phases
        self.network = ClassifierNetwork().to(memory_format=torch.channels_last)
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(self.network.parameters(), weight_decay=0.02)
        self.counters = {'phase': 0, 'phase_seconds': 0.0, 'phase_updates': 0, 'updates': 0, 'pictures': 0,
                         'seconds': 0.0, 'resumes': 0}
        self.replay = Replay(seed, FRESH, REPLAYED)
        self.stopping = False

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / 'checkpoint.pt'

    def save(self) -> None:
        """Writes the whole state; the rename makes a killed write harmless."""
        state = {'network': self.network.state_dict(), 'average': self.average, 'seed': self.seed,
                 'optimiser': self.optimiser.state_dict(), 'counters': self.counters,
                 'budgets': {phase.name: phase.seconds for phase in self.phases}, 'random': torch.get_rng_state()}
        part = self.checkpoint_path.with_suffix('.part')
        torch.save(state, part)
        part.rename(self.checkpoint_path)

    def resume(self) -> None:
        """Continues from the folder's checkpoint when there is one."""
        if not self.checkpoint_path.exists():
            return
        state = torch.load(self.checkpoint_path, weights_only=True)
        self.network.load_state_dict(state['network'])
        self.average, self.seed = state['average'], state['seed']
        self.replay = Replay(self.seed, FRESH, REPLAYED)
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
        """One step on a batch of fresh and replayed pictures: (loss, share of right answers)."""
        drawn, labels = self.replay.batch(self.counters['pictures'], size)
        pictures = torch.from_numpy(to_input(drawn)).to(memory_format=torch.channels_last)
        truth = torch.from_numpy(labels)
        self.network.train()
        logits = self.network(pictures)
        loss = F.cross_entropy(logits, truth, label_smoothing=LABEL_SMOOTHING)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.counters['updates'] += 1
        self.counters['pictures'] += FRESH
        self._average_weights()
        return loss.item(), float((logits.argmax(1) == truth).float().mean())

    @torch.no_grad()
    def _average_weights(self) -> None:
        decay = min(AVERAGE_DECAY, (1 + self.counters['updates']) / (10 + self.counters['updates']))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def _log(self, phase: Phase, recent: list[tuple[float, float]], rate: float) -> None:
        loss, right = np.mean(recent, axis=0)
        line = {'phase': phase.name, 'update': self.counters['updates'], 'seconds': round(self.counters['seconds']),
                'pictures': self.counters['pictures'], 'loss': round(float(loss), 4), 'right': round(float(right), 4),
                'rate': round(rate, 6)}
        with (self.folder / 'log.jsonl').open('a') as log:
            log.write(json.dumps(line) + '\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='folder of checkpoint and log')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--seconds', help='processor seconds of each phase, comma-separated, instead of the schedule')
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    phases = PHASES
    if options.seconds:
        budgets = [float(value) for value in options.seconds.split(',')]
        phases = tuple(Phase(p.name, s, p.size, p.peak_rate, p.final_rate) for p, s in zip(PHASES, budgets, strict=True))
    trainer = Trainer(options.out, options.seed, phases)
    trainer.resume()
    signal.signal(signal.SIGTERM, trainer.stop)
    signal.signal(signal.SIGINT, trainer.stop)
    trainer.run()


if __name__ == '__main__':
    main()
