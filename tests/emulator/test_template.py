"""What the template promises, read from the template: permissions as reviewed, and nothing expires that a run needs."""

import pathlib
import re

import pytest
import yaml

TEMPLATE = pathlib.Path(__file__).resolve().parents[2] / "infra" / "template.yaml"
POLICIES = TEMPLATE.with_name("policies.md")


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions: `!Sub x` becomes `{"Sub": x}`."""


def short_function(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    return {tag: loader.construct_sequence(node, deep=True)}


Loader.add_multi_constructor("!", short_function)


@pytest.fixture(scope="module")
def template():
    return yaml.load(TEMPLATE.read_text(), Loader)  # a safe loader


def listed(value):
    return value if isinstance(value, list) else [value]


def short(resource):
    """`models/*` for a place in the bucket, `bucket` for the bucket itself, `IngestQueue` for a resource of the template."""
    if isinstance(resource, dict):
        name, value = next(iter(resource.items()))
        if name == "GetAtt":
            return value.removesuffix(".Arn")
        resource = value
    if resource.endswith(":::${BucketName}"):
        return "bucket"
    return re.sub(r"^arn:.*(:::\$\{BucketName\}/|:secret:)", "", resource).replace("${BucketName}", "BUCKET")


def granted(template):
    """Every (role, action, resource) of the template's roles."""
    found = set()
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        properties = resource["Properties"]
        assert "ManagedPolicyArns" not in properties
        for policy in properties["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                found |= {(name.removesuffix("Role").lower(), action, short(place))
                          for action in listed(statement["Action"]) for place in listed(statement["Resource"])}
    return found


def reviewed():
    """The table of policies.md: `| role | actions | resources | why |`."""
    found = set()
    for line in POLICIES.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[0] in ("ingest", "deliver", "oauthcallback", "housekeeping"):
            assert cells[3], f"no reason: {line}"
            names = [re.findall(r"`([^`]+)`", cell) for cell in cells[1:3]]
            found |= {(cells[0], action, place) for action in names[0] for place in names[1]}
    return found


def test_every_permission_is_in_the_reviewed_table_and_the_other_way_round(template):
    assert granted(template) == reviewed()


def test_no_permission_has_a_wildcard_for_its_action_or_its_whole_resource(template):
    for role, action, place in granted(template):
        assert "*" not in action, (role, action)
        assert place not in ("*", "/*"), (role, action, place)


def test_both_functions_may_list_without_a_condition(template):
    """Else S3 calls every absent object forbidden. The emulator does not, so that only the template can be asked."""
    for name in ("IngestRole", "DeliverRole"):
        policy = template["Resources"][name]["Properties"]["Policies"][0]["PolicyDocument"]
        listing = [s for s in policy["Statement"] if "s3:ListBucket" in listed(s["Action"])]
        assert len(listing) == 1 and "Condition" not in listing[0]


def test_every_function_has_a_role_of_its_own(template):
    functions = {n: r for n, r in template["Resources"].items() if r["Type"] == "AWS::Serverless::Function"}
    assert {n: r["Properties"]["Role"] for n, r in functions.items()} == {
        n: {"GetAtt": f"{n}Role.Arn"} for n in functions}
    assert not any("Policies" in r["Properties"] for r in functions.values())


def test_every_variable_of_the_template_is_a_setting_that_the_functions_read(template):
    settings = (TEMPLATE.parents[1] / "shared" / "runtime" / "src" / "settings.rs").read_text()
    given = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            given |= resource["Properties"].get("Environment", {"Variables": {}})["Variables"]
    assert given.keys() <= set(re.findall(r'"(TIDELINE_[A-Z_]+)"', settings))


