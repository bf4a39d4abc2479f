"""Language models behind one small protocol: the transformers adapter, the toy model, and the model store."""

from analyzer.models.base import LanguageModel, ModelInfo, Share, State

__all__ = ["LanguageModel", "ModelInfo", "Share", "State"]
