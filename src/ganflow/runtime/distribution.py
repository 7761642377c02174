"""Training on more than one device or machine, by TensorFlow's own strategies: every replica takes a share of each batch."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from ganflow.errors import ConfigurationError, WorkerDriftError, WorkerLostError
from ganflow.runtime.cluster import membership
from ganflow.runtime.hashing import hash_named_arrays

logger = logging.getLogger(__name__)

# what the collective operations of TensorFlow raise once a peer is gone
PEER_ERRORS = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)


@functools.cache
def build_strategy(distribution: str) -> tf.distribute.Strategy:
    """The strategy of a settled `training.distribution`: `single`, `mirrored` or `multi_worker`.

    The last waits for the other workers, and has to come before anything else that TensorFlow does in the process.

    Raises:
        ConfigurationError: if the others cannot be joined.
    """
    if distribution == "single":
        return tf.distribute.get_strategy()
    if distribution == "mirrored":
        return tf.distribute.MirroredStrategy(mirrored_devices())
    place = membership()
    logger.info("%s waits until all %d workers are there.", place.name.capitalize(), place.num_workers)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise ConfigurationError(
            f"{place.name.capitalize()} of {place.num_workers} cannot join the others; TensorFlow says: {str(error).splitlines()[0]}. "
            "See whether the addresses in TF_CONFIG are those of the workers, whether each one's own port is free on its machine, and "
            "whether all of them were started."
        ) from error


def mirrored_devices() -> list[str]:
    """Names of all GPUs, or of all logical processors where there is none."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name for device in devices]


def num_replicas(distribution: str) -> int:
    """Into how many shares a settled `training.distribution` divides a batch; the machines of a cluster are taken to be alike."""
    if distribution == "single":
        return 1
    if distribution == "mirrored":
        return len(mirrored_devices())
    return membership().num_workers * max(1, len(tf.config.list_physical_devices("GPU")))


def own_share(batch: tf.Tensor) -> tf.Tensor:
    """The part of a batch that falls to this replica, (N / replicas, …) of (N, …)."""
    replica = tf.distribute.get_replica_context()
    num = replica.num_replicas_in_sync
    if num == 1:
        return batch
    return tf.reshape(batch, (num, batch.shape[0] // num, *batch.shape[1:]))[replica.replica_id_in_sync_group]


def spread_of_batch(share: tf.Tensor) -> tf.Tensor:
    """Standard deviation of all values of a batch, of which this replica has a share."""
    moments = [tf.reduce_mean(share), tf.reduce_mean(tf.square(share))]
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync > 1:
        moments = replica.all_reduce(tf.distribute.ReduceOp.MEAN, moments)
    mean, mean_of_squares = moments
    return tf.sqrt(tf.maximum(mean_of_squares - tf.square(mean), 0.0))


def from_chief(strategy: tf.distribute.Strategy, content: bytes) -> bytes:
    """The chief's bytes, on every worker; they have the same length everywhere."""
    if not has_peers(strategy):
        return content
    padded = content + bytes(-len(content) % 4)
    # a sum to which nobody but the chief adds anything
    own = np.frombuffer(padded, np.int32) if membership().is_chief else np.zeros(len(padded) // 4, np.int32)
    return _sum_over_workers(strategy, own).tobytes()[: len(content)]


def state_from_chief(strategy: tf.distribute.Strategy, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The chief's arrays, on every worker; names, shapes and types are the same everywhere."""
    content = from_chief(strategy, b"".join(array.tobytes() for array in arrays.values()))
    ends = np.cumsum([array.nbytes for array in arrays.values()])
    return {
        name: np.frombuffer(content[end - array.nbytes : end], array.dtype).reshape(array.shape)
        for (name, array), end in zip(arrays.items(), ends, strict=True)
    }


def on_any_worker(strategy: tf.distribute.Strategy, flag: bool) -> bool:
    """Whether the flag is set on at least one worker; all of them have to ask."""
    return bool(_sum_over_workers(strategy, np.array([flag], np.int32))[0]) if has_peers(strategy) else flag


def chief_decides(strategy: tf.distribute.Strategy, decision: bool) -> bool:
    """The chief's decision, on every worker; all of them have to ask."""
    return from_chief(strategy, bytes([decision])) == bytes([True])


def check_same_weights(strategy: tf.distribute.Strategy, arrays: dict[str, np.ndarray], step: int) -> None:
    """Make sure that no worker has drifted from the chief, to the bit.

    Raises:
        WorkerDriftError: on a worker that has.
    """
    if has_peers(strategy):
        own = hash_named_arrays(arrays)
        chiefs = from_chief(strategy, bytes.fromhex(own)).hex()
        if own != chiefs:
            raise WorkerDriftError(
                f"After step {step} the state of {membership().name} is {own[:12]}, the chief's is {chiefs[:12]}: they have drifted apart. "
                "Give all workers the same hardware and the same versions of TensorFlow."
            )
        logger.info("%s has reached step %d, state %s.", membership().name.capitalize(), step, own[:12])


def has_peers(strategy: tf.distribute.Strategy) -> bool:
    """Whether other processes take part."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) and membership().num_workers > 1


def _sum_over_workers(strategy: tf.distribute.Strategy, array: np.ndarray) -> np.ndarray:
    """Sum of one int32 vector from each worker."""
    return _summation(strategy)(tf.constant(array)).numpy()


@functools.cache
def _summation(strategy: tf.distribute.Strategy) -> Callable[[tf.Tensor], tf.Tensor]:
    devices_per_worker = strategy.num_replicas_in_sync // membership().num_workers

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
    def sum_over_workers(array: tf.Tensor) -> tf.Tensor:
        def on_replica() -> tf.Tensor:
            replica = tf.distribute.get_replica_context()
            # one replica of each worker adds its vector
            adds = tf.equal(replica.replica_id_in_sync_group % devices_per_worker, 0)
            return replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.where(adds, array, tf.zeros_like(array)))

        return strategy.experimental_local_results(strategy.run(on_replica))[0]

    return sum_over_workers


@contextmanager
def lost_worker_errors(strategy: tf.distribute.Strategy, step: int = 0) -> Iterator[None]:
    """Turn the errors that a lost worker causes on the others into one that says so.

    Raises:
        WorkerLostError: naming the last `step` that all workers have completed, 0 if none.
    """
    try:
        yield
    except PEER_ERRORS as error:
        if not has_peers(strategy):
            raise
        reason = next((line for line in reversed(error.message.splitlines()) if "abort" in line), error.message.splitlines()[0])
        reached = (
            f"all were together until step {step}, and the chief has the checkpoints until then" if step else "nothing was trained yet"
        )
        raise WorkerLostError(
            f"Another worker is gone; {reached}. See why that worker ended, then start all workers again to continue. "
            f"TensorFlow says: {reason}"
        ) from error
