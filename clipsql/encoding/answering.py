"""Answer a question about a picture, with any visual question answering model of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipsql.encoding.picture_models import PictureModel, load_picture_model

if TYPE_CHECKING:
    from PIL import Image

_KINDS = ("BlipForQuestionAnswering", "ViltForQuestionAnswering")
_MOST_TOKENS = 10


@dataclass(frozen=True)
class Answer:
    """What a model answered, and how sure it was: the probability of this answer, in (0, 1]."""

    text: str
    probability: float


class Answerer:
    """One visual question answering model; `load_answerer` makes it."""

    def __init__(self, loaded: PictureModel) -> None:
        self._loaded = loaded
        self.name = loaded.name
        self.revision = loaded.revision

    def answer(self, images: Sequence[Image.Image], question: str) -> list[Answer]:
        """The likeliest answer for each RGB picture, in input order. Raises EncodingError."""
        import torch

        chooses = self._loaded.architecture == "ViltForQuestionAnswering"
        answers: list[Answer] = []
        for start in range(0, len(images), self._loaded.batch_size):
            batch = images[start : start + self._loaded.batch_size]
            inputs = self._loaded.inputs(batch, [question] * len(batch))
            with torch.inference_mode():
                answers += self._chosen(inputs) if chooses else self._said(inputs)
        return answers

    def _chosen(self, inputs: dict[str, Any]) -> list[Answer]:
        """From the answers that the model knows. Each was trained by itself, so their probabilities sum to anything."""
        probabilities = self._loaded.model(**inputs).logits.float().sigmoid()
        names = self._loaded.model.config.id2label
        best, places = probabilities.max(dim=-1)
        return [Answer(names[int(place)], float(share)) for place, share in zip(places, best, strict=True)]

    def _said(self, inputs: dict[str, Any]) -> list[Answer]:
        """In the model's own words; the probability is the product of those of its tokens."""
        model = self._loaded.model
        output = model.generate(
            **inputs,
            **self._loaded.likeliest(_MOST_TOKENS),
            return_dict_in_generate=True,
            output_logits=True,
        )
        length = len(output.logits)
        said = output.sequences[:, -length:]
        shares = [logits.float().log_softmax(dim=-1) for logits in output.logits]
        padding = model.config.get_text_config().pad_token_id
        logarithms = sum(
            share.gather(1, said[:, place : place + 1])[:, 0] * (said[:, place] != padding)
            for place, share in enumerate(shares)
        )
        return [
            Answer(text, float(probability))
            for text, probability in zip(self._loaded.texts(said), logarithms.exp(), strict=True)
        ]


def load_answerer(name: str, *, device: str | None = None, dtype: str | None = None) -> Answerer:
    """The model `name`, a folder or a hub id such as Salesforce/blip-vqa-base. Raises ModelError."""
    return Answerer(
        load_picture_model(
            name, kinds=_KINDS, purpose="answer questions about pictures", device=device, dtype=dtype
        )
    )
