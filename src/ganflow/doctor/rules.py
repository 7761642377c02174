"""The doctor's rules: each looks at a run's history so far, beside the same numbers of real images, and detects one fault.

What is bad but still becomes better is no fault: every generator starts with bad images. What a rule has detected is put into words in
`ganflow.doctor.wording`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ganflow.doctor import wording
from ganflow.doctor.findings import PATIENCE, VISIBLE, Chart, Detection, Finding, Recipe, Row
from ganflow.metrics.motion import INDEPENDENT_FRAMES
from ganflow.training.identity import Best

Rule = Callable[[Chart], Detection | None]
Wording = Callable[[Detection, Recipe], Finding]


def discriminator_won(chart: Chart) -> Detection | None:
    """The discriminator's loss is at its floor, and the generator no longer learns."""
    loss, recent = chart.loss, chart.rows[-PATIENCE:]
    if not loss.has_floor or len(recent) < PATIENCE:
        return None
    if max((row["discriminator_loss"] - loss.floor) / loss.scale for row in recent) > 0.05:
        return None
    gradients = [row["generator_gradient_norm"] for row in chart.rows]
    images = bad_images(chart)
    if gradients[-1] >= 0.01 * max(gradients) and not images:
        return None
    numbers = {
        "loss": chart.newest["discriminator_loss"],
        "floor": loss.floor,
        "undecided": loss.undecided,
        "accuracy": chart.newest["discriminator_accuracy"],
        "gradient": gradients[-1],
        "largest_gradient": max(gradients),
    }
    return Detection("discriminator_won", numbers, images)


def discriminator_blind(chart: Chart) -> Detection | None:
    """The discriminator cannot tell real from fake, though the images are far from real."""
    loss, recent = chart.loss, chart.rows[-PATIENCE:]
    if len(recent) < PATIENCE or any(abs(row["discriminator_loss"] - loss.undecided) > 0.01 * loss.scale for row in recent):
        return None
    images = bad_images(chart)
    return Detection("discriminator_blind", {"undecided": loss.undecided}, images) if images else None


def noise_images(chart: Chart) -> Detection | None:
    """Neighbouring pixels have little in common."""
    real = chart.real["sheet_roughness"]
    limit = real + 0.25 * (1.0 - real)
    if not chart.is_visible() or not chart.stays_bad(lambda row: row["sheet_roughness"], lambda roughness: roughness > limit):
        return None
    return Detection("noise_images", {"roughness": chart.newest["sheet_roughness"], "real_roughness": real})


def blank_images(chart: Chart) -> Detection | None:
    """The images show hardly anything."""
    real, newest = chart.real, chart.newest
    if not chart.stays_bad(lambda row: row["sheet_contrast"], lambda contrast: contrast < VISIBLE * real["sheet_contrast"]):
        return None
    numbers = {
        "contrast": newest["sheet_contrast"],
        "real_contrast": real["sheet_contrast"],
        "brightness": newest["sheet_brightness"],
        "real_brightness": real["sheet_brightness"],
    }
    return Detection("blank_images", numbers)


def saturated_images(chart: Chart) -> Detection | None:
    """Nearly all pixels are black or white, or the images are far too bright or too dark."""
    midtones, brightness, contrast = (chart.real[f"sheet_{name}"] for name in ("midtones", "brightness", "contrast"))
    lacks_midtones = chart.stays_bad(lambda row: row["sheet_midtones"], lambda value: value < 0.3 * midtones)
    is_off = chart.stays_bad(lambda row: row["sheet_brightness"], lambda value: abs(value - brightness) > 0.6 * contrast)
    if not lacks_midtones and not is_off:
        return None
    numbers = {
        "midtones": chart.newest["sheet_midtones"],
        "real_midtones": midtones,
        "brightness": chart.newest["sheet_brightness"],
        "real_brightness": brightness,
    }
    return Detection("saturated_images", numbers)


def mode_collapse(chart: Chart) -> Detection | None:
    """Different noise gives the same images."""
    real = relative_diversity(chart.real)
    shares = [relative_diversity(row) / real for row in chart.rows]
    if not chart.is_visible() or not chart.stays_bad(lambda row: relative_diversity(row) / real, lambda share: share < 0.5):
        return None
    diverse = [number for number, share in enumerate(shares) if share > 0.8]
    # from the last diverse row to the first of the bad ones; infinity if no row was diverse
    num_rows = len(shares) - PATIENCE - diverse[-1] if diverse else np.inf
    return Detection("mode_collapse", {"diversity": shares[-1], "num_rows": num_rows})


