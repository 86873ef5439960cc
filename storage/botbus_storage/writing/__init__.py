"""How each operation is carried out inside the writer's transaction."""
