"""Build the site: `python -m mlops_ladder.site [FOLDER]` writes FOLDER/html, by default site/html.

`python -m http.server --directory site/html` shows it; pages open from files too, but the search needs a server.
"""

import subprocess
import sys
from pathlib import Path

from mlops_ladder.refusal import Refusal

from .build import build
from .sources import ROOT

if __name__ == "__main__":
    try:
        print(f"the site is {build(Path(sys.argv[1]) if sys.argv[1:] else ROOT / 'site')}")
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
    except Refusal as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
