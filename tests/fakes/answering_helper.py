"""Replaces the helper process of a measurement. A test chooses the answers."""

import copy
from collections.abc import Callable
from typing import Any

from server.benchmarks.helper_process import Answer, HelperProcess


class AnsweringHelper(HelperProcess):
    """Answers each request by calling a function instead of a process, and records the requests."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.requests: list[Any] = []
        self._function = function

    def ask(self, request: Any, answer: type[Answer]) -> Answer:
        # The caller may change the request later. A real helper process gets a copy, too.
        self.requests.append(copy.deepcopy(request))
        answered = self._function(request)
        assert isinstance(answered, answer)
        return answered
