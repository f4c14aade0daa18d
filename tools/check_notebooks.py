#!/usr/bin/python3
"""Are the notebooks what they should be?

    tools/check_notebooks.py NOTEBOOK.ipynb...
        nbformat finds each valid; its cells put together are the C file beside it; and that file
        keeps the rules of notebooks-c/notebook.h, without which clang-repl loses its way
    tools/check_notebooks.py --self-test build/tools/notebook
        shows that each of these can fail, and that tools/notebook.c bears odd sources and programs

Needs nbformat: Debian's python3-nbformat is there for /usr/bin/python3.
"""
import base64
import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile

import nbformat

END = "// %% [end]"


def meaning(lines):
    """Without what may differ: white space at the end, empty lines, and // for an empty line."""
    return [s.rstrip() for s in lines if s.strip() not in ("", "//")]


def put_together(notebook):
    lines = []
    for cell in notebook["cells"]:
        words = cell["cell_type"] == "markdown"
        lines.append("// %% [markdown]" if words else "// %%")
        lines += ["// " + s if words else s for s in "".join(cell["source"]).split("\n")]
    return meaning(lines)


def said_by(command, **how):
    return subprocess.run(command, capture_output=True, text=True, **how)


def lost_between_cells(source):
    """In clang-repl each cell is compiled by itself. It gets a fresh copy of what is static and not
    const (nm: b, d), and defines what has no value (C) once more. Of what is static inside a cell
    (its name ends in .0) clang-repl crashes. What is defined twice does not even compile."""
    with tempfile.TemporaryDirectory() as folder:
        made = folder + "/x.o"
        flags = ["-std=c11", "-fcommon", "-fno-pic", "-w", "-Ilib", "-Inotebooks-c"]
        gcc = said_by(["gcc", *flags, "-c", source, "-o", made])
        if gcc.returncode:
            return ["does not compile: " + gcc.stderr.split("\n")[0]]
        symbols = said_by(["nm", made]).stdout
    wrong = []
    for kind, name in (line.split()[-2:] for line in symbols.splitlines()):
        if "." in name:
            wrong.append(f"{name.split('.')[0]} is static inside a cell: clang-repl crashes")
        elif kind in "bd":
            wrong.append(f"{name} is static: the next cell would not find its value")
        if kind == "C":
            wrong.append(f"{name} has no value: write {name} = 0 or = {{0}}")
    return wrong


def complaints(path):
    source = pathlib.Path(path).with_suffix(".c")
    try:
        notebook = nbformat.from_dict(json.loads(pathlib.Path(path).read_text()))
        ids = [cell.id for cell in notebook.cells]  # nbformat would mend two that are equal
        if len(set(ids)) != len(ids):
            return [f"{path} has two cells with one id"]
        nbformat.validate(notebook)
        if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
            return [f"{path} is not nbformat 4.5"]
        found = put_together(notebook)
    except Exception as wrong:
        return [f"{path} is not valid: {str(wrong).split(chr(10))[0]}"]
    try:
        wanted = meaning(source.read_text().split(END)[0].split("\n"))
    except OSError as wrong:
        return [str(wrong)]
    said = [f"{source}: {w}" for w in lost_between_cells(source)]
    for a, b in zip(found + [""], wanted + [""]):
        if a != b:
            said.append(f"{path} is not {source}: \"{a}\" where \"{b}\" should be")
            break
    return said


# ---- The self-test ----

WORDS = "// %% [markdown]\n// # Words\n//\n// more\n\n"
CODE = "// %%\nint a = 0;\n\n\n"
ONE = "// %%\nCELL(1)\n{\n}\n\n"
TWO = "// %%\nCELL(2)\n{\n}\n\n"
FUNCTION = "void f(void)"  # where no notebook.h says what a CELL is
LAST = "// %% [end]\nNOTEBOOK_MAIN(1)\n"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + b" and so on"
ODD = 'a "quote", a \\ backslash, \\n, \t a tab, σ ≤ 14.6, \x01, 50 %\n  and no line end'


