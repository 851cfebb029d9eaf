"""Scalars as they stand on the wire, read into typed values."""

import base64
import binascii
import math
import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

# Stands for a value that was reported already; nothing more is said of it.
INVALID = object()

_BITS = {"integer": 32, "long": 64}
_ISO8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def of_text(shape, text, path, findings, timestamps):
    """A scalar of XML, a form, a header or a path. `timestamps`: the format where the shape names none."""
    kind = shape.type_name
    if kind in ("string", "character"):
        return text
    if kind in _BITS:
        if re.fullmatch(r"-?\d+", text) and _fits(int(text), kind):
            return int(text)
        return _wrong(path, findings, kind, text)
    if kind in ("float", "double"):
        return _float(text, path, findings, kind)
    if kind == "boolean":
        return text == "true" if text in ("true", "false") else _wrong(path, findings, kind, text)
    if kind == "timestamp":
        return _timestamp(text, shape.serialization.get("timestampFormat", timestamps), path, findings)
    if kind == "blob":
        return _blob(text, path, findings)
    return _wrong(path, findings, kind, text)


def of_json(shape, value, path, findings):
    """A scalar of JSON."""
    kind = shape.type_name
    if kind in ("string", "character"):
        return value if isinstance(value, str) else _wrong(path, findings, kind, value)
    if kind in _BITS:
        fits = isinstance(value, int) and not isinstance(value, bool) and _fits(value, kind)
        return value if fits else _wrong(path, findings, kind, value)
    if kind in ("float", "double"):
        if value in ("NaN", "Infinity", "-Infinity"):
            return float(value)
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return value if fits else _wrong(path, findings, kind, value)
    if kind == "boolean":
        return value if isinstance(value, bool) else _wrong(path, findings, kind, value)
    if kind == "timestamp":
        return _timestamp(value, shape.serialization.get("timestampFormat", "unixTimestamp"), path, findings)
    if kind == "blob":
        return _blob(value, path, findings) if isinstance(value, str) else _wrong(path, findings, kind, value)
    return _wrong(path, findings, kind, value)


def _fits(value, kind):
    bound = 1 << (_BITS[kind] - 1)
    return -bound <= value < bound


def _float(text, path, findings, kind):
    try:
        return math.nan if text == "NaN" else float(text)
    except ValueError:
        return _wrong(path, findings, kind, text)


def _timestamp(value, form, path, findings):
    try:
        if form == "unixTimestamp":
            if isinstance(value, bool):
                raise ValueError(value)
            return datetime.fromtimestamp(float(value), timezone.utc)
        if form == "rfc822":
            return parsedate_to_datetime(value)
        if not _ISO8601.fullmatch(value):
            raise ValueError(value)
        # Python reads at most six places after the second before 3.11.
        return datetime.fromisoformat(re.sub(r"\.\d+", "", value).replace("Z", "+00:00"))
    except (TypeError, ValueError, OverflowError):
        return _wrong(path, findings, f"timestamp ({form})", value)


def _blob(text, path, findings):
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return _wrong(path, findings, "blob in base64", text)


def _wrong(path, findings, kind, value):
    findings.add(path, f"is no {kind}: {value!r}")
    return INVALID
