"""The consequence of a change for results: seven classes, worst first, and the one table that gives each setting its class."""

from collections.abc import Mapping
from enum import StrEnum

from butterfly_gitops.model.host import is_public
from butterfly_gitops.plan.change import RENAMED_FROM, Change, Kind


class Consequence(StrEnum):
    """The consequences of a change, in the order in which a person must know of them."""

    NOTHING_APPLIED = "nothing_applied"
    RESULTS_STOP = "results_stop"
    GO_ELSEWHERE = "go_elsewhere"
    IDENTITY_CHANGES = "identity_changes"
    ONE_MORE_PLACE = "one_more_place"
    TIMING = "timing"
    COSMETIC = "cosmetic"

    @property
    def rank(self) -> int:
        """0 is worst."""
        return list(Consequence).index(self)


NOTHING_APPLIED = Consequence.NOTHING_APPLIED
STOP, ELSEWHERE, IDENTITY = Consequence.RESULTS_STOP, Consequence.GO_ELSEWHERE, Consequence.IDENTITY_CHANGES
ONE_MORE, TIMING, COSMETIC = Consequence.ONE_MORE_PLACE, Consequence.TIMING, Consequence.COSMETIC

# By kind and dotted path; a path stands for all that lies below it unless a longer one says otherwise.
CLASS_OF_SETTING: Mapping[Kind, Mapping[str, Consequence]] = {
    "ehr_endpoint": {
        "display_name": COSMETIC,
        # Who receives.
        **dict.fromkeys(("link", "host", "port", "tls"), ELSEWHERE),
        # How they read it.
        **dict.fromkeys(("sending_application", "sending_facility"), IDENTITY),
        **dict.fromkeys(("receiving_application", "receiving_facility"), IDENTITY),
        **dict.fromkeys(("processing_id", "encoding", "declare_encoding", "time_zone", "message"), IDENTITY),
        "acknowledgement.mode": IDENTITY,  # MSH-15 and 16
        # When. A pause keeps every result, so it is no stop; its sentence says that they wait.
        **dict.fromkeys(
            ("status", "preliminary_results", "minimum_gap", "connection", "on_retarget"), TIMING
        ),
        **dict.fromkeys(("ack_timeout", "connection_timeout", "acknowledgement", "retry"), TIMING),
    },
    # `cloud_id` stops results only where the source may still use the old one; see `class_of`.
    "archive": {"display_name": COSMETIC, "purpose": COSMETIC, "cloud_id": STOP},
    "link": {"display_name": COSMETIC, "runs": ELSEWHERE},
    "site": {"display_name": COSMETIC, "time_zone": COSMETIC},
    # A state belongs to one fleet: under another name its program refuses the files.
    "fleet": {"name": NOTHING_APPLIED, "guard": COSMETIC},
    "grants": {"subscription": STOP, "entitlements": TIMING},
    "access_role": dict.fromkeys(
        ("connectivity_management", "results", "message_content", "members", "sites"), COSMETIC
    ),
}
# By kind: where one is added, and where one leaves.
CLASS_OF_WHOLE: Mapping[Kind, tuple[Consequence, Consequence]] = {
    "fleet": (COSMETIC, STOP),
    "grants": (COSMETIC, STOP),
    "access_role": (COSMETIC, COSMETIC),
    "site": (ONE_MORE, STOP),
    "link": (COSMETIC, COSMETIC),
    "ehr_endpoint": (ONE_MORE, STOP),
    "archive": (COSMETIC, STOP),
    "forwarding_rule": (ONE_MORE, STOP),
}


def class_of(change: Change) -> Consequence:
    """The class of one change."""
    if is_public_endpoint(change):
        return ELSEWHERE
    if change.is_whole:
        added, removed = CLASS_OF_WHOLE[change.kind]
        return added if change.is_added else removed
    match change.kind, change.setting:
        case "archive", "cloud_id" if change.old is None:
            return COSMETIC
        case "ehr_endpoint", setting if setting == RENAMED_FROM:
            return COSMETIC
        case "grants", "subscription" if change.old != "enterprise":
            return ONE_MORE if change.new == "enterprise" else COSMETIC
        case kind, setting:
            return class_of_setting(kind, setting)


def is_public_endpoint(change: Change) -> bool:
    """Whether an endpoint is added whose host is public: results leave for a place that nobody has approved."""
    match change.kind, change.new:
        case "ehr_endpoint", {"host": str(host)} if change.is_added:
            return is_public(host)
        case _:
            return False


def class_of_setting(kind: Kind, path: str) -> Consequence:
    """Look a setting up in the table. Raises KeyError for one that it does not name."""
    table = CLASS_OF_SETTING[kind]
    while path not in table and "." in path:
        path = path.rpartition(".")[0]
    return table[path]
