"""The phases of training. Budgets are processor seconds of one thread; each phase ends annealed."""

from dataclasses import dataclass

import training_loop

from .episodes import EpisodeSettings
from .observations import NoiseSettings


@dataclass(frozen=True)
class Phase(training_loop.Phase):
    """A stretch of training with its own data."""

    window: int
    """Frames a window of truncated back-propagation."""
    episodes: EpisodeSettings
    teacher_first: bool = False
    """Hand over from teacher to policy driving during the first quarter."""


PHASES = (
    Phase('basics', 1260, 1e-3, 1e-4, 100, 8, EpisodeSettings(teacher_share=0.25, other_share=0.4),
          teacher_first=True),
    Phase('variety', 1400, 7e-4, 5e-5, 60, 8, EpisodeSettings(
        most_points=220, windows=(3, 5, 8, 14, 20), teacher_share=0.2, other_share=0.35, view_scene_share=0.3,
        mix_up_chance=0.01, noise=NoiseSettings(wrong_hard=0.4))),
    Phase('precision', 3780, 5e-4, 0.0, 60, 10, EpisodeSettings(
        fewest_points=8, most_points=220, windows=(3, 4, 6, 10, 16, 22), teacher_share=0.2, other_share=0.4,
        view_scene_share=0.3, upright_share=0.5, whole_path_share=0.4, nearest_start=0.001,
        farthest_partial_start=0.5, mix_up_chance=0.005,
        noise=NoiseSettings(low_jitter=0.001, high_jitter=0.003, low_jitter_share=0.6, goal_jitter=0.0015,
                            wrong_hard=0.4))),
    Phase('settling', 4200, 8e-4, 0.0, 60, 6, EpisodeSettings(
        batch=64, fewest_points=12, most_points=128, windows=(8, 12, 18, 24), strides=(1, 2, 4), teacher_share=0.15,
        other_share=0.25, view_scene_share=0.25, varied_view_share=0.35, upright_share=0.35, whole_path_share=0.65,
        nearest_start=0.003, farthest_partial_start=0.5, mix_up_chance=0.003,
        noise=NoiseSettings(low_jitter=0.001, high_jitter=0.003, low_jitter_share=0.6, goal_jitter=0.0015,
                            wrong_hard=0.4))),
    Phase('views', 3600, 6e-4, 0.0, 60, 6, EpisodeSettings(
        batch=64, fewest_points=16, most_points=160, windows=(4, 6, 10, 16), strides=(1, 2, 4), teacher_share=0.15,
        other_share=0.35, view_scene_share=0.5, varied_view_share=0.4, upright_share=0.25, wide_share=0.5,
        whole_path_share=0.7, nearest_start=0.003, farthest_partial_start=0.6, mix_up_chance=0.003,
        noise=NoiseSettings(low_jitter=0.0006, high_jitter=0.003, low_jitter_share=0.7, goal_jitter=0.001, wrong=0.12,
                            wrong_hard=0.4))),
    Phase('law', 2700, 5e-4, 0.0, 60, 6, EpisodeSettings(
        batch=64, fewest_points=12, most_points=200, windows=(5, 8, 12, 20), strides=(1, 2, 4), teacher_share=0.1,
        other_share=0.5, view_scene_share=0.3, varied_view_share=0.5, upright_share=0.25, wide_share=0.35,
        small_share=0.25, pace_spread=2.5, whole_path_share=0.75, nearest_start=0.003, farthest_partial_start=0.6,
        mix_up_chance=0.003,
        noise=NoiseSettings(low_jitter=0.0008, high_jitter=0.003, low_jitter_share=0.65, goal_jitter=0.001, wrong=0.15,
                            wrong_hard=0.45))),
)
