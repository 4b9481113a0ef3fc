"""Which function trains which recipe. Each takes a Document and gives {"metrics": {name: number}, "steps": n}."""

RECIPES: dict[str, str] = {
    "tabular-classification": "aimass_toolkit.train.tabular:run",
    "tabular-regression": "aimass_toolkit.train.tabular:run",
    "text-classification": "aimass_toolkit.train.torch_recipes.text_classification:run",
    "text-ranking": "aimass_toolkit.train.torch_recipes.text_ranking:run",
    "image-classification": "aimass_toolkit.train.torch_recipes.image_classification:run",
    "feature-extraction": "aimass_toolkit.train.torch_recipes.feature_extraction:run",
}
