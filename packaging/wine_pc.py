"""A PC that is none: CPython for Windows in a Wine prefix, and what Wine 8 lacks for the locked wheels."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import zipfile
from pathlib import Path

from machine import must

# A wheel that carries python.org's python311.dll, 3.11.9, and its modules: for programs made of it.
CARRIER = "panda3d==1.10.16 --hash=sha256:37acfb92655c4226879f95c988e2ef1449a53c54486d6c1ebc00e2772429af82\n"
COMPILER = "x86_64-w64-mingw32-gcc"
LAUNCHER = """
#include <windows.h>
typedef int (*Main)(int, wchar_t **);
int wmain(int argc, wchar_t **argv) {
    HMODULE python = LoadLibraryW(L"python311.dll");
    return python ? ((Main)GetProcAddress(python, "Py_Main"))(argc, argv) : 100;
}
"""
RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    return SystemFunction036(data, (ULONG)size);
}
"""
MATH = b"api-ms-win-crt-math-l1-1-0.dll"
OURS = b"omr-sh-win-crt-math-l1-1-0.dll"
ONE = "acos acosh asin asinh atan atanh cos cosh exp log sin sinh sqrt tan tanh proj"


def here(*command: object) -> str:
    """Run a program of this machine."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    must(done.returncode in (0, 3), f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def complex_functions() -> tuple[str, list[str]]:
    """Return the functions of complex numbers that Wine 8 only names, in C, and their names."""
    kinds = (("", "D", "double", "d"), ("f", "F", "float", "f"), ("l", "D", "double", "d"))
    lines = [
        "#include <complex.h>",
        "typedef struct { double r, i; } D; typedef struct { float r, i; } F;",
        "#define Z(a) __builtin_complex((double)(a).r, (double)(a).i)",
        "static D d(double complex z) { D o = { __real__ z, __imag__ z }; return o; }",
        "static F f(double complex z) { F o = { (float)__real__ z, (float)__imag__ z }; return o; }",
    ]
    names = []
    for end, struct, real, make in kinds:
        for name in ("conj", *(f"c{one}" for one in ONE.split())):
            lines.append(f"{struct} my_{name}{end}({struct} a) {{ return {make}({name}(Z(a))); }}")
            names.append(name + end)
        for name in ("cabs", "carg", "creal", "cimag"):
            lines.append(f"{real} my_{name}{end}({struct} a) {{ return ({real}){name}(Z(a)); }}")
            names.append(name + end)
        lines.append(f"{struct} my_cpow{end}({struct} a, {struct} b) {{ return {make}(cpow(Z(a), Z(b))); }}")
        names.append(f"cpow{end}")
    return "\n".join(lines), names


def exported(library: Path) -> list[str]:
    """Return the names that a library exports."""
    listed = here("x86_64-w64-mingw32-objdump", "-p", library).splitlines()
    return [
        found[1] for line in listed if (found := re.fullmatch(r"\s+\[\s*\d+\] ([A-Za-z_]\w*)", line.rstrip()))
    ]


def forwarder(target: Path, to: str, names: list[str], own: dict[str, str], source: str = "int omr;") -> None:
    """Compile a library whose functions are another's, but for some of its own."""
    lines = [f"{name}={own.get(name, f'{to}.{name}')}" for name in sorted({*names, *own})]
    (definition, code) = target.with_suffix(".def"), target.with_suffix(".c")
    definition.write_text("\n".join(["LIBRARY forwarder", "EXPORTS", *lines, ""]), "ascii")
    code.write_text(source, "ascii")
    here(COMPILER, "-O1", "-w", "-shared", "-static-libgcc", "-o", target, code, definition)


