import type { Model } from '../../../crds/schema/model.ts';
import { childMeta } from '../child-meta.ts';
import { Component, Label } from '../labels.ts';
import { childName, shortHash } from '../naming.ts';

const FILE = 'golden.json';

/** Name of the frozen copy of these golden examples; its last part is the hash of the content. */
export const goldenCopyName = (model: string, content: string): string =>
  childName(model, `golden-${shortHash(content)}`);

/** The content hash in the name of a frozen copy. */
const goldenHashOf = (copyName: string): string => copyName.slice(copyName.lastIndexOf('-') + 1);

/** The revision of a verified file with its golden examples, which are undefined when the artifact carries them. */
export const revisionName = (digest: string, goldenCopy: string | undefined): string =>
  shortHash({ digest, golden: goldenCopy === undefined ? undefined : goldenHashOf(goldenCopy) });

/** A copy of the golden examples that nobody can change under a running verification or a serving pod. */
export const buildGoldenCopy = (model: Model, content: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: childMeta(model, goldenCopyName(model.metadata.name, content), {
    [Label.component]: Component.golden,
    [Label.model]: model.metadata.name,
  }),
  immutable: true,
  data: { [FILE]: content },
});
