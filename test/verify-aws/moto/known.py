"""Which of the given calls, as `service:Operation` or `service:/path`, this moto answers.

A JSON object of booleans on stdout.
"""

import importlib
import importlib.util
import inspect
import json
import re
import sys

from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores


# What would be a keyword of Python has a name of its own.
PACKAGES = {"lambda": "awslambda"}


def answers(call: str) -> bool:
    service, operation = call.split(":")
    name = f"moto.{PACKAGES.get(service, service)}"
    if importlib.util.find_spec(name) is None:
        return False
    if operation.startswith("/"):
        paths = importlib.import_module(f"{name}.urls").url_paths
        return any(re.fullmatch(path.removeprefix("{0}"), operation) for path in paths)
    module = importlib.import_module(f"{name}.responses")
    classes = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, BaseResponse) and member is not BaseResponse
    ]
    if not classes:
        raise SystemExit(f"moto.{service}.responses has no response class")
    return any(hasattr(member, camelcase_to_underscores(operation)) for member in classes)


print(json.dumps({call: answers(call) for call in sys.argv[1:]}))
