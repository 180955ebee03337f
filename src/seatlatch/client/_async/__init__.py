"""The client on asyncio. `_sync` is generated from it, except for `ways`."""
