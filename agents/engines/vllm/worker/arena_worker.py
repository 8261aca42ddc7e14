"""What our servers' workers can do beyond vLLM's own; the one file here that runs in vLLM's environment.

On a processor vLLM computes with packed copies of the weights. When it loads new ones in place it packs every layer
that the checkpoint names. So an output head that is tied to the embeddings, which no checkpoint names, would go on
answering with the old ones.
"""

from __future__ import annotations

from typing import Any


class Repacking:
    """Mixed into vLLM's worker (``--worker-extension-cls``)."""

    model_runner: Any

    def pack_weights_again(self) -> int:
        """Pack anew what was packed from weights that are still there; gives how many layers these were."""
        packed = [
            layer
            for layer in self.model_runner.get_model().modules()
            if hasattr(layer, "cpu_linear") and layer.weight.numel() > 0
        ]
        for layer in packed:
            layer.quant_method.process_weights_after_loading(layer)
        return len(packed)
