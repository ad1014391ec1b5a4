"""Encoders that someone names: what is said when their package or model is missing, and a real ONNX model."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx_model
import pytest

from broadsheet import encode
from broadsheet.errors import SettingsError


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("onnx:/nowhere", "onnxruntime", r"pip install 'broadsheet\[onnx\]'"),
        ("onnx:/nowhere", "tokenizers", r"pip install 'broadsheet\[onnx\]'"),
        ("sentence-transformers:x", "sentence_transformers", r"pip install 'broadsheet\[sentence-transformers\]'"),
    ],
)
def test_a_missing_package_says_which_extra(
    name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("broadsheet.encode.onnx", "broadsheet.encode.sentence"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    if package == "tokenizers":
        monkeypatch.setitem(sys.modules, "onnxruntime", sys)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingsError, match=f"{package}.*{extra}"):
        encode.load(name)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    with pytest.raises(SettingsError, match=r"must hold a readable model\.onnx"):
        encode.load(f"onnx:{tmp_path}")


def test_an_onnx_model_gives_the_mean_of_its_tokens(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    onnx_model.write(tmp_path)
    encoder = encode.load(f"onnx:{tmp_path}")
    vectors = encoder.encode(["graph", "", "deep learning", "deep learning graph graph"])
    assert (encoder.dimension, encoder.prefixes) == (2, (2,))
    wanted = np.array([[0.6, 0.8], [0, 0], [1, 2] / np.sqrt(5), [7, 10] / np.sqrt(149)])
    assert vectors == pytest.approx(wanted, abs=1e-6)


def test_an_onnx_model_gives_its_first_token_where_its_folder_says_so(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    onnx_model.write(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    vectors = encode.load(f"onnx:{tmp_path}").encode(["deep learning", "graph deep"])
    assert vectors == pytest.approx(np.array([[1, 0], [0.6, 0.8]]), abs=1e-6)
