"""Unlocks tickets by a client that openapi-generator made, and prints what it read.

Arguments: the client's folder, and the plan as JSON. Output: by case, the status and the body as
the client's types have it.
"""

import json
import sys
from importlib import import_module
from typing import Any

folder, plan_json = sys.argv[1:]
sys.path.insert(0, folder)
channel = import_module("channel")
plan = json.loads(plan_json)
headers = {name.lower().replace("-", "_"): value for name, value in plan["headers"].items()}
configuration = channel.Configuration(host=plan["url"], access_token=plan["accessToken"])


def unlock(tickets: Any, tokens: list[str]) -> tuple[int, Any]:
    """The status and the body of one response."""
    request = channel.UnlockRequest(tokens=tokens)
    try:
        response = tickets.unlock_tickets_with_http_info(unlock_request=request, **headers)
    except channel.ApiException as refused:
        return refused.status, refused.data.to_dict()
    return response.status_code, response.data.to_dict()


with channel.ApiClient(configuration) as client:
    api = channel.TicketsApi(client)
    json.dump({name: unlock(api, tokens) for name, tokens in plan["cases"].items()}, sys.stdout)
