"""What hundreds of tests would do again is done once: templates and addresses; hashes are cheap.

An application made for one test compiles the same templates and addresses as that of the test
before, and its accounts are hashed as slowly as an attacker's guesses are meant to be: together
two thirds of the processor time of a test of a page.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from survey_app.services.operation import accounts

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def shared() -> Iterator[None]:
    """Share compiled templates and addresses, and hash cheaply, until the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": Templates()})
        patch.setattr(Rule, "_compile_builder", _remembered(Rule._compile_builder))
        patch.setattr(accounts, "_hasher", CHEAP)
        yield


class Templates(BytecodeCache):
    """Compiled templates of this process; one whose source has changed is compiled anew."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was kept, if anything."""
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        assert bucket.code is not None
        self.kept[bucket.key, bucket.checksum] = bucket.code


def _remembered(compiled: Callable[[Rule, bool], Any]) -> Callable[[Rule, bool], Any]:
    """The function that builds the address of a rule depends on its text and parts only."""
    kept: dict[Any, Any] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        if rule.defaults:  # they are converted by the rule's own converters
            return compiled(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in kept:
            kept[key] = compiled(rule, append_unknown)
        return kept[key]

    return builder
