"""Printed pages and their scans for the tests of this room: known geometry, chosen harms."""

import cv2
import numpy as np

from omr.geometry import FRAMES, apply
from omr.reading.place.locate import marker_picture
from omr.reading.scan.pages import Depth, ScannedPage

PRINT_DPI = 400
PRINT_PX_PER_MM = PRINT_DPI / 25.4
A5 = FRAMES["A5"]


def scan_from_page(dpi=200, angle_deg=0.0, scale=1.0, stretch=1.0, shear=0.0, shift_mm=(0.0, 0.0), frame=A5):
    """The map of a scanner whose glass is as large as the page; quarter turns turn the picture."""
    angle = np.deg2rad(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.array([[1.0, shear], [0.0, stretch]]) * scale * dpi / 25.4
    middle = np.array([frame.width_mm, frame.height_mm]) / 2
    target = np.array(size_px(dpi, angle_deg, frame)) / 2 + np.array(shift_mm) * dpi / 25.4
    return np.hstack([linear, (target - linear @ middle - 0.5)[:, None]])


def size_px(dpi, angle_deg=0.0, frame=A5):
    """The size of a scan, (width, height)."""
    size = round(frame.width_mm * dpi / 25.4), round(frame.height_mm * dpi / 25.4)
    return size[::-1] if round(angle_deg / 90) % 2 else size


def scanned(printed, map_, size, background=255):
    """Put a page printed at `PRINT_DPI` under the scanner."""
    print_from_page = np.array([[PRINT_PX_PER_MM, 0, -0.5], [0, PRINT_PX_PER_MM, -0.5], [0, 0, 1]])
    scan_from_print = (np.vstack([map_, [0, 0, 1]]) @ np.linalg.inv(print_from_page))[:2]
    shrink = 1 / np.sqrt(abs(np.linalg.det(scan_from_print[:, :2])))
    if shrink > 1:  # what one sensor cell sees
        printed = cv2.GaussianBlur(printed, (0, 0), 0.45 * shrink)
    return cv2.warpAffine(printed, scan_from_print, size, flags=cv2.INTER_LINEAR, borderValue=background)


def noisy(grey, rng, sigma=4.0):
    return np.clip(grey + rng.normal(0, sigma, grey.shape), 0, 255).astype(np.uint8)


def scan_of(printed, rng, dpi=200, angle_deg=0.0, background=255, **geometry):
    """A scan with a little noise, and the map that made it."""
    map_ = scan_from_page(dpi, angle_deg, **geometry)
    return noisy(scanned(printed, map_, size_px(dpi, angle_deg), background), rng), map_


def page(grey, dpi=200, depth=Depth.GREY):
    return ScannedPage("scan.pdf", 1, np.ascontiguousarray(grey), depth, dpi)


def blank_sheet(frame):
    """A page of `frame` with its markers alone."""
    size = round(frame.height_mm * PRINT_PX_PER_MM), round(frame.width_mm * PRINT_PX_PER_MM)
    sheet = np.full(size, 255, np.uint8)
    for mark in frame.fiducials:
        (x0, y0), (x1, y1) = np.rint(mark.box.corners_mm[[0, 2]] * PRINT_PX_PER_MM).astype(int)
        sheet[y0:y1, x0:x1] = cv2.resize(marker_picture(mark.id, 8, 0), (x1 - x0, y1 - y0))
    return sheet


def boxes_of(form):
    """All boxes in the form's order, (N, 4, 2) mm."""
    return np.array([option.box.corners_mm for question in form.questions for option in question.options])


def off_mm(got_px, wanted_px, dpi):
    """How far points are off at most, in mm."""
    return np.linalg.norm(got_px - wanted_px, axis=-1).max() / dpi * 25.4


def markers_px(map_, frame=A5):
    """The corners of the markers in the scan, each (4, 2)."""
    return [apply(map_, mark.box.corners_mm) for mark in frame.fiducials]


def covered(grey, quad, value, margin_px=0):
    """Paint over a quad and what is around it; (H, W) in place."""
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int) - margin_px, 0)
    high = np.ceil(quad.max(axis=0)).astype(int) + margin_px + 1
    grey[low[1] : high[1], low[0] : high[0]] = value


def crossed(grey, place_mm, map_, size_mm=3.6, value=40, width_px=4):
    """Draw an X."""
    half = size_mm / 2
    ends = np.array([[-half, -half], [half, half], [-half, half], [half, -half]]) + place_mm
    a, b, c, d = (tuple(int(v) for v in one) for one in np.rint(apply(map_, ends)))
    cv2.line(grey, a, b, value, width_px, cv2.LINE_AA)
    cv2.line(grey, c, d, value, width_px, cv2.LINE_AA)
