import numpy as np

from classifier.evaluate import as_table, summarise
from classifier.labels import LABELS


def test_summary_counts_by_hand():
    counts = 10 * np.eye(len(LABELS), dtype=np.int64)
    counts[0, 0], counts[0, 1] = 7, 3
    summary = summarise(counts, among_five=399)
    assert summary['pictures'] == 400
    assert summary['top1'] == 99.25 and summary['top5'] == 99.75
    assert summary['labels'][LABELS[0]] == 70.0
    assert summary['groups']['shapes'] == 97.5 and summary['groups']['textures'] == 100.0
    assert summary['confusions'] == [{'true': LABELS[0], 'answered': LABELS[1], 'count': 3}]


def test_table_has_a_row_and_a_column_per_label():
    rows = as_table(np.arange(1600).reshape(40, 40)).splitlines()
    assert len(rows) == 41
    assert rows[2].split(',')[0] == LABELS[1] and rows[2].split(',')[3] == '42'
