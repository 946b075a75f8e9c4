"""Read the text tower of a loaded model into plain arrays that SQL can run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipsql.encoding.architectures import INSTEAD, Architecture, Block, read_architecture
from clipsql.encoding.vocabulary import read_tokenizer
from clipsql.errors import ModelError
from clipsql.text_tower import Carried, Floats, Neurons, TextTower

Doubles = NDArray[np.float64]

_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
# erf(t) = tanh(t P(t^2)) within 2.9e-6: a least-squares fit on 0 <= t <= 4.2; beyond, both are 1.
_ERF = (
    1.1283581677887424,
    0.10293293109702868,
    -0.0004968232674523928,
    -0.0004151387771279479,
    3.224420509455558e-05,
)
_TANH = (_SQRT_2_OVER_PI, 0.044715 * _SQRT_2_OVER_PI, 0.0, 0.0, 0.0)
_LINE = (1.0, 0.0, 0.0, 0.0, 0.0)
# Activation f(z) = stretch / 2 * t * (1 + tanh(t * P(t^2))) with t = z / stretch: name -> (stretch, P).
_ACTIVATIONS: dict[str, tuple[float, tuple[float, ...]]] = {
    "quick_gelu": (2 / 1.702, _LINE),
    "silu": (2.0, _LINE),
    "swish": (2.0, _LINE),
    "gelu": (math.sqrt(2), _ERF),
    "gelu_python": (math.sqrt(2), _ERF),
    "gelu_new": (1.0, _TANH),
    "gelu_fast": (1.0, _TANH),
    "gelu_pytorch_tanh": (1.0, _TANH),
}
_LARGEST_ACTIVATION = 2.0**14  # half precision ends at 65504
_VALUE_EXPONENT = 10  # no value reaches 2^11
_ROW_EXPONENT = 10  # the largest weight of a row lies in [2^10, 2^11): far from overflow and from subnormals


def read_text_tower(model: Any, tokenizer: Any) -> TextTower:
    """The text tower of a dual encoder with its tokenizer, both of transformers.

    Everything linear that follows something linear is folded into the weights: gain, bias and centring of layer norms,
    scalings of attention and activation, biases of values. Raises ModelError for a tower that SQL cannot run.
    """
    read = read_architecture(model)
    config = read.config
    if config.hidden_act not in _ACTIVATIONS:
        raise ModelError(f"SQL cannot run the activation {config.hidden_act} of this text tower; {INSTEAD}")
    vocabulary = read_tokenizer(tokenizer, max_positions=config.max_position_embeddings)
    pooled_id: int | None = vocabulary.start_id
    if read.is_causal:
        pooled_id = _pooled_id(config, start_id=vocabulary.start_id, end_id=vocabulary.end_id)
    folded = _Folding(read)
    return TextTower(
        width=config.hidden_size,
        heads=config.num_attention_heads,
        layers=config.num_hidden_layers,
        dimensions=read.projection.out_features,
        activation=config.hidden_act,
        gate=folded.gate,
        norm_tail=folded.norm_tail,
        is_causal=read.is_causal,
        pooled_id=pooled_id,
        tokenizer=vocabulary,
        token_embeddings=folded.tokens,
        positions=folded.positions,
        neurons=folded.neurons(start_id=vocabulary.start_id if read.is_causal else None),
        carried=folded.carried(),
    )


def _pooled_id(config: Any, *, start_id: int, end_id: int) -> int | None:
    # transformers takes the place of the highest id when the configuration says 2, as OpenAI's first ones did.
    if config.eos_token_id == 2 and end_id > start_id:
        return None
    if config.eos_token_id != 2 and config.eos_token_id == end_id:
        return end_id
    raise ModelError(
        f"The model pools at token {config.eos_token_id}, but its tokenizer ends texts with {end_id} "
        f"(start: {start_id}); set eos_token_id of its text configuration."
    )


class _Folding:
    """Weights of a text tower in double precision while they are folded together."""

    def __init__(self, read: Architecture) -> None:
        config = read.config
        self._read = read
        self._heads: int = config.num_attention_heads
        self._stretch, gate = _ACTIVATIONS[config.hidden_act]
        width: int = config.hidden_size

        # A residual is read only through layer norms, which take off its mean and length: so its writers may centre
        # and scale what they add.
        tokens = _centred(_array(read.tokens), axis=1)
        common = 0.0 if read.common is None else _array(read.common)
        positions = _centred(_array(read.positions) + common, axis=1)
        self._residual_scale = 2.0 ** -_exponent(np.abs(tokens).max())
        self.tokens: Floats = (tokens * self._residual_scale).astype(np.float16).astype(np.float32)
        self.positions: Floats = (positions * self._residual_scale).astype(np.float32)
        self.norm_tail = math.sqrt(width * config.layer_norm_eps) * self._residual_scale

        self._shrink = self._needed_shrink()
        self.gate = tuple(c / self._shrink ** (2 * k + 1) for k, c in enumerate(gate))

    def neurons(self, *, start_id: int | None) -> tuple[Neurons, ...]:
        """All matrices in the order of the layers, with the start token's keys and values where its id is given."""
        layers = [self._layer(number, block) for number, block in enumerate(self._read.blocks, start=1)]
        if start_id is not None:
            layers = list(self._started(layers, start_id))
        weights, bias = self._after_norm(self._read.final_norm, self._read.projection)
        project = _scaled(len(layers) + 1, "project", weights, bias)
        return (*(part for layer in layers for part in layer), project)

    def carried(self) -> tuple[Carried, ...]:
        """The layer norms that stand behind a block, in the order of the layers."""
        return tuple(
            Carried(
                layer=number,
                part=part,
                scale=_array(norm.weight) * math.sqrt(len(norm.weight)) * self._residual_scale,
                bias=_centred(_array(norm.bias), axis=0) * self._residual_scale,
            )
            for number, block in enumerate(self._read.blocks, start=1)
            for part, norm in (
                ("before_attention", block.attention_norm),
                ("before_perceptron", block.perceptron_norm),
            )
            if self._read.norms_after
        )

    def _started(self, layers: Iterable[tuple[Neurons, ...]], start_id: int) -> Iterator[tuple[Neurons, ...]]:
        """The layers of a causal tower with what the start token gives in every text."""
        residual = self.tokens[start_id].astype(np.float64) + self.positions[0]
        for query, key, value, output, expand, contract in layers:
            inputs = self._normalised(residual)
            key, value = (replace(part, start_outputs=_apply(part, inputs)) for part in (key, value))
            residual = residual + _apply(output, _apply(value, inputs))
            t = _apply(expand, self._normalised(residual))
            powers = sum(g * t ** (2 * k + 1) for k, g in enumerate(self.gate))
            residual = residual + _apply(contract, t * (1 + np.tanh(powers)))
            yield query, key, value, output, expand, contract

    def _layer(self, number: int, block: Block) -> tuple[Neurons, ...]:
        query, query_bias = self._after_norm(block.attention_norm, block.query)
        # A bias of keys moves all scores of a query alike.
        key, _ = self._after_norm(block.attention_norm, block.key)
        value, value_bias = self._after_norm(block.attention_norm, block.value)
        output, output_bias = _linear(block.output)
        expand, expand_bias = self._after_norm(block.perceptron_norm, block.expand)
        contract, contract_bias = _linear(block.contract)

        output_bias = output_bias + output @ value_bias  # attention weights sum to 1
        # Inputs have unit length: no value is longer than its row, so this keeps values within half precision. Values
        # are read by the next matrix alone, which takes the scale back.
        balance = np.ldexp(1.0, _VALUE_EXPONENT - _exponents(np.linalg.norm(value, axis=1)))
        per_head = query.shape[0] // self._heads
        to_t = self._shrink / self._stretch
        from_gate = self._stretch / 2 / self._shrink
        scale = self._residual_scale
        return (
            _scaled(number, "query", query / math.sqrt(per_head), query_bias / math.sqrt(per_head)),
            _scaled(number, "key", key),
            _plain(number, "value", value * balance[:, None]),
            _scaled(
                number,
                "output",
                _centred(output, axis=0) * (scale / balance),
                _centred(output_bias, axis=0) * scale,
            ),
            _plain(number, "expand", expand * to_t, expand_bias * to_t),
            _scaled(
                number,
                "contract",
                _centred(contract, axis=0) * (from_gate * scale),
                _centred(contract_bias, axis=0) * scale,
            ),
        )

    def _after_norm(self, norm: Any, linear: Any) -> tuple[Doubles, Doubles]:
        """The linear part with the gain and bias of the layer norm before it, for inputs of unit length."""
        weights, bias = _linear(linear)
        folded = weights * _array(norm.weight) * math.sqrt(weights.shape[1])
        return folded, bias + weights @ _array(norm.bias)

    def _needed_shrink(self) -> float:
        """1, or the power of two that keeps activations of unusual weights within half precision."""
        largest = 0.0
        for block in self._read.blocks:
            weights, bias = self._after_norm(block.perceptron_norm, block.expand)
            largest = max(largest, (np.linalg.norm(weights, axis=1) + np.abs(bias)).max() / self._stretch)
        return 2.0 ** -max(0, _exponent(2 * largest / _LARGEST_ACTIVATION) + 1)

    def _normalised(self, residual: Doubles) -> Doubles:
        length: float = math.sqrt(float(residual @ residual) + self.norm_tail**2)
        return residual / length


