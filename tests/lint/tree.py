"""Command line of the lints of source text: reads files of the tree, prints findings. Not a lint itself.

A lint gives `run` a function that takes a path and its text and yields (line, what is wrong and what to do).
"""

import argparse
import os
import pathlib
import subprocess
import sys


def tracked(root):
    """Paths of the files that git tracks; every file of a source archive, which has no git."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True)
    if done.returncode == 0:
        names = [pathlib.PurePosixPath(name) for name in done.stdout.split("\0") if name]
    else:
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in {".git", "build", "node_modules", ".lamda"}]
            names += [pathlib.PurePosixPath(pathlib.Path(folder, name).relative_to(root).as_posix()) for name in files]
    return sorted(name for name in names if (root / name).is_file() and not (root / name).is_symlink())


def run(description, wanted, findings_of):
    """Prints the findings in the files that `wanted` accepts and returns the exit status."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="only these; without: every file that git tracks")
    args = parser.parse_args()
    root = args.root.resolve()
    try:
        names = [pathlib.PurePosixPath(file.resolve().relative_to(root).as_posix()) for file in args.files]
    except ValueError as error:
        parser.error(f"{error}; name files of {root}")
    judged = [name for name in names or tracked(root) if wanted(name)]
    lines = []
    for name in judged:
        text = (root / name).read_text(encoding="utf-8", errors="replace")  # binary test inputs are included
        lines += [f"{name}:{line}: {finding}" for line, finding in findings_of(name, text)]
    print("\n".join(lines) if lines else f"{pathlib.Path(sys.argv[0]).stem}: {len(judged)} files, nothing found")
    return 1 if lines else 0
