# SPDX-License-Identifier: MIT
"""What a record of `bindsim scan --show=programs,notes,objects` and the report of a run of its own say alike."""


def of_record(record: dict) -> dict:
    """What the RECORD of a program says."""
    return {
        "findings": sorted((finding["rule"], finding["level"], finding["step"], *(finding[side] and finding[side]["name"] or ""
                            for side in ("from", "to")), finding["symbols"], tuple(finding["examples"]))
                           for finding in record["findings"]),
        "refusals": [refusal["message"] for refusal in record["refusals"]],
        "loaded": sorted(record.get("loaded", [])),
        "machine": record["machine"],
        "loader": record["loader"],
    }


def of_report(report: dict) -> dict:
    """The same of the REPORT that --format=json --show=findings,objects,steps,mapped writes."""
    objects = {made["id"]: made for made in report["objects"]}

    reached = [step for step in report["steps"] if step["state"] != "not-reached"]

    def name(number):
        return "" if number is None else objects[number]["name"]

    return {
        "findings": sorted((finding["rule"], finding["level"], finding["step"], name(finding["from"]), name(finding["to"]),
                            finding["counts"]["symbols"], tuple(example["symbol"] for example in finding["examples"]))
                           for finding in report["findings"]),
        "refusals": [step["message"] for step in report["steps"] if step["state"] == "failed"],
        "loaded": sorted(objects[number]["name"] for number in reached[-1]["mapped"]
                         if objects[number]["role"] != "vdso"),
        "machine": report["question"]["machine"],
        "loader": report["question"]["loader_title"],
    }
