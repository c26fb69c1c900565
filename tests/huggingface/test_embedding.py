"""Vectors of texts: the mean of the encoder's states, in the texts' own order."""

import numpy as np

TEXTS = ["one two three four five", "one", "two three", "three three"]


def test_vectors_are_means_of_states_in_the_texts_order() -> None:
    import torch
    from transformers import AutoModel

    from common.huggingface import tiny
    from common.huggingface.embedding import embed

    torch.manual_seed(0)
    tokenizer = tiny.tokenizer(TEXTS)
    encoder = AutoModel.from_config(tiny.config(len(tokenizer)), add_pooling_layer=False).eval()
    vectors = embed(encoder, tokenizer, TEXTS)
    assert vectors.shape == (4, 64) and vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.inference_mode():
            alone = encoder(input_ids=ids).last_hidden_state[0].mean(0).numpy()
        cosine = alone @ vector / np.linalg.norm(alone) / np.linalg.norm(vector)
        assert cosine > 0.999  # bfloat16, where the processor has it, leaves three digits
    assert np.allclose(embed(encoder, tokenizer, TEXTS[::-1])[::-1], vectors, atol=1e-2)
    assert embed(encoder, tokenizer, []).shape == (0, 64)
