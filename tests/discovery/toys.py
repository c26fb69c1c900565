"""The shapes of 85 real competitions, each in a few lines of facts; what each needs is in the words of its files."""

from __future__ import annotations

import json

from toy_files import Bare, Blank, Media, Pack, Rows, Text, Toy

N, M = 60, 24  # rows of train and test


def both(shared: dict[str, str], answers: dict[str, str], n: int = N, m: int = M) -> tuple[Rows, Rows]:
    """Return training and test rows: the test goes on with the numbers where the training rows end."""
    return Rows(n, {**shared, **answers}), Rows(m, shared, start=n)


def sample(id: str, how: str, cells: dict[str, str], n: int = N, m: int = M) -> Rows:
    """Return a sample submission for the test rows."""
    return Rows(m, {id: how, **cells}, start=n)


def table(slug: str, shared: dict[str, str], answers: dict[str, str], cells: dict[str, str], **facts: object) -> Toy:
    """Return a competition of train.csv, test.csv and sample_submission.csv whose id is the first column."""
    id, how = next(iter(shared.items()))
    train, test = both(shared, answers)
    files = {"train.csv": train, "test.csv": test, "sample_submission.csv": sample(id, how, cells)}
    given = {"id": id, "split": "stratified", "application": "tabular", "target": next(iter(answers)), **facts}
    return Toy(slug=slug, files={**files, **given.pop("more", {})}, **given)  # type: ignore[arg-type]


def pictures(slug: str, labels: dict[str, str], cells: dict[str, str], **facts: object) -> Toy:
    """Return a competition of a table of labels and two folders of pictures; the sample submission lists the test.

    `form` is how ids are written, `file` how files are called for an id.
    """
    form, file = str(facts.pop("form", "p{}")), str(facts.pop("file", "{id}.jpg"))
    table_name, id = str(facts.pop("table", "train.csv")), str(facts.pop("id", "id"))
    train_at, test_at = str(facts.pop("train_at", "train.zip")), str(facts.pop("test_at", "test.zip"))
    beside: dict[str, str] = facts.pop("beside", {})  # type: ignore[assignment]
    ids = {id: f"id:{form}"}
    file = file.replace("{id}", f"{{{id}}}")
    prefix = f"{train_at.removesuffix('.zip')}/" if train_at.endswith(".zip") else ""
    test_prefix = f"{test_at.removesuffix('.zip')}/" if test_at.endswith(".zip") else ""
    rows, test = Rows(N, {**ids, **beside, **labels}), Rows(M, {**ids, **beside}, start=N)
    files = {table_name: rows, "sample_submission.csv": Rows(M, {**ids, **cells}, start=N)}
    if train_at == test_at:
        files[train_at] = (Media(rows, prefix + file), Media(test, test_prefix + file))  # type: ignore[assignment]
    else:
        files |= {train_at: Media(rows, prefix + file), test_at: Media(test, test_prefix + file)}  # type: ignore[dict-item]
    if facts.pop("test_table", bool(beside)):
        files["test.csv"] = test
    given = {"split": "stratified_group", "application": "vision", "target": next(iter(labels)), **facts}
    return Toy(slug=slug, id=id, files={**files, **given.pop("more", {})}, **given)  # type: ignore[arg-type]


AUC = {"metric": "roc_auc", "predicts": "class", "cell": "number"}
LABEL = {"metric": "accuracy", "predicts": "class", "cell": "label"}
LOSS = {"metric": "log_loss", "predicts": "class", "cell": "number"}
MARKS = {"metric": "roc_auc", "predicts": "labels", "cell": "number", "split": "random"}
GRADE = {"metric": "qwk", "predicts": "class", "cell": "label"}
RMSE = {"metric": "rmse", "predicts": "number", "cell": "number"}
LIST = {"metric": "f1_micro", "predicts": "labels", "cell": "labels", "split": "random"}
MAP5 = {"metric": "map@5", "predicts": "class", "cell": "labels"}
TEXT = {"application": "text"}

FACES = "cat|dog|fox|hen|owl|pig"
TWO, THREE = {"a": "mark:0/2", "b": "mark:1/2"}, {"a": "mark:0/3", "b": "mark:1/3", "c": "mark:2/3"}
TOXIC = {"toxic": "mark:0/2", "threat": "mark:0/3", "insult": "mark:1/5"}
HALF = dict.fromkeys(TOXIC, "one:0.5")
NUMBERS = {"a": "num", "b": "gaps", "c": "cat:x|y|z"}

TABLES = [
    table("spaceship-titanic", {"PassengerId": "pair:3:{:04}_{:02}", **NUMBERS}, {"Transported": "each:True|False"},
          {"Transported": "one:False"}, split="stratified_group", group="PassengerId", needs=("LABELS",), **LABEL),
    table("tabular-playground-series-may-2022", {"id": "id", **NUMBERS}, {"target": "mark:0/2"}, {"target": "one:0.5"}, **AUC),
    table("tabular-playground-series-dec-2021", {"Id": "id", **NUMBERS}, {"Cover_Type": "each:1|2|3|4"},
        {"Cover_Type": "one:2"},
          needs=("LABELS",), **LABEL),
    table("new-york-city-taxi-fare-prediction", {"key": "id:{}.0000002", "pickup_datetime": "day", "longitude": "num"},
          {"fare_amount": "pos"}, {"fare_amount": "one:11.35"}, **RMSE),
    table("nomad2018-predict-transparent-conductors", {"id": "id", "spacegroup": "cat:12|33|194", "ang": "num"},
          {"formation": "pos", "bandgap": "pos"}, {"formation": "one:0.17", "bandgap": "one:1.88"}, target=("formation",
              "bandgap"),
          metric="rmsle", predicts="number", cell="number", split="random", needs=("MULTI",)),
    table("playground-series-s3e18", {"id": "id", "a": "num", "b": "num"}, {"EC1": "mark:0/2", "EC2": "mark:0/3"},
          {"EC1": "one:0.5", "EC2": "one:0.5"}, target=("EC1", "EC2"), needs=("MULTI",), **MARKS),
    table("playground-series-s3e5", {"Id": "id", "fixed acidity": "num", "pH": "num"}, {"quality": "each:3|4|5|6|7|8"},
          {"quality": "one:5"}, needs=("LABELS",), **GRADE),
    table("playground-series-s3e13", {"id": "id", "fever": "mark:0/2", "rash": "mark:1/3"},
          {"prognosis": "each:Dengue|Zika|Rift_Valley_fever|Tungiasis|Malaria"},
              {"prognosis": "one:Dengue Zika Rift_Valley_fever"},
          metric="map@3", predicts="class", cell="labels", needs=("LIST",)),
    table("ventilator-pressure-prediction", {"id": "id", "breath_id": "group:5:{}", "u_in": "num"}, {"pressure": "pos"},
          {"pressure": "one:0"}, split="stratified_group", group="breath_id", metric="mae", predicts="number", cell="number"),
    table("champs-scalar-coupling", {"id": "id", "molecule_name": "group:4:dsgdb9nsd_{}", "type": "cat:1JHC|2JHH",
        "atom": "cat:0|1"},
          {"coupling": "num"}, {"coupling": "one:0"}, split="stratified_group", group="molecule_name",
              metric="log_mae_by_group",
          predicts="number", cell="number", hints={"columns": {"group": "type"}}, needs=("TRUTHCOLS",)),
    table("leaf-classification", {"id": "id", "margin1": "unit", "shape1": "unit"}, {"species": f"each:{FACES}"},
          dict.fromkeys(FACES.split("|"), "one:0.1667"), **LOSS),
    table("cirrhosis-like-status", {"id": "id", "age": "num"}, {"Status": "each:C|CL|D"},
          {"Status_C": "one:0.3", "Status_CL": "one:0.3", "Status_D": "one:0.3"}, **LOSS),
    table("store-sales-like", {"id": "id", "date": "date", "store": "cat:1|2|3"}, {"sales": "pos"}, {"sales": "one:0"},
          more={"stores.csv": Rows(3, {"store": "id", "city": "cat:Quito|Loja", "cluster": "int:1-9"}, start=1)},
          metric="rmsle", predicts="number", cell="number", split="time", needs=("JOIN",)),
]  # fmt: skip

