"""A meeting's papers read page by page, by every door: a signed-in account, a point's link, a personal link.

    …/papers/{id}                    the page with the reader
    …/papers/{id}/about              {id, name, pages, media_type, at, changed, notes, newer}
    …/papers/{id}/pages/{n}?w=       the picture of a page
    …/papers/{id}/pages/{n}/text     its words
    …/papers/{id}/notes, …/notes/{note}/remove, …/read

The same handlers for each door (`open_door`): they differ only in who comes and how that is proved.  Pictures are drawn by
`pageimages.Press`; notes are `meetings.margins`, which keeps them to their reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from meetings import margins, pages, papers, service
from meetings.access import Action, Subject
from meetings.documents import TYPES
from meetings.papers import Document
from meetings.store import paper_store
from web import csrf, legible, readerwords, session, views
from web.container import Container, container
from web.guard import allow
from web.i18n import language
from web.pageimages import WIDTHS
from web.pages import page as rendered
from web.pages import static
from web.routes.by_link import fields, link
from web.routes.by_person import person

router = APIRouter(tags=["papers"])

KEPT = "private, max-age=43200, immutable"  # a document's pages never change; another version is another document
PageNumber = Annotated[int, Path(ge=1, le=legible.MOST)]
Width = Annotated[int, Query(ge=1, le=10_000)]
Guard = Callable[[Action], Any]


def of_account(action: Action) -> Any:
    return Depends(allow(action, views.meeting))


def whose(request: Request, subject: Subject) -> Subject:
    """Whoever came by a link and is also signed in on this device is that account: the same notes by every door."""
    if subject.user_id is not None:
        return subject
    account = session.of_request(container(request), request)
    if account.user_id is None:
        return subject
    if request.method not in csrf.SAFE:
        csrf.check_origin(request)
    return replace(account, seat=subject.seat, person=subject.person)


def meeting_of(request: Request, subject: Subject) -> str:
    """Of the link, or of the address."""
    come = subject.seat or subject.person
    return come.meeting_id if come else str(request.path_params["meeting_id"])


def unhurried(found: Container, meeting_id: str, subject: Subject) -> None:
    """Raises TooMany.  Pages and notes are many and cost no event; still there is an end to them."""
    found.paper_pace.take(f"{meeting_id} {margins.reader_of(subject)}", found.clock.now())


def open_door(to: APIRouter, prefix: str, guard: Guard) -> None:
    """The addresses of one door below `prefix`."""
    base = f"{prefix}/papers/{{document_id}}"

    @to.get(base, response_class=HTMLResponse)
    def reader(request: Request, document_id: str, subject: Subject = guard(Action.DOCUMENT_READ)) -> Response:
        return _reader(request, document_id, subject)

    @to.get(f"{base}/about")
    async def about(request: Request, document_id: str, subject: Subject = guard(Action.PAPER_NOTE)) -> Response:
        found = await to_thread.run_sync(_about, request, document_id, subject)
        await container(request).press.warm()
        return JSONResponse(found)

    @to.get(f"{base}/pages/{{n}}")
    async def picture(request: Request, document_id: str, n: PageNumber, w: Width = 1080, subject: Subject = guard(Action.DOCUMENT_READ)) -> Response:
        found, paper, source = await _source(request, document_id, n, subject)
        unhurried(found, paper.meeting_id, subject)
        made = await found.press.page(source, paper.sha256, n, w, picture=paper.media_type.startswith("image/"))
        return FileResponse(made, media_type="image/webp", headers={"cache-control": KEPT})

    @to.get(f"{base}/pages/{{n}}/text")
    async def text(request: Request, document_id: str, n: PageNumber, subject: Subject = guard(Action.DOCUMENT_READ)) -> Response:
        found, paper, source = await _source(request, document_id, n, subject)
        unhurried(found, paper.meeting_id, subject)
        said = "" if paper.media_type.startswith("image/") else await found.press.text(source, n)
        return JSONResponse({"text": said}, headers={"cache-control": KEPT})

    @to.post(f"{base}/read")
    async def read(request: Request, document_id: str, subject: Subject = guard(Action.PAPER_NOTE)) -> Response:
        """{page}: where the reader is, to open there again."""
        return await _write(request, subject, lambda conn, meeting_id, body, by, now: margins.read_to(
            conn, meeting_id, document_id, whole(body.get("page")), by, now))

    @to.post(f"{base}/notes")
    async def note(request: Request, document_id: str, subject: Subject = guard(Action.PAPER_NOTE)) -> Response:
        """{page, note?, kind, at, text}: a new note, or the reader's own under that id, changed."""
        return await _write(request, subject, lambda conn, meeting_id, body, by, now: margins.note_put(
            conn, meeting_id, document_id, _name(body.get("note")), whole(body.get("page")), body, by, now))

    @to.post(f"{base}/notes/{{note_id}}/remove")
    async def remove(request: Request, document_id: str, note_id: str, subject: Subject = guard(Action.PAPER_NOTE)) -> Response:
        return await _write(request, subject, lambda conn, meeting_id, body, by, now: margins.note_remove(
            conn, meeting_id, document_id, note_id, by))


