"""A process that builds an app and says how much processor time that took: `python -m bench.first_breath [IMPORTS]`.

Without an argument it builds the shop. With import statements it runs those and builds an empty Flask app: the
least that any shop on the same libraries costs. Then, for each line that it gets, it names the shop's files.
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
