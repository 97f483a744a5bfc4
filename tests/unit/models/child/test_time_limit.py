"""Endless Python code is stopped; code that ends in time is not."""

import contextlib
import signal
import threading
import time

import pytest

from models.child.time_limit import time_limit
from models.errors import RequestInvalid
from models.generation.chat_template import ChatTemplate
from models.messages import ChatMessage

MESSAGES = [ChatMessage(role="user", content="Why?")]
ENDLESS = "".join(f"{{% for {name} in range(99999) %}}" for name in "abc") + 3 * "{% endfor %}"


def test_an_endless_template_is_stopped() -> None:
    template = ChatTemplate(ENDLESS, {})
    began = time.monotonic()

    with pytest.raises(RequestInvalid, match="too slow"), time_limit(0.1, RequestInvalid("too slow")):
        template.render(MESSAGES)
    assert time.monotonic() - began < 5


def test_an_interruption_that_is_caught_is_repeated() -> None:
    with pytest.raises(RequestInvalid), time_limit(0.2, RequestInvalid("too slow"), repeat_s=0.02):
        while True:
            with contextlib.suppress(Exception):
                while True:
                    pass
            while True:
                pass


def test_code_that_ends_in_time_is_not_stopped_later() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(0.05, RequestInvalid("too slow")):
        prompt = ChatTemplate("{{ messages[0].content }}", {}).render(MESSAGES)
    ended = threading.Event()

    assert not ended.wait(0.1)
    assert "Why?" == prompt
    assert before == signal.getsignal(signal.SIGALRM)
    assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_REAL)