def relative_diversity(row: Row) -> float:
    """Mean squared difference of two images, over their contrast squared; so blurred images are not taken for equal ones."""
    return row["sheet_diversity"] / max(row["sheet_contrast"] ** 2, 1e-12)


def checkerboard(chart: Chart) -> Detection | None:
    """Upsampling has left its grid in the images."""
    real = chart.real["sheet_checkerboard"]
    if not chart.stays_bad(lambda row: row["sheet_checkerboard"], lambda power: power > 1.5 * real):
        return None
    return Detection("checkerboard", {"power": chart.newest["sheet_checkerboard"], "real_power": real})


def frozen_clips(chart: Chart) -> Detection | None:
    """In clips hardly anything moves."""
    real = relative_motion(chart.real)
    # of images it is NaN, and real clips may stand still themselves
    if not real > 0 or not chart.is_visible() or not chart.stays_bad(lambda row: relative_motion(row) / real, lambda share: share < 0.2):
        return None
    return Detection("frozen_clips", {"motion": relative_motion(chart.newest) / real})


def relative_motion(row: Row) -> float:
    """Mean squared difference of consecutive frames, over their contrast squared; NaN for images."""
    return row.get("sheet_motion", np.nan) / max(row["sheet_contrast"] ** 2, 1e-12)


def flicker(chart: Chart) -> Detection | None:
    """What changes from one frame of a clip to the next is undone by the one after it."""
    real = chart.real.get("sheet_flicker", np.nan)
    # half of the way to frames that have nothing to do with each other
    limit = real + 0.5 * (INDEPENDENT_FRAMES - real)
    if not chart.is_visible() or not chart.stays_bad(lambda row: row.get("sheet_flicker", np.nan), lambda share: share > limit):
        return None
    return Detection("flicker", {"flicker": chart.newest["sheet_flicker"], "real_flicker": real, "independent": INDEPENDENT_FRAMES})


def repeated_images(chart: Chart) -> Detection | None:
    """The generator has a few images, of whatever classes, and makes these again and again."""
    scored = chart.scored()[-2:]
    real, copied = chart.real["sample_distance"], 0.6 * chart.real["nearest_distance"]
    # copies of a few training images are alike too, but that is memorisation
    if len(scored) < 2 or any(row["sample_distance"] > 0.5 * real or row["nearest_distance"] <= copied for row in scored):
        return None
    return Detection("repeated_images", {"distance": scored[-1]["sample_distance"], "real_distance": real})


def classes_missing(chart: Chart) -> Detection | None:
    """The generator hardly ever draws some of the classes."""
    reached = [row["num_classes_reached"] for row in chart.scored()[-PATIENCE:]]
    wanted = chart.real["num_classes_reached"]
    # where the extractor names no classes, the numbers are NaN
    if len(reached) < PATIENCE or not max(reached) < wanted or reached[-1] > reached[0]:
        return None
    return Detection("classes_missing", {"num_classes": reached[-1], "num_before": reached[0], "num_wanted": wanted})


def class_ignored(chart: Chart) -> Detection | None:
    """Of the images that were asked to be of some class, most are of another."""
    recent = chart.scored()[-PATIENCE:]
    shares = [row.get("lowest_asked_share", np.nan) for row in recent]
    # of unconditional generators the shares are NaN
    if len(shares) < PATIENCE or not max(shares) < 0.5 or shares[-1] > shares[0] + 0.1:
        return None
    return Detection("class_ignored", {"share": shares[-1], "class": recent[-1]["lowest_asked_class"]})


def class_collapsed(chart: Chart) -> Detection | None:
    """Of one class the generator draws a few pictures again and again; of all classes it would be `repeated_images`."""
    scored = chart.scored()[-2:]
    if len(scored) < 2 or not all(row.get("lowest_class_spread", np.nan) < 0.4 for row in scored):
        return None
    if repeated_images(chart) is not None:
        return None
    return Detection("class_collapsed", {"spread": scored[-1]["lowest_class_spread"], "class": scored[-1]["narrowest_class"]})


