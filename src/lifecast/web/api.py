"""The HTTP API. `POST /api/reconstruct` answers with the model; `/api/jobs` is for clients that watch the stages.

    curl -F photo=@me.jpg http://127.0.0.1:7860/api/reconstruct -o me.glb

Its OpenAPI page is at /api/docs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, HTTPException, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lifecast import __version__
from lifecast.atomic import DISK_ERRORS
from lifecast.errors import CheckpointError, LifecastError, MissingExtra, OptionError, OutputError, UsageError
from lifecast.options import FORMATS, ReconstructOptions
from lifecast.surface.output.viewer import viewer_page
from lifecast.web.form import FIELDS, Fields
from lifecast.web.queue import Cancelled, QueueFull, ReconstructionQueue, Ticket
from lifecast.web.uploads import CHUNK, UploadTooLarge, receive
from lifecast.web.work import MEDIA_TYPES, Result, file_name, reconstruct_upload, upload_options

Photo = Annotated[UploadFile, File(description="A photograph of a person, whole figure.")]

FORM_ITSELF = 1 << 16
"""Bytes of a body beside the photograph: the form's other fields and its boundaries."""
CLIENT_GONE = 499  # what nginx logs for a client that went away; nobody reads it


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk


def _refusal(error: BaseException) -> tuple[int, str]:
    """HTTP status and plain words for what went wrong."""
    if isinstance(error, UploadTooLarge):
        return 413, _plain(error)
    if isinstance(error, Cancelled):
        return 504, _plain(error)
    if isinstance(error, OutputError) or (isinstance(error, OSError) and error.errno in DISK_ERRORS):
        return 507, "the server's disk is full or cannot be written; try again later"
    if isinstance(error, (CheckpointError, MissingExtra)):
        return 500, _plain(error)
    if isinstance(error, LifecastError):  # a photograph, or a box, that shows nobody
        return 422, _plain(error)
    return 500, f"the server failed on this photograph ({type(error).__name__}); its log says more"


def _plain(words: object) -> str:
    """Text that UTF-8 can carry: a client's own words may hold halves of characters."""
    return str(words).encode("utf-8", "backslashreplace").decode()


async def _check_fields(request: Request) -> None:
    """UsageError for a field that is not known, comes twice, or stands in the address: it would have no effect."""
    for name in request.query_params:
        raise UsageError(f"{name}: stands in the address; send it as a field of the form")
    form = await request.form()  # FastAPI has read it
    for name in form:
        if name not in FIELDS:
            raise UsageError(f"{name}: there is no such field; the fields are {', '.join(FIELDS)}")
        if len(form.getlist(name)) > 1:
            raise UsageError(f"{name}: was sent {len(form.getlist(name))} times; send it once")


