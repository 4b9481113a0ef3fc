import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { parseInferRequest } from '../protocol/v2-request.ts';
import { encodeInferResponse } from '../protocol/v2-response.ts';
import type { DataPlane } from '../serving/data-plane.ts';
import { ClientGone, readBody } from './read-body.ts';
import { sendError, sendJson } from './send.ts';

const INFER = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/infer$/;
/** Status in the metrics for a client that left, as nginx counts it. */
const CLIENT_GONE = 499;

/** A model and version as the URL names them. */
export interface InferTarget {
  name: string;
  version: string | undefined;
}

/** What the inference route needs. */
export interface InferRouteOptions {
  plane: DataPlane;
  metrics: Metrics;
  maxBodyBytes: number;
  /** Told of answers that are the server's fault. */
  onFailure: (error: unknown) => void;
}

/** The target of an inference request; undefined when it is some other request. */
export function matchInfer({ method, url = '' }: IncomingMessage): InferTarget | undefined {
  if (method !== 'POST') return undefined;
  const end = url.indexOf('?');
  const [, name, version] = INFER.exec(end === -1 ? url : url.slice(0, end)) ?? [];
  return name === undefined ? undefined : { name: decode(name), version: version && decode(version) };
}

/** A name that cannot be decoded is no model's name; it is refused as unknown. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function checkHeaders(headers: IncomingHttpHeaders): void {
  if (headers['inference-header-content-length'] !== undefined) {
    throw new ApiError(
      'UnsupportedContent',
      'The binary tensor extension is not there yet; send JSON without Inference-Header-Content-Length.',
    );
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new ApiError(
      'UnsupportedContent',
      `content-encoding is ${JSON.stringify(encoding.slice(0, 40))}; send the body uncompressed.`,
    );
  }
}

/** Answers inference requests: the hot path, without a framework. */
export function createInferRoute({ plane, metrics, maxBodyBytes, onFailure }: InferRouteOptions) {
  const labels = { model: plane.model.name };
  const answer = async (request: IncomingMessage, target: InferTarget): Promise<string> => {
    plane.assertServed(target.name, target.version);
    checkHeaders(request.headers);
    return readBody(request, maxBodyBytes);
  };
  return async (request: IncomingMessage, response: ServerResponse, target: InferTarget): Promise<void> => {
    metrics.inFlight.inc(labels);
    let startedAt = performance.now();
    let status = CLIENT_GONE;
    response.on('close', () => {
      metrics.inFlight.dec(labels);
      const isAnswered = response.writableFinished;
      metrics.requests.inc({ ...labels, code: isAnswered ? status : CLIENT_GONE });
      if (isAnswered) metrics.durationSeconds.observe(labels, (performance.now() - startedAt) / 1000);
    });
    try {
      const body = await answer(request, target);
      startedAt = performance.now();
      const text = encodeInferResponse(await plane.infer(parseInferRequest(body)));
      status = 200;
      sendJson(response, 200, text);
    } catch (error) {
      if (error instanceof ClientGone) return;
      // What is left of the request is not read, so the connection cannot carry another one.
      if (!request.complete) response.setHeader('connection', 'close');
      status = sendError(response, error);
      if (status >= 500) onFailure(error);
    }
  };
}
