"""What the tests' HTTP clients trust: nobody, for they call servers on loopback without TLS.

httpx would read the system's certificates for each client, which takes 100 ms.
"""

import ssl

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
