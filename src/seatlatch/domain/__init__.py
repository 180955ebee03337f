"""Tickets, and the rules for who may change them and when. Pure: no clock, randomness, I/O
or log.
"""