TEXTS = [
    table("spooky-author-identification", {"id": "id:id{}", "text": "text"}, {"author": "each:EAP|HPL|MWS"},
          {"EAP": "one:0.4", "HPL": "one:0.3", "MWS": "one:0.3"}, **LOSS, **TEXT),
    table("jigsaw-toxic-comment-classification-challenge", {"id": "id:x{}", "comment_text": "text"}, TOXIC, HALF,
          target=tuple(TOXIC), needs=("MULTI",), **MARKS, **TEXT),
    table("learning-agency-lab-automated-essay-scoring-2", {"essay_id": "id:e{}", "full_text": "long"},
        {"score": "each:1|2|3|4|5|6"},
          {"score": "one:3"}, needs=("LABELS",), **GRADE),
    table("google-quest-challenge", {"qa_id": "id", "title": "text", "body": "long", "answer": "long"},
          {"well": "unit", "useful": "unit"}, {"well": "one:0.1", "useful": "one:0.1"}, target=("well", "useful"),
          metric="spearman", predicts="number", cell="number", split="random", needs=("MULTI",)),
    table("lmsys-chatbot-arena", {"id": "id", "prompt": "long", "response_a": "long", "response_b": "long"},
          {f"winner_{name}": how for name, how in THREE.items()}, {f"winner_{name}": "one:0.3333" for name in THREE},
          target=tuple(f"winner_{name}" for name in THREE), split="random", metric="log_loss", predicts="class",
              cell="number"),
    table("tweet-sentiment-extraction", {"textID": "id:t{}", "text": "text", "sentiment": "cat:neutral|positive"},
          {"selected_text": "span:text"}, {"selected_text": "one:"}, metric="jaccard", predicts="span", cell="text",
              split="random",
          needs=("TEXT",), **TEXT),
    table("chaii-hindi-and-tamil-question-answering",
          {"id": "id:q{}", "context": "long", "question": "text", "language": "cat:hindi|tamil"},
          {"answer_text": "span:context", "answer_start": "int:0-9"}, {"PredictionString": "one:"}, target="answer_text",
          hints={"target": "answer_text"}, metric="jaccard", predicts="span", cell="text", split="random", needs=("TEXT",),
              **TEXT),
    table("kaggle-llm-science-exam", {"id": "id", "prompt": "text", "A": "text", "B": "text", "C": "text", "D": "text"},
          {"answer": "each:A|B|C|D"}, {"prediction": "one:A B C"}, metric="map@3", predicts="class", cell="labels",
          needs=("CHOICES", "LIST"), **TEXT),
    table("us-patent-phrase-to-phrase-matching", {"id": "id:{:x}", "anchor": "group:5:anchor number {}", "target": "text"},
          {"score": "each:0|0.25|0.5|0.75|1"}, {"score": "one:0.5"}, metric="pearson", predicts="number", cell="number",
          split="stratified_group", group="anchor"),
    table("facebook-recruiting-iii-keyword-extraction", {"Id": "id", "Title": "text", "Body": "long"},
          {"Tags": "list:php/c++/sql/java/html"}, {"Tags": "one:php sql"}, needs=("LIST",), **LIST, **TEXT),
    table("jigsaw-unintended-bias-in-toxicity-classification", {"id": "id", "comment_text": "text"},
          {"target": "unit", "severe_toxicity": "unit", "black": "gaps"}, {"prediction": "one:0"}, target="target",
          metric="rmse", predicts="number", cell="number", needs=("TRUTHCOLS",)),
    table("commonlit-like-two-columns", {"student_id": "id:s{}", "text": "long"}, {"content": "num", "wording": "num"},
          {"content": "one:0.0", "wording": "one:0.0"}, target=("content", "wording"), split="random", needs=("MULTI",),
              **RMSE),
]  # fmt: skip

_INSULT = both({"Date": "day", "Comment": "id:comment number {} is an insult to all"}, {})
_PHRASE = both({"PhraseId": "id", "SentenceId": "group:4:{}", "Phrase": "text"}, {"Sentiment": "each:0|1|2|3|4"})
_NORMAL = both({"sentence_id": "group:4:{}", "token_id": "each:1|2|3|4", "before": "text"},
               {"class": "cat:PLAIN|DATE", "after": "id:and written out this is the token of number {}"})  # fmt: skip
_PIZZA = both({"request_id": "id:t3_{}", "request_text": "text", "age": "num", "subreddits": "list:a/b/c/d"}, {})
_VOLCANO = both({"segment_id": "id:{}"}, {"time_to_eruption": "int:1000-90000"})
_HOUSES = both({"Id": "id", "area": "num", "street": "cat:a|b"}, {"SalePrice": "pos"})

