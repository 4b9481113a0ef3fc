import { VERSION } from './version.ts';

/** What `--help` prints. */
export const HELP = `aimass runtime ${VERSION}

  fetch --uri URI --into DIR [--kind model|data] [--flat] [--unpack] [--digest sha256:HEX] [--max-bytes N]
        [--timeout-seconds N] [--idle-timeout-seconds N] [--credentials-dir DIR] [--ca-file FILE] [--insecure-registries host:port,...] [--claim-dir DIR]
        [--allowed-private-hosts host,range,...] [--s3-endpoint URL] [--s3-region NAME] [--hf-endpoint URL]
  publish --from DIR --to oci://REGISTRY/REPOSITORY[:TAG] [--original-from DIR] [--annotation KEY=VALUE]... [--record FILE]
        [--timeout-seconds N] [--credentials-dir DIR] [--ca-file FILE] [--insecure-registries host:port,...]
        [--allowed-private-hosts host,range,...]
  verify --models-dir DIR --task TASK [--golden FILE] [--max-p99-ms N] [--max-memory-bytes N] [--seconds N]
        [--timeout-seconds N]
  meet --hosts HOST,HOST,... [--min N] [--timeout-seconds N]
        waits until the workers of a training can find each other
  serve --models-dir DIR | --model NAME --model-dir DIR [FLAGS]
        a server for Open Inference V2; "serve --help" lists its flags

Every role also takes --termination-log FILE (default /dev/termination-log).
Exit codes: 0 done; 1 failed in a way that can pass by itself; 2 failed in a way that needs a change; 64 wrong use.
`;
