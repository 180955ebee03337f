"""Response bodies that several HTTP interfaces share: results for tickets, and traced requests."""
