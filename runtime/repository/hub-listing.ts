import { z } from 'zod';
import { ModelFailure } from '../model-failure.ts';

/** A file as the hub lists it. */
export interface HubFile {
  /** Path inside the repository, as the hub says it: not to be trusted. */
  name: string;
  sizeBytes: number;
  /** `sha256:…` that a large file must have. */
  sha256?: string;
  /** The name that git gives a small file: a SHA-1 over its size and bytes. */
  gitBlob?: string;
}

const info = z.object({ sha: z.string().regex(/^[a-f0-9]{40}$/) });

const tree = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().min(0).default(0),
    oid: z.string().default(''),
    lfs: z.object({ oid: z.string().regex(/^[a-f0-9]{64}$/), size: z.number().min(0) }).nullish(),
  }),
);

/** The commit in the hub's description of a revision. */
export const parseInfo = (body: Buffer, host: string): string => parse(info, body, host).sha;

/** The files on one page of the hub's listing; folders are left out. */
export const parseTree = (body: Buffer, host: string): HubFile[] =>
  parse(tree, body, host)
    .filter(({ type }) => type === 'file')
    .map(({ path, size, oid, lfs }) => ({
      name: path,
      sizeBytes: lfs?.size ?? size,
      ...(lfs ? { sha256: `sha256:${lfs.oid}` } : /^[a-f0-9]{40}$/.test(oid) && { gitBlob: oid }),
    }));

function parse<S extends z.ZodType>(schema: S, body: Buffer, host: string): z.output<S> {
  let content: unknown;
  try {
    content = JSON.parse(body.toString('utf8'));
  } catch {
    content = undefined;
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new ModelFailure(
    'SourceRefused',
    `${host} does not answer as a Hugging Face hub does. Check the hub's address with the platform team (settings.fetch.hfEndpoint).`,
  );
}
