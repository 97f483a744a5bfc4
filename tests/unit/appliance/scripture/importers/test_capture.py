"""The content of a note or a heading."""

from appliance.scripture.importers.capture import Capture


def test_content_is_captured_until_the_element_ends() -> None:
    capture = Capture("note", "", 3)
    capture.add("Or ")
    capture.start("note", {})
    capture.add("a  lamp")

    assert not capture.end("note")
    assert not capture.end("hi")
    assert capture.end("note")
    assert "Or a lamp" == capture.text


def test_a_space_separates_blocks() -> None:
    capture = Capture("title", "", 0)
    for line in ("One", "Two"):
        capture.start("l", {})
        capture.add(line)
        capture.end("l")

    assert "One Two" == capture.text


def test_the_reference_of_a_note_to_its_own_verse_is_left_out() -> None:
    capture = Capture("note", "", 0)
    capture.start("reference", {"type": "annotateRef"})
    capture.add("3:16 ")
    capture.end("reference")
    capture.start("reference", {})
    capture.add("See John 1:1")
    capture.end("reference")

    assert "See John 1:1" == capture.text


def test_usfm_left_by_a_converter_is_removed() -> None:
    capture = Capture("note", "", 0)
    capture.add(r"the \nd LORD\nd* says")

    assert "the LORD says" == capture.text
