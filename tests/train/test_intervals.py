import numpy as np
import pytest

from photochrom_train.intervals import bootstrap

NAN = float("nan")


def rows_of(**columns: list[float]) -> list[dict[str, float]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_a_mean_and_its_interval_are_those_of_the_textbook():
    values = list(np.random.default_rng(1).normal(20, 5, 300))
    figure = bootstrap(rows_of(psnr=values), {"mean": lambda means: means["psnr"]}, seed=1)["mean"]
    assert figure.value == pytest.approx(np.mean(values))
    error = 1.96 * np.std(values) / np.sqrt(300)  # of a mean of many: nearly normal
    assert (figure.low, figure.high) == pytest.approx((np.mean(values) - error, np.mean(values) + error), abs=0.1)


def test_columns_are_drawn_together():
    one = list(np.random.default_rng(1).normal(20, 5, 50))
    rows = rows_of(one=one, other=[value + 2 for value in one])
    figure = bootstrap(rows, {"gain": lambda means: means["other"] - means["one"]}, seed=1)["gain"]
    assert (figure.value, figure.low, figure.high) == pytest.approx((2, 2, 2))


def test_intervals_are_the_same_for_the_same_seed():
    rows = rows_of(one=list(np.random.default_rng(1).normal(0, 1, 40)))
    figures = {"mean": lambda means: means["one"]}
    assert bootstrap(rows, figures, seed=3) == bootstrap(rows, figures, seed=3)
    assert bootstrap(rows, figures, seed=3) != bootstrap(rows, figures, seed=4)


def test_photographs_without_a_value_do_not_count():
    rows = rows_of(one=[1.0, NAN, 3.0, NAN], all=[0.0, 0.0, 1.0, 1.0])
    figures = bootstrap(rows, {"one": lambda means: means["one"], "all": lambda means: means["all"]}, seed=1)
    assert figures["one"].value == 2
    assert 1 <= figures["one"].low <= figures["one"].high <= 3
    assert figures["all"].value == 0.5


def test_figures_that_cannot_be_computed_are_left_out():
    rows = rows_of(none=[NAN, NAN], zero=[0.0, 0.0], one=[1.0, 2.0])
    figures = {
        "missing": lambda means: means["none"],
        "endless": lambda means: means["one"] / means["zero"],
        "fine": lambda means: means["one"],
    }
    assert set(bootstrap(rows, figures, seed=1)) == {"fine"}


def test_one_photograph_has_an_interval_of_no_width():
    figure = bootstrap(rows_of(one=[3.0]), {"one": lambda means: means["one"]}, seed=1)["one"]
    assert (figure.value, figure.low, figure.high) == (3, 3, 3)
