import numpy as np
import pytest

from classifier.colours import contrast
from classifier.labels import GROUPS, LABELS
from classifier.render import STREAMS, draw, draw_label


def test_a_number_of_a_stream_is_always_the_same_picture():
    for index in (0, 17, 1234567):
        first, label = draw('training', index, 64)
        again, _ = draw('training', index, 64)
        assert np.array_equal(first, again) and label == index % len(LABELS)


def test_streams_share_no_picture():
    pictures = [draw(stream, 5, 64)[0].tobytes() for stream in STREAMS]
    assert len(set(pictures)) == len(STREAMS)


@pytest.mark.parametrize('label', LABELS)
def test_every_label_is_drawn_at_every_size_with_something_to_see(label):
    for size in (32, 96):
        for seed in range(8):
            picture = draw_label(np.random.default_rng(seed), label, size)
            assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
            assert picture.std() > 1.5, f'{label} {seed} is blank'


def test_pictures_of_a_label_vary_in_place_colour_and_brightness():
    pictures = np.stack([draw('training', len(LABELS) * n, 64)[0] for n in range(40)]).astype(float)
    brightness, colour = pictures.mean((1, 2, 3)), pictures.mean((1, 2))
    assert brightness.std() > 15
    assert (colour - brightness[:, None]).std() > 8
    assert len({picture.tobytes() for picture in pictures}) == 40


def test_labels_take_turns_and_groups_cover_them_once():
    assert [draw('validation', n, 32)[1] for n in range(80)] == [*range(40)] * 2
    assert sorted(label for group in GROUPS.values() for label in group) == sorted(set(LABELS))


def test_contrast_sees_luminance_and_colour():
    black, white, red, green = (np.array(c, np.float32) for c in ((0, 0, 0), (1, 1, 1), (0.6, 0, 0), (0, 0.305, 0)))
    assert contrast(black, white) > 1
    assert contrast(black, black) == 0
    assert 0 < contrast(red, green) < contrast(black, white)
