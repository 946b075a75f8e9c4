"""Tenants see, search and write what the policies of clipsql.image give them, and learn nothing of the others."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from integration.filling import embed_captions, fill
from integration.test_session_settings import CALLS
from PIL import Image
from psycopg import sql
from sqlalchemy.engine import URL, Engine

import clipsql
from clipsql import errors
from clipsql.cli import main
from clipsql.db import percentile_samples
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_model, add_space, require_model
from clipsql.db.schema import migrating
from clipsql.db.statements import driver_connection
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

Connection = psycopg.Connection[tuple[object, ...]]
NAMES = {name: f"clipsql_test_{os.getpid()}_{name}" for name in ("a", "b", "a_reader")}
POLICIES = {
    "setting": "collection = current_setting('app.tenant', true)",
    "role": "current_user like collection || '%' or collection = 'CURRENT_USER\\n''\"'",
    "table": "exists (select from public.tenant as m where m.collection = image.collection"
    " and starts_with(current_user, m.login))",
}
"""How an owner says whose a picture is; the last is more than searches can read, so PostgreSQL itself hides rows."""


@pytest.fixture(scope="module", params=POLICIES)
def kept_apart(
    request: pytest.FixtureRequest, new_database: Callable[..., URL], template: str
) -> Iterator[tuple[URL, Engine]]:
    """A database with pictures of tenant a, who has a login to write and one to read; b has a login and no picture."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    add_space(engine, "space", dimensions=3)
    fill(engine, rows=300, model=model)
    embed_captions(engine, model)
    policy = POLICIES[request.param]
    with engine.begin() as connection:
        for statement in (
            "update clipsql.image set collection = '" + NAMES["a"] + "'",
            "create table public.tenant (login text, collection text)",
            "grant select on public.tenant to public",
            "create table public.product (product_id integer primary key, photo text)",
            "grant select on public.product to public",
            "select clipsql.attach('public.product', url_column => 'photo')",
            f"insert into public.tenant values ('{NAMES['a']}', '{NAMES['a']}'), ('{NAMES['b']}', '{NAMES['b']}')",
            "alter table clipsql.image enable row level security",
            f"create policy of_tenant on clipsql.image to clipsql_reader, clipsql_writer using ({policy})",
            *(
                statement
                for name, role in NAMES.items()
                for statement in (
                    f"create role {role} login password 'secret'",
                    f"grant clipsql_{'reader' if 'reader' in name else 'writer'} to {role}",
                    f"alter role {role} set app.tenant = '{NAMES[name[0]]}'",
                )
            ),
            "select clipsql.enable_tenants()",
            "create table public.later (later_id integer primary key, photo text)",
            "select clipsql.attach('public.later', url_column => 'photo')",
        ):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    for table in ("image_embedding", "caption_embedding"):
        ensure_index(engine, model, table=table)
    for name in "ab":
        with psycopg.connect(as_role(url, name), autocommit=True) as connection:
            connection.execute(
                "select clipsql.watch(%s, query => 'a dog', min_similarity => -1)", (f"of {name}",)
            )
            connection.execute(
                "insert into clipsql_private.webhook (owner, address) values (current_user, 'https://example.org/')"
            )
    yield url, engine
    with engine.begin() as connection:
        for role in NAMES.values():
            connection.exec_driver_sql(f"drop role {role}")
    engine.dispose()


def as_role(url: URL, name: str) -> str:
    return url.set(username=NAMES[name], password="secret").render_as_string(hide_password=False)


_RELATIONS = """
    select c.oid::regclass::text
    from pg_catalog.pg_class as c
    where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    order by 1
"""
_STATISTICS = """
    select s::text from pg_catalog.pg_stats as s
    where s.schemaname like 'clipsql%' and s.tablename !~ '^text_'
        and s.tablename not in ('model', 'settings', 'attachment', 'attached_column', 'revision')
"""


def all_that_is_seen(url: str, ids: str) -> dict[str, object]:
    """What every relation shows and every function gives, by name, to whoever logs in."""
    seen: dict[str, object] = {}
    notices: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
        for (relation,) in connection.execute(_RELATIONS).fetchall():
            try:
                rows = connection.execute(f"select t.* from {relation} as t".encode()).fetchall()
                seen[str(relation)] = sorted(map(str, rows))
            except psycopg.errors.InsufficientPrivilege:
                seen[str(relation)] = "refused"
        seen["pg_stats"] = connection.execute(_STATISTICS.encode()).fetchall()
        for call in (*CALLS, *(call.replace("{ids}", ids).replace("{model}", _MODEL) for call in OF_OTHERS)):
            try:
                seen[call] = connection.execute(f"select * from {call} as t".encode()).fetchall()
            except psycopg.Error as error:
                seen[call] = (error.sqlstate, str(error))
        seen["notices"] = notices
    return seen


