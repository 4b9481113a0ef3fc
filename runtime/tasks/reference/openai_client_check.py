"""Runs the real openai client against a server of the models in runtime/testdata/tasks.

    python openai_client_check.py URL
"""

import asyncio
import sys

import openai

TEXTS = ["My name is Sarah Connor and I live in London.", "Good food, bad service!"]


def check(base: str) -> None:
    """Embeddings in every form, models, and errors as the client's own classes."""
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0)
    models = [model.id for model in client.models.list()]
    assert "embedder" in models, models
    assert client.models.retrieve("embedder").id == "embedder"

    packed = client.embeddings.create(model="embedder", input=TEXTS)  # the client asks for base64 by itself
    plain = client.embeddings.create(model="embedder", input=TEXTS, encoding_format="float")
    assert [len(entry.embedding) for entry in packed.data] == [16, 16]
    for one, other in zip(packed.data, plain.data, strict=True):
        assert max(abs(a - b) for a, b in zip(one.embedding, other.embedding, strict=True)) < 1e-6
        assert abs(sum(value * value for value in one.embedding) - 1) < 1e-5
    assert packed.usage.prompt_tokens == packed.usage.total_tokens > 0
    print("embeddings", len(packed.data), packed.usage)

    assert len(client.embeddings.create(model="embedder", input=[[5, 6, 7], [8]]).data) == 2
    assert len(client.embeddings.create(model="embedder", input=TEXTS[0], dimensions=8).data[0].embedding) == 8
    for wrong, kind in (({"model": "nobody", "input": "x"}, openai.NotFoundError), ({"model": "embedder", "input": "x", "dimensions": 5}, openai.BadRequestError)):
        try:
            client.embeddings.create(**wrong)
            raise AssertionError(f"{wrong} was taken")
        except kind as error:
            assert error.type == "invalid_request_error", error
            print("errors", error.param, error.code, error.body["message"][:60])
    asyncio.run(check_async(base))


async def check_async(base: str) -> None:
    """The asynchronous client, many at once."""
    async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="none") as client:
        answers = await asyncio.gather(*(client.embeddings.create(model="embedder", input=f"text {index}") for index in range(20)))
    assert len(answers) == 20
    print("asynchronous", len(answers))


if __name__ == "__main__":
    check(sys.argv[1].rstrip("/"))
    print("openai: all right")
