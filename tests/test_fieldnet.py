"""The torch definition of the embedded generator, and that its file is the same network."""

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed (extra [gan]): the definition cannot be compared"
)

from livesing.generation.embedded import MODEL, EmbeddedGenerator  # noqa: E402
from livesing.generation.fieldnet import LAYERS, Z_DIM, FieldNet, view_tensors  # noqa: E402
from livesing.generation.plane import view  # noqa: E402
from livesing.generation.worlds import CLASSES  # noqa: E402


def conditions(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Per-layer z [count, 3, 128] and sparse mixtures [count, 3, 1000]."""
    rng = np.random.RandomState(seed)
    z = rng.randn(count, LAYERS, Z_DIM).clip(-2, 2).astype(np.float32)
    classes = np.zeros((count, LAYERS, CLASSES), np.float32)
    for row in classes.reshape(-1, CLASSES):
        row[rng.choice(CLASSES, 4, replace=False)] = rng.dirichlet(np.ones(4))
    return z, classes


@pytest.mark.parametrize("size", [(160, 90), (101, 64)])
def test_onnx_equals_torch(size: tuple[int, int]) -> None:
    z, classes = conditions(4, 0)
    with torch.inference_mode():
        expected = FieldNet()(torch.from_numpy(z), torch.from_numpy(classes), *view_tensors(view(*size)))
    rendered = EmbeddedGenerator(*size).render(z, classes)
    np.testing.assert_allclose(rendered, expected.clamp(-1, 1).numpy(), atol=1e-3)


def test_the_file_holds_the_weights_of_the_seed() -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed (extra [dev])")
    stored = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(str(MODEL)).graph.initializer
    }
    values = [array for array in stored.values() if array.size >= 16]
    for name, buffer in FieldNet().named_buffers():
        if buffer.numel() < 16:  # folded into other constants
            continue
        weights = buffer.numpy()
        assert any(
            array.size == weights.size
            and (np.array_equal(array, weights) or np.array_equal(array, weights.T))
            for array in values
        ), name


def test_the_seed_makes_the_network() -> None:
    first, second, other = FieldNet(), FieldNet(), FieldNet(seed=8)
    for name, buffer in first.named_buffers():
        assert torch.equal(buffer, second.get_buffer(name)), name
    assert not torch.equal(first.embedding, other.embedding)
    assert not list(first.parameters())  # nothing to train


def test_flat_conditions_mean_every_layer() -> None:
    z, classes = (torch.from_numpy(array[:, 0]) for array in conditions(1, 1))
    arrays = view_tensors(view(48, 32))
    net = FieldNet()
    with torch.inference_mode():
        flat = net(z, classes, *arrays)
        layered = net(z[:, None].expand(-1, 3, -1), classes[:, None].expand(-1, 3, -1), *arrays)
    assert torch.equal(flat, layered)
