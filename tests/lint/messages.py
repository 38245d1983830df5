"""Each message of proto/messages has a schema and a golden sample, and the sample fits.

    python3 tests/lint/messages.py [folder]

Also shows that the schemas refuse something: each required field taken away, and each changed to another type, must
not fit. Exit status 1 with one line for each fault.
"""

import copy
import json
import sys
from pathlib import Path

import jsonschema

root = Path(__file__).resolve().parents[2]
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "proto/messages"
faults = []


def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


schemas = {p.name.removesuffix(".schema.json"): p for p in sorted(folder.glob("*.schema.json"))}
samples = {p.name.removesuffix(".sample.json"): p for p in sorted(folder.glob("*.sample.json"))}
for name in sorted(schemas.keys() ^ samples.keys()):
    faults.append(f"{name}: has a schema or a sample, but not both")
if not schemas:
    faults.append(f"{folder}: no schemas")

asyncapi = (root / "proto/asyncapi.yaml").read_text()
for name in sorted(schemas.keys() & samples.keys()):
    check = validator(json.loads(schemas[name].read_text()))
    sample = json.loads(samples[name].read_text())
    for error in check.iter_errors(sample):
        faults.append(f"{name}: /{'/'.join(map(str, error.absolute_path))}: {error.message}")
    for field in check.schema.get("required", []):
        without = {k: v for k, v in sample.items() if k != field}
        other = copy.deepcopy(sample)
        other[field] = [sample[field]]
        if check.is_valid(without) or check.is_valid(other):
            faults.append(f"{name}: a sample without /{field}, or with another type there, passes")
    if name != "job_spec.v1" and f"messages/{name}.schema.json" not in asyncapi:
        faults.append(f"{name}: proto/asyncapi.yaml does not mention it")

for fault in faults:
    print(fault)
print(f"{len(schemas)} schemas, {len(samples)} samples, {len(faults)} faults")
sys.exit(1 if faults else 0)
