"""The fold: the table of cases, and what holds for every story.

A story is written as words: `-S@10` leaves study S at time 10, `+R@20` joins Rally at
20; `:held` and `:rejected` say how a withdrawal stands, `:defer` that it waits for the
end of study S. A withdrawal's word is its request.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.events import RALLY
from rally.withdrawal.fold import (
    KEPT,
    Judgement,
    Leaver,
    Left,
    RequestStatus,
    Verdict,
    judge_row,
)
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

SCOPES = {"S": "rally-s", "T": "rally-t", "R": RALLY}
S, T, R = "S", "T", "R"
STANDINGS = {"held": RequestStatus.HELD, "rejected": RequestStatus.REJECTED}

WITHDRAWN, UNENROLLED = Verdict.WITHDRAWN, Verdict.UNENROLLED
DEFERRED, HELD = Verdict.DEFERRED, Verdict.HELD


def parse(word):
    event, _, how = word.partition(":")
    scope, _, time = event[1:].partition("@")
    return event[0], SCOPES[scope], int(time), how


def tell(story):
    """The person of a story, made as the list makes it."""
    withdrawals, enrolments = [], []
    for word in story.split():
        sign, scope, time, how = parse(word)
        if sign == "+":
            enrolments.append(Enrolment("p", scope, time, word))
            continue
        withdrawals.append(
            Withdrawal(
                request=word,
                participant="p",
                deletion_id=None,
                scope=scope,
                time=time,
                received=time,
                document_id=word,
                signal="",
                status=STANDINGS.get(how, RequestStatus.ACTIVE),
                deferred=(SCOPES[S],) if how == "defer" else (),
            )
        )
    people = WithdrawalList(0, tuple(withdrawals), tuple(enrolments)).people()
    return people.get("p", Leaver({}, {}, {}))


def judge(story, scope, time, about=()):
    return judge_row(tell(story), SCOPES[scope], time, map(SCOPES.get, about))


def case(name, story, scope, *rows, about=()):
    """Rows by time, each with its verdict and the request that it follows from."""
    return [
        pytest.param(story, scope, time, about, expected, id=f"{name}, {scope}@{time}")
        for time, *expected in rows
    ]


KEEP = (Verdict.KEPT, "")

LEFT_A_STUDY = [
    *case("left", "+R@1 +S@2 -S@10", S,
          (1, WITHDRAWN, "-S@10"), (9, WITHDRAWN, "-S@10"),
          (10, WITHDRAWN, "-S@10"), (11, UNENROLLED, "-S@10")),
    *case("left", "+R@1 +S@2 -S@10", T, (9, *KEEP), (11, *KEEP)),
    *case("left", "+R@1 +S@2 -S@10", R, (9, *KEEP), (11, *KEEP)),
    *case("back in the study", "+S@2 -S@10 +S@20", S,
          (9, WITHDRAWN, "-S@10"), (19, UNENROLLED, "-S@10"), (20, *KEEP), (21, *KEEP)),
    *case("back in Rally only", "+S@2 -S@10 +R@20", S, (21, UNENROLLED, "-S@10")),
    *case("back in another only", "+S@2 -S@10 +T@20", S, (21, UNENROLLED, "-S@10")),
    *case("back in another only", "+S@2 -S@10 +T@20", T, (9, *KEEP), (21, *KEEP)),
    *case("never joined", "-S@10", S,
          (9, WITHDRAWN, "-S@10"), (11, UNENROLLED, "-S@10")),
]  # fmt: skip

LEFT_RALLY = [
    *case("left", "+R@1 +S@2 -R@10", S,
          (9, WITHDRAWN, "-R@10"), (10, WITHDRAWN, "-R@10"), (11, UNENROLLED, "-R@10")),
    *case("left", "+R@1 +S@2 -R@10", R,
          (9, WITHDRAWN, "-R@10"), (10, WITHDRAWN, "-R@10"), (11, UNENROLLED, "-R@10")),
    *case("left before the study began", "+R@1 -R@10", T, (50, UNENROLLED, "-R@10")),
    *case("back in the study only", "+R@1 +S@2 -R@10 +S@20", S,
          (21, UNENROLLED, "-R@10")),
    *case("back in the study only", "+R@1 +S@2 -R@10 +S@20", R,
          (20, UNENROLLED, "-R@10")),
    *case("back in Rally only", "+R@1 +S@2 -R@10 +R@20", S, (21, UNENROLLED, "-R@10")),
    *case("back in Rally only", "+R@1 +S@2 -R@10 +R@20", R,
          (9, WITHDRAWN, "-R@10"), (19, UNENROLLED, "-R@10"), (20, *KEEP), (21, *KEEP)),
    *case("back in both", "+R@1 +S@2 -R@10 +R@20 +S@30", S,
          (9, WITHDRAWN, "-R@10"), (29, UNENROLLED, "-R@10"), (30, *KEEP)),
    *case("back in both, the study first", "+R@1 +S@2 -R@10 +S@20 +R@30", S,
          (29, UNENROLLED, "-R@10"), (30, *KEEP)),
    *case("back in both, not in another", "-R@10 +R@20 +S@30", T,
          (31, UNENROLLED, "-R@10")),
]  # fmt: skip

TWICE = [
    *case("sent twice", "+S@2 -S@10 -S@11", S,
          (9, WITHDRAWN, "-S@10"), (11, WITHDRAWN, "-S@11"), (12, UNENROLLED, "-S@11")),
    *case("months later", "+S@2 -S@10 -S@5000", S,
          (9, WITHDRAWN, "-S@10"), (4000, WITHDRAWN, "-S@5000"),
          (5001, UNENROLLED, "-S@5000")),
    *case("sent again after a return", "+S@2 -S@10 +S@20 -S@30", S,
          (9, WITHDRAWN, "-S@10"), (21, WITHDRAWN, "-S@30"), (31, UNENROLLED, "-S@30")),
    *case("the study, then Rally", "+S@2 -S@10 -R@20", S,
          (9, WITHDRAWN, "-S@10"), (15, WITHDRAWN, "-R@20"), (21, UNENROLLED, "-R@20")),
    *case("the study, then Rally, back in the study", "-S@10 -R@20 +S@30", S,
          (31, UNENROLLED, "-R@20")),
    # Rally's withdrawal still stands, though the study's is the last: a withdrawal
    # more never saves a row.
    *case("Rally, then the study, back in the study", "-R@10 -S@20 +S@30", S,
          (31, UNENROLLED, "-R@10")),
    *case("Rally, then the study, back in both", "-R@10 -S@20 +R@25 +S@30", S,
          (24, UNENROLLED, "-S@20"), (29, UNENROLLED, "-S@20"), (31, *KEEP)),
    *case("Rally, back in Rally, the study left", "-R@10 +R@15 +S@16 -S@20 +S@30", S,
          (17, WITHDRAWN, "-S@20"), (31, *KEEP)),
    *case("a return that was left again", "-R@10 +R@20 +S@21 -R@30", S,
          (22, WITHDRAWN, "-R@30"), (31, UNENROLLED, "-R@30")),
]  # fmt: skip

EQUAL_TIMES = [
    *case("a row and a withdrawal", "+S@2 -S@10", S, (10, WITHDRAWN, "-S@10")),
    *case("a row and an enrolment", "-S@10 +S@20", S, (20, *KEEP)),
    *case("an enrolment and a withdrawal", "+S@10 -S@10", S,
          (10, WITHDRAWN, "-S@10"), (11, UNENROLLED, "-S@10")),
    *case("Rally's enrolment and withdrawal", "+S@2 +R@10 -R@10 +S@11", S,
          (11, UNENROLLED, "-R@10")),
    *case("both left at once", "-S@10 -R@10 +R@20 +S@20", S,
          (9, WITHDRAWN, "-R@10"), (19, UNENROLLED, "-S@10"), (20, *KEEP)),
]  # fmt: skip

AFTER_THE_END = [
    *case("deferred", "+S@2 -S@10:defer", S,
          (9, DEFERRED, "-S@10:defer"), (10, DEFERRED, "-S@10:defer"),
          (11, UNENROLLED, "-S@10:defer")),
    *case("reopened or concluded", "+S@2 -S@10", S, (9, WITHDRAWN, "-S@10")),
    *case("deferred, back", "+S@2 -S@10:defer +S@20", S,
          (9, DEFERRED, "-S@10:defer"), (21, *KEEP)),
    *case("deferred in one, Rally left", "+R@1 +S@2 -R@10:defer", S,
          (9, DEFERRED, "-R@10:defer"), (11, UNENROLLED, "-R@10:defer")),
    *case("deferred in one, Rally left", "+R@1 +S@2 -R@10:defer", T,
          (9, WITHDRAWN, "-R@10:defer")),
    *case("deferred in one, Rally left", "+R@1 +S@2 -R@10:defer", R,
          (9, WITHDRAWN, "-R@10:defer")),
    *case("left before the end, Rally after", "+S@2 -S@10 -R@20:defer", S,
          (9, WITHDRAWN, "-S@10"), (15, UNENROLLED, "-S@10"),
          (21, UNENROLLED, "-R@20:defer")),
    *case("left after the end, active since", "+S@2 -S@10:defer -S@20", S,
          (9, WITHDRAWN, "-S@20")),
]  # fmt: skip

DECIDED = [
    *case("held", "+S@2 -S@10:held", S,
          (9, HELD, "-S@10:held"), (10, HELD, "-S@10:held"),
          (11, HELD, "-S@10:held")),
    *case("held, back", "+R@1 +S@2 -S@10:held +S@12", S, (11, HELD, "-S@10:held"),
          (12, *KEEP)),
    *case("held", "+S@2 -S@10:held", T, (9, *KEEP)),
    *case("held, Rally", "+R@1 +S@2 -R@10:held", S, (9, HELD, "-R@10:held")),
    *case("held, Rally", "+R@1 +S@2 -R@10:held", R, (9, HELD, "-R@10:held")),
    *case("held, then left", "+S@2 -S@10:held -S@20", S,
          (9, WITHDRAWN, "-S@20"), (15, WITHDRAWN, "-S@20"), (21, UNENROLLED, "-S@20")),
    *case("left, then held", "+S@2 -S@10 +S@11 -S@20:held", S,
          (9, WITHDRAWN, "-S@10"), (15, HELD, "-S@20:held")),
    *case("left, not back, then held", "+S@2 -S@10 -S@20:held", S,
          (15, UNENROLLED, "-S@10")),
    *case("deferred and held", "+S@2 -S@10:held -S@20:defer", S,
          (9, DEFERRED, "-S@20:defer")),
    *case("rejected", "+S@2 -S@10:rejected", S, (9, *KEEP), (11, *KEEP)),
    *case("rejected, Rally", "+R@1 +S@2 -R@10:rejected", R, (9, *KEEP), (11, *KEEP)),
    *case("rejected, then left", "+S@2 -S@10:rejected -S@20", S,
          (9, WITHDRAWN, "-S@20"), (21, UNENROLLED, "-S@20")),
    *case("left, then rejected", "-S@10 +S@11 -S@20:rejected", S,
          (9, WITHDRAWN, "-S@10"), (15, *KEEP), (21, *KEEP)),
]  # fmt: skip

PLATFORM_ROWS = [
    *case("about a study, left", "+R@1 +S@2 -S@10", R,
          (2, WITHDRAWN, "-S@10"), (10, WITHDRAWN, "-S@10"), (11, *KEEP), about=S),
    *case("about another study", "+R@1 +S@2 -S@10", R, (2, *KEEP), about=T),
    *case("about two studies", "+R@1 -T@8 -S@10", R,
          (2, WITHDRAWN, "-T@8"), about="ST"),
    *case("about a study that ended", "+R@1 +S@2 -S@10:defer", R,
          (2, WITHDRAWN, "-S@10:defer"), about=S),
    *case("about a study, held", "+R@1 +S@2 -S@10:held", R,
          (2, HELD, "-S@10:held"), about=S),
    *case("about a study, rejected", "+R@1 +S@2 -S@10:rejected", R,
          (2, *KEEP), about=S),
    *case("the enrolment of a return", "+R@1 +S@2 -S@10 +S@20", R,
          (2, WITHDRAWN, "-S@10"), (20, *KEEP), about=S),
    *case("a return to the study, Rally left", "+R@1 -R@10 +S@20", R,
          (20, UNENROLLED, "-R@10"), about=S),
    *case("the earlier of two", "+R@1 +S@2 -S@10 -R@20", R,
          (2, WITHDRAWN, "-S@10"), about=S),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "scope", "time", "about", "expected"),
    [
        *LEFT_A_STUDY,
        *LEFT_RALLY,
        *TWICE,
        *EQUAL_TIMES,
        *AFTER_THE_END,
        *DECIDED,
        *PLATFORM_ROWS,
    ],
)
def test_rows_of_a_story(story, scope, time, about, expected):
    assert judge(story, scope, time, about) == Judgement(*expected)


def test_who_never_left_is_kept():
    assert judge("", S, 5) == judge("+S@2 +R@1", S, 5) == KEPT
    assert judge("+S@2", S, 1) == KEPT  # grace for a lost enrolment is retention's


def test_an_enrolment_counts_for_itself():
    left = tell("+R@1 +S@2 -S@10")
    assert judge_row(left, "rally-s", 20) == Judgement(UNENROLLED, "-S@10")
    back = left.joining("rally-s", 20, "another")
    assert judge_row(back, "rally-s", 20) == KEPT
    assert judge_row(back, "rally-s", 19) == Judgement(UNENROLLED, "-S@10")
    assert left.joined == {"rally-s": (2,), RALLY: (1,)}


@pytest.mark.parametrize("scope", [S, T, R])
def test_a_later_copy_of_an_enrolment_brings_nobody_back(scope):
    """Its document id is that of the first one, wherever the copy was submitted to."""
    left = tell("+R@1 +S@2 -S@10 -T@10 -R@10")
    copied = left.joining(SCOPES[scope], 20, "+S@2")
    assert copied == left


def test_an_earlier_copy_of_an_enrolment_takes_the_place_of_a_later_one():
    left = tell("+R@1 -S@10 +S@20")
    assert judge_row(left, "rally-s", 21) == KEPT
    copied = left.joining("rally-t", 5, "+S@20")
    assert judge_row(copied, "rally-s", 21) == Judgement(UNENROLLED, "-S@10")
    assert (copied.joined["rally-s"], copied.joined["rally-t"]) == ((), (5,))
    assert copied.joining("rally-s", 20, "+S@20") == copied


@pytest.mark.parametrize(
    ("document", "time", "expected"),
    [("+S@2", 1, False), ("+S@2", 2, False), ("+S@2", 3, True), ("another", 3, False)],
)
def test_a_ping_that_was_an_enrolment_before_is_known(document, time, expected):
    left = tell("+R@1 +S@2 -S@10")
    assert left.joined_before(document, time) is expected


def test_rows_that_must_not_be_in_the_store():
    assert {each for each in Verdict if each.condemns} == {WITHDRAWN, UNENROLLED}


signs = st.sampled_from(["-", "-", "+"])
hows = st.sampled_from(["", "", "", ":defer", ":held", ":rejected"])
times = st.integers(0, 12)
words = st.builds(
    lambda sign, scope, time, how: f"{sign}{scope}@{time}{how if sign == '-' else ''}",
    signs, st.sampled_from("SSRRT"), times, hows,
)  # fmt: skip
stories = st.lists(words, max_size=9).map(" ".join)
rows = st.tuples(st.sampled_from("SR"), times, st.sampled_from(["", "S", "ST"]))


def reference(story, scope, time, about):
    """The design's sentence, as a life: who is in what when the row is sent."""
    told = sorted((parse(word) for word in story.split()), key=_at_equal_times)
    mine = {SCOPES[scope], RALLY}
    about = set(map(SCOPES.get, about)) if scope == R else set()
    after = [word for word in told if word[0] == "-" and word[2] >= time]
    after = [word for word in after if word[1] in mine | about]
    if any(how == "" or (how == "defer" and scope == R) for *_, how in after):
        return WITHDRAWN

    def is_out(*counted):
        enrolled = {each: True for each in mine}  # as far as anybody has left
        for sign, what, when, how in told:
            if sign == "+" and when <= time:
                enrolled[what] = True
            if sign == "-" and when < time and how in counted:
                ended = enrolled if what == RALLY else [what]
                enrolled |= dict.fromkeys(ended, False)
        return not all(enrolled[each] for each in mine)

    if is_out("", "defer"):
        return UNENROLLED
    hows = {how for *_, how in after}
    if "defer" in hows:
        return DEFERRED
    parked = "held" in hows or is_out("", "defer", "held")
    return HELD if parked else Verdict.KEPT


