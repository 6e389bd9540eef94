"""Train the reader: ``python -m bench.reading.train --out FOLDER``. See ``docs/reader.md``.

LoRA on every linear layer of the packaged model, or with ``--whole 1`` the layers themselves, and a layer that says how
well an answer begins and ends with each token. Everything drawn by chance hangs on ``--seed``; a run that was stopped
goes on where its last checkpoint was.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, AutoModel
from transformers.masking_utils import eager_mask

from bench.data import load_corpus
from bench.reading.examples import (
    ARTICLES,
    REPORTS,
    BilingualReport,
    Example,
    article_examples,
    load_articles,
    load_reports,
    load_tquad,
    report_examples,
    sloppy,
    wrong_paragraphs,
    xquad_examples,
)
from bench.reading.folds import training_topics
from bench.report import say
from bot.reader import encode_pairs, pad, read_adapter, write_adapter
from index import LANGUAGES, Settings
from index.embedding import Embedder

_POOL = 32  # batches that are sorted by length together
_LAYERS = ["query", "key", "value", "dense"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a training run is made of; it is kept beside what it made. ``whole``: the layers themselves are trained, and
    what moved them is written as the nearest adapter of ``rank``. ``most_steps``: so many batches are trained on, at a
    rate that falls to nothing with the last one; ``stop_after``: the run ends after so many, at the rate reached.
    ``articles``: one folder, or several with ``os.pathsep`` between them."""

    seed: int = 1
    whole: int = 0
    rank: int = 32
    alpha: int = 64
    dropout: float = 0.0
    rate: float = 5e-4
    warm_up: int = 100
    answerable_first: int = 150
    batch: int = 16
    epochs: int = 1
    reports: str = ""
    report_share: float = 1.0
    articles: str = ""
    article_share: float = 1.0
    tquad: str = ""
    tquad_share: float = 1.0
    xquad: str = ""
    xquad_passes: int = 1
    fold: str = ""
    start: str = ""
    most_steps: int = 0
    stop_after: int = 0


@dataclass(slots=True)
class Feature:
    """An example as numbers. ``start`` and ``end`` are places in ``ids``, 0 for "no answer"; ``first`` the text's."""

    ids: np.ndarray
    first: int
    start: int
    end: int


class SpanModel(nn.Module):
    """The encoder with two numbers a token, shape (texts, tokens, 2)."""

    def __init__(self, encoder: nn.Module, hidden: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.answer = nn.Linear(hidden, 2)
        nn.init.normal_(self.answer.weight, std=0.02)
        nn.init.zeros_(self.answer.bias)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        with torch.autocast(hidden.device.type, enabled=False):
            scores: torch.Tensor = self.answer(hidden.float())
        return scores


def halved_attention(
    module: nn.Module,  # noqa: ARG001
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float = 1.0,
    **unused: object,  # noqa: ARG001
) -> tuple[torch.Tensor, None]:
    """Attention as three plain steps in the precision of ``query``, shape (texts, heads, tokens, size). On a CPU in
    bfloat16, forth and back, half the time of torch's fused one; autocast would take the middle step in float32."""
    with torch.autocast(query.device.type, enabled=False):
        weights = torch.matmul(query * scaling, key.transpose(2, 3))
        if attention_mask is not None:
            weights += attention_mask.to(weights.dtype)
        return torch.matmul(weights.softmax(-1), value).transpose(1, 2).contiguous(), None


AttentionInterface.register("halved", halved_attention)
AttentionMaskInterface.register("halved", eager_mask)


def make_model(folder: Path, recipe: Recipe) -> SpanModel:
    """The packaged model with what there is to train, as :attr:`Recipe.start` left it."""
    torch.manual_seed(recipe.seed)
    encoder = load_encoder(folder)
    tensors, scale = read_adapter(Path(recipe.start)) if recipe.start else ({}, 1.0)
    if recipe.whole:
        merge_adapter(encoder, tensors, scale)
        for name, weight in encoder.named_parameters():
            weight.requires_grad = _is_layer(name)
    else:
        config = LoraConfig(
            r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=recipe.dropout, target_modules=_LAYERS, bias="none"
        )
        encoder = get_peft_model(encoder, config)
        load_adapter(encoder, tensors, scale * recipe.rank / recipe.alpha)
    model = SpanModel(encoder, encoder.config.hidden_size)
    with torch.no_grad():
        for part in ("weight", "bias"):
            if tensors:
                getattr(model.answer, part).copy_(tensors[f"answer.{part}"])
    return model


def load_encoder(folder: Path) -> Any:
    """The packaged model's encoder (a torch module) without dropout of its own."""
    attention = "sdpa" if torch.cuda.is_available() else "halved"
    encoder = AutoModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation=attention)
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # the adapters have their own
    return encoder


