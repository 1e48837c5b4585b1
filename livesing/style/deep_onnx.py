"""The deep tier's own network, served by onnxruntime: no torch is needed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from livesing.errors import EngineError
from livesing.style.deep import OWN_MOST_GAIN, OWN_SHARES, Result, working_size
from livesing.style.feature_transform import FeatureMap, FeatureStatistics

MODEL = Path(__file__).with_name("deep.onnx")
LEVELS = (3, 2, 1)


class OnnxCascade:
    """Implements Cascade for `deep.onnx`, on `threads` threads of the processor. Raises EngineError for a
    file that is damaged or missing."""

    def __init__(self, threads: int = 1, file: Path = MODEL) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # spinning workers would take the cores that audio and window need
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its own kinds of error have no common base
            raise EngineError(
                f"onnxruntime does not take {file.name}: {str(error).splitlines()[0]}"
            ) from None
        shapes = {given.name: given.shape for given in self._session.get_inputs()}
        self.channels = tuple(int(shapes[f"matrix{level}"][0]) for level in LEVELS)
        self.shares = OWN_SHARES
        self.most_gain = OWN_MOST_GAIN
        self.note = f"onnxruntime, {threads} thread{'s' * (threads > 1)}"

    def run(self, pixels: np.ndarray, rows: int, maps: Sequence[FeatureMap], loose: float) -> Result:
        size = working_size(pixels.shape[0], pixels.shape[1], rows, 4)
        given = {"pixels": pixels, "size": np.array(size, np.int64), "loose": np.array(loose, np.float32)}
        for level, change in zip(LEVELS, maps, strict=True):
            given[f"matrix{level}"] = change.matrix.astype(np.float32)
            given[f"offset{level}"] = change.offset.astype(np.float32)[:, None]
        names = [f"{part}{level}" for level in LEVELS for part in ("mean", "covariance")]
        painted, *parts = self._session.run(["painted", *names], given)
        means, covariances = parts[::2], parts[1::2]
        return Result(
            painted,
            tuple(
                FeatureStatistics(mean[:, 0].astype(np.float64), covariance.astype(np.float64))
                for mean, covariance in zip(means, covariances, strict=True)
            ),
        )
