"""Unlocks tickets in a sandbox with a client of a public generator; only a test runs it.

Arguments: the client's folder, and the sandbox's address. Prints the result of each call as JSON.
"""

import json
import sys
from importlib import import_module

folder, url = sys.argv[1:]
sys.path.insert(0, folder)
client_module = import_module("generated.client")
models = import_module("generated.models")
unlock = import_module("generated.api.tickets.unlock_tickets")

HEADERS = {
    "request_id": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "user_agent": "MyApplication/1.0",
    "pac_application_id": "com.mycompany.myapp",
    "pac_api_key": "sandbox-api-key",
    "pac_channel_code": "my-application",
}
LISTED, HELD, UNKNOWN = ["98973476444", "54457347644"], "35293252542428", "56789983390560"
CASES = {
    "all": (LISTED, {}),
    "some": ([*LISTED, UNKNOWN], {}),
    "held": ([HELD], {}),
    "none": ([UNKNOWN], {}),
    "too many": ([UNKNOWN] * 101, {}),
    "bad header": (LISTED, {"request_id": "1"}),
    "wrong channel": (LISTED, {"pac_channel_code": "other"}),
}

client = client_module.AuthenticatedClient(base_url=url, token="sandbox-access-token")
stranger = client_module.AuthenticatedClient(base_url=url, token="wrong")
reported = {}
for name, (tokens, changes) in {**CASES, "wrong token": (LISTED, {})}.items():
    answer = unlock.sync_detailed(
        client=stranger if name == "wrong token" else client,
        body=models.UnlockRequest(tokens=tokens),
        **{**HEADERS, **changes},
    )
    body = answer.parsed
    reported[name] = [int(answer.status_code), type(body).__name__, body.to_dict()]
json.dump(reported, sys.stdout)
