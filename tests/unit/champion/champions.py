"""Champions, decisions and reasons, made by hand; all at one time."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def champion(days=1.0, sha256="old"):
    """Version 3, promoted so many days ago, trained on the data of this SHA-256."""
    record = {"data": {"sha256": sha256, "image_shape": [8, 8, 1]}, "run_id": "r", "sha256": "w"}
    return {"version": 3, "record": record, "promoted": (NOW - timedelta(days=days)).isoformat(timespec="seconds")}


def decision(attempt=0, data="other", promote=False, sha256="x"):
    return {"attempt": attempt, "data": data, "promote": promote, "sha256": sha256, "champion": 3}


def reason(attempt=0, name="force", champion=3):
    return {"is_due": True, "reason": name, "why": "retraining.force is true", "attempt": attempt, "champion": champion, "data": "new"}


def contestant(kernel_distance, coverage=(0.9, 0.92, 0.91), recall=(0.8, 0.82, 0.81), classes=(10.0, 10.0, 10.0), nearest=0.2):
    scores = {"kernel_distance": kernel_distance, "coverage": coverage, "recall": recall, "num_classes_reached": classes}
    return {"scores": {name: list(values) for name, values in scores.items()}, "nearest_distance": nearest}


def trial(challenger, champion=None, held_out=0.2, num_classes=10):
    held = {
        "num_samples": 100,
        "extractor": "classifier 0123",
        "num_classes": num_classes,
        "num_held_out": 50,
        "num_left_out": 0,
        "held_out_distance": held_out,
        "challenger": challenger,
    }
    return held if champion is None else held | {"champion": champion}
