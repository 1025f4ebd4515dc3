"""The REST API: routes, schema, authentication, CORS, pagination, upload constraints."""