_MODEL = "clipsql_private.resolve_model(null)"
OF_OTHERS = (
    "clipsql.image_vector(({ids})[1])",
    "clipsql.thumbnail_uri(({ids})[1])",
    "clipsql.match(({ids})[1], 'a red truck')",
    "clipsql.itm_score(({ids})[1], 1)",
    "clipsql_private.filtered_images(null)",
    "clipsql.classify(({ids})[1], '{dog,bridge}')",
    "clipsql.suggest_captions(({ids})[1])",
    "clipsql.search_similar(({ids})[1])",
    "clipsql.search_query('image:301')",
    "clipsql.search_request('{\"image\": 301}')",
    "clipsql.search(array_fill(1, array[128])::vector, 1000, only_images => {ids})",
    "clipsql.search(array_fill(1, array[128])::vector, 1000, min_percentile => 50)",
    "clipsql.search_captions(array_fill(1, array[128])::vector, 1000, only_images => {ids})",
    "clipsql.search_hybrid('quokka', 1000)",
    "clipsql.search_moments('quokka', 1000, only_images => {ids})",
    "clipsql_private.moments({ids}, array_fill(0.5::float8, array[40]), 3)",
    "clipsql.search_hybrid('quokka', in_collection => '" + NAMES["b"] + "')",
    "clipsql.classify_images('{dog,bridge}', only_images => {ids})",
    "clipsql.search_plan(array_fill(1, array[128])::vector, only_images => {ids})",
    "clipsql.search_plan(array_fill(1, array[128])::vector)",
    "clipsql.count_matches('a red truck', 'all', min_similarity => -1)",
    "clipsql.next_to_check('a red truck', 1000)",
    "clipsql.next_to_check('a red truck', 1000, only_images => {ids})",
    "clipsql.backtest('of a')",
    "clipsql.backtest('of b')",
    "clipsql.search_plan(array_fill(1, array[128])::vector, caption_query => 'quokka')",
    "clipsql_private.answer(array[array_fill(1, array[128])::vector], 1, 1000, null, null, null, null,"
    " {model})",
    "clipsql_private.nearest(array_fill(1, array[128])::vector, 1000, null, {model})",
    "clipsql_private.nearest_captions(array_fill(1, array[128])::vector, 1000, null, {model})",
    "clipsql_private.rank_words('quokka', 'true', null, {model})",
    "clipsql_private.percentile_basis(array[array_fill(1, array[128])::halfvec], null, 2, {model})",
    "clipsql_private.percentile_basis(array[array_fill(1, array[128])::halfvec], '" + NAMES["b"] + "', 2,"
    " {model})",
    "clipsql_private.distinct_images({ids}, 0.99, 1000, {model})",
    "clipsql_private.result_rows({ids}, array_fill(0.5::float8, array[40]), array[array_fill(1, array[128])::vector],"
    " 1, 1000, null, null, null, null, {model})",
    "clipsql_private.compare_all(array_fill(1, array[128])::vector, 1000, '', null, {model})",
    "clipsql_private.make_filter('"
    + NAMES["b"]
    + "', null, null, null, null, null, null, null, null, null, null, null, null, null)",
    "clipsql_private.resolve_model('" + str(MODEL_FOLDER) + "')",
)
"""Calls that ask for what is another's; `ids` are its pictures."""


