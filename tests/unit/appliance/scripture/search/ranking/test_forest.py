"""Trees give the same scores without LightGBM."""

import lightgbm
import numpy as np
import pytest

from appliance.scripture.search.ranking.forest import MAX_LEAVES, forest_of


@pytest.mark.parametrize(("leaves", "trees"), [(2, 1), (7, 20), (MAX_LEAVES, 60)])
def test_scores_are_those_of_lightgbm(leaves: int, trees: int) -> None:
    random = np.random.default_rng(0)
    # Few different values, so that many rows are exactly on a threshold.
    table = random.integers(-5, 5, (2_000, 12)).astype(np.float32) / 3
    target = table[:, 0] * table[:, 1] + table[:, 2]
    data = lightgbm.Dataset(table, target, params={"verbosity": -1})
    booster = lightgbm.train(
        {"num_leaves": leaves, "verbosity": -1, "min_data_in_leaf": 5, "num_threads": 1}, data, trees
    )

    forest = forest_of(booster.dump_model()["tree_info"]).tables()

    np.testing.assert_allclose(forest.score(table), booster.predict(table), atol=1e-5)


def test_an_empty_table_gives_no_scores() -> None:
    table = np.zeros((50, 2), dtype=np.float32)
    data = lightgbm.Dataset(table, np.arange(50), params={"verbosity": -1})
    booster = lightgbm.train({"verbosity": -1}, data, 2)

    assert 0 == len(forest_of(booster.dump_model()["tree_info"]).tables().score(table[:0]))
