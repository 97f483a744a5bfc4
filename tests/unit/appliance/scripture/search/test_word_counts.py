"""How often words are there."""

from appliance.scripture.search.word_counts import word_counts


def test_case_does_not_count_and_unknown_words_are_never_there() -> None:
    counts = word_counts({"lamp": 3, "λόγος": 1})

    assert [3, 1, 0] == [counts.frequency(word) for word in ("Lamp", "Λόγος", "oil")]
