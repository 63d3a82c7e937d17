"""The climb under fuzz: what people do to projects, where they go then, and what must hold."""
