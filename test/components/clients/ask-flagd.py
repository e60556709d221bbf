"""Asks the questions of its argument through OpenFeature's flagd provider, and prints the answers as JSON."""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import CacheType, ResolverType
from openfeature.evaluation_context import EvaluationContext

asked = json.loads(sys.argv[1])
provider = FlagdProvider(
    host="127.0.0.1",
    port=asked["port"],
    resolver_type=ResolverType(asked["resolver"]),
    selector=asked.get("selector"),
    cache=CacheType.DISABLED,
    deadline_ms=30000,
)
api.set_provider_and_wait(provider)
client = api.get_client()

answers = []
for question in asked["questions"]:
    attributes = dict(question["context"])
    context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
    ask = getattr(client, f"get_{question['type']}_details")
    details = ask(question["key"], question["default"], context)
    answers.append(
        {
            "value": details.value,
            "variant": details.variant,
            "reason": details.reason,
            "error_code": details.error_code,
        }
    )
api.shutdown()
print(json.dumps(answers))
