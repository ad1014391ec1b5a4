"""The index folder: snapshots as numbered directories, one pointer file that names the current one, and locks.

index/
  current        the name of the current snapshot, replaced atomically
  lock           held by whoever builds
  17/  18/       snapshots; each has a `lock` that its readers share
  building/      what is being built; a leftover of a crash is removed by the next build
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path

POINTER = "current"
LOCK = "lock"
BUILDING = "building"
_REMOVING = "removing-"


def current(folder: Path) -> Path | None:
    """Return the directory of the current snapshot, or None where there is none."""
    try:
        name = (folder / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    path = folder / name
    return path if name.isdecimal() and path.is_dir() else None


def snapshots(folder: Path) -> list[Path]:
    """Return the directories of all snapshots, oldest first."""
    return sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))


def lock(path: Path) -> int:
    """Wait until nobody else holds the lock file, and return the descriptor that holds it until it is closed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def share(snapshot: Path) -> int:
    """Return a descriptor that keeps a snapshot from being deleted until it is closed.

    Raises:
        FileNotFoundError: the snapshot has been deleted, or is being.
    """
    descriptor = os.open(snapshot / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.stat(snapshot / LOCK)
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        raise FileNotFoundError(f"{snapshot} is being deleted") from None
    return descriptor


def publish(folder: Path, name: str) -> None:
    """Make the finished `building` directory the snapshot of that name, and the current one."""
    sync_tree(folder / BUILDING)
    os.rename(folder / BUILDING, folder / name)
    _sync(folder)
    replace(folder / POINTER, name + "\n")


def replace(path: Path, text: str) -> None:
    """Replace a small file so that a reader, or a crash, meets the old text or the new, nothing between."""
    aside = path.with_name(path.name + ".new")
    with open(aside, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    _sync(path.parent)


def clean(folder: Path) -> None:
    """Remove what builds that died left behind; the caller holds the folder's lock."""
    now = current(folder)
    for path in list(folder.iterdir()):
        unpublished = path.name.isdecimal() and (now is None or int(path.name) > int(now.name))
        if unpublished or path.name == BUILDING or path.name.startswith(_REMOVING):
            shutil.rmtree(path)


def delete_old(folder: Path) -> None:
    """Delete the snapshots that have two newer ones and no reader; the caller holds the folder's lock."""
    for path in snapshots(folder)[:-2]:
        with suppress(BlockingIOError, FileNotFoundError):
            descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                removing = path.with_name(_REMOVING + path.name)
                os.rename(path, removing)
                shutil.rmtree(removing)
            finally:
                os.close(descriptor)


def link_tree(source: Path, target: Path, *, copied: Container[str] = (), left_out: Container[str] = ()) -> None:
    """Make target hold the files of source as hard links; copies of the names given and where links fail."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.name in left_out:
            continue
        if path.is_dir():
            link_tree(path, target / path.name, copied=copied, left_out=left_out)
        elif path.name in copied or not _linked(path, target / path.name):
            shutil.copyfile(path, target / path.name)


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        return False
    return True


def walk(folder: Path) -> Iterator[Path]:
    """Yield all files under a folder in a fixed order."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from walk(path)
        else:
            yield path


def digest(path: Path) -> str:
    """Return the BLAKE2b checksum (16 bytes, hexadecimal) of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def sync_tree(folder: Path) -> None:
    """Have the system write the files under a folder, and the folders themselves, to the disk."""
    for path in walk(folder):
        if path.stat().st_nlink == 1:  # a link is a file that its first snapshot has synced already
            _sync(path)
    for path in (*(p for p in folder.rglob("*") if p.is_dir()), folder):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