def _is_layer(name: str) -> bool:
    """Whether an adapter may change this weight."""
    *_, module, part = name.split(".")
    return name.startswith("encoder.") and module in _LAYERS and part == "weight"


# --- examples ---------------------------------------------------------------------------------------


def collect(recipe: Recipe, embedder: Embedder) -> list[Example]:
    """All examples of one pass, in a fixed order."""
    chance = random.Random(recipe.seed)
    examples: list[Example] = []
    if recipe.reports:
        reports = load_reports(Path(recipe.reports))
        neighbours = nearest_reports(reports, embedder)
        rows = report_examples(reports, neighbours, chance)
        examples += chance.sample(rows, round(recipe.report_share * len(rows)))
    if recipe.articles:
        folders = map(Path, recipe.articles.split(os.pathsep))
        rows = article_examples([article for folder in folders for article in load_articles(folder)], chance)
        examples += chance.sample(rows, round(recipe.article_share * len(rows)))
    if recipe.tquad:
        rows = load_tquad(Path(recipe.tquad), chance)
        examples += chance.sample(rows, round(recipe.tquad_share * len(rows)))
    if recipe.xquad:
        corpus = load_corpus(Path(recipe.xquad))
        own = xquad_examples(corpus, training_topics(corpus.topics, recipe.fold))
        for _ in range(recipe.xquad_passes):
            examples += own + wrong_paragraphs(own, corpus, 0.4, chance)
    return sloppy(examples, chance)


def nearest_reports(reports: Sequence[BilingualReport], embedder: Embedder, count: int = 10) -> list[list[int]]:
    """For each report the numbers of those most like it."""
    similarity = np.zeros((len(reports), len(reports)), np.float32)
    for language in LANGUAGES:
        vectors = embedder.encode_passages([" ".join(report.sentences[language]) for report in reports])
        vectors = vectors - vectors.mean(axis=0)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        similarity += vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return [list(map(int, row[: min(count, len(reports) - 1)])) for row in np.argsort(-similarity, axis=1)]


def features_of(examples: Sequence[Example], embedder: Embedder) -> list[Feature]:
    """Examples as the model takes them; one whose answer was cut off has none."""
    with embedder.tokenizer() as tokenizer:
        pairs = encode_pairs(
            tokenizer, embedder.query_prefix, [e.question for e in examples], [e.text for e in examples]
        )
    features = []
    for example, ids, spans, first in zip(examples, pairs.ids, pairs.spans, pairs.first, strict=True):
        start = end = 0
        if example.start is not None and example.end is not None:
            over = np.flatnonzero((spans[:, 1] > example.start) & (spans[:, 0] < example.end))
            if len(over):
                start, end = first + int(over[0]), first + int(over[-1])
        features.append(Feature(ids, first, start, end))
    return features


def batches_of(
    features: Sequence[Feature], size: int, chance: random.Random, answerable_first: int = 0
) -> list[list[int]]:
    """Numbers of features in batches of similar length, in an order drawn by chance. In the first ``answerable_first``
    batches every question has an answer: learning begins with what is harder to find than that nothing answers."""
    order = list(range(len(features)))
    chance.shuffle(order)
    ahead = [number for number in order if features[number].start][: answerable_first * size]
    taken = set(ahead)
    rest = [number for number in order if number not in taken]
    return _sorted_batches(features, ahead, size, chance) + _sorted_batches(features, rest, size, chance)


