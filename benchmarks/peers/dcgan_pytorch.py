"""The networks and settings of PyTorch's official DCGAN example (1511.06434), timed and trained on a folder of pictures.

Written anew after the paper and the example's published numbers: noise of 100, widths 64 to 512, 64 × 64 pixels, batch 128, Adam 2e-4 with
momentum 0.5, weights of standard deviation 0.02, binary cross-entropy. Needs an environment of its own: `pip install torch pillow numpy`.

    python benchmarks/peers/dcgan_pytorch.py PICTURES.npz OUT --minutes 10 [--best]

`PICTURES.npz` has `images`, uint8 (N, 64, 64, 3), such as the `real.npz` that `benchmarks/pictures.py` writes. `--best` takes
what makes PyTorch fastest on a processor: channels last, bfloat16.
"""

import argparse
import json
import time
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

NOISE, WIDTH, BATCH = 100, 64, 128


def generator() -> nn.Sequential:
    """(N, 100, 1, 1) to (N, 3, 64, 64) in ± 1."""
    widths = [NOISE, WIDTH * 8, WIDTH * 4, WIDTH * 2, WIDTH]
    layers: list[nn.Module] = []
    for number, (own, following) in enumerate(pairwise(widths)):
        stride, padding = (1, 0) if number == 0 else (2, 1)
        layers += [nn.ConvTranspose2d(own, following, 4, stride, padding, bias=False), nn.BatchNorm2d(following), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(WIDTH, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator() -> nn.Sequential:
    """(N, 3, 64, 64) to (N, 1, 1, 1) logits."""
    widths = [3, WIDTH, WIDTH * 2, WIDTH * 4, WIDTH * 8]
    layers: list[nn.Module] = []
    for number, (own, following) in enumerate(pairwise(widths)):
        layers.append(nn.Conv2d(own, following, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(following)] if number else []
        layers.append(nn.LeakyReLU(0.2, True))
    return nn.Sequential(*layers, nn.Conv2d(WIDTH * 8, 1, 4, 1, 0, bias=False))


def initialise(layer: nn.Module) -> None:
    """Weights of standard deviation 0.02, those of normalizations about 1."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)


def main() -> None:
    """Train, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures")
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, help="as many, however long they last")
    parser.add_argument("--best", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    images = torch.tensor(np.load(options.pictures)["images"]).permute(0, 3, 1, 2).float() / 127.5 - 1
    networks = [generator().apply(initialise), discriminator().apply(initialise)]
    if options.best:
        networks = [network.to(memory_format=torch.channels_last) for network in networks]
        images = images.contiguous(memory_format=torch.channels_last)
    g, d = networks
    optimizers = [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in networks]
    loss = nn.BCEWithLogitsLoss()
    cast = (lambda: torch.autocast("cpu", torch.bfloat16)) if options.best else nullcontext
    start, steps, times = time.perf_counter(), 0, []
    while steps < options.steps if options.steps else time.perf_counter() - start < 60 * options.minutes:
        before = time.perf_counter()
        real = images[torch.randint(len(images), (BATCH,))]
        with cast():
            fake = g(torch.randn(BATCH, NOISE, 1, 1))
            real_loss = loss(d(real).float().flatten(), torch.ones(BATCH))
            fake_loss = loss(d(fake.detach()).float().flatten(), torch.zeros(BATCH))
        optimizers[1].zero_grad()
        (real_loss + fake_loss).backward()
        optimizers[1].step()
        with cast():
            generator_loss = loss(d(fake).float().flatten(), torch.ones(BATCH))
        optimizers[0].zero_grad()
        generator_loss.backward()
        optimizers[0].step()
        times.append(time.perf_counter() - before)
        steps += 1
    with torch.no_grad():
        drawn = torch.cat([g(torch.randn(100, NOISE, 1, 1)) for _ in range(20)])
    samples = ((drawn.permute(0, 2, 3, 1).float() + 1) * 127.5).round().clip(0, 255).byte().numpy()
    options.out.mkdir(parents=True, exist_ok=True)
    np.savez(options.out / "samples.npz", images=samples)
    rows = [np.concatenate(list(samples[first : first + 8]), axis=1) for first in range(0, 64, 8)]
    Image.fromarray(np.concatenate(rows)).save(options.out / "sheet.png")
    record = {"best": options.best, "steps": steps, "images_per_second": BATCH / float(np.median(times))}
    (options.out / "record.json").write_text(json.dumps(record))
    print(record)


if __name__ == "__main__":
    main()
