"""Batches on their way between machines that know no network: originals, and what was told of them.

A ZIP file, signed by the machine it comes from: ``manifest.json`` names every batch, its
files and their SHA-256; ``originals/`` holds the scans untouched. Whoever imports it reads
the originals anew with its own register: a unit needs no keys of serials, and order and
repetition change nothing.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from omr.errors import OmrError, why
from omr.files import appearing, hashed_copy, make_folder
from omr.records.batches.batches import find_batch
from omr.records.offices.periods import parse_period
from omr.records.offices.units import find_unit
from omr.records.proof.signing import public_hex, signed_by, signing_key
from omr.records.store.act import canonical
from omr.records.store.store import Store
from omr.steps import each

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature"
FORMAT: Final = "omr-bundle-1"

# A month of a large unit (5,000 slips, 150 kB each) has 750 MB.
MOST_BYTES: Final = 64 * 2**30
_MOST_MANIFEST_BYTES: Final = 64 * 2**20
_UNREADABLE: Final = (OSError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error)
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)

_Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
_Strict: Final = ConfigDict(extra="forbid", frozen=True)


class BundledFile(BaseModel):
    """One scanned file of a batch."""

    model_config = _Strict
    sha256: _Sha256
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    bytes: Annotated[int, Field(ge=0, le=MOST_BYTES)]


class BundledBatch(BaseModel):
    """One batch, as it was told."""

    model_config = _Strict
    batch: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9-]{1,40}$")]
    unit: str | None
    period: str | None
    expected: int | None
    files: tuple[BundledFile, ...]


class Manifest(BaseModel):
    """What a bundle holds."""

    model_config = _Strict
    format: Literal["omr-bundle-1"]
    office: str
    public_key: _Sha256
    batches: tuple[BundledBatch, ...]


@dataclass(frozen=True, slots=True)
class Bundled:
    """What was written."""

    batches: int
    files: int
    signer: str


def export_bundle(
    store: Store,
    workspace: Path,
    office: str,
    target: Path,
    *,
    batches: Sequence[str] = (),
    unit: str | None = None,
    period: str | None = None,
) -> Bundled:
    """Write and sign a bundle of batches.

    Parameters
    ----------
    batches : sequence of str
        Their names; without any, all that were told to be of the unit and period.

    Raises
    ------
    OmrError
        If a batch is unknown, was interrupted or there is none, an original is not what it was,
        or the file cannot be written.
    """
    chosen = [_batch(store, name) for name in batches or _all(store, unit, period)]
    if not chosen:
        raise OmrError("bundle.nothing")
    key = signing_key(workspace)
    manifest = Manifest(format=FORMAT, office=office, public_key=public_hex(key), batches=tuple(chosen))
    content = canonical(manifest.model_dump(mode="json"))
    originals = {file.sha256 for batch in chosen for file in batch.files}
    try:
        # Scans are compressed already.
        with appearing(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo(MANIFEST, _NO_TIME), content)
            archive.writestr(zipfile.ZipInfo(SIGNATURE, _NO_TIME), key.sign(content).hex())
            for sha256 in each("bundling", sorted(originals)):
                kept = str(store.value("SELECT path FROM originals WHERE original = ?", sha256))
                _add(archive, sha256, workspace / kept)
    except OSError as error:
        raise OmrError("bundle.cannot_write", target=target, detail=why(error)) from error
    return Bundled(len(chosen), len(originals), manifest.public_key)


def _all(store: Store, unit: str | None, period: str | None) -> list[str]:
    rows = store.rows(
        """SELECT batch FROM known_batches
        WHERE complete AND NOT withdrawn AND (unit = ?1 OR ?1 IS NULL) AND (period = ?2 OR ?2 IS NULL)
        ORDER BY batch""",
        unit,
        period,
    )
    return [row["batch"] for row in rows]


def _batch(store: Store, name: str) -> BundledBatch:
    batch = find_batch(store, name)
    if not batch.complete:
        raise OmrError("register.interrupted", batch=name)
    files = store.rows(
        """SELECT original, file, bytes FROM batch_files JOIN originals USING (original)
        WHERE batch = ? ORDER BY position""",
        name,
    )
    return BundledBatch(
        batch=name,
        unit=batch.orders.unit,
        period=batch.orders.period,
        expected=batch.orders.expected,
        files=tuple(BundledFile(sha256=f["original"], name=f["file"], bytes=f["bytes"]) for f in files),
    )


def _add(archive: zipfile.ZipFile, sha256: str, path: Path) -> None:
    entry = zipfile.ZipInfo(f"originals/{sha256}", _NO_TIME)
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
        digest, _ = hashed_copy(source, target)
    if digest != sha256:
        raise OmrError("bundle.original_changed", path=path)


def check_bundle(file: Path, key: str | None = None) -> Manifest:
    """Check a whole bundle and return what it holds: an import takes all of it or nothing.

    Parameters
    ----------
    key : str, optional
        The public key that must have signed it.

    Raises
    ------
    OmrError
        If it is no bundle, was changed, or another key signed it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _checked(archive, file, key)
    except _UNREADABLE as error:
        raise OmrError("bundle.no_bundle", file=file) from error


