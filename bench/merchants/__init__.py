"""Checks merchants with the simulator's checker: this shop, and minimal apps on libraries that others wrote.

`python -m bench.merchants` (`make check-merchants`) installs the libraries into a folder of their own, serves one
merchant after the other beside a simulator, and writes the table of the guide's chapter. Each app is what its library's
documentation shows; a second one has what can be set to be safer.
"""
