"""Language models behind one small protocol: the transformers adapter, the toy model, and the model store."""

from analyzer.models.base import LanguageModel, ModelInfo, State

__all__ = ["LanguageModel", "ModelInfo", "State"]
