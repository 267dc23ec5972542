"""The one error of this package: a result that cannot be written for its endpoint."""

from butterfly_gitops.model.error import GitopsError


class RenderingRefused(GitopsError):  # noqa: N818 - it reads as what happened
    """No message can be made; `field` is where (`PID-3`), `why` a phrase that never quotes a value.

    `settings` are those of the endpoint that decide it (`message.too_long`); none where only the study can be mended.
    """

    def __init__(self, field: str, why: str, *, settings: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why
        self.settings = settings
