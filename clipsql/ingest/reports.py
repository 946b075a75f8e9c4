"""What an ingest or a worker tells of its pictures: counts, and every problem as it comes up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clipsql.ingest.readings import Outcome, Reading, printable
from clipsql.picture import UnusableRow

_MOST_EXAMPLES = 10
"""Problems and remarks that a report names one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A picture that failed, or a row of the source that was left out; `failure` is the class of a failure.

    `position` says where the source tells of it, as far as this run has read the source; `url` is None when the row
    could not be read so far.
    """

    outcome: Outcome
    reason: str
    position: str | None = None
    url: str | None = None
    failure: str | None = None


@dataclass(kw_only=True)
class IngestReport:
    """What an ingest or a worker did.

    `on_problem` is told of every problem as it comes up. `problems` holds a few of them, and `remarks` a few on
    pictures that were read, of which there are `remarked`. `position_of` finds by its URL where the source tells of
    a picture, None where it does not. `nameless` rows were left out that do not tell which picture they are about;
    `gone` are image_ids that a complete source has no more.
    """

    on_problem: Callable[[Problem], None] = lambda _problem: None
    position_of: Callable[[str], str | None] = lambda _url: None
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    remarked: int = 0
    nameless: int = 0
    gone: Sequence[int] = ()
    captions: int = 0
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """How many pictures failed; those of earlier runs do not count."""
        return self.outcomes[Outcome.FAILED]

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return self.outcomes[Outcome.DUPLICATE] + self.outcomes[Outcome.UNUSABLE]

    def add(self, other: IngestReport) -> None:
        """Count what another worker did, too; it has told of its problems itself."""
        self.outcomes += other.outcomes
        self.captions += other.captions
        self.remarked += other.remarked
        self.remarks += other.remarks[: _MOST_EXAMPLES - len(self.remarks)]
        self.problems += other.problems[: _MOST_EXAMPLES - len(self.problems)]

    def settled(self, reading: Reading) -> None:
        """Count a picture that is safely stored."""
        picture = reading.picture
        if reading.outcome is Outcome.UNUSABLE:
            position = self.position_of(picture.url)
            self._leave_out(
                Outcome.UNUSABLE, f"{position or picture.url}: {picture.error}", position, picture.url
            )
            return
        self.outcomes[reading.outcome] += 1
        if reading.is_claimed:
            self.outcomes -= Counter([Outcome.QUEUED])
        if reading.outcome is Outcome.FAILED:
            self._tell(
                Problem(
                    outcome=Outcome.FAILED,
                    reason=picture.error or "",
                    position=self.position_of(picture.url),
                    url=picture.url,
                    failure=picture.failure,
                )
            )
        for remark in reading.remarks:
            self.remarked += 1
            if len(self.remarks) < _MOST_EXAMPLES:
                self.remarks.append(printable(f"{picture.file or picture.url}: {remark}"))

    def repeated(self, position: str, earlier: str, url: str) -> None:
        """Count a record whose URL came before."""
        why = f"{position} repeats {earlier}: {url}; give each picture one row, further captions in further columns."
        self._leave_out(Outcome.DUPLICATE, why, position, url)

    def unusable(self, row: UnusableRow) -> None:
        """Count a row that says nothing that could be stored."""
        self._leave_out(Outcome.UNUSABLE, row.problem, row.position, row.url)

    def _leave_out(self, outcome: Outcome, why: str, position: str | None, url: str | None) -> None:
        self.outcomes[outcome] += 1
        self.nameless += url is None
        where = None if position is None else printable(position)
        self._tell(Problem(outcome=outcome, reason=printable(why), position=where, url=url))

    def _tell(self, problem: Problem) -> None:
        self.on_problem(problem)
        if len(self.problems) < _MOST_EXAMPLES:
            self.problems.append(problem)
