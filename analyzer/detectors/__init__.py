"""Detectors: each gives one number for a text, larger = more machine-like. None of them is a probability or a verdict.

===================  ==================================================================  ==========================
module               detectors                                                           cost
===================  ==================================================================  ==========================
one_pass             likelihood, log_rank, lrr, entropy, gltr, fast_detectgpt, lastde,   none beyond the scores
                     fourier
two_models           binoculars, fast_detectgpt_two_models: two models, or two readings  one pass of each
                     of one
perturbation         detect_gpt, npr                                                     one pass a rewriting
regeneration         dna_gpt, dna_gpt_white_box                                          one step a token drawn
intrinsic_dimension  intrinsic_dimension                                                 one pass, and many trees
watermark            kgw, synth_id: not a style but a mark that a known key left         hashing, no model
===================  ==================================================================  ==========================

The first kind is here; the others are imported by their module's name, and load what they need only then. DivEye
(Basani & Chen 2025) is a classifier over features, not a score: its features are among
``analyzer.statistics.STATISTICS``.
"""

from analyzer.detectors.detection import Detection
from analyzer.detectors.one_pass import DETECTORS, Detector, detect

__all__ = ["DETECTORS", "Detection", "Detector", "detect"]
