"""A campaign of failovers: a PostgreSQL cluster that Patroni runs, a service, and faults."""