OTHERS = [
    Toy(slug="detecting-insults-in-social-commentary", metric="roc_auc", id="Comment", target="Insult", predicts="class",
        cell="number",
        application="text", split="stratified", needs=("ECHO",), files={
            "train.csv": Rows(N, {"Insult": "mark:0/2", **_INSULT[0].columns}), "test.csv": _INSULT[1],
            "sample_submission_null.csv": Rows(M, {"Insult": "one:0.5", **_INSULT[0].columns}, start=N),
        }),
    Toy(slug="movie-review-sentiment-analysis-kernels-only", metric="accuracy", id="PhraseId", target="Sentiment",
        predicts="class",
        cell="label", application="text", split="stratified_group", group="SentenceId", needs=("LABELS",), files={
            "train.tsv.zip": Pack("train.tsv", _PHRASE[0]), "test.tsv.zip": Pack("test.tsv", _PHRASE[1]),
            "sampleSubmission.csv": sample("PhraseId", "id", {"Sentiment": "one:2"}),
        }),
    Toy(slug="text-normalization-challenge-english-language", metric="accuracy", id="id", target="after", predicts="nothing",
        cell="text",
        application="nothing", split="group", group="sentence_id", trained=False, needs=("TEXT", "PARTS"), files={
            "en_train.csv.zip": Pack("en_train.csv", _NORMAL[0]), "en_test.csv.zip": Pack("en_test.csv", _NORMAL[1]),
            "en_sample_submission.csv.zip": Pack("en_sample_submission.csv", Rows(
                M, {"id": "pair:4", "after": "one:the"}, start=N)),
        }),
    Toy(slug="random-acts-of-pizza", metric="roc_auc", id="request_id", target="requester_received_pizza", predicts="class",
        cell="number",
        application="tabular", split="stratified", needs=("JSON",), files={
            "train.json": Rows(N, {**_PIZZA[0].columns, "requester_received_pizza": "each:True|False", "later": "num"}),
            "test.json": _PIZZA[1], "sampleSubmission.csv": sample("request_id", "id:t3_{}",
            {"requester_received_pizza": "one:0"}),
        }),
    Toy(slug="statoil-iceberg-like-json", metric="log_loss", id="id", target="is_iceberg", predicts="class", cell="number",
        application="tabular", split="stratified", needs=("JSON", "ARCHIVE"), files={
            "train.json.7z": Pack("train.json", Rows(N, {"id": "id:s{}", "angle": "num", "peak": "num",
            "is_iceberg": "mark:0/2"})),
            "test.json.7z": Pack("test.json", Rows(M, {"id": "id:s{}", "angle": "num", "peak": "num"}, start=N)),
            "sample_submission.csv.7z": Pack("sample_submission.csv", sample("id", "id:s{}", {"is_iceberg": "one:0.5"})),
        }),
    Toy(slug="json-lines", metric="accuracy", id="id", target="category", predicts="class", cell="label", application="text",
        split="stratified", needs=("JSON", "LABELS"), files={
            "train.jsonl": Rows(N, {"id": "id:n{}", "headline": "text", "category": f"each:{FACES}"}),
            "test.jsonl": Rows(M, {"id": "id:n{}", "headline": "text"}, start=N),
            "sample_submission.csv": sample("id", "id:n{}", {"category": "one:cat"}),
        }),
    Toy(slug="icecube-like-parquet", metric="angular_error", id="event_id", target=("azimuth", "zenith"), predicts="number",
        cell="number",
        application="tabular", split="random", needs=("PARQUET", "MULTI"), files={
            "train_meta.parquet": Rows(N, {"event_id": "id", "first": "num", "last": "num", "azimuth": "pos", "zenith": "pos"}),
            "test_meta.parquet": Rows(M, {"event_id": "id", "first": "num", "last": "num"}, start=N),
            "sample_submission.parquet": sample("event_id", "id", {"azimuth": "one:1", "zenith": "one:1"}),
        }),
    Toy(slug="titanic", metric="accuracy", id="PassengerId", target="Survived", predicts="class", cell="label",
        application="tabular",
        split="stratified", needs=("LABELS",), files={
            "train.csv": Rows(N, {"PassengerId": "id", "Survived": "mark:0/2", "Pclass": "cat:1|2|3", "Age": "gaps"}),
            "test.csv": Rows(M, {"PassengerId": "id", "Pclass": "cat:1|2|3", "Age": "gaps"}, start=N),
            "gender_submission.csv": sample("PassengerId", "id", {"Survived": "mark:1/3"}),
        }),
    Toy(slug="no-sample-submission", metric="rmse", id="Id", target="SalePrice", predicts="number", cell="number",
        application="tabular", split="stratified", files={"train.csv": _HOUSES[0], "test.csv": _HOUSES[1]}),
    Toy(slug="gzipped-benchmark", metric="rmsle", id="Id", target="SalePrice", predicts="number", cell="number",
        application="tabular", split="stratified", needs=("ARCHIVE",), files={
            "train.csv.gz": Pack("train.csv", _HOUSES[0]), "test.csv.gz": Pack("test.csv", _HOUSES[1]),
            "random_forest_benchmark.csv": sample("Id", "id", {"SalePrice": "pos"}),
        }),
    Toy(slug="predict-volcanic-eruptions-ingv-oe", metric="mae", id="segment_id", target="time_to_eruption", predicts="number",
        cell="number", application="nothing", split="stratified", needs=("JOIN",), files={
            "train.csv": _VOLCANO[0], "sample_submission.csv": sample("segment_id", "id:{}", {"time_to_eruption": "one:0"}),
            "train.zip": Media(_VOLCANO[0], "train/{segment_id}.bin"), "test.zip": Media(_VOLCANO[1], "test/{segment_id}.bin"),
        }),
    Toy(slug="numbered-rows", metric="accuracy", id="Id", target="label", predicts="class", cell="label", application="tabular",
        split="stratified", needs=("LABELS",), files={
            "train.csv": Rows(N, {"label": "each:0|1|2", "pixel0": "int:0-255", "pixel1": "int:0-255"}),
            "test.csv": Rows(M, {"pixel0": "int:0-255", "pixel1": "int:0-255"}, start=N),
            "sample_submission.csv": Rows(M, {"Id": "id", "Label": "one:0"}, start=1),
        }),
]  # fmt: skip

