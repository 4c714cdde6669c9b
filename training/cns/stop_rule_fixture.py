"""Expected values of the stop rule: ``python -m cns.stop_rule_fixture`` writes them for the product's test.

The observations come from a small generator of random numbers that the product's test repeats, so
the file holds only settings, errors and verdicts.
"""

import json
from pathlib import Path

import torch
from torch import Tensor

from .stop_rule import StopRule

FIXTURE = Path(__file__).resolve().parents[2] / 'tests' / 'fixtures' / 'stop-rule.json'
CASES = (
    {'seed': 1, 'points': 40, 'frames': 90, 'start': 0.05, 'decay': 0.9, 'jitter': 0.001, 'hidden': 0.2, 'wrong': 0.0},
    {'seed': 2, 'points': 200, 'frames': 180, 'start': 0.02, 'decay': 0.96, 'jitter': 0.0005, 'hidden': 0.4, 'wrong': 0.02},
    {'seed': 3, 'points': 25, 'frames': 150, 'start': 0.03, 'decay': 0.94, 'jitter': 0.0, 'hidden': 0.1, 'wrong': 0.01},
    {'seed': 4, 'points': 64, 'frames': 60, 'start': 0.01, 'decay': 0.99, 'jitter': 0.0005, 'hidden': 0.3, 'wrong': 0.0},
)
"""A camera whose points come nearer by ``decay`` a frame, with jitter, hidden points and wrong matches."""
FRAME_SECONDS = 0.02
THRESHOLD = 0.005


class Congruential:
    """Numbers in [0, 1) from x <- 1664525 x + 1013904223 modulo 2^32."""

    def __init__(self, seed: int):
        self.state = seed

    def next(self) -> float:
        self.state = (1664525 * self.state + 1013904223) % 2 ** 32
        return self.state / 2 ** 32


def observations(case: dict) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Goals [N,2] and per frame points [N,2] and visibility [N]; three numbers a point and frame."""
    draw = Congruential(case['seed'])
    goals = torch.tensor([[draw.next() - 0.5, draw.next() - 0.5] for _ in range(case['points'])])
    frames = []
    for frame in range(case['frames']):
        offset = case['start'] * case['decay'] ** frame
        points, visible = goals.clone(), torch.ones(case['points'])
        for row in range(case['points']):
            luck, right, down = draw.next(), draw.next() - 0.5, draw.next() - 0.5
            spread = 1.0 if luck >= 1 - case['wrong'] else 2 * case['jitter']
            points[row, 0] += offset + spread * right
            points[row, 1] += spread * down
            visible[row] = float(luck >= case['hidden'])
        frames.append((points, visible))
    return goals, frames


def expected(case: dict) -> dict:
    """Point error of every fifth frame and the first frame on which the rule holds, or None."""
    goals, frames = observations(case)
    rule = StopRule(1, case['points'], THRESHOLD, FRAME_SECONDS)
    errors, reached = [], None
    for frame, (points, visible) in enumerate(frames):
        settled = bool(rule.update(points[None], visible[None], goals[None])[0])
        errors.append(round(rule.recent[0, -1].item(), 7))
        reached = frame if settled and reached is None else reached
    return {**case, 'errors': errors[::5], 'reached': reached}


def fixture() -> dict:
    """All cases with the results of the rule."""
    return {'threshold': THRESHOLD, 'secondsPerFrame': FRAME_SECONDS, 'cases': [expected(case) for case in CASES]}


def main() -> None:
    FIXTURE.write_text(json.dumps(fixture(), indent=1) + '\n')
    print(FIXTURE.name, [case['reached'] for case in fixture()['cases']])


if __name__ == '__main__':
    main()
