"""Evaluates through the OpenFeature SDK for Python.

    python3 answer.py URL [HEADER VALUE]

Each line of standard input asks, each line of standard output answers; see
languages.test.mjs.
"""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


def provider_of(url, header=None, value=None):
    headers = {header: value} if header else {}
    return OFREPProvider(url, headers_factory=lambda: headers)


def context_of(ask):
    if "context" not in ask:
        return None
    attributes = dict(ask["context"])
    return EvaluationContext(attributes.pop("targetingKey", None), attributes)


def answer(client, ask):
    fallback = ask["default"]
    if ask["type"] == "float":
        fallback = float(fallback)
    evaluate = getattr(client, f"get_{ask['type']}_details")
    details = evaluate(ask["key"], fallback, context_of(ask))
    return {
        "value": details.value,
        "variant": details.variant,
        "reason": details.reason,
        "error": details.error_code,
        "message": details.error_message,
        "metadata": dict(details.flag_metadata),
    }


def main():
    api.set_provider_and_wait(provider_of(*sys.argv[1:]))
    client = api.get_client()
    for line in sys.stdin:
        print(json.dumps(answer(client, json.loads(line))), flush=True)


main()