def _scaled(layer: int, part: str, weights: Doubles, bias: Doubles | None = None) -> Neurons:
    """A matrix with each row scaled to fit half precision."""
    exponents = _exponents(np.abs(weights).max(axis=1)) - _ROW_EXPONENT
    matrix = _plain(layer, part, np.ldexp(weights, -exponents[:, None]), bias)
    return replace(matrix, scale=np.ldexp(1.0, exponents))


def _plain(layer: int, part: str, weights: Doubles, bias: Doubles | None = None) -> Neurons:
    """A matrix that fits half precision as it is."""
    return Neurons(
        layer=layer,
        part=part,
        rows=weights.astype(np.float16).astype(np.float32),
        scale=np.ones(len(weights)),
        bias=np.zeros(len(weights)) if bias is None else bias,
    )


def _apply(part: Neurons, inputs: Doubles) -> Doubles:
    outputs: Doubles = part.rows.astype(np.float64) @ inputs * part.scale + part.bias
    return outputs


def _linear(linear: Any) -> tuple[Doubles, Doubles]:
    weights = _array(linear.weight)
    return weights, np.zeros(len(weights)) if linear.bias is None else _array(linear.bias)


def _array(parameter: Any) -> Doubles:
    values: Doubles = parameter.detach().double().cpu().numpy()
    if not np.isfinite(values).all():
        raise ModelError(
            "The text tower holds weights that are not finite; download or save the model again."
        )
    return values


def _centred(values: Doubles, *, axis: int) -> Doubles:
    centred: Doubles = values - values.mean(axis=axis, keepdims=True)
    return centred


def _exponent(value: float) -> int:
    """e so that 2^e <= value < 2^(e + 1); 0 for zero."""
    return int(_exponents(np.float64(value)))


def _exponents(values: Doubles | np.float64) -> NDArray[np.int64]:
    """e so that 2^e <= value < 2^(e + 1), for each value; 0 for zero."""
    return np.where(values > 0, np.frexp(values)[1] - 1, 0)
