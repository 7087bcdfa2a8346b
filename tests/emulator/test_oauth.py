"""Connecting TikTok on the deployed template: links of the command line, the HTTP API, the sandbox's page, a browser."""

import json
import time
import urllib.parse

import business_api_client
import pytest

from . import exports, expect, servers
from .browsing import Browser, Chromium
from .connected import APP, SECRET, Connected
from .stack import until
from .test_wiring import DENIED, Role

PICTURES = servers.ROOT / "target" / "oauth-pages"
CANARIES: set[str] = set()


class Installation(Connected):
    """An installation that remembers what must be seen nowhere."""

    def __init__(self, pipeline):
        super().__init__(pipeline)
        CANARIES.add(self.key)

    def connect(self, name: str) -> list:
        """The whole dance; every answer of it."""
        answers = Browser().follow(self.link(name))
        assert answers[-1].status == 200, answers[-1]
        CANARIES.update({self.secret(name)["access_token"], answers[1].parameter("auth_code"), answers[1].parameter("state")})
        return answers


@pytest.fixture(scope="module")
def installation(pipeline):
    return Installation(pipeline)


def failed(answers, why: str, status: int) -> None:
    """The dance ended on this failure's page, at an address without a code."""
    last = answers[-1]
    assert (last.url.rsplit("/", 1)[1], last.status) == (f"failed?why={why}", status), last
    assert "What to do next" in last.body
    assert_headers(last)


def assert_headers(answer) -> None:
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_link_becomes_a_connected_destination(installation):
    answers = installation.connect("shop")
    start, tiktok, back, done = answers
    assert [answer.status for answer in answers] == [302, 302, 303, 200]
    assert start.location.startswith(f"{installation.pipeline.sandbox.url}/portal/auth?")
    assert tiktok.location.startswith(f"{installation.address}/oauth/callback?")
    assert done.url == f"{installation.address}/oauth/done"
    for answer in (start, back, done):
        assert_headers(answer)
    for part in ("Authorization successful", "<b>shop</b>", "Sandbox account 1", "7100000000000000002",
                 f"tideline/{installation.stack.bucket}/destinations/shop"):
        assert part in done.body
    kept = installation.secret("shop")
    assert [account["id"] for account in kept["accounts"]] == ["7100000000000000001", "7100000000000000002"]
    assert "7224195155857866754" in kept["scopes"] and kept["app_id"] == APP
    listed = {each["name"]: each for each in installation.tideline("destinations", "--endpoint", installation.pipeline.sandbox.url)}
    assert listed["shop"]["health"] == "ok"


def test_connecting_again_keeps_the_token_before_for_a_rollback(installation):
    installation.connect("twice")
    first = installation.secret("twice")["access_token"]
    installation.connect("twice")
    name = f"tideline/{installation.stack.bucket}/destinations/twice"
    before = installation.stack.secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"]
    assert json.loads(before)["access_token"] == first != installation.secret("twice")["access_token"]


def test_a_name_that_was_deleted_can_be_used_again_at_once(installation):
    installation.connect("reborn")
    endpoint = installation.pipeline.sandbox.url
    gone = installation.tideline("disconnect", "reborn", "--endpoint", endpoint, stdin="reborn\n")
    assert gone == [{"name": "reborn", "revoked": True, "deleted": True, "syncs": []}]
    assert not installation.is_connected("reborn")
    installation.connect("reborn")
    # And one that a person has scheduled for deletion.
    installation.stack.secrets.delete_secret(SecretId=f"tideline/{installation.stack.bucket}/destinations/reborn", RecoveryWindowInDays=7)
    installation.connect("reborn")


def test_forged_replayed_and_swapped_states_connect_nothing(installation):
    browser, other = Browser(), Browser()
    link = installation.link("victim")
    back, theirs = browser.authorise(link), other.authorise(link)
    callback = f"{installation.address}/oauth/callback"
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
    CANARIES.update({query["state"], query["auth_code"], *browser.jar["127.0.0.1"].values()})

    def come(browser, **changed):
        return browser.follow(f"{callback}?{urllib.parse.urlencode({**query, **changed})}")
    failed(browser.follow(callback), "no-state", 400)
    failed(come(browser, state="x"), "state", 400)
    failed(come(browser, state=query["state"].replace("victim", "prey")), "state", 400)
    failed(browser.follow(theirs), "browser", 403)
    failed(come(other), "browser", 403)
    failed(come(Browser()), "browser", 403)
    failed(browser.follow(f"{callback}?state={query['state']}"), "refused", 400)
    for changed in (link.replace("victim", "prey"), link[:-1], f"{installation.address}/oauth/start"):
        page = browser.get(changed)
        assert page.status == 400 and "This link is not valid" in page.body and page.location is None
    assert not installation.is_connected("victim") and not installation.is_connected("prey")
    assert come(browser)[-1].status == 200
    failed(come(browser), "used", 409)


