"""A model of others that stays as it is, while something small is trained on its features."""

from dataclasses import dataclass

import numpy as np
import torch
from onnx import ModelProto
from torch import nn

from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.session import Batch, open_session, run_all

from ..problem import refuse
from .export import check_same
from .features import OWN, join_head

FEW = 2


@dataclass(frozen=True)
class Frozen:
    """The graph up to its features, and a session on it."""

    extractor: ModelProto
    session: Session
    field: str

    @staticmethod
    def of(extractor: ModelProto, field: str = "spec.baseModel") -> "Frozen":
        """Loads the graph that `make_extractor` gave; `field` names its model in the spec."""
        return Frozen(extractor, open_session(extractor, f"model.onnx of {field}"), field)

    def features(self, rows: int, batch: Batch) -> np.ndarray:
        """[rows, size], FP32."""
        found = run_all(self.session, rows, batch, OWN + "features")
        if not np.isfinite(found).all():
            refuse(
                "RecipeInvalid", f"{self.field} gives features that are no numbers for this data; name another Model."
            )
        return found

    def join(self, network: nn.Module, rows: int, batch: Batch) -> ModelProto:
        """One graph of both, compared with the network on a few of the rows."""
        output = network.outputs[0]
        model = join_head(self.extractor, network.values(), output)
        few = min(FEW, rows)
        with torch.no_grad():
            # Quantised models look at a whole batch, so both must see the same one.
            wanted = network(torch.from_numpy(self.features(few, batch))).numpy()
        check_same(run_all(open_session(model, "the joined model"), few, batch, output), wanted)
        return model
