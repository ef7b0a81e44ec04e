# What schemathesis holds beside its own checks: a request that the document allows is refused only for what no schema can
# say, by a problem that names the parameter.
import schemathesis

# Times that must be in order, numbers and switches that exclude each other, cursors, and texts in languages of their own.
JUDGED = {
    "since", "until", "last", "first", "all", "follow", "cursor", "columns", "limit", "order", "format", "from", "to",
    "uuid", "of", "against", "whitelist", "blacklist", "last-event-id", "by", "top", "step", "at", "incident", "field",
    "type", "node-name", "node-label", "label", "ip", "snat-ip", "fqdn", "http-path", "http-url", "cel-expression",
}


@schemathesis.check
def refusals_are_for_what_code_judges(ctx, response, case):
    mode = getattr(getattr(case.meta, "generation", None), "mode", None)
    if response.status_code != 400 or getattr(mode, "value", mode) != "positive":
        return None
    problem = response.json()
    field = str(problem.get("field", "")).removeprefix("not.").removeprefix("from-").removeprefix("to-")
    if field.split(".")[0] in JUDGED or "cannot be combined" in problem["detail"]:
        return None
    raise AssertionError(f"refused though the document allows it: {problem['detail']}")
