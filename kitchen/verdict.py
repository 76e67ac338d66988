"""What is at the service against what was said."""

from collections import Counter, defaultdict
from itertools import pairwise

from meetings.models import Line, Presence


def judge(records):
    """Everything that is wrong, by kind, and the figures."""
    said = [one for record in records for one in record.said]
    by_words = defaultdict(list)
    for line in Line.objects.select_related("meeting").order_by("said_at", "pk"):
        by_words[line.text].append(line)
    wrong = defaultdict(list)
    for one in said:
        found = by_words.get(one.words, [])
        if not found and one.shown and not one.held:
            wrong["lost"].append(one.words)
        if len(found) > 1:
            wrong["doubled"].append(one.words)
        for line in found:
            if (str(line.meeting.uuid), line.recorded_by_id, line.kind) != (one.meeting, one.author, one.kind):
                wrong["in a wrong case, or in a wrong name"].append(one.words)
            if line.state == "refused" and not line.refused_why:
                wrong["refused without a reason"].append(one.words)
    known = {one.words for one in said} | {typed for record in records for pair in record.given_back for typed in pair}
    told = (Line.Kind.TOLD, Line.Kind.LEFT)  # by the service: a tap that came after the close
    wrong["nobody said"] = [
        words
        for words, found in by_words.items()
        if words not in known and any(line.kind not in told for line in found)
    ]
    wrong["out of order"] = out_of_order(said, by_words)
    wrong["a word being written, lost"] = [
        before for record in records for before, after in record.given_back if not after.startswith(before)
    ]
    wrong["presence lost or doubled"] = presences(records)
    at_service = [line for lines in by_words.values() for line in lines]
    return {
        "wrong": {kind: which for kind, which in wrong.items() if which},
        "said": len(said), "shown": sum(one.shown for one in said),
        "unshown": sum(not one.shown for one in said), "unshown_lost": sum(not one.shown and one.words not in by_words for one in said),
        "not_taken": sum(one.held and one.words not in by_words for one in said),
        "refused": sum(line.state == "refused" for line in at_service), "late": sum(line.late for line in at_service),
        "offline": sum(line.offline for line in at_service), "given_back": sum(len(record.given_back) for record in records),
        "to_disk": sorted(one for record in records for one in record.to_disk),
        "meetings": sum(record.meetings for record in records), "kills": sum(record.kills for record in records),
        "scenes": dict(sum((record.scenes for record in records), Counter())),
        "faults": dict(sum((record.faults for record in records), Counter())),
        "comes": sum(comes for record in records for comes, _ in record.taps.values()),
    }  # fmt: skip


def out_of_order(said, by_words):
    """Each phone's lines of a meeting stand in the order in which they were said there."""
    rows = defaultdict(list)
    for one in said:
        for line in by_words.get(one.words, [])[:1]:
            rows[one.meeting, one.phone].append((line.said_at, line.pk, one.words))
    return [row[2] for rows_of_one in rows.values() for before, row in pairwise(rows_of_one) if row[:2] < before[:2]]


def presences(records):
    """How often the person came, where one phone alone recorded it."""
    came = Counter(
        str(uuid)
        for uuid in Presence.objects.filter(member__is_person=True, mistaken_at=None).values_list(
            "meeting__uuid", flat=True
        )
    )
    return [
        f"{meeting}: came {comes}, recorded {came[meeting]}" for record in records
        for meeting, (comes, alone) in record.taps.items() if alone and came[meeting] != comes
    ]  # fmt: skip