def give_everything_to_b(url: URL, engine: Engine, folder: Path) -> None:
    """Whatever clipsql keeps of a tenant: b writes what a writer may, the owner the rest."""
    for number in range(3):
        Image.new("RGB", (64, 48), (number * 60, 90, 200 - number * 50)).save(folder / f"{number}.png")
    (folder / "captions.csv").write_text("file,caption\n0.png,A quokka.\n1.png,A red truck.\n", "utf-8")
    done = run(
        as_role(url, "b"), "ingest", folder / "captions.csv", "--collection", NAMES["b"], "--thumbnails"
    )
    assert done.exit_code == 0, done.output
    with clipsql.connect(as_role(url, "b")) as pictures:
        for number in range(40):
            pictures.put(
                NAMES["b"],
                f"https://b.example/{number}",
                embedding=np.eye(128)[number],
                captions=["Another quokka."],
                metadata={"secret": number},
            )
        pictures.put(NAMES["b"], "https://b.example/waits")
    model = require_model(engine, "demo")
    with engine.begin() as connection:
        for statement in (
            "insert into clipsql_private.percentile_sample (model_id, collection, pictures)"
            f" values ({model.model_id}, '{NAMES['b']}', 9), ({model.model_id}, null, 9)",
            "insert into clipsql_private.percentile_sample_embedding (percentile_sample_id, image_id, embedding)"
            " select s.percentile_sample_id, e.image_id, e.embedding"
            " from clipsql_private.percentile_sample as s cross join clipsql.image_embedding as e",
            "insert into clipsql_private.search_tuning"
            " (model_id, collection, ef_search, target_recall, measured_recall, queries)"
            f" values ({model.model_id}, '{NAMES['b']}', 100, 1, 1, 9), ({model.model_id}, null, 100, 1, 1, 9)",
            f"insert into clipsql_private.remembered_text values ({model.model_id}, 'quokka', '{[0.5] * 128}')",
            "update clipsql_private.queue set file_to_read = '/b'",
            *(
                f"insert into clipsql.{name}_picture ({name}_id, image_id, is_ours, facts)"
                " select i.image_id, i.image_id, true, gen_random_uuid() from clipsql.image as i"
                f" where i.collection = '{NAMES['b']}'"
                for name in ("product", "later")
            ),
            "insert into clipsql_private.attachment_problem (attachment_id, problem) values (1, 'of b')",
            "analyze",
        ):
            connection.exec_driver_sql(statement)


