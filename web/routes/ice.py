"""What clients of WHIP and WHEP say of ICE after their offer: more candidates, or that ICE starts anew (RFC 9725 §4.3).

`PATCH` with an SDP fragment.  `If-Match` says which ICE session is meant: its entity tag for candidates, `*` for a restart,
which gives the session new credentials and another tag; media goes on meanwhile.  Fragments are read by the relay.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from media.errors import BadSdp, Gone, MediaError
from web.container import container
from web.routes.media import FRAGMENT, PUBLIC, Problem, answered, body_of, check_accept, entity_tag, own_session

router = APIRouter(prefix="/media", tags=["media"])


@router.patch("/sessions/{session}", status_code=204, dependencies=[PUBLIC])
async def patch(request: Request, session: str) -> Response:
    """Candidates: `204`.  A restart: `200` with our new side as a fragment, and its entity tag."""
    return await answered(lambda: _patch(request, session))


async def _patch(request: Request, session: str) -> Response:
    await own_session(request, session)
    check_accept(request, FRAGMENT)
    fragment = await body_of(request, FRAGMENT, "media.fragment", "accept_patch")
    tags = [tag.strip() for line in request.headers.getlist("if-match") for tag in line.split(",") if tag.strip()]
    if not tags:
        raise Problem(428, "media.precondition")
    crew = container(request).hub.crew
    try:
        if tags == ["*"]:
            answer = await crew.restart(session, fragment)
            return Response(answer, 200, {"etag": entity_tag(answer)}, media_type=FRAGMENT)
        # A session has one tag at a time; of a list it is enough that it is among them.  Weak ones never match.
        strong = [tag[1:-1] for tag in tags if len(tag) > 2 and tag[0] == tag[-1] == '"']
        await crew.trickle(session, strong, fragment)
    except (BadSdp, Gone):
        raise
    except MediaError as error:
        raise (Problem(412, "media.tag") if error.code == "session.tag" else Problem(404, "session.unknown")) from error
    return Response(status_code=204)
