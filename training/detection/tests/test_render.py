import numpy as np
import pytest

from detection.backgrounds import Backgrounds, at_least, blot
from detection.figures import OUTLINES, coverage, place_layers
from detection.labels import LABELS
from detection.render import LARGEST, MAX_FIGURES, SMALLEST, draw_scene
from detection.replay import changed


@pytest.fixture(scope='module')
def backgrounds():
    return Backgrounds(1, None)


def rng(*seed):
    return np.random.default_rng(seed)


def test_every_label_has_an_outline():
    assert set(OUTLINES) == set(LABELS)


@pytest.mark.parametrize('label', LABELS)
def test_the_longest_side_of_a_figure_is_the_asked_one(label):
    share, _, _ = coverage(place_layers(rng(3), label, 100.0), np.array([150.0, 150.0]))
    rows, columns = np.flatnonzero((share > 0.5).any(1)), np.flatnonzero((share > 0.5).any(0))
    # A sharp tip covers less than half of its outermost pixels.
    assert 92 <= max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 <= 101


def test_the_same_seed_gives_the_same_scene(backgrounds):
    first, second = (draw_scene(rng(1, 5), backgrounds, 224) for _ in range(2))
    assert (first.picture == second.picture).all() and (first.boxes == second.boxes).all()


def test_boxes_lie_inside_and_have_a_label_each(backgrounds):
    for n in range(12):
        scene = draw_scene(rng(2, n), backgrounds, 224)
        assert scene.picture.shape == (224, 224, 3) and scene.picture.dtype == np.uint8
        assert len(scene.boxes) == len(scene.labels) <= MAX_FIGURES
        if len(scene.boxes):
            assert scene.boxes.min() >= 0 and scene.boxes.max() <= 224
            assert (scene.boxes[:, 2:] - scene.boxes[:, :2]).min() >= 1
            assert (scene.boxes[:, 2:] - scene.boxes[:, :2]).max() <= LARGEST + 1


def test_a_changed_scene_keeps_each_box_on_its_figure(backgrounds):
    for n in range(20):
        scene = draw_scene(rng(4, n), backgrounds, 224)
        picture = np.zeros_like(scene.picture)
        for box in scene.boxes.astype(int):
            picture[box[1]:box[3], box[0]:box[2]] = 255
        marked = type(scene)(picture, scene.boxes, scene.labels)
        other = changed(rng(5, n), marked)
        shown = np.zeros((224, 224), bool)
        for box in other.boxes.astype(int):
            shown[box[1]:box[3], box[0]:box[2]] = True
        bright = other.picture[..., 0] > 127
        assert (bright == shown).all() or (bright == ~shown).all()


def test_clutter_is_longer_or_larger_than_the_smallest_figures():
    for n in range(50):
        assert np.ptp(blot(rng(8, n), 192), 0).max() >= 2 * SMALLEST
    assert np.ptp(at_least(np.array([[0, 1], [2, 3]]), 12), 0).tolist() == [8, 8]
    assert at_least(np.array([[30, 1]]), 12).tolist() == [[30, 1]]
    assert abs(at_least(np.array([[0.0, -2.0]]), 12)).max() == 12
