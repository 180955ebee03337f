"""What a ticket is and who may do what to it when. Pure: no clock, chance, I/O or log in here."""
