"""Set the shop up without make, also on Windows and without a network: python tools/setup.py

It creates `.venv`, installs the pinned and hashed requirements, and prepares the database with the demo's data. With a
folder `wheelhouse` (`make wheelhouse`) it uses no package index. It needs only the standard library.
"""

import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (3, 11)
WHEELHOUSE = ROOT / "wheelhouse"


def main() -> int:
    """Do each step; return 1 with a message after the first step that fails."""
    if sys.version_info < NEEDED:
        print(
            f"This is Python {platform.python_version()}; the shop needs 3.11 or newer: https://www.python.org/downloads/"
        )
        return 1
    folder = ROOT / ".venv"
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    if not python.exists():
        print("Making .venv ...", flush=True)
        try:
            venv.create(folder, with_pip=True)
        except subprocess.CalledProcessError:
            print("Python cannot make an environment with pip. On Debian and Ubuntu: apt install python3-venv")
            return 1
    source = ["--no-index", "--find-links", str(WHEELHOUSE)] if WHEELHOUSE.is_dir() else []
    print(f"Installing from {WHEELHOUSE if source else 'the package index'} ...", flush=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", *source]
    if subprocess.run([python, *install, "-r", "requirements.txt"], cwd=ROOT, check=False).returncode:
        here = f"Python {platform.python_version()} on {platform.system()} ({platform.machine()})"
        print(
            f"wheelhouse/SHA256SUMS lists what it has; this is {here}."
            if source
            else "No network? See make wheelhouse."
        )
        return 1
    (programs / "ready").touch()  # make does not install again
    if subprocess.run([python, "-m", "flask", "--app", "wsgi", "setup", "--demo"], cwd=ROOT, check=False).returncode:
        return 1
    print(f"\nStart the shop: {python.relative_to(ROOT)} wsgi.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())
