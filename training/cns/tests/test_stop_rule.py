import json

import torch

from cns.stop_rule import StopRule
from cns.stop_rule_fixture import FIXTURE, fixture


def run(errors, threshold=0.005, published=False):
    rule = StopRule(1, 20, threshold, 0.02)
    goals, visible = torch.zeros(1, 20, 2), torch.ones(1, 20)
    for step, error in enumerate(errors):
        points = torch.zeros(1, 20, 2)
        points[..., 0] = error
        settled = rule.update(points, visible, goals)
        if (rule.published if published else settled)[0]:
            return step
    return None


def test_fires_half_a_second_after_the_error_has_settled():
    falling = [0.1 * 0.9 ** k for k in range(60)]
    step = run(falling + [falling[-1]] * 100, published=True)
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


def test_waits_while_the_error_falls_though_it_is_near_its_minimum():
    falling = [0.1 * 0.95 ** k for k in range(400)]
    fall = lambda step: sum(falling[step - 24:step - 12]) / 12 - sum(falling[step - 11:step + 1]) / 12
    expected = next(step for step in range(24, 400) if falling[step] < 0.005 and fall(step) <= 3e-5)
    assert run(falling) == expected
    assert run(falling, published=True) < expected - 20


def test_a_rising_or_unsteady_error_near_the_minimum_does_not_delay_it():
    assert run([0.001 + 1e-5 * k for k in range(60)]) == 24
    assert run([0.001, 0.0014] * 50) == 24


def test_the_product_is_tested_against_this_rule():
    assert json.loads(FIXTURE.read_text()) == fixture()
