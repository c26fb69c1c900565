"""A file for every row: folders and archives, names and what they say."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from common import data
from common.competition import Column, Folder, Table
from common.data.archives import extract
from common.data.locating import sha256_of_folder
from common.data.zipped import members, read_bytes
from common.errors import ArchiveError, DataError, SettingError

COLUMNS = (
    Column(name="id", kind="id"),
    Column(name="picture", kind="file"),
    Column(name="label", kind="number", low=0, high=1),
)
RULES = {r"(?:.*/)?cat\.\d+": "0", r"(?:.*/)?dog\.\d+": "1"}
ANIMALS = Folder(folders=("train", "images"), suffixes=(".jpg",), columns=COLUMNS, label="label", labels=RULES)
NAMES = ("cat.10.jpg", "cat.2.jpg", "dog.1.JPG", "notes.mat", ".DS_Store", "._cat.2.jpg", "horse.1.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `train` with some files, each of which holds its name."""
    for name in NAMES:
        path = tmp_path / "train" / "deep" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def packed(folder: Path) -> Path:
    """Turn the folder `train` into an archive of it."""
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        for path in (folder / "train").rglob("*"):
            archive.write(path, path.relative_to(folder))
    shutil.rmtree(folder / "train")
    return folder


def test_names_give_rows_labels_and_ids(folder: Path) -> None:
    frame = data.read_rows(folder, ANIMALS)
    assert frame["id"].tolist() == ["cat.2", "cat.10", "dog.1"]  # in the order of people
    assert frame["label"].tolist() == [0.0, 0.0, 1.0]
    assert [read_bytes(path).decode() for path in frame["picture"]] == ["cat.2.jpg", "cat.10.jpg", "dog.1.JPG"]


def test_an_archive_reads_as_its_folder_does(folder: Path) -> None:
    plain = data.read_rows(folder, ANIMALS)
    archived = data.read_rows(packed(folder), ANIMALS)
    assert archived.drop(columns="picture").equals(plain.drop(columns="picture"))
    assert [read_bytes(path) for path in archived["picture"]] == [
        name.encode() for name in (NAMES[1], NAMES[0], NAMES[2])
    ]


def test_all_folders_that_are_there_are_read(folder: Path) -> None:
    (folder / "images").mkdir()
    (folder / "images" / "cat.2.jpg").touch()
    frame = data.read_rows(folder, ANIMALS)
    assert len(frame) == 4
    assert frame["id"].is_unique and frame["id"].iloc[-1] == "images/cat.2"


def test_values_may_use_what_a_rule_found(folder: Path) -> None:
    columns = (COLUMNS[0], Column(name="kind", kind="category"))
    kinds = Folder(
        folders=("train",), suffixes=(".jpg",), columns=columns, label="kind", labels={r"deep/(\w+)\.\d+": r"a \1"}
    )
    assert data.read_rows(folder, kinds)["kind"].tolist() == ["a cat", "a cat", "a dog", "a horse"]


def test_without_labels_every_file_of_the_suffix_is_a_row(folder: Path) -> None:
    assert len(data.read_rows(folder, Folder(folders=("train",), suffixes=(".jpg",), columns=COLUMNS[:2]))) == 4


def test_text_is_read_and_stands_in_for_a_table(folder: Path) -> None:
    columns = (COLUMNS[0], Column(name="text", kind="text"))
    texts = Folder(folders=("train",), suffixes=(".mat",), columns=columns)
    table = Table(file="train.tsv", columns=columns, separator="\t", quoting="none", instead=texts)
    assert data.read_rows(folder, table).to_numpy().tolist() == [["notes", "notes.mat"]]
    (folder / "train.tsv").write_text('id\ttext\n"7_8"\t"so ""good"""\n')
    assert data.read_rows(folder, table).to_numpy().tolist() == [["7_8", '"so ""good"""']]


