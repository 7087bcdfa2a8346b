"""Custom audiences by TikTok's official client library, unchanged but for the host, against the sandbox alone."""

import hashlib
import json
import urllib.request

import business_api_client as library
import pytest

from .pipeline import TOKEN
from .servers import get_json

ADVERTISER, OTHER = "7100000000000000001", "7100000000000000002"
NOON, DAY = 1785585600, 86400  # 2026-08-01 12:00:00 UTC, and seconds


def digests(start: int, count: int) -> list[str]:
    """So many made-up digests, all different."""
    return [hashlib.sha256(f"person-{number}".encode()).hexdigest() for number in range(start, start + count)]


class Client:
    """The library's audience calls for one advertiser; each answers its `data`."""

    def __init__(self, url: str, folder):
        configuration = library.Configuration()
        configuration.host = url
        self.url, self.folder = url, folder
        self.api = library.AudienceApi(library.ApiClient(configuration))

    def upload(self, lines: list[str], kind: str = "EMAIL_SHA256", name: str = "ids.csv", **changed):
        """Uploads a file of these lines; `changed` replaces arguments of the call."""
        file = self.folder / name
        file.write_text("".join(f"{line}\n" for line in lines))
        arguments = {"advertiser_id": ADVERTISER, "file": str(file), "calculate_type": kind,
                     "file_signature": hashlib.md5(file.read_bytes()).hexdigest(), **changed}
        return self.api.dmp_custom_audience_file_upload(TOKEN, **arguments)["data"]

    def create(self, lines: list[str], kind: str = "EMAIL_SHA256", **more) -> str:
        """An audience of one file; its id."""
        path = self.upload(lines, kind)["file_path"]
        body = library.CustomAudienceCreateBody(advertiser_id=ADVERTISER, custom_audience_name="VIP buyers",
                                                file_paths=[path], calculate_type=kind, **more)
        return self.api.dmp_custom_audience_create(TOKEN, body=body)["data"]["custom_audience_id"]

    def update(self, audience: str, advertiser: str = ADVERTISER, **change):
        body = library.CustomAudienceUpdateBody(advertiser_id=advertiser, custom_audience_id=audience, **change)
        return self.api.dmp_custom_audience_update(TOKEN, body=body)["data"]

    def delete(self, *audiences: str, advertiser: str = ADVERTISER):
        body = library.CustomAudienceDeleteBody(advertiser_id=advertiser, custom_audience_ids=list(audiences))
        return self.api.dmp_custom_audience_delete(TOKEN, body=body)["data"]

    def apply(self, audience: str, **change):
        body = library.CustomAudienceApplyBody(advertiser_id=ADVERTISER, custom_audience_id=audience, **change)
        return self.api.dmp_custom_audience_apply(TOKEN, body=body)["data"]

    def listing(self, **query):
        return self.api.dmp_custom_audience_list(ADVERTISER, TOKEN, **query)["data"]

    def get(self, *audiences: str, **query):
        return self.api.dmp_custom_audience_get(ADVERTISER, list(audiences), TOKEN, **query)["data"]["list"]

    def control(self, path: str, body) -> None:
        """A call of the sandbox's control side."""
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data=json.dumps(body).encode(), method="POST")
        urllib.request.urlopen(request, timeout=30).read()

    def held(self) -> dict[str, dict[str, list[str]]]:
        """The ids that the sandbox holds, by audience and kind."""
        return {audience["audience_id"]: audience["ids"] for audience in get_json(f"{self.url}/_sandbox/audiences")}


@pytest.fixture
def client(sandbox, tmp_path):
    """A client of a sandbox that has forgotten everything and stands still."""
    client = Client(sandbox.url, tmp_path)
    client.control("reset", {})
    client.control("settings", {"clock": NOON})
    yield client
    client.api.api_client.pool.close()


def refused(code: int):
    return pytest.raises(Exception, match=f"Error Code: {code},")


