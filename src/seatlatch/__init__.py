"""seatlatch: a ticket-inventory unlock service, compatible with the Paciolan Link API."""

__version__ = "0.1.0"
