from __future__ import annotations

import itertools
import json
import socket

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from kaggle_seam import Hourglass

from common.errors import SettingError
from common.kaggle import errors
from common.kaggle.errors import Invalid, RateLimited, TimedOut, Transient, Unconfirmed, Unreached
from common.kaggle.official.answers import from_response, from_words, retry_after, translate
from common.kaggle.results import Ref
from common.kaggle.retry import Clock, Retry, poll


class Script:
    """Plays a list of results; exceptions are raised. The last one is repeated."""

    def __init__(self, *results: object) -> None:
        self.results, self.calls = list(results), 0

    def __call__(self) -> object:
        result = self.results[min(self.calls, len(self.results) - 1)]
        self.calls += 1
        if isinstance(result, Exception):
            raise result
        return result


def retry(hourglass: Hourglass, **changes: float) -> Retry:
    return Retry(clock=hourglass.clock, **changes)  # type: ignore[arg-type]


def test_a_passing_trouble_passes() -> None:
    hourglass, script, messages = Hourglass(), Script(Transient("cut"), Transient("cut"), "answer"), []
    assert retry(hourglass).call(script, notify=messages.append) == "answer"
    assert hourglass.slept == [0.75, 1.5]  # 1 and 2 seconds, of which half is sure and half is by chance
    assert "again in" in messages[0]


def test_a_refusal_is_not_repeated() -> None:
    script = Script(Invalid("no"))
    with pytest.raises(Invalid):
        retry(Hourglass()).call(script)
    assert script.calls == 1


def test_attempts_end() -> None:
    hourglass, script = Hourglass(), Script(Transient("cut"))
    with pytest.raises(Transient):
        retry(hourglass, attempts=4).call(script)
    assert (script.calls, len(hourglass.slept)) == (4, 3)


def test_retry_after_is_honoured_and_bounded() -> None:
    hourglass = Hourglass()
    assert retry(hourglass).call(Script(RateLimited("slow", 42.0), "answer")) == "answer"
    assert hourglass.slept == [42.0]
    script = Script(RateLimited("slow", 10_000.0))
    with pytest.raises(RateLimited):
        retry(Hourglass()).call(script)
    assert script.calls == 1


@given(attempt=st.integers(1, 40), chance=st.floats(0, 0.999999))
def test_pauses_lie_between_half_and_whole_of_a_bounded_doubling(attempt: int, chance: float) -> None:
    pause = Retry(clock=Clock(random=lambda: chance)).pause(attempt)
    whole = min(60.0, 2.0 ** (attempt - 1))
    assert whole / 2 <= pause < whole


def test_no_attempts_are_refused() -> None:
    with pytest.raises(SettingError, match=">= 1"):
        Retry(attempts=0)


class Mailbox:
    """Something that must arrive once; each delivery ends as the script says."""

    def __init__(self, *script: str, trouble: Exception | None = None) -> None:
        self.script, self.arrived, self.looks, self.trouble = list(script), 0, 0, trouble

    def act(self) -> str:
        step = self.script.pop(0) if self.script else "ok"
        if step in ("ok", "arrived, answer lost"):
            self.arrived += 1
        if step == "ok":
            return "answered"
        raise {"slow down": RateLimited("slow", 1.0), "no way": Unreached("no way")}.get(step, Transient(step))

    def find(self, answer: str | None) -> str | None:
        self.looks += 1
        if self.trouble is not None:
            raise self.trouble
        late = self.script[:1] == ["late"] and self.looks > 9
        self.arrived += late
        return answer or ("found" if self.arrived else None)

    def send(self) -> str:
        return Retry(clock=Hourglass().clock).once(self.act, self.find, what="the letter")


def test_what_arrived_is_found_instead_of_sent_again() -> None:
    mailbox = Mailbox("arrived, answer lost")
    assert mailbox.send() == "found"
    assert mailbox.arrived == 1