def _unreadable(request: Request, error: Exception) -> Response:
    """The answer to a form whose fields are not of their types, in words."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field, kind, given = str(first["loc"][-1]), str(first["type"]), first.get("input")
    if field == "photo":
        words = "photo: no file was sent; send the photograph as the form's file 'photo' (curl -F photo=@me.jpg)"
    elif not isinstance(given, str):
        words = f"{field}: was sent as a file; send it as text"
    else:
        hint = {"int": "give a whole number", "bool": "give true or false"}.get(kind.split("_")[0], "give a number")
        words = str(OptionError(field, given, hint))
    return JSONResponse({"detail": _plain(words)}, status_code=422)


def _model(ticket: Ticket, file_format: str) -> Response:
    result = ticket.result
    assert isinstance(result, Result)
    if file_format in result.missing:
        raise HTTPException(422, f"{file_format}: could not be made of this photograph; {result.missing[file_format]}")
    if file_format not in result.files:
        hint = f"; ask with formats={file_format}" if file_format in FORMATS else ""
        raise HTTPException(404, f"{file_format} was not asked for{hint}")
    return Response(
        result.files[file_format],
        media_type=MEDIA_TYPES[file_format],
        headers={
            "Content-Disposition": f'attachment; filename="{file_name(file_format)}"',
            "Cache-Control": "no-store",
        },
    )


def _status(queue: ReconstructionQueue, ticket: Ticket) -> dict[str, Any]:
    status: dict[str, Any] = {
        "token": ticket.token,
        "state": ticket.state,
        "stage": ticket.stage,
        "place": queue.place(ticket),
    }
    if ticket.state == "done":
        status |= ticket.result.facts
        status["files"] = {name: f"/api/jobs/{ticket.token}/person.{name}" for name in ticket.result.files}
    if ticket.error is not None:
        status["error"] = _refusal(ticket.error)[1]
    return status


def make_router(queue: ReconstructionQueue, reconstructor: Any, upload_limit: int) -> APIRouter:
    """Make the routes under /api."""
    router = APIRouter(prefix="/api")

    async def enter(request: Request, photo: UploadFile, fields: dict[str, Any]) -> tuple[Ticket, ReconstructOptions]:
        try:
            await _check_fields(request)
            options = upload_options(**fields)
            upload = await receive(_chunks(photo), photo.filename or "photo", upload_limit)
        except (LifecastError, OSError) as error:
            status, words = _refusal(error)
            raise HTTPException(status, words) from error
        try:
            ticket = queue.submit(
                lambda progress: reconstruct_upload(reconstructor, upload, options, progress), release=upload.discard
            )
        except QueueFull as full:
            raise HTTPException(503, str(full), headers={"Retry-After": str(full.retry_after)}) from full
        return ticket, options

    @router.post(
        "/reconstruct",
        summary="A photograph in, the 3D model out",
        responses={
            200: {"content": {"model/gltf-binary": {}, "application/json": {}}},
            413: {"description": "The upload is too large"},
            422: {"description": "The photograph or an option cannot be used; `detail` says why"},
            503: {"description": "The queue is full; Retry-After says for how many seconds"},
            504: {"description": "The time limit was reached"},
            507: {"description": "The server's disk is full"},
        },
    )
    async def reconstruct(
        request: Request,
        photo: Photo,
        fields: Fields,
    ) -> Response:
        """Waits for the end. With `Accept: application/json` the answer is the facts and links instead of the file."""
        ticket, options = await enter(request, photo, fields)
        while not ticket.wait(0):
            if await request.is_disconnected():
                queue.cancel(ticket)
                return Response(status_code=CLIENT_GONE)
            await asyncio.sleep(0.05)
        if ticket.error is not None:
            queue.drop(ticket)
            status, words = _refusal(ticket.error)
            raise HTTPException(status, words)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(_status(queue, ticket))
        queue.drop(ticket)
        return _model(ticket, options.formats[0])

    @router.post("/jobs", status_code=202, summary="Queue a photograph and return at once")
    async def create_job(
        request: Request,
        photo: Photo,
        fields: Fields,
    ) -> dict[str, Any]:
        """The answer's `token` is the only way to the result."""
        ticket, _ = await enter(request, photo, fields)
        return _status(queue, ticket)

    def known(token: str) -> Ticket:
        ticket = queue.find(token)
        if ticket is None:
            raise HTTPException(404, "no such job: its token is wrong, or its time is over")
        return ticket

    @router.get("/jobs/{token}", summary="Place in the queue, stage, and at the end the facts and links")
    async def job(token: str) -> dict[str, Any]:
        return _status(queue, known(token))

    @router.get("/jobs/{token}/person.{file_format}", summary="A file of a finished job")
    async def file(token: str, file_format: str) -> Response:
        ticket = known(token)
        if ticket.error is not None:
            status, words = _refusal(ticket.error)
            raise HTTPException(status, words)
        if ticket.state != "done":
            raise HTTPException(409, f"not finished: {ticket.stage}")
        return _model(ticket, file_format)

    @router.get(
        "/jobs/{token}/view", summary="A page that shows the model of a finished job", response_class=HTMLResponse
    )
    async def view(token: str) -> Response:
        model = await file(token, "glb")
        page = await asyncio.to_thread(viewer_page, bytes(model.body), "person")
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    @router.delete("/jobs/{token}", status_code=204, summary="Cancel a job, or delete its result")
    async def delete(token: str) -> None:
        queue.cancel(known(token))

    @router.get("/health", summary="Whether the worker lives, and how many are in the queue")
    async def health() -> dict[str, Any]:
        return {"version": __version__, "queue": len(queue), "capacity": queue.capacity}

    return router


def make_app(queue: ReconstructionQueue, reconstructor: Any, upload_limit: int = 32 << 20) -> FastAPI:
    """Make the server's application without the page.

    Parameters
    ----------
    reconstructor
        As `lifecast.load` returns it.
    upload_limit
        Bytes of one request's body. A body that announces more is refused before it is read.
    """
    app = FastAPI(title="lifecast", version=__version__, docs_url="/api/docs", openapi_url="/api/openapi.json")

    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_middleware(BodyLimit, limit=upload_limit + FORM_ITSELF)
    app.include_router(make_router(queue, reconstructor, upload_limit))
    return app


class BodyLimit:
    """Refuses a body of the API above `limit` bytes.

    It refuses at once if the length is announced, else as the body arrives. The form is read to disk before a route
    gets any of it, so the routes' own limit comes too late for this.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        words = f"a larger body than the {self._limit / 2**20:.0f} MiB that this server takes"
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > self._limit:
            await JSONResponse({"detail": words}, status_code=413)(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self._limit:
                raise HTTPException(413, words)
            return message

        await self._app(scope, counted, send)
