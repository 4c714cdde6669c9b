"""Prints the closed-loop table: ``python -m cns.evaluate`` judges the shipped network beside IBVS.

Each servo ends by the product's stop rule; the columns headed ``published`` are for the same servos
ended by the published rule. The second table is for clips that do not obey the policy.
``--checkpoint FILE`` judges a training checkpoint instead; ``--json FILE`` keeps the figures.
"""

import argparse
import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path

import torch

from .benchmark import BENCHMARK_SEED, LEVELS, PAIRS, Pairs, draw_pairs
from .closed_loop import MAX_STEPS, NOISE_SEED, run_closed_loop, summarise
from .gain import LIVE, Gain
from .policies import IbvsPolicy, LawPolicy, NetworkPolicy, OnnxPolicy, ServoPolicy, load_network
from .recorded import KINDS, VIEWS, run_clips
from .stop_rule import THRESHOLDS

SHIPPED = Path(__file__).resolve().parents[2] / 'models' / 'cns'
_COLUMNS = ('successPercent', 'medianMillimetres', 'medianDegrees', 'medianSteps', 'medianHeldFrom', 'stopFiredPercent')
_PUBLISHED_COLUMNS = ('medianMillimetres', 'medianDegrees', 'medianSteps', 'stopFiredPercent')
"""The same when the published stop rule ends the servo; headed ``published``."""
_CLIP_COLUMNS = ('frames', 'sixVectorDegrees', 'rotationDegrees', 'translationDegrees', 'lengthRatio')


def judge_closed_loop(name: str, policy: ServoPolicy, pairs: Pairs, levels: list[str], options: argparse.Namespace) -> dict:
    """Runs the levels, prints a row for all pairs and for each third, returns the statistics by level."""
    figures = {}
    for level in levels:
        started = time.monotonic()
        result = run_closed_loop(policy, pairs, LEVELS[level], THRESHOLDS[options.detector], options.noise_seed,
                                 options.steps, options.gain)
        figures[level] = summarise(result)
        for group, row in figures[level].items():
            values = [row[column] for column in _COLUMNS]
            values += [row['publishedRule'][column] for column in _PUBLISHED_COLUMNS]
            cells = ' | '.join(f'{value:>7}' for value in values)
            print(f'| {name:<17} | {level:<7} | {group} | {cells} |', flush=True)
        print(f'  ({time.monotonic() - started:.0f} s)', flush=True)
    return figures


def judge_recorded(name: str, policy: ServoPolicy, pairs: Pairs, memories: list[str], options: argparse.Namespace) -> dict:
    """Runs every kind of clip in every view with every memory and prints the medians."""
    figures = {}
    for memory in memories:
        for view in options.views.split(','):
            for kind in options.clips.split(','):
                row = run_clips(policy, pairs, kind, LEVELS['typical'], view, memory)
                figures.setdefault(memory, {}).setdefault(view, {})[kind] = row
                cells = ' | '.join(f'{row[column]:>8}' for column in _CLIP_COLUMNS)
                print(f'| {name:<20} | {memory:<8} | {view:<6} | {kind:<8} | {cells} |', flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--checkpoint', type=Path, help='a training checkpoint instead of the shipped ONNX')
    parser.add_argument('--raw', action='store_true', help="the checkpoint's last weights, not their average")
    parser.add_argument('--onnx', type=Path, default=SHIPPED, help='folder with goal.onnx and step.onnx')
    parser.add_argument('--policies', default='network,ibvsConstantDepth,ibvsTrueDepth,law')
    parser.add_argument('--gain', type=Gain.parse, default=LIVE, help='a number, or zero,infinity,slope of the adaptive gain')
    parser.add_argument('--steps', type=int, default=MAX_STEPS, help='frames after which a servo ends that has not stopped')
    parser.add_argument('--clips', default=','.join(KINDS), help='kinds of recorded clips')
    parser.add_argument('--views', default=','.join(VIEWS), help='views of recorded clips')
    parser.add_argument('--unfitted', action='store_true', help="the network's own answer, of a checkpoint")
    parser.add_argument('--levels', default='clean,typical,hard,severe', help='empty for the clips alone')
    parser.add_argument('--every', type=int, default=1, help='evaluate every n-th pair only')
    parser.add_argument('--detector', default='ORB', choices=THRESHOLDS, help='detector whose stop threshold is used')
    parser.add_argument('--noise-seed', type=int, default=NOISE_SEED)
    parser.add_argument('--pairs-seed', type=int, default=BENCHMARK_SEED)
    parser.add_argument('--no-recorded', action='store_true', help='closed loop only')
    parser.add_argument('--json', type=Path, help='write the figures here, for cns.report')
    options = parser.parse_args()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.noise_seed)
        figures = judge(options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + '\n')


def judge(options: argparse.Namespace) -> dict:
    """All tables the command line asks for."""
    pairs = draw_pairs(PAIRS, options.pairs_seed)
    pairs = Pairs(*(getattr(pairs, name)[::options.every] for name in Pairs.__dataclass_fields__))
    levels = [name for name in options.levels.split(',') if name]
    policies = {name: _open(name, options, pairs) for name in options.policies.split(',')}
    figures = {'pairsSeed': options.pairs_seed, 'noiseSeed': options.noise_seed, 'stopThreshold': THRESHOLDS[options.detector], 'gain': asdict(options.gain),
               'pairs': {key: round(value, 3) for key, value in pairs.statistics().items()},
               'network': _fingerprint(options), 'closedLoop': {}, 'recorded': {}}
    columns = _COLUMNS + tuple(f'published.{column}' for column in _PUBLISHED_COLUMNS)
    print(f"| policy | level | group | {' | '.join(columns)} |")
    for name, policy in policies.items():
        figures['closedLoop'][name] = judge_closed_loop(name, policy, pairs, levels, options)
    if options.no_recorded:
        return figures
    clips = Pairs(*(getattr(pairs, name)[::max(1, 5 // options.every)] for name in Pairs.__dataclass_fields__))
    print(f"| policy | memory | view | clip | {' | '.join(_CLIP_COLUMNS)} |")
    for name, policy in policies.items():
        memories = ['sequence', 'frame'] if name == 'network' else ['frame']
        if name in ('network', 'ibvsConstantDepth'):
            figures['recorded'][name] = judge_recorded(name, policy, clips, memories, options)
    return figures


def _open(name: str, options: argparse.Namespace, pairs: Pairs) -> ServoPolicy:
    if name == 'law':
        return LawPolicy(pairs, options.gain)
    if name != 'network':
        return IbvsPolicy({'ibvsConstantDepth': False, 'ibvsTrueDepth': True}[name])
    if options.checkpoint:
        return NetworkPolicy(load_network(options.checkpoint, not options.raw), not options.unfitted)
    return OnnxPolicy(options.onnx)


def _fingerprint(options: argparse.Namespace) -> str | None:
    """Digest of the step graph that was judged, by which cns.report knows whose figures these are."""
    if options.checkpoint or 'network' not in options.policies.split(','):
        return None
    return hashlib.sha256((options.onnx / 'step.onnx').read_bytes()).hexdigest()


if __name__ == '__main__':
    main()