def divergence(chart: Chart) -> Detection | None:
    """A loss or gradient grows far beyond its usual size."""
    if len(chart.rows) < 2 * PATIENCE:
        return None
    earlier, recent = chart.rows[:-PATIENCE], chart.rows[-PATIENCE:]
    for column, least, times in (("discriminator_loss", 10.0 * chart.loss.scale, 10.0), ("generator_gradient_norm", 10.0, 100.0)):
        usual = float(np.median([abs(row[column]) for row in earlier]))
        sizes = [abs(row[column]) for row in recent]
        if min(sizes) > max(least, times * usual):
            return Detection("divergence", {"size": sizes[-1], "usual_size": usual}, column)
    return None


def oscillation(chart: Chart) -> Detection | None:
    """The images swing to and fro instead of becoming better."""
    recent = chart.rows[-2 * PATIENCE - 2 :]
    if len(recent) < 2 * PATIENCE + 2 or recent[0]["step"] <= chart.warmup_steps:
        return None
    contrast = chart.real["sheet_contrast"]
    limits = {"sheet_brightness": 0.1 * contrast, "sheet_contrast": 0.1 * contrast}
    if chart.loss.has_floor:
        limits["discriminator_loss"] = 0.3 * chart.loss.scale
    for column, limit in limits.items():
        swings = np.diff([row[column] for row in recent])
        num_turns = int(np.count_nonzero(swings[1:] * swings[:-1] < 0))
        size = float(np.mean(np.abs(swings)))
        if num_turns >= len(swings) // 2 and size > limit:
            numbers = {"num_turns": num_turns, "num_rows": len(recent), "size": size, "limit": limit, "step": chart.newest["step"]}
            return Detection("oscillation", numbers, column)
    return None


def decline(chart: Chart) -> Detection | None:
    """The generator was better before."""
    scored = chart.scored()
    if len(scored) < PATIENCE + 1:
        return None
    best = min(scored, key=lambda row: row["kernel_distance"])
    noise = 4 * max(row["kernel_distance_standard_error"] for row in (best, *scored[-2:]))
    limit = max(2.0 * best["kernel_distance"], best["kernel_distance"] + noise)
    if min(row["kernel_distance"] for row in scored[-2:]) <= limit:
        return None
    exported = Best()
    for row in scored:
        exported.take(int(row["step"]), row["kernel_distance"], row["kernel_distance_standard_error"])
    numbers = {"distance": scored[-1]["kernel_distance"], "best_distance": best["kernel_distance"], "best_step": float(exported.step)}
    return Detection("decline", numbers)


def memorisation(chart: Chart) -> Detection | None:
    """Generated images are copies of training images."""
    scored = chart.scored()[-2:]
    real = chart.real["nearest_distance"]
    if len(scored) < 2 or max(row["nearest_distance"] for row in scored) > 0.6 * real:
        return None
    # a class of images that are alike, such as ones, are near to training images without being copies
    if scored[-1]["num_classes_reached"] < chart.real["num_classes_reached"]:
        return None
    return Detection("memorisation", {"distance": scored[-1]["nearest_distance"], "real_distance": real})


IMAGE_RULES: tuple[Rule, ...] = (noise_images, blank_images, saturated_images, mode_collapse)


def bad_images(chart: Chart) -> str:
    """What is wrong with the images, by the name of the first rule that says so; empty if nothing is."""
    detections = (rule(chart) for rule in IMAGE_RULES)
    return next((detection.name for detection in detections if detection is not None), "")


RULES: dict[Rule, Wording] = {
    discriminator_won: wording.discriminator_won,
    discriminator_blind: wording.discriminator_blind,
    noise_images: wording.noise_images,
    blank_images: wording.blank_images,
    saturated_images: wording.saturated_images,
    mode_collapse: wording.mode_collapse,
    checkerboard: wording.checkerboard,
    frozen_clips: wording.frozen_clips,
    flicker: wording.flicker,
    repeated_images: wording.repeated_images,
    classes_missing: wording.classes_missing,
    class_ignored: wording.class_ignored,
    class_collapsed: wording.class_collapsed,
    divergence: wording.divergence,
    oscillation: wording.oscillation,
    decline: wording.decline,
    memorisation: wording.memorisation,
}
"""Every rule, in the order in which they are asked, and the words for what it detects."""
