"""Write pictures from an application's own code: the half of a `Searcher` that changes what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Unpack

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import ColumnElement

from clipsql.db import attachments
from clipsql.db.attachments import AttachmentStatus, AttachOptions
from clipsql.db.calls.writing import PictureFacts, put_image, remove_images
from clipsql.db.models import ModelRow, add_space, find_model, require_model
from clipsql.db.pictures.bulk import PutReport, put_pictures
from clipsql.db.pictures.columns import PictureColumns, batches
from clipsql.db.shards.listing import placing
from clipsql.db.statements import driver_transactions
from clipsql.db.transactions import Database, writing
from clipsql.errors import ConfigurationError

if TYPE_CHECKING:
    from clipsql.encoding import Encoder
    from clipsql.ingest.reports import IngestReport, Problem
    from clipsql.search.ingesting import AnySource, IngestArguments

_PUT_BATCH = 5_000
"""Pictures in one transaction: enough that its statements cost little, few enough for the memory of vectors."""


class PictureWriter:
    """Puts pictures with their vectors under one model, removes them, adds vector spaces."""

    def __init__(
        self,
        database: Database,
        *,
        model: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._database = database
        self._model_name = model
        self._device = device
        self._dtype = dtype

    @cached_property
    def model(self) -> ModelRow:
        """The model that is asked, and whose vectors are put. Raises UnknownModel."""
        return require_model(self._database, self._model_name)

    def put(self, collection: str, url: str, **facts: Unpack[PictureFacts]) -> int:
        """Insert a picture, or update it where the collection has the url; returns its image_id.

        With an `embedding` it can be found at once, without one a worker makes it. What is not given stays as it is
        stored. Raises InvalidVector, InvalidArgument, UnknownModel.

            pictures.put("products", "https://example.com/7.jpg", embedding=vector, captions=["A red shoe."])
        """
        if facts.get("embedding") is not None or facts.get("caption_embeddings") is not None:
            facts = {"model": self.model.name, **facts}
        return self._written(put_image(collection, url, **facts))

    def put_many(
        self,
        collection: str,
        pictures: Mapping[str, Any] | Iterable[Mapping[str, Any]],
        *,
        language: str = "en",
        progress: Callable[[int], None] = lambda _put: None,
    ) -> PutReport:
        """Insert or update many pictures; returns how many were new, and how many the collection had.

        `pictures` are columns by name, such as {"url": [...], "embedding": array of shape (n, dimensions)}, or rows
        with the same names, read as they come: url, embedding, captions, caption_embeddings, file, metadata,
        taken_at, longitude, latitude. Of several with one url in a batch the last counts. Each batch of 5,000 is one
        transaction, and putting the same again changes nothing, so that a run that broke off can be run again.
        `progress` is told how many are stored. Without embeddings the pictures wait for a worker.

        Raises InvalidVector or InvalidArgument, which name the picture; the batches before it are stored.
        """
        report = PutReport()
        model = self.model
        waiting: list[Future[PutReport]] = []

        def settle() -> None:
            while waiting:
                done = waiting.pop().result()
                report.add(done)
                progress(report.added + report.updated)

        with self._putting(collection, language) as write, ThreadPoolExecutor(1) as writer:
            try:
                # One batch is checked while the one before it is written.
                for columns in batches(pictures, model, size=_PUT_BATCH):
                    if columns.embedding is None:
                        model.files  # noqa: B018  raises for a space, whose vectors no worker can make
                    settle()
                    waiting.append(writer.submit(write, columns))
            finally:
                settle()
        return report

    def ingest(
        self,
        source: AnySource,
        *,
        collection: str = "default",
        progress: Callable[[int, int | None], None] = lambda _done, _total: None,
        on_problem: Callable[[Problem], None] = lambda _problem: None,
        **options: Unpack[IngestArguments],
    ) -> IngestReport:
        """Bring a collection up to date with a source of pictures, as `clipsql ingest` does.

        `source` is a folder, video, archive or manifest by its path, or a list of rows as in a manifest, of paths or of
        addresses. `progress` is told how many pictures are done, and of how many where that is cheap to know;
        `on_problem` of every picture that fails and every row that is left out, of which the report names the first.
        The extra `clip` makes the embeddings; with `enqueue_only` a worker does so later, and with `validate_only`
        nobody does. The model is added to the database where it is new there.

        Each batch is a transaction of its own, so this needs an engine. Raises SourceError, ModelError,
        ConfigurationError.

            report = pictures.ingest("photos/", collection="holidays", thumbnails=True)
            print(report.outcomes["added"], report.failed, report.problems)
        """
        from clipsql.search.ingesting import ingest, open_given

        if not isinstance(self._database, Engine):
            raise ConfigurationError(
                "An ingest has transactions of its own; give the Searcher an engine, not a connection."
            )
        opened = open_given(source, options)
        encoder: Encoder | None = None
        if options.get("validate_only") or options.get("enqueue_only"):
            model = self.model if self._model_name else find_model(self._database)
        else:
            encoder, model = self._encoder_to_ingest(self._database), self.model
        return ingest(
            self._database,
            opened,
            encoder,
            model,
            collection=collection,
            progress=progress,
            on_problem=on_problem,
            options=options,
            device=self._device,
            dtype=self._dtype,
        )

    def remove(self, images: Sequence[int]) -> int:
        """Remove pictures with their captions and embeddings; returns how many of them there were."""
        return self._written(remove_images(images))

    def add_model(self, name: str, *, dimensions: int, logit_scale: float = 100.0) -> ModelRow:
        """Add a vector space, whose vectors come from elsewhere; one that is here already is left as it is.

        Raises InvalidArgument when the name stands for something else.
        """
        return add_space(self._database, name, dimensions=dimensions, logit_scale=logit_scale)

    def attach(self, source: str, url_column: str, **options: Unpack[AttachOptions]) -> str:
        """Give the rows of a table picture search; returns the name of the table that links them with pictures.

        Workers then follow what is written to the table. Raises InvalidArgument for a table or column that cannot be.

            pictures.attach("shop.product", "photo_url", caption_columns=["title"], metadata_columns=["price"])
        """
        return attachments.attach(self._database, source, url_column, **options)

    def reattach(self, source: str, url_column: str, **options: Unpack[AttachOptions]) -> str:
        """Attach an attached table by other columns; all options are said anew, but for the collection, which stays."""
        return attachments.reattach(self._database, source, url_column, **options)

    def detach(self, source: str, *, keep_pictures: bool = False, url_column: str | None = None) -> int:
        """Detach a table, or one url_column of it; returns how many pictures went, those that came by it alone."""
        return attachments.detach(self._database, source, keep_pictures=keep_pictures, url_column=url_column)

    def attachments(self, source: str | None = None) -> list[AttachmentStatus]:
        """Attached tables with their rows counted by the state of their pictures, of one table or of all."""
        return attachments.attachments(self._database, source)

    @cached_property
    def _encoder(self) -> Encoder:
        from clipsql.encoding import load_encoder

        return load_encoder(
            self.model.files, revision=self.model.revision, device=self._device, dtype=self._dtype
        )

    def _encoder_to_ingest(self, engine: Engine) -> Encoder:
        """The encoder of the model, which is added where it is new, and loaded once."""
        if "_encoder" not in self.__dict__:
            from clipsql.models import open_model

            self.model, self._encoder = open_model(
                engine, self._model_name, device=self._device, dtype=self._dtype
            )
        return self._encoder

    @contextmanager
    def _putting(self, collection: str, language: str) -> Iterator[Callable[[PictureColumns], PutReport]]:
        """What puts a batch, into this database or on the shards where its pictures belong."""
        how = partial(put_pictures, collection=collection, language=language)
        with ExitStack() as stack:
            placed = (
                stack.enter_context(placing(self._database)) if isinstance(self._database, Engine) else None
            )
            if placed is None:
                yield partial(how, stack.enter_context(driver_transactions(self._database)), model=self.model)
                return
            targets = {
                shard_id: (
                    stack.enter_context(driver_transactions(target)),
                    require_model(target, self.model.name),
                )
                for shard_id, target in placed.engines.items()
            }

            def put(columns: PictureColumns) -> PutReport:
                report = PutReport()
                for shard_id, part in columns.divided(placed.shard_of).items():
                    connection, model = targets[shard_id]
                    report.add(how(connection, part, model=model))
                return report

            yield put

    def _written(self, call: ColumnElement[int]) -> int:
        with writing(self._database) as connection:
            return int(connection.execute(sa.select(call)).scalar_one())
