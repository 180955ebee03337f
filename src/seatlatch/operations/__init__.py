"""Operations: each reads, applies the rules, writes and returns the results."""
