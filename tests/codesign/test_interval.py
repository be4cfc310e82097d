import pytest

from codesign.interval import confidence_interval, t_quantile


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.706205), (2, 4.302653), (3, 3.182446), (4, 2.776445), (10, 2.228139), (29, 2.045230)],
)
def test_t_quantile_is_the_printed_table(freedom, expected):
    assert t_quantile(freedom) == pytest.approx(expected, abs=1e-6)


def test_interval_of_a_known_sample():
    low, high = confidence_interval([1.0, 2.0, 3.0, 4.0])
    assert (low, high) == pytest.approx((0.445740, 4.554260), abs=1e-6)


def test_one_value_is_its_own_interval():
    assert confidence_interval([7.5]) == (7.5, 7.5)


def test_no_values():
    with pytest.raises(ValueError, match="at least one value"):
        confidence_interval([])
