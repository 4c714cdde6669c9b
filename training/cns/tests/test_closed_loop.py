import math

import pytest
import torch

from cns.benchmark import LEVELS, draw_pairs
from cns.closed_loop import run_closed_loop, summarise
from cns.episodes import Episode, EpisodeSettings
from cns.gain import LIVE, Gain
from cns.policies import IbvsPolicy, LawPolicy
from cns.recorded import run_clips
from cns.teacher import centre_keeping_velocity, in_goal_distances


def test_benchmark_poses_have_the_published_statistics():
    figures = draw_pairs().statistics()
    expected = {'rotation_mean': 76, 'rotation_mean_S': 24, 'rotation_mean_M': 67, 'rotation_mean_L': 137,
                'translation_mean_cm': 25}
    for name, value in expected.items():
        assert abs(figures[name] - value) < 3, name
    assert abs(figures['goal_distance_mean'] - 0.71) < 0.02


def test_ibvs_with_true_depth_arrives_on_clean_matches():
    summary = summarise(run_closed_loop(IbvsPolicy(True), draw_pairs(12), LEVELS['clean']))
    assert summary['A']['successPercent'] == 100
    assert summary['A']['stopFiredPercent'] == 100
    assert summary['A']['medianMillimetres'] < 1


def test_the_published_rule_ends_the_same_servos_earlier_and_farther_off():
    figures = summarise(run_closed_loop(IbvsPolicy(True), draw_pairs(12), LEVELS['clean']))['A']
    published = figures['publishedRule']
    assert published['medianSteps'] < figures['medianSteps']
    assert published['medianMillimetres'] > figures['medianMillimetres']


def test_the_law_brings_every_camera_to_its_goal_at_its_rate():
    pairs, gain = draw_pairs(12), Gain.parse('2')
    figures = summarise(run_closed_loop(LawPolicy(pairs, gain), pairs, LEVELS['typical'], most_steps=100, gain=gain))['A']
    turn = pairs.statistics()['rotation_mean']
    after = run_closed_loop(LawPolicy(pairs, gain), pairs, LEVELS['typical'], most_steps=100, gain=gain).arrival
    # The rotation shrinks by 4 % a step at gain 2 and 50 frames a second.
    assert abs(after.degrees.mean().item() / (turn * 0.96 ** 100) - 1) < 0.01
    assert figures['successPercent'] == 100


def test_the_adaptive_gain_of_a_live_session_arrives_as_precisely_and_sooner():
    pairs = draw_pairs(12)
    plain, live = (summarise(run_closed_loop(LawPolicy(pairs, gain), pairs, LEVELS['typical'], gain=gain))['A']
                   for gain in (Gain.parse('2'), LIVE))
    # Its gain is 1.75 times as high far from the goal, and falls to the same on the last tenth of the way.
    assert 1.4 < plain['medianHeldFrom'] / live['medianHeldFrom'] < 1.75
    assert live['successPercent'] == 100 and live['medianMillimetres'] < 1


def test_the_adaptive_gain_is_its_two_ends_and_rises_between_with_the_largest_number():
    gain, distance = Gain(2, 4, -20), torch.tensor([0.5], dtype=torch.float64)
    for largest, expected in ((1e-6, 2), (0.1, 4 - 2 * math.exp(-1)), (3, 4)):
        # 0.5 m from the goal, a quarter of x in metres is half of x in goal distances.
        twist = torch.tensor([[largest / 4, 0, 0, 0, -largest, 0]], dtype=torch.float64)
        assert torch.allclose(gain.applied(twist, distance), twist * expected, rtol=1e-4)
    with pytest.raises(ValueError, match='slope'):
        Gain.parse('2,4,20')


def test_how_fast_cameras_follow_their_commands_varies_from_scene_to_scene():
    torch.manual_seed(8)
    episode = Episode(EpisodeSettings(batch=64, pace_spread=3.0, other_share=0.0, teacher_share=0.0))
    before = episode.position.clone()
    command = torch.tensor([[0.01, 0, 0, 0, 0, 0]]).expand(64, 6)
    episode.advance(command, episode.teacher_velocity())
    moved = (episode.position - before).norm(dim=-1) / (0.01 * episode.goal_distance * 2 * episode.time_step)
    normal = ~episode.abnormal()
    assert moved[normal].max() > 2 and moved[normal].min() < 0.5


def test_the_benchmark_is_the_same_on_every_run():
    first, second = draw_pairs(6), draw_pairs(6)
    assert torch.equal(first.scene, second.scene)
    assert torch.equal(first.rotation, second.rotation)


def test_clips_score_small_motion_laws_near_the_truth():
    """IBVS with true depth on clean matches agrees with the teacher for starts of small rotation."""
    pairs = draw_pairs(12)
    near = type(pairs)(*(getattr(pairs, name)[:4] for name in pairs.__dataclass_fields__))
    row = run_clips(IbvsPolicy(True), near, 'approach', LEVELS['clean'], 'table', 'frame')
    assert row['rotationDegrees'] < 15
    assert 0.8 < row['lengthRatio'] < 1.25


def test_episodes_label_with_the_teacher_in_goal_distances_and_stay_finite():
    torch.manual_seed(7)
    episode = Episode(EpisodeSettings(batch=8))
    for _ in range(40):
        points, visible = episode.observe()
        teacher = episode.teacher_velocity()
        assert points.isfinite().all() and episode.label(teacher).isfinite().all()
        assert (visible.sum(1) >= 4).all()
        episode.advance(torch.randn(8, 6), teacher)
    expected = centre_keeping_velocity(episode.rotation, episode.position, episode.goal_rotation,
                                       episode.goal_position, episode.centre)
    expected[:, :3] /= episode.centre_at_goal.norm(dim=-1, keepdim=True)
    assert torch.allclose(episode.label(episode.teacher_velocity()), expected)
    assert torch.equal(in_goal_distances(torch.ones(1, 6), torch.tensor([2.0])),
                       torch.tensor([[0.5, 0.5, 0.5, 1, 1, 1]]))
