import torch

from cns.stop_rule import StopRule


def run(errors, threshold=0.005):
    rule = StopRule(1, 20, threshold, 0.02)
    goals, visible = torch.zeros(1, 20, 2), torch.ones(1, 20)
    for step, error in enumerate(errors):
        points = torch.zeros(1, 20, 2)
        points[..., 0] = error
        if rule.update(points, visible, goals)[0]:
            return step
    return None


def test_fires_half_a_second_after_the_error_has_settled():
    falling = [0.1 * 0.9 ** k for k in range(60)]
    step = run(falling + [falling[-1]] * 100)
    settled = next(k for k, e in enumerate(falling) if e <= 1.1 * falling[-1] + 5e-4)
    assert settled + 20 <= step <= 60 + 25


def test_never_fires_above_the_threshold():
    assert run([0.006] * 500) is None


def test_one_wrong_match_does_not_keep_it_from_firing():
    rule = StopRule(1, 20, 0.005, 0.02)
    points = torch.zeros(1, 20, 2)
    points[0, 0] = 0.5
    fired = [bool(rule.update(points, torch.ones(1, 20), torch.zeros(1, 20, 2))[0]) for _ in range(30)]
    assert any(fired)
