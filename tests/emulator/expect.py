"""What a run's record says: its fields are named here and nowhere else in these tests."""

from .exports import Export

COMPLETED = "completed"
COMPLETED_WITH_ERRORS = "completed_with_errors"
ABORTED = "aborted"

# Counts of a record, by the sums of the promises: queried = unchanged + changed_not_sent + duplicates + expired +
# rejected + to_send, and to_send + carried_in = accepted + refused + carried_out + superseded.
QUERIED_PARTS = ["unchanged", "changed_not_sent", "duplicates", "expired", "rejected", "to_send"]
FATES = ["accepted", "refused", "carried_out", "superseded"]


def counts(record: dict) -> dict:
    """The counts of a record; one that it leaves out is 0."""
    found = record["counts"]
    return {name: found.get(name, 0) for name in ["queried", "carried_in", *QUERIED_PARTS, *FATES]}


def sums_hold(record: dict) -> None:
    """Every row is accounted for exactly once."""
    found = counts(record)
    assert found["queried"] == sum(found[name] for name in QUERIED_PARTS), found
    assert found["to_send"] + found["carried_in"] == sum(found[name] for name in FATES), found


def completed(record: dict, export: Export) -> None:
    """The export was delivered, and its bad rows are rejected."""
    assert record["status"] == (COMPLETED_WITH_ERRORS if export.rejected else COMPLETED), record
    found = counts(record)
    assert found["queried"] == export.rows, found
    assert found["rejected"] == sum(export.rejected.values()), (found, export.rejected)
    assert found["expired"] == export.expired, found
    assert found["accepted"] == found["to_send"] == len(export.accepted), found
    sums_hold(record)


def unchanged(record: dict, export: Export) -> None:
    """Nothing of the export was new: every row that was delivered before is unchanged, nothing is sent."""
    found = counts(record)
    assert found["unchanged"] == len(export.accepted), found
    assert found["to_send"] == found["accepted"] == 0, found
    sums_hold(record)


def aborted(record: dict, *words: str) -> None:
    """The run ended as aborted, and its reason holds these words."""
    assert record["status"] == ABORTED, record
    reason = record["reason"]
    assert isinstance(reason, str) and reason, record
    for word in words:
        assert word.lower() in reason.lower(), reason


def delivered(events: list[dict], ids: set[str], source: str = "C4A1EXAMPLEPIXEL0001") -> None:
    """The sandbox holds exactly these events, and nothing that identifies a person in the clear."""
    held = [event["event_id"] for event in events]
    missing, extra = ids - set(held), set(held) - ids
    assert not missing and not extra, f"missing {len(missing)}: {sorted(missing)[:5]}, extra {len(extra)}: {sorted(extra)[:5]}"
    assert len(held) == len(ids), "an event is held twice"
    assert {event["event_source_id"] for event in events} <= {source}
    text = str(events)
    assert "@" not in text and "+49151" not in text, "an address or a phone number went out in the clear"


def received_once(events: list[dict]) -> None:
    """Nothing was sent twice."""
    again = [event["event_id"] for event in events if event["received"] != 1]
    assert not again, f"sent more than once: {again[:5]} and {len(again)} in all"
