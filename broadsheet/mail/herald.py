"""From the outbox to hooks: takes what is due, posts it, and puts back what became of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import httpx

from broadsheet.errors import Unavailable
from broadsheet.library.hooks import are_public
from broadsheet.mail import webhooks
from broadsheet.mail.webhooks import Call
from broadsheet.records import Mail

if TYPE_CHECKING:
    from broadsheet.library import Library

BATCH = 20  # posts at once
STEP = 10.0  # seconds for one step: connecting, writing, waiting for an answer
ALL = 20.0  # seconds for a post
LEASE = 120.0  # seconds: longer than a batch takes
_GONE = 410
_OFTEN = (429, 503)

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Failed(Exception):
    """A post that did not arrive: why, whether none is wanted any more, and after how many seconds another is."""

    def __init__(self, reason: str, *, gone: bool = False, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.gone, self.wait = gone, wait


async def resolved(host: str, port: int) -> list[str]:
    """Return the numbers that a host's name stands for now."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Herald:
    """Posts what one library's hooks are due; any number of them, in any processes, may work beside each other."""

    def __init__(self, library: Library, now: Callable[[], datetime], *, resolve: Resolve = resolved) -> None:
        self._library, self._now, self._resolve = library, now, resolve
        self._anywhere = library.settings.webhooks == "any"

    def turn(self) -> dict[str, int]:
        """Post up to a batch of what is due; return how much arrived and how much did not."""
        claimed = self._library.claim_posts(BATCH, LEASE)
        calls = [(mail, made) for mail in claimed if (made := self._call(mail)) is not None]
        failures = asyncio.run(self._all([made for _, made in calls])) if calls else []
        for (mail, _), failure in zip(calls, failures, strict=True):
            if failure is None:
                self._library.post_arrived(mail)
            else:
                self._library.post_failed(mail, str(failure), gone=failure.gone, wait=failure.wait)
        arrived = sum(failure is None for failure in failures)
        return {"posted": arrived, "failed": len(failures) - arrived} if claimed else {}

    def _call(self, mail: Mail) -> Call | None:
        """Return the request of a post; None where it cannot be made, which is noted."""
        try:
            found = self._library.post_of(mail)
            if found is not None:
                return webhooks.call(mail.id, *found, self._library.base, self._now())
        except Unavailable:
            raise
        except Exception as error:  # whatever one post brings out must not stop the others
            self._library.post_failed(mail, f"It could not be written: {str(error) or type(error).__name__}")
        else:
            self._library.post_dropped(mail, "its webhook or follow is not there any more")
        return None

    async def _all(self, calls: Sequence[Call]) -> list[Failed | None]:
        async with httpx.AsyncClient(timeout=STEP, follow_redirects=False, trust_env=False) as client:
            return list(await asyncio.gather(*(self._outcome(client, call) for call in calls)))

    async def _outcome(self, client: httpx.AsyncClient, call: Call) -> Failed | None:
        try:
            async with asyncio.timeout(ALL):
                await self._post(client, call)
        except Failed as failure:
            return failure
        except TimeoutError:
            return Failed(f"It did not answer within {ALL:.0f} seconds.")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return Failed(f"It cannot be reached ({type(error).__name__}).")
        return None

    async def _post(self, client: httpx.AsyncClient, call: Call) -> None:
        """Post to the very number that was looked at, so that a name cannot be given another one in between.

        Raises:
            Failed: the address is not public, or the answer is not that all is well.
        """
        url = httpx.URL(call.url)
        numbers = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        if not self._anywhere and not (numbers and url.scheme == "https" and are_public(numbers)):
            raise Failed("It is an address of a private network, or not https.")
        headers = {**call.headers, "Host": url.netloc.decode()}
        request = client.build_request(
            call.method,
            url.copy_with(host=numbers[0]),
            content=call.body,
            headers=headers,
            extensions={"sni_hostname": url.host},
        )
        answer = await client.send(request, stream=True)  # what it says beside its status is nobody's business
        await answer.aclose()
        if not answer.is_success:
            raise _refusal(answer)


def _refusal(answer: httpx.Response) -> Failed:
    status, said = answer.status_code, answer.headers.get("retry-after", "")
    wait = float(said[:9]) if status in _OFTEN and said.isdecimal() else 0.0
    where = " and sent us elsewhere, where we do not go" if answer.is_redirect else ""
    return Failed(f"It answered {status}{where}.", gone=status == _GONE, wait=wait)
