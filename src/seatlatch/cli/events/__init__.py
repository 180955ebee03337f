"""`seatlatch events`: what is known of events, and the counts of their tickets."""