def rules(template):
    return template["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]


@pytest.mark.parametrize("kept", ["models/", "identities/", "syncs/", "pending/", "state/", "runs/"])
def test_no_rule_ends_what_a_run_or_a_person_needs(template, kept):
    for rule in rules(template):
        prefix = rule.get("Prefix", "")
        if kept.startswith(prefix) or prefix.startswith(kept):
            assert "ExpirationInDays" not in rule and "ExpirationDate" not in rule, rule["Id"]


def test_batches_outlive_the_longest_age_of_a_row(template):
    by_prefix = {rule.get("Prefix"): rule for rule in rules(template)}
    for prefix in ("batches/", "outcomes/", "manifests/", "work/", "tasks/", "progress/"):
        assert by_prefix[prefix]["ExpirationInDays"] == {"Ref": "WorkRetentionDays"}
    assert template["Parameters"]["WorkRetentionDays"]["MinValue"] >= 35


def test_raw_rows_end_after_their_own_time(template):
    by_prefix = {rule.get("Prefix"): rule for rule in rules(template)}
    assert by_prefix["rejected/"]["ExpirationInDays"] == {"Ref": "RejectedRetentionDays"}
    assert by_prefix["rejected/"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_a_message_is_invisible_for_six_times_the_time_out_of_its_function(template):
    timing = template["Mappings"]["Timing"]["standard"]
    assert timing["IngestVisibility"] == 6 * timing["IngestTimeout"]
    assert timing["DeliverVisibility"] == 6 * timing["DeliverTimeout"]
    for quick in [template["Mappings"]["Timing"]["quick"]]:  # Lambda refuses a queue that is shorter than its function
        assert quick["IngestVisibility"] >= quick["IngestTimeout"]
        assert quick["DeliverVisibility"] >= quick["DeliverTimeout"]


def test_dead_letters_are_kept_longer_than_messages_and_are_watched(template):
    resources = template["Resources"]
    queues = {n: r["Properties"] for n, r in resources.items() if r["Type"] == "AWS::SQS::Queue"}
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())
    for name in ("Ingest", "Deliver"):
        letters = f"{name}DeadLetters"
        assert queues[f"{name}Queue"]["RedrivePolicy"]["deadLetterTargetArn"] == {"GetAtt": f"{letters}.Arn"}
        assert queues[letters]["MessageRetentionPeriod"] == 14 * 86400 > queues[f"{name}Queue"]["MessageRetentionPeriod"]
        watched = {r["Properties"]["MetricName"] for r in resources.values() if r["Type"] == "AWS::CloudWatch::Alarm"
                   and r["Properties"].get("Dimensions", [{"Value": None}])[0]["Value"] == {"GetAtt": f"{letters}.QueueName"}}
        assert watched == {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}


def test_the_bucket_is_private_encrypted_versioned_and_survives_its_stack(template):
    bucket = template["Resources"]["Bucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in properties
    denied = template["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert any(s["Effect"] == "Deny" and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for s in denied)


def test_only_the_endpoint_writes_tokens_and_it_sees_nothing_but_specs_of_the_bucket(template):
    rights = granted(template)
    writers = {role for role, action, place in rights if "destinations" in place and action.endswith(("PutSecretValue", "CreateSecret"))}
    assert writers == {"oauthcallback"}
    assert {place for role, action, place in rights if role == "oauthcallback" and action == "s3:GetObject"} == {"syncs/*"}
    policy = template["Resources"]["OauthCallbackRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    listing = [s for s in policy["Statement"] if "s3:ListBucket" in listed(s["Action"])]
    assert [s["Condition"] for s in listing] == [{"StringLike": {"s3:prefix": "syncs/*"}}]


def test_access_logs_hold_no_address_and_the_door_is_throttled(template):
    stage = template["Resources"]["OauthStage"]["Properties"]
    variables = set(re.findall(r"\$context\.([A-Za-z.]+)", stage["AccessLogSettings"]["Format"]))
    assert variables == {"requestId", "requestTimeEpoch", "routeKey", "status"}
    assert set(stage["DefaultRouteSettings"]) == {"ThrottlingRateLimit", "ThrottlingBurstLimit"}


def test_the_door_has_four_pages_and_takes_nothing_but_get(template):
    routes = {r["Properties"]["RouteKey"] for r in template["Resources"].values() if r["Type"] == "AWS::ApiGatewayV2::Route"}
    assert routes == {f"GET /oauth/{page}" for page in ("start", "callback", "done", "failed")}


def test_a_run_that_needs_a_person_raises_one_alarm(template):
    """The line that a run ends with is counted; its words are the function's own."""
    resources = template["Resources"]
    counted = resources["NeedsReauthorisationMetric"]["Properties"]
    assert counted["FilterPattern"] == '{ $.status = "needs_reauthorisation" }'
    record = (TEMPLATE.parents[1] / "shared" / "sync-core" / "src" / "run" / "record.rs").read_text()
    assert 'Self::NeedsReauthorisation => "needs_reauthorisation"' in record
    assert counted["MetricTransformations"][0]["MetricName"] == resources["NeedsReauthorisationAlarm"]["Properties"]["MetricName"]
