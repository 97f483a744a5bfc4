"""Commentaries as library items."""

from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.commentaries.store import delete_comments, insert_comments
from appliance.scripture.library.kind import ItemKind

COMMENTARY = ItemKind[Comment](
    name="comments", entries_name="comments", max_entries=500_000, insert=insert_comments, delete=delete_comments
)
