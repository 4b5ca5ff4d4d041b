"""The few calls of Orthanc's REST interface that are needed, with bounds on every answer."""

import base64
import http.client
import json
import re
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import urlsplit

from planchecker.errors import PlanCheckerError

__all__ = ["Orthanc", "TooLargeError", "is_orthanc_id"]

_ANSWER_BYTES: Final = 50_000_000
_TIMEOUT_S: Final = 60.0


class TooLargeError(PlanCheckerError):
    """An answer that is larger than we hold; asking again would not help."""


def is_orthanc_id(text: object) -> bool:
    """Whether this is an identifier of Orthanc: five groups of eight hexadecimal digits.

    Examples
    --------
    >>> is_orthanc_id("-".join(["0123abcd"] * 5)), is_orthanc_id("../system")
    (True, False)
    """
    return isinstance(text, str) and bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}", text))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Go nowhere else: the server that was named is the one that is trusted."""


class Orthanc:
    """An Orthanc server.

    Parameters
    ----------
    url
        Such as ``http://127.0.0.1:8042``.
    user, password
        Where the server asks for them; over plain HTTP only to this machine.
    object_bytes
        Largest object that is downloaded.

    Raises
    ------
    PlanCheckerError
        If the URL is neither ``http`` nor ``https``.
    """

    def __init__(
        self, url: str, *, user: str = "", password: str = "", object_bytes: int = 512_000_000
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PlanCheckerError(f"{url!r} is no address of an Orthanc, such as http://host:8042")
        if parts.username or parts.password:
            raise PlanCheckerError("leave user and password out of the address of the Orthanc")
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if password and parts.scheme == "http" and not local:
            raise PlanCheckerError("a password goes to another machine over https only")
        self.url = url.rstrip("/")
        self._object_bytes = object_bytes
        self._headers = {}
        if user:
            token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
            self._headers["Authorization"] = f"Basic {token}"
        # Proxies of the environment are for the Internet; the server is in the house.
        self._open = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _NoRedirect()
        ).open

    def changes(self, since: int) -> dict[str, Any]:
        """Return up to 100 changes after number `since`, in order."""
        return self._object(f"/changes?since={int(since)}&limit=100")

    def last_change(self) -> int:
        """Return the number of the last change."""
        last = self._object("/changes?last").get("Last", 0)
        if not isinstance(last, int):
            raise PlanCheckerError(f"{self.url}/changes answers something else than expected")
        return last

    def series_of(self, study: str) -> list[dict[str, Any]]:
        """Return every series of a study, with its main tags and instances."""
        return self._list(f"/studies/{_checked(study)}/series")

    def series(self, series: str) -> dict[str, Any]:
        """Return one series."""
        return self._object(f"/series/{_checked(series)}")

    def lookup(self, uid: str, level: str) -> list[str]:
        """Return the identifiers of what has this DICOM UID; `level` is Series or Instance."""
        rows = self._list("/tools/lookup", data=uid.encode("ascii"))
        return [str(row["ID"]) for row in rows if row.get("Type") == level]

    def file(self, instance: str) -> bytes:
        """Return one object as a DICOM file."""
        return self._call(f"/instances/{_checked(instance)}/file", most=self._object_bytes)

    def md5(self, instance: str) -> str:
        """Return the digest of one object as Orthanc keeps it: an overwritten one shows."""
        path = f"/instances/{_checked(instance)}/attachments/dicom/md5"
        return self._call(path).decode("ascii", "replace").strip()[:64]

    def store(self, data: bytes) -> str:
        """Add an object; return its identifier."""
        return str(self._object("/instances", data=data).get("ID", ""))

    def _object(self, path: str, *, data: bytes | None = None) -> dict[str, Any]:
        answer = self._json(path, data)
        if not isinstance(answer, dict):
            raise PlanCheckerError(f"{self.url}{path} answers something else than expected")
        return answer

    def _list(self, path: str, *, data: bytes | None = None) -> list[dict[str, Any]]:
        answer = self._json(path, data)
        if not isinstance(answer, list):
            raise PlanCheckerError(f"{self.url}{path} answers something else than expected")
        return [row for row in answer if isinstance(row, dict) and is_orthanc_id(row.get("ID"))]

    def _json(self, path: str, data: bytes | None) -> Any:
        try:
            return json.loads(self._call(path, data=data))
        except (ValueError, RecursionError) as error:
            # Such as the page of a proxy that stands before the server.
            raise PlanCheckerError(f"{self.url}{path} answers no JSON") from error

    def _call(self, path: str, *, data: bytes | None = None, most: int = _ANSWER_BYTES) -> bytes:
        # The constructor has let only http and https through.
        request = urllib.request.Request(  # noqa: S310
            self.url + path, data=data, headers=self._headers
        )
        try:
            with self._open(request, timeout=_TIMEOUT_S) as answer:
                content: bytes = answer.read(most + 1)
        except (OSError, http.client.HTTPException) as error:
            code = f" ({error.code})" if isinstance(error, urllib.error.HTTPError) else ""
            raise PlanCheckerError(f"{self.url}{path} cannot be had{code}: {error}") from error
        if len(content) > most:
            raise TooLargeError(f"{self.url}{path} is larger than {most} bytes")
        return content


def _checked(identifier: str) -> str:
    if not is_orthanc_id(identifier):
        raise PlanCheckerError(f"{identifier!r} is no identifier of Orthanc")
    return identifier
