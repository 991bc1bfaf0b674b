"""Draw the house: which folder of lifecast imports which, as docs/images/house.svg, and print the rules it breaks.

    python lab/house.py            # or: make house

Reads the source alone, runs nothing of it. `tests/test_house.py` holds the house to its rules.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "lifecast"
PICTURE = ROOT / "docs" / "images" / "house.svg"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("commands", "web", "cluster"),
    ("training", "evaluation"),
    ("pipeline",),
    ("people", "scans", "model", "surface", "photo", "body"),
    ("space",),
)
"""From the roof to the ground: what a folder imports stands lower, or beside it."""
FORBIDDEN: tuple[tuple[str, str], ...] = tuple(
    (room, upper)
    for room, uppers in {
        "space": ("photo", "model", "surface", "people", "scans", "pipeline", "training", "evaluation"),
        "photo": ("model", "surface", "people", "scans", "pipeline", "training", "evaluation"),
        "scans": ("model", "pipeline", "training", "evaluation"),
        "people": ("model", "pipeline", "training", "evaluation"),
        "body": ("pipeline", "training", "evaluation"),
        "surface": ("model", "pipeline", "training", "evaluation"),
        "model": ("pipeline", "training", "evaluation", "surface", "photo"),
    }.items()
    for upper in uppers
)
"""Arrows that the house must not have."""

PIPELINE = ("loading", "pipeline", "framed_person", "person_surface", "reconstruction")
"""Files at the top that make a reconstruction."""


def room_of(module: str) -> str:
    """The folder that a module lies in; files at the top that make a reconstruction are the pipeline."""
    parts = module.split(".")
    if len(parts) > 2 or (len(parts) == 2 and (SOURCE / parts[1]).is_dir()):
        return parts[1]
    return "pipeline" if parts[-1] in PIPELINE else "shared"


def modules() -> dict[str, Path]:
    """Every module of lifecast by its dotted name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ["lifecast", *path.relative_to(SOURCE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path], at_load: bool = False) -> set[str]:
    """The modules of lifecast that a file imports; with `at_load` only those imported when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _at_load(tree) if at_load else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in known else node.module)
    return {name for name in found if name in known and name != "lifecast"}


def _at_load(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run when a module is loaded: not those in functions, nor those for the type checker alone."""
    found: list[ast.stmt] = []
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        found.append(node)
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                waiting += [child for child in getattr(node, part, []) if isinstance(child, ast.stmt)]
    return found


def arrows() -> dict[tuple[str, str], list[str]]:
    """For each pair of folders, the modules of the first that import from the second."""
    known = modules()
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, path in known.items():
        for other in imports(path, known):
            pair = room_of(name), room_of(other)
            if pair[0] != pair[1]:
                found[pair].append(f"{name} -> {other}")
    return dict(found)


def circles() -> list[list[str]]:
    """Import circles between modules when they are loaded; each as its modules in order."""
    known = modules()
    graph = {name: imports(path, known, at_load=True) for name, path in known.items()}
    done: set[str] = set()
    found: list[list[str]] = []

    def visit(name: str, way: list[str]) -> None:
        if name in way:
            found.append([*way[way.index(name) :], name])
            return
        if name in done:
            return
        for other in sorted(graph[name]):
            visit(other, [*way, name])
        done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return found


def broken_rules() -> list[str]:
    """What the house does that it must not, in words."""
    said = [f"circle: {' -> '.join(circle)}" for circle in circles()]
    for pair, where in sorted(arrows().items()):
        if pair in FORBIDDEN:
            said += [f"{pair[0]} must not import {pair[1]}: {one}" for one in where]
    return said


def lines_of(room: str) -> int:
    """Lines of code in a folder."""
    return sum(
        len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items() if room_of(name) == room
    )


def drawn() -> str:
    """The house as SVG: a box a folder with its lines of code, an arrow where one imports another."""
    width, height, box_w, box_h = 1080, 620, 150, 54
    places: dict[str, tuple[float, float]] = {}
    for floor, rooms in enumerate(FLOORS):
        y = 40 + floor * (height - 80 - box_h) / (len(FLOORS) - 1)
        for index, room in enumerate(rooms):
            places[room] = ((index + 1) * width / (len(rooms) + 1), y)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#678"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for (upper, lower), where in sorted(arrows().items()):
        if upper not in places or lower not in places:
            continue
        (x0, y0), (x1, y1) = places[upper], places[lower]
        colour = "#c33" if (upper, lower) in FORBIDDEN else "#678"
        thick = 0.8 + min(len(where), 20) / 8
        if y0 == y1:
            bend = y0 + box_h + 34
            path = f"M{x0:.0f} {y0 + box_h:.0f}Q{(x0 + x1) / 2:.0f} {bend:.0f} {x1:.0f} {y1 + box_h:.0f}"
        else:
            start, end = (y0 + box_h, y1) if y1 > y0 else (y0, y1 + box_h)
            path = f"M{x0:.0f} {start:.0f}L{x1:.0f} {end:.0f}"
        out.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{thick:.1f}" opacity="0.7" '
            f'marker-end="url(#tip)"><title>{upper} imports {lower}: {len(where)} places</title></path>'
        )
    for room, (x, y) in places.items():
        out += [
            f'<rect x="{x - box_w / 2:.0f}" y="{y:.0f}" width="{box_w}" height="{box_h}" rx="8" fill="#eef3f7" '
            'stroke="#456"/>',
            f'<text x="{x:.0f}" y="{y + 24:.0f}" text-anchor="middle" font-size="17">{room}</text>',
            f'<text x="{x:.0f}" y="{y + 43:.0f}" text-anchor="middle" font-size="12" fill="#567">'
            f"{lines_of(room):,} lines</text>",
        ]
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
    broken = broken_rules()
    sys.stdout.write("\n".join([f"{PICTURE.relative_to(ROOT)}", *broken]) + "\n")
    sys.exit(1 if broken else 0)