@pytest.mark.parametrize(("code", "why", "status"), [(40110, "code", 400), (40101, "app", 502), (50000, "tiktok", 502)])
def test_what_tiktok_refuses_has_its_page_and_stores_nothing(installation, code, why, status):
    installation.sandbox("faults", [{"path": "/oauth2/access_token/", "code": code}])
    try:
        failed(Browser().follow(installation.link("unlucky")), why, status)
    finally:
        installation.sandbox("faults", [])
    assert not installation.is_connected("unlucky")


def test_whoever_cancels_is_told_what_to_do(installation):
    installation.sandbox("settings", {"authorize": "refuse"})
    try:
        failed(Browser().follow(installation.link("unwilling")), "refused", 400)
    finally:
        installation.sandbox("settings", {"authorize": "grant"})
    assert not installation.is_connected("unwilling")


def test_a_pasted_token_is_checked_before_it_is_stored(installation):
    endpoint = installation.pipeline.sandbox.url
    installation.tideline("connect", "pasted", "--token", "-", "--endpoint", endpoint, stdin="no-such-token", code=1)
    assert not installation.is_connected("pasted")
    told = installation.tideline("connect", "pasted", "--token", "-", "--endpoint", endpoint, stdin="sandbox-token\n")
    assert told[0]["connected"] and installation.secret("pasted")["access_token"] == "sandbox-token"


def test_a_token_that_dies_ends_the_run_and_all_goes_by_itself_after_connecting_again(installation):
    pipeline, stack, sync = installation.pipeline, installation.stack, "web-mortal"
    installation.connect("mortal")
    stack.put(f"syncs/{sync}.yaml", exports.spec(sync, 100).replace("destination: acme", "destination: mortal"))
    several = [exports.export(600, seed=seed, prefix="mortal", bad_percent=0) for seed in range(70, 73)]

    def drop(number: int) -> None:
        stack.put(f"models/{sync}/{number}.csv", several[number].body)
    drop(0)
    expect.completed(stack.next_record(sync, set(), 90), several[0])
    before = refusals(pipeline)
    installation.sandbox("settings", {"tokens": {installation.secret("mortal")["access_token"]: {"revoked": True}}})
    known = set(stack.records(sync))
    drop(1)
    record = stack.next_record(sync, known, 90)
    assert record["status"] == "needs_reauthorisation" and "connect" in record["reason"], record
    assert expect.counts(record)["carried_out"] == 600
    expect.sums_hold(record)
    known = set(stack.records(sync))
    drop(2)
    time.sleep(5)
    stack.settle(60)
    assert set(stack.records(sync)) == known, "a run began although the token is dead"
    # One call for each of those in flight at that moment, and none afterwards.
    assert 1 <= refusals(pipeline) - before <= 16
    installation.connect("mortal")
    everything = set().union(*(export.accepted for export in several))
    assert until(lambda: len(pipeline.events("mortal")) == len(everything), 120), stack.function_logs()
    expect.delivered(pipeline.events("mortal"), everything)
    expect.received_once(pipeline.events("mortal"))


def refusals(pipeline, code: int = 40105) -> int:
    """Event calls that TikTok answered with this code."""
    return pipeline.calls().get("/open_api/v1.3/event/track/", {}).get(str(code), 0)


@pytest.mark.parametrize(("code", "words"), [
    (40102, "connect the destination again"), (40104, "connect the destination again"),
    (40001, "connect again"), (40118, "allowlist"),
])
def test_each_way_to_lose_the_right_to_send_ends_the_run_once_and_keeps_its_rows(installation, code, words):
    pipeline, stack, sync, name = installation.pipeline, installation.stack, f"web-lost-{code}", f"lost-{code}"
    installation.connect(name)
    stack.put(f"syncs/{sync}.yaml", exports.spec(sync, 50).replace("destination: acme", f"destination: {name}"))
    export = exports.export(500, seed=code, prefix=f"lost{code}", bad_percent=0)
    before = refusals(pipeline, code)
    installation.sandbox("faults", [{"path": "/event/track/", "code": code, "contains": f"lost{code}-"}])
    try:
        stack.put(f"models/{sync}/1.csv", export.body)
        record = stack.next_record(sync, set(), 90)
        stack.settle(60)
    finally:
        installation.sandbox("faults", [])
    assert record["status"] == "needs_reauthorisation" and words in record["reason"] and str(code) in record["reason"], record
    assert expect.counts(record)["carried_out"] == 500
    assert 1 <= refusals(pipeline, code) - before <= 16
    installation.connect(name)
    assert until(lambda: len(pipeline.events(f"lost{code}")) == 500, 90), stack.function_logs()
    expect.received_once(pipeline.events(f"lost{code}"))


