#!/usr/bin/env python3
"""Fails on an include that the architecture does not allow.

Reads layers.txt (`name|folder|used,used`, written by CMake), layers.toml (the table), and every #include below libs/,
services/ and tools/. A library is included as "core/ids.hpp", a service or tool as "services/reputation/config.hpp"; a
header in a library's detail/ is included by that library alone. Prints one line for each violation: `file:line: what is wrong`.
"""

import argparse
import pathlib
import re
import sys
import tomllib

MOST_SOURCES = 40  # in one folder
APPLICATIONS = ("services/", "tools/")
GENERATED = ("contracts/", "runtime/embedded_", "store/embedded_")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def is_test(path):
    return re.search(r"_test\.cpp$|(^|/)test_[a-z_]*\.(hpp|cpp)$|_bench\.cpp$|/testing/", str(path)) is not None


class Lint:
    def __init__(self, root, layers, table):
        self.root = root
        self.table = table
        self.problems = []
        self.uses = {}    # library or target → the libraries it declares
        self.folder = {}  # folder → target names made there
        for line in layers.read_text().splitlines():
            if line:
                name, folder, used = line.split("|")
                self.uses[name] = [u for u in used.split(",") if u]
                self.folder.setdefault(folder, []).append(name)
        self.libraries = {pathlib.PurePath(f).name for f in self.folder if f.startswith("libs/")}

    def problem(self, where, text):
        self.problems.append(f"{where}: {text}")

    def closure(self, names):
        seen, todo = set(), list(names)
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self.uses.get(name, [])
        return seen

    def check_edges(self):
        for name, used in self.uses.items():
            folder = next(f for f, names in self.folder.items() if name in names)
            if folder.startswith("libs/") and pathlib.PurePath(folder).name == name:
                allowed = self.table["libraries"].get(name)
                if allowed is None:
                    self.problem(folder, f"library {name} is not in layers.toml")
                    continue
                for use in used:
                    if "*" not in allowed and use not in allowed:
                        self.problem(folder, f"{name} must not use {use}")
            elif folder.startswith(APPLICATIONS):
                service = pathlib.PurePath(folder).parts[1]
                for use in used:
                    self.check_service_use(folder, service, use)

    def check_table(self):
        """The table itself allows no circle."""
        libraries = self.table["libraries"]
        for name in libraries:
            seen, todo = set(), list(libraries[name])
            while todo:
                used = todo.pop()
                if used not in seen:
                    seen.add(used)
                    todo += libraries.get(used, [])
            if name in seen:
                self.problem("layers.toml", f"{name} may use itself by way of {', '.join(libraries[name])}: a circle")

    def check_folder_sizes(self):
        sizes = {}
        for path in self.sources():
            sizes[path.parent] = sizes.get(path.parent, 0) + 1
        for folder, size in sizes.items():
            if size > MOST_SOURCES:
                self.problem(folder, f"{size} sources, at most {MOST_SOURCES}; split it into rooms by idea")

    def check_service_use(self, where, service, use):
        owners = self.table.get("restricted", {}).get(use)
        if owners is not None and service not in owners:
            self.problem(where, f"{use} is for tests and {', '.join(owners)} only")
        made_by = next((f for f, names in self.folder.items() if use in names), None)
        if made_by and made_by.startswith(APPLICATIONS) and pathlib.PurePath(made_by).parts[1] != service:
            self.problem(where, f"{service} must not use {made_by}")

    def sources(self):
        for top in ("libs", "services", "tools"):
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in (".hpp", ".cpp", ".h") and path.is_file():
                    yield path.relative_to(self.root)

    def includes(self, path):
        for number, line in enumerate((self.root / path).read_text(errors="replace").splitlines(), 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1), found.group(2)

    def public_headers(self):
        """Headers of libraries that are included from outside of their library."""
        reached = set()
        todo = []
        tests = [p.relative_to(self.root) for p in (self.root / "tests").rglob("*.[ch]pp")]
        for path in [*self.sources(), *tests]:
            for _, _, target in self.includes(path):
                owner = target.split("/")[0]
                if owner in self.libraries and path.parts[:2] != ("libs", owner) and not is_test(path):
                    todo.append(target)
        while todo:
            target = todo.pop()
            if target in reached or not (self.root / "libs" / target).is_file():
                continue
            reached.add(target)
            todo += [t for _, _, t in self.includes(pathlib.PurePath("libs") / target) if t.split("/")[0] in self.libraries]
        return reached

    def check_files(self):
        public = self.public_headers()
        for path in self.sources():
            top, part = path.parts[0], path.parts[1]
            names = self.folder.get(f"{top}/{part}", [])
            if not names:
                continue  # declared in advance, not built yet
            declared = self.closure(u for n in names for u in self.uses[n])
            for number, kind, target in self.includes(path):
                where = f"{path}:{number}"
                owner = target.split("/")[0]
                if "/" in target and owner in self.libraries:
                    self.check_library(where, path, top, part, owner, target, declared)
                elif kind == '"':
                    self.check_application(where, top, part, target)
                    self.check_room(where, path, target)
                if "/detail/" in target and (top, part) != ("libs", owner):
                    self.problem(where, f"{target} is private to {owner}")
                self.check_third_party(where, path, top, part, target, public)

    def check_library(self, where, path, top, part, owner, target, declared):
        if is_test(path) or (top == "libs" and owner == part):
            return
        if owner not in declared:
            self.problem(where, f"includes {target}, but {part} does not declare USES {owner}")
        if top != "libs":
            self.check_service_use(where, part, owner)
            return
        allowed = self.table["libraries"].get(part, [])
        if "*" not in allowed and owner not in allowed:
            self.problem(where, f"{part} must not include {owner}")
        prefix = self.table.get("only_headers", {}).get(part, {}).get(owner)
        if prefix and not target.startswith(prefix):
            self.problem(where, f"{part} may include only {prefix}* of {owner}")

    def check_application(self, where, top, part, target):
        """A quoted include that names no library: of its own service or tool only."""
        if not target.startswith(APPLICATIONS):
            if "/" in target or top != "libs":
                if not target.startswith(GENERATED):
                    self.problem(where, f'"{target}" is spelled neither from libs/ nor from the root of the sources')
        elif target.split("/")[:2] != [top, part]:
            self.problem(where, f"{top}/{part} must not include {target}")

    def check_room(self, where, path, target):
        for room, users in self.table.get("rooms", {}).items():
            inside = path.is_relative_to(room) or str(path) in users or is_test(path)
            if target.startswith(room + "/") and not inside:
                self.problem(where, f"{target} is for {room} and {', '.join(users)} only")

    def check_third_party(self, where, path, top, part, target, public):
        for prefix, places in self.table["third_party"].items():
            if not target.startswith(prefix):
                continue
            here = part if top == "libs" else f"{top}/{part}"
            if f"!{here}" in places or ("*" not in places and here not in places and not (is_test(path) and prefix != "pqxx/")):
                self.problem(where, f"<{target}> does not belong into {here}")
            elif path.suffix != ".cpp" and top == "libs" and str(path.relative_to("libs")) in public:
                self.problem(where, f"<{target}> in a header that others include")


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=here.parents[1])
    parser.add_argument("--layers", type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path, default=here / "layers.toml")
    args = parser.parse_args()
    layers = args.layers or args.root / "build" / "layers.txt"
    lint = Lint(args.root, layers, tomllib.loads(args.table.read_text()))
    lint.check_table()
    lint.check_edges()
    lint.check_folder_sizes()
    lint.check_files()
    print("\n".join(lint.problems) if lint.problems else f"layers: {len(lint.uses)} targets, no violation")
    return 1 if lint.problems else 0


if __name__ == "__main__":
    sys.exit(main())
