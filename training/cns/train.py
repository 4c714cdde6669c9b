"""Trains the policy: ``python -m cns.train --out runs/a``; run again with the same folder to resume."""

import argparse
import json
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .episodes import Episode
from .network import CnsNetwork, velocity
from .schedule import PHASES, Phase

AVERAGE_DECAY = 0.999
CLIP_NORM = 1.0
SIZE_OUTLIER = 0.5
SMALLEST_SIZE = 3e-4
"""Size of a label, in goal distances and radians, that counts as being at the goal."""
DIRECTION_FADE = 3e-3
"""Size of a label at which its direction counts half: nearer to the goal jitter hides the direction."""
COORDINATE_RATE = 4.0
"""Learning rate of the layers that read coordinates, as a multiple of the others'."""
LOG_EVERY = 50
CHECKPOINT_SECONDS = 150


def imitation_loss(direction: Tensor, magnitude: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """(1 - cosine) of the directions and the error of the sizes, linear above 1, logarithmic below.

    The size's error is squared up to SIZE_OUTLIER and linear beyond, so that a camera that another
    driver has turned past a half turn does not drown the rest of the batch. Labels much smaller than what jittered points can resolve would otherwise ask for the logarithm
    of nothing and for the direction of noise: the size has a floor, the direction fades out there.
    """
    length = label.norm(dim=-1, keepdim=True)
    target = torch.where(length < 1, (length + SMALLEST_SIZE).log(), length - 1)
    weight = (length / (length + DIRECTION_FADE))[..., 0]
    direction_loss = weight * (1 - F.cosine_similarity(direction, label, dim=-1))
    return direction_loss.mean(), F.smooth_l1_loss(magnitude, target, beta=SIZE_OUTLIER)


def parameter_groups(network: CnsNetwork) -> list[dict]:
    """Groups of the optimiser: layers that read coordinates, other matrices, vectors.

    Coordinates are a few tenths and their differences near the goal thousandths, activations about
    one: the same step changes a coordinate layer's output far less, so it takes larger ones.
    """
    encoder = network.encoder
    reading = [encoder.point_in.weight, encoder.offset_in.weight]
    known = {id(parameter) for parameter in reading}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in known]
    return [
        {'params': reading, 'weight_decay': 0.0, 'factor': COORDINATE_RATE},
        {'params': [p for p in rest if p.ndim > 1], 'weight_decay': 1e-4, 'factor': 1.0},
        {'params': [p for p in rest if p.ndim <= 1], 'weight_decay': 0.0, 'factor': 1.0},
    ]