PICTURES = [
    pictures("aerial-cactus-identification", {"has_cactus": "mark:0/2"}, {"has_cactus": "one:0.5"}, form="{:032x}.jpg",
             file="{id}", needs=("JOIN", "SUFFIX"), **AUC),
    pictures("aptos2019-blindness-detection", {"diagnosis": "each:0|1|2|3|4"}, {"diagnosis": "one:0"}, id="id_code",
             file="{id}.png", train_at="train_images", test_at="test_images", test_table=True, needs=("LABELS", "JOIN"),
                 **GRADE),
    pictures("cassava-leaf-disease-classification", {"label": "each:0|1|2|3|4"}, {"label": "one:4"}, id="image_id",
        form="{}.jpg",
             file="{id}", train_at="train_images", test_at="test_images", needs=("LABELS", "JOIN", "SUFFIX"), **LABEL),
    pictures("dog-breed-identification", {"breed": f"each:{FACES}"}, dict.fromkeys(FACES.split("|"), "one:0.1667"),
             table="labels.csv", form="{:08x}", needs=("JOIN",), **LOSS),
    pictures("histopathologic-cancer-detection", {"label": "mark:0/2"}, {"label": "one:0"}, table="train_labels.csv",
             form="{:010x}", file="{id}.tif", train_at="train", test_at="test", needs=("JOIN",), **AUC),
    pictures("imet-2020-fgvc7", {"attribute_ids": "list:51/76/83/91/11"}, {"attribute_ids": "one:51 76"}, file="{id}.png",
             needs=("LIST", "JOIN"), **{**LIST, "split": "random"}),
    pictures("plant-pathology-2020-fgvc7", dict(THREE), dict.fromkeys(THREE, "one:0.3333"), id="image_id", train_at="images",
             test_at="images", test_table=True, target=tuple(THREE), needs=("MULTI", "JOIN"),
             metric="roc_auc", predicts="class", cell="number", split="random"),
    pictures("plant-pathology-2021-fgvc8", {"labels": "list:scab/rust/complex/healthy/frog_eye"}, {"labels": "one:healthy"},
             id="image", form="{}.jpg", file="{id}", train_at="train_images", test_at="test_images",
             needs=("LIST", "JOIN", "SUFFIX"), **LIST),
    pictures("hotel-id-2021-fgvc8", {"hotel_id": "each:101|102|103|104|105|106"}, {"hotel_id": "one:101 102 103 104 105"},
        id="image",
             form="{}.jpg", file="{id}", train_at="train_images", test_at="test_images", needs=("LIST", "JOIN", "SUFFIX"),
                 **MAP5),
    pictures("whale-categorization-playground", {"Id": "each:w_1|w_2|w_3|new_whale"}, {"Id": "one:new_whale w_1 w_2 w_3"},
             id="Image", form="{}.jpg", file="{id}", needs=("LIST", "JOIN", "SUFFIX"), metric="map@5", predicts="class",
                 cell="labels"),
    pictures("petfinder-pawpularity-score", {"Pawpularity": "int:1-100"}, {"Pawpularity": "unit"}, id="Id", train_at="train",
             test_at="test", beside={"Eyes": "mark:0/2", "Blur": "mark:1/3"}, needs=("JOIN", "EXTRA"), **RMSE),
    pictures("ranzcr-clip-catheter-line-classification", TOXIC, dict.fromkeys(TOXIC, "one:0"), id="StudyInstanceUID",
             form="1.2.826.{}", target=tuple(TOXIC), needs=("MULTI", "JOIN"), **MARKS),
    pictures("invasive-species-monitoring", {"invasive": "mark:0/2"}, {"invasive": "one:0.5"}, id="name", form="{}",
             table="train_labels.csv", needs=("JOIN", "ARCHIVE"), **AUC),
    pictures("siim-isic-melanoma-classification", {"target": "mark:0/2"}, {"target": "one:0"}, id="image_name", form="ISIC_{}",
             beside={"patient_id": "group:4:IP_{}", "sex": "cat:male|female", "age_approx": "gaps"}, group="patient_id",
             needs=("JOIN",), **AUC),
    pictures("iwildcam-2019-fgvc6", {"category_id": "each:0|1|2|3"}, {"Category": "one:0"}, id="Id", target="category_id",
             beside={"location": "group:5:{}"}, group="location", train_at="train_images", test_at="test_images",
             hints={"target": "category_id"}, needs=("LABELS", "JOIN"), metric="f1_macro", predicts="class", cell="label"),
    pictures("happy-whale-like-jpeg", {"species": f"each:{FACES}"}, {"species": "one:cat"}, id="image", form="{}.jpg",
        file="{id}",
             train_at="train_images", test_at="test_images", needs=("JOIN", "SUFFIX"), **LABEL),
    pictures("tgs-salt-identification-challenge", {"rle_mask": "rle"}, {"rle_mask": "one:1 1"}, file="{id}.png",
        metric="iou_precision",
             predicts="masks", cell="mask", split="random", application="masks", needs=("RLE", "JOIN")),
    pictures("global-wheat-like-boxes", {"PredictionString": "box:5"}, {"PredictionString": "box:5"}, id="image_id",
        metric="iou",
             predicts="nothing", cell="boxes", split="random", application="nothing", trained=False, needs=("BOX", "JOIN")),
    pictures("bms-molecular-translation", {"InChI": "id:InChI=1S/C{}H10/c1-3-5-7-9-11-13-15-17-19-21"},
        {"InChI": "one:InChI=1S/H2O"},
             id="image_id", table="train_labels.csv", metric="levenshtein", predicts="nothing", cell="text", split="random",
             application="nothing", trained=False, needs=("TEXT", "JOIN")),
    pictures("seti-breakthrough-listen-as-png", {"target": "mark:0/3"}, {"target": "one:0.5"}, form="{:06x}", file="{id}.png",
             train_at="train", test_at="test", needs=("JOIN",), **AUC),
]  # fmt: skip

_SEEDLINGS = Rows(N, {"n": "id:{:09x}", "s": "each:Maize|Charlock|Common Chickweed"})
_UNSEEN = Rows(M, {"n": "id:{:09x}"}, start=N)
_HERBARIUM = Rows(N, {"n": "id", "s": "each:101|102|103|104"})
_PETS = Rows(N, {"n": "id", "s": "each:cat|dog"})
_WHALES = Rows(N, {"n": "id", "s": "each:0|1"})

