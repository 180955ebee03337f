"""The sandbox's example data: what the document's examples speak of, and a venue to play with."""
