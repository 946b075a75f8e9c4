"""The table of models: one default, partitions that come and go with their model."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from integration.filling import new_model, picture, write
from sqlalchemy.engine import Engine

from clipsql import errors
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_model, find_model, list_models, remove_model, require_model
from clipsql.db.partitions import EMBEDDING_TABLES, hnsw_index_name, partition
from clipsql.db.shadows import use_model

PARTITIONS = (
    "select relname from pg_class where relispartition and relkind = 'r' and relname like '%_embedding_%'"
)


def partitions(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(sa.text(PARTITIONS)).scalars())


def test_the_first_model_is_the_default_until_another_is_used(engine: Engine) -> None:
    assert find_model(engine) is None
    with pytest.raises(errors.UnknownModel, match='no model yet; run "clipsql model add NAME"'):
        require_model(engine)
    first, second = new_model(engine, name="first"), new_model(engine, name="second")
    assert (first.is_default, second.is_default) == (True, False)
    assert use_model(engine, "second").is_default
    assert [(model.name, model.is_default) for model in list_models(engine)] == [
        ("first", False),
        ("second", True),
    ]
    with pytest.raises(errors.UnknownModel, match='no model "third"'):
        use_model(engine, "third")
    assert require_model(engine).name == "second"


def test_adding_a_model_again_changes_nothing_and_another_revision_is_refused(engine: Engine) -> None:
    model = new_model(engine)
    assert new_model(engine) == model
    with pytest.raises(errors.ModelError, match="already here at revision 1, not 2"):
        add_model(
            engine, name=model.name, location="x", revision="2", dimensions=model.dimensions, logit_scale=1.0
        )
    assert list_models(engine) == [model]


def test_a_model_brings_its_partitions_and_takes_them_along(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    number = model.model_id
    assert partitions(engine) == {
        f"{table}_{number}" for table in ("image_embedding", "caption_embedding", "region_embedding")
    }
    write(engine, model, [picture("x", [1, 0, 0])])
    ensure_index(engine, model, table="image_embedding")
    ensure_index(engine, model, table="caption_embedding", rebuild=True)
    with engine.connect() as connection:
        for table in EMBEDDING_TABLES:
            names = sa.text(
                "select clipsql_private.partition_name(:table, :id)::regclass,"
                " clipsql_private.hnsw_index_name(:table, :id)"
            )
            in_sql = connection.execute(names, {"table": table, "id": number}).one()
            assert in_sql == (
                partition(table, number).as_string().replace('"', ""),
                f"clipsql_private.{hnsw_index_name(table, number)}",
            )
            is_used = "select clipsql_private.index_is_usable(:id, :table)"
            assert connection.execute(sa.text(is_used), {"table": table, "id": number}).scalar_one() is (
                table == "image_embedding"
            )
    remove_model(engine, model.name)
    assert partitions(engine) == set()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from clipsql.image").scalar_one() == 1


def test_a_partition_refuses_a_vector_of_other_dimensions(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    write(engine, model, [picture("x", None)])
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="dimensions_check"):
        connection.exec_driver_sql(
            "insert into clipsql.image_embedding select image_id, 1, '[1,2]' from clipsql.image"
        )
