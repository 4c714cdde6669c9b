import pytest

from cns.report import clip_rows, closed_loop_rows, gather, markdown


def group(success):
    return {'pairs': 50, 'successPercent': success, 'medianMillimetres': 1.5, 'medianDegrees': 0.2, 'medianSteps': 170,
            'medianHeldFrom': 50, 'stopFiredPercent': 99.0,
            'publishedRule': {'medianMillimetres': 3.0, 'medianDegrees': 0.3, 'medianSteps': 140,
                              'stopFiredPercent': 100.0}}


def run(network, policy='network'):
    levels = {'typical': {name: group(success) for name, success in zip('ASML', (99.3, 100.0, 100.0, 98.0))}}
    clip = {'frames': 9, 'sixVectorDegrees': 1, 'rotationDegrees': 2, 'translationDegrees': 3, 'lengthRatio': 1.1}
    return {'network': network, 'pairsSeed': 5, 'noiseSeed': 6, 'stopThreshold': 0.005,
            'gain': {'zero': 2.0, 'infinity': 4.0, 'slope': -20.0}, 'closedLoop': {policy: levels},
            'recorded': {policy: {'frame': {'table': {'away': clip}}}}}


def test_figures_of_another_network_are_refused():
    with pytest.raises(ValueError, match='aaaaaaaaaaaa'):
        gather([run('a' * 64)], 'b' * 64)


def test_runs_of_several_policies_and_seeds_are_gathered():
    record = gather([run('b' * 64), run(None, 'ibvsTrueDepth')], 'b' * 64)
    rows = closed_loop_rows(record)
    assert [row[0] for row in rows] == ['network', 'ibvsTrueDepth']
    assert rows[0][1:] == [5, '2 4 -20', 50, 'typical', '99.3 / 100 / 100 / 98', 1.5, 0.2, 170, 50, 99.0, 3.0, 0.3, 140, 100.0]
    assert clip_rows(record)[1] == ['ibvsTrueDepth', 'frame', 'table', 'away', 9, 1, 2, 3, 1.1]


def test_tables_are_markdown():
    assert markdown(['a', 'b'], [[1, 'x']]) == '| a | b |\n| --- | --- |\n| 1 | x |'
