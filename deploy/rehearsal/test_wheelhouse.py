"""Set the shop up from a wheelhouse with the network cut off, and start a login. Needs root, for `unshare`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CUT_OFF = ["unshare", "--net", "sh", "-c"]
# In the namespace only its own loopback is up. `/readyz` tells whether the shop reaches the simulator.
WALK = """
set -eu
ip link set lo up
! {python} -c "import socket; socket.create_connection(('1.1.1.1', 53), 2)" 2>/dev/null
{python} tools/setup.py
.venv/bin/python wsgi.py & shop=$!
trap 'kill $shop; wait $shop' EXIT
.venv/bin/python - <<'END'
import http.client, time
for _ in range(120):
    try:
        connection = http.client.HTTPConnection("localhost", 8000, timeout=5)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        print(answer.status, answer.read().decode())
        connection.request("GET", "/login/vipps")
        location = connection.getresponse().headers["Location"]
        break
    except OSError:
        time.sleep(0.5)
print("sent to", location.partition("?")[0])
END
"""


def can_cut_off() -> bool:
    tried = subprocess.run([*CUT_OFF, "ip link set lo up"], capture_output=True) if shutil.which("unshare") else None
    return tried is not None and tried.returncode == 0


@pytest.mark.skipif(not can_cut_off(), reason="this user cannot make a network namespace (unshare --net)")
@pytest.mark.timeout(480)
@pytest.mark.enable_socket
def test_the_shop_is_set_up_and_served_without_a_network(tmp_path: Path) -> None:
    own = shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__", "instance", "wheelhouse", ".env")
    shutil.copytree(ROOT, tmp_path, ignore=own, dirs_exist_ok=True)
    here = f"linux{'-arm' if os.uname().machine == 'aarch64' else ''}-3.{sys.version_info[1]}"
    made = [sys.executable, "tools/wheelhouse.py", here]
    subprocess.run(made, cwd=tmp_path, check=True, timeout=240)
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "wheelhouse", check=True)
    environ = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(tmp_path),
        "FLASK_SKIP_DOTENV": "1",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    walk = WALK.format(python=getattr(sys, "_base_executable", sys.executable))
    done = subprocess.run([*CUT_OFF, walk], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200" in done.stdout
    assert "sent to http://localhost:8001/access-management-1.0/access/oauth2/auth" in done.stdout
