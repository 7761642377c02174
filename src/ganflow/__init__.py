"""ganflow: images in, a trained, sampled and scored GAN generator out."""

__version__ = "0.1.0"
