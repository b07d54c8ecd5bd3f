"""A real scheduler and real workers on loopback; some are killed in the middle."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import islice
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dask import config

from omr.errors import OmrError
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials, Serial
from omr.forms.template import Form
from omr.reading.cluster import CHUNK, Tls, checked, read_on_cluster
from omr.reading.crew import read_pages
from omr.reading.reader import Desk, ReadPage, RejectedPage, Result
from omr.reading.scan.pages import Depth, EncodedPage, open_pages
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.stacks import Stack, simulate_stack

PATIENCE_S = 300  # a scheduler that is there answers at once, or when the machine comes to it


def dask(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that runs a cluster: Dask warns of its own affairs; processes are found in /proc."""
    has_proc = Path("/proc/self/task").is_dir()
    lenient = pytest.mark.filterwarnings("default")(test)
    return pytest.mark.skipif(not has_proc, reason="finds the processes to kill in /proc")(lenient)


SLIPS = 4


class Mine(IssuedSerials):
    """A register in which looking up one serial kills the process, as a decoder's fault would."""

    def __init__(self, issue: Issue, number: int) -> None:
        super().__init__([issue])
        self._number = number

    def find(self, serial: Serial) -> Issue | None:
        if serial.number == self._number:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().find(serial)


@dataclass(frozen=True)
class Work:
    """A few different slips, again and again, and what reading them here gives."""

    desk: Desk
    slips: list[EncodedPage]
    expected: list[bytes]

    def pages(self, count: int) -> Iterator[EncodedPage]:
        for number in range(count):
            yield replace(self.slips[number % SLIPS], file=f"{number}.pdf", page=number + 1)

    def is_right(self, number: int, result: Result) -> bool:
        return said(result) == (number + 1, self.expected[number % SLIPS])


def said(result: Result) -> tuple[int, bytes]:
    """The page's number, and everything that was read from it, to the last bit."""
    assert isinstance(result, ReadPage), result
    marks = [(one.question, one.option, one.corners_px.tobytes(), str(one.features)) for one in result.marks]
    read = (str(result.page.serial), marks, result.verdicts, result.answers, result.seal, result.doubts)
    return result.page.aligned.located.scan.page, pickle.dumps(read)


@pytest.fixture(scope="module")
def work(form: Form, issue: Issue, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Work:
    folder = tmp_path_factory.mktemp("work")
    serials = [issue.serial(number + 1) for number in range(SLIPS)]
    print_forms(form, serials, folder / "printed.pdf", run=issue.run)
    stack = Stack(PrintedRun(folder / "printed.pdf", form, SLIPS), 150, Depth.GREY, seed=5)
    write_pdf((picture for picture, _ in simulate_stack(stack)), folder / "scan.pdf")
    slips = list(open_pages(folder / "scan.pdf"))
    return Work(desk, slips, [said(result)[1] for result in read_pages(slips, desk, workers=0)])


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, workers: int, tls: Tls | None) -> None:
        pem = [f"--tls-ca={tls.ca}", f"--tls-cert={tls.cert}", f"--tls-key={tls.key}"] if tls else []
        self.parts = [started("scheduler", "--port", "0", *pem)]
        self.address = ready(self.parts[0]).split()[-1]
        self.parts += [started("worker", self.address, "--processes", "1", *pem) for _ in range(workers)]
        for part in self.parts[1:]:
            ready(part)

    def close(self) -> None:
        for part in reversed(self.parts):  # workers first: they say goodbye
            part.terminate()
        for part in self.parts:
            with part:
                part.wait(PATIENCE_S)


def started(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from omr.cli import main; main()", "--lang", "en", "cluster", *words]
    # Where this file is, because the workers unpickle what it defines.
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    surroundings = {**os.environ, "PYTHONPATH": path, "DASK_OMR__CONNECT_SECONDS": str(PATIENCE_S)}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=surroundings)


def ready(part: subprocess.Popen[str]) -> str:
    """Wait for the line with which a part says that it is ready."""
    assert part.stderr is not None
    for line in part.stderr:
        if "tcp://" in line or "tls://" in line:
            return line.strip()
    raise AssertionError(f"ended with {part.wait()}")


@pytest.fixture
def patient() -> Iterator[None]:
    """A busy machine takes longer than a person wants to wait for a wrong address."""
    with config.set({"omr.connect-seconds": PATIENCE_S}):
        yield