async def _write(request: Request, subject: Subject, work: Callable[..., Any]) -> Response:
    found, by, meeting_id, body = container(request), whose(request, subject), meeting_of(request, subject), await fields(request)
    unhurried(found, meeting_id, by)

    def run() -> Any:
        with found.db.write() as conn:
            return work(conn, meeting_id, body, by, found.clock.now())

    return JSONResponse({"id": await to_thread.run_sync(run)})


async def _source(request: Request, document_id: str, n: int, subject: Subject) -> tuple[Container, Document, Any]:
    found = container(request)

    def load() -> Document:
        with found.db.read() as conn:
            return papers.document(conn, meeting_of(request, subject), document_id)

    paper = await to_thread.run_sync(load)
    pages.check_page(n, paper.pages)
    return found, paper, found.blobs.path(paper.sha256)


def _about(request: Request, document_id: str, subject: Subject) -> dict[str, Any]:
    found, by, meeting_id = container(request), whose(request, subject), meeting_of(request, subject)
    with found.db.read() as conn:
        paper = papers.document(conn, meeting_id, document_id)
        marks, changed = margins.marks(conn, meeting_id, by)
        notes = [asdict(one) for one in margins.notes(conn, paper, by)]
        newer = next((one.document_id for one in papers.documents(conn, meeting_id) if one.replaces == document_id), None)
    if paper.pages is None and paper.media_type == TYPES["pdf"]:
        paper = _counted(found, paper)
    return {
        "id": paper.document_id, "name": paper.name, "pages": paper.pages, "media_type": paper.media_type, "size": paper.size,
        "at": marks.get(document_id), "changed": document_id in changed, "newer": newer, "notes": notes,
        "shared": by.user_id is None and by.person is None, "widths": WIDTHS,
    }


def _counted(found: Container, paper: Document) -> Document:
    """A PDF from before pages were counted: now they are, unless something in it acts by itself."""
    with found.blobs.open(paper.sha256) as file:
        look = found.press.look(file.read())
    if look is None or look.acts or not 1 <= look.pages <= pages.MOST:
        return paper
    with found.db.write() as conn:
        paper_store.count_pages(conn, paper.document_id, look.pages)
    return replace(paper, pages=look.pages)


def _reader(request: Request, document_id: str, subject: Subject) -> Response:
    found, meeting_id = container(request), meeting_of(request, subject)
    with found.db.read() as conn:
        paper, meeting = papers.document(conn, meeting_id, document_id), service.get(conn, meeting_id)
    base = request.url.path.rpartition("/papers/")[0]
    data = {
        "base": base, "paper": document_id, "words": readerwords.words(), "lang": language(), "points": {}, "sprite": static("icons/sprite.svg"),
        "csrf": csrf.token(request) if subject.user_id else None,
    }
    back = f"{base}/documents" if subject.user_id else base if subject.person else f"{base}/room"
    return rendered(request, "papers/read.html", title=paper.name, meeting_title=meeting.title, data=data, back=back,
                    file=f"{base}/documents/{document_id}")


def whole(value: Any) -> int:
    """A page number as scripts and forms send it; 0, which no page has, for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return legible.number(value) or 0 if isinstance(value, str) else 0


def _name(value: Any) -> str | None:
    return value[:64] if isinstance(value, str) and value else None


open_door(router, "/meetings/{meeting_id}", of_account)
open_door(router, "/j/{secret}", link)
open_door(router, "/p/{secret}", person)
