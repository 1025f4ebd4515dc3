"""The modules of the web UI, linked into one script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.web.linking import link_modules
from chalicelib.web.serving import FOLDER

MODULES = FOLDER / "modules"
DECLARATION = re.compile(r"^(export )?(?:async )?(?:function|class|const|let) ([\w$]+)", re.M)
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";$', re.M)
LIBRARY = re.compile(r"^const (\{[^}]*\}) = \(\(\) => \{\n.*?^return \1;\n\}\)\(\);\n", re.M | re.S)
"""A library in the script, in a scope of its own."""


def write(folder: Path, **modules: str) -> Path:
    """A folder with these modules."""
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_each_module_follows_what_it_imports(tmp_path: Path) -> None:
    """A module that two others import is in the script once, without `import` and `export`."""
    folder = write(
        tmp_path,
        app='/** Start. */\nimport { b } from "./one.js";\nimport { a } from "./two.js";\na(b);\n',
        one='import {\n  a,\n} from "./two.js";\nexport const b = a;\n',
        two="export async function a() {}\nexport let c = 1;\n",
    )
    script = (
        "// two.js\nasync function a() {}\nlet c = 1;\n"
        "// one.js\nconst b = a;\n"
        "// app.js\n/** Start. */\na(b);\n"
    )
    assert script == link_modules(folder, "app")


def test_a_library_keeps_its_names(tmp_path: Path) -> None:
    """Of a library, the script has the imported names only."""
    library = tmp_path / "third_party" / "sums.js"
    library.parent.mkdir()
    library.write_text("/* MIT */\nconst b = 1;\nfunction a() {}\n\nexport { b, a };\n")
    (tmp_path / "modules").mkdir()
    imports = 'import { a } from "../third_party/sums.js";\nconst b = a();\n'
    folder = write(tmp_path / "modules", app=imports)
    script = (
        "// app.js\nconst { a } = (() => {\n"
        "/* MIT */\nconst b = 1;\nfunction a() {}\n\n"
        "return { a };\n})();\nconst b = a();\n"
    )
    assert script == link_modules(folder, "app")
    assert LIBRARY.search(script)


def test_a_circular_import_is_an_error(tmp_path: Path) -> None:
    """Its modules have no order in which each follows what it imports."""
    folder = write(tmp_path, a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\n')
    with pytest.raises(ValueError, match="circular import: a -> b -> a"):
        link_modules(folder, "a")


def test_every_module_is_linked() -> None:
    """The script has all modules, and nothing of them needs a module system."""
    script = link_modules(MODULES, "app")
    linked = re.findall(r"^// (\w+)\.js$", script, re.M)
    assert sorted(path.stem for path in MODULES.glob("*.js")) == sorted(linked)
    assert not re.search(r"^\s*(import|export)\b", script, re.M)


def test_modules_share_one_scope() -> None:
    """No two modules declare the same name."""
    script = LIBRARY.sub("", link_modules(MODULES, "app"))
    names = [name for _, name in DECLARATION.findall(script)]
    assert sorted(set(names)) == sorted(names)


def test_imports_are_exported() -> None:
    """Each imported name is exported by its module and used, so that the files are ES modules."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in MODULES.glob("*.js")}
    exports = {
        name: {found for export, found in DECLARATION.findall(text) if export}
        for name, text in texts.items()
    }
    imported = set()
    for text in texts.values():
        body = IMPORT.sub("", text)
        for listed, module in IMPORT.findall(text):
            names = set(re.findall(r"[\w$]+", listed))
            assert names <= exports[module]
            for name in names:
                assert re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", body)
            imported |= {(module, name) for name in names}
    assert {(module, name) for module, names in exports.items() for name in names} == imported


def test_modules_import_what_they_use() -> None:
    """No module uses a name of another one without importing it, which the shared scope allows."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in MODULES.glob("*.js")}
    exports = {
        found: name
        for name, text in texts.items()
        for export, found in DECLARATION.findall(text)
        if export
    }
    for module, text in texts.items():
        known = set(re.findall(r"[\w$]+", " ".join(names for names, _ in IMPORT.findall(text))))
        code = re.sub(r"/\*.*?\*/|//[^\n]*|[\"'`](?:\\.|[^\"'`\\])*[\"'`]", "", text, flags=re.S)
        code = IMPORT.sub("", code)
        called = set(re.findall(r"(?<![\w$.])([\w$]+)(?=\()", code))
        foreign = {name for name in called if exports.get(name, module) != module}
        assert foreign <= known, module
