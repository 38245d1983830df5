#!/usr/bin/env python3
"""Checks the systemd units: complete, accepted by systemd, and with the required restrictions.

Usage: systemd_units.py <folder of units> <CMakeLists.txt of the services>
"""
import pathlib
import re
import subprocess
import sys
import tempfile

REQUIRED = {
    "Type": "notify",
    "Restart": "always",
    "RestartPreventExitStatus": "78",
    "TimeoutStartSec": "infinity",
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "MemoryDenyWriteExecute": "yes",
    "LimitCORE": "0",
    "UMask": "0077",
}
PRESENT = {"WatchdogSec", "ExecStart", "EnvironmentFile", "User", "CapabilityBoundingSet", "SystemCallFilter"}
CREDENTIAL_OF = {  # unit → the credential that its secret must come from
    "lamda-reputation": "admin-wallet-key",
    "lamda-api-gateway": "operator-token",
    "lamda-job-dispatcher": "operator-token",
    "lamda-node-agent": "agent-key",
}
# Unit → the setting that refers to it; the others find their credentials themselves.
SETTING_OF = {"lamda-api-gateway": "OPERATOR_TOKEN_FILE", "lamda-job-dispatcher": "OPERATOR_TOKEN_FILE"}
MOST_EXPOSURE = 20  # in tenths, of `systemd-analyze security`


def keys_of(text):
    out = {}
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            out.setdefault(key, []).append(value)
    return out


def faults_of(path):
    text = path.read_text()
    keys = keys_of(text)
    faults = [f"{key}={value} is required" for key, value in REQUIRED.items() if keys.get(key) != [value]]
    faults += [f"{key} is missing" for key in sorted(PRESENT - keys.keys())]
    if keys.get("ExecStart") != [f"/usr/bin/{path.stem}"]:
        faults.append(f"ExecStart must be /usr/bin/{path.stem}")
    if "network-online.target" not in " ".join(keys.get("After", [])).split():
        faults.append("After=network-online.target is required")
    credential = CREDENTIAL_OF.get(path.stem)
    if credential and not any(line.startswith(f"{credential}:") for line in keys.get("LoadCredential", [])):
        faults.append(f"LoadCredential={credential}:… is required")
    setting = SETTING_OF.get(path.stem)
    if setting and f"{setting}=%d/{credential}" not in keys.get("Environment", []):
        faults.append(f"{setting} must come from the credential {credential} (%d/…)")
    faults += [f"a secret in the unit: {m}" for m in re.findall(r"^Environment=\S*(?:KEY|TOKEN|PASSWORD)=.*", text, re.M)]
    return faults


def analyze(*arguments):
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=600)
    return done.returncode, (done.stdout + done.stderr).strip()


def main(folder, services_list):
    units = sorted(pathlib.Path(folder).glob("*.service"))
    services = re.search(r"foreach\(service ([^)]*)\)", pathlib.Path(services_list).read_text()).group(1).split()
    wanted = {f"lamda-{name}" for name in services if name not in ("lamda", "devnet")}
    faults = []
    for name in sorted(wanted ^ {unit.stem for unit in units}):
        faults.append(f"{name}: a service without a unit, or a unit without a service")
    with tempfile.TemporaryDirectory() as scratch:
        for unit in units:
            faults += [f"{unit.name}: {fault}" for fault in faults_of(unit)]
            # The executables are not installed here; the rest of the unit is checked unchanged.
            copy = pathlib.Path(scratch) / unit.name
            copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M))
            status, text = analyze("verify", "--man=no", str(copy))
            # Also text without a status: for systemd an unknown key is only a warning.
            if status != 0 or unit.name in text:
                faults.append(f"{unit.name}: systemd-analyze verify: {text}")
            status, text = analyze("security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}", str(copy))
            if status != 0:
                faults.append(f"{unit.name}: more exposed than {MOST_EXPOSURE / 10}: {text.splitlines()[-1]}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(units)} units, {len(faults)} faults")
    return 1 if faults or not units else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
