"""What the writer's own words say. Pure: text in, class out."""
