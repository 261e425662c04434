"""Build an app in a new process and print the processor time that it took: `python -m bench.app_start [IMPORTS]`.

Without an argument it builds the shop. With import statements it runs those and builds an empty Flask app: the minimum
for any shop on the same libraries. Then, for each line on standard input, it prints the shop's files.
"""

import json
import sys
import time

imports = sys.argv[1:]
if imports:
    exec(imports[0])  # the shop's own import statements
    from flask import Flask

    app = Flask(__name__)
else:
    from app import create_app

    app = create_app()

print(time.process_time(), flush=True)
for _ in sys.stdin:
    files = [module.__file__ for name, module in list(sys.modules.items()) if name.split(".")[0] == "app"]
    print(json.dumps({"files": files}), flush=True)