class Bench:
    """A folder with a source, a program that prints what it is told, and what was made of them."""

    def __init__(self, tool):
        self.tool = os.path.abspath(tool)
        self.folder = tempfile.TemporaryDirectory()
        self.at = pathlib.Path(self.folder.name)
        self.made = self.at / "x.ipynb"
        self.wrong = 0
        (self.at / "good.png").write_bytes(PNG)
        (self.at / "bad.png").write_bytes(PNG[:20])

    def complain(self, what):
        print("check_notebooks.py: " + what)
        self.wrong += 1

    def run(self, source, script, out="x.ipynb", before=None):
        program = self.at / "program"
        (self.at / "x.c").write_bytes(source if isinstance(source, bytes) else source.encode())
        if script is not None:
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
        elif program.exists():
            program.unlink()
        return said_by([self.tool, "x.c", "./program", out], cwd=self.at, preexec_fn=before)

    def refuses(self, words, source, script, **how):
        """One line that says these words, exit code 1, and no file is touched or left behind."""
        self.made.write_text("old")
        tool = self.run(source, script, **how)
        left = sorted(p.name for p in self.at.iterdir() if p.name != "program")
        if tool.returncode != 1 or tool.stderr.count("\n") != 1 or words not in tool.stderr:
            self.complain(f"\"{words}\" expected, exit code {tool.returncode}: {tool.stderr}")
        if self.made.read_text() != "old" or left != ["bad.png", "good.png", "x.c", "x.ipynb"]:
            self.complain(f"\"{words}\": files changed: {left}")

    def gives(self, name, source, script, outputs):
        """A valid notebook with these outputs, laid out as nbformat does it."""
        tool = self.run(source, script)
        if tool.returncode != 0:
            return self.complain(f"{name}: {tool.stderr}")
        text = self.made.read_text()
        notebook = nbformat.reads(text, nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        if nbformat.writes(notebook) + "\n" != text:
            self.complain(f"{name}: nbformat would lay it out in another way")
        found = [c.outputs for c in notebook.cells if c.cell_type == "code" and "CELL" in c.source]
        if found != outputs:
            self.complain(f"{name}: {found} where {outputs} was expected")

    def judges(self, words, source=WORDS + CODE + ONE + LAST, edit=None):
        """The check complains in these words about a notebook, or (None) does not."""
        self.run(source, r"printf '\036\n'")
        notebook = json.loads(self.made.read_text())
        (self.at / "x.c").write_text(source.replace("CELL(1)", FUNCTION).split(END)[0])
        for cell in notebook["cells"]:
            cell["source"] = [s.replace("CELL(1)", FUNCTION) for s in cell["source"]]
        if edit:
            edit(notebook)
        self.made.write_text(json.dumps(notebook))
        said = complaints(str(self.made))
        if not said and words or said and (not words or words not in said[0]):
            self.complain(f"\"{words}\" expected of the check, got {said}")


def stream(text):
    return {"name": "stdout", "output_type": "stream", "text": text}


def figure(words, png=PNG):
    return {"data": {"image/png": base64.b64encode(png).decode(), "text/plain": words},
            "metadata": {"image/png": {"alt": words, "width": 320}},
            "output_type": "display_data"}


def small_disk():
    """Files of 2,000 bytes and no more, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


def test_tool(b):
    good = WORDS + CODE + ONE + LAST
    end = r"printf '\036\n'" + "\n"
    b.gives("nothing printed", good, end, [[]])
    b.gives("a line", good, "echo x\n" + end, [[stream("x\n")]])
    b.gives("odd text", good, f"printf %s '{ODD}'\n" + end, [[stream(ODD)]])
    b.gives("two cells", ONE + TWO, "echo 1\n" + end + "echo 2\n" + end,
            [[stream("1\n")], [stream("2\n")]])
    b.gives("a figure between texts", good,
            "echo x; echo FIGURE good.png what σ does; echo y\n" + end,
            [[stream("x\n"), figure("what σ does"), stream("y\n")]])
    b.gives("two figures", good, "echo FIGURE good.png a b; echo FIGURE good.png c\n" + end,
            [[figure("a b"), figure("c")]])
    for more in (b"1", b"12", b""):  # base64 takes three bytes at a time
        (b.at / "good.png").write_bytes(PNG + more)
        b.gives("a figure", good, "echo FIGURE good.png a\n" + end, [[figure("a", PNG + more)]])
    b.gives("no line end at the end", good.rstrip(), end, [[]])
    b.gives("its cells", good, end, [[]])
    cells = nbformat.read(b.made, nbformat.NO_CONVERT).cells
    found = [(c.id, c.cell_type, c.source, c.get("execution_count")) for c in cells]
    wanted = [("cell-1", "markdown", "# Words\n\nmore", None), ("cell-2", "code", "int a = 0;", 1),
              ("cell-3", "code", "CELL(1)\n{\n}", 2)]
    if found != wanted:
        b.complain(f"its cells: {found}")

    b.refuses("x.c has no CELL", "", end)
    b.refuses("x.c has no CELL", WORDS + CODE + LAST, end)
    b.refuses("x.c:1: a notebook begins with", "int a = 0;\n" + good, end)
    b.refuses("x.c:1: begins no cell", "// %% [text]\n" + good, end)
    b.refuses("x.c:2: words stand behind", "// %% [markdown]\nint a = 0;\n" + good, end)
    b.refuses("x.c:2: words stand behind", "// %% [markdown]\n//words\n" + good, end)
    b.refuses("x.c:2: CELL(1) is next", TWO, end)
    b.refuses("x.c:7: CELL(2) is next", ONE + ONE, end)
    b.refuses("x.c:3: CELL must open", "// %%\nint a = 0;\nCELL(1)\n{\n}\n", end)
    b.refuses("x.c:17: a cell after", good + CODE, end)
    b.refuses("more than 200 cells", CODE * 201, end)
    b.refuses("x.c:1: this cell is not UTF-8", b"// %%\nint a; // \xff\n" + ONE.encode(), end)
    b.refuses("cannot run ./program", good, None)
    b.refuses("in cell 1: Segmentation fault", good, "kill -SEGV $$")
    b.refuses("in cell 2: Killed", ONE + TWO, end + "kill -KILL $$")
    b.refuses("exit code 3 in cell 2", ONE + TWO, end + "exit 3")
    b.refuses("has run 1 cells, and x.c has 2", ONE + TWO, end)
    b.refuses("has run 2 cells, and x.c has 1", ONE, end + end)
    b.refuses("has run 0 cells, and x.c has 1", ONE, r"printf '\036'")
    b.refuses("prints after its last cell", ONE, end + "echo x")
    b.refuses("cannot open none.png", good, "echo FIGURE none.png a b\n" + end)
    b.refuses("bad.png is not a PNG", good, "echo FIGURE bad.png a b\n" + end)
    b.refuses("in words what is to be seen", good, "echo FIGURE good.png\n" + end)
    b.refuses("in words what is to be seen", good, "echo 'FIGURE '\n" + end)
    b.refuses("cell 1 prints what is not UTF-8", good, r"printf '\377'" + "\n" + end)
    b.refuses("its words are not UTF-8", good, r"printf 'FIGURE good.png \377\n'" + "\n" + end)
    b.refuses("it is there and not a file", good, end, out="/dev/full")
    b.refuses("cannot write none/x.ipynb", good, end, out="none/x.ipynb")
    b.refuses("cannot write x.ipynb: File too large", CODE * 20 + good, end, before=small_disk)


def test_check(b):
    def change(notebook):
        notebook["cells"][1]["source"] = ["int a = 1;"]

    def drop(notebook):
        del notebook["cells"][0]

    def same_id(notebook):
        notebook["cells"][0]["id"] = notebook["cells"][1]["id"]

    def no_outputs(notebook):
        del notebook["cells"][2]["outputs"]

    def old(notebook):
        notebook["nbformat_minor"] = 4

    b.judges(None)
    b.judges('"int a = 1;" where "int a = 0;"', edit=change)
    b.judges('"// %%" where "// %% [markdown]"', edit=drop)
    b.judges("two cells with one id", edit=same_id)
    b.judges("x.ipynb is not valid", edit=no_outputs)
    b.judges("x.ipynb is not", edit=old)
    b.judges("a is static", "// %%\nstatic int a = 3;\nint *p = &a;\n" + ONE)
    b.judges("a is static", "// %%\nstatic int a;\nint *p = &a;\n" + ONE)
    b.judges("a is static inside", ONE.replace("{", "{static const int a[] = {1}; int b = a[0];"))
    b.judges("a has no value", "// %%\nint a;\n" + ONE)
    b.judges("redefinition of", CODE + CODE + ONE)
    b.judges(None, "// %%\nstatic const char *const a[] = {\"x\"};\nconst void *p = a;\n" + ONE)


if sys.argv[1:2] == ["--self-test"]:
    bench = Bench(sys.argv[2])
    test_tool(bench)
    test_check(bench)
    sys.exit(bench.wrong > 0)
found = [line for path in sys.argv[1:] for line in complaints(path)]
print("\n".join(found), end="\n" if found else "")
sys.exit(len(found) > 0)
