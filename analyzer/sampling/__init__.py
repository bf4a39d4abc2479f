"""What a sampler makes of the model's distribution: the steps, their order, the draw."""

from analyzer.sampling.sampler import ORDER, PRESETS, Sampler, draw

__all__ = [
    "ORDER",
    "PRESETS",
    "Sampler",
    "draw",
]
