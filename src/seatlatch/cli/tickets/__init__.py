"""`seatlatch tickets`: the box office's work on tickets, and the import of files."""
