"""The client on threads. Made from `_async` by `make client`; only `ways` is written here."""
