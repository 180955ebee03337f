"""The client on asyncio. What `_sync` has is made from this; only `ways` is written for each."""
