"""A real sentence-transformers model, so small that a test can make it: random weights, the same every time."""

from __future__ import annotations

import string
from pathlib import Path

LETTERS = string.ascii_lowercase + string.digits + "çğıöşü" + "İÇĞÖŞÜ" + string.ascii_uppercase + string.punctuation


def make_tiny_model(
    folder: Path, *, prompts: dict[str, str] | None = None, dimension: int = 16, max_tokens: int = 64, seed: int = 0
) -> Path:
    """Write a model of one layer into ``folder``, one token a letter, and return the folder.

    Without ``prompts`` the model says nothing of prefixes, as many models do.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = [*special, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    ids = {token: i for i, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    fast_tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=max_tokens,
    )
    generator_state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=dimension,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=2 * dimension,
            max_position_embeddings=max_tokens,
            initializer_range=0.5,  # the usual 0.02 would make all vectors much alike
        )
    )
    torch.set_rng_state(generator_state)
    bert = folder.with_name(f"{folder.name}-bert")
    model.save_pretrained(bert)
    fast_tokenizer.save_pretrained(bert)
    modules = [Transformer(str(bert)), Pooling(dimension, "mean"), Normalize()]
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder), create_model_card=False)
    return folder
