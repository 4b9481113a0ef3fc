"""Calls a server with the gRPC client of KServe's SDK; in a process of its own, as its messages clash with tritonclient's.

    node runtime/grpc/testdata/serve.ts 9000 &
    python runtime/grpc/testdata/kserve_check.py 127.0.0.1:9000 echo

The model is taken to give back what it gets. Ends with 0 when every check passed.
"""

import asyncio
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferInput, InferRequest


def expect(is_so, what):
    if not is_so:
        raise AssertionError(what)
    print("ok", what)


async def main():
    url, model = (sys.argv[1:] + ["127.0.0.1:9000", "echo"])[:2]
    client = InferenceGRPCClient(url)
    expect(await client.is_server_live(), "server live")
    expect(await client.is_server_ready(), "server ready")
    expect(await client.is_model_ready(model), "model ready")
    array = np.arange(4, dtype=np.float32).reshape(1, 4)
    for is_raw in (True, False):
        given = InferInput("x", list(array.shape), "FP32")
        given.set_data_from_numpy(array, binary_data=is_raw)
        answer = await client.infer(InferRequest(model, [given]))
        expect(np.array_equal(answer.outputs[0].as_numpy(), array), f"inference, raw={is_raw}")
    await client.close()


asyncio.run(main())
