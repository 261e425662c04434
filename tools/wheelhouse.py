"""Download the packages of requirements.txt as wheels, for installing without a network: tools/wheelhouse.py TARGET ...

A target is a platform and a Python version, such as windows-3.13. Pip judges the markers of requirements by the Python
that runs it, so this script judges them for the target. Each file is checked against the hashes of the requirements,
and listed in `wheelhouse/SHA256SUMS`, for `sha256sum -c` after copying.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "wheelhouse"
REQUIREMENT = re.compile(r"^([\w.-]+==\S+)(?: ; ([^\\\n]+?))?( \\\n(?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE)
# The wheel tags of a platform (PEP 425, PEP 600), and its value of `sys_platform`.
PLATFORMS = {
    "linux": (["manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_28_x86_64"], "linux"),
    "linux-arm": (["manylinux_2_17_aarch64", "manylinux2014_aarch64", "manylinux_2_28_aarch64"], "linux"),
    "macos": (["macosx_14_0_arm64"], "darwin"),
    "macos-intel": (["macosx_14_0_x86_64"], "darwin"),
    "windows": (["win_amd64"], "win32"),
}


def requirements_for(text: str, platform: str, version: str) -> str:
    """Return the requirements of a target, without markers."""
    target = {
        "python_version": version, "python_full_version": f"{version}.99", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "sys_platform": PLATFORMS[platform][1],
        "os_name": "nt" if platform == "windows" else "posix",
    }  # fmt: skip
    chosen = (each for each in REQUIREMENT.finditer(text) if not each[2] or Marker(each[2]).evaluate(dict(target)))
    return "".join(each[1] + each[3] for each in chosen)


def main(targets: list[str]) -> int:
    """Download the packages for each target, and list the files."""
    wrong = [each for each in targets if not re.fullmatch(rf"({'|'.join(PLATFORMS)})-3\.\d+", each)]
    if wrong or not targets:
        print(f"{wrong or 'no target'}: write PLATFORM-VERSION, such as windows-3.13; platforms are", *PLATFORMS)
        return 2
    FOLDER.mkdir(exist_ok=True)
    requirements = (ROOT / "requirements.txt").read_text()
    for target in targets:
        platform, _, version = target.rpartition("-")
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder, "requirements.txt")
            listed.write_text(requirements_for(requirements, platform, version))
            command = [
                *_pip(), "download", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps",
                "--only-binary=:all:", "--implementation=cp", f"--python-version={version}",
                *(f"--platform={tag}" for tag in PLATFORMS[platform][0]), f"--dest={FOLDER}", f"--requirement={listed}",
            ]  # fmt: skip
            if subprocess.run(command, check=False).returncode:
                print(f"{target}: not all packages could be downloaded.")
                return 1
        print(f"{target}: downloaded", flush=True)
    files = sorted(FOLDER.glob("*.whl"))
    sums = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files]
    (FOLDER / "SHA256SUMS").write_text("".join(sums))
    size = sum(each.stat().st_size for each in files) / 1e6
    print(f"{len(files)} files, {size:.0f} MB in {FOLDER.name}/. To install from it: python tools/setup.py")
    return 0


def _pip() -> list[str]:
    """Return the command that runs pip: an environment made by uv has no pip, so use another Python's pip then."""
    for python in (sys.executable, shutil.which("python3"), shutil.which("python")):
        if (
            python
            and not subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode
        ):
            return [python, "-m", "pip"]
    sys.exit("There is no pip here: install it (Debian: python3-pip), or make .venv without uv.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