def test_what_was_not_sent_is_sent_again() -> None:
    mailbox = Mailbox("no way", "slow down", "no way", "ok")
    assert mailbox.send() == "answered"
    assert mailbox.arrived == 1


def test_what_may_arrive_late_is_awaited_not_sent_again() -> None:
    """D1: a backend may go on for minutes after its front door has given up."""
    mailbox = Mailbox("lost", "late", "ok")
    assert mailbox.send() == "found"
    assert mailbox.arrived == 1
    nowhere = Mailbox("lost", "ok")
    with pytest.raises(Unconfirmed, match=r"no clear answer came \(lost\).*after 5 min.*look before"):
        nowhere.send()
    assert nowhere.arrived == 0


@pytest.mark.parametrize("trouble", [Transient("down"), errors.Forbidden("403"), errors.NotFound("404")])
def test_what_cannot_be_looked_up_is_left_alone(trouble: Exception) -> None:
    """D2: six versions were pushed while Kaggle denied that there was one."""
    mailbox = Mailbox("arrived, answer lost", trouble=trouble)
    with pytest.raises(Unconfirmed, match="look before doing it again"):
        mailbox.send()
    assert mailbox.arrived == 1


@given(st.lists(st.sampled_from(["lost", "arrived, answer lost", "slow down", "no way", "ok"]), max_size=12))
def test_never_twice_whatever_happens(script: list[str]) -> None:
    mailbox = Mailbox(*script)
    try:
        mailbox.send()
    except Transient:  # RateLimited or Unreached to the end, or Unconfirmed
        assert mailbox.arrived == 0
    else:
        assert mailbox.arrived == 1


def test_attempts_that_bring_something_do_not_count() -> None:
    done = 0

    def transfer() -> str:
        nonlocal done
        done += 1
        if done < 20:
            raise Transient("cut")
        return "whole"

    assert retry(Hourglass(), attempts=2).call(transfer, progress=lambda: done) == "whole"
    with pytest.raises(Transient):
        retry(Hourglass(), attempts=2).call(Script(Transient("cut"), Transient("cut"), "whole"), progress=lambda: done)


def test_poll_looks_at_once_and_ends() -> None:
    hourglass, looks = Hourglass(), list[float]()
    with pytest.raises(TimedOut, match="the score is not ready after 2 min"):
        poll(looks.append, "the score", limit=120, clock=hourglass.clock)
    assert (len(looks), looks[0]) == (4, 0)
    assert hourglass.slept[0] == pytest.approx(33)
    assert poll(lambda waited: f"{waited:.0f}", "x", limit=0, clock=hourglass.clock) == "0"


def test_poll_looks_once_even_where_time_passes_before_it_can() -> None:
    ticking = Clock(now=itertools.count().__next__, sleep=lambda seconds: None, random=lambda: 0.0)
    assert poll(lambda waited: "result", "x", limit=0, clock=ticking) == "result"


def test_poll_bears_some_failures_in_a_row() -> None:
    def result(*script: object) -> object:
        look = Script(*script)
        return poll(lambda waited: look(), "x", limit=1000, failures=2, clock=Hourglass().clock)

    assert result(*[Transient("x")] * 2, None, *[Transient("x")] * 2, "a") == "a"
    with pytest.raises(Transient):
        result(*[Transient("x")] * 3, "a")


# --- answers -----------------------------------------------------------------------------------------------


def response(code: int, body: object = "", **headers: str) -> requests.Response:
    answer = requests.Response()
    answer.status_code = code
    answer._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    answer.headers.update(headers)
    return answer


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (400, "bad slug", errors.Invalid),
        (400, "The deadline of this competition has passed.", errors.LimitReached),
        (400, "You have exceeded the daily submission limit", errors.LimitReached),
        (401, "Unauthenticated", errors.AuthError),
        (403, "Permission 'kernels.get' was denied", errors.Forbidden),
        (403, "You must accept this competition's rules", errors.RulesNotAccepted),
        (403, "", errors.Forbidden),
        (404, "Not found", errors.NotFound),
        (429, "", errors.RateLimited),
        (500, "", errors.Transient),
        (503, "<html>", errors.Transient),
    ],
)
def test_status_and_words_decide_the_error(code: int, message: str, kind: type[errors.KaggleError]) -> None:
    error = from_response(response(code, {"code": code, "message": message}), "asking", slug="titanic")
    assert type(error) is kind
    assert "\n" not in str(error)


