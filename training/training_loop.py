"""The training loop shared by all trainers: phases that end by processor time, averaged weights, log, checkpoints,
resuming.

A trainer is a subclass that implements one update. Its folder contains ``checkpoint.pt`` and ``log.jsonl``.
"""

import argparse
import dataclasses
import json
import math
import platform
import signal
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Generic, Sequence, TypeVar

import torch
from torch import nn

AVERAGE_DECAY = 0.999
CHECKPOINT_SECONDS = 120


@dataclass(frozen=True)
class Phase:
    """A training phase; its learning rate falls along half a cosine. It ends by processor time, so that a busy
    machine makes it longer in wall time without cutting it short.
    """

    name: str
    seconds: float
    peak_rate: float
    final_rate: float
    warm_up: int
    """Number of warm-up updates."""

    def rate(self, progress: float, update: int) -> float:
        """Learning rate at a share of the phase and at one of its updates (for the warm-up)."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return min(1.0, (update + 1) / self.warm_up) * (self.final_rate + (self.peak_rate - self.final_rate) * cosine)


P = TypeVar('P', bound=Phase)


class Trainer(Generic[P]):
    """Network, averaged weights, optimiser and counters; all of it is saved in checkpoints."""

    examples: str
    """Name of the counter of training examples, in checkpoints and logs."""
    log_every = 50

    def __init__(self, folder: Path, seed: int, phases: Sequence[P], network: nn.Module, optimiser: torch.optim.Optimizer):
        self.folder, self.seed, self.phases = folder, seed, phases
        self.network, self.optimiser = network, optimiser
        self.average = {name: value.clone() for name, value in network.state_dict().items()}
        self.counters = {'phase': 0, 'phase_seconds': 0.0, 'phase_progress': 0.0, 'phase_updates': 0, 'updates': 0,
                         'seconds': 0.0, 'resumes': 0, self.examples: 0}
        self.until = math.inf
        self.started_from: dict[str, Any] | None = None
        self.stopping = False

    def update(self, phase: P, progress: float) -> dict[str, float]:
        """One optimiser step: counts the examples and returns the values to log."""
        raise NotImplementedError

    def extra_state(self) -> dict[str, Any]:
        """Additional state for checkpoints."""
        return {}

    def restore_extra(self, state: dict[str, Any]) -> None:
        """Restores the result of ``extra_state``."""

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / 'checkpoint.pt'

    def save(self) -> None:
        """Writes the whole state; written to a temporary file and renamed, so that an interrupted write does no harm.
        """
        state = {'network': self.network.state_dict(), 'average': self.average, 'optimiser': self.optimiser.state_dict(),
                 'counters': self.counters, 'seed': self.seed, 'random': torch.get_rng_state(),
                 'budgets': {phase.name: phase.seconds for phase in self.phases}, 'startedFrom': self.started_from,
                 'by_clock': self.until < math.inf, **self.extra_state()}
        part = self.checkpoint_path.with_suffix('.part')
        torch.save(state, part)
        part.replace(self.checkpoint_path)

    def resume(self) -> bool:
        """Continues from the folder's checkpoint; False when there is none."""
        if not self.checkpoint_path.exists():
            return False
        state = torch.load(self.checkpoint_path, weights_only=True)
        if state['seed'] != self.seed:
            raise ValueError(f'the checkpoint was trained with seed {state["seed"]}, not {self.seed}')
        self.network.load_state_dict(state['network'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.average, self.started_from = state['average'], state['startedFrom']
        self.counters = {**state['counters'], 'resumes': state['counters']['resumes'] + 1}
        phase = self.phases[self.counters['phase']]
        if state['budgets'][phase.name] != phase.seconds:
            self.counters['phase_progress'] = self.counters['phase_seconds'] / phase.seconds
        torch.set_rng_state(state['random'])
        self.restore_extra(state)
        return True

    def start_from(self, checkpoint: Path) -> None:
        """Copies the averaged weights and counters of another run. Layers missing there keep their random
        initialisation.
        """
        state = torch.load(checkpoint, weights_only=True)
        found = self.network.load_state_dict(state['average'], strict=False)
        if found.unexpected_keys:
            raise ValueError(f'the network has no {", ".join(found.unexpected_keys)}')
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.counters.update({key: state['counters'][key] for key in ('updates', 'seconds', 'resumes', self.examples)})
        self.started_from = {'updates': state['counters']['updates'], 'newTensors': len(found.missing_keys)}

    def stop(self, *_signal: object) -> None:
        """Ends the run after the current update, with a checkpoint."""
        self.stopping = True

    def run(self) -> None:
        """Runs the remaining phases. A finished run continues when its last phase has been given more seconds."""
        while True:
            self._run_phase(self.phases[self.counters['phase']])
            last = self.counters['phase'] == len(self.phases) - 1
            if not self.stopping and not last:
                self.counters.update(phase=self.counters['phase'] + 1, phase_seconds=0.0, phase_progress=0.0, phase_updates=0)
            self.save()
            if self.stopping or last:
                return

    def _run_phase(self, phase: P) -> None:
        recent, saved, progress_by = defaultdict(list), time.monotonic(), self._clock(phase)
        while (progress := progress_by()) < 1 and not self.stopping:
            for name, value in self._timed_update(phase, progress).items():
                recent[name].append(value)
            if self.counters['updates'] % self.log_every == 0:
                self._log(phase, recent)
                recent.clear()
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()

    def _clock(self, phase: P) -> Callable[[], float]:
        """The completed share of a phase: of its processor seconds or, when the run has an end time, of the available
        wall time, whichever is larger. The remaining phases share the time until the end in proportion to their
        seconds.
        """
        counters, begun = self.counters, time.time()
        before = counters['phase_progress'] if self.until < math.inf else 0.0
        remaining = [p.seconds for p in self.phases[counters['phase']:]]
        available = (self.until - begun) * phase.seconds / sum(remaining)

        def progress() -> float:
            waited = before + (1 - before) * (time.time() - begun) / available if available > 0 else 1.0
            counters['phase_progress'] = max(counters['phase_seconds'] / phase.seconds, waited)
            return counters['phase_progress']

        return progress

    def _timed_update(self, phase: P, progress: float) -> dict[str, float]:
        started, counters = time.process_time(), self.counters
        rate = phase.rate(progress, counters['phase_updates'])
        for group in self.optimiser.param_groups:
            group['lr'] = rate * group.get('factor', 1.0)
        values = self.update(phase, progress)
        counters['updates'] += 1
        counters['phase_updates'] += 1
        self._average_weights()
        seconds = time.process_time() - started
        counters['phase_seconds'] += seconds
        counters['seconds'] += seconds
        return values

    @torch.no_grad()
    def _average_weights(self) -> None:
        # The averaging window is short at first, so that the average does not retain the initial weights.
        own = self.counters['updates'] - (self.started_from or {'updates': 0})['updates']
        decay = min(AVERAGE_DECAY, (1 + own) / (10 + own))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def _log(self, phase: P, recent: dict[str, list[float]]) -> None:
        means = {name: _rounded(sum(values) / len(values)) for name, values in recent.items()}
        line = {'phase': phase.name, 'update': self.counters['updates'], 'seconds': round(self.counters['seconds']),
                self.examples: self.counters[self.examples], **means,
                'rate': _rounded(self.optimiser.param_groups[-1]['lr'])}
        with (self.folder / 'log.jsonl').open('a') as log:
            log.write(json.dumps(line) + '\n')


def _rounded(value: float) -> float:
    return float(f'{value:.5g}')


def command_line(description: str | None, seed: int = 1) -> argparse.ArgumentParser:
    """Command line options of all trainers."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--out', type=Path, required=True, help='folder of checkpoint and log')
    parser.add_argument('--seed', type=int, default=seed)
    parser.add_argument('--seconds', help='processor seconds of each phase, comma-separated, instead of the schedule')
    parser.add_argument('--until', type=datetime.fromisoformat, help='end at this time at the latest; the learning rate decays accordingly')
    parser.add_argument('--start-from', type=Path, help='checkpoint of another run whose weights initialise a new run')
    return parser


def with_budgets(phases: Sequence[P], seconds: str | None) -> tuple[P, ...]:
    """The phases, with the seconds from the command line if given."""
    if seconds is None:
        return tuple(phases)
    budgets = [float(value) for value in seconds.split(',')]
    return tuple(dataclasses.replace(phase, seconds=budget) for phase, budget in zip(phases, budgets, strict=True))


def run_trainer(trainer: Trainer, options: argparse.Namespace) -> None:
    """Resumes or starts a run and trains until the last phase ends or the process receives a stop signal."""
    trainer.folder.mkdir(parents=True, exist_ok=True)
    if not trainer.resume() and options.start_from:
        trainer.start_from(options.start_from)
    if options.until:
        trainer.until = options.until.timestamp()
    signal.signal(signal.SIGTERM, trainer.stop)
    signal.signal(signal.SIGINT, trainer.stop)
    trainer.run()


def effort(state: dict[str, Any], examples: str) -> dict[str, Any]:
    """Seed, effort and machine of a checkpoint, for its training record."""
    counters = state['counters']
    return {'seed': state['seed'], 'updates': counters['updates'], examples: counters[examples],
            'seconds': round(counters['seconds']), 'resumes': counters['resumes'], 'threads': 1,
            'torch': torch.__version__, 'python': platform.python_version(), 'budgetSeconds': state['budgets'],
            **({'endedByClock': True} if state['by_clock'] else {}),
            **({'startedFrom': state['startedFrom']} if state['startedFrom'] else {})}


def log_lines(checkpoint: Path, updates: int) -> list[dict[str, Any]]:
    """The log lines of a checkpoint, up to its last update."""
    log = checkpoint.parent / 'log.jsonl'
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [line for line in lines if line['update'] <= updates]
