"""What leaves the machine carries how far the chain went: paper tells later that something is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypdfium2
from scanned import Scanner, slip

from omr.forms.serial import Issue
from omr.records.batches.receipt_pdf import print_receipt
from omr.records.batches.receipt_said import as_json, as_text
from omr.records.batches.withdrawal import withdraw_batch
from omr.records.proof.chain import verify
from omr.records.store.store import Store
from omr.workspace import Workspace

Issuing = Callable[..., Issue]


def in_chain(store: Store, workspace: Workspace, head: str) -> bool:
    return verify(store, workspace.path, head).ok


def test_a_print_file_names_the_head_of_the_chain(
    store: Store, workspace: Workspace, issued_run: Issuing, tmp_path: Path
) -> None:
    run = issued_run(3)
    with pypdfium2.PdfDocument(tmp_path / "run-0.pdf") as document:
        words = document.get_metadata_value("Keywords").split()
    assert f"run={run.run}" in words
    (head,) = [word.removeprefix("head=") for word in words if word.startswith("head=")]
    assert len(head) == 64
    assert in_chain(store, workspace, head)


def test_a_receipt_names_root_and_head(
    store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner, tmp_path: Path
) -> None:
    made = scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)))
    assert made.head == store.head
    assert made.head in as_text(made)
    for name in ("head", "root"):
        assert in_chain(store, workspace, str(as_json(made)[name])[:16])
    print_receipt(made, "Công an", tmp_path / "receipt.pdf")
    with pypdfium2.PdfDocument(tmp_path / "receipt.pdf") as document:
        text = "".join(document[0].get_textpage().get_text_bounded().split())
    assert made.head in text and str(made.batch.root) in text


def test_a_receipt_of_a_withdrawn_batch_says_so(store: Store, issued_run: Issuing, scanner: Scanner) -> None:
    file = scanner.scan("a.tif", slip(issued_run(3), 1))
    made = scanner.take_in(file)
    withdraw_batch(store, made.batch.name, by="a", why="b")
    from omr.records.batches.receipt import receipt_of

    again = receipt_of(store, made.batch.name)
    assert again.batch.withdrawn and as_json(again)["withdrawn"]
    assert made.batch.name in as_text(again)
    assert again.came.counting == 0