def test_nothing_to_read_is_told(folder: Path) -> None:
    with pytest.raises(DataError, match=r"images\.zip is not in"):
        data.read_rows(folder, Folder(folders=("images",), suffixes=(".jpg",), columns=COLUMNS[:2]))
    (folder / "images").mkdir()
    with pytest.raises(DataError, match=r"images\.zip is not in .*, nor as a folder with files in it"):
        data.read_rows(folder, Folder(folders=("images",), suffixes=(".jpg",), columns=COLUMNS[:2]))
    with pytest.raises(DataError, match=r"no \.png files in"):
        data.read_rows(folder, Folder(folders=("train",), suffixes=(".png",), columns=COLUMNS[:2]))
    (folder / "train.zip").write_bytes(b"no archive")
    shutil.rmtree(folder / "train")
    with pytest.raises(DataError, match="cannot be read as a zip archive"):
        data.read_rows(folder, ANIMALS)


def test_the_hash_follows_names_and_contents(folder: Path) -> None:
    before = sha256_of_folder(folder / "train")
    path = folder / "train" / "deep" / "cat.2.jpg"
    path.write_text("another")
    changed = sha256_of_folder(folder / "train")
    path.rename(path.with_name("cat.3.jpg"))
    assert len({before, changed, sha256_of_folder(folder / "train")}) == 3


def test_a_name_that_leads_out_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("../cat.1.jpg", b"")
    with pytest.raises(ArchiveError, match="could lead out"):
        members(tmp_path / "train.zip")


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    archive = packed(folder) / "train.zip"
    for path in (f"{archive}/train/none.jpg", str(folder / "none.jpg")):
        with pytest.raises(DataError, match=r"none\.jpg cannot be read"):
            read_bytes(path)


def test_an_archive_that_is_replaced_is_read_anew(folder: Path) -> None:
    paths = data.read_rows(packed(folder), ANIMALS)["picture"].tolist()
    assert read_bytes(paths[0]) == b"cat.2.jpg"
    with zipfile.ZipFile(folder / "new.zip", "w") as archive:
        archive.writestr("train/deep/cat.2.jpg", b"another and longer")
    (folder / "new.zip").replace(folder / "train.zip")
    assert read_bytes(paths[0]) == b"another and longer"


def test_names_that_begin_with_a_point_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("./train/cat.1.jpg", b"plain")
    (path,) = data.read_rows(tmp_path, ANIMALS)["picture"]
    assert path.endswith("train.zip/train/cat.1.jpg") and read_bytes(path) == b"plain"


def test_a_folder_may_be_called_like_an_archive(folder: Path) -> None:
    (folder / "data.zip").mkdir()
    (packed(folder) / "train.zip").rename(folder / "data.zip" / "train.zip")
    paths = data.read_rows(folder / "data.zip", ANIMALS)["picture"]
    assert [read_bytes(path) for path in paths] == [NAMES[1].encode(), NAMES[0].encode(), NAMES[2].encode()]


def test_an_empty_folder_does_not_hide_the_archive(folder: Path) -> None:
    packed(folder)
    (folder / "train").mkdir()
    assert len(data.read_rows(folder, ANIMALS)) == 3


@pytest.mark.parametrize("inside", ["train/", ""])
def test_a_folder_that_lacks_files_of_its_archive_is_refused(inside: str, folder: Path) -> None:
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        for name in (*NAMES, "dog.2.jpg", "dog.3.jpg"):
            archive.writestr(f"{inside}{name}", b"")
    says = r"train holds 3 files, train\.zip beside it 5; the folder lacks dog\.2\.jpg, dog\.3\.jpg\. .*delete the"
    with pytest.raises(DataError, match=says):
        data.read_rows(folder, ANIMALS)
    (folder / "train.zip").rename(folder / "kept.zip")
    assert len(data.read_rows(folder, ANIMALS)) == 3