def test_rules_name_the_page() -> None:
    answer = response(403, {"code": 403, "message": "You must accept the rules"})
    error = from_response(answer, "files", slug="titanic")
    assert "https://www.kaggle.com/competitions/titanic/rules" in str(error)


def test_an_error_inside_a_200_answer_counts() -> None:
    assert type(from_response(response(200, {"code": 404, "message": "gone"}), "asking")) is errors.NotFound


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Maximum batch GPU session count of 2 reached.", errors.Capacity),
        ("Weekly GPU quota of 30 hours used up.", errors.LimitReached),
        ("Notebook not found", errors.NotFound),
        ("Permission denied", errors.Forbidden),
        ("Something else", errors.Invalid),
    ],
)
def test_words_without_a_status_decide_too(words: str, kind: type[errors.KaggleError]) -> None:
    assert type(from_words(words, words)) is kind


def test_retry_after_takes_seconds_and_dates() -> None:
    now = "Thu, 26 Mar 2026 00:00:00 GMT"
    assert retry_after("7") == 7.0
    assert retry_after("Thu, 26 Mar 2026 00:00:30 GMT", now) == 30.0
    assert retry_after("Thu, 26 Mar 2020 00:00:30 GMT", now) == 0.0
    assert [retry_after(text) for text in (None, "", "soon", "-5", "nan")] == [None] * 5


def test_a_date_to_wait_for_goes_by_the_servers_clock() -> None:
    """D6: a client whose clock is two days behind gave up."""
    theirs = {"Date": "Thu, 26 Mar 2026 00:00:00 GMT", "Retry-After": "Thu, 26 Mar 2026 00:00:30 GMT"}
    error = from_response(response(429, **theirs), "asking")
    assert isinstance(error, RateLimited)
    assert error.retry_after == 30.0


def test_no_connection_is_known_from_a_lost_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.ConnectionError) as caught:
        session.get(url, timeout=5)
    assert isinstance(translate(caught.value, "asking"), Unreached)
    assert not isinstance(translate(requests.ConnectionError("cut"), "asking"), Unreached)


def test_network_troubles_are_transient_and_say_no_secret() -> None:
    request = requests.Request("GET", "https://storage.example/f?sig=secret").prepare()
    for kind in (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
        error = translate(kind("…?sig=secret", request=request), "download")
        assert isinstance(error, Transient)
        assert "storage.example" in str(error)
        assert "secret" not in str(error)
    assert isinstance(translate(json.JSONDecodeError("x", "<html>", 0), "status"), Transient)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("ann/k", Ref("ann", "k")),
        ("ann/k/3", Ref("ann", "k", 3)),
        ("ann/k@3", Ref("ann", "k", 3)),
        ("ann/k@v3", Ref("ann", "k", 3)),
    ],
)
def test_refs_are_read(text: str, ref: Ref) -> None:
    assert Ref.parse(text) == ref
    assert Ref.parse(str(ref)) == ref


@pytest.mark.parametrize("text", ["", "k", "a/b/c/d", "ann/k@0", "ann/k@x", "ann/k/3@4", "a b/c", "../x"])
def test_other_texts_are_no_refs(text: str) -> None:
    with pytest.raises(SettingError, match="owner/slug"):
        Ref.parse(text)


def test_a_bare_slug_takes_the_owner_given() -> None:
    assert Ref.parse("k@2", owner="ann") == Ref("ann", "k", 2)
