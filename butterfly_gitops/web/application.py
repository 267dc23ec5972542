"""The application: its routes, and what answers when something goes wrong."""

from fastapi import FastAPI

from butterfly_gitops import __version__
from butterfly_gitops.web import configuration, deliveries, endpoints, events, metrics, status
from butterfly_gitops.web.errors import handle_errors
from butterfly_gitops.web.guard import AccessMiddleware
from butterfly_gitops.web.services import Services


def make_application(services: Services | None) -> FastAPI:
    """Join the routes to what they stand on; without services it serves only for its OpenAPI document."""
    app = FastAPI(
        title="butterfly-gitops",
        version=__version__,
        summary="Every ultrasound result into the right chart, from reviewed configuration.",
        # Hospital networks are offline, and these pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # A redirect would lead to whatever host the request names.
        redirect_slashes=False,
    )
    app.add_middleware(AccessMiddleware)
    app.state.services = services
    for routes in (events, deliveries, endpoints, configuration, status, metrics):
        # As they are: `include_router` would build each route once more, which costs as much as a verb's own work.
        app.router.routes.extend(routes.router.routes)
    handle_errors(app)
    return app