@contextmanager
def running(workers: int, tls: Tls | None = None) -> Iterator[Cluster]:
    cluster = Cluster(workers, tls)
    try:
        yield cluster
    finally:
        cluster.close()


def kill_worker(part: subprocess.Popen[str]) -> None:
    """Kill the worker itself, not the command that minds it and starts another."""
    below = " ".join(file.read_text() for file in Path(f"/proc/{part.pid}/task").glob("*/children"))
    for pid in map(int, below.split()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def certificates(folder: Path) -> Tls:
    """A signing authority and one certificate for this machine, as docs/scale.md makes them."""
    folder.mkdir()
    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, folder.name)])
    for key, file, is_ca in ((authority, "ca", True), (own, "own", False)):
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name if is_ca else x509.Name([]))
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=not is_ca
            )
            .sign(authority, hashes.SHA256())
        )
        (folder / f"{file}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (folder / f"{file}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    return Tls(folder / "ca.pem", folder / "own.pem", folder / "own.key")


@dask
@pytest.mark.usefixtures("patient")
def test_results_are_those_of_this_machine_whatever_dies(work: Work, issue: Issue, tmp_path: Path) -> None:
    """Encrypted; a worker is killed, and one page in the middle kills whoever reads it."""
    tls, stranger = certificates(tmp_path / "ours"), certificates(tmp_path / "theirs")
    count, mine = 3 * CHUNK + 3, CHUNK + 2
    desk = replace_issued(work.desk, Mine(issue, number=SLIPS))
    harmless = [page for page in work.pages(2 * count) if page.page % SLIPS][:count]
    pages = [*harmless[:mine], list(work.pages(SLIPS))[-1], *harmless[mine:]]
    with running(workers=2, tls=tls) as cluster:
        with config.set({"omr.connect-seconds": 1}), pytest.raises(OmrError) as refused:
            next(read_on_cluster(work.pages(1), work.desk, cluster.address, stranger))
        assert refused.value.key == "cluster.unreachable"
        results = read_on_cluster(pages, desk, cluster.address, tls)
        seen = list(islice(results, CHUNK))
        kill_worker(cluster.parts[1])
        seen += results
    assert seen.pop(mine) == RejectedPage(f"{SLIPS - 1}.pdf", SLIPS, "crashed", {})
    assert len(seen) == count
    assert all(work.is_right(page.page - 1, result) for page, result in zip(harmless, seen, strict=True))


def replace_issued(desk: Desk, issued: IssuedSerials) -> Desk:
    return Desk(issued, desk.forms, desk.calibration)


@dask
@pytest.mark.usefixtures("patient")
def test_when_the_scheduler_dies_what_came_is_sound_and_the_rest_is_read_later(work: Work) -> None:
    count = 8 * CHUNK
    with running(workers=1) as cluster:
        results = read_on_cluster(work.pages(count), work.desk, cluster.address)
        seen = list(islice(results, CHUNK))
        cluster.parts[0].kill()
        with pytest.raises(OmrError) as lost:
            seen.extend(results)
    assert lost.value.key == "cluster.lost"
    assert CHUNK <= len(seen) < count
    later = min(len(seen) + SLIPS, count)  # every slip once more: the others are the same again
    seen += read_pages(islice(work.pages(later), len(seen), None), work.desk, workers=0)
    assert len(seen) == later
    assert all(work.is_right(number, result) for number, result in enumerate(seen))


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("tcp://192.0.2.7:8786", "cluster.tls_needed"),
        ("reader:8786", "cluster.tls_needed"),
        ("tls://192.0.2.7:8786", "cluster.tls_needed"),
        ("tls://127.0.0.1:8786", "cluster.tls_needed"),
        ("tcp://127.0.0.1", "cluster.bad_address"),
        ("tcp://127.0.0.1:port", "cluster.bad_address"),
        ("tcp://127.0.0.1:99999", "cluster.bad_address"),
        ("http://127.0.0.1:8786", "cluster.bad_address"),
        ("", "cluster.bad_address"),
    ],
)
def test_nothing_leaves_this_machine_in_the_clear(address: str, key: str) -> None:
    with pytest.raises(OmrError) as refused:
        checked(address, None)
    assert refused.value.key == key


def test_with_certificates_an_open_address_is_refused() -> None:
    tls = Tls(Path("ca"), Path("own"), Path("key"))
    assert checked("reader:8786", tls) == "tls://reader:8786"
    with pytest.raises(OmrError) as refused:
        checked("tcp://reader:8786", tls)
    assert refused.value.key == "cluster.tls_address"
