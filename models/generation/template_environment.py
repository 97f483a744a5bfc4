"""A Jinja environment for chat templates. It is sandboxed, and it traces which characters come from the template.

Jinja compiles a template to Python code. This module turns the constants of that code into trusted texts. Operations
that join texts keep the trace. The values of a request stay plain texts.
"""

import string
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import nodes, pass_environment
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import Environment
from jinja2.filters import make_attrgetter
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter

from models.generation.traced import Traced, is_trusted, join_texts, plain, trusted


class _TracingGenerator(CodeGenerator):
    """Writes the constants of a template as calls of `environment.trusted`."""

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        value = node.as_const(frame.eval_ctx)
        if isinstance(value, str):
            self.write(f"environment.trusted({value!r})")
        else:
            super().visit_Const(node, frame)

    def visit_TemplateData(self, node: nodes.TemplateData, _frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self.write(f"environment.trusted({node.data!r})")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self.write("environment.concat(map(str, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(")))")

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        return f"environment.trusted({''.join(map(str, group))!r})"


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The environment of one chat template, with the options of `apply_chat_template`. It renders Traced texts."""

    code_generator_class = _TracingGenerator
    concat = staticmethod(join_texts)
    trusted = staticmethod(trusted)

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
        self.filters["join"] = _join
        # This environment escapes nothing, so the filter `safe` returns its value unchanged.
        self.filters["safe"] = str

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Wrap `'…'.format(…)` for a constant of the template, so that each inserted value keeps its own trace."""
        wrapped = super().wrap_str_format(value)
        text = getattr(value, "__self__", None)
        if wrapped is None or not isinstance(text, Traced) or not is_trusted(text, 0, len(text)):
            return wrapped
        return lambda *values, **names: self._format(plain(text), values, names)

    def _format(self, text: str, values: tuple[Any, ...], names: dict[str, Any]) -> Traced:
        formatter = SandboxedFormatter(self)
        parts: list[str] = []
        for number, (literal, field, form, conversion) in enumerate(string.Formatter().parse(text)):
            parts.append(trusted(literal))
            if field is None:
                continue
            value, _ = formatter.get_field(field or str(number), values, names)
            value = formatter.convert_field(value, conversion) if conversion else value
            parts.append(value if isinstance(value, str) and not form else format(value, form or ""))
        return join_texts(parts)


@pass_environment
def _join(environment: Environment, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> Traced:
    """Replace Jinja's filter `join`, which would lose the trace."""
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    return Traced(d).join(map(str, value))
