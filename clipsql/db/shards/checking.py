"""How shards are: whether they answer, are at the same revision, have the same models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.engine import Engine

from clipsql.db.shards.listing import Shard, known_shards
from clipsql.db.statements import Driver, driver_connection
from clipsql.db.transactions import writing

_LEAST_LIKENESS = 0.999
"""Cosine of one text's vectors on two servers: processors round differently, other weights give another vector."""
OTHER_MODEL = "add both databases the same"
"""How what is told of a model ends under which vectors would not agree."""


@dataclass(frozen=True, kw_only=True)
class ShardState:
    """How a shard is: what is wrong with it, one line each, and what it holds as far as it answers."""

    shard: Shard
    problems: Sequence[str]
    pictures: int | None = None
    pending: int | None = None
    failed: int | None = None


def check_shards(engine: Engine) -> list[ShardState]:
    """Every shard, with what is wrong: one that is not reached, is at another revision, has other models."""
    with writing(engine) as connection:
        driver = driver_connection(connection)
        shards, told = known_shards(driver), descriptions(driver, with_slots=True)
        states = []
        for shard in shards:
            answer = told[shard.shard_id].get("answer")
            if answer is None:
                problem = f"gives no answer: {told[shard.shard_id]['problem']}"
                states.append(ShardState(shard=shard, problems=[problem]))
                continue
            states.append(
                ShardState(
                    shard=shard,
                    problems=[*_problems(driver, answer), *_strays(driver, shard, answer)],
                    **{name: answer[name] for name in ("pictures", "pending", "failed")},
                )
            )
        return states


def descriptions(driver: Driver, *, with_slots: bool = False) -> dict[int, dict[str, Any]]:
    """By shard_id, what each shard says of itself, as `answer`, or the `problem`; pictures by slot where asked."""
    rows = driver.execute(
        """
        select a.shard_id, a.answer, a.problem
        from clipsql_private.ask_shards('describe_as_shard', jsonb_build_object('with_slots', %s::boolean)) as a
        """,
        (with_slots,),
    )
    return {
        number: {"answer": answer} if problem is None else {"problem": problem.rstrip(".")}
        for number, answer, problem in rows
    }


def _strays(driver: Driver, shard: Shard, answer: dict[str, Any]) -> list[str]:
    """What a move that broke off has left."""
    own = {
        str(slot)
        for (slot,) in driver.execute(
            "select s.slot from clipsql_private.slot as s where s.shard_id = %s", (shard.shard_id,)
        )
    }
    strays = sum(pictures for slot, pictures in (answer["slots"] or {}).items() if slot not in own)
    return [f'holds {strays:,} pictures that lie elsewhere; run "clipsql shard rebalance"'] if strays else []


def _problems(driver: Driver, answer: dict[str, Any]) -> list[str]:
    found = model_problems(driver, answer)
    revision = driver.execute("select max(r.version_num) from clipsql_private.revision as r").fetchone()
    if (answer["revision"],) != revision:
        found.append(
            f"is at revision {answer['revision']}, this database at {revision and revision[0]}; "
            'run "clipsql db upgrade" on both'
        )
    if answer["is_restricted"]:
        found.append("keeps pictures apart by row-level security, which does not reach over shards")
    return found


def model_problems(driver: Driver, answer: dict[str, Any]) -> list[str]:
    """How the models of a shard differ from those here, one line each."""
    row = driver.execute("select clipsql_private.describe_as_shard('{}')").fetchone()
    assert row is not None
    there = {model["name"]: model for model in answer["models"]}
    found = []
    for model in row[0]["models"]:
        other = there.get(model["name"])
        if other is None:
            found.append(f'lacks model {model["name"]}; run "clipsql model add" there, or ingest')
        elif model["dimensions"] != other["dimensions"] or model["revision"] != other["revision"]:
            found.append(f"model {model['name']} is another one there; {OTHER_MODEL}")
        elif (
            model["probe"] and other["probe"] and _likeness(model["probe"], other["probe"]) < _LEAST_LIKENESS
        ):
            found.append(f"model {model['name']} has other weights there; {OTHER_MODEL}")
    return found


def _likeness(one: str, other: str) -> float:
    first, second = (np.array(text.strip("[]").split(","), dtype=np.float64) for text in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