def _sorted_batches(
    features: Sequence[Feature], order: Sequence[int], size: int, chance: random.Random
) -> list[list[int]]:
    batches = []
    for at in range(0, len(order), size * _POOL):
        pool = sorted(order[at : at + size * _POOL], key=lambda number: len(features[number].ids))
        batches += [pool[begin : begin + size] for begin in range(0, len(pool), size)]
    chance.shuffle(batches)
    return batches


# --- training ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Progression:
    """Where a run is: steps done, seconds they took, and the loss of each."""

    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


def loss_of(model: SpanModel, features: Sequence[Feature], padding: int, device: torch.device) -> torch.Tensor:
    ids, mask = pad([feature.ids for feature in features], padding)
    scores = model(ids.to(device), mask.to(device))
    place = torch.arange(ids.shape[1], device=device)[None, :]
    first = torch.tensor([feature.first for feature in features], device=device)[:, None]
    last = torch.tensor([len(feature.ids) - 2 for feature in features], device=device)[:, None]
    # Only "no answer" and the tokens of the text can be chosen: not the question, nor what closes a text.
    scores = scores.masked_fill(~((place == 0) | ((place >= first) & (place <= last)))[:, :, None], -1e4)
    starts = torch.tensor([feature.start for feature in features], device=device)
    ends = torch.tensor([feature.end for feature in features], device=device)
    cross_entropy = nn.functional.cross_entropy
    return (cross_entropy(scores[:, :, 0], starts) + cross_entropy(scores[:, :, 1], ends)) / 2