def run(url: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(
        main, [str(argument) for argument in arguments], env={"CLIPSQL_DATABASE_URL": url}
    )


def test_whatever_another_tenant_has_changes_nothing_that_one_sees(
    kept_apart: tuple[URL, Engine], tmp_path: Path
) -> None:
    url, engine = kept_apart
    ids = "array[" + ",".join(str(number) for number in range(301, 341)) + "]::bigint[]"
    before = {name: all_that_is_seen(as_role(url, name), ids) for name in ("a", "a_reader")}
    for name, seen in before.items():
        assert len(seen["clipsql.image"]) == len(seen["clipsql.image_embedding"]) == 300, name
        assert "refused" not in (seen["clipsql.caption"], seen["clipsql.collection_stats"])

    give_everything_to_b(url, engine, tmp_path)
    owners = all_that_is_seen(url.render_as_string(hide_password=False), ids)
    for name, seen in before.items():
        after = all_that_is_seen(as_role(url, name), ids)
        different = {key for key in after if after[key] != seen.get(key)}
        assert different == set(), {key: (seen.get(key), after[key]) for key in sorted(different)[:3]}
    # The owner sees by the same calls that there was something to hide.
    changed = {call for call in owners if owners[call] != before["a"].get(call)}
    hidden = {relation for relation in owners if owners[relation] and "." in relation and "(" not in relation}
    assert {
        "clipsql.caption",
        "clipsql_private.thumbnail",
        "clipsql_private.percentile_sample_embedding",
    } <= changed
    assert hidden >= {
        "clipsql_private.queue",
        "clipsql_private.remembered_text",
        "clipsql_private.fingerprint",
    }


def test_every_table_and_partition_is_kept_apart_or_of_no_tenant(kept_apart: tuple[URL, Engine]) -> None:
    _, engine = kept_apart
    add_space(engine, "later", dimensions=2)
    with engine.begin() as connection:
        # What is made by hand beside ours counts, too: here it is as if a later version had made it.
        tables = connection.exec_driver_sql(
            "select c.oid::regclass::text, c.relrowsecurity,"
            " array(select p.polname::text from pg_policy as p where p.polrelid = c.oid order by 1)"
            " from pg_class as c where c.relkind in ('r', 'p')"
            " and c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)"
        ).all()
        functions = connection.exec_driver_sql(
            "select p.oid::regproc::text from pg_proc as p where p.prosecdef and p.prorettype <> 'trigger'::regtype"
            " and p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)"
        ).scalars()
        doors = connection.exec_driver_sql(
            "select door from clipsql_private.tenant_doors() where runs_as_owner"
        ).scalars()
        # Those that ask shards answer nobody from whom pictures are hidden (tests/clients/test_shards.py).
        assert {name for name in functions if "_shard" not in name} == set(doors)
        invoked_views = connection.exec_driver_sql(
            "select c.relname from pg_class as c where c.relkind = 'v' and c.relnamespace = 'clipsql'::regnamespace"
            " and not c.reloptions @> '{security_invoker=true}'"
        ).all()
        assert invoked_views == []
    open_tables = {name for name, is_on, _ in tables if not is_on}
    assert open_tables == {
        "clipsql.fusion", "clipsql.model", "clipsql.settings", "clipsql_private.api_key", "clipsql_private.fusion_row",
        "clipsql_private.revision", "clipsql_private.text_added_token", "clipsql_private.text_matrix",
        "clipsql_private.text_merge", "clipsql_private.text_neuron", "clipsql_private.text_position",
        "clipsql_private.text_token", "clipsql_private.text_tower", "clipsql_private.text_word",
    }  # fmt: skip
    partitions = [policies for name, _, policies in tables if re.search(r"_embedding_\d+$", name)]
    assert partitions == [[]] * 9


SEARCHES = (
    "clipsql.search(clipsql.image_vector(7), 30, {mine}, caption_query => 'truck -snow', distinct_above => 0.3)",
    "clipsql.search(clipsql.image_vector(7), 200, {mine})",
    "clipsql.search(clipsql.image_vector(7), 50, {mine}, having_metadata => '{\"night\": true}', min_percentile => 20)",
    "clipsql.search(clipsql.image_vector(7), 20, {mine}, near_longitude => 13, near_latitude => 52, within_m => 5e6)",
    "clipsql.search_text('a red truck', 20, {mine}, except_images => '{1,2,3}')",
    "clipsql.search_similar(7, 25, {mine})",
    "clipsql.search_vectors(array[clipsql.image_vector(7), clipsql.image_vector(9)], null, 20, {mine},"
    " fusion => 'minimum similarity')",
    "clipsql.search_hybrid('a red truck in the snow', 15, {mine})",
    "clipsql.search_moments('a red truck in the snow', 15, '20 seconds', {mine})",
    "clipsql.search_captions(clipsql.image_vector(7), 30, {mine})",
    "clipsql.suggest_captions(7, 10, {mine})",
    "clipsql.classify_images('{red truck,dog}', {mine})",
    "(select matching_rows, is_exact from clipsql.search_plan(clipsql.image_vector(7), 10, {mine}))",
)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_tenant_is_answered_as_the_owner_within_its_pictures(
    kept_apart: tuple[URL, Engine], search: str
) -> None:
    url, _ = kept_apart
    owners = f"in_collection => '{NAMES['a']}'"
    with psycopg.connect(url.render_as_string(hide_password=False)) as owner:
        expected = owner.execute(f"select * from {search.replace('{mine}', owners)} as t".encode()).fetchall()
    with psycopg.connect(as_role(url, "a_reader")) as tenant:
        found = tenant.execute(
            f"select * from {search.replace('{mine}', 'in_collection => null')} as t".encode()
        ).fetchall()
    assert len(found) >= 1
    assert found == expected


def test_a_tenant_does_not_learn_where_the_files_of_a_model_lie(kept_apart: tuple[URL, Engine]) -> None:
    url, _ = kept_apart
    with psycopg.connect(as_role(url, "a_reader"), autocommit=True) as tenant:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tenant.execute("select location from clipsql.model")
        assert ("demo", 128) in tenant.execute("select name, dimensions from clipsql.model").fetchall()
        assert tenant.execute("select (clipsql_private.resolve_model('demo')).location").fetchone() == (None,)
        with pytest.raises(psycopg.Error, match="There is no model") as caught:
            tenant.execute("select clipsql_private.resolve_model(%s)", [str(MODEL_FOLDER)])
        assert caught.value.sqlstate == "CQ001"
        with pytest.raises(psycopg.Error, match="has no text tower here"):
            tenant.execute("select clipsql.tokenize('red', 'space')")
    listed = run(as_role(url, "a_reader"), "model", "list", "--json")
    assert listed.exit_code == 0, listed.output
    assert str(MODEL_FOLDER) not in listed.output
    assert str(MODEL_FOLDER) in run(as_role(url, "a"), "model", "list", "--json").output


def test_a_tenant_writes_its_own_and_nothing_of_another(
    kept_apart: tuple[URL, Engine], tmp_path: Path
) -> None:
    url, engine = kept_apart
    theirs = f"https://b.example/{tmp_path.name}"
    with clipsql.connect(as_role(url, "b")) as pictures:
        image = pictures.put(NAMES["b"], theirs, embedding=np.eye(128)[9], captions=["Theirs."])
    with psycopg.connect(as_role(url, "a"), autocommit=True) as tenant:
        for statement in (
            f"select clipsql.put_image('{NAMES['b']}', 'https://a.example/1')",
            f"select clipsql.put_image('{NAMES['b']}', '{theirs}', metadata => '{{}}')",
            f"insert into clipsql.image (collection, url) values ('{NAMES['b']}', 'x')",
            f"update clipsql.image set collection = '{NAMES['b']}' where image_id = 7",
            f"insert into clipsql.caption (image_id, body) values ({image}, 'mine')",
            "insert into clipsql.caption (image_id, body) values (99999999, 'mine')",
            f"insert into clipsql.image_embedding values ({image}, 2, '[1,0,0]')",
            f"insert into clipsql_private.queue (image_id, collection, model_id) values ({image}, '{NAMES['b']}', 1)",
            "insert into clipsql_private.queue (image_id, collection, file_to_read) values (7, 'x', '/etc/passwd')",
            f"insert into clipsql_private.thumbnail values ({image}, '', 1, 1)"
            " on conflict (image_id) do update set jpeg = ''",
            "insert into clipsql_private.remembered_text values (1, 'red', array_fill(1, array[128])::vector)",
            "insert into clipsql_private.percentile_sample (model_id, collection, pictures) values (1, 'x', 1)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                tenant.execute(statement.encode())
        assert tenant.execute("select clipsql.remove_images(%s)", ([image],)).fetchone() == (0,)
        attached = "update clipsql_private.attachment set may_read_files = true"
        assert tenant.execute(attached).rowcount == 0
        for table in (
            "clipsql.image",
            "clipsql.caption",
            "clipsql.image_embedding",
            "clipsql_private.fingerprint",
        ):
            assert tenant.execute(f"delete from {table} where image_id = {image}".encode()).rowcount == 0
            assert (
                tenant.execute(f"update {table} set image_id = 7 where image_id = {image}".encode()).rowcount
                == 0
                if (table == "clipsql.caption")
                else True
            )
    with clipsql.connect(as_role(url, "a")) as pictures:
        with pytest.raises(errors.DatabaseError, match="another's picture"):
            pictures.put(NAMES["b"], "https://a.example/2", embedding=np.eye(128)[9])
        with pytest.raises(errors.DatabaseError, match="another's picture"):
            pictures.put_many(NAMES["b"], {"url": ["https://a.example/3"], "embedding": np.eye(128)[:1]})
    with engine.begin() as connection:
        kept = connection.exec_driver_sql(
            "select p.captions, p.metadata, clipsql.image_vector(p.image_id) = %s::vector from clipsql.picture as p"
            " where p.image_id = %s",
            (str(np.eye(128)[9].tolist()), image),
        ).one()
        assert kept == (["Theirs."], {}, True)
        connection.exec_driver_sql("delete from clipsql.image where image_id = %s", (image,))


def test_a_shared_picture_may_be_read_and_not_written(kept_apart: tuple[URL, Engine]) -> None:
    url, engine = kept_apart
    with engine.begin() as connection:
        shared = connection.exec_driver_sql(
            "insert into clipsql.image (collection, url, status) values ('shared', 'u', 'embedded') returning image_id"
        ).scalar_one()
        connection.exec_driver_sql(
            f"insert into clipsql.image_embedding select {shared}, 1, embedding from clipsql.image_embedding"
            " where image_id = 7 and model_id = 1"
        )
        connection.exec_driver_sql(
            "create policy shared on clipsql.image for select to clipsql_writer using (collection = 'shared')"
        )
    try:
        with psycopg.connect(as_role(url, "a"), autocommit=True) as tenant:
            found = tenant.execute("select image_id from clipsql.search_similar(7, 1)").fetchall()
            assert found == [(shared,)]
            for statement in (
                f"insert into clipsql.caption (image_id, body) values ({shared}, 'mine')",
                f"insert into clipsql_private.thumbnail values ({shared}, '', 1, 1)",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    tenant.execute(statement.encode())
            assert (
                tenant.execute(
                    f"delete from clipsql.image_embedding where image_id = {shared}".encode()
                ).rowcount
                == 0
            )
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("drop policy shared on clipsql.image")
            connection.exec_driver_sql("delete from clipsql.image where collection = 'shared'")


def test_a_tenant_ingests_and_works(kept_apart: tuple[URL, Engine], tmp_path: Path) -> None:
    url, engine = kept_apart
    writer, collection = as_role(url, "b"), NAMES["b"]
    for number in range(3):
        Image.new("RGB", (64, 48), (number * 60, 190, 200 - number * 50)).save(tmp_path / f"{number}.png")
    (tmp_path / "captions.csv").write_text("file,caption\n0.png,A heron.\n1.png,A heron.\n", "utf-8")
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image where collection = %s", (collection,))
    for expected in ("3 added", "3 unchanged"):
        done = run(writer, "ingest", tmp_path, "--collection", collection)
        assert done.exit_code == 0, done.output
        assert expected in done.stdout
    found = run(writer, "search", "text", "a heron", "--json")
    assert len(found.stdout.splitlines()) == 3, found.output
    (tmp_path / "new").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "new" / "new.png")
    refused = run(writer, "ingest", tmp_path / "new", "--collection", collection, "--enqueue-only")
    assert refused.exit_code == 1
    assert "workers read no files" in refused.stderr
    refused = run(writer, "ingest", tmp_path / "new", "--collection", f"not {collection}")
    assert refused.exit_code == 1
    assert "another's picture" in refused.stderr
    (tmp_path / "urls.csv").write_text("url\nhttps://127.0.0.1:9/a.jpg\n", "utf-8")
    queued = run(writer, "ingest", tmp_path / "urls.csv", "--collection", collection, "--enqueue-only")
    assert queued.exit_code == 0, queued.output
    worked = run(writer, "worker", "--until-empty")
    assert "1 failed" in worked.output, worked.output
    (line,) = [json.loads(line) for line in run(writer, "stats", "--json").stdout.splitlines()]
    assert (line["collection"], line["embedded"], line["failed"]) == (collection, 3, 1)
    with engine.connect() as connection:  # whose rows the worker did not see
        seen = connection.exec_driver_sql("select count(reconciled_at) from clipsql_private.attachment")
        assert seen.scalar_one() == 0


def test_who_may_not_read_pictures_may_not_search_them(kept_apart: tuple[URL, Engine]) -> None:
    _, engine = kept_apart
    role = f"clipsql_test_{os.getpid()}_nobody"
    with engine.connect() as connection:
        for statement in (
            f"create role {role} bypassrls",
            f"grant usage on schema clipsql, clipsql_private to {role}",
            f"set local role {role}",
        ):
            connection.exec_driver_sql(statement)
        with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|may not search"):
            connection.exec_driver_sql(
                "select count(*) from clipsql.search(array_fill(1, array[128])::vector, model => 'demo')"
            )
        connection.rollback()


def test_the_schema_is_as_expected_with_tenants_and_without(kept_apart: tuple[URL, Engine]) -> None:
    _, engine = kept_apart
    assert migrating.differences(engine) == []
    migrating.upgrade(engine)
    assert migrating.differences(engine) == []
    with engine.begin() as connection:
        connection.exec_driver_sql("alter function clipsql.search security invoker")
        expected = connection.exec_driver_sql(
            "select runs_as_owner from clipsql_private.tenant_doors() where door = 'clipsql.search'"
        ).scalar_one()
    assert len(migrating.differences(engine)) == expected
    migrating.upgrade(engine)
    assert migrating.differences(engine) == []
    for statement, is_on in (("disable_tenants", False), ("enable_tenants", True)):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"select clipsql.{statement}()")
            secured = connection.exec_driver_sql(
                "select bool_and(c.relrowsecurity), bool_or(c.relrowsecurity)"
                " from clipsql_private.own_tables() as t(own) join pg_class as c on c.oid = t.own"
            ).one()
        assert secured == (is_on, is_on)
        assert migrating.differences(engine) == []


@pytest.fixture
def own(new_database: Callable[..., URL], template: str) -> Iterator[Engine]:
    """A database of one test, with pictures in two collections."""
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    fill(engine, rows=200)
    yield engine
    engine.dispose()


def _as_reader(engine: Engine, *statements: str) -> list[int]:
    """How many pictures a search of clipsql_reader finds after each statement."""
    found = []
    with engine.connect() as connection:
        connection.exec_driver_sql("set local role clipsql_reader")
        for statement in statements:
            connection.exec_driver_sql(statement)
            found.append(
                connection.exec_driver_sql(
                    "select count(*) from clipsql.search(array_fill(1, array[24])::vector, 1000)"
                ).scalar_one()
            )
        connection.rollback()
    return found


def test_what_keeps_tenants_from_being_kept_apart_is_told(own: Engine) -> None:
    def refusal() -> str:
        with pytest.raises(sa.exc.DBAPIError) as caught, own.begin() as connection:
            connection.exec_driver_sql("select clipsql.enable_tenants()")
        assert caught.value.orig.sqlstate == "CQ007"
        return str(caught.value.orig)

    assert "has no row-level security" in refusal()
    with own.begin() as connection:
        connection.exec_driver_sql(
            "alter table clipsql.image enable row level security, force row level security"
        )
    assert "no force row level security" in refusal()
    with own.begin() as connection:
        connection.exec_driver_sql("alter table clipsql.image no force row level security")
        connection.exec_driver_sql("grant create on schema public to clipsql_reader")
    assert "revoke create on schema public" in refusal()
    with own.begin() as connection:
        connection.exec_driver_sql("revoke create on schema public from clipsql_reader")
        connection.exec_driver_sql("select clipsql.enable_tenants()")
        connection.exec_driver_sql("alter table clipsql.image force row level security")
    with pytest.raises(sa.exc.DBAPIError, match="no force row level security"):
        _as_reader(own, "select 1")


def test_policies_go_together_as_in_postgresql(own: Engine) -> None:
    with own.begin() as connection:
        counts = dict(
            tuple(row)
            for row in connection.exec_driver_sql("select collection, count(*) from clipsql.image group by 1")
        )
        nights = connection.exec_driver_sql(
            "select count(*) from clipsql.image where metadata @> '{\"night\": true}' and collection = 'streets'"
        ).scalar_one()
        for statement in (
            "alter table clipsql.image enable row level security",
            "create policy one on clipsql.image to clipsql_reader using (collection = 'streets')",
            "create policy for_others on clipsql.image to clipsql_writer using (true)",
            "create policy for_writing on clipsql.image for update to clipsql_reader using (true)",
            "select clipsql.enable_tenants()",
        ):
            connection.exec_driver_sql(statement)
    assert _as_reader(own, "select 1") == [counts["streets"]]
    with own.begin() as connection:
        connection.exec_driver_sql(
            "create policy two on clipsql.image for select using (collection = 'holidays')"
        )
    assert _as_reader(own, "select 1") == [counts["streets"] + counts["holidays"]]
    with own.begin() as connection:
        connection.exec_driver_sql("drop policy two on clipsql.image")
        connection.exec_driver_sql(
            "create policy three on clipsql.image as restrictive using (metadata @> '{\"night\": true}')"
        )
    assert 0 < nights < counts["streets"]
    assert _as_reader(own, "select 1") == [nights]
    with own.begin() as connection:
        connection.exec_driver_sql("drop policy one on clipsql.image")
    assert _as_reader(own, "select 1") == [0]


def test_a_policy_that_searches_cannot_read_ends_them_until_the_owner_says_so_again(own: Engine) -> None:
    with own.begin() as connection:
        for statement in (
            "create table public.mine (collection text)",
            "insert into public.mine values ('streets')",
            "grant select on public.mine to public",
            "alter table clipsql.image enable row level security",
            "create policy one on clipsql.image using (collection = 'holidays')",
            "select clipsql.enable_tenants()",
            "drop policy one on clipsql.image",
            "create policy one on clipsql.image using (collection in (select m.collection from public.mine as m))",
        ):
            connection.exec_driver_sql(statement)
        streets = connection.exec_driver_sql(
            "select count(*) from clipsql.image where collection = 'streets'"
        ).scalar_one()
    with pytest.raises(sa.exc.DBAPIError, match=r"Policy one .* select clipsql.enable_tenants"):
        _as_reader(own, "select 1")
    with own.begin() as connection:
        connection.exec_driver_sql("select clipsql.enable_tenants()")
    assert _as_reader(own, "select 1") == [streets]


@pytest.mark.parametrize(
    ("condition", "is_plain"),
    [
        ("collection = any (string_to_array(current_setting('app.collections', true), ','))", True),
        (
            "lower(collection) in ('a', 'b') and (metadata ->> 'owner') is not distinct from session_user",
            True,
        ),
        (
            "case when collection ~ '^x' then current_user = 'a' else coalesce(metadata @> '{\"a\": 1}', false) end",
            True,
        ),
        ("taken_at > '2025-01-01' and length(url) < 100 and not (width is null)", True),
        ("pg_has_role(current_user, 'clipsql_reader', 'member')", False),
        ("exists (select from clipsql.caption as c where c.image_id = image.image_id)", False),
        ("public.is_mine(collection)", False),
        ("now() > taken_at", False),
    ],
)
def test_conditions_of_columns_constants_and_settings_are_plain(
    own: Engine, condition: str, is_plain: bool
) -> None:
    with own.begin() as connection:
        connection.exec_driver_sql(
            "create function public.is_mine(text) returns boolean immutable return true"
        )
        connection.exec_driver_sql(
            "create policy one on clipsql.image using (" + condition.replace("%", "%%") + ")"
        )
        assert (
            connection.exec_driver_sql(
                "select clipsql_private.is_plain_condition(polqual) from pg_policy where polname = 'one'"
            ).scalar_one()
            is is_plain
        )


def test_a_role_is_put_in_where_a_policy_names_the_current_user_and_nowhere_else(own: Engine) -> None:
    role = 'o\'Brien\\1 "CURRENT_USER"'
    with own.begin() as connection:
        for statement in (
            sql.SQL("create role {}").format(sql.Identifier(role)),
            sql.SQL("grant clipsql_reader to {}").format(sql.Identifier(role)),
            sql.SQL("alter table clipsql.image enable row level security"),
            sql.SQL(
                "create policy one on clipsql.image using (current_user = {} and user <> {}"
                " and collection in ('streets', 'USER', {}))"
            ).format(sql.Literal(role), sql.Literal("CURRENT_USER ''\\"), sql.Literal("it's \\ USER")),
            sql.SQL("update clipsql.image set collection = {} where collection = 'holidays'").format(
                sql.Literal("it's \\ USER")
            ),
            sql.SQL("select clipsql.enable_tenants()"),
        ):
            driver_connection(connection).execute(statement)
        expected = connection.exec_driver_sql(
            "select count(*) from clipsql.image where collection like 'streets' or collection like 'it%%'"
        ).scalar_one()
    try:
        assert _as_reader(own, "select 1") == [0]
        with own.connect() as connection:
            driver = driver_connection(connection)
            driver.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            for setting in (
                "standard_conforming_strings = off",
                "quote_all_identifiers = on",
                "extra_float_digits = -15",
            ):
                driver.execute(f"set local {setting}".encode())
                found = driver.execute(
                    "select count(*) from clipsql.search(array_fill(1, array[24])::vector, 1000)"
                ).fetchone()
                assert found == (expected,), setting
            connection.rollback()
    finally:
        with own.begin() as connection:
            driver_connection(connection).execute(
                sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(role))
            )


