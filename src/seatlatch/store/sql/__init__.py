"""SQL that all engines share: everything that does not depend on how an engine locks."""
