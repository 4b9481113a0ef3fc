import { open } from 'node:fs/promises';

const MAX_LABELS_BYTES = 8 * 1024 * 1024;

/** Reads the beginning of a file as text. */
export async function readStart(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const room = Buffer.alloc(Math.min(maxBytes, (await handle.stat()).size));
    const { bytesRead } = await handle.read(room, 0, room.byteLength, 0);
    return room.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The task that a model card names in its front matter, as the Hugging Face Hub has it. */
export function taskOfCard(text: string): string | undefined {
  const [, front = ''] = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---/.exec(text) ?? [];
  return /^pipeline_tag:[ \t]*["']?([a-z0-9-]{1,64})["']?[ \t]*(?:#.*)?\r?$/m.exec(front)?.[1];
}

/** The names of classes: by number in `config.json`, or a line each in `labels.txt`. */
export async function readLabels(file: string): Promise<readonly string[]> {
  const text = await readStart(file, MAX_LABELS_BYTES);
  if (file.endsWith('.txt')) return text.replace(/\r?\n$/, '').split(/\r?\n/);
  return labelsOfConfig(text);
}

function labelsOfConfig(text: string): readonly string[] {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // Another's file: that it is broken says nothing of the model.
    return [];
  }
  const names = (config as { id2label?: unknown } | null)?.id2label;
  if (typeof names !== 'object' || names === null) return [];
  const labels: string[] = [];
  for (const [id, label] of Object.entries(names)) {
    if (/^\d{1,6}$/.test(id) && typeof label === 'string') labels[Number(id)] = label;
  }
  return Array.from(labels, (label, id) => label ?? String(id));
}
