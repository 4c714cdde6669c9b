import torch

from cns.benchmark import LEVELS, LevelNoise, draw_pairs
from cns.geometry import angle_between, project, to_camera, to_camera_one
from cns.refinement import Refinement
from cns.teacher import centre_keeping_velocity, in_goal_distances


def frame(level='clean', count=30):
    """Points, visibility, goals and the law of start poses whose rotation is no more than a quarter turn."""
    torch.manual_seed(3)
    pairs = draw_pairs(count)
    pairs = type(pairs)(*(getattr(pairs, name)[:count // 2] for name in pairs.__dataclass_fields__))
    distance = to_camera_one(pairs.goal_rotation, pairs.goal_position, pairs.scene.mean(1)).norm(dim=-1)
    goals = project(to_camera(pairs.goal_rotation, pairs.goal_position, pairs.scene))
    batch, points, _ = pairs.scene.shape
    in_camera = to_camera(pairs.rotation, pairs.position, pairs.scene)
    seen, visible = LevelNoise(LEVELS[level], batch, points).observe(in_camera, torch.ones(batch, points))
    law = in_goal_distances(centre_keeping_velocity(
        pairs.rotation, pairs.position, pairs.goal_rotation, pairs.goal_position, pairs.scene.mean(1)), distance)
    return [part.float() for part in (seen, visible, goals, law)]


def disturbed(law, share=0.25):
    noise = torch.randn_like(law)
    return law * 1.4 + share * law.norm(dim=-1, keepdim=True) * noise / noise.norm(dim=-1, keepdim=True)


def test_a_velocity_that_is_too_long_and_fifteen_degrees_off_becomes_the_law():
    for level, degrees in (('clean', 1), ('typical', 2), ('hard', 4)):
        seen, visible, goals, law = frame(level)
        said = disturbed(law)
        fitted = Refinement()(seen, visible, goals, said)
        assert angle_between(said, law).median() > 8
        assert angle_between(fitted, law).median() < degrees, level
        ratio = (fitted.norm(dim=-1) / law.norm(dim=-1)).median()
        assert abs(ratio - 1) < 0.03, level


def test_the_law_of_exact_points_stays_what_it_is():
    seen, visible, goals, law = frame()
    assert angle_between(Refinement()(seen, visible, goals, law), law).median() < 1


def test_points_that_agree_with_no_pose_leave_the_network_its_say():
    _, visible, goals, law = frame()
    anywhere = torch.rand_like(goals) - 0.5
    said = disturbed(law)
    assert angle_between(Refinement()(anywhere, visible, goals, said), said).median() < 5


def test_any_input_gives_finite_numbers():
    torch.manual_seed(5)
    refinement = Refinement()
    for points in (2, 3, 5, 40):
        goals, current = torch.rand(8, points, 2) - 0.5, 4 * torch.rand(8, points, 2) - 2
        for visible in (torch.zeros(8, points), torch.ones(8, points), torch.rand(8, points).round()):
            for said in (torch.zeros(8, 6), torch.randn(8, 6), 40 * torch.randn(8, 6)):
                for seen in (current, goals, torch.zeros_like(goals)):
                    assert refinement(seen * visible[..., None], visible, goals, said).isfinite().all()
    on_a_line = torch.linspace(-0.4, 0.4, 20)[None, :, None] * torch.ones(1, 1, 2)
    assert refinement(on_a_line + 0.1, torch.ones(1, 20), on_a_line, torch.randn(1, 6)).isfinite().all()
    one_place = torch.full((1, 20, 2), 0.3)
    assert refinement(one_place, torch.ones(1, 20), one_place, torch.randn(1, 6)).isfinite().all()


def test_hidden_points_do_not_count():
    seen, visible, goals, law = frame('typical')
    hidden = torch.rand(visible.shape) < 0.4
    shown = visible * ~hidden
    elsewhere = torch.where(hidden[..., None], torch.rand_like(seen) - 0.5, seen)
    one, other = (Refinement()(points, shown, goals, disturbed(law, 0)) for points in (seen, elsewhere))
    assert torch.allclose(one, other, atol=1e-5)
