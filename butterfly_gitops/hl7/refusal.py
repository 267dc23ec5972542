"""The one error of this package: a result that cannot be written for its endpoint."""

from butterfly_gitops.model.error import GitopsError


class RenderingRefused(GitopsError):  # noqa: N818 - it reads as what happened
    """No message can be made; `field` is where (`PID-3`), `why` a phrase that never quotes a value.

    `settings` are those of the endpoint that decide it (`message.too_long`); none where only the study can be fixed.
    """

    def __init__(self, field: str, why: str, *, settings: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why
        self.settings = settings

    @property
    def decided_by(self) -> str:
        """The settings that decide it, as the end of a sentence; empty where there is none, or `why` names it."""
        unnamed = [setting for setting in self.settings if setting not in self.why]
        if not unnamed:
            return ""
        return f"; {' or '.join(unnamed)} {'decides' if len(unnamed) == 1 else 'decide'} that"