def test_the_official_client_library_works_with_the_sandbox(installation):
    """Unchanged, but for the host: the exchange, the list of accounts, and the code that was used."""
    configuration = business_api_client.Configuration()
    configuration.host = installation.pipeline.sandbox.url
    api = business_api_client.AuthenticationApi(business_api_client.ApiClient(configuration))
    page = f"{configuration.host}/portal/auth?" + urllib.parse.urlencode({"app_id": APP, "redirect_uri": "https://x.example/", "state": "s"})
    body = business_api_client.Oauth2AccessTokenBody(app_id=APP, secret=SECRET, auth_code=Browser().get(page).parameter("auth_code"))
    data = api.oauth2_access_token(body=body)["data"]
    listed = api.oauth2_advertiser_get(APP, SECRET, data["access_token"])["data"]["list"]
    assert [each["advertiser_id"] for each in listed] == data["advertiser_ids"]
    with pytest.raises(Exception, match="40110"):
        api.oauth2_access_token(body=body)


def test_a_browser_goes_through_and_every_page_is_pictured(installation, tmp_path):
    chromium = Chromium(tmp_path)
    page = chromium.text(installation.link("browsed"))
    assert "Authorization successful" in page and "<b>browsed</b>" in page
    assert installation.secret("browsed")["accounts"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    pictures = [chromium.picture(installation.link("browsed"), "success", size, scheme)
                for size in Chromium.SIZES for scheme in Chromium.SCHEMES]
    source = (servers.ROOT / "functions" / "oauth-callback" / "src" / "failure.rs").read_text()
    reasons = [line.strip().strip('",') for line in source.splitlines() if line.startswith(" " * 16 + '"')]
    slugs = [each for each in reasons if each.replace("-", "").isalpha() and each.islower()]
    assert len(slugs) == 15, slugs
    for number, why in enumerate(slugs):
        size, scheme = list(Chromium.SIZES)[number % 2], list(Chromium.SCHEMES)[number // 2 % 2]
        pictures.append(chromium.picture(f"{installation.address}/oauth/failed?why={why}", f"failed-{why}", size, scheme))
    for picture in pictures:
        assert picture.stat().st_size > 5_000, picture
        picture.replace(PICTURES / picture.name)


def test_no_token_code_state_or_key_is_in_a_log_or_an_object(installation):
    stack, logs = installation.stack, installation.stack.client("logs")
    installation.connect("watched")
    said = "".join(event["message"] for name in ("IngestLogGroup", "DeliverLogGroup", "OauthCallbackLogGroup")
                   for event in logs.filter_log_events(logGroupName=stack.outputs[name])["events"])
    assert "connected" in said
    held = "".join(key + stack.read(key).decode(errors="replace") for key in stack.keys("") if not key.startswith(("models/", "batches/")))
    assert len(CANARIES) >= 4
    for canary in {SECRET, *CANARIES}:
        assert canary not in said and canary not in held


def test_the_endpoint_sees_no_row_no_head_and_no_other_installation(wiring):
    """Its role, as the emulator enforces it. The recorder in its place is woken by a request."""
    Browser().get(f"{wiring.emulator.url}/_aws/execute-api/{wiring.outputs['OauthApi']}/$default/oauth/start")
    for key in ("models/a/role.csv", "batches/s/r/role.jsonl", "state/s/head.json", "syncs/role.yaml", "oauth/used/role"):
        wiring.put(key, "x")
    role, mine = Role(wiring, "oauth-callback"), f"tideline/{wiring.bucket}"
    assert [role.get(key) for key in ("models/a/role.csv", "batches/s/r/role.jsonl", "state/s/head.json", "oauth/used/role")] == [DENIED] * 4
    assert [role.put(key) for key in ("syncs/role.yaml", "models/a/x.csv", "state/s/head.json", "state/connections/a/dead/v.json")] == [DENIED] * 4
    assert role.delete("oauth/used/role") == DENIED
    assert role.get("syncs/role.yaml") == "ok" and role.put("wake/role.json") == "ok" and role.put("oauth/used/new") == "ok"

    def listing(prefix):
        return role.answer(role.s3.list_objects_v2, Bucket=wiring.bucket, Prefix=prefix)
    assert listing("syncs/") == "ok" and listing("models/") == listing("") == DENIED
    for name in (f"{mine}/fingerprint-key", "tideline/other-installation/destinations/acme"):
        wiring.secrets.create_secret(Name=f"{name}-x" if name.endswith("key") else name, SecretString="x")
        assert role.secret(f"{name}-x" if name.endswith("key") else name) != "ok"
    assert role.secret(f"{mine}/link-key") == "ok"
    assert role.answer(role.secrets.put_secret_value, SecretId=f"{mine}/link-key", SecretString="x") != "ok"
