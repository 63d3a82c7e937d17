"""An installed environment for another project, made of the same files.

uv installs in seconds, but each new environment compiles every library anew, which is most of what a short command
costs. Hard links bring what was compiled along; uv then changes what differs, the project itself at least.

Also a script: python environment.py SOURCE TARGET
"""

import os
import shutil
import sys
from pathlib import Path


def link(source: Path, target: Path) -> None:
    """Give a project the environment of another one; commands start the target's Python."""
    # Python compiles into a file of this name before it moves it to its place.
    unfinished = shutil.ignore_patterns("*.pyc.*", "installed")
    shutil.copytree(source, target, symlinks=True, copy_function=os.link, ignore=unfinished)
    old, new = os.fsencode(source.absolute()), os.fsencode(target.absolute())
    for script in (target / "bin").iterdir():
        if not script.is_symlink() and old in (text := script.read_bytes()):
            mode = script.stat().st_mode
            script.unlink()  # and not write: it is the source's file too
            script.write_bytes(text.replace(old, new))
            script.chmod(mode)


if __name__ == "__main__":
    link(Path(sys.argv[1]), Path(sys.argv[2]))
