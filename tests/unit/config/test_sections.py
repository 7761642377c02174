"""Sections accept the project's own settings and explain everything else."""

import pytest
from pydantic import ValidationError

from base_parameters import section
from ganflow.config import SECTIONS
from ganflow.config.networks import GeneratorParameters, NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.datasets import RecipesDataset
from ganflow.errors import ConfigurationError
from ganflow.training.schedule import DiscriminatorSchedule, discriminator_schedule


def merged(project_root, environment):
    """Parameters of an environment, laid over those of the base."""
    return RecipesDataset(path=project_root / "conf").load()[environment]()


def training_of(project_root, environment):
    return TrainingParameters.model_validate(merged(project_root, environment)["training"])


def test_the_published_numbers_of_wasserstein_gans(project_root):
    clipped, penalised = (training_of(project_root, name) for name in ("wgan", "wgan_gp"))
    rmsprop, adam = clipped.discriminator_optimizer, penalised.discriminator_optimizer
    assert (rmsprop.name, rmsprop.learning_rate, clipped.weight_clip, clipped.batch_size) == ("rmsprop", 5e-5, 0.01, 64)
    assert discriminator_schedule(clipped) == DiscriminatorSchedule(5, 100, 25, 500)
    assert (adam.name, adam.learning_rate, adam.beta_1, adam.beta_2, penalised.batch_size) == ("adam", 1e-4, 0.5, 0.9, 50)
    assert (penalised.gradient_penalty.weight, penalised.gradient_penalty.points, penalised.discriminator_steps) == (10.0, "between", 5)
    for training in (clipped, penalised):
        assert training.generator_optimizer == training.discriminator_optimizer
        assert (training.loss, training.r1_weight) == ("wasserstein", 0.0)


@pytest.mark.parametrize(
    ("name", "loss", "rate", "betas", "num_updates"),
    [
        ("lsgan", "least_squares", 2e-4, (0.5, 0.999), 1),
        ("hinge_sn", "hinge", 2e-4, (0.0, 0.9), 5),
        ("r3gan", "relativistic", 2e-4, (0.0, 0.99), 1),
    ],
)
def test_the_published_numbers_of_other_recipes(project_root, name, loss, rate, betas, num_updates):
    training = training_of(project_root, name)
    adam = training.discriminator_optimizer
    assert (training.loss, training.discriminator_steps, training.batch_size) == (loss, num_updates, 64)
    assert (adam.name, adam.learning_rate, (adam.beta_1, adam.beta_2)) == ("adam", rate, betas)
    assert training.generator_optimizer.model_copy(update={"decay": adam.decay}) == adam
    # decays that are as long as the run, each in updates of its own network
    for optimizer, updates in ((training.generator_optimizer, 1), (adam, num_updates)):
        assert optimizer.decay is None or optimizer.decay.num_steps == training.num_steps * updates
    assert (training.r1_weight, training.r2_weight) == ((0.05, 0.05) if name == "r3gan" else (0.0, 0.0))


@pytest.mark.parametrize(
    ("name", "schedule", "end"),
    [
        *((name, None, None) for name in ("wgan", "wgan_gp", "lsgan", "dcgan", "video", "video_paper")),
        ("base", "cosine", 0.1),
        ("images", "cosine", 0.1),
        ("classic", "inverse_time", None),
        ("hinge_sn", "linear", 0.0),
        ("r3gan", "cosine", 0.25),
    ],
)
def test_no_preset_takes_over_how_the_rates_of_the_base_fall(project_root, name, schedule, end):
    training = training_of(project_root, name)
    for optimizer in (training.generator_optimizer, training.discriminator_optimizer):
        decay = optimizer.decay
        assert (decay and decay.schedule) == schedule
        assert end is None or decay.final_fraction == end


@pytest.mark.parametrize("given", ["classic", ["classic"], ("classic",)])
def test_one_recipe_of_a_study_needs_no_list(given):
    assert section(SECTIONS["seed_study"], recipes=given).recipes == ("classic",)


def test_classic_holds_the_numbers_of_the_post(project_root):
    training = training_of(project_root, "classic")
    generator, discriminator = training.generator_optimizer, training.discriminator_optimizer
    assert (generator.name, generator.learning_rate, generator.clip_value, generator.decay.decay_rate) == ("rmsprop", 1e-4, 1.0, 3e-8)
    assert (discriminator.name, discriminator.learning_rate, discriminator.clip_value, discriminator.decay.decay_rate) == (
        "rmsprop",
        2e-4,
        1.0,
        6e-8,
    )
    assert (training.batch_size, training.loss, training.r1_weight, training.share_fakes, training.average_decay) == (
        256,
        "logistic",
        0,
        False,
        0,
    )
    networks = NetworksParameters.model_validate(merged(project_root, "classic")["networks"])
    assert (networks.latent.dimension, networks.latent.distribution) == (100, "uniform")
    assert networks.generator.dropout == 0.4


def test_sections_cannot_be_changed(training_parameters):
    with pytest.raises(ValidationError, match="frozen"):
        training_parameters.num_steps = 3