FOLDERS = [
    Toy(slug="plant-seedlings-classification", metric="f1_micro", id="file", target="species", predicts="class", cell="label",
        application="vision", split="stratified_group", needs=("LABELS", "SUFFIX"), files={
            "train": Media(_SEEDLINGS, "{s}/{n}.png"), "test": Media(_UNSEEN, "{n}.png"),
            "sample_submission.csv": Rows(M, {"file": "id:{:09x}.png", "species": "one:Maize"}, start=N),
        }),
    Toy(slug="paddy-disease-classification", metric="accuracy", id="image_id", target="label", predicts="class", cell="label",
        application="vision", split="stratified_group", needs=("LABELS", "SUFFIX"), files={
            "train.csv": Rows(N, {"image_id": "id:{}.jpg", "label": "each:blast|hispa|normal", "variety": "cat:ADT45|IR20"}),
            "train_images": Media(Rows(N, {"n": "id", "s": "each:blast|hispa|normal"}), "{s}/{n}.jpg"),
            "test_images": Media(Rows(M, {"n": "id"}, start=N), "{n}.jpg"),
            "sample_submission.csv": Rows(M, {"image_id": "id:{}.jpg", "label": "one:"}, start=N),
        }),
    Toy(slug="herbarium-2020-fgvc7", metric="f1_macro", id="Id", target="Predicted", predicts="class", cell="label",
        application="vision", split="stratified_group", needs=("LABELS",), files={
            "train.zip": Media(_HERBARIUM, "train/{s}/{n}.jpg"), "test.zip": Media(Rows(M, {"n": "id"}, start=N),
            "test/{n}.jpg"),
            "sample_submission.csv": sample("Id", "id", {"Predicted": "one:101"}),
        }),
    Toy(slug="dogs-vs-cats-redux-kernels-edition", metric="log_loss", id="id", target="label", predicts="class", cell="number",
        application="vision", split="stratified_group", files={
            "train.zip": Media(_PETS, "train/{s}.{n}.jpg"), "test.zip": Media(Rows(M, {"n": "id"}, start=N), "test/{n}.jpg"),
            "sample_submission.csv": sample("id", "id", {"label": "one:0.5"}),
        }),
    Toy(slug="label-at-the-end-of-names", metric="roc_auc", id="clip", target="probability", predicts="class", cell="number",
        application="vision", split="stratified_group", needs=("SUFFIX",), files={
            "train2.zip": Media(_WHALES, "train2/TRAIN{n}_{s}.png"), "test2.zip": Media(Rows(M, {"n": "id"}, start=N),
            "test2/Test{n}.png"),
            "sampleSubmission.csv": sample("clip", "id:Test{}.png", {"probability": "one:0"}),
        }),
]  # fmt: skip


def more(slug: str, files: dict[str, object], target: object, **facts: object) -> Toy:
    """Return a competition of which most facts are the usual ones of a table."""
    given = {"id": "id", "split": "stratified", "application": "tabular", **facts}
    return Toy(slug=slug, files=files, target=target, **given)  # type: ignore[arg-type]