def test_a_tenants_search_that_walks_the_index_finds_its_own_pictures(own: Engine) -> None:
    model = add_model(own, name="wide", location="wide", revision="1", dimensions=128, logit_scale=100.0)
    fill(own, rows=6000, model=model)
    assert ensure_index(own, model, table="image_embedding")
    with own.begin() as connection:
        for statement in (
            "alter table clipsql.image enable row level security",
            "create policy one on clipsql.image to clipsql_reader using (image_id % 10 <> 0)",
            "create policy few on clipsql.image to clipsql_writer using (image_id % 50 = 0)",
            "select clipsql.enable_tenants()",
        ):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    found = {}
    with own.connect() as connection:
        for role in ("clipsql_reader", "clipsql_writer"):
            connection.exec_driver_sql(f"set local role {role}")
            found[role] = connection.exec_driver_sql(
                "select p.strategy, s.image_id % 10 = 0 as is_theirs, count(*)"
                " from clipsql.search(array_fill(1, array[128])::vector, 30, model => 'wide') as s"
                " cross join clipsql.search_plan(array_fill(1, array[128])::vector, 30, model => 'wide') as p"
                " group by 1, 2".replace("%", "%%")
            ).all()
        connection.rollback()
    assert found == {
        "clipsql_reader": [("index walk", False, 30)],
        "clipsql_writer": [("exact", True, 30)],
    }


