"""Trains the policy: ``python -m cns.train --out runs/a``; run again with the same folder to resume."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import training_loop
from training_loop import command_line, run_trainer, with_budgets

from .episodes import Episode, EpisodeSettings
from .network import CnsNetwork, velocity
from .schedule import PHASES, Phase

CLIP_NORM = 1.0
SIZE_OUTLIER = 0.5
MIN_SIZE = 3e-4
"""Size of a label, in goal distances and radians, that counts as being at the goal."""
DIRECTION_FADE = 3e-3
"""Size of a label at which its direction counts half: nearer to the goal jitter hides the direction."""
HALF_WEIGHT = 0.25
"""Weight of the direction of the translation, and of the rotation, beside that of both."""
SMALL_PART = 0.2
"""Share of the whole velocity at which a half's direction counts half."""
COORDINATE_RATE = 4.0
"""Learning rate of the layers that read coordinates, as a multiple of the others'."""


def imitation_loss(direction: Tensor, magnitude: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """(1 - cosine) of the directions, the halves' own among them, and the error of the logarithm of the length.

    A logarithm is wrong by as much for a velocity of twice the law's as for one of half of it, at any distance. Its error is
    squared up to SIZE_OUTLIER and linear beyond, so that a camera that another driver has turned past a half turn does not
    drown the rest of the batch. Labels much smaller than what jittered points can resolve would otherwise ask for the
    logarithm of nothing and for the direction of noise: the size has a floor, directions fade out there.
    """
    length = label.norm(dim=-1)
    direction_loss = _turned(direction, label, length)
    for half in (slice(0, 3), slice(3, 6)):
        direction_loss = direction_loss + HALF_WEIGHT * _turned(direction[..., half], label[..., half], length)
    said = torch.where(magnitude > 0, magnitude.clamp(min=0).log1p(), magnitude)[..., 0]
    size_loss = F.smooth_l1_loss(said, (length + MIN_SIZE).log(), beta=SIZE_OUTLIER)
    return direction_loss.mean(), size_loss


def _turned(direction: Tensor, label: Tensor, whole: Tensor) -> Tensor:
    """1 - cosine, less where the label is a small part of the whole velocity, or small at all."""
    length = label.norm(dim=-1)
    weight = length / (length + DIRECTION_FADE + SMALL_PART * whole)
    return weight * (1 - F.cosine_similarity(direction, label, dim=-1))


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


class Trainer(training_loop.Trainer[Phase]):
    """Trains on windows of episodes that the policy, the teacher and other drivers move through."""

    examples = 'frames'

    def __init__(self, folder: Path, seed: int, phases: tuple[Phase, ...]):
        torch.manual_seed(seed)
        random.seed(seed)
        network = CnsNetwork()
        optimiser = torch.optim.AdamW(parameter_groups(network), betas=(0.9, 0.98))
        super().__init__(folder, seed, phases, network, optimiser)
        self.episode: Episode | None = None

    def extra_state(self) -> dict[str, Any]:
        return {'python_random': random.getstate()}

    def restore_extra(self, state: dict[str, Any]) -> None:
        random.setstate(state['python_random'])

    def update(self, phase: Phase, progress: float) -> dict[str, float]:
        """One step on the next window; returns the losses and the norm of the gradient."""
        if self.episode is None or self.episode.windows_left == 0 or self.counters['phase_updates'] == 0:
            self.episode = Episode(_episode_settings(phase, progress))
        direction, magnitude, norm = self._train_window(self.episode, phase.window)
        self.counters['frames'] += self.episode.batch * phase.window
        return {'direction': direction, 'magnitude': magnitude, 'gradient': norm}

    def _train_window(self, episode: Episode, frames: int) -> tuple[float, float, float]:
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
        episode.hidden = episode.hidden.detach()
        episode.windows_left -= 1
        return direction_loss.item() / frames, magnitude_loss.item() / frames, float(norm)


def _episode_settings(phase: Phase, progress: float) -> EpisodeSettings:
    if not phase.teacher_first:
        return phase.episodes
    return replace(phase.episodes, teacher_share=max(phase.episodes.teacher_share, 1 - 4 * progress))


def main() -> None:
    options = command_line(__doc__).parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    run_trainer(Trainer(options.out, options.seed, with_budgets(PHASES, options.seconds)), options)


if __name__ == '__main__':
    main()
