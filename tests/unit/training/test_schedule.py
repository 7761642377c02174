"""The number of discriminator updates, in closed form."""

from hypothesis import given
from hypothesis import strategies as st

from ganflow.config.training import DiscriminatorWarmup
from ganflow.training.schedule import DiscriminatorSchedule, discriminator_schedule


def test_the_published_wasserstein_schedule_by_hand():
    # 25 steps of 100, then 5 each, with 100 again at 500 and 1000
    schedule = DiscriminatorSchedule(5, 100, 25, 500)
    assert [int(schedule.at(step)) for step in (0, 24, 25, 499, 500, 501, 1000)] == [100, 100, 5, 5, 100, 5, 100]
    assert int(schedule.before(25)) == 2500
    assert int(schedule.before(501)) == 2500 + 475 * 5 + 100


@given(
    updates=st.integers(1, 9),
    long_updates=st.integers(1, 9),
    num_long=st.integers(0, 12),
    long_every=st.integers(1, 9),
    step=st.integers(0, 40),
)
def test_before_is_the_sum_of_all_steps_before(updates, long_updates, num_long, long_every, step):
    schedule = DiscriminatorSchedule(updates, long_updates, num_long, long_every)
    assert int(schedule.before(step)) == sum(int(schedule.at(earlier)) for earlier in range(step))


def test_without_warmup_all_steps_are_alike(training_parameters):
    plain = discriminator_schedule(training_parameters)
    assert not plain.has_long_steps
    assert [int(plain.before(step)) for step in (0, 7)] == [0, 7]
    several = discriminator_schedule(training_parameters.model_copy(update={"discriminator_steps": 3}))
    assert (several.updates, several.has_long_steps) == (3, False)
    assert [(int(several.at(step)), int(several.before(step))) for step in (0, 7)] == [(3, 0), (3, 21)]


def test_the_parameters_reach_the_schedule(training_parameters):
    changes = {"discriminator_steps": 5, "discriminator_warmup": DiscriminatorWarmup()}
    assert discriminator_schedule(training_parameters.model_copy(update=changes)) == DiscriminatorSchedule(5, 100, 25, 500)