def train(recipe: Recipe, out: Path, embedder: Embedder, every: int = 200) -> None:
    """Write ``reader.safetensors`` and ``training.json`` into ``out``. ``every``: steps between checkpoints."""
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = Path(embedder.folder)
    model = make_model(folder, recipe).to(device)
    examples = collect(recipe, embedder)
    features = features_of(examples, embedder)
    chance = random.Random(f"batches {recipe.seed}")
    plan = batches_of(features, recipe.batch, chance, recipe.answerable_first)
    for _ in range(recipe.epochs - 1):
        plan += batches_of(features, recipe.batch, chance)
    if recipe.most_steps:
        plan = plan[: recipe.most_steps]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe.warm_up, len(plan)))
    done = Progression()
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        done = _resume(checkpoint, recipe, model, optimizer, schedule)
    say(f"{len(examples)} examples, {len(plan)} steps of {recipe.batch} on {device}, from step {done.step}")
    with embedder.tokenizer() as tokenizer:
        padding = int(tokenizer.pad_token_id)
    model.train()
    last = min(recipe.stop_after or len(plan), len(plan))
    for step in _shown(range(done.step, last), last, done):
        started = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16):
            loss = loss_of(model, [features[number] for number in plan[step]], padding, device)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        done.step, done.seconds = step + 1, done.seconds + time.perf_counter() - started
        done.losses.append(round(loss.item(), 4))
        if done.step % every == 0:
            _save(checkpoint, recipe, model, optimizer, schedule, done)
    write_adapter(out / "reader.safetensors", *adapter_of(model, folder, recipe))
    report = {"recipe": asdict(recipe), "examples": len(examples), "steps": done.step, "device": str(device),
              "seconds": round(done.seconds), "losses": _means(done.losses, 50)}  # fmt: skip
    (out / "training.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    checkpoint.unlink(missing_ok=True)
    say(f"written to {out}")


def _rate(step: int, warm_up: int, steps: int) -> float:
    """Linear up, linear down, as a share of the highest rate."""
    return min((step + 1) / max(1, warm_up), max(0.0, (steps - step) / max(1, steps - warm_up)))


def _means(values: Sequence[float], size: int) -> list[float]:
    return [round(float(np.mean(values[at : at + size])), 4) for at in range(0, len(values), size)]


def _shown(steps: range, total: int, done: Progression) -> Iterator[int]:
    """The steps, with a bar that shows the mean loss of the last fifty; without a terminal, a line now and then."""
    columns = (TextColumn("Training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
               TextColumn("loss {task.fields[loss]:.3f}"))  # fmt: skip
    with Progress(*columns) as progress:
        task = progress.add_task("", total=total, completed=steps.start, loss=math.nan)
        for step in steps:
            yield step
            recent = float(np.mean(done.losses[-50:]))
            progress.update(task, completed=step + 1, loss=recent)
            if not progress.console.is_terminal and (step + 1) % 50 == 0:
                say(f"step {step + 1} of {total}: loss {recent:.3f}, {done.seconds / done.step:.2f} s a step")


# --- adapters ---------------------------------------------------------------------------------------


def adapter_of(model: SpanModel, folder: Path, recipe: Recipe) -> tuple[dict[str, torch.Tensor], float]:
    """What training moved, as :func:`~bot.reader.write_adapter` takes it, and its scale."""
    found = {"answer.weight": model.answer.weight.data, "answer.bias": model.answer.bias.data}
    if recipe.whole:
        before = dict(load_encoder(folder).named_parameters())
        for name, weight in model.encoder.named_parameters():
            if weight.requires_grad:
                layer = name.removesuffix(".weight")
                moved = weight.detach().cpu() - before[name].detach()
                found[f"{layer}.A"], found[f"{layer}.B"] = nearest_adapter(moved, recipe.rank)
        scale = 1.0
    else:
        for name, weight in model.encoder.named_parameters():
            if weight.requires_grad:
                module, _, rest = name.removeprefix("base_model.model.").partition(".lora_")
                found[f"{module}.{rest[0]}"] = weight.data
        scale = recipe.alpha / recipe.rank
    return {name: tensor.detach().cpu().contiguous() for name, tensor in found.items()}, scale


def nearest_adapter(moved: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """``A``, shape (rank, in), and ``B``, shape (out, rank), whose product is the nearest to ``moved`` of this rank
    (Eckart and Young, 1936)."""
    left, sizes, right = torch.linalg.svd(moved.float(), full_matrices=False)
    roots = sizes[:rank].sqrt()
    return roots[:, None] * right[:rank], left[:, :rank] * roots


def merge_adapter(encoder: Any, tensors: Mapping[str, torch.Tensor], scale: float) -> None:
    """Move the layers by an adapter."""
    with torch.no_grad():
        for name, factor in tensors.items():
            if name.endswith(".A"):
                weight = encoder.get_submodule(name.removesuffix(".A")).weight
                weight += tensors[f"{name.removesuffix('A')}B"].float() @ factor.float() * scale


def load_adapter(encoder: nn.Module, tensors: Mapping[str, torch.Tensor], factor: float) -> None:
    """Put an adapter of the same rank into a model's own, its ``B`` times ``factor``."""
    own = dict(encoder.named_parameters())
    with torch.no_grad():
        for name, tensor in tensors.items():
            module, _, part = name.rpartition(".")
            if module != "answer":
                weight = own[f"base_model.model.{module}.lora_{part}.default.weight"]
                weight.copy_(tensor * factor if part == "B" else tensor)


# --- checkpoints ------------------------------------------------------------------------------------


def _save(file: Path, recipe: Recipe, model: SpanModel, optimizer: Any, schedule: Any, done: Progression) -> None:
    weights = {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}
    state = {"recipe": asdict(recipe), "weights": weights, "optimizer": optimizer.state_dict(),
             "schedule": schedule.state_dict(), "done": asdict(done), "chance": torch.get_rng_state()}  # fmt: skip
    partial = file.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(file)


def _resume(file: Path, recipe: Recipe, model: SpanModel, optimizer: Any, schedule: Any) -> Progression:
    state = torch.load(file, weights_only=True)
    if state["recipe"] != asdict(recipe):
        raise SystemExit(f"{file} belongs to another run: {state['recipe']}. Give another --out, or delete it.")
    model.load_state_dict(state["weights"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["chance"])
    return Progression(**state["done"])


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.reading.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    defaults = Recipe()
    for name, value in asdict(defaults).items():
        default = {"reports": str(REPORTS), "articles": str(ARTICLES)}.get(name, value)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=default, metavar=name.upper())
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Train as the arguments say."""
    given = vars(make_parser().parse_args(arguments))
    out = given.pop("out")
    settings = Settings.read()
    train(Recipe(**given), out, Embedder(cache=settings.cache, dtype=settings.dtype))


if __name__ == "__main__":
    main()