def test_files_of_one_name_are_counted(folder: Path) -> None:
    packed(folder)
    with zipfile.ZipFile(folder / "train.zip", "a") as archive:
        archive.writestr("train/elsewhere/cat.2.jpg", b"")
        archive.extract("train/elsewhere/cat.2.jpg", folder)
    with pytest.raises(DataError, match=r"holds 1 files, train\.zip beside it 4; the folder lacks cat"):
        data.read_rows(folder, ANIMALS)


def test_a_folder_that_has_more_than_its_archive_is_read(folder: Path) -> None:
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        for name in ("train/cat.2.jpg", "train/dog.1.JPG", "train/horse.2.jpg"):  # no rule wants a horse
            archive.writestr(name, b"")
    assert len(data.read_rows(folder, ANIMALS)) == 3


def test_an_archive_that_cannot_be_read_makes_its_folder_doubtful(folder: Path) -> None:
    (folder / "train.zip").write_bytes(b"PK no archive")
    with pytest.raises(DataError, match=r"train\.zip cannot be read as a zip archive"):
        data.read_rows(folder, ANIMALS)


@pytest.mark.slow
def test_a_forked_process_reads_for_itself(folder: Path) -> None:
    paths = data.read_rows(packed(folder), ANIMALS)["picture"].tolist()
    read_bytes(paths[0])  # opened here, before the processes start
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(read_bytes, paths * 3) == [read_bytes(path) for path in paths * 3]


def test_a_wrong_description_is_refused() -> None:
    with pytest.raises(SettingError, match="names of folders"):
        Folder(folders=(), suffixes=(".jpg",), columns=COLUMNS)
    with pytest.raises(SettingError, match="needs rules"):
        Folder(folders=("train",), suffixes=(".jpg",), columns=COLUMNS, label="label")
    with pytest.raises(SettingError, match="no column"):
        Folder(folders=("train",), suffixes=(".jpg",), columns=COLUMNS, label="breed", labels=RULES)
    with pytest.raises(SettingError, match="needs an id"):
        Folder(folders=("train",), suffixes=(".jpg",), columns=COLUMNS[1:])


@pytest.mark.parametrize("name", ["train\\cat.1.jpg", "train//cat.1.jpg", "./train//cat.1.jpg"])
def test_names_of_other_programs_are_read(name: str, tmp_path: Path) -> None:
    """A7: as PowerShell 5 and others write them, mapped and unpacked."""
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr(name, b"plain")
        archive.writestr("__MACOSX/train/._cat.1.jpg", b"not a picture")
    (path,) = data.read_rows(tmp_path, ANIMALS)["picture"]
    assert path.endswith("train.zip/train/cat.1.jpg") and read_bytes(path) == b"plain"
    assert Path("train/cat.1.jpg") in extract(tmp_path / "train.zip", tmp_path / "out")
    assert (tmp_path / "out" / "train" / "cat.1.jpg").read_bytes() == b"plain"


def test_a_name_that_is_not_utf_8_is_refused_where_it_is_a_row(folder: Path) -> None:
    """A8."""
    bad = os.fsencode(folder / "train") + b"/caf\xe9"
    Path(os.fsdecode(bad + b".mat")).touch()
    assert len(data.read_rows(folder, ANIMALS)) == 3 and sha256_of_folder(folder / "train")
    Path(os.fsdecode(bad + b".jpg")).touch()
    with pytest.raises(DataError, match=r"file 'caf\\udce9\.jpg' in .*train is not UTF-8; rename it"):
        data.read_rows(folder, ANIMALS)


