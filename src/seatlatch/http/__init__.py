"""HTTP for every interface: connections, middleware, routes, headers, bodies, errors, files."""
