"""Word frequencies."""

from appliance.scripture.search.word_counts import word_counts


def test_case_is_ignored_and_unknown_words_have_frequency_zero() -> None:
    counts = word_counts({"lamp": 3, "λόγος": 1})

    assert [3, 1, 0] == [counts.frequency(word) for word in ("Lamp", "Λόγος", "oil")]
