"""Debian's SWORD dictionaries."""

from appliance.infrastructure.database import Database
from appliance.scripture.canon import one_verse
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.kinds import DICTIONARIES
from appliance.scripture.library.queries import installed


def test_dictionaries_have_all_entries(full_library: Database) -> None:
    entries = {item.id: item.entries for item in installed(full_library, *DICTIONARIES)}
    topics, headwords = full_library.reader.rows("SELECT count(*), count(DISTINCT headword) FROM topics")[0]

    assert {"Nave": 5_322, "StrongsGreek": 5_624, "StrongsHebrew": 8_675} == entries
    assert (5_322, 5_320) == (topics, headwords)
    assert "μονογενής" == dictionaries.lexicon_entry(full_library, "G3439").lemma
    assert "אלהים" == dictionaries.lexicon_entry(full_library, "H0430").lemma
    assert "feminine ἡ" in dictionaries.lexicon_entry(full_library, "G3588").definition
    citations = dictionaries.citing_topics(full_library, one_verse(40_006_034)).items
    assert "CARE" in {citation.topic for citation in citations}


def test_a_heading_of_nave_contains_its_parent_heading(full_library: Database) -> None:
    (row,) = full_library.reader.rows(
        "SELECT c.heading FROM topic_citations c JOIN topics t ON t.id = c.topic WHERE t.headword = 'GIBEAH' AND c.start = 7019012"
    )

    assert "OF SAUL: The people's wickedness" == row[0]
