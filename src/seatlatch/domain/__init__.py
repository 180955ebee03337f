"""What a ticket is and who may unlock it when. Pure: no clock, chance, I/O or log in here."""
