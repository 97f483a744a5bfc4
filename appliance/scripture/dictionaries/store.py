"""The SQL statements of dictionaries, for library.db. Only the package `scripture` uses them."""

from collections.abc import Iterable

from appliance.infrastructure.database import UnitOfWork
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Topic

DELETE_LEXICON = "DELETE FROM lexicon WHERE dictionary = :dictionary"
INSERT_LEXICON = """
INSERT OR REPLACE INTO lexicon (strongs, dictionary, language, lemma, transliteration, pronunciation, definition)
VALUES (:strongs, :dictionary, :language, :lemma, :transliteration, :pronunciation, :definition)
"""
SELECT_LEXICON = (
    "SELECT strongs, language, lemma, transliteration, pronunciation, definition FROM lexicon WHERE strongs = ?"
)
SELECT_LEMMAS = "SELECT strongs, lemma, transliteration, language FROM lexicon ORDER BY strongs"
SELECT_GLOSSED = "SELECT strongs, definition FROM lexicon WHERE definition LIKE ?"

INSERT_TOPIC = """
INSERT INTO topics (dictionary, position, headword, citations) VALUES (:dictionary, :position, :headword, :citations)
"""
INSERT_CITATION = """
INSERT INTO topic_citations (topic, heading, start, "end") VALUES (:topic, :heading, :start, :end)
"""
INSERT_SEE_ALSO = "INSERT INTO topic_see_also (topic, headword) VALUES (:topic, :headword)"
DELETE_CITATIONS = "DELETE FROM topic_citations WHERE topic IN (SELECT id FROM topics WHERE dictionary = :dictionary)"
DELETE_SEE_ALSO = "DELETE FROM topic_see_also WHERE topic IN (SELECT id FROM topics WHERE dictionary = :dictionary)"
DELETE_TOPICS = "DELETE FROM topics WHERE dictionary = :dictionary"
SELECT_TOPICS = "SELECT id, headword, dictionary, citations FROM topics ORDER BY id"
BROWSE_TOPICS = """
SELECT id, headword, dictionary, citations FROM topics WHERE headword LIKE :beginning ESCAPE '\\'
AND (:after = 0 OR (headword, id) > (SELECT headword, id FROM topics WHERE id = :after))
ORDER BY headword, id LIMIT :limit
"""
SELECT_TOPIC = "SELECT id, headword, dictionary, citations FROM topics WHERE id = ?"
SELECT_TOPIC_NAMED = "SELECT id, headword, dictionary, citations FROM topics WHERE headword = ? COLLATE NOCASE ORDER BY citations DESC, id LIMIT 1"
SELECT_TOPIC_CITATIONS = """
SELECT heading, start, "end" FROM topic_citations WHERE topic = :topic ORDER BY rowid LIMIT :limit OFFSET :after
"""
SELECT_TOPIC_SEE = (
    "SELECT s.headword, min(t.id) FROM topic_see_also AS s LEFT JOIN topics AS t ON t.headword = s.headword COLLATE NOCASE "
    "WHERE s.topic = ? GROUP BY s.headword ORDER BY s.rowid"
)
SELECT_CITATIONS = 'SELECT topic, heading, start, "end" FROM topic_citations'
# A see-also link names a headword. If two topics have this headword, the link leads to both.
SELECT_SEE = (
    "SELECT DISTINCT s.topic, t.id FROM topic_see_also AS s JOIN topics AS t ON t.headword = s.headword COLLATE NOCASE "
    "WHERE t.id <> s.topic"
)
SELECT_CITING = """
SELECT t.headword, c.heading, c.start, c."end", t.citations FROM topic_citations AS c CROSS JOIN topics AS t ON t.id = c.topic
WHERE c.start BETWEEN :low AND :last AND c."end" >= :first
ORDER BY t.citations, t.headword, t.id, c.start, c.rowid LIMIT :limit OFFSET :after
"""

# Each heading of a topic is a separate document under the headword of the topic. The key of a vector is the digest of the
# model and the text. When headings are deleted, their vectors stay, and the index can use these vectors again.
INSERT_HEADINGS = (
    "INSERT INTO headings (headword, heading, topic) SELECT DISTINCT t.headword, c.heading, t.id "
    "FROM topics AS t JOIN topic_citations AS c ON c.topic = t.id WHERE t.dictionary = :dictionary"
)
DELETE_HEADINGS = "DELETE FROM headings WHERE topic IN (SELECT id FROM topics WHERE dictionary = :dictionary)"
SELECT_HEADING_VECTORS = """
SELECT e.heading, v.vector FROM embedded_headings AS e JOIN heading_vectors AS v ON v.digest = e.digest WHERE e.model = ?
"""
SELECT_BARE_HEADINGS = """
SELECT h.id, h.headword, h.heading FROM headings AS h LEFT JOIN embedded_headings AS e ON e.heading = h.id AND e.model = ?
WHERE e.heading IS NULL
"""
SELECT_HEADING_DIGESTS = "SELECT digest FROM heading_vectors"
UPSERT_HEADING_VECTOR = "INSERT OR REPLACE INTO heading_vectors (digest, vector) VALUES (?, ?)"
UPSERT_EMBEDDED_HEADING = "INSERT OR REPLACE INTO embedded_headings (heading, model, digest) VALUES (?, ?, ?)"
DELETE_EMBEDDED_HEADINGS = """
DELETE FROM embedded_headings WHERE heading IN (
    SELECT h.id FROM headings AS h JOIN topics AS t ON t.id = h.topic WHERE t.dictionary = :dictionary
)
"""
DELETE_UNNEEDED_HEADING_VECTORS = (
    "DELETE FROM heading_vectors WHERE digest NOT IN (SELECT digest FROM embedded_headings)"
)


def insert_lexicon(work: UnitOfWork, dictionary: str, entries: Iterable[LexiconEntry]) -> None:
    """Write the entries of a lexicon."""
    rows = (
        {
            "strongs": entry.strongs,
            "dictionary": dictionary,
            "language": entry.language,
            "lemma": entry.lemma,
            "transliteration": entry.transliteration,
            "pronunciation": entry.pronunciation,
            "definition": entry.definition,
        }
        for entry in entries
    )
    work.execute_many(INSERT_LEXICON, rows)


def delete_lexicon(work: UnitOfWork, dictionary: str) -> None:
    """Delete the entries of a lexicon."""
    work.execute(DELETE_LEXICON, {"dictionary": dictionary})


def insert_topics(work: UnitOfWork, dictionary: str, topics: Iterable[Topic]) -> None:
    """Write the topics of a topical dictionary, with their citations and headings."""
    for topic in topics:
        work.execute(
            INSERT_TOPIC,
            {
                "dictionary": dictionary,
                "position": topic.position,
                "headword": topic.headword,
                "citations": len(topic.citations),
            },
        )
        topic_id = work.last_insert_id
        work.execute_many(
            INSERT_CITATION,
            [
                {"topic": topic_id, "heading": citation.heading, "start": citation.start, "end": citation.end}
                for citation in topic.citations
            ],
        )
        work.execute_many(INSERT_SEE_ALSO, [{"topic": topic_id, "headword": headword} for headword in topic.see_also])
    work.execute(INSERT_HEADINGS, {"dictionary": dictionary})


def delete_topics(work: UnitOfWork, dictionary: str) -> None:
    """Delete the topics of a topical dictionary, with their citations and headings."""
    for statement in (DELETE_EMBEDDED_HEADINGS, DELETE_HEADINGS, DELETE_CITATIONS, DELETE_SEE_ALSO, DELETE_TOPICS):
        work.execute(statement, {"dictionary": dictionary})