def _at_equal_times(word):
    sign, _, time, _ = word
    return time, "+-".index(sign)


@given(stories, rows)
def test_fold_is_the_sentence_of_the_design(story, row):
    scope, time, about = row
    about = about if scope == R else ""
    assert judge(story, scope, time, about).verdict is reference(
        story, scope, time, about
    )


@given(st.lists(words, max_size=9), rows, st.randoms())
def test_order_of_events_does_not_matter(story, row, random):
    told = " ".join(story)
    random.shuffle(story)
    assert judge(told, *row) == judge(" ".join(story), *row)


@given(stories, rows, times)
def test_withdrawal_at_or_after_a_row_takes_it(story, row, later):
    scope, time, _ = row
    for left in {scope, R}:
        verdict = judge(f"{story} -{left}@{time + later}", *row).verdict
        assert verdict is WITHDRAWN


@given(stories, rows, words)
def test_one_withdrawal_more_saves_no_row(story, row, word):
    before = judge(story, *row).verdict
    after = judge(f"{story} {word.replace('+', '-')}", *row).verdict
    assert after.condemns or not before.condemns


@given(stories, rows, st.sampled_from("SRT"), times)
def test_one_enrolment_more_takes_no_row(story, row, scope, time):
    before = judge(story, *row).verdict
    after = judge(f"{story} +{scope}@{time}", *row).verdict
    assert before.condemns or not after.condemns


@given(stories, rows)
def test_a_judgement_names_a_request_that_led_to_it(story, row):
    verdict, request = judge(story, *row)
    assert (request == "") == (verdict is Verdict.KEPT)
    if request:
        assert request in story.split()
        assert parse(request)[3] != "rejected"
        assert (parse(request)[3] == "held") == (verdict is HELD)


@given(st.lists(words.filter(lambda word: word[0] == "+")).map(" ".join), rows)
def test_who_only_joined_is_kept(story, row):
    assert judge(story, *row) == KEPT


@given(stories, rows)
def test_what_is_held_or_rejected_condemns_nothing(story, row):
    before = judge(story, *row).verdict
    told = " ".join(
        word for word in story.split() if parse(word)[3] not in ("held", "rejected")
    )
    assert judge(told, *row).verdict.condemns == before.condemns


def test_left_without_a_word_is_active():
    assert Left(5) == Left(5, RequestStatus.ACTIVE, frozenset(), "")
