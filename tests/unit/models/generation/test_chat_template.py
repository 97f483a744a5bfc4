"""Behaviour of all chat templates. The templates of families are tested with their models."""

import pytest

from models.errors import RequestInvalid
from models.generation.chat_template import PLAIN_STOPS, ChatTemplate
from models.messages import ChatMessage, ContentPart, Function, Tool

ASKED = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Why?")]


def test_without_a_template_roles_are_named_in_plain_text() -> None:
    template = ChatTemplate("", {})

    assert "System: Be brief.\n\nUser: Why?\n\nAssistant:" == template.render(ASKED)
    assert PLAIN_STOPS == template.stops


def test_a_template_without_tool_support_gets_the_tools_in_the_system_message() -> None:
    tool = Tool(function=Function(name="read", parameters={"type": "object"}))
    prompt = ChatTemplate("{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}", {}).render(ASKED, [tool])

    assert prompt.startswith("[system] Be brief.\n\nYou can call these functions")
    assert '"name":"read"' in prompt
    assert "<tool_call>" in prompt


def test_the_parts_of_a_message_are_joined() -> None:
    message = ChatMessage(
        role="user", content=[ContentPart(type="text", text="one "), ContentPart(type="text", text="two")]
    )

    assert "User: one two" in ChatTemplate("", {}).render([message])


def test_a_developer_message_has_the_system_role() -> None:
    assert "System: Be brief." in ChatTemplate("", {}).render([ChatMessage(role="developer", content="Be brief.")])


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception('never') }}",
        "{% if %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.clear() }}",
    ],
)
def test_a_broken_or_malicious_template_is_refused(source: str) -> None:
    with pytest.raises(RequestInvalid, match="chat template"):
        ChatTemplate(source, {}).render(ASKED)
