import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseAllDocuments } from 'yaml';
import { programPath } from '../../hack/local-cluster/processes.ts';

/** The folder of the chart. */
export const CHART = join(import.meta.dirname, '..', 'aimass');

/** The part of a rendered object that the tests read. */
export interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: unknown;
  data?: Record<string, string>;
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  subjects?: { kind: string; name: string; namespace?: string }[];
  automountServiceAccountToken?: boolean;
}

const onPath = (): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'helm'))
    .find((path) => existsSync(path));

/** Runs Helm: the one that was built for the local cluster, else the one of the machine. Throws with what it said. */
export function helm(args: readonly string[], options: ExecFileSyncOptions = {}): string {
  const program = existsSync(builtHelm()) ? builtHelm() : (onPath() ?? programPath('helm'));
  try {
    return String(execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', ...options }));
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    throw new Error(`helm ${args[0]}: ${stderr ?? String(cause)}`, { cause });
  }
}

const builtHelm = (): string => {
  try {
    return programPath('helm');
  } catch {
    return '';
  }
};

/** Where a release goes, and which Kubernetes it is rendered for. */
export interface Release {
  name?: string;
  namespace?: string;
}

/** Passes values to Helm through a file, and takes the file away again. */
export function withValues<T>(values: object, use: (flags: readonly string[]) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'aimass-values-'));
  try {
    const path = join(folder, 'values.json');
    writeFileSync(path, JSON.stringify(values));
    return use(['--values', path]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `helm template` prints for these values. */
export function renderText(
  values: object = {},
  { name = 'aimass', namespace = 'aimass-system' }: Release = {},
): string {
  const base = ['template', name, CHART, `--namespace=${namespace}`, '--kube-version=1.34.0'];
  return withValues(values, (flags) => helm([...base, ...flags]));
}

/** The objects that `helm template` renders for these values. */
export function render(values: object = {}, release: Release = {}): Rendered[] {
  return parseAllDocuments(renderText(values, release))
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

/** The one object of this kind and name. */
export function find(objects: readonly Rendered[], kind: string, name: string): Rendered {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} objects are a ${kind} "${name}"`);
  return first;
}
