"""Evaluates "flag key" lines of a file with Python's flagd provider, and prints the values."""

import sys

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

api.set_provider_and_wait(
    FlagdProvider(
        resolver_type=ResolverType.FILE,
        offline_flag_source_path=sys.argv[1],
        deadline_ms=60000,
    )
)
client = api.get_client()
with open(sys.argv[2], encoding="utf-8") as lines:
    for line in lines.read().splitlines():
        flag, key = line.split(" ", 1)
        print(client.get_string_value(flag, "none", EvaluationContext(key)))
api.shutdown()
