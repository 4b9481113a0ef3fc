"""Calls a server with the real tritonclient.

    node runtime/grpc/testdata/serve.ts 9000 &
    python runtime/grpc/testdata/tritonclient_check.py 127.0.0.1:9000 echo

The model is taken to give back what it gets. Ends with 0 when every check passed.
"""

import queue
import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

TIMEOUT = 20


def tensor(array, datatype, name="x"):
    given = triton.InferInput(name, list(array.shape), datatype)
    given.set_data_from_numpy(array)
    return given


def expect(is_so, what):
    if not is_so:
        raise AssertionError(what)
    print("ok", what)


def check_questions(client, model):
    expect(client.is_server_live(client_timeout=TIMEOUT), "server live")
    expect(client.is_server_ready(client_timeout=TIMEOUT), "server ready")
    expect(client.is_model_ready(model, client_timeout=TIMEOUT), "model ready")
    expect(not client.is_model_ready("nosuch", client_timeout=TIMEOUT), "an unknown model is not ready")
    expect(client.get_server_metadata(client_timeout=TIMEOUT).name != "", "server metadata")
    expect(client.get_model_metadata(model, client_timeout=TIMEOUT).name == model, "model metadata")
    expect(client.get_model_config(model, client_timeout=TIMEOUT).config.name == model, "model config")
    statistics = client.get_inference_statistics(model, client_timeout=TIMEOUT)
    expect(statistics.model_stats[0].name == model, "statistics")


def check_inference(client, model):
    array = np.arange(8, dtype=np.float32).reshape(2, 4)
    result = client.infer(model, [tensor(array, "FP32")], request_id="7", client_timeout=TIMEOUT)
    expect(np.array_equal(result.as_numpy("x"), array), "FP32 comes back")
    expect(result.get_response().id == "7", "the id comes back")
    for algorithm in ("gzip", "deflate"):
        large = np.zeros((1, 100_000), np.float32)
        got = client.infer(model, [tensor(large, "FP32")], compression_algorithm=algorithm, client_timeout=TIMEOUT)
        expect(got.as_numpy("x").shape == large.shape, algorithm)
    for dtype, datatype in (("int64", "INT64"), ("uint8", "UINT8"), ("float16", "FP16"), ("bool", "BOOL")):
        array = np.array([[0, 1, 2, 3]]).astype(dtype)
        got = client.infer(model, [tensor(array, datatype)], client_timeout=TIMEOUT)
        expect(np.array_equal(got.as_numpy("x"), array), datatype)
    texts = np.array(["hi", "größe", ""], dtype=object)
    got = client.infer(model, [tensor(texts, "BYTES")], client_timeout=TIMEOUT)
    expect([text.decode() for text in got.as_numpy("x")] == list(texts), "BYTES")


def check_errors(client, model):
    try:
        client.infer("nosuch", [tensor(np.zeros((1, 4), np.float32), "FP32")], client_timeout=TIMEOUT)
    except InferenceServerException as error:
        expect("NOT_FOUND" in error.status() and "nosuch" in error.message(), "an unknown model is named")
    else:
        raise AssertionError("an unknown model was taken")


def check_stream(client, model):
    got = queue.Queue()
    client.start_stream(lambda result, error: got.put((result, error)))
    array = np.zeros((1, 4), np.float32)
    for index in range(300):
        client.async_stream_infer(model, [tensor(array, "FP32")], request_id=str(index))
    ids = [got.get(timeout=TIMEOUT)[0].get_response().id for _ in range(300)]
    expect(ids == [str(index) for index in range(300)], "300 requests on one stream, in order")
    client.async_stream_infer("nosuch", [tensor(array, "FP32")])
    _, error = got.get(timeout=TIMEOUT)
    expect(error is not None and "nosuch" in error.message(), "a failure on a stream")
    client.stop_stream()


def main():
    url, model = (sys.argv[1:] + ["127.0.0.1:9000", "echo"])[:2]
    client = triton.InferenceServerClient(url)
    for check in (check_questions, check_inference, check_errors, check_stream):
        check(client, model)
    client.close()


if __name__ == "__main__":
    main()
