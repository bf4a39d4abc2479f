"""One text beside something else: the model's choices, a draft, its writer's own texts, another model's reading."""