def check_told(store: Store, manifest: Manifest) -> None:
    """Check what was told of every batch, before the first is read: all of them come in or none.

    Raises
    ------
    RegisterError
        If a unit or a period is unknown here.
    """
    for batch in manifest.batches:
        period = None if batch.period is None else parse_period(batch.period)
        if batch.unit is not None:
            find_unit(store, batch.unit, period)


def unpack(file: Path, batch: BundledBatch, folder: Path) -> list[Path]:
    """Unpack the files of one batch under their own names, and return them in order.

    Raises
    ------
    OmrError
        If the bundle was changed since it was checked.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return list(_unpacked(archive, file, batch, folder))
    except _UNREADABLE as error:
        raise OmrError("bundle.no_bundle", file=file) from error


def _checked(archive: zipfile.ZipFile, file: Path, key: str | None) -> Manifest:
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    if sum(sizes.values()) > MOST_BYTES or sizes.get(MANIFEST, MOST_BYTES) > _MOST_MANIFEST_BYTES:
        raise OmrError("bundle.no_bundle", file=file)
    content = archive.read(MANIFEST)
    try:
        manifest = Manifest.model_validate(json.loads(content))
    except (ValueError, ValidationError) as error:
        raise OmrError("bundle.no_bundle", file=file) from error
    signature = archive.read(SIGNATURE).decode("ascii", "replace")
    if not signed_by(manifest.public_key, signature, content):
        raise OmrError("bundle.changed", file=file)
    if key not in (None, manifest.public_key):
        raise OmrError("bundle.other_signer", signer=manifest.public_key)
    named = {f"originals/{one.sha256}": one for batch in manifest.batches for one in batch.files}
    if set(sizes) != {MANIFEST, SIGNATURE, *named}:
        raise OmrError("bundle.changed", file=file)
    for name, one in each("originals_checked", named.items()):
        with archive.open(name) as packed:
            digest, _ = hashed_copy(packed)
        if digest != one.sha256:
            raise OmrError("bundle.changed", file=file)
    return manifest


def _unpacked(archive: zipfile.ZipFile, file: Path, batch: BundledBatch, folder: Path) -> Iterator[Path]:
    for position, one in enumerate(batch.files):
        # A name from elsewhere names a file, never a place.
        plain = re.sub(r"[^\w .()-]", "_", Path(one.name.replace("\\", "/")).name).lstrip(".") or "scan"
        target = folder / str(position) / plain
        make_folder(target.parent)
        with archive.open(f"originals/{one.sha256}") as packed, target.open("wb") as unpacked:
            digest, _ = hashed_copy(packed, unpacked)
        if digest != one.sha256:
            raise OmrError("bundle.changed", file=file)
        yield target
