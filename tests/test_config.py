import pytest
from conftest import ROOT

from saulyq.config import TransformerConfig, load_config, read_config
from saulyq.errors import UserError
from saulyq.pretraining.settings import PretrainConfig

TRANSFORMER = "tagger: transformer\noutput: models/x\nbase_model: some/model\n"


def load(tmp_path, text, **overrides):
    path = tmp_path / "run.yaml"
    path.write_text(text, "utf-8")
    return load_config(path, overrides)


def test_every_shipped_config_is_valid():
    paths = sorted((ROOT / "configs").rglob("*.yaml"))
    assert {p.stem for p in paths} >= {"tfidf", "xlmr_base", "mmbert_base", "compact", "smoke"}
    for path in paths:
        if path.stem.startswith("pretrain"):
            config = read_config(PretrainConfig, path, {})
        else:
            config = load_config(path, {})
        assert config.output.parent.name == "models"


def test_float_without_a_point_is_a_number(tmp_path):
    config = load(tmp_path, TRANSFORMER + "learning_rate: 3e-5\n")
    assert isinstance(config, TransformerConfig)
    assert config.learning_rate == 3e-5


def test_command_line_goes_over_the_file_with_dash_or_underscore(tmp_path):
    text = TRANSFORMER + "epochs: 2\n"
    assert load(tmp_path, text, **{"epochs": "5"}).epochs == 5
    assert load(tmp_path, text, **{"learning-rate": "1e-4"}).learning_rate == 1e-4


def test_command_line_reaches_into_a_group(tmp_path):
    text = (
        "tagger: transformer\noutput: models/x\n"
        "random_init: {layers: 1, width: 8, heads: 2, vocabulary: 200}\n"
    )
    config = load(tmp_path, text, **{"random_init.layers": "3"})
    assert config.random_init.layers == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("lerning_rate: 1", "unknown setting 'lerning_rate'; did you mean 'learning_rate'?"),
        ("regularisation: 1.0", "unknown setting 'regularisation'"),
        ("learning_rate: fast", "'learning_rate' is 'fast'; Input should be a valid number"),
        ("epochs: 2.5", "'epochs' is 2.5"),
        ("epochs: true", "'epochs' is True"),
        ("epochs: '3'", "'epochs' is '3'"),
        ("epochs: 0", "'epochs' is 0"),
        ("random_init: {layer: 1}", "set"),
        ("epochs: 3\nepochs: 4", "'epochs' is given twice"),
        ("learning_rate: .inf", "'learning_rate' is '.inf'"),
        ("[", "not valid YAML"),
    ],
)
def test_wrong_setting_is_one_line_that_names_it(tmp_path, line, message):
    with pytest.raises(UserError) as error:
        load(tmp_path, TRANSFORMER + line + "\n")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("output: models/x", "tagger is None; choose one of prior, tfidf, transformer"),
        ("tagger: svm\noutput: models/x", "tagger is 'svm'"),
        ("tagger: [tfidf]\noutput: models/x", "tagger is \\['tfidf'\\]"),
        ("tagger: tfidf", "setting 'output' is missing"),
        ("tagger: transformer\noutput: models/x", "exactly one of base_model and random_init"),
        ("just words", "expected `setting: value` lines"),
    ],
)
def test_incomplete_config_says_what_is_missing(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        load(tmp_path, text)


def test_missing_config_names_the_file(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml", {})


def test_words_that_old_yaml_reads_as_something_else_are_text(tmp_path):
    text = "tagger: transformer\noutput: 2024-13-45\nbase_model: no\n"
    config = load(tmp_path, text)
    assert (str(config.output), config.base_model) == ("2024-13-45", "no")