def test_an_uploaded_file_becomes_an_audience_that_is_listed(client):
    people = digests(0, 1200)
    audience = client.create(people, audience_enhancement=True, retention_in_days=30)
    assert client.held() == {audience: {"EMAIL_SHA256": sorted(people)}}
    listed = client.listing()
    assert listed["page_info"] == {"page": 1, "page_size": 10, "total_number": 1, "total_page": 1}
    shown = listed["list"][0]
    expected = {"audience_id": audience, "name": "VIP buyers", "audience_type": "Customer File Audience", "cover_num": 1200,
                "calculate_type": "EMAIL_SHA256", "is_valid": True, "is_expiring": True, "owner_id": ADVERTISER,
                "create_time": "2026-08-01 12:00:00", "expired_time": "2026-08-31 12:00:00"}
    assert {key: shown[key] for key in expected} == expected
    details = client.get(audience)[0]["audience_details"]
    assert details["type"] == "Customer File Audience" and details["audience_enhancement"] is True


def test_a_file_of_several_types_is_kept_by_kind_and_counted_by_users(client):
    emails, phones, devices = digests(0, 600), digests(1000, 600), digests(2000, 500)
    rows = [",".join(row) for row in zip(emails, phones, [*devices, *[""] * 100])]
    audience = client.create(["email_SHA256,phone_SHA256,MAID", *rows], "MULTIPLE_TYPES")
    assert client.held()[audience] == {"EMAIL_SHA256": sorted(emails), "PHONE_SHA256": sorted(phones), "MAID_SHA256": sorted(devices)}
    shown = client.listing()["list"][0]
    assert (shown["cover_num"], shown["is_valid"]) == (600, True)


def test_uploads_that_tiktok_refuses(client):
    person = digests(0, 1)
    for code, change in [
        (40900, {"file_signature": "0" * 32}),
        (40906, {"lines": []}),
        (40908, {"name": "ids.CSV"}),
        (40909, {"kind": "AAID_SHA256"}),
        (40915, {"lines": ["ana@example.com"]}),
    ]:
        with refused(code):
            client.upload(**{"lines": person, **change})
    path = client.upload(person, "FIRST_SHA256", "ids.txt", file_name="people.txt")["file_path"]
    assert path.startswith(f"custom_audience/{ADVERTISER}/")


def test_updates_replace_append_and_remove_once_a_day(client):
    audience = client.create(digests(0, 1500))
    expected = set(digests(0, 1500))
    for action, people in [("REMOVE", digests(0, 500)), ("APPEND", digests(5000, 10)), ("REPLACE", digests(9000, 1000))]:
        paths = [client.upload(people)["file_path"]]
        with refused(40002):  # this day's file has come
            client.update(audience, file_paths=paths, action=action)
        client.control("settings", {"advance_seconds": DAY - 1})
        paths = [client.upload(people)["file_path"]]
        client.control("settings", {"advance_seconds": 1})
        assert client.update(audience, file_paths=paths, action=action) == {}
        expected = {"REMOVE": expected - set(people), "APPEND": expected | set(people), "REPLACE": set(people)}[action]
        assert set(client.held()[audience]["EMAIL_SHA256"]) == expected
    client.control("settings", {"advance_seconds": DAY})
    with refused(40002):  # 999 would be left
        client.update(audience, file_paths=[client.upload(digests(9000, 1))["file_path"]], action="REMOVE")
    client.update(audience, custom_audience_name="Gold")
    assert client.listing()["list"][0]["name"] == "Gold"


def test_an_audience_that_computes_takes_no_update(client):
    client.control("settings", {"processing_ms": 60_000})
    audience = client.create(digests(0, 1000))
    shown = client.listing()["list"][0]
    assert (shown["is_valid"], shown["cover_num"]) == (False, 0)
    with pytest.raises(Exception, match="Audience is not editable, please check audience status"):
        client.update(audience, custom_audience_name="Gold")
    client.control("settings", {"advance_seconds": 60})
    client.update(audience, custom_audience_name="Gold")
    shown = client.listing()["list"][0]
    assert (shown["is_valid"], shown["cover_num"], shown["name"]) == (True, 1000, "Gold")