class Pc:
    """A Wine prefix, and the Windows programs in it."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            **{"WINEPREFIX": str(work / "prefix"), "WINEARCH": "win64", "WINEDEBUG": "-all"},
            "WINEDLLOVERRIDES": "bcryptprimitives=n,b;mscoree,mshtml=",
        }
        self.python = work / "embedded" / "python.exe"

    def start(self, *words: object) -> tuple[subprocess.Popen[bytes], bytearray]:
        """Start a program; what it says is collected, also while others of Wine hold the same pipe open."""
        process = subprocess.Popen(
            ["wine", *map(str, words)],
            env=self.environment,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        heard = bytearray()

        def listen() -> None:
            assert process.stdout is not None
            while piece := os.read(process.stdout.fileno(), 1 << 16):
                heard.extend(piece)

        threading.Thread(target=listen, daemon=True).start()
        return process, heard

    def run(self, *words: object, codes: tuple[int, ...] = (0,), seconds: float = 600) -> str:
        """Run a program to its end and return what it said."""
        process, heard = self.start(*words)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -1
        time.sleep(0.3)
        told = bytes(heard).decode("utf-8", "replace")
        must(code in codes, f"{' '.join(map(str, words))} ended with {code}:\n{told}")
        return told

    def omr(self, *words: object, codes: tuple[int, ...] = (0,)) -> str:
        """Run the installed omr as its omr.cmd does."""
        return self.run(self.python, "-X", "utf8", "-m", "omr.cli", *words, codes=codes)


def interpreter(pc: Pc) -> None:
    """Put together what python.org's embedded package holds."""
    folder = pc.python.parent
    carried = pc.work / "carrier"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps")
    windows = ("--platform", "win_amd64", "--python-version", "3.11", "--only-binary", ":all:")
    (pc.work / "carrier.txt").write_text(CARRIER, "ascii")
    here(*pip, *windows, "--dest", carried, "--require-hashes", "--requirement", pc.work / "carrier.txt")
    (wheel,) = carried.glob("*.whl")
    for name in ("Lib", "DLLs"):
        (folder / name).mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            file = Path(name).name
            if name.startswith("deploy_libs/") and re.search(r"\.pyd$|^(lib(ffi|crypto|ssl)|sqlite3)", file):
                (folder / "DLLs" / file).write_bytes(archive.read(name))
            elif name.startswith("deploy_libs/") and re.search(r"^(python311|VCRUNTIME140)\.dll", file):
                (folder / file).write_bytes(archive.read(name))
            elif file == MATH.decode():
                (carried / file).write_bytes(archive.read(name))
    library = Path(sysconfig.get_path("stdlib"))
    left = shutil.ignore_patterns(
        "site-packages", "dist-packages", "test", "lib-dynload", "config-3*", "__pycache__"
    )
    shutil.copytree(library, folder / "Lib", ignore=left, dirs_exist_ok=True)
    (folder / "python311._pth").write_text("Lib\nDLLs\n.\n#import site\n", "ascii")
    (pc.work / "launcher.c").write_text(LAUNCHER, "ascii")
    here(COMPILER, "-municode", "-O1", "-o", pc.python, pc.work / "launcher.c")
    forwarder(folder / "python3.dll", "python311", exported(folder / "python311.dll"), {})


def fill_gaps(pc: Pc) -> None:
    """Give Wine the functions that it lacks."""
    system = pc.work / "prefix/drive_c/windows/system32"
    (pc.work / "random.c").write_text(RANDOM, "ascii")
    here(
        COMPILER, "-O1", "-shared", "-o", system / "bcryptprimitives.dll", pc.work / "random.c", "-ladvapi32"
    )
    source, names = complex_functions()
    theirs = exported(pc.work / "carrier" / MATH.decode())
    forwarder(pc.work / "math.dll", "ucrtbase", theirs, {name: f"my_{name}" for name in names}, source)
    shutil.copy(pc.work / "math.dll", system / OURS.decode())


def point_at_ours(site: Path) -> None:
    """Let installed libraries find the functions that Wine lacks."""
    for file in (*site.rglob("*.pyd"), *site.rglob("*.dll")):
        content = file.read_bytes()
        if MATH in content:
            file.write_bytes(content.replace(MATH, OURS))


def windows_path(path: Path) -> str:
    """Return a path of this machine as Wine's programs see it."""
    return "Z:" + str(path).replace("/", "\\")
