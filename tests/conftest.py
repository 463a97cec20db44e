import json
from pathlib import Path

import pytest
from hypothesis import settings

from saulyq.topics import Topic, TopicSet

# How long a test takes says something of the machine, not of the code. The same cases each time:
# what CI passes once it passes again. `--hypothesis-profile=search` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=400)
settings.load_profile("same")

ROOT = Path(__file__).parent.parent

# Two invented topics, so that no test leans on the five of data/topics.yaml.
SHIPS, BREAD = "ships", "bread"
SENTENCES = {
    (SHIPS,): ["кеме теңізде жүзіп барады", "айлақта үш кеме тұр", "кеме порттан шықты"],
    (BREAD,): ["наубайхана нан пісірді", "нан бағасы өсті", "ыстық нан сатылды"],
    (SHIPS, BREAD): ["кемеге нан тиелді", "кеме бортында нан пісті"],
    (): ["бүгін күн ашық болды", "жел батыстан соқты", "көшеде балалар ойнап жүр"],
}


@pytest.fixture
def topics():
    return TopicSet((Topic(SHIPS), Topic(BREAD)))


def make_rows(n_articles, *, mode="multi", prefix="a"):
    """Rows of articles that go round the sentences above; single mode takes the first topic."""
    groups = [g for g in SENTENCES if mode == "multi" or len(g) == 1]
    rows = []
    for article in range(n_articles):
        for number, group in enumerate(groups):
            sentences = SENTENCES[group]
            text = f"{sentences[article % len(sentences)]}, {prefix} {article} күн"
            article_id = f"{prefix}{article}"
            id = f"{article_id}-{number}"
            rows.append({"id": id, "article_id": article_id, "text": text, "topics": list(group)})
    return rows


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def write_data(folder, *, mode="multi"):
    """A whole data folder with the two invented topics; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = f"mode: {mode}\ntopics:\n  - id: {SHIPS}\n    kk: Кемелер\n  - id: {BREAD}\n"
    (folder / "topics.yaml").write_text(schema, "utf-8")
    for split, n_articles in {"train": 12, "valid": 8, "test": 8}.items():
        rows = make_rows(n_articles, mode=mode, prefix=f"{split}-")
        write_jsonl(folder / f"{split}.jsonl", rows)
    return folder


@pytest.fixture(params=["multi", "single"])
def mode(request):
    return request.param


@pytest.fixture
def data_dir(tmp_path):
    return write_data(tmp_path / "data")


@pytest.fixture(scope="session")
def tfidf_folder(tmp_path_factory):
    """A TF-IDF model folder trained by train.py on the invented topics."""
    import train

    tmp_path = tmp_path_factory.mktemp("tfidf")
    data = write_data(tmp_path / "data")
    output = tmp_path / "model"
    assert train.main(arguments("tfidf", data, output, min_paragraphs=1)) == 0
    return output


def arguments(config, data, output, **settings):
    """The command line of train.py."""
    words = ["--config", str(ROOT / "configs" / f"{config}.yaml")]
    for name, value in {"data": data, "output": output, **settings}.items():
        words += [f"--{name}", str(value)]
    return words


@pytest.fixture
def run(tfidf_folder, capsys):
    """Run predict.py in this process: exit code, records of stdout, lines of stderr."""
    import predict
    from saulyq.scripts import run_script

    def call(*words):
        command = ["--model", str(tfidf_folder), *map(str, words)]
        code = run_script(lambda: predict.main(command))
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err.splitlines()

    return call