class Trainer:
    """Network, averaged weights, optimiser and counters; everything a checkpoint holds."""

    def __init__(self, folder: Path, seed: int, phases: tuple[Phase, ...]):
        torch.manual_seed(seed)
        random.seed(seed)
        self.folder, self.seed, self.phases = folder, seed, phases
        self.network = CnsNetwork()
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(parameter_groups(self.network), betas=(0.9, 0.98))
        self.stopping = False
        self.counters = {'phase': 0, 'phase_seconds': 0.0, 'phase_updates': 0, 'updates': 0, 'frames': 0,
                         'seconds': 0.0, 'resumes': 0, 'cpu_seconds': 0.0}

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / 'checkpoint.pt'

    def save(self, path: Path | None = None) -> None:
        """Writes the whole state; the rename makes a killed write harmless."""
        path = path or self.checkpoint_path
        state = {'network': self.network.state_dict(), 'average': self.average, 'seed': self.seed,
                 'optimiser': self.optimiser.state_dict(), 'counters': self.counters,
                 'budgets': {phase.name: phase.seconds for phase in self.phases},
                 'torch_random': torch.get_rng_state(), 'python_random': random.getstate()}
        torch.save(state, path.with_suffix('.part'))
        path.with_suffix('.part').rename(path)

    def resume(self) -> None:
        """Continues from the folder's checkpoint when there is one."""
        if not self.checkpoint_path.exists():
            return
        state = torch.load(self.checkpoint_path, weights_only=False)
        self.network.load_state_dict(state['network'])
        self.average = state['average']
        if len(state['optimiser']['param_groups']) == len(self.optimiser.param_groups):
            self.optimiser.load_state_dict(state['optimiser'])
        self.counters = {**self.counters, **state['counters'], 'resumes': state['counters']['resumes'] + 1}
        self.seed = state['seed']
        torch.set_rng_state(state['torch_random'])
        random.setstate(state['python_random'])

    def stop(self, *_signal) -> None:
        """Ends the run after the current update, with a checkpoint."""
        self.stopping = True

    def run(self) -> None:
        """Runs the remaining phases."""
        for index in range(self.counters['phase'], len(self.phases)):
            self.run_phase(self.phases[index])
            if self.stopping:
                self.save()
                return
            self.counters.update(phase=index + 1, phase_seconds=0.0, phase_updates=0)
            self.save(self.folder / f'after-{self.phases[index].name}.pt')
            self.save()

    def run_phase(self, phase: Phase) -> None:
        """Trains until the phase's time is spent."""
        counters, recent, saved = self.counters, [], time.monotonic()
        episode = None
        while counters['phase_seconds'] < phase.seconds and not self.stopping:
            started, worked = time.monotonic(), time.process_time()
            progress = counters['phase_seconds'] / phase.seconds
            if episode is None or episode.windows_left == 0:
                episode = Episode(self._episode_settings(phase, progress))
            for group in self.optimiser.param_groups:
                group['lr'] = group['factor'] * phase.rate(progress, counters['phase_updates'])
            recent.append(self.train_window(episode, phase.window))
            counters['frames'] += episode.batch * phase.window
            counters['updates'] += 1
            counters['phase_updates'] += 1
            counters['phase_seconds'] += time.process_time() - worked
            counters['seconds'] += time.monotonic() - started
            counters['cpu_seconds'] += time.process_time() - worked
            if counters['updates'] % LOG_EVERY == 0:
                self._log(phase, recent)
                recent = []
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()

    @staticmethod
    def _episode_settings(phase: Phase, progress: float):
        if not phase.teacher_first:
            return phase.episodes
        return replace(phase.episodes, teacher_share=max(phase.episodes.teacher_share, 1 - 4 * progress))

    def train_window(self, episode: Episode, frames: int) -> tuple[float, float, float]:
        """One update from a window of frames; the memory's gradient stops at its start."""
        network = self.network
        goal = network.goal_features(episode.goals, episode.cluster_centres, episode.member)
        direction_loss = magnitude_loss = torch.zeros(())
        for _ in range(frames):
            points, visible = episode.observe()
            direction, magnitude, episode.hidden = network(
                points, visible, episode.goals, episode.cluster_centres, episode.member, episode.hidden, goal)
            teacher = episode.teacher_velocity()
            first, second = imitation_loss(direction, magnitude, episode.label(teacher))
            direction_loss, magnitude_loss = direction_loss + first, magnitude_loss + second
            with torch.no_grad():
                episode.advance(velocity(direction, magnitude), teacher)
        self.optimiser.zero_grad()
        ((direction_loss + magnitude_loss) / frames).backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
        self.optimiser.step()
        self._average_weights()
        episode.hidden = episode.hidden.detach()
        episode.windows_left -= 1
        return direction_loss.item() / frames, magnitude_loss.item() / frames, float(norm)

    @torch.no_grad()
    def _average_weights(self) -> None:
        decay = min(AVERAGE_DECAY, (1 + self.counters['updates']) / (10 + self.counters['updates']))
        values = list(self.network.state_dict().values())
        torch._foreach_lerp_(list(self.average.values()), values, 1 - decay)

    def _log(self, phase: Phase, recent: list[tuple[float, float, float]]) -> None:
        means = torch.tensor(recent).mean(0).tolist()
        line = {'phase': phase.name, 'update': self.counters['updates'], 'seconds': round(self.counters['seconds']),
                'frames': self.counters['frames'], 'direction': round(means[0], 4), 'magnitude': round(means[1], 4),
                'gradient': round(means[2], 2), 'rate': round(self.optimiser.param_groups[-1]['lr'], 7)}
        with (self.folder / 'log.jsonl').open('a') as log:
            log.write(json.dumps(line) + '\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='folder of checkpoint and log')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--seconds', help='processor seconds of each phase, comma-separated, instead of the schedule')
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    phases = PHASES
    if options.seconds:
        phases = tuple(replace(p, seconds=float(s)) for p, s in zip(PHASES, options.seconds.split(','), strict=True))
    trainer = Trainer(options.out, options.seed, phases)
    trainer.resume()
    signal.signal(signal.SIGTERM, trainer.stop)
    signal.signal(signal.SIGINT, trainer.stop)
    trainer.run()


if __name__ == '__main__':
    main()
