"""Puts figures into the shipped manifest: ``python -m cns.report FIGURES.json ...``.

The files are what ``python -m cns.evaluate --json`` wrote; several runs (policies, seeds) may be
given. Figures of a network that is not the shipped one are refused. Prints the tables of
docs/cns-policy.md.
"""

import argparse
import json
from pathlib import Path

from .evaluate import SHIPPED

LEVEL_COLUMNS = {'success %': 'successPercent', 'mm': 'medianMillimetres', 'degrees': 'medianDegrees',
                 'steps': 'medianSteps', 'held from': 'medianHeldFrom', 'stop fired %': 'stopFiredPercent'}
PUBLISHED_COLUMNS = {'mm': 'medianMillimetres', 'degrees': 'medianDegrees', 'steps': 'medianSteps',
                     'stop fired %': 'stopFiredPercent'}
CLIP_COLUMNS = {'frames': 'frames', 'six-vector': 'sixVectorDegrees', 'rotation': 'rotationDegrees',
                'translation': 'translationDegrees', 'length ratio': 'lengthRatio'}


def gather(runs: list[dict], fingerprint: str) -> dict:
    """One record of all runs: closed loop by pairs seed, noise seed and policy, then the recorded clips."""
    record = {'command': 'python -m cns.evaluate', 'closedLoop': [], 'recorded': {}}
    for run in runs:
        if run['network'] not in (None, fingerprint):
            raise ValueError(f"figures of network {run['network'][:12]}, shipped is {fingerprint[:12]}")
        for policy, levels in run['closedLoop'].items():
            record['closedLoop'].append({
                'policy': policy, 'pairsSeed': run['pairsSeed'], 'noiseSeed': run['noiseSeed'],
                'stopThreshold': run['stopThreshold'], 'gain': run['gain'], 'levels': levels})
        for policy, memories in run['recorded'].items():
            for memory, views in memories.items():
                for view, clips in views.items():
                    record['recorded'].setdefault(policy, {}).setdefault(memory, {}).setdefault(view, {}).update(clips)
    return record


def gain_text(gain: dict[str, float]) -> str:
    """A constant gain as its number, an adaptive one as zero, infinity and slope."""
    return ' '.join(f'{value:g}' for value in (gain.values() if gain['zero'] != gain['infinity'] else [gain['zero']]))


def closed_loop_rows(record: dict) -> list[list]:
    """Rows of the closed-loop table: all pairs of each level."""
    rows = []
    for entry in record['closedLoop']:
        for level, groups in entry['levels'].items():
            figures = groups['A']
            success = ' / '.join(f"{groups[group]['successPercent']:g}" for group in 'ASML')
            published = figures['publishedRule']
            rows.append([entry['policy'], entry['pairsSeed'], gain_text(entry['gain']), figures['pairs'], level, success,
                         *(figures[key] for key in list(LEVEL_COLUMNS.values())[1:]),
                         *(published[key] for key in PUBLISHED_COLUMNS.values())])
    return rows


def clip_rows(record: dict) -> list[list]:
    """Rows of the table of clips that do not obey the policy."""
    return [[policy, memory, view, clip, *(row[key] for key in CLIP_COLUMNS.values())]
            for policy, memories in record['recorded'].items() for memory, views in memories.items()
            for view, clips in views.items() for clip, row in clips.items()]


def markdown(head: list[str], rows: list[list]) -> str:
    """A table in Markdown."""
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(str(cell) for cell in line) + ' |' for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('figures', type=Path, nargs='+')
    parser.add_argument('--folder', type=Path, default=SHIPPED)
    options = parser.parse_args()
    path = options.folder / 'manifest.json'
    manifest = json.loads(path.read_text())
    runs = [json.loads(file.read_text()) for file in options.figures]
    record = gather(runs, manifest['files']['step']['sha256'])
    manifest['evaluation'] = record
    path.write_text(json.dumps(manifest, indent=2) + '\n')
    success = ['success % (A / S / M / L)', *list(LEVEL_COLUMNS)[1:]]
    print(markdown(['policy', 'pairs seed', 'gain', 'pairs', 'level', *success, *(f'published rule: {name}' for name in PUBLISHED_COLUMNS)],
                   closed_loop_rows(record)))
    print()
    print(markdown(['policy', 'memory', 'view', 'clip', *CLIP_COLUMNS], clip_rows(record)))


if __name__ == '__main__':
    main()
