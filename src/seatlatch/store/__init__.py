"""Where tickets and credentials are kept: one interface, one room per engine."""
