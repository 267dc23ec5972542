"""The entry: one study event and one endpoint in, the exact bytes of its ORU^R01 out.

Same arguments, same bytes: the time, the control id and the spare order number come from the caller, which stores
what the next render of the same report must know.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import NO_ENCOUNTER, Result, providers_of
from butterfly_gitops.hl7.timestamp import WallClock, clock_of, later_instant, remembered
from butterfly_gitops.hl7.transliteration import fitted
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.study import Study, StudyEvent

# Longest values in the tables of all versions that receivers are known to enforce.
_CONTROL_ID_LENGTH = 20
_FILLER_LENGTH = 22
# So much earlier that no repeated hour of autumn lies between the two.
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReport:
    """The report as an EHR already knows it.

    `filler` is OBR-3 of its first render, kept for life; `last_status_time` is that of the last render.
    `fallback_filler` is made by the caller (`BF` and 14 characters) for a study without any order number, or whose
    number is that of another report at this EHR: `taken`.
    `repeats` says that the same revision goes out again, with the same OBR-22.
    """

    filler: str | None = field(default=None, repr=False)
    taken: frozenset[str] = field(default=frozenset(), repr=False)
    last_status_time: str | None = None
    fallback_filler: str
    repeats: bool = False


def preview_defaults(
    event: StudyEvent, endpoint: EhrEndpoint, status: ResultStatus, *, fallback_filler: str
) -> KnownReport:
    """The report that a preview assumes, since only a store knows it.

    A correction or a withdrawal follows a final that this endpoint's EHR acknowledged a day before.
    """
    follows = status in (ResultStatus.C, ResultStatus.W)
    earlier = clock_of(endpoint).prints(event.occurred_at - _A_DAY) if follows else None
    return KnownReport(fallback_filler=fallback_filler, last_status_time=earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One message; every segment of `data` ends in CR. `filler` and `status_time` are to be known from now on.

    `status_time` is OBR-22 with seconds and offset, whether the endpoint prints them or not.
    """

    data: bytes = field(repr=False)
    filler: str = field(repr=False)
    status_time: str


def render(
    form: Form, event: StudyEvent, *, report: KnownReport, status: ResultStatus, control_id: str, at: datetime
) -> Rendered:
    """Write the ORU of a result in the form of its endpoint; `at` (aware) becomes MSH-7, `control_id` MSH-10.

    Raises RenderingRefused naming the field that cannot be written.
    """
    write = partial(_written, form, report=report, status=status, control_id=control_id, at=at)
    if form.endpoint.encoding == "UTF-8":
        return write(event)
    codec = charset_of(form.endpoint.encoding).codec
    in_plain_letters = form.endpoint.message.unencodable == "transliterate"
    try:
        return write(fitted(event, codec, in_plain_letters=in_plain_letters))
    except RenderingRefused as error:
        refusal = error
    # Outside `except`, so that a refusal does not carry another one.
    if not in_plain_letters and "encoding" in refusal.settings:
        # Plain letters do not fix what is said of a setting, a code, or a character that has none.
        in_letters = _refusal_of(partial(write, fitted(event, codec, in_plain_letters=True)))
        if str(in_letters) != str(refusal):
            settings = ("message.unencodable", *refusal.settings)
            refusal = RenderingRefused(refusal.field, refusal.why, settings=settings)
    raise refusal


def _refusal_of(write: Callable[[], Rendered]) -> RenderingRefused | None:
    try:
        write()
    except RenderingRefused as refusal:
        return refusal
    return None


def _written(
    form: Form, event: StudyEvent, *, report: KnownReport, status: ResultStatus, control_id: str, at: datetime
) -> Rendered:
    """Write the event as it is now: its texts fit the encoding as well as they may."""
    options, clock, study = form.endpoint.message, form.clock, event.study
    if options.hl7_version not in form.layout.versions:
        raise RenderingRefused(
            "MSH-12",
            f"the layout {form.layout.name} has no version {options.hl7_version}",
            settings=("message.layout", "message.hl7_version"),
        )
    filler = report.filler or _new_filler(study, report, options)
    _check_length("MSH-10", control_id, _CONTROL_ID_LENGTH)
    if options.too_long == "refuse":
        _check_length("OBR-3", filler, _FILLER_LENGTH, settings=("message.too_long",))
    status_at = clock.shows(_status_at(clock, event.occurred_at, report))
    result = Result(
        study=study,
        patient=event.patient,
        encounter=event.encounter or NO_ENCOUNTER,
        options=options,
        version=VERSIONS[options.hl7_version],
        clock=clock,
        status=status,
        control_id=control_id,
        filler=escape(filler),
        sent_at=clock.prints(at),
        observed=clock.prints(study.started_at or study.ended_at or event.occurred_at),
        status_time=clock.prints(status_at),
        providers=providers_of(study, options.provider_id),
    )
    # What is said once more is no later than it was, by whatever clock.
    told = report.last_status_time if report.repeats else None
    return Rendered(data=form.filled(result), filler=filler, status_time=told or remembered(clock, status_at))


def _new_filler(study: Study, report: KnownReport, options: Message) -> str:
    own = study.filler_order_number or study.accession_number
    if own is None:
        return report.fallback_filler
    if own not in report.taken:
        return own
    if options.filler_in_use == "set_aside":
        why = "is that of another report at this EHR"
        raise RenderingRefused("OBR-3", why, settings=("message.filler_in_use",))
    return report.fallback_filler


def _status_at(clock: WallClock, occurred_at: datetime, report: KnownReport) -> datetime:
    if report.repeats and report.last_status_time is not None:
        return clock.reads(report.last_status_time, fold=occurred_at.astimezone(clock.zone).fold)
    return later_instant(clock, occurred_at, report.last_status_time)


def _check_length(place: str, value: str, longest: int, *, settings: tuple[str, ...] = ()) -> None:
    if len(value) > longest:
        why = f"is longer than the {longest} characters that every version allows"
        raise RenderingRefused(place, why, settings=settings)
