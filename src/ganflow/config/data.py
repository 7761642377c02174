"""`parameters_data.yml`: where the images come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganflow.config.section import Section, Seed

Side = Annotated[int, Field(ge=8, le=256)]


class ImageGeometry(Section):
    """What pictures of any size are brought to.

    Attributes:
        height: pixels.
        width: pixels.
        channels: 1 for grey, 3 for RGB.
        resize: `crop` takes the largest part in the middle that has the wanted proportions, `pad` keeps the whole picture and fills the
            rest with the background, `stretch` changes the proportions.
        background: behind what is transparent, and around what is padded; a colour as Pillow's ImageColor names it.
    """

    height: Side
    width: Side
    channels: Literal[1, 3]
    resize: Literal["crop", "pad", "stretch"]
    background: str


class ClipGeometry(Section):
    """What moving pictures are cut into.

    Attributes:
        frames: of a clip.
    """

    frames: Annotated[int, Field(ge=2, le=64)]


class MovingDigitsParameters(Section):
    """Clips that are made of digits.

    Attributes:
        num_clips: of which every tenth is held out.
        num_digits: in a clip, 1 or 2.
        textured: whether they move over a still texture; otherwise over black.
        seed: of what is in a clip, and how it moves.
    """

    num_clips: Annotated[int, Field(ge=20)]
    num_digits: Literal[1, 2]
    textured: bool
    seed: Seed


class DataParameters(Section):
    """Where the images come from and which of them are kept apart.

    Attributes:
        source: a key of `ganflow.data.sources.SOURCES` or of `ganflow.data.pictures.COLLECTIONS`.
        location: file, folder or URL prefix, for the sources that read one.
        classes: `folders`: the first folder of a picture's path names its class; None for images without classes.
        image_column: of a table, with encoded pictures.
        label_column: of a table, with the class of each; None for images without classes.
        image: what pictures are brought to, and the frames of moving digits.
        clip: what moving pictures are cut into.
        moving_digits: what the source of that name makes.
        on_bad_image: `skip` leaves out what cannot be decoded, and names it in the data report; `fail` stops at the first.
        max_bad_fraction: of the pictures that may be left out; with more the run stops.
        held_out_share: about how many of the images are kept for evaluation, between 0 and 1, drawn by a hash of their pixels; None takes
            the source's own test split.
        seed: of the hash.
    """

    source: str
    location: str | None
    classes: Literal["folders"] | None
    image_column: str
    label_column: str | None
    image: ImageGeometry
    clip: ClipGeometry
    moving_digits: MovingDigitsParameters
    on_bad_image: Literal["skip", "fail"]
    max_bad_fraction: Annotated[float, Field(ge=0, le=1)]
    held_out_share: Annotated[float, Field(gt=0, lt=1)] | None
    seed: Seed

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """What the pictures of a collection become: (H, W, C), or (T, H, W, C) of moving ones."""
        frames = (self.clip.frames,) if self.source == "video_folder" else ()
        return (*frames, self.image.height, self.image.width, self.image.channels)
