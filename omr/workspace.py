"""A workspace: the folder of one office, with its settings, register, originals and own forms.

``omr.toml`` settings, ``omr.sqlite`` register and results, ``omr.mark`` how far the register
went, ``scans/`` originals under their SHA-256, ``forms/`` and ``calibration/`` the office's own,
searched before the built-in. All of it is for its owner's account alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from omr.errors import OmrError
from omr.toml_in import parse_toml, what_is_wrong

SETTINGS: Final = "omr.toml"
DATABASE: Final = "omr.sqlite"
MARK: Final = "omr.mark"  # see records/store/mark.py
FOLDERS: Final = ("scans", "forms", "calibration")


class Target(BaseModel):
    """Table ``[report.targets.PC06]``: what one unit is asked to reach."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: int | None = Field(default=None, ge=0, le=100)  # participation, per cent; None: as for all
    high: int | None = Field(default=None, ge=0, le=100)
    satisfied: int | None = Field(default=None, ge=0, le=100)  # per cent, by the overall question


class ReportSettings(BaseModel):
    """Section ``[report]``: how the monthly report is headed, judged and sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer_above: str = "CÔNG AN TP HẢI PHÒNG"
    issuer: str = "PHÒNG THAM MƯU"
    issuer_name: str = "Phòng Tham mưu"  # as it stands in a sentence
    symbol: str = "BC-PV01"
    place: str = "Hải Phòng"
    addressee: str = "Đồng chí Giám đốc Công an thành phố"
    basis: str = (
        "Văn bản số 314/CAHP-PV01 của Công an thành phố về triển khai đo lường mức độ hài lòng của "
        "người dân, tổ chức đối với việc thực hiện thủ tục hành chính"
    )
    signer: str = "TRƯỞNG PHÒNG"
    recipients: tuple[str, ...] = ("Như trên;", "Các đơn vị thực hiện đo lường;", "Lưu: VT, PV01.")
    # The programme of 2023 wants 60-80 % of the people at the counters to give their opinion.
    target_low: int = Field(default=60, ge=0, le=100)
    target_high: int = Field(default=80, ge=0, le=100)
    target_satisfied: int | None = Field(
        default=None, ge=0, le=100
    )  # per cent; None: there is no such target
    targets: dict[str, Target] = {}  # of units that have their own, by code
    ranked_from: int = Field(default=30, ge=1)  # slips; below it a unit's place would be chance
    smallest_cell: int = Field(default=5, ge=1)  # slips; smaller cells about respondents are hidden
    csv_separator: Literal[",", ";"] = ","
    # Groups of wordings that ask the same, where a revision or another form words a question anew.
    same_questions: tuple[tuple[str, ...], ...] = ()


class AccessSettings(BaseModel):
    """Section ``[access]``: who may decide what, where there are accounts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    own_unit: bool = False  # whether somebody who belongs to a unit may decide about its pages


class BackupSettings(BaseModel):
    """Section ``[backup]``: the copies that the server makes by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str = ""  # folder on another disk; none: only `omr backup` makes copies
    every_hours: int = Field(default=12, ge=1, le=24 * 31)


class PosterSettings(BaseModel):
    """Section ``[poster]``: the board with the QR codes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phones: dict[str, str] = {}  # unit's code -> whom to call for help


