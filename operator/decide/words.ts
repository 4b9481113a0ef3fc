/** Ends with exactly one mark. */
export const asSentence = (text: string): string => (/[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

/**
 * Why no node takes a pod, in the scheduler's words, as a sentence. What follows "preemption:" says the same again; what
 * precedes it speaks of the scheduler's own steps, also in clusters that have no device claims at all.
 */
export function schedulerWords(message = ''): string {
  const [why = ''] = message.split(/\.? (?:preemption:|no new claims to deallocate)/);
  return asSentence(why.replace(/\. not found$/, ''));
}

/** What to do about a volume that cannot be mounted, by what the kubelet or the scheduler misses, and which kind names it. */
export function remedyForMissing(text: string, namedBy = 'Model'): string {
  const [, kind, name] = /\b(secret|configmap|persistentvolumeclaim) "([^"]+)" not found/i.exec(text) ?? [];
  if (kind === undefined || name === undefined) return '';
  return ` Create ${KIND_NAMES[kind.toLowerCase()]} "${name}" in this namespace, or correct the ${namedBy} that names it.`;
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  secret: 'Secret',
  configmap: 'ConfigMap',
  persistentvolumeclaim: 'PersistentVolumeClaim',
};
