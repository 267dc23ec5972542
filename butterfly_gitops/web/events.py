"""`POST /v1/study-events`: results in."""

from typing import Any

from fastapi import APIRouter, Request, Response, status

from butterfly_gitops.web.access import Asking, Given
from butterfly_gitops.web.documents import accepted_document
from butterfly_gitops.web.guard import Guarded, needs
from butterfly_gitops.web.limit import MAX_BODY_BYTES, read_limited
from butterfly_gitops.web.submission import SMALLER_ARRAYS, read_submission_apart

router = APIRouter(route_class=Guarded)


@router.post("/v1/study-events", status_code=status.HTTP_202_ACCEPTED)
@needs("send_results", "fleet")
async def post_study_events(request: Request, response: Response, services: Given, _: Asking) -> Any:
    """Take one study event or a JSON array of them, all or none.

    202 once they are durable, with the decisions made; 200 when all were known; 409 for a known id with other
    content; 422 with problems; 413 over the size limit or 1000 events; 503 when the store can't take them.
    """
    submission = await read_submission_apart(await read_limited(request, hint=_smaller))
    accepted = await services.intake.accept(submission.events, pointers=submission.pointers)
    if all(one.is_known for one in accepted):
        response.status_code = status.HTTP_200_OK
    documents = [accepted_document(one) for one in accepted]
    return documents if submission.is_array else documents[0]


def _smaller(start: bytes) -> str:
    if start.lstrip().startswith(b"["):
        return SMALLER_ARRAYS
    return f"one event takes at most {MAX_BODY_BYTES // 2**20} MiB"