class ReadingSettings(BaseModel):
    """Section ``[reading]``: what one page of a scan may take of this computer; see `reading/limits.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(default=60.0, gt=0)  # of processor time
    megabytes: int = Field(default=2048, ge=256)  # of memory


class ScannerSettings(BaseModel):
    """Table ``[scanners.quay-1]``: a scanner that the server reaches through SANE, and how it scans."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field(min_length=1)  # as `scanimage -L` names it
    dpi: int = Field(default=200, ge=150, le=600)  # 200 in grey reads as well as 300, at half the time
    colour: bool = False  # red stamps are seen in colour only
    feeder: bool = True  # else one sheet at a time, from the glass
    duplex: bool = False
    units: tuple[str, ...] = ()  # whose clerks may use it; none: everybody's
    options: tuple[str, ...] = ()  # further words for scanimage, as "--brightness=10"

    @field_validator("options")
    @classmethod
    def _are_of_the_device(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what would turn scanimage's own work elsewhere, to other files or devices."""
        for option in options:
            if not _DEVICE_OPTION.fullmatch(option) or option.split("=")[0] in _OWN_OPTIONS:
                raise ValueError(f"{option}: --option=value of the device")
        return options


_DEVICE_OPTION: Final = re.compile(r"--[a-z][\w-]*(=[^\x00-\x1f]*)?")
_OWN_OPTIONS: Final = frozenset(
    f"--{name}"
    for name in (
        *("device-name", "format", "icc-profile", "list-devices", "formatted-device-list", "batch"),
        *("batch-start", "batch-count", "batch-increment", "batch-double", "batch-print", "batch-prompt"),
        *(
            "accept-md5-only",
            "progress",
            "output-file",
            "dont-scan",
            "test",
            "all-options",
            "help",
            "version",
        ),
    )
)


class WatchSettings(BaseModel):
    """Table ``[[watch]]``: a folder into which a scanner writes, and that the server watches."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = Field(min_length=1)
    unit: str = ""  # whose slips they are; none: as printed


class Settings(BaseModel):
    """What an office may set in ``omr.toml``; every key has a sensible default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    office: str = "Công an thành phố Hải Phòng"
    electronic_form_url: str = ""  # with one, forms carry its QR code; "{form}" and "{unit}" stand for them
    electronic_answers_url: str = ""  # that the form as a web page sends answers to; empty: it saves a file
    report: ReportSettings = ReportSettings()
    access: AccessSettings = AccessSettings()
    backup: BackupSettings = BackupSettings()
    poster: PosterSettings = PosterSettings()
    reading: ReadingSettings = ReadingSettings()
    scanners: dict[str, ScannerSettings] = {}  # by the name that people read
    watch: tuple[WatchSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """The places of one workspace and its settings."""

    path: Path
    settings: Settings

    @classmethod
    def create(cls, path: Path) -> Workspace:
        """Make the folder with its settings file; an existing workspace is opened untouched."""
        fresh = not (path / SETTINGS).exists()
        for folder in FOLDERS:
            (path / folder).mkdir(parents=True, exist_ok=True)
        if fresh:
            for name in ("", *FOLDERS):
                (path / name).chmod(0o700)  # scans show handwriting, the register holds secret keys
            text = "# Xem docs/settings.md / see docs/settings.md\n"
            (path / SETTINGS).write_text(text, encoding="utf-8", newline="\n")
            (path / SETTINGS).chmod(0o600)
        if _unused(path):
            (path / MARK).touch(mode=0o600)  # empty: the register is still to be made
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Workspace:
        """Open an existing workspace.

        Raises
        ------
        OmrError
            If the folder is no workspace or its settings are wrong.
        """
        file = path / SETTINGS
        if not file.is_file():
            raise OmrError("errors.no_workspace", path=path)
        try:
            return cls(path, Settings.model_validate(parse_toml(file.read_bytes())))
        except ValidationError as error:
            raise OmrError("errors.bad_settings", file=file, detail=what_is_wrong(error)) from error
        except OmrError as error:
            raise OmrError("errors.bad_settings", file=file, detail=error) from error

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / DATABASE

    @property
    def scans(self) -> Path:
        """The folder of originals."""
        return self.path / "scans"

    @property
    def forms(self) -> Path:
        """The office's own forms."""
        return self.path / "forms"

    @property
    def calibration(self) -> Path:
        """The office's own calibrations."""
        return self.path / "calibration"


def _unused(path: Path) -> bool:
    """Whether nobody worked in a workspace yet: there is nothing in it but settings and own forms."""
    unused = {SETTINGS, MARK, *FOLDERS}
    return {entry.name for entry in path.iterdir()} <= unused and not any((path / "scans").iterdir())


def shipped(folder: str) -> Path:
    """Return the folder of built-in data: ``templates`` or ``calibration``.

    Inside the package when installed from a wheel, beside it in a checkout or an
    editable install.
    """
    inside = Path(str(resources.files("omr"))) / folder
    return inside if inside.is_dir() else inside.parent.parent / folder
