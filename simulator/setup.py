"""Names the packages of the wheel: this folder, installed as `vipps_login_simulator`, and its folders without tests."""

from pathlib import Path

from setuptools import setup

NAME = "vipps_login_simulator"
FOLDERS = sorted(
    file.parent.relative_to(Path(__file__).parent)
    for file in Path(__file__).parent.glob("**/__init__.py")
    if not {"tests", "build"} & set(file.relative_to(Path(__file__).parent).parts)
)
DATA = ["*.html", "*.toml", "data/*", "static/*", "recipes/*", "templates/*", "translations/*/LC_MESSAGES/*.mo"]

setup(
    packages=[".".join((NAME, *folder.parts)) for folder in FOLDERS],
    package_dir={NAME: "."},
    package_data={"": DATA},
    exclude_package_data={NAME: ["pyproject.toml", "setup.py"]},
    include_package_data=False,
)