def test_an_audience_of_999_never_becomes_valid(client):
    client.create(digests(0, 999))
    shown = client.listing()["list"][0]
    assert (shown["is_valid"], shown["cover_num"]) == (False, 999)


def test_lists_have_pages_and_leave_out_unknown_ids(client):
    audiences = [client.create(digests(number, 1)) for number in range(5)]

    def ids(**query):
        return [audience["audience_id"] for audience in client.listing(**query)["list"]]
    assert ids(page=2, page_size=2) == audiences[2:4]
    assert client.listing(page=2, page_size=2)["page_info"] == {"page": 2, "page_size": 2, "total_number": 5, "total_page": 3}
    assert ids(custom_audience_ids=["1", audiences[3], audiences[0]]) == [audiences[0], audiences[3]]
    assert ids(custom_audience_ids=["1"]) == []
    with refused(40002):
        client.listing(page_size=101)
    with refused(40007):
        client.get(audiences[0], "1")


def test_applied_audiences_say_so_in_their_history(client):
    audience = client.create(digests(0, 1000))
    with refused(40002):  # usage_mode is missing
        client.apply(audience, adgroup_ids=["1"], action_mode="Apply")
    assert client.apply(audience, adgroup_ids=["1", "2"], action_mode="Apply", usage_mode="Exclude") == {}
    assert client.apply(audience, adgroup_ids=["1"], action_mode="Disconnect") == {}
    history = client.get(audience)[0]["audience_history"]
    assert [change["action"] for change in history] == ["DISCONNECT", "APPLY", "CREATE"]
    assert [change["action"] for change in client.get(audience, history_size=1)[0]["audience_history"]] == ["DISCONNECT"]


def test_deleting_is_all_or_nothing(client):
    audiences = [client.create(digests(number, 1)) for number in range(3)]
    with refused(40007):
        client.delete(audiences[0], "1")
    assert list(client.held()) == audiences
    assert client.delete(*audiences[:2]) == {}
    assert list(client.held()) == audiences[2:]


def test_audiences_and_files_belong_to_one_advertiser(client):
    audience = client.create(digests(0, 1000))
    theirs = client.upload(digests(0, 1000), advertiser_id=OTHER)["file_path"]
    client.control("settings", {"second_upload": "accept"})
    with refused(40001):
        client.update(audience, file_paths=[theirs])
    with refused(40001):
        client.update(audience, advertiser=OTHER, custom_audience_name="Mine")
    with refused(40001):
        client.delete(audience, advertiser=OTHER)
    client.control("settings", {"tokens": {TOKEN: {"advertisers": [OTHER]}}})
    with refused(40001):
        client.listing()


@pytest.mark.parametrize(("code", "path", "body"), [
    (40105, "settings", {"tokens": {TOKEN: {"revoked": True}}}),
    (40001, "settings", {"tokens": {TOKEN: {"scopes": [31]}}}),  # it may write, not read
    (40100, "limits", {"per_second": {"/dmp/custom_audience/list/": 0}}),
])
def test_dead_tokens_missing_scopes_and_limits_reach_the_library_as_codes(client, code, path, body):
    client.listing()
    client.control(path, body)
    with refused(code):
        client.listing()


def test_the_library_has_no_calls_of_the_segment_api(client):
    """Or else they belong into this file. Until then they are tested by plain HTTP, in the sandbox's own tests."""
    apis = [getattr(library, name) for name in dir(library) if name.endswith("Api")]
    calls = {call for api in apis for call in dir(api)}
    assert "dmp_custom_audience_create" in calls
    assert [call for call in calls if call.startswith("segment")] == []
