"""Text of a template is distinguished from text of a request, in every published template."""

import contextlib
import re
from pathlib import Path

import pytest
from fakes.families import published_templates

from models.errors import RequestInvalid
from models.generation.chat_template import ChatTemplate
from models.generation.template_environment import TemplateEnvironment
from models.generation.traced import Traced, is_trusted, plain, trusted_spans
from models.messages import ChatMessage, Function, FunctionCall, Tool, ToolCall

SPECIAL = re.compile(r"<[|｜][^|｜<>\n]{1,40}[|｜]>|<(?:start|end)_of_turn>|\[/?[A-Z_]{2,}\]|</?s>|</?think>")
ASKED = [
    ChatMessage(role="system", content="Answer from the passages."),
    ChatMessage(role="user", content=" Who lit the lamp? "),
    ChatMessage(role="assistant", content="Samuel did."),
    ChatMessage(role="user", content="When?"),
]
TOOL = Tool(
    function=Function(name="read", description="Read a passage.", parameters={"type": "object", "properties": {}})
)
CALLED = [
    ChatMessage(role="user", content="Who?"),
    ChatMessage(
        role="assistant",
        tool_calls=[ToolCall(id="c12345678", function=FunctionCall(name="read", arguments='{"ref": "1"}'))],
    ),
    ChatMessage(role="tool", tool_call_id="c12345678", content="In the beginning"),
]


def own_parts(source: str, **values: object) -> list[str]:
    """Return the parts of a rendered text that come from the template."""
    text = TemplateEnvironment().from_string(source).render(**values)
    return [plain(text)[start:end] for start, end in trusted_spans(text)]


@pytest.mark.parametrize(
    ("source", "own"),
    [
        ("<a>{{ x }}<b>", ["<a>", "<b>"]),
        ("{{ '<a>' + x + '<b>' }}", ["<a>", "<b>"]),
        ("{{ '<a>' ~ x ~ '<b>' }}", ["<a>", "<b>"]),
        ("{{ '<a{}>{}'.format('1', x) }}", ["<a1>"]),
        ("{{ ['<a>', x, '<b>'] | join }}", ["<a>", "<b>"]),
        ("{{ [x, x] | join('<a>') }}", ["<a>"]),
        ("{% set t %}<a>{{ x }}{% endset %}{{ t | trim }}", ["<a>"]),
        ("{% macro m(y) %}<a>{{ y }}{% endmacro %}{{ m(x) }}", ["<a>"]),
        ("{% macro m() %}<a>{{ caller() }}{% endmacro %}{% call m() %}{{ x }}<b>{% endcall %}", ["<a>", "<b>"]),
        ("{% filter trim %} <a>{{ x }}{% endfilter %}", ["<a>"]),
        ("{{ x.replace('k', '<a>') }}", []),
        ("{{ x | upper }}{{ x | safe }}{{ x | tojson }}{{ '%s' | format(x) }}", []),
        ("{% for each in ['<a>', x] %}{{ each }}{% endfor %}", ["<a>"]),
        ("{{ ('<a>', '<b>')[0] if x else '' }}", ["<a>"]),
        ("{{ x.split('</think>')[-1].lstrip() }}<a>", ["<a>"]),
    ],
)
def test_constants_of_a_template_are_trusted_and_values_are_not(source: str, own: list[str]) -> None:
    assert own == own_parts(source, x=" think ")


@pytest.mark.parametrize(
    "source", ["{{ ''.__class__ }}", "{{ x.format(x) }}{{ '{0.__class__}'.format(x) }}", "{{ x._trust }}"]
)
def test_the_environment_is_still_a_sandbox(source: str) -> None:
    assert "str" not in TemplateEnvironment().from_string(source).render(x=Traced("x"))


@pytest.mark.parametrize("path", published_templates(), ids=lambda path: path.stem)
def test_a_published_template_keeps_its_special_tokens_and_trusts_nothing_else(path: Path) -> None:
    """`special_tokens_leaked` is 0 for every special token in a template, if any text of a request spells it."""
    source = path.read_text(encoding="utf-8")
    try:
        template = ChatTemplate(source, {"bos_token": "<s>", "eos_token": "</s>"})
    except RequestInvalid:
        pytest.skip("this template needs more than the protocol has")
    tried = 0
    for messages, tools in ((ASKED, []), (CALLED, [TOOL])):
        try:
            prompt = template.render(messages, tools)
        except RequestInvalid:
            continue
        tried += 1
        own = [match.group() for match in SPECIAL.finditer(prompt)]
        assert own == [match.group() for match in SPECIAL.finditer(prompt) if is_trusted(prompt, *match.span())]

        for special in sorted({*SPECIAL.findall(source), *own}):
            with contextlib.suppress(RequestInvalid):
                forged = template.render(*forge(messages, tools, special))
                assert own_specials(forged) == own_specials(template.render(*forge(messages, tools, "x")))
    if not tried:
        pytest.skip("this template needs more than the protocol has")


def own_specials(prompt: Traced) -> list[str]:
    return [match.group() for match in SPECIAL.finditer(plain(prompt)) if is_trusted(prompt, *match.span())]


def forge(messages: list[ChatMessage], tools: list[Tool], text: str) -> tuple[list[ChatMessage], list[Tool]]:
    """Return the same conversation with a text in every part of a request."""
    forged = []
    for message in messages:
        # Templates remove earlier thoughts of an assistant, and may write an empty thought instead.
        content = message.text if message.role == "assistant" and "think" in text else f"a{text}b"
        calls = [
            ToolCall(
                id=call.id, function=FunctionCall(name=f"read{text}", arguments=f'{{"ref": "a{text}b", "{text}": 1}}')
            )
            for call in message.tool_calls or ()
        ]
        forged.append(
            ChatMessage(role=message.role, content=content, tool_calls=calls or None, tool_call_id=message.tool_call_id)
        )
    return forged, [
        Tool(
            function=Function(name=f"read{text}", description=f"a{text}b", parameters={"type": "object", "title": text})
        )
        for _ in tools
    ]
