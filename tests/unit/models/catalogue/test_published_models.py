"""The list of published chat models."""

import pytest

from models.catalogue.published_models import PUBLISHED_MODELS, find_published_model
from models.errors import ModelUnknown


def test_each_published_model_states_licence_size_source_and_shape() -> None:
    assert len({model.name for model in PUBLISHED_MODELS}) == len(PUBLISHED_MODELS)
    for model in PUBLISHED_MODELS:
        assert model.licence
        assert model.url.startswith("https://")
        assert model.url.endswith(".gguf")
        assert 0.5 < model.size / (model.parameters * 5 / 8) < 1.7
        assert model.heads % model.kv_heads == 0


def test_the_error_of_an_unknown_name_lists_the_published_models() -> None:
    assert find_published_model("QWEN2.5-7b").parameters > 7_000_000_000
    with pytest.raises(ModelUnknown, match=r"llama-3\.2-1b"):
        find_published_model("gpt-5")