@pytest.mark.parametrize(("method", "says"), [(zipfile.ZIP_LZMA, "LZMA|Corrupt|Invalid"), (9, "not supported")])
def test_a_member_that_cannot_be_unpacked_is_told(tmp_path: Path, method: int, says: str) -> None:
    """D10: a broken LZMA stream, and Deflate64."""
    with zipfile.ZipFile(tmp_path / "train.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("train/cat.1.jpg", b"picture" * 99)
    packed = bytearray((tmp_path / "train.zip").read_bytes())
    if method == zipfile.ZIP_LZMA:
        at = packed.index(b"cat.1.jpg") + 20
        packed[at : at + 20] = b"\xff" * 20
    else:
        for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
            packed[packed.index(mark) + place] = method
    (tmp_path / "train.zip").write_bytes(packed)
    (path,) = data.read_rows(tmp_path, ANIMALS)["picture"]
    with pytest.raises(DataError, match=rf"cat\.1\.jpg cannot be read: .*({says})"):
        read_bytes(path)


def test_an_archive_whose_names_are_not_the_utf_8_that_they_claim_is_told(tmp_path: Path) -> None:
    """D10."""
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("train/caté.1.jpg", b"")
    path = tmp_path / "train.zip"
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9\xe9"))
    with pytest.raises(DataError, match=r"train\.zip cannot be read as a zip archive \(.*codec can't decode") as caught:
        data.read_rows(tmp_path, ANIMALS)
    assert "\n" not in str(caught.value)


def test_linked_folders_are_read(folder: Path, tmp_path: Path) -> None:
    """A9: pictures on another disk, a link that leads nowhere, circles."""
    other = tmp_path / "another disk"
    (other / "more").mkdir(parents=True)
    (other / "more" / "cat.7.jpg").touch()
    (folder / "train" / "cats").symlink_to(other)
    (folder / "train" / ".#lock").symlink_to("me@host:1")  # an editor's, of a file that is open
    assert data.read_rows(folder, ANIMALS)["id"].tolist() == ["cat.7", "cat.2", "cat.10", "dog.1"]
    assert read_bytes(data.read_rows(folder, ANIMALS)["picture"].iloc[0]) == b""
    for link, target, says in (
        (folder / "train" / "dogs", "nowhere", "a link to nowhere, which is not there"),
        (other / "more" / "back", folder / "train", "a folder that it lies in"),
        (folder / "train" / "all", "..", "a folder that it lies in"),
    ):
        link.symlink_to(target)
        with pytest.raises(DataError, match=says):
            data.read_rows(folder, ANIMALS)
        link.unlink()


def test_a_text_is_read_alike_from_a_table_and_from_a_folder(folder: Path) -> None:
    """A11, A5: what is not UTF-8 is refused in both, a NUL and a mark of the encoding are the same in both."""
    columns = (COLUMNS[0], Column(name="text", kind="text"))
    texts = Folder(folders=("train",), suffixes=(".mat",), columns=columns)
    table = Table(file="train.tsv", columns=columns, separator="\t", quoting="none", instead=texts)
    for content in (b"a\0b", "\ufeffé".encode(), b"caf\xe9"):
        (folder / "train" / "deep" / "notes.mat").write_bytes(content)
        (folder / "train.tsv").unlink(missing_ok=True)
        answers = []
        for _ in range(2):
            try:
                answers.append(data.read_rows(folder, table)["text"].iloc[0])
            except DataError as error:
                answers.append(str(error).partition(" is ")[2].partition(" (")[0])
            (folder / "train.tsv").write_bytes(b"id\ttext\nnotes\t" + content.removeprefix(b"\xef\xbb\xbf"))
        assert answers[0] == answers[1]
    assert answers[0] == "not UTF-8 text"


def test_the_order_of_files_is_that_of_their_whole_names(tmp_path: Path) -> None:
    """D25: cat.1 and cat.01 are the same number."""
    names = ["cat.01.jpg", "cat.001.jpg", "cat.1.jpg"]
    for number, order in enumerate((names, names[::-1])):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            for name in order:
                archive.writestr(name, b"")
    assert members(tmp_path / "0.zip") == members(tmp_path / "1.zip") == ["cat.001.jpg", "cat.01.jpg", "cat.1.jpg"]
