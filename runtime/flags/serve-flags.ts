/** One flag of the serve role: what its value is, and what it does. */
interface Flag {
  value: string;
  help: string;
  /** May be given several times. */
  isList?: true;
  /** Takes no value. */
  isSwitch?: true;
}

/** Flags by what they are about, in the order of `serve --help`. */
export const SERVE_FLAGS = {
  'What is served': {
    model: { value: 'NAME', help: 'name of the one model; with --model-dir' },
    'model-dir': { value: 'DIR', help: 'folder with model.onnx and its files' },
    'models-dir': { value: 'DIR', help: 'folder of models: NAME/VERSION/model.onnx, NAME/model.onnx or NAME.onnx' },
    golden: { value: 'FILE', help: 'golden examples of --model (default: golden.json beside the model)' },
    task: { value: 'TASK', help: 'task of --model by its Hugging Face name, which opens the task endpoints' },
    revision: { value: 'NAME', help: 'told to clients in the header aimass-revision' },
  },
  'A folder of models': {
    'model-control': {
      value: 'MODE',
      help: 'none: load all at the start (default); poll: also notice changes; explicit: only what --load-model and the repository API say; on-demand: at the first request',
    },
    'poll-seconds': {
      value: 'N',
      help: 'how often poll looks at the folder (15); with on-demand it is looked at only when this is given',
    },
    'load-model': {
      value: 'NAME',
      help: 'with explicit: load it at the start; may be repeated; * for all',
      isList: true,
    },
    'version-policy': { value: 'POLICY', help: 'latest:N (default latest:1), all, or specific:1,3' },
    'memory-budget': { value: 'BYTES', help: 'with on-demand: unload the least recently used above it, such as 4Gi' },
    'idle-unload-seconds': { value: 'N', help: 'with on-demand: unload what was not used for so long' },
    'strict-readiness': { value: 'BOOL', help: 'false: ready although a model could not be loaded (default true)' },
    'repository-api': { value: '', help: 'let clients list, load and unload models', isSwitch: true },
    'repository-token-file': { value: 'FILE', help: 'ask them for this bearer token' },
  },
  'Where it listens': {
    'http-port': { value: 'N', help: 'REST (8080; 0 for any free port)' },
    'grpc-port': { value: 'N|off', help: 'gRPC (8081)' },
    'metrics-port': { value: 'N|off', help: '/metrics and /healthz (9090)' },
    'metrics-token-file': { value: 'FILE', help: 'metrics only for those who send this bearer token' },
    'bind-address': { value: 'IP', help: 'listen on this address only (default: all)' },
    'tls-cert': { value: 'FILE', help: 'certificate in PEM; with --tls-key REST and gRPC speak TLS' },
    'tls-key': { value: 'FILE', help: 'its private key' },
  },
  'How models run': {
    isolation: {
      value: 'MODE',
      help: 'process: each model in a process of its own (default). none: in the server, where a crash or a hang of one model takes everything along',
    },
    threads: { value: 'N', help: 'threads of one run (default: the CPU limit, shared among the instances)' },
    instances: { value: 'N', help: 'copies of each model that run side by side (1)' },
    providers: {
      value: 'LIST',
      help: 'where it runs: cpu (default), cuda, tensorrt, openvino, …; never silently another; cuda,cpu allows both',
    },
    'max-batch-size': {
      value: 'N',
      help: 'most rows in one run; default: found out at the start whether rows may share a run; 1 for never',
    },
    'max-batch-delay-ms': {
      value: 'N',
      help: 'how long a request waits for company (0: what came while the engine was busy goes together)',
    },
    'target-p99-ms': { value: 'N', help: 'keep batches so small that 99 of 100 requests are answered in this time' },
    'max-model-memory': {
      value: 'BYTES',
      help: 'what the process of one model may take (default: nine tenths of the container limit)',
    },
    'run-timeout-seconds': { value: 'N', help: 'a run that takes longer is killed (120)' },
    'load-timeout-seconds': { value: 'N', help: 'a load that takes longer is given up (600)' },
  },
  'Asynchronous requests': {
    'max-jobs': { value: 'N', help: 'jobs that are known at one time, ended ones included (1000; 0 for none)' },
    'max-job-bytes': { value: 'BYTES', help: 'bytes that their requests and answers may hold (256Mi)' },
    'job-ttl-seconds': { value: 'N', help: 'how long a job may take, and how long its answer is kept then (3600)' },
    'webhook-hosts': {
      value: 'LIST',
      help: 'where webhooks may go: host, *.domain, address or *, with :port if wanted; http://host for plain http (default: nowhere)',
    },
    'webhook-secret-file': { value: 'FILE', help: 'whsec_… that signs webhooks, as Standard Webhooks has it' },
  },
  Limits: {
    'max-body-bytes': { value: 'N', help: 'largest request, also after it was uncompressed (64Mi)' },
    'max-queue': { value: 'N', help: 'requests that may wait for one model (1000)' },
    'max-queue-bytes': { value: 'BYTES', help: 'bytes that they may hold (256Mi)' },
    'max-connections': { value: 'N', help: 'connections at one time (10000)' },
    'drain-seconds': { value: 'N', help: 'time to finish after SIGTERM (20)' },
    'notice-seconds': { value: 'N', help: 'part of it in which requests are still taken (5)' },
  },
} as const satisfies Record<string, Record<string, Flag>>;

type Groups = typeof SERVE_FLAGS;
/** The name of a flag. */
export type ServeFlag = { [Group in keyof Groups]: keyof Groups[Group] }[keyof Groups];

const all = (): [string, Flag][] =>
  Object.values(SERVE_FLAGS).flatMap((group) => Object.entries(group as Record<string, Flag>));

/** The flags as node:util's parseArgs takes them. */
export const serveOptions = (): Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> =>
  Object.fromEntries(
    all().map(([name, { isSwitch, isList }]) => [
      name,
      { type: isSwitch === true ? 'boolean' : 'string', ...(isList === true && { multiple: true }) },
    ]),
  );

/** What `serve --help` prints. */
export function serveHelp(): string {
  const groups = Object.entries(SERVE_FLAGS).map(([title, group]) => {
    const lines = Object.entries(group as Record<string, Flag>).map(([name, flag]) => {
      const head = `    --${name}${flag.value === '' ? '' : ` ${flag.value}`}`;
      return `${head.padEnd(34)}${flag.help}`;
    });
    return `  ${title}:\n${lines.join('\n')}`;
  });
  return `aimass runtime serve: a server for Open Inference V2, over REST and gRPC

  serve --models-dir DIR                      a folder of models
  serve --model NAME --model-dir DIR          one model

${groups.join('\n')}

  --termination-log FILE            where a failure is described (/dev/termination-log)
`;
}