_STEPS = {"id": "group:4:c{}", "step": "each:1|2|3|4", "signal": "num", "kind": "cat:a|b"}
_METERS = {"row_id": "id", "building": "group:6:{}", "site": "cat:s1|s2", "day": "date"}
_WEATHER = {"site": "each:s1|s2", "day": "date", "air": "num"}
_ATOMS = {"molecule": "group:4:m{}", "atom_index": "each:0|1|2|3", "atom": "cat:H|C", "x": "num"}
_BONDS = {"id": "id", "molecule": "group:2:m{}", "atom_index_0": "each:0|1", "atom_index_1": "each:2|3"}
_DRIVERS = Rows(N, {"subject": "group:5:p{}", "classname": "each:c0|c1|c2", "img": "id:img_{}.jpg"})
_SHOTS = {"game": "int:1-90", "distance": "num", "shot_id": "id", "shot_made_flag": "mark:0/2"}
_IMAGES = [{"id": f"i{number}", "file_name": f"i{number}.jpg", "location": number // 5} for number in range(N + M)]
_MARKED = [{"id": number, "image_id": f"i{number}", "category_id": number % 3} for number in range(N)]
_SPOKEN = Rows(N, {"n": "id:{:06x}", "s": "each:yes|no|up"})

_NEW = Rows(M, {"n": "id"}, start=N)

SEVERAL = [
    more("lish-moa", {
        "train_features.csv": Rows(N, {"id": "id:id_{}", "dose": "cat:D1|D2", "g-0": "num"}),
        "train_targets_scored.csv": Rows(N, {"id": "id:id_{}", **TOXIC}), "test_features.csv":
        Rows(M, {"id": "id:id_{}", "dose": "cat:D1|D2", "g-0": "num"}, start=N),
        "train_targets_nonscored.csv": Rows(N, {"id": "id:id_{}", "other": "mark:0/4"}),
        "sample_submission.csv": sample("id", "id:id_{}", HALF)}, tuple(TOXIC), needs=("MULTI", "JOIN"), **MARKS),
    more("amex-default-prediction", {
        "train_data.csv": Rows(4 * N, _STEPS), "test_data.csv": Rows(4 * M, _STEPS, start=4 * N),
        "train_labels.csv": Rows(N, {"id": "id:c{}", "target": "mark:0/2"}),
        "sample_submission.csv": sample("id", "id:c{}", {"prediction": "one:0"})}, "target", needs=("ROWS", "JOIN"), **AUC),
    more("walmart-recruiting-trip-type", {
        "train.csv": Rows(4 * N, {"type": "group:12:t{}", "id": "group:4:c{}", "upc": "int:1-999"}, shuffled=True),
        "test.csv": Rows(4 * M, {"id": "group:4:c{}", "upc": "int:1-999"}, start=4 * N), "sample_submission.csv":
        sample("id", "id:c{}", {"type": "one:t1"})}, "type", split="random", needs=("ROWS", "LABELS"), **LABEL),
    more("telstra-recruiting-network", {
        "train.csv": Rows(N, {"id": "id:c{}", "location": "cat:l1|l2", "severity": "each:0|1|2"}),
        "test.csv": Rows(M, {"id": "id:c{}", "location": "cat:l1|l2"}, start=N),
        "event_type.csv": Rows(4 * (N + M), {"id": "group:4:c{}", "event_type": "cat:event 1|event 2|event 3"}),
        "sample_submission.csv": sample("id", "id:c{}", {f"predict_{label}": "one:0" for label in (0, 1, 2)})}, "severity",
        needs=("ROWS", "JOIN"), **LOSS),
    more("ashrae-energy-prediction", {
        "train.csv": Rows(N, {**_METERS, "reading": "pos"}), "test.csv": Rows(M, _METERS, start=N),
        "weather_train.csv": Rows(N, _WEATHER), "weather_test.csv": Rows(M, _WEATHER, start=N),
        "sample_submission.csv": sample("row_id", "id", {"reading": "one:0"})}, "reading", id="row_id", split="time",
        needs=("JOIN",), metric="rmsle", predicts="number", cell="number"),
    more("champs-with-structures", {
        "train.csv": Rows(N, {**_BONDS, "coupling": "num"}), "test.csv": Rows(M, _BONDS, start=N),
        "structures.csv": Rows(2 * (N + M), _ATOMS), "sample_submission.csv": sample("id", "id", {"coupling": "one:0"})},
        "coupling", split="stratified_group", group="molecule", needs=("JOIN",), **RMSE),
    more("predict-volcanic-eruptions-with-segments", {
        "train.csv": Rows(N, {"id": "id:{}", "time": "int:1000-90000"}), "train.zip": Media(Rows(N, {"id": "id"}),
        "train/{id}.csv"), "test": Media(Rows(M, {"id": "id"}, start=N), "{id}.csv"),
        "sample_submission.csv": sample("id", "id:{}", {"time": "one:0"})}, "time", needs=("ROWS", "JOIN"), metric="mae",
        predicts="number", cell="number"),
    more("kobe-bryant-shot-selection", {
        "data.csv": Blank(Rows(N + M, _SHOTS), "shot_made_flag", N), "sample_submission.csv":
        sample("shot_id", "id", {"shot_made_flag": "one:0.5"})}, "shot_made_flag", id="shot_id", metric="log_loss",
        predicts="class", cell="number", needs=("ONEFILE",)),
    more("give-me-some-credit", {
        "cs-training.csv": Rows(N, {"": "id", "serious": "mark:0/2", "age": "int:20-90", "debt": "gaps"}, start=1),
        "cs-test.csv": Rows(M, {"": "id", "serious": "one:", "age": "int:20-90", "debt": "gaps"}, start=1),
        "sampleEntry.csv": Rows(M, {"Id": "id", "Probability": "unit"}, start=1)}, "serious", id="Id", **AUC),
    more("crowdflower-search-relevance", {
        "train.csv": Rows(N, {"id": "id", "query": "text", "median_relevance": "each:1|2|3|4", "relevance_variance": "unit"}),
        "test.csv": Rows(M, {"id": "id", "query": "text"}, start=N), "sample.csv":
        sample("id", "id", {"prediction": "one:1"})}, "median_relevance", needs=("LABELS",), **GRADE),
    more("airbnb-recruiting-new-user-bookings", {
        "train_users.csv": Rows(N, {"id": "id:u{}", "booked": "day", "age": "gaps", "country": "each:US|FR|NDF"}),
        "test_users.csv": Rows(M, {"id": "id:u{}", "booked": "one:", "age": "gaps"}, start=N), "sample_submission.csv":
        sample("id", "id:u{}", {"country": "one:NDF"})}, "country", metric="ndcg@5", predicts="class", cell="labels"),
    more("state-farm-distracted-driver-detection", {
        "imgs.zip": (Media(_DRIVERS, "imgs/train/{classname}/{img}"), Media(_NEW, "imgs/test/img_{n}.jpg")),
        "driver_imgs_list.csv": _DRIVERS, "sample_submission.csv": sample("img", "id:img_{}.jpg",
        {"c0": "one:0.3", "c1": "one:0.3", "c2": "one:0.4"})}, "classname", id="img", application="vision",
        split="stratified_group", group="subject", needs=("JOIN", "SUFFIX"), **LOSS),
    more("iwildcam-2020-fgvc7", {
        "train_annotations.json": Text(json.dumps({"images": _IMAGES[:N], "annotations": _MARKED, "categories": [], "info": {}})),
        "test_information.json": Text(json.dumps({"images": [{**each, "location": 99} for each in _IMAGES[N:]], "info": {}})),
        "train.zip": Media(Rows(N, {"n": "id"}), "train/i{n}.jpg"), "test.zip": Media(_NEW, "test/i{n}.jpg"),
        "sample_submission.csv": sample("Id", "id:i{}", {"Category": "one:0"})}, "category_id", id="Id", application="vision",
        split="stratified_group", group="location", needs=("JSON", "JOIN"), **LABEL),
    more("tensorflow-speech-recognition-challenge", {
        "train.zip": Media(_SPOKEN, "train/audio/{s}/{n}.wav"), "test.zip": Media(_NEW, "test/audio/{n}.wav"),
        "sample_submission.csv": sample("fname", "id:{}.wav", {"label": "one:silence"})}, "label", id="fname",
        application="vision", split="stratified_group", needs=("SOUND", "LABELS"), **LABEL),
    more("human-protein-atlas-image-classification", {
        "train.csv": Rows(N, {"Id": "id:p{}", "Target": "each:0|1|2"}), "sample_submission.csv":
        sample("Id", "id:p{}", {"Predicted": "one:0"}),
        "train.zip": tuple(Media(Rows(N, {"n": "id"}), f"p{{n}}_{colour}.png") for colour in ("red", "green")),
        "test.zip": tuple(Media(_NEW, f"p{{n}}_{colour}.png") for colour in ("red", "green"))}, "Target", id="Id",
        application="vision", split="stratified_group", needs=("DIRROW", "LABELS"), **{**LABEL, "metric": "f1_macro"}),
    more("seti-breakthrough-listen", {
        "train_labels.csv": Rows(N, {"id": "id:s{}", "target": "mark:0/3"}), "train": Media(Rows(N, {"n": "id"}), "0/s{n}.npy"),
        "test": Media(_NEW, "0/s{n}.npy"), "sample_submission.csv":
        sample("id", "id:s{}", {"target": "one:0.5"})}, "target", application="vision", split="stratified_group",
        needs=("ARRAY", "JOIN"), **AUC),
]  # fmt: skip

_SHOPS = {"date": "group:4:2020-01-{}", "store": "each:1|2|3|4", "promo": "mark:0/3"}
_VISITS = {"store": "each:s_1|s_2|s_3|s_4", "day": "date"}
_SIGNALS = {f"c{place}": "num" for place in range(5)}
_GREY = {f"p{place}": "int:0-255" for place in range(64)}

PLACES = [
    more("rows-told-apart-by-date-and-store", {
        "train.csv": Rows(N, {**_SHOPS, "sales": "pos"}, start=40), "test.csv": Rows(M, _SHOPS, start=100),
        "sample_submission.csv": Rows(M, {"date": "group:4:2020-01-{}", "store": "each:1|2|3|4", "sales": "one:0"}, start=100)},
        "sales", id="date_store", split="time", needs=("KEYS",), **RMSE),
    more("recruit-restaurant-visitor-forecasting", {
        "air_visit_data.csv": Rows(N, {**_VISITS, "visitors": "pos"}),
        "air_store_info.csv": Rows(4, {"store": "id:s_{}", "genre": "cat:Cafe|Bar"}, start=1), "sample_submission.csv":
        Rows(M, {"id": "dated:s_{}", "visitors": "one:0"}, start=N)}, "visitors", split="time", needs=("PARTS", "JOIN"),
        metric="rmsle", predicts="number", cell="number"),
    more("data-science-london-scikit-learn", {
        "train.csv": Bare(Rows(N, _SIGNALS)), "trainLabels.csv": Bare(Rows(N, {"y": "mark:0/2"})),
        "test.csv": Bare(Rows(M, _SIGNALS, start=N)),
        "sampleSubmission.csv": Rows(M, {"Id": "id", "Solution": "one:0"}, start=1)}, "Solution", id="Id",
        needs=("BARE", "LABELS"), **LABEL),
    more("last-column-without-a-name", {
        "train.csv": Bare(Rows(N, {**_SIGNALS, "k": "cat:x|y", "y": "each:yes|no"})), "test.csv":
        Bare(Rows(M, {**_SIGNALS, "k": "cat:x|y"}, start=N)), "sample_submission.csv": Rows(M, {"id": "id", "answer": "one:no"})},
        "answer", needs=("BARE", "LABELS"), **LABEL),
    more("ml2021spring-hw2", {
        "timit_11/train_11.npy": Bare(Rows(N, _SIGNALS)), "timit_11/train_label_11.npy": Bare(Rows(N, {"y": "each:0|1|2"})),
        "timit_11/test_11.npy": Bare(Rows(M, _SIGNALS, start=N)),
        "sampleSubmission.csv": Rows(M, {"Id": "id", "Class": "one:0"})}, "Class", id="Id", needs=("NPY", "LABELS"), **LABEL),
    more("pictures-in-an-array", {
        "X_train.npy": Bare(Rows(N, _GREY), side=8), "y_train.npy": Bare(Rows(N, {"y": "each:0|1|2"})), "X_test.npy":
        Bare(Rows(M, _GREY, start=N), side=8), "sample_submission.csv": Rows(M, {"id": "id", "label": "one:0"})}, "label",
        application="vision", needs=("NPY", "LABELS"), **LABEL),
    more("challenges-in-representation-learning-facial-expression", {
        "train.csv": Rows(N, {"emotion": "each:0|1|2", "pixels": "pixels:64"}), "test.csv":
        Rows(M, {"id": "id", "pixels": "pixels:64"}), "sample_submission.csv": Rows(M, {"id": "id", "emotion": "one:0"})},
        "emotion", application="vision", needs=("PIXELS", "LABELS"), **LABEL),
    more("zillow-prize-1", {
        "train_2016_v2.csv": Rows(N, {"parcelid": "id", "logerror": "num"}),
        "properties_2016.csv": Rows(N + M, {"parcelid": "id", "bathrooms": "int:1-4", "area": "pos"}), "sample_submission.csv":
        Rows(M, {"ParcelId": "id", "201610": "one:0", "201611": "one:0", "201712": "one:0"}, start=N)}, "logerror", id="ParcelId",
        hints={"target": "logerror"}, needs=("PARTS", "MULTI", "JOIN"), **RMSE),
    more("ieee-fraud-detection", {
        "train_transaction.csv": Rows(N, {"id": "id", "amount": "pos", "isFraud": "mark:0/4"}),
        "test_transaction.csv": Rows(M, {"id": "id", "amount": "pos"}, start=N),
        "train_identity.csv": Rows(N, {"id": "id", "id_01": "num"}), "test_identity.csv":
        Rows(M, {"id": "id", "id-01": "num"}, start=N), "sample_submission.csv": sample("id", "id", {"isFraud": "one:0.5"})},
        "isFraud", needs=("JOIN", "NAMES"), **AUC),
    more("ids-are-an-index-without-a-name", {
        "train.csv": Rows(N, {"": "id", "a": "num", "y": "num"}), "test.csv": Rows(M, {"": "id", "a": "num"}, start=N),
        "sample_submission.csv": Rows(M, {"": "id", "y": "one:0"}, start=N)}, "y", id="Unnamed: 0", needs=("NAMES",), **RMSE),
    more("ids-are-numbers-of-rows-without-a-name", {
        "train.csv": Rows(N, {"a": "num", "y": "num"}), "test.csv": Rows(M, {"a": "num"}), "sample_submission.csv":
        Rows(M, {"Unnamed: 0": "id", "y": "one:0"})}, "y", id="Unnamed: 0", needs=("NAMES",), **RMSE),
    more("an-index-beside-the-id", {
        "train.csv": Rows(N, {"": "id", "key": "id:k{}", "a": "num", "y": "num"}), "test.csv":
        Rows(M, {"": "id", "key": "id:k{}", "a": "num"}, start=N), "sample_submission.csv":
        Rows(M, {"": "id", "key": "id:k{}", "y": "one:0"}, start=N)}, "y", id="key", needs=("NAMES",), **RMSE),
    more("ids-and-keys-written-as-floats", {
        "train.csv": Rows(N, {"id": "id:{}.0", "shop": "each:1.0|2.0|3.0", "a": "num", "y": "num"}), "test.csv":
        Rows(M, {"id": "id", "shop": "each:1|2|3", "a": "num"}, start=N), "sample_submission.csv":
        Rows(M, {"id": "id:{}.0", "y": "one:0"}, start=N), "shops.csv":
        Rows(3, {"shop": "id", "city": "cat:Quito|Loja"}, start=1)}, "y", needs=("NAMES", "JOIN"), **RMSE),
    more("a-sample-of-three-pictures", {
        "train.csv": Rows(N, {"id": "id:p{}", "label": "each:cat|dog"}), "train": Media(Rows(N, {"id": "id:p{}"}), "{id}.jpg"),
        "test": Media(Rows(M, {"id": "id:p{}"}, start=N), "{id}.jpg"), "sample_submission.csv":
        Rows(3, {"id": "id:p{}", "label": "one:cat"}, start=N)}, "label", application="vision", split="stratified_group",
        needs=("LABELS",), **LABEL),
    more("a-sample-of-three-rows", {
        "train.csv": Rows(N, {"id": "id:k{}", "a": "num", "y": "each:yes|no"}), "test.csv": Rows(M, {"id": "id:k{}", "a": "num"},
        start=N), "sample_submission.csv": Rows(3, {"id": "id:k{}", "y": "one:no"}, start=N)}, "y", needs=("LABELS",), **LABEL),
    more("examples-of-other-rows", {
        "train.csv": Rows(N, {"id": "id:k{}", "a": "num", "y": "each:yes|no"}), "test.csv": Rows(M, {"id": "id:k{}", "a": "num"},
        start=N), "sample_submission.csv": Rows(3, {"id": "id:example{}", "y": "one:no"})}, "y", needs=("LABELS",), **LABEL),
    more("a-sample-of-the-first-numbers", {
        "train.csv": Rows(N, {"a": "num", "y": "num"}), "test.csv": Rows(M, {"a": "num"}), "sample_submission.csv":
        Rows(5, {"Id": "id", "y": "one:0"}, start=1)}, "y", id="Id", **RMSE),
    more("train-in-numbered-files", {
        **{f"train_{at}.csv": Rows(10, {"id": "id", "a": "num", "b": "cat:x|y", "y": "mark:0/2"}, start=at * 10)
           for at in (1, 2, 10)}, "test_part1.csv": Rows(M, {"id": "id", "a": "num", "b": "cat:x|y"}, start=200),
        "test_part2.csv": Rows(M, {"id": "id", "a": "num", "b": "cat:x|y"}, start=200 + M),
        "sample_submission.csv": Rows(2 * M, {"id": "id", "y": "one:0.5"}, start=200)}, "y", needs=("CONTINUED",), **AUC),
    more("train-in-a-folder-of-tables", {
        **{f"train/part_{at}.parquet": Rows(16, {"id": "id", "a": "num", "y": "num"}, start=at * 16) for at in range(5)},
        "test.csv": Rows(M, {"id": "id", "a": "num"}, start=200), "sample_submission.csv": Rows(M, {"id": "id", "y": "one:0"},
        start=200)}, "y", needs=("CONTINUED",), **RMSE),
    more("train-in-parts-in-an-archive", {
        "train.zip": tuple(Pack(f"part_{at}.csv", Rows(16, {"id": "id", "a": "num", "y": "num"}, start=at * 16))
                           for at in range(1, 6)), "test.csv": Rows(M, {"id": "id", "a": "num"}, start=200),
        "sample_submission.csv": Rows(M, {"id": "id", "y": "one:0"}, start=200)}, "y", needs=("CONTINUED", "ARCHIVE"), **RMSE),
    more("all-tables-in-one-archive", {
        "data.7z": (Pack("data/train.csv", Rows(N, {"id": "id", "a": "num", "y": "num"})), Pack("data/test.csv",
        Rows(M, {"id": "id", "a": "num"}, start=N))), "sample_submission.csv":
        sample("id", "id", {"y": "one:0"})}, "y", needs=("ARCHIVE",), **RMSE),
    more("uw-madison-gi-tract-image-segmentation", {
        "train.csv": Rows(N, {"id": "group:3:case{}_day0_slice_0001", "class": "each:large|small|belly", "segmentation": "rle"}),
        "train": Media(Rows(N // 3, {"n": "id"}), "case{n}/case{n}_day0/scans/slice_0001_266_266_1.50_1.50.png"), "test":
        Media(Rows(M // 3, {"n": "id"}, start=N // 3), "case{n}/case{n}_day0/scans/slice_0001_266_266_1.50_1.50.png"),
        "sample_submission.csv": Rows(M, {"id": "group:3:case{}_day0_slice_0001", "class": "each:large|small|belly",
        "predicted": "one:"}, start=N)}, "segmentation", id="id_class", application="masks", split="group", group="id",
        metric="dice", predicts="masks", cell="mask", needs=("RLE", "KEYS", "JOIN")),
    more("facial-keypoints-detection", {
        "training.csv": Rows(N, {"eye_x": "num", "eye_y": "gaps", "Image": "pixels:64"}), "test.csv":
        Rows(M // 2, {"ImageId": "id", "Image": "pixels:64"}, start=1), "IdLookupTable.csv": Rows(M, {"RowId": "id", "ImageId":
        "group:2:{}", "FeatureName": "each:eye_x|eye_y", "Location": "one:"}), "SampleSubmission.csv":
        Rows(M, {"RowId": "id", "Location": "one:0"})}, "Location", id="RowId", needs=("MELT",), **RMSE),
    more("rsna-2022-cervical-spine-fracture-detection", {
        "train.csv": Rows(N, {"study": "id:s{}", **{f"C{place}": f"mark:{place % 2}/2" for place in range(1, 4)}}), "test.csv":
        Rows(M, {"row_id": "id:r{}", "study": "group:3:t{}", "part": "each:C1|C2|C3"}), "sample_submission.csv":
        Rows(M, {"row_id": "id:r{}", "fractured": "one:0.5"})}, "fractured", id="row_id", split="stratified_group",
        group="study", needs=("MELT", "PARTS"), **AUC),
    more("m5-forecasting-accuracy", {
        "sales_train.csv": Rows(N, {"id": "id:item_{}", "store": "cat:CA|TX", **{f"d_{day}": "int:0-9" for day in range(1, 41)}}),
        "sample_submission.csv": Rows(N, {"id": "id:item_{}", **{f"F{day}": "one:0" for day in range(1, 8)}})},
        tuple(f"F{day}" for day in range(1, 8)), application="nothing", trained=False, split="random", metric="accuracy",
        predicts="nothing", cell="number", needs=("SPREAD", "MULTI")),
    more("instacart-market-basket-analysis", {
        "order_products__train.csv": Rows(N, {"order_id": "group:3:{}", "product_id": "each:7|11|13|17"}), "orders.csv":
        Rows((N + M) // 3, {"order_id": "id", "hour": "int:0-23"}), "sample_submission.csv":
        Rows(M // 3, {"order_id": "id", "products": "one:7 11"}, start=N // 3)}, "product_id", id="order_id",
        split="stratified_group",
        group="order_id", metric="f1_samples", predicts="class", cell="labels", needs=("UNIT", "LIST", "JOIN")),
    more("essays-in-files", {
        "train.csv": Rows(N, {"essay": "id:e{:04}", "grade": "int:6-12", "score": "each:1|2|3"}), "test.csv":
        Rows(M, {"essay": "id:e{:04}", "grade": "int:6-12"}, start=N), "train": Media(Rows(N, {"n": "id:e{:04}"}), "{n}.txt"),
        "test": Media(Rows(M, {"n": "id:e{:04}"}, start=N), "{n}.txt"), "sample_submission.csv":
        sample("essay", "id:e{:04}", {"score": "one:1"})}, "score", id="essay", needs=("TEXTFILES", "JOIN"), **GRADE),
]  # fmt: skip

TOYS = [*TABLES, *TEXTS, *OTHERS, *PICTURES, *FOLDERS, *SEVERAL, *PLACES]