def with_change(parameters, path, value):
    plain = parameters.model_dump()
    part = plain
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["num_stepz"], 3, r"TrainingParameters\.num_stepz is not a known parameter\. Did you mean 'num_steps'\?"),
        (["generator_optimizer", "beta1"], 3, r"generator_optimizer\.beta1 is not a known parameter\. Did you mean 'beta_1'\?"),
        (["generator_optimizer", "decay", "rate"], 3, r"decay\.rate is not a known parameter\..*decay_rate"),
        (["num_steps"], -1, r"TrainingParameters\.num_steps: .*greater than 0 \(got -1\)"),
        (["resume"], "maybe", r"TrainingParameters\.resume: .*'auto', 'required' or 'never' \(got 'maybe'\)"),
        (["generator_optimizer", "decay"], {"schedule": "cosine"}, r"schedule 'cosine' needs num_steps"),
        (["generator_optimizer", "decay", "final_fraction"], 2.0, r"decay\.final_fraction.*less than 1"),
        (["generator_optimizer", "decay", "decay_rate"], 0.1, r"schedule 'cosine' has no use for decay_rate"),
        (["seed"], -1, r"seed: .*greater than or equal to 0 \(got -1\)"),
        (["r1_weight"], float("nan"), r"r1_weight: .*finite"),
    ],
)
def test_wrong_values_are_explained(training_parameters, path, value, message):
    with pytest.raises(ConfigurationError, match=message):
        TrainingParameters.model_validate(with_change(training_parameters, path, value))


def test_a_missing_value_is_named(training_parameters):
    plain = training_parameters.model_dump()
    del plain["loss"]
    with pytest.raises(ConfigurationError, match=r"TrainingParameters\.loss is missing"):
        TrainingParameters.model_validate(plain)


def rows(*doubles, kernel_size=3):
    return [{"width": 4, "kernel_size": kernel_size, "double": double} for double in doubles]


@pytest.mark.parametrize("doubles", [(False, False), (True, True), (True, False)])
def test_tables_without_a_way_from_the_projection_to_the_image_are_refused(doubles):
    with pytest.raises(ConfigurationError, match="the projection, cannot double, and at least one of the others has to"):
        section(GeneratorParameters, stages=rows(*doubles))
    section(GeneratorParameters, stages=rows(False, True))


@pytest.mark.parametrize("sizes", [(4, 3), (3, 4)])
def test_even_kernels_are_refused(sizes):
    with pytest.raises(ConfigurationError, match="must be odd"):
        section(GeneratorParameters, stages=rows(False, True, kernel_size=sizes[0]), output_kernel_size=sizes[1])


def test_only_a_transposed_convolution_that_doubles_has_an_even_kernel():
    mixed = [*rows(False), *rows(True, kernel_size=4), *rows(False)]
    section(GeneratorParameters, stages=mixed, upsampling="transposed")
    with pytest.raises(ConfigurationError, match=r"must be even, so that all pixels get equal shares; got \[3\]; set 4"):
        section(GeneratorParameters, stages=rows(False, True), upsampling="transposed")
    with pytest.raises(ConfigurationError, match=r"must be odd, .* got \[4\]"):
        section(GeneratorParameters, stages=[*mixed, *rows(False, kernel_size=4)], upsampling="transposed")


def test_where_images_are_kept_is_part_of_a_run_that_xla_compiles(training_parameters):
    def identity(**changes):
        return training_parameters.model_copy(update=changes).identity()

    assert identity(jit="off", device_data_mib=0) == identity(jit="off", device_data_mib=1)
    assert identity(jit="on", device_data_mib=0) != identity(jit="on", device_data_mib=1)


def test_identity_ignores_only_what_leaves_the_weights_alone(training_parameters):
    identity = training_parameters.identity()
    for name in ("num_steps", "interval", "device_data_mib"):
        assert training_parameters.model_copy(update={name: 7}).identity() == identity
    for name, value in (("seed", 9), ("batch_size", 5), ("r1_weight", 2.0), ("average_decay", 0.5), ("share_fakes", False)):
        assert training_parameters.model_copy(update={name: value}).identity() != identity


def test_an_output_that_doubles_is_a_transposed_convolution_with_an_even_kernel():
    mixed = [*rows(False), *rows(True, kernel_size=4)]
    doubling = {"stages": mixed, "upsampling": "transposed", "output_doubles": True}
    section(GeneratorParameters, **doubling, output_kernel_size=4)
    with pytest.raises(ConfigurationError, match=r"must be even, .* got \[3\]; set 4"):
        section(GeneratorParameters, **doubling, output_kernel_size=3)


def test_an_output_that_doubles_the_nearest_pixel_has_an_odd_kernel():
    section(GeneratorParameters, output_doubles=True, output_kernel_size=3)
    with pytest.raises(ConfigurationError, match=r"must be odd, .* got \[4\]"):
        section(GeneratorParameters, output_doubles=True, output_kernel_size=4)
