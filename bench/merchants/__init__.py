"""Check merchants with the simulator's checker: this shop, and minimal apps on other projects' libraries.

`python -m bench.merchants` (`make check-merchants`) installs the libraries into a separate folder, serves one merchant
after the other beside a simulator, and writes the table of the guide's chapter. Each app follows its library's
documentation; a second variant has safer settings.
"""
