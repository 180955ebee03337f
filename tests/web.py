"""HTTP calls of tests, to servers on loopback: without proxies, and without TLS.

httpx would read the system's certificates for each client, which takes 100 ms.
"""

import ssl
from functools import partial

import httpx

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = partial(httpx.get, trust_env=False, verify=TLS)
put = partial(httpx.put, trust_env=False, verify=TLS)
post = partial(httpx.post, trust_env=False, verify=TLS)