@pytest.mark.parametrize(
    ("policy", "is_whole"),
    [
        ("collection = 'streets'", True),
        ("collection >= 'streets'", False),
        ("left(collection, 0) = ''", False),
        ("metadata @> '{\"night\": true}'", False),
    ],
)
def test_the_sample_of_a_collection_stands_only_for_who_sees_the_whole_of_it(
    own: Engine, policy: str, is_whole: bool
) -> None:
    model = add_model(own, name="more", location="more", revision="1", dimensions=24, logit_scale=100.0)
    fill(own, rows=4000, model=model)
    assert percentile_samples.refresh(own, model) >= 2
    with own.begin() as connection:
        for statement in (
            "alter table clipsql.image enable row level security",
            f"create policy one on clipsql.image to clipsql_reader, clipsql_writer using ({policy})",
            "select clipsql.enable_tenants()",
        ):
            connection.exec_driver_sql(statement)
    writer = create_engine(
        own.url.update_query_dict({"options": "-crole=clipsql_writer"}).render_as_string(hide_password=False)
    )
    assert percentile_samples.refresh(writer, model) == 0
    writer.dispose()
    ask = (
        "select image_id, percentile, percentile_error"
        " from clipsql.search(array_fill(1, array[24])::vector, 20{}, model => 'more')"
    )

    def told(scope: str, *, is_owner: bool = False) -> list[object]:
        with own.connect() as connection:
            if not is_owner:
                connection.exec_driver_sql("set local role clipsql_reader")
            rows = connection.exec_driver_sql(ask.format(scope)).all()
            connection.rollback()
        return list(rows)

    owners = told(", 'streets'", is_owner=True)
    tenants = [told(scope) for scope in ("", ", 'streets'", ", 'holidays'")]
    assert (tenants[0] == owners) is is_whole
    assert (tenants[1] == owners) is is_whole
    with own.begin() as connection:
        connection.exec_driver_sql("delete from clipsql_private.percentile_sample")
    assert ([told(scope) for scope in ("", ", 'streets'", ", 'holidays'")] == tenants) is not is_whole
